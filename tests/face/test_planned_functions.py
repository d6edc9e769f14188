"""Functions that a test plans for an instant of virtual time, and rescheduled events."""

import asyncio
import contextlib
import datetime as dt
import time

import pytest
import time_machine

from pytest_ecsevents import (
    BadArgumentError,
    EcsEvents,
    EcsEventsError,
    ReceiverError,
    StandingClockError,
    Stopped,
    UnknownEventError,
)


@pytest.fixture
def ecs():
    """A cloud with one instance."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        ecs_events.instances.add("i-web1")
        yield ecs_events


def fails():
    """An error in a planned function."""
    raise LookupError("no such thing")


def test_a_function_is_called_at_its_instant_with_its_arguments(ecs):
    """The clock is at the instant, however far it is moved, and the function's effects happen there."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    seen = []
    ecs.at("+23h", ecs.cancel, event)
    ecs.at("2030-01-01T01:00:00Z", lambda what, *, how: seen.append((what, how, ecs.now.isoformat())), 1, how=2)

    moved = ecs.advance("30d")

    assert seen == [(1, 2, "2030-01-01T01:00:00+00:00")]
    assert [(str(change.to_status), change.at.isoformat()) for change in moved] == [
        ("Canceled", "2030-01-01T23:00:00+00:00")
    ]


def test_functions_of_one_instant_are_called_in_order_and_see_the_events_of_that_instant(ecs):
    """Each returns before the next is called; at NotBefore it is too late for all."""
    seen = []
    ecs.at("+1h", lambda: (ecs.stop("i-web1"), seen.append("stopped")))
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs.at("+1h", lambda: (ecs.start("i-web1"), seen.append("started")))
    ecs.at("+1h", lambda: (ecs.reboot("i-web1"), seen.append(str(event.status))))

    ecs.advance("1h")

    assert seen == ["stopped", "started", "Executing"]


def test_functions_of_one_instant_wait_for_no_one_that_moves_the_clock(ecs):
    """If the first one waits, the second runs at its own instant."""
    seen = []
    ecs.at("+1h", lambda: (time.sleep(60), seen.append(ecs.now.minute)))
    ecs.at("+1h", lambda: seen.append(ecs.now.minute))
    ecs.at("+1h30s", lambda: seen.append(ecs.now.second))

    ecs.advance("1h")

    assert seen == [0, 30, 1]


def test_a_crowd_of_functions_that_wait_is_called_at_its_instant_and_after(ecs):
    """Some of them nest on one stack, and the rest run after those have returned; events stay in time."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h30s")
    seen = []
    for _ in range(100):
        ecs.at("+1h", lambda: (time.sleep(60), seen.append(str(event.status))))

    ecs.advance("1h")

    assert seen == ["Executed"] * 100
    assert [change.at.minute * 60 + change.at.second for change in event.history] == [0, 30, 31]


@pytest.mark.usefixtures("few_causes")
def test_a_function_that_plans_itself_for_now_is_an_error(ecs):
    """Such a loop takes no time and would not end; the error names the line that planned it."""

    def again():
        ecs.at("+0s", again)

    ecs.at("+1s", again)
    with pytest.raises(
        StandingClockError, match=r"planned with at\(\) at .* in again and others like it were called \d+ times"
    ) as error:
        ecs.advance("1h")
    assert "00:00:01" in str(error.value)
    ecs.advance("1h")


def test_a_function_is_called_in_the_middle_of_no_operation():
    """A clock that moves by itself can make one due during an operation; it waits until the operation is done."""
    seen = []
    with time_machine.travel(dt.datetime(2030, 1, 1, tzinfo=dt.timezone.utc), tick=True), EcsEvents() as ecs:
        ecs.instances.add("i-web1")
        due = ecs.now + dt.timedelta(milliseconds=50)
        ecs.at(due, seen.append, 1)
        with ecs._cloud.changing():
            while ecs.now <= due:
                assert ecs.instances["i-web1"].status == "Running"
            assert seen == []
        assert ecs.instances["i-web1"].status == "Running"
        assert seen == [1]


def test_now_means_at_once(ecs):
    """A function planned for the clock's now has run when `at` returns."""
    seen = []
    ecs.at(ecs.now, seen.append, 1)
    assert seen == [1]


def test_a_function_can_be_canceled_until_it_is_called(ecs):
    """The function that `at` returns cancels it; afterwards it does nothing."""
    seen = []
    take_back, too_late = ecs.at("+1h", seen.append, 1), ecs.at("+2h", seen.append, 2)
    take_back()
    take_back()

    ecs.advance("3h")
    too_late()

    assert seen == [2]


def test_a_function_may_plan_the_next_one(ecs):
    """A function that plans itself again is called as long as time moves."""
    seen = []

    def again():
        seen.append(ecs.now.hour)
        ecs.at("+1h", again)

    ecs.at("+1h", again)
    ecs.advance("3h30m")
    assert seen == [1, 2, 3]


def test_a_function_may_wait(ecs):
    """A function that sleeps moves the clock beyond the target."""
    ecs.at("+1h", time.sleep, 7200)
    ecs.advance("90m")
    assert ecs.now.hour == 3


def test_a_function_planned_in_the_middle_of_an_operation_is_called_after_it(ecs):
    """A function that a receiver plans for now runs after the operation."""
    seen = []
    end = ecs.on_change(lambda _: ecs.at("+0s", lambda: seen.append(str(ecs.instances["i-web1"].status))))
    ecs.reboot("i-web1")
    end()
    assert seen == ["Running"] * 3


def test_advancing_to_the_next_event_calls_functions_on_the_way(ecs):
    """advance_to_next continues until an event changes; a change by a planned function counts."""
    seen = []
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+3h")
    ecs.at("+1h", seen.append, 1)
    ecs.at("+2h", ecs.cancel, event)

    moved = ecs.advance_to_next()

    assert (seen, ecs.now.hour, [str(change.to_status) for change in moved]) == ([1], 2, ["Canceled"])


def test_the_sleep_of_a_handler_calls_it(ecs):
    """It is called while the handler sleeps, at its own instant."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    ecs.at("+90s", ecs.cancel, event)

    def handler():
        while event.status == "Scheduled":
            time.sleep(60)
        return ecs.now.isoformat()

    assert ecs.run(handler, until="1h") == "2030-01-01T00:02:00+00:00"
    assert event.finish_time.isoformat() == "2030-01-01T00:01:30+00:00"


# -- errors


def test_an_error_is_raised_once_by_the_call_that_moved_the_clock(ecs):
    """Advance raises the function's error; teardown does not raise it again."""
    ecs.at("+1h", fails)
    with pytest.raises(LookupError, match="no such thing"):
        ecs.advance("2h")
    assert ecs.now.hour == 1
    ecs.advance("2h")


def test_of_two_errors_none_is_lost(ecs):
    """The next move raises the second error of an instant."""
    ecs.at("+1h", fails)
    ecs.at("+1h", lambda: 1 / 0)
    with pytest.raises(LookupError):
        ecs.advance("1h")
    with pytest.raises(ZeroDivisionError):
        ecs.advance("1h")


def polls(ecs, times):
    """A handler that catches every error of its sleep."""
    for _ in range(times):
        with contextlib.suppress(Exception):
            time.sleep(60)
    return ecs.now.minute


def test_an_error_that_the_handler_caught_is_raised_by_run(ecs):
    """A handler that catches every exception does not hide the error of the test's own function."""
    ecs.at("+90s", fails)
    with pytest.raises(LookupError, match="no such thing"):
        ecs.run(polls, ecs, 3)


def test_an_error_that_the_handler_did_not_catch_is_raised_by_run_once(ecs):
    """Run raises it, and teardown does not raise it again."""
    ecs.at("+90s", fails)
    with pytest.raises(LookupError):
        ecs.run(time.sleep, 120)


def test_an_error_is_raised_from_the_event_loop_that_moved_the_clock(ecs):
    """A coroutine under run cannot hide it either."""

    async def poll():
        for _ in range(3):
            with contextlib.suppress(LookupError):
                await asyncio.sleep(60)

    ecs.at("+90s", fails)
    with pytest.raises(LookupError, match="no such thing"):
        ecs.run(poll)


def test_an_error_is_raised_from_the_users_own_loop():
    """Nor can an awaited coroutine."""

    async def poll():
        for _ in range(60):
            await asyncio.sleep(60)

    async def test():
        ecs.at("+90s", fails)
        await ecs.run_async(poll, until="1h")

    with pytest.raises(LookupError, match="no such thing"), EcsEvents() as ecs:
        asyncio.run(test())


def test_an_error_that_was_caught_outside_run_fails_the_test_at_its_end():
    """A handler called without run cannot hide it; the message has the function, the line and the instant."""
    with pytest.raises(ReceiverError) as complaint, EcsEvents("2030-01-01T00:00:00Z") as ecs:
        ecs.at("+90s", fails)
        polls(ecs, 3)
    here = f"{__file__}:{fails.__code__.co_firstlineno + 2} in fails"
    test = test_an_error_that_was_caught_outside_run_fails_the_test_at_its_end
    planned = f"{__file__}:{test.__code__.co_firstlineno + 3} in {test.__name__}"
    assert str(complaint.value) == (
        "Functions planned with at raised errors that the test did not notice:\n"
        f"  - LookupError at {here}, called at 2030-01-01T00:01:30Z, planned at {planned}: no such thing\n"
        'Correct the function, or catch its error there. If that is intended: ecs_events.strict -= {"receivers"} in the '
        'test, or leave "receivers" out of ecs_events_strict in the ini file; see the manual, "Strictness" '
        "(docs/reference/strictness.md)."
    )


def test_an_error_is_reported_once_and_can_be_relaxed():
    """It is not reported if the test has failed, or if receivers are not checked; many errors are cut short."""
    with pytest.raises(ValueError, match="enough"), EcsEvents() as ecs:
        ecs.at("+90s", fails)
        polls(ecs, 3)
        raise ValueError("enough")

    with EcsEvents(strict="calls, faults") as ecs:
        ecs.at("+90s", fails)
        polls(ecs, 3)

    with pytest.raises(ReceiverError) as complaint, EcsEvents() as ecs:
        for _ in range(30):
            ecs.at("+90s", fails)
            polls(ecs, 2)
    assert str(complaint.value).count("no such thing") == 20


def test_a_function_that_waits_beyond_the_end_of_run_is_no_error(ecs):
    """The end of the handler ends the function too, without an error."""
    ecs.at("+90s", time.sleep, 86_400)
    assert isinstance(ecs.run(polls, ecs, 3, until="1h"), Stopped)


@pytest.mark.parametrize(
    ("when", "function", "sentence"),
    [
        (
            "2029-12-31T23:59:59Z",
            print,
            "at's instant is 2029-12-31T23:59:59Z, 1s before the clock's now, 2030-01-01T00:00:00Z. Pass a later one.",
        ),
        (
            "1h",
            print,
            "at's instant is '1h', which is not an instant. Pass an aware datetime, text with a zone such as "
            '"2018-09-01T00:00:00Z", or one relative to the clock: a timedelta or "+2h30m".',
        ),
        ("+1h", "x", "at got 'x'. Pass a plain function, such as at(\"+23h\", ecs_events.cancel, event)."),
        (
            "+1h",
            asyncio.sleep,
            'at got the coroutine function sleep. Pass a plain function, such as at("+23h", ecs_events.cancel, event).',
        ),
    ],
    ids=["past", "duration", "no function", "coroutine"],
)
def test_what_cannot_be_planned_is_refused_in_a_sentence(ecs, when, function, sentence):
    """The message has the value, and what to pass."""
    with pytest.raises(BadArgumentError) as refused:
        ecs.at(when, function)
    assert str(refused.value) == sentence


def test_outside_its_block_nothing_can_be_planned():
    """A clock that has stopped calls no function."""
    with pytest.raises(EcsEventsError, match="works only inside its with block"):
        EcsEvents().at("+1h", print)


# -- rescheduling


def test_an_event_can_be_rescheduled(ecs, call):
    """NotBefore moves, later or earlier; the event stays Scheduled, and the API shows the first plan too."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h", simulated=False)
    ecs.reschedule(event, "+48h")
    ecs.reschedule(event.event_id, "2030-01-01T01:00:00Z")

    assert event.not_before.isoformat() == "2030-01-01T01:00:00+00:00"
    assert [(str(change.to_status), change.cause) for change in event.history[1:]] == [
        ("Scheduled", "rescheduled by the test: NotBefore 2030-01-03T00:00:00Z"),
        ("Scheduled", "rescheduled by the test: NotBefore 2030-01-01T01:00:00Z"),
    ]
    shown = call("DescribeInstanceHistoryEvents", EventCycleStatus="Scheduled")["InstanceSystemEventSet"]
    assert shown["InstanceSystemEventType"][0]["ExtendedAttribute"] == {"InitialNotBefore": "2030-01-02T00:00:00Z"}
    assert [change.at.hour for change in ecs.advance("2h")] == [1, 1]


def test_only_a_scheduled_event_can_be_rescheduled(ecs):
    """An event that has run is refused with a message."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs.advance("2h")
    with pytest.raises(UnknownEventError) as refused:
        ecs.reschedule(event, "+1h")
    assert str(refused.value) == f"{event.event_id} is Executed; only Scheduled events can be rescheduled."


def test_a_receiver_of_changes_that_sleeps_gets_many_changes_one_by_one(ecs):
    """It is not called again before it has returned, whatever happens while it sleeps."""
    calls = []

    def receiver(change):
        if change.to_status == "Executing":
            calls.append(("begins", ecs.now.minute))
            time.sleep(60)
            calls.append(("ends", ecs.now.minute))

    ids = [ecs.instances.add(f"i-{number}").instance_id for number in range(100)]
    for instance_id in ids:
        ecs.create("SystemMaintenance.Reboot", instance_id, not_before="+1h")
    ecs.on_change(receiver)
    ecs.advance("1h")
    assert calls == [(what, (n + later) % 60) for n in range(100) for what, later in (("begins", 0), ("ends", 1))]


@pytest.mark.usefixtures("few_causes")
def test_a_receiver_of_changes_that_causes_changes_is_an_error(ecs):
    """A reboot for each change causes two more changes; the error names the receiver."""
    ecs.on_change(lambda _: ecs.reboot("i-web1"))
    with pytest.raises(StandingClockError, match=r"A receiver of on_change .* called \d+ times"):
        ecs.reboot("i-web1")
