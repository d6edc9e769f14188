"""The conformance kit: against the fake, against a server that behaves, and against one that does not."""

import csv
import importlib
import os
import re
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from deviations import DEVIATIONS, ODD
from mns.account import Account

import pytest_ecsevents
from pytest_ecsevents import EcsEvents
from pytest_ecsevents.conformance._guesses import MODULES, PACKAGE, guesses, rules
from pytest_ecsevents.conformance._rules import rule_of

FUNCTIONS = {
    name: function
    for module in MODULES
    for name, function in vars(importlib.import_module(f"{PACKAGE}.{module}")).items()
    if name.startswith("test_")
}
CASES = importlib.import_module(f"{PACKAGE}.test_refusals").REFUSED
NOT_TRIED_HERE = {"Names that no published table has are CRITICAL": ("not tried", "the list has no such name")}
"""What the fake does not show: its list has the published names only."""


def rules_of(name):
    """Return the rules that a check's function shows."""
    own = rule_of(FUNCTIONS[name], {})
    return [case.rule for case in CASES] if own is None else [own]


def outcomes(text):
    """Read the table that a run printed: outcome and what was seen, by rule."""
    rows = re.findall(
        r"^\| (.+?) \| (?:guess|documented): .+? \| (same|differs|not tried) \| (.*?) ?\|$", text, re.MULTILINE
    )
    return {rule: (outcome, seen) for rule, outcome, seen in rows}


@pytest.fixture
def live(tmp_path):
    """Run the kit in another process against an endpoint; returns its exit status and what it printed."""
    return partial(run_live, tmp_path)


def run_live(folder, endpoint, *options):
    """Run the kit against an endpoint, in an empty folder."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--pyargs",
        "pytest_ecsevents.conformance",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "ecsevents",
    ]
    target = ["--ecs-live", "--ecs-live-region=cn-hangzhou", "--ecs-live-instance=i-web1", *options]
    credentials = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "ak", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret"}
    done = subprocess.run(
        [*command, *target, f"--ecs-live-endpoint={endpoint}"],
        capture_output=True,
        check=False,
        text=True,
        cwd=folder,
        # Other plugins take longer to load than the kit to run.
        env={**os.environ, **credentials, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        timeout=60,
    )
    return done.returncode, done.stdout


@pytest.fixture
def service():
    """A service in real time behind a port; its only client is the kit."""
    with EcsEvents(follow="real") as ecs:
        ecs.instances.add("i-web1")
        yield ecs


def test_the_fake_follows_every_rule(pytester):
    """Each check passes, and has its row in the table."""
    result = pytester.runpytest_inprocess("--pyargs", "pytest_ecsevents.conformance")
    found = outcomes(str(result.stdout))
    assert found == {rule.text: NOT_TRIED_HERE.get(rule.text, ("same", "")) for rule in rules()}
    result.assert_outcomes(passed=len(rules()) - len(NOT_TRIED_HERE), skipped=len(NOT_TRIED_HERE))
    unseen = [guess for guess in guesses().values() if guess.unseen]
    result.stdout.fnmatch_lines([f"{len(unseen)} more guesses cannot be seen from outside; docs/guesses.md says why."])


def test_every_check_says_where_its_rule_comes_from():
    """That is a documented source, or the name of a guess; no two checks show the same rule."""
    assert all(bool(rule.source) is not bool(rule.guess) for rule in rules())
    assert len({rule.text for rule in rules()}) == len(rules())
    assert all(rule_of(function, {"case": CASES[0]}) for function in FUNCTIONS.values())


def test_each_guess_has_a_check_or_a_reason_why_it_has_none():
    """A guess without both, or with both, is refused, and so is a check of a guess that does not exist."""
    checked = {rule.guess for rule in rules()} - {""}
    assert checked == {guess.name for guess in guesses().values() if not guess.unseen}


def marks():
    """Return how often the files of each folder of the package call something a guess."""
    package = Path(pytest_ecsevents.__file__).parent
    files = [file for kind in ("py", "csv") for file in package.rglob(f"*.{kind}") if file.parent.name != "conformance"]
    counts = Counter()
    for file in files:
        counts[file.parent.relative_to(package).as_posix()] += count_of_marks(file)
    return {name.removeprefix("."): count for name, count in counts.items() if count}


def count_of_marks(file):
    """Count the words `guess`; lines that only speak of guesses in general are few, and count too."""
    return len(re.findall(r"\bguess(?:es)?\b", file.read_text("utf-8"), re.IGNORECASE))


def test_each_mark_in_the_package_belongs_to_a_guess():
    """`marks.csv` has the number of marks in each folder, and their guesses. Add a new mark there, and a guess for it."""
    with (Path(__file__).parent / "marks.csv").open(encoding="utf-8") as file:
        rows = {row["folder"]: row for row in csv.DictReader(file)}
    assert {name: int(row["marks"]) for name, row in rows.items()} == marks()
    named = {name for row in rows.values() for name in row["guesses"].split()}
    assert named <= set(guesses())


def test_a_service_that_behaves(service, live):
    """What takes long, reboots the instance, or needs more than the endpoint is not tried; nothing is left Scheduled."""
    status, printed = live(service.endpoint, "--ecs-live-wait=0")
    found = outcomes(printed)
    assert status == 0, printed
    assert set(found) == {rule.text for rule in rules()}
    reasons = [seen for outcome, seen in found.values() if outcome != "same"]
    assert {re.sub(r"\d+ seconds", "N seconds", reason) for reason in reasons} == {
        "it takes N seconds; --ecs-live-wait allows 0",
        "it reboots the instance; --ecs-live-reboot allows that",
        "it needs the metadata of the instance; --ecs-live-metadata allows that inside of it",
        "it needs a queue; --ecs-live-queues has the address of the Simple Message Queue",
        "the endpoint is no regional one",
        "the list has no such name",
    }
    service.assert_not_called("RebootInstance")
    assert service.where(status="Scheduled") + service.where(status="Executing") == []
    service.assert_called("DeleteEventRules")


def test_a_service_with_metadata_and_queues(service, live):
    """Inside the instance, and with the address of queues, the checks of both are made; the queues are deleted."""
    options = (f"--ecs-live-metadata={service.endpoint}", f"--ecs-live-queues=http://{service.endpoint}")
    status, printed = live(service.endpoint, "-k", "test_metadata or test_queues", *options)
    found = outcomes(printed)
    assert status == 0, printed
    assert [seen for outcome, seen in found.values() if outcome != "same"] == ["the instance requires no token"]
    assert len(found) == 16
    assert "'hello' received" in service.timeline()
    account = Account(f"http://{service.endpoint}", "id", "key")
    assert account.list_queue()[0] == []
    account.get_client().close_connection()


def run_checks(pytester, *names, options=()):
    """Run these checks alone, without the tracebacks of those that fail: the table is what is read."""
    checks = [f"{FUNCTIONS[name].__module__}::{name}" for name in names]
    return pytester.runpytest_inprocess("--pyargs", *checks, "--tb=no", *options)


@pytest.mark.parametrize("name", DEVIATIONS)
def test_each_deviation_is_noticed(pytester, monkeypatch, name):
    """Every check that a deviation concerns says what it expected and saw, and the exit status is 1."""
    deviation = DEVIATIONS[name]
    deviation.deviate(monkeypatch)
    result = run_checks(pytester, *deviation.seen, options=deviation.options)
    found = outcomes(str(result.stdout))
    assert result.ret == 1
    for function, seen in deviation.seen.items():
        for rule in rules_of(function):
            outcome, text = found[rule.text]
            assert (outcome, seen in text) == ("differs", True), (rule.text, text)


@pytest.mark.parametrize("check", ODD)
def test_what_is_odd_is_said(pytester, monkeypatch, check):
    """A check that cannot be made says why; a service that answers nothing usable differs."""
    make_odd, expected, seen = ODD[check]
    make_odd(monkeypatch)
    result = run_checks(pytester, check)
    outcome, text = outcomes(str(result.stdout))[rules_of(check)[0].text]
    assert (outcome, seen in text) == (expected, True), text


def test_each_check_can_notice_a_deviation():
    """There is a deviation for each of them."""
    assert {function for deviation in DEVIATIONS.values() for function in deviation.seen} == set(FUNCTIONS)


def test_a_server_that_deviates_is_noticed(live):
    """Behind a port as in this process: the rows say what was expected and seen, and the exit status is 1."""
    with EcsEvents(follow="real", history="pending", failure_events="scheduled", strict=False) as other:
        other.instances.add("i-web1")
        other.fail("RebootInstance", "OperationConflict")
        status, printed = live(
            other.endpoint,
            "-k",
            "test_avoided or test_failure or test_without_statuses or test_order",
            "--ecs-live-reboot",
        )
    found = {rule: seen for rule, (outcome, seen) in outcomes(printed).items() if outcome == "differs"}
    assert status == 1
    assert sorted(found) == [
        "A reboot before NotBefore makes the event Avoided",
        "A simulated failure is Executing from the start",
        "Without statuses the history has what has ended, and nothing that is Scheduled",
    ]
    assert "expected 'Executing', saw 'Scheduled'" in found["A simulated failure is Executing from the start"]
    assert "saw (409, 'OperationConflict')" in found["A reboot before NotBefore makes the event Avoided"]


def test_a_live_run_needs_region_and_instance(pytester):
    """Without them it ends before any call."""
    result = pytester.runpytest_inprocess("--pyargs", "pytest_ecsevents.conformance", "--ecs-live")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--ecs-live needs --ecs-live-region and --ecs-live-instance*"])


def test_a_live_run_without_credentials_ends_in_one_sentence(tmp_path):
    """Not in an error of each check."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("ALIBABA_CLOUD")}
    variables |= {
        "HOME": str(tmp_path),
        "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    target = ["--ecs-live", "--ecs-live-region=cn-hangzhou", "--ecs-live-instance=i-web1"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "ecsevents", "--pyargs", PACKAGE, *target],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--ecs-live found no credentials: " in run.stdout
    assert "Set ALIBABA_CLOUD_ACCESS_KEY_ID and" in run.stdout
    assert "Traceback" not in run.stdout
