"""The conformance kit: against the fake, against a server that behaves, and against one that does not."""

import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.conformance import test_queries, test_simulated_events
from pytest_ecsevents.conformance._rules import rule_of

GUESSES = Path(__file__).parents[2] / "docs/guesses.md"
CHECKS = [
    function
    for module in (test_queries, test_simulated_events)
    for name, function in vars(module).items()
    if name.startswith("test_")
]


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


def run_live(folder, endpoint, *options, instance="i-web1"):
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
    ]
    target = ["--ecs-live", "--ecs-live-region=cn-hangzhou", f"--ecs-live-instance={instance}", *options]
    credentials = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "ak", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret"}
    done = subprocess.run(
        [*command, *target, f"--ecs-live-endpoint={endpoint}"],
        capture_output=True,
        check=False,
        text=True,
        cwd=folder,
        env={**os.environ, **credentials},
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
    result.assert_outcomes(passed=len(CHECKS))
    assert outcomes(str(result.stdout)) == {rule_of(check).text: ("same", "") for check in CHECKS}


def test_every_check_says_where_its_rule_comes_from():
    """That is a documented source, or a row of the list of guesses."""
    rules = [rule_of(check) for check in CHECKS]
    assert all(bool(rule.source) is not bool(rule.guess) for rule in rules)
    rows = {line.split(" | ")[0].removeprefix("| ") for line in GUESSES.read_text("utf-8").splitlines()}
    assert {rule.guess for rule in rules} - {""} <= rows


def test_a_service_that_behaves(service, live):
    """What takes long, reboots the instance, or needs a regional endpoint is not tried; nothing is left Scheduled."""
    status, printed = live(service.endpoint, "--ecs-live-wait=0")
    found = outcomes(printed)
    assert status == 0, printed
    assert len(found) == len(CHECKS)
    reasons = [seen for outcome, seen in found.values() if outcome != "same"]
    assert {re.sub(r"\d+ seconds", "N seconds", reason) for reason in reasons} == {
        "it takes N seconds; --ecs-live-wait allows 0",
        "it reboots the instance; --ecs-live-reboot allows that",
        "the endpoint is no regional one",
    }
    service.assert_not_called("RebootInstance")
    assert service.where(status="Scheduled") + service.where(status="Executing") == []


def test_a_service_that_deviates_is_noticed(live):
    """The rows say what was expected and seen, and the exit status is 1."""
    with EcsEvents(follow="real", history="pending", failure_events="scheduled", strict=False) as other:
        other.instances.add("i-web1")
        other.fail("RebootInstance", "OperationConflict")
        status, printed = live(other.endpoint, "-k", "avoided or failure or without_statuses", "--ecs-live-reboot")
    found = {rule: seen for rule, (outcome, seen) in outcomes(printed).items() if outcome == "differs"}
    assert status == 1
    assert sorted(found) == [
        "A reboot before NotBefore makes the event Avoided",
        "A simulated failure is Executing from the start",
        "Without statuses the history has what has ended, and nothing that is Scheduled",
    ]
    assert "expected True, saw False" in found["A simulated failure is Executing from the start"]
    assert "saw (409, 'OperationConflict')" in found["A reboot before NotBefore makes the event Avoided"]


def test_an_unknown_instance_is_a_difference_and_no_crash(service, live):
    """Every check that simulates an event says what the service answered."""
    status, printed = live(service.endpoint, "-k", "canceled", instance="i-nowhere")
    assert status == 1
    outcome, seen = outcomes(printed)["A canceled event is Canceled in the history"]
    assert outcome == "differs"
    assert "refused with 404 InvalidInstanceId.NotFound" in seen


def test_a_live_run_needs_region_and_instance(pytester):
    """Without them it ends before any call."""
    result = pytester.runpytest_inprocess("--pyargs", "pytest_ecsevents.conformance", "--ecs-live")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--ecs-live needs --ecs-live-region and --ecs-live-instance*"])
