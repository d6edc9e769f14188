"""The checks that fail a test at its end, how each is relaxed, and all of them together."""

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
    PortabilityError,
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
    """Return how each message says that its check can be relaxed."""
    return (
        f'If that is intended: ecs_events.strict -= {{"{check}"}} in the test, or leave "{check}" out of '
        'ecs_events_strict in the ini file; see the manual, "Strictness" (docs/reference/strictness.md).'
    )


def there(call):
    """Call the API of the load balancers."""
    return call("DescribeLoadBalancers", product_host="slb.aliyuncs.com", version="2014-05-15", Status="active")


DEFAULTS = set(CHECKS) - {"portability"}


# -- the choice of checks


@pytest.mark.parametrize(
    ("said", "checks"),
    [
        (True, DEFAULTS),
        (False, set()),
        ("yes", DEFAULTS),
        ("true, portability", set(CHECKS)),
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
    """True and False, the words of ini files, names in text or in a collection, in the test or in the constructor."""
    assert EcsEvents(strict=said).strict == checks
    ecs_events = EcsEvents()
    ecs_events.strict = said
    assert ecs_events.strict == checks


def test_one_check_may_be_taken_away_or_added():
    """The setting is a set."""
    ecs_events = EcsEvents()
    ecs_events.strict -= {"threads"}
    assert ecs_events.strict == DEFAULTS - {"threads"}
    ecs_events.strict |= {"threads"}
    assert ecs_events.strict == DEFAULTS
    assert ecs_events.strict - {"threads"} - {"calls"} == DEFAULTS - {"threads", "calls"}


def test_a_check_that_is_taken_away_must_be_one():
    """A misspelt name would change nothing, and the test would still fail."""
    ecs_events = EcsEvents()
    with pytest.raises(BadArgumentError) as refused:
        ecs_events.strict -= {"fault"}
    assert str(refused.value) == (
        "the set subtracted from ecs_events.strict is {'fault'}. Pass true or false, or some of the checks: calls, faults, stubs, "
        "receivers, threads, portability; true has all but portability. Did you mean faults?"
    )
    assert ecs_events.strict == DEFAULTS


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
    """The error has the known checks, and the nearest."""
    ecs_events = EcsEvents()
    with pytest.raises(BadArgumentError) as error:
        ecs_events.strict = said
    assert str(error.value) == (
        f"strict is {said!r}. Pass true or false, or some of the checks: calls, faults, stubs, receivers, threads, "
        f"portability; true has all but portability.{meant}"
    )


# -- stubs


def test_an_unused_stub_is_reported_with_the_nearest_call(call):
    """The error has the stub, and the nearest call: of its product, else of its name."""
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


def test_an_unused_stub_can_be_allowed():
    """Either one by one with optional=True, or all; a stub that was declared again is reported once."""
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
    """A receiver that raises."""
    raise ZeroDivisionError(f"cannot handle {change.to_status}")


RAISED_AT = f"{__file__}:{receiver.__code__.co_firstlineno + 2} in receiver"


def test_a_receivers_error_that_the_handler_swallowed_is_reported(call):
    """The message has the error, the transition, and the line."""
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


def message_about(cause):
    """Return the message about a receiver of one change."""
    with pytest.raises(StrictnessError) as error, EcsEvents(START) as ecs_events:
        ecs_events.instances.add("i-web1")
        ecs_events.on_change(receiver)
        cause(ecs_events)
    return re.findall(r" called with (.*):", str(error.value))


def test_a_receiver_gets_changes_of_instances(call):
    """A new instance has no earlier status, and a released one has no later status."""

    def cause(ecs_events):
        with contextlib.suppress(Exception):
            call("RunInstances", ImageId="m-1", InstanceType="ecs.g7.large")
        with contextlib.suppress(Exception):
            call("DeleteInstance", InstanceId="i-web1", Force="true")

    messages = message_about(cause)
    assert re.fullmatch(r"i-bp1\w+ nothing -> Pending \(RunInstances\) at 2018-08-22T10:39:49Z", messages[0])
    assert re.fullmatch(r"i-web1 \w+ -> released \(DeleteInstance\) at 2018-08-22T10:39:49Z", messages[-1])


@pytest.mark.parametrize(
    "wait",
    [
        lambda: time.sleep(3600),
        lambda: threading.Event().wait(3600),
        lambda: asyncio.run(asyncio.sleep(3600)),
    ],
    ids=["sleep", "event", "loop"],
)
def test_a_receivers_error_can_be_raised_from_a_wait(wait):
    """The handler's sleep moves the clock and raises the error, and the handler swallows it."""
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
def test_an_error_that_reaches_the_test_is_not_reported_again(cause):
    """An error that a call of the test itself raises was not swallowed by the handler."""
    with EcsEvents(START) as ecs_events:
        ecs_events.instances.add("i-web1")
        ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
        ecs_events.on_change(receiver)
        with contextlib.suppress(ZeroDivisionError):
            cause(ecs_events)


def test_errors_of_receivers_can_be_allowed(call):
    """Without the check there is no error."""
    with EcsEvents(START) as ecs_events:
        ecs_events.strict -= {"receivers"}
        ecs_events.instances.add("i-web1")
        ecs_events.on_change(receiver)
        with pytest.raises(ZeroDivisionError):
            call("RebootInstance", InstanceId="i-web1")


# -- threads


@pytest.fixture
def endless(monkeypatch):
    """Threads that neither end nor wait in virtual time; teardown waits only briefly for them."""
    monkeypatch.setattr("pytest_ecsevents.clock._scheduler.END_WITHIN", 0.05)
    end, threads = threading.Event(), []

    def work():
        while not end.is_set():
            _stand_ins.real_sleep(0.001)  # a patch would replace the name in this module

    def start(name):
        threads.append(threading.Thread(target=work, name=name, daemon=True))
        threads[-1].start()

    yield start
    end.set()
    for thread in threads:
        thread.join()


def test_threads_that_go_on_are_reported(endless):
    """The message has their names and places."""
    with pytest.raises(LeftThreadsError) as error, EcsEvents():
        endless("poller")
        endless("watcher")
    text = re.sub(r"at \S+test_strictness\.py:\d+ in work", "at PLACE", str(error.value))
    assert text == (
        "Threads that the test started still ran at its end: 'poller' at PLACE, 'watcher' at PLACE. Their calls would reach the "
        f"next test's cloud.\nStop and join them before the test ends. {relaxed('threads')}"
    )


def test_threads_that_go_on_can_be_allowed(endless):
    """Without the check there is no error."""
    with EcsEvents(strict={"calls"}):
        endless("poller")


def test_threads_that_sleep_are_ended_and_not_reported():
    """A poller that sleeps when the test ends is ended."""
    with EcsEvents() as ecs_events:
        thread = threading.Thread(target=lambda: [time.sleep(60) for _ in range(10**6)])
        thread.start()
        ecs_events.advance("1h")
    thread.join()


# -- all together


def test_all_errors_of_a_test_are_reported_together(call, endless):
    """One error has each message, with the line and the number of calls whose error was swallowed."""

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
    """Of many different calls that cannot be answered the first twenty are kept, as with receivers' errors."""
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


def test_a_test_that_failed_gets_no_further_errors(call):
    """The error of the block is raised alone."""
    with pytest.raises(KeyError), EcsEvents() as ecs_events:
        ecs_events.stub("Slb", "DescribeLoadBalancers", {})
        raise KeyError


@pytest.mark.parametrize("check", CHECKS)
def test_each_check_is_made_alone(check, call, endless):
    """Only checked problems are reported."""
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
        call("DescribeInstanceHistoryEvents")
        end()
    kinds = {
        "calls": UnexpectedCallError,
        "faults": UnusedFaultError,
        "stubs": UnusedStubError,
        "receivers": ReceiverError,
        "threads": LeftThreadsError,
        "portability": PortabilityError,
    }
    assert isinstance(error.value, kinds[check])


# -- clocks that stand still


@pytest.fixture
def few(monkeypatch):
    """Set the limit of calls of a handler to 10."""
    monkeypatch.setattr(_recorder, "MOST_CALLS_OF_A_RUN", 10)


@pytest.fixture
def few_looks(monkeypatch):
    """Set the limit of polls of an instance at one instant to 10."""
    monkeypatch.setattr(_recorder, "MOST_CALLS_AT_ONE_INSTANT", 10)


@pytest.mark.parametrize("where", ["in the test", "in a thread"])
@pytest.mark.filterwarnings("ignore::pytest_ecsevents.RealWorkWarning")  # the thread works without waiting, too
@pytest.mark.usefixtures("few")
def test_calls_without_end_outside_run_are_an_error(call, where):
    """After patience, since a test may make many; in a thread it ends the thread, and the test's end has it."""
    counts = []

    def poll():
        with pytest.raises(
            StandingClockError, match=r"for more than 0\.05 seconds.*DescribeRegions.*time\.sleep"
        ) as error:
            while True:
                call("DescribeRegions")
        counts.append(str(error.value))

    with pytest.raises(StandingClockError), EcsEvents(START) as ecs_events:
        ecs_events.patience = 0.05
        if where == "in a thread":
            thread = threading.Thread(target=poll)
            thread.start()
            thread.join()
        else:
            poll()
    assert len(counts) == 1


@pytest.mark.usefixtures("few")
def test_many_calls_outside_run_are_no_error(call):
    """A test may make as many at one instant as it likes, if that does not take long."""
    with EcsEvents(START):
        for _ in range(30):
            call("DescribeRegions")


@pytest.mark.parametrize("kind", ["plain", "catches", "finally"])
@pytest.mark.usefixtures("few")
def test_a_handler_under_run_that_only_calls_is_an_error(call, kind):
    """Its time never passes, so it would not end: it is ended whatever it catches, and run has the reason."""
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
def test_a_coroutine_under_run_that_only_calls_is_an_error_too():
    """It is cancelled in its call, although it never waits."""
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
    """The thread's call raises the error, and run does too, because its handler waits for the thread."""
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
    """A test can call as often as it likes, as can a handler under run whose clock moves."""
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
    """Delayed calls move the clock, as calls of the real service take time."""

    def handler():
        while True:
            call("DescribeRegions")

    with EcsEvents(START) as ecs_events:
        ecs_events.delay("*", "10s")
        assert ecs_events.run(handler, until="5m").at.isoformat() == "2018-08-22T10:44:49+00:00"
    assert len(ecs_events.calls) == 31


@pytest.mark.usefixtures("few_looks")
def test_a_handler_under_run_that_waits_for_an_instance_is_ended_too(call):
    """Polling an instance reaches its limit sooner, whatever the handler catches."""

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
def test_a_test_that_polls_an_instance_without_sleeping_is_an_error(call, sleep):
    """This is so whether sleeping would move the clock or not."""
    with pytest.raises(StandingClockError), EcsEvents(START, sleep=sleep) as ecs_events:
        ecs_events.instances.add("i-web1", stopping_takes="1m")
        call("StopInstance", InstanceId="i-web1")
        for _ in range(11):
            call("DescribeInstanceStatus")


def test_relaxed_calls_see_the_services_own_error(call):
    """Without the check of calls the handler gets the service's own error."""
    with EcsEvents() as ecs_events:
        ecs_events.strict -= {"calls"}
        with pytest.raises(ServerException) as refused:
            call("RebootInstnces")
    assert refused.value.get_error_code() == "InvalidAction.NotFound"
