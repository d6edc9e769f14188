"""Every error that an action of CloudMonitor is known to answer can be had."""

import pytest

from pytest_ecsevents.rpc._error_tables import COMMON
from pytest_ecsevents.services._products import CMS

pytest.importorskip("aliyunsdkcms")

ROWS = [(name, row) for name, action in CMS.actions.items() for row in action.errors.rows]


def filled(row):
    """(status, code, message) of a row, without what is filled in at run time."""
    return row.http_status, row.code, row.message.replace("%s", "").strip()


@pytest.mark.parametrize(("action", "row"), ROWS, ids=[f"{name}-{row.code}" for name, row in ROWS])
def test_each_error_of_each_action(ecs, refused, action, row):
    """`fail` answers with the row's status, code and words, whatever was sent."""
    ecs.fail(action, row.code)
    assert refused(action) == filled(row)


def test_each_common_error(ecs, refused):
    """The errors of the gateway are those of both products."""
    action = "DescribeSystemEventAttribute"
    for row in COMMON.rows:
        ecs.fail(action, row.code)  # once: of Cms the SDK tries nothing again
        status, code, message = refused(action)
        assert (status, code) == (row.http_status, row.code)
        if row.code != "SignatureDoesNotMatch":  # of which the SDK has words of its own
            assert message == filled(row)[2]


def test_no_row_passes_for_documented():
    """No table of CloudMonitor's errors is published: each row says that it is a guess."""
    assert all("guess" in row.source for _, row in ROWS)
