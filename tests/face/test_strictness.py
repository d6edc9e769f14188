"""What fails a test that would otherwise pass: each check, how it is relaxed, and all of them together."""

import asyncio
import contextlib
import re
import threading
import time

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException

from pytest_ecsevents import (
    BadArgumentError,
    EcsEvents,
    LeftThreadsError,
    ReceiverError,
    StandingClockError,
    StrictnessError,
    UnexpectedCallError,
    UnusedFaultError,
    UnusedStubError,
)
from pytest_ecsevents.checks import _recorder
from pytest_ecsevents.checks._strictness import CHECKS
from pytest_ecsevents.clock import _stand_ins

START = "2018-08-22T10:39:49Z"


def relaxed(check):
    """How each complaint says that it may be let be."""
    return (
        f'If that is intended: ecs_events.strict -= {{"{check}"}} in the test, or leave "{check}" out of '
        'ecs_events_strict in the ini file; see README, "Strictness" (README.md#strictness).'
    )


def there(call):
    """Ask the load balancers' API."""
    return call("DescribeLoadBalancers", product_host="slb.aliyuncs.com", version="2014-05-15", Status="active")


# -- which checks are made


@pytest.mark.parametrize(
    ("said", "checks"),
    [
        (True, set(CHECKS)),
        (False, set()),
        ("yes", set(CHECKS)),
        ("Off", set()),
        ("calls", {"calls"}),
        ("calls, faults", {"calls", "faults"}),
        ("\n  calls\n  threads\n", {"calls", "threads"}),
        (["stubs"], {"stubs"}),
        ({"receivers", "stubs"}, {"receivers", "stubs"}),
        ((), set()),
    ],
)
def test_checks_are_given_in_every_form(said, checks):
    """True and False, the words of ini files, names in text or in a collection, in the test or for a new object."""
    assert EcsEvents(strict=said).strict == checks
    ecs_events = EcsEvents()
    ecs_events.strict = said
    assert ecs_events.strict == checks


def test_one_check_may_be_taken_away_or_added():
    """What is set is a set."""
    ecs_events = EcsEvents()
    ecs_events.strict -= {"threads"}
    assert ecs_events.strict == set(CHECKS) - {"threads"}
    ecs_events.strict |= {"threads"}
    assert ecs_events.strict == set(CHECKS)
    assert ecs_events.strict - {"threads"} - {"calls"} == set(CHECKS) - {"threads", "calls"}


def test_a_check_that_is_taken_away_must_be_one():
    """A misspelt name would change nothing, and the test would go on failing."""
    ecs_events = EcsEvents()
    with pytest.raises(BadArgumentError) as refused:
        ecs_events.strict -= {"fault"}
    assert str(refused.value) == (
        "the set subtracted from ecs_events.strict is {'fault'}. Pass true or false, or some of the checks: calls, faults, stubs, "
        "receivers, threads. Did you mean faults?"
    )
    assert ecs_events.strict == set(CHECKS)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("fault", " Did you mean faults?"),
        ("flase", " Did you mean false?"),
        ("calls, thread", " Did you mean threads?"),
        (["calls", "stub"], " Did you mean stubs?"),
        (5, ""),
        (None, ""),
        ([["calls"]], " Did you mean calls?"),
    ],
)
def test_a_check_that_does_not_exist_is_refused_in_a_sentence(said, meant):
    """The error says what can be said, and what was meant."""
    ecs_events = EcsEvents()
    with pytest.raises(BadArgumentError) as error:
        ecs_events.strict = said
    assert str(error.value) == (
        f"strict is {said!r}. Pass true or false, or some of the checks: calls, faults, stubs, receivers, threads.{meant}"
    )


# -- stubs


def test_a_stub_that_nothing_called_is_told_with_the_nearest_call(call):
    """The complaint names the stub, and the call that came nearest: of that product, else of that name."""
    with pytest.raises(UnusedStubError) as error, EcsEvents(START) as ecs_events:
        ecs_events.stub("Slb", "DescribeLoadBalancers", {})
        ecs_events.stub("Slb", "DescribeLoadBalancer", {})
        ecs_events.stub("Ess", "DescribeLoadBalancers", {})
        ecs_events.stub("Slb", "SetBackendServers", {})
        ecs_events.stub("Ram", "ListUsers", {})
        there(call)
    assert str(error.value) == (
        "Stubs were declared but not called:\n"
        "  - slb DescribeLoadBalancer. Nearest call: slb DescribeLoadBalancers(Status=active) -> 200.\n"
        "  - ess DescribeLoadBalancers. Nearest call: slb DescribeLoadBalancers(Status=active) -> 200.\n"
        "  - slb SetBackendServers. Nearest call: slb DescribeLoadBalancers(Status=active) -> 200.\n"
        "  - ram ListUsers. ram was not called.\n"
        "Remove the ones that are not needed, or declare them with optional=True. " + relaxed("stubs")
    )


def test_a_stub_may_stay_unused_if_told():
    """One by one with optional=True, or all; and a stub that was declared anew is complained of once."""
    with EcsEvents() as ecs_events:
        ecs_events.stub("Slb", "DescribeLoadBalancers", {}, optional=True)
    with EcsEvents() as ecs_events:
        ecs_events.strict -= {"stubs"}
        ecs_events.stub("Slb", "DescribeLoadBalancers", {})
    with pytest.raises(UnusedStubError) as error, EcsEvents() as ecs_events:
        ecs_events.stub("Slb", "DescribeLoadBalancers", {})
        ecs_events.stub("slb", "DescribeLoadBalancers", {"TotalCount": 1})
    assert str(error.value).count("slb DescribeLoadBalancers") == 1


# -- receivers


def receiver(change):
    """One that goes wrong."""
    raise ZeroDivisionError(f"cannot handle {change.to_status}")


RAISED_AT = f"{__file__}:{receiver.__code__.co_firstlineno + 2} in receiver"


def test_a_receivers_error_that_the_handler_swallowed_is_told(call):
    """The complaint has the error, the transition it was told of, and the line."""
    with pytest.raises(ReceiverError) as error, EcsEvents(START, seed="receivers") as ecs_events:
        ecs_events.instances.add("i-web1")
        event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
        end = ecs_events.on_change(receiver)
        with contextlib.suppress(Exception):
            call("RebootInstance", InstanceId="i-web1", ForceStop="true")
        end()
        call("RebootInstance", InstanceId="i-web1")
    assert isinstance(error.value, StrictnessError)
    bullets = [
        f"  - ZeroDivisionError at {RAISED_AT}, called with {subject} {before} -> {after} ({cause}) at 2018-08-22T10:39:49Z: "
        f"cannot handle {after}\n"
        for subject, before, after, cause in (
            (event.event_id, "Scheduled", "Avoided", "RebootInstance before NotBefore"),
            ("i-web1", "Running", "Stopping", "RebootInstance"),
            ("i-web1", "Stopping", "Starting", "RebootInstance"),
            ("i-web1", "Starting", "Running", "RebootInstance"),
        )
    ]
    assert str(error.value) == (
        f"Receivers raised errors that the test did not notice:\n{''.join(bullets)}"
        f"Correct the receiver, or catch its error there. {relaxed('receivers')}"
    )


def told_of(cause):
    """The complaint about a receiver that is told of one thing."""
    with pytest.raises(StrictnessError) as error, EcsEvents(START) as ecs_events:
        ecs_events.instances.add("i-web1")
        ecs_events.on_change(receiver)
        cause(ecs_events)
    return re.findall(r" called with (.*):", str(error.value))


def test_a_receiver_may_be_told_of_instances(call):
    """A new instance comes from nothing, and one that is released goes on to nothing."""

    def cause(ecs_events):
        with contextlib.suppress(Exception):
            call("RunInstances", ImageId="m-1", InstanceType="ecs.g7.large")
        with contextlib.suppress(Exception):
            call("DeleteInstance", InstanceId="i-web1", Force="true")

    told = told_of(cause)
    assert re.fullmatch(r"i-bp1\w+ nothing -> Pending \(RunInstances\) at 2018-08-22T10:39:49Z", told[0])
    assert re.fullmatch(r"i-web1 \w+ -> released \(DeleteInstance\) at 2018-08-22T10:39:49Z", told[-1])


@pytest.mark.parametrize(
    "wait",
    [
        lambda: time.sleep(3600),
        lambda: threading.Event().wait(3600),
        lambda: asyncio.run(asyncio.sleep(3600)),
    ],
    ids=["sleep", "event", "loop"],
)
def test_a_receivers_error_may_come_out_of_a_wait(wait):
    """What moved the clock is the handler's sleep, and it is he who swallows."""
    with pytest.raises(ReceiverError), EcsEvents(START) as ecs_events:
        ecs_events.instances.add("i-web1")
        ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h", executing_for="1d")
        ecs_events.on_change(receiver)
        with contextlib.suppress(Exception):
            wait()


@pytest.mark.parametrize(
    "cause",
    [
        lambda ecs_events: ecs_events.advance("2h"),
        lambda ecs_events: ecs_events.reboot("i-web1"),
        lambda ecs_events: ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h"),
        lambda ecs_events: ecs_events.instances.add("i-web2"),
    ],
)
def test_an_error_that_reaches_the_test_is_not_told_again(cause):
    """What comes out of a method that the test itself called was not swallowed by the handler."""
    with EcsEvents(START) as ecs_events:
        ecs_events.instances.add("i-web1")
        ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
        ecs_events.on_change(receiver)
        with contextlib.suppress(ZeroDivisionError):
            cause(ecs_events)


def test_receivers_may_go_wrong_if_told(call):
    """Without the check nothing is said."""
    with EcsEvents(START) as ecs_events:
        ecs_events.strict -= {"receivers"}
        ecs_events.instances.add("i-web1")
        ecs_events.on_change(receiver)
        with pytest.raises(ZeroDivisionError):
            call("RebootInstance", InstanceId="i-web1")


# -- threads


@pytest.fixture
def endless(monkeypatch):
    """Threads that neither end nor wait in virtual time; the test's end waits for them but a moment."""
    monkeypatch.setattr("pytest_ecsevents.clock._scheduler.END_WITHIN", 0.05)
    end, threads = threading.Event(), []

    def work():
        while not end.is_set():
            _stand_ins.real_sleep(0.001)  # of the module: the name of this one would be patched

    def start(name):
        threads.append(threading.Thread(target=work, name=name, daemon=True))
        threads[-1].start()

    yield start
    end.set()
    for thread in threads:
        thread.join()


def test_threads_that_go_on_are_told(endless):
    """Their names are in the complaint."""
    with pytest.raises(LeftThreadsError) as error, EcsEvents():
        endless("poller")
        endless("watcher")
    assert str(error.value) == (
        "Threads that the test started still ran at its end: 'poller', 'watcher'. Their calls would reach the "
        f"next test's cloud.\nStop and join them before the test ends. {relaxed('threads')}"
    )


def test_threads_may_go_on_if_told(endless):
    """Without the check nothing is said."""
    with EcsEvents(strict={"calls"}):
        endless("poller")


def test_threads_that_sleep_are_ended_and_not_told():
    """A poller that sleeps when the test ends is woken for good."""
    with EcsEvents() as ecs_events:
        thread = threading.Thread(target=lambda: [time.sleep(60) for _ in range(10**6)])
        thread.start()
        ecs_events.advance("1h")
    thread.join()


# -- all together


def test_all_complaints_of_a_test_are_told_together(call, endless):
    """One error has each of them, with the place and the number of calls whose error was swallowed."""

    def handler():
        for _ in range(3):
            with contextlib.suppress(Exception):
                call("RebootInstnces")
        with contextlib.suppress(Exception):
            call("RebootInstance", InstanceId="i-web1")

    with pytest.raises(StrictnessError) as error, EcsEvents(START) as ecs_events:
        ecs_events.instances.add("i-web1")
        ecs_events.on_change(receiver)
        ecs_events.fail("StopInstance", "Throttling")
        ecs_events.stub("Slb", "DescribeLoadBalancers", {})
        endless("poller")
        handler()
    kinds = [UnexpectedCallError, UnusedFaultError, UnusedStubError, ReceiverError, LeftThreadsError]
    assert [type(one) for one in error.value.errors] == kinds
    text = str(error.value)
    assert text.startswith(
        "5 things went wrong that the test did not notice:\n\n1. The handler called RebootInstnces() of"
    )
    assert re.search(r"\n   It was called at \S+conftest.py:\d+ in call, 3 times\.\n\n2\. Faults were declared", text)
    assert "\n     - StopInstance: Throttling, met 0 of 1 times." in text
    for number, start in enumerate(("Faults", "Stubs", "Receivers", "Threads"), start=2):
        assert f"\n\n{number}. {start} " in text


def test_errors_that_come_again_and_again_do_not_fill_the_memory(call):
    """Of many different calls that cannot be answered the first twenty are told, and of receivers' errors too."""
    with pytest.raises(StrictnessError) as error, EcsEvents(START) as ecs_events:
        ecs_events.instances.add("i-web1")
        for number in range(25):
            with contextlib.suppress(Exception):
                call("RebootInstnces", InstanceId__1=f"i-{number}")
        ecs_events.on_change(receiver)
        for _ in range(10):
            with contextlib.suppress(Exception):
                call("RebootInstance", InstanceId="i-web1")
    assert [type(one) for one in error.value.errors] == [*[UnexpectedCallError] * 20, ReceiverError]
    assert str(error.value.errors[-1]).count("ZeroDivisionError") == 20


def test_a_test_that_failed_is_not_complained_of(call):
    """What went wrong in the block comes out alone."""
    with pytest.raises(KeyError), EcsEvents() as ecs_events:
        ecs_events.stub("Slb", "DescribeLoadBalancers", {})
        raise KeyError


@pytest.mark.parametrize("check", CHECKS)
def test_each_check_is_made_alone(check, call, endless):
    """Of everything that is wrong only what is checked is told."""
    with pytest.raises(AssertionError) as error, EcsEvents(strict=[check]) as ecs_events:
        ecs_events.instances.add("i-web1")
        end = ecs_events.on_change(receiver)
        ecs_events.fail("StopInstance", "Throttling")
        ecs_events.stub("Slb", "DescribeLoadBalancers", {})
        endless("poller")
        with contextlib.suppress(Exception):
            call("RebootInstnces")
        with contextlib.suppress(Exception):
            call("DeleteInstance", InstanceId="i-web1", Force="true")
        end()
    kinds = {
        "calls": UnexpectedCallError,
        "faults": UnusedFaultError,
        "stubs": UnusedStubError,
        "receivers": ReceiverError,
        "threads": LeftThreadsError,
    }
    assert isinstance(error.value, kinds[check])


# -- clocks that stand still


@pytest.fixture
def few(monkeypatch):
    """A handler that only calls is found out after 10 calls."""
    monkeypatch.setattr(_recorder, "MOST_CALLS_OF_A_RUN", 10)


@pytest.fixture
def few_looks(monkeypatch):
    """Looks at an instance while the clock stands are found out after 10."""
    monkeypatch.setattr(_recorder, "MOST_CALLS_AT_ONE_INSTANT", 10)


@pytest.mark.parametrize("kind", ["plain", "catches", "finally"])
@pytest.mark.usefixtures("few")
def test_a_handler_under_run_that_only_calls_is_told(call, kind):
    """Time never passes for it, so its end never comes: it is ended whatever it catches, and run says why."""
    cleaned = []

    def handler():
        try:
            while True:
                if kind == "catches":
                    with contextlib.suppress(Exception):
                        call("DescribeRegions")
                else:
                    call("DescribeRegions")
        finally:
            cleaned.append(True)

    with (
        pytest.raises(StandingClockError) as again,
        EcsEvents(START) as ecs_events,
        pytest.raises(StandingClockError) as error,
    ):
        ecs_events.run(handler, until="30d")
    assert len(ecs_events.calls) == 11
    assert cleaned == [True]
    assert again.value is error.value
    place = re.search(r"at (\S+conftest\.py:\d+ in call)\.", str(error.value))
    assert str(error.value) == (
        "The handler made 10 calls while the clock stands at 2018-08-22T10:39:49Z, the last of them DescribeRegions() "
        f"at {place[1]}. Time does not pass by itself, so run would never end: sleep in the loop (time.sleep "
        'moves the clock), or let calls take virtual time: ecs_events.delay("*", "50ms").'
    )


@pytest.mark.usefixtures("few")
def test_a_coroutine_under_run_that_only_calls_is_told_too():
    """It is cancelled where it calls, though it never comes to wait."""
    aiohttp = pytest.importorskip("aiohttp")

    async def handler():
        async with aiohttp.ClientSession() as session:
            while True:
                with contextlib.suppress(Exception):
                    await session.get("https://ecs.aliyuncs.com/?Action=DescribeRegions&Version=2014-05-26")

    with (
        pytest.raises(StandingClockError),
        EcsEvents(START) as ecs_events,
        pytest.raises(StandingClockError, match="DescribeRegions"),
    ):
        ecs_events.run(handler, until="30d")
    assert len(ecs_events.calls) == 11


@pytest.mark.usefixtures("few")
def test_a_thread_of_a_handler_under_run_that_only_calls_ends_the_handler(call):
    """The error comes out of the thread's call, and out of run, whose handler waits for the thread."""
    errors = []

    def work():
        try:
            while True:
                call("DescribeRegions")
        except StandingClockError as error:
            errors.append(error)
            time.sleep(3600)

    def handler():
        thread = threading.Thread(target=work)
        thread.start()
        while True:
            thread.join(timeout=86_400)

    with (
        pytest.raises(StandingClockError),
        EcsEvents(START) as ecs_events,
        pytest.raises(StandingClockError) as error,
    ):
        ecs_events.run(handler, until="30d")
    assert errors == [error.value]


@pytest.mark.usefixtures("few")
def test_many_calls_at_one_instant_are_fine_without_run_and_with_time(call):
    """A test may call as often as it likes, and a handler under run whose clock moves does too."""
    with EcsEvents(START) as ecs_events:
        for _ in range(20):
            call("DescribeRegions")

        def handler():
            for _ in range(20):
                call("DescribeRegions")
                time.sleep(60)

        ecs_events.advance(seconds=1)
        ecs_events.run(handler, until="30d")
    assert len(ecs_events.calls) == 40


def test_a_delay_lets_a_handler_without_sleep_come_to_its_end(call):
    """Calls that take their time move the clock, as calls to the service do."""

    def handler():
        while True:
            call("DescribeRegions")

    with EcsEvents(START) as ecs_events:
        ecs_events.delay("*", "10s")
        assert ecs_events.run(handler, until="5m").at.isoformat() == "2018-08-22T10:44:49+00:00"
    assert len(ecs_events.calls) == 31


@pytest.mark.usefixtures("few_looks")
def test_a_handler_under_run_that_waits_for_an_instance_is_ended_too(call):
    """The looks that wait for an instance are found out sooner, and whatever the handler catches."""

    def handler():
        call("StopInstance", InstanceId="i-web1")
        while True:
            with contextlib.suppress(Exception):
                call("DescribeInstanceStatus")

    with pytest.raises(StandingClockError), EcsEvents(START) as ecs_events:
        ecs_events.instances.add("i-web1", stopping_takes="1m")
        with pytest.raises(StandingClockError, match="It waits for i-web1"):
            ecs_events.run(handler, until="30d")


@pytest.mark.parametrize("sleep", ["virtual", "real"])
@pytest.mark.usefixtures("few_looks")
def test_a_test_that_waits_for_an_instance_without_sleeping_is_told(call, sleep):
    """Whether sleeping would move the clock or not."""
    with pytest.raises(StandingClockError), EcsEvents(START, sleep=sleep) as ecs_events:
        ecs_events.instances.add("i-web1", stopping_takes="1m")
        call("StopInstance", InstanceId="i-web1")
        for _ in range(11):
            call("DescribeInstanceStatus")


def test_relaxed_calls_see_the_services_own_error(call):
    """Without the check of calls the handler hears what the service says."""
    with EcsEvents() as ecs_events:
        ecs_events.strict -= {"calls"}
        with pytest.raises(ServerException) as refused:
            call("RebootInstnces")
    assert refused.value.get_error_code() == "InvalidAction.NotFound"
