"""Every known error of CloudMonitor's actions can be produced."""

import pytest

from pytest_ecsevents.rpc._error_tables import COMMON
from pytest_ecsevents.services._products import CMS

pytest.importorskip("aliyunsdkcms")

ROWS = [(name, row) for name, action in CMS.actions.items() for row in action.errors.rows]


def filled(row):
    """Return (status, code, message) of a row, without the values that are filled in at run time."""
    words = row.message.removesuffix("%s").rstrip(" :")
    return row.http_status, row.code, words or f"The request is refused with the code {row.code}."


@pytest.mark.parametrize(("action", "row"), ROWS, ids=[f"{name}-{row.code}" for name, row in ROWS])
def test_each_error_of_each_action(ecs, refused, action, row):
    """`fail` answers with the row's status, code and message, for any request."""
    ecs.fail(action, row.code)
    assert refused(action) == filled(row)


def test_each_common_error(ecs, refused):
    """The errors of the gateway are those of both products."""
    action = "DescribeSystemEventAttribute"
    for row in COMMON.rows:
        ecs.fail(action, row.code)  # once: the SDK retries no error of Cms
        status, code, message = refused(action)
        assert (status, code) == (row.http_status, row.code)
        if row.code == "MissingParameter":
            assert message.startswith("The input parameter that is mandatory")
        elif row.code != "SignatureDoesNotMatch":  # the SDK replaces their message by its own
            assert message == filled(row)[2]


def test_no_row_is_marked_as_documented():
    """No table of CloudMonitor's errors is published, so each row is marked as a guess."""
    assert all("guess" in row.source for _, row in ROWS)
