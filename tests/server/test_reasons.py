"""Why the test refuses a call over HTTP: the reason is in the response, in the timeline, and in the report."""

import contextlib
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
    """Set the limit of polls while the clock stands still to 5."""
    monkeypatch.setattr(_recorder, "MOST_CALLS_AT_ONE_INSTANT", 5)
    monkeypatch.setattr(_recorder, "MOST_CALLS_OF_A_RUN", 5)


@pytest.fixture
def elsewhere(monkeypatch):
    """No client is found in this process."""
    monkeypatch.setattr(_server_waits.LoopbackClients, "frame", lambda *_: None)


def url_of(ecs, action, **params):
    """Return the address of a call with a key."""
    query = "&".join(f"{name}={value}" for name, value in {"RegionId": "cn-hangzhou", **params}.items())
    return f"http://{ecs.endpoint}/?Action={action}&Version=2014-05-26&Format=JSON&AccessKeyId=ak&{query}"


def call_of(ecs, action, **params):
    """Return (status, decoded body) of a call by a thread of the test."""
    try:
        with urllib.request.urlopen(url_of(ecs, action, **params)) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def call_by_process(ecs, action, **params):
    """Return what another process reads."""
    arguments = [sys.executable, "-c", CALLER, url_of(ecs, action, **params)]
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


# -- unknown parameters


def test_a_warning_that_is_an_error_refuses_the_call_by_its_name():
    """The response, the timeline and the test's error name the parameter, each time."""
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
    """It is no line of the server; each line warns once, as Python does."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("default")
        for _ in range(3):
            call_of(ecs, "DescribeInstances", InstanceIdz="1")
    assert [(one.category, one.filename) for one in warned] == [(UnknownParameterWarning, __file__)]


def test_a_warning_names_the_client_of_another_process_once(ecs):
    """It has the client's address, because its line is unknown here."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("default")
        for _ in range(2):
            call_by_process(ecs, "DescribeInstances", InstanceIdz="1")
        call_by_process(ecs, "DescribeInstances", InstanceIdy="1")
    assert ["InstanceIdz" in str(one.message) for one in warned] == [True, False]
    assert all(one.filename.startswith("<the client at 127.0.0.1:") for one in warned)


def test_no_thread_waits_where_sleeping_is_real():
    """There the client is named by its address."""
    with EcsEvents(sleep="real") as ecs, pytest.warns(UnknownParameterWarning, match="InstanceIdz") as warned:
        call_of(ecs, "DescribeInstances", InstanceIdz="1")
    assert warned[0].filename.startswith("<the client at")


# -- a clock that does not move


@pytest.mark.usefixtures("few", "elsewhere")
def test_a_client_that_polls_endlessly_gets_advice_for_another_process():
    """A sleep there moves no clock; the response and the timeline say what does, and what is due."""
    with pytest.raises(StandingClockError), EcsEvents() as ecs:
        ecs.stop(ecs.instances.add("i-slow", stopping_takes="2s"))
        for _ in range(6):
            status, answer = call_of(ecs, "DescribeInstances")
        assert (status, answer["Code"]) == (400, "StandingClockError")
    for text in (answer["Message"], ecs.timeline()):
        assert "A client of the server called DescribeInstances again and again while the clock stands" in text
        assert "i-slow, whose status changes at 2030-01-01T00:00:02Z" in text
        assert "for another process, call ecs_events.advance meanwhile, or let its calls take virtual time: " in text
    assert ecs.timeline().count("-> 400 StandingClockError") == 1


@pytest.mark.usefixtures("few")
def test_a_thread_of_the_test_that_polls_the_server_gets_the_advice_to_sleep():
    """Its sleeps move the clock."""
    with (
        pytest.raises(StandingClockError, match=r"The handler called .*: sleep in the loop \(time.sleep moves"),
        EcsEvents() as ecs,
    ):
        ecs.stop(ecs.instances.add("i-slow", stopping_takes="2s"))
        for _ in range(6):
            call_of(ecs, "DescribeInstances")


@pytest.mark.usefixtures("few")
def test_a_client_that_calls_once_gets_no_advice_because_of_anothers_polls(ecs):
    """Requests of each client, and of each thread, are counted separately."""
    ecs.stop(ecs.instances.add("i-slow", stopping_takes="2s"))
    statuses = [call_of(ecs, "DescribeInstances")[0] for _ in range(5)]
    statuses.append(call_of(ecs, "DescribeInstanceStatus")[0])
    statuses.append(call_of(ecs, "DescribeInstances", InstanceIds='["i-slow"]')[0])
    assert statuses == [200] * 7


def test_the_timeline_says_when_an_instance_that_a_client_polls_goes_on(ecs):
    """A process polls for real seconds and gives up; the timeline has the reason."""
    ecs.stop(ecs.instances.add("i-slow", stopping_takes="2s"))
    for _ in range(3):
        call_by_process(ecs, "DescribeInstanceStatus")
    assert "i-slow goes on at 2030-01-01T00:00:02Z. The clock stands meanwhile" in ecs.timeline()


@pytest.mark.usefixtures("few", "elsewhere")
def test_a_run_that_waits_endlessly_for_a_client_names_the_client():
    """The client's line is unknown here."""

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
    """Due work, which the other process waits for, happens."""
    instance = ecs.instances.add("i-slow", stopping_takes="2s")
    ecs.stop(instance)
    ecs.delay("DescribeInstanceStatus", "1s")
    for _ in range(2):
        call_by_process(ecs, "DescribeInstanceStatus")
    assert instance.status == "Stopped"


# -- calls that cannot be answered


def test_another_process_reads_why_its_call_is_not_answered():
    """It gets the service's code, and the plugin's message with the stub."""
    with pytest.raises(AssertionError, match="DescribeDisks"), EcsEvents() as ecs:
        answer = json.loads(call_by_process(ecs, "DescribeDisks"))
    assert answer["Code"] == "InvalidAction.NotFound"
    assert 'ecs_events.stub("Ecs", "DescribeDisks", ...) answers it' in answer["Message"]
    assert 'ecs_events.stub("Ecs", "DescribeDisks", ...) answers it' in ecs.timeline()


def test_a_program_outside_every_instance_reads_why(request_at):
    """This includes a program that calls the metadata service."""
    with pytest.raises(NoGuestError, match="there is no instance"), EcsEvents() as ecs:
        status, _, page = request_at(ecs.endpoint, "GET", "/latest/meta-data/")
    assert (status, b"there is no instance for the program to run in" in page) == (400, True)


@pytest.mark.parametrize("strict", [False, True])
def test_a_program_in_an_unknown_instance_reads_how_to_choose_one(request_at, strict):
    """It gets the reason at once, whether or not the test is strict: it is connected already."""
    outcome = pytest.raises(NoGuestError) if strict else contextlib.nullcontext()
    with outcome, EcsEvents(strict=strict) as ecs:
        ecs.instances.add("i-web1")
        ecs.instances.add("i-web2")
        status, _, page = request_at(ecs.endpoint, "GET", "/latest/meta-data/")
        assert (status, b'ecs_events.guest("i-web1")' in page) == (400, True)
        assert "it is not known which instance" in ecs.timeline()


def test_errors_of_the_tests_own_function_are_counted():
    """The timeline and the test's error have the number of calls."""

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
    """The test fails because its process failed; the report has the process's errors and their number."""
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
    """The section is for reasons that the failure does not have."""
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


def test_a_client_that_disconnected_is_no_error_of_the_test(ecs):
    """Its thread ends while its call takes virtual time."""
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
