"""The CSV files of errors, and the codes that actions name."""

import builtins
import csv
import io
import os
import pathlib
from importlib.resources import files

import pytest

from pytest_ecsevents.rpc._error_tables import COMMON, csv_rows, error_table
from pytest_ecsevents.services._products import ACTIONS

PACKAGES = ["rpc", "services.ecs", "services.cms", "services.metadata", "services.smq"]


def lines(package):
    """The lines of the package's file."""
    with (files(f"pytest_ecsevents.{package}") / "errors.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("package", PACKAGES)
def test_rows_are_sorted_by_code(package):
    """A new row has exactly one place."""
    codes = [line["code"].lower() for line in lines(package)]
    assert codes == sorted(codes)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_row_stands_twice(package):
    """An error of several actions is one row, with a known source."""
    rows = [(line["code"], line["status"], line["message"], line["source"]) for line in lines(package)]
    assert len(set(rows)) == len(rows)
    assert all(source for *_, source in rows)


def test_every_action_of_a_row_exists():
    """No row names an unknown action."""
    named = {action for package in PACKAGES for line in lines(package) for action in line["actions"].split()}
    assert named <= set(ACTIONS)


@pytest.mark.parametrize("action", ACTIONS.values(), ids=list(ACTIONS))
def test_every_code_that_a_declaration_names_has_a_row(action):
    """A misspelt code is detected without the call that would need it."""
    declared = action.parameters.parameters
    codes = {one.refusal or action.unusable for one in declared if one.kind != "string" or one.refusal}
    codes |= {one.missing or action.missing for one in declared if one.required}
    codes |= {*action.refusals.values(), action.missing}
    assert [code for code in codes if code not in action.errors and code not in COMMON] == []


def test_a_name_finds_its_row_among_those_of_one_code():
    """If a code is ambiguous, the code selects the first row, and the name its own."""
    table = error_table("pytest_ecsevents.services.ecs", "RebootInstances")
    assert table["InvalidInstanceId.NotFound"].http_status == 404
    assert table["InvalidInstanceId.NotFound/null"].http_status == 403


def test_a_table_is_read_where_open_is_replaced(monkeypatch):
    """A test that replaces the file system's functions, as pyfakefs does, can cause the run's first error."""
    with monkeypatch.context() as patch:
        for module in (builtins, io, os, pathlib.Path):
            patch.setattr(module, "open", None)
        rows = list(csv_rows("pytest_ecsevents.services.ecs", "errors.csv"))
    assert len(rows) == len(lines("services.ecs"))


def test_a_name_is_no_code():
    """`fail` accepts codes only."""
    assert COMMON.get("MissingParameter/any") is None
    assert "MissingParameter/any" not in COMMON.codes()
