"""Why the test refuses a call that came over HTTP is in the answer, in the story, and in the report."""

import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import warnings

import pytest

from pytest_ecsevents import EcsEvents, NoGuestError, StandingClockError, UnknownParameterWarning
from pytest_ecsevents.checks import _recorder
from pytest_ecsevents.clock import _server_waits

CALLER = """
import sys, urllib.error, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1]).read().decode())
except urllib.error.HTTPError as refused:
    print(refused.read().decode())
"""


@pytest.fixture
def few(monkeypatch):
    """A standing clock is found out after 5 looks."""
    monkeypatch.setattr(_recorder, "MOST_CALLS_AT_ONE_INSTANT", 5)
    monkeypatch.setattr(_recorder, "MOST_CALLS_OF_A_RUN", 5)


@pytest.fixture
def elsewhere(monkeypatch):
    """No client is found in this process."""
    monkeypatch.setattr(_server_waits.LoopbackClients, "frame", lambda *_: None)


def url_of(ecs, action, **params):
    """The address of a call with a key."""
    query = "&".join(f"{name}={value}" for name, value in {"RegionId": "cn-hangzhou", **params}.items())
    return f"http://{ecs.endpoint}/?Action={action}&Version=2014-05-26&Format=JSON&AccessKeyId=ak&{query}"


def call_of(ecs, action, **params):
    """(status, decoded body) of a call by a thread of the test."""
    try:
        with urllib.request.urlopen(url_of(ecs, action, **params)) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def call_by_process(ecs, action, **params):
    """What another process gets to read."""
    arguments = [sys.executable, "-c", CALLER, url_of(ecs, action, **params)]
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


# -- parameters that the action does not have


def test_a_warning_that_is_an_error_refuses_the_call_by_its_name():
    """The answer, the story and the test's error say which parameter it was, each time."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(AssertionError, match="InstanceIdz"), EcsEvents() as ecs:
            for _ in range(2):
                status, answer = call_of(ecs, "DescribeInstances", InstanceIdz="1")
                assert (status, answer["Code"]) == (400, "UnknownParameterWarning")
                assert "unknown parameter InstanceIdz" in answer["Message"]
    assert "-> 400 UnknownParameterWarning (2 times)" in ecs.timeline()
    assert "unknown parameter InstanceIdz of DescribeInstances" in ecs.timeline()


def test_a_warning_names_the_line_of_a_thread_of_the_test(ecs):
    """Not a line of the server's, and once for each line, as Python warns."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("default")
        for _ in range(3):
            call_of(ecs, "DescribeInstances", InstanceIdz="1")
    assert [(one.category, one.filename) for one in warned] == [(UnknownParameterWarning, __file__)]


def test_a_warning_names_the_client_of_another_process_once(ecs):
    """By its address; its line is not known here."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("default")
        for _ in range(2):
            call_by_process(ecs, "DescribeInstances", InstanceIdz="1")
        call_by_process(ecs, "DescribeInstances", InstanceIdy="1")
    assert ["InstanceIdz" in str(one.message) for one in warned] == [True, False]
    assert all(one.filename.startswith("<the client at 127.0.0.1:") for one in warned)


def test_no_thread_waits_where_sleeping_is_real():
    """The client is named by its address there."""
    with EcsEvents(sleep="real") as ecs, pytest.warns(UnknownParameterWarning, match="InstanceIdz") as warned:
        call_of(ecs, "DescribeInstances", InstanceIdz="1")
    assert warned[0].filename.startswith("<the client at")


# -- a clock that stands still


@pytest.mark.usefixtures("few", "elsewhere")
def test_a_client_that_polls_without_end_is_told_what_helps_another_process():
    """A sleep there moves no clock; the answer and the story say what does, and what it waits for."""
    with pytest.raises(StandingClockError), EcsEvents() as ecs:
        ecs.stop(ecs.instances.add("i-slow", stopping_takes="2s"))
        for _ in range(6):
            status, answer = call_of(ecs, "DescribeInstances")
        assert (status, answer["Code"]) == (400, "StandingClockError")
    for told in (answer["Message"], ecs.timeline()):
        assert "A client of the server called DescribeInstances again and again while the clock stands" in told
        assert "i-slow, whose status changes at 2030-01-01T00:00:02Z" in told
        assert "for another process, call ecs_events.advance meanwhile, or let its calls take virtual time: " in told
    assert ecs.timeline().count("-> 400 StandingClockError") == 1


@pytest.mark.usefixtures("few")
def test_a_thread_of_the_test_that_polls_the_server_is_told_to_sleep():
    """It moves the clock when it sleeps."""
    with (
        pytest.raises(StandingClockError, match=r"The handler called .*: sleep in the loop \(time.sleep moves"),
        EcsEvents() as ecs,
    ):
        ecs.stop(ecs.instances.add("i-slow", stopping_takes="2s"))
        for _ in range(6):
            call_of(ecs, "DescribeInstances")


@pytest.mark.usefixtures("few")
def test_who_asks_once_is_not_told_of_anothers_polls(ecs):
    """Requests of other clients are counted by themselves, and so are those of another thread."""
    ecs.stop(ecs.instances.add("i-slow", stopping_takes="2s"))
    statuses = [call_of(ecs, "DescribeInstances")[0] for _ in range(5)]
    statuses.append(call_of(ecs, "DescribeInstanceStatus")[0])
    statuses.append(call_of(ecs, "DescribeInstances", InstanceIds='["i-slow"]')[0])
    assert statuses == [200] * 7


def test_the_story_says_when_an_instance_goes_on_that_a_client_asks_for(ecs):
    """A process that polls for real seconds, and gives up, leaves the reason there."""
    ecs.stop(ecs.instances.add("i-slow", stopping_takes="2s"))
    for _ in range(3):
        call_by_process(ecs, "DescribeInstanceStatus")
    assert "i-slow goes on at 2030-01-01T00:00:02Z. The clock stands meanwhile" in ecs.timeline()


@pytest.mark.usefixtures("few", "elsewhere")
def test_a_run_that_waits_for_a_client_without_end_says_who_calls():
    """Its line is not known here."""

    def handler():
        while True:
            call_of(ecs, "DescribeRegions")

    with (
        pytest.raises(StandingClockError),
        EcsEvents() as ecs,
        pytest.raises(StandingClockError, match=r"DescribeRegions\(\) at a client of the server\."),
    ):
        ecs.run(handler, until="1h")


def test_a_delay_takes_virtual_time_while_another_process_waits(ecs):
    """So that what it waits for happens."""
    instance = ecs.instances.add("i-slow", stopping_takes="2s")
    ecs.stop(instance)
    ecs.delay("DescribeInstanceStatus", "1s")
    for _ in range(2):
        call_by_process(ecs, "DescribeInstanceStatus")
    assert instance.status == "Stopped"


# -- calls that cannot be answered


def test_another_process_reads_why_its_call_is_not_answered():
    """The service's code, and our sentence with the stub."""
    with pytest.raises(AssertionError, match="DescribeDisks"), EcsEvents() as ecs:
        answer = json.loads(call_by_process(ecs, "DescribeDisks"))
    assert answer["Code"] == "InvalidAction.NotFound"
    assert 'ecs_events.stub("Ecs", "DescribeDisks", ...) answers it' in answer["Message"]
    assert 'ecs_events.stub("Ecs", "DescribeDisks", ...) answers it' in ecs.timeline()


def test_a_program_outside_every_instance_reads_why(request_at):
    """What asks the metadata service, too."""
    with pytest.raises(NoGuestError, match="there is no instance"), EcsEvents() as ecs:
        status, _, page = request_at(ecs.endpoint, "GET", "/latest/meta-data/")
    assert (status, b"there is no instance for the program to run in" in page) == (400, True)


def test_an_error_of_the_tests_own_function_is_counted():
    """Each call of it, in the story and in the test's error."""

    def wrong(_call):
        raise ZeroDivisionError("no such number")

    with pytest.raises(AssertionError) as error, EcsEvents() as ecs:
        ecs.stub("Ecs", "DescribeZones", wrong)
        for _ in range(2):
            status, answer = call_of(ecs, "DescribeZones")
        call_of(ecs, "DescribeVpcs")
    assert (status, answer["Code"]) == (500, "InternalError")
    assert "ZeroDivisionError, and was answered with 500 InternalError: no such number" in str(error.value)
    assert "This happened 2 times." in str(error.value)
    assert "-> 500 InternalError (2 times)" in ecs.timeline()


@pytest.mark.parametrize("strict", [True, False])
def test_a_test_that_fails_otherwise_still_shows_why(pytester, strict):
    """The test fails since its process failed; what the process met stands beside it, and how often."""
    pytester.makepyfile(
        f"""
        import subprocess, sys

        PROGRAM = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])"
        QUERY = "Action=DescribeDisks&Version=2014-05-26&AccessKeyId=ak&RegionId=cn-hangzhou"

        def test_it(ecs_events):
            ecs_events.strict -= set() if {strict} else {{"calls"}}
            subprocess.run([sys.executable, "-c", PROGRAM, f"http://{{ecs_events.endpoint}}/?{{QUERY}}"], check=True)
        """
    )
    output = pytester.runpytest_inprocess("-p", "no:randomly").stdout
    output.fnmatch_lines(["*CalledProcessError*", '*ecs_events.stub("Ecs", "DescribeDisks", ...) answers it*'])
    shown = [line for line in output.lines if line.startswith("UnexpectedCallError, once: The handler called")]
    assert len(shown) == strict


def test_a_failure_that_shows_its_reason_does_not_repeat_it(pytester):
    """The section is for what the failure does not say."""
    pytester.makepyfile(
        """
        import requests

        def test_it(ecs_events):
            requests.get("https://ecs.aliyuncs.com/?Action=DescribeDisks&Version=2014-05-26")
        """
    )
    output = pytester.runpytest_inprocess("-p", "no:randomly").stdout
    output.fnmatch_lines(["E*UnexpectedCallError: The handler called DescribeDisks() of Ecs*"])
    output.no_fnmatch_line("*ECS calls that were refused*")


def test_a_client_that_went_away_is_no_error_of_the_tests(ecs):
    """Its thread is ended while its call takes virtual time."""
    ecs.delay("DescribeRegions", "1h")
    endpoint = ecs.endpoint

    def call():
        with pytest.raises(OSError, match="timed out"):
            urllib.request.urlopen(
                f"http://{endpoint}/?Action=DescribeRegions&Version=2014-05-26&AccessKeyId=ak", timeout=5
            )

    thread = threading.Thread(target=call)
    thread.start()
    time.sleep(7200)
    thread.join()
    assert ecs._recorder.complaint() is None
