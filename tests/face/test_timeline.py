"""The timeline of a test."""

import contextlib
import gc
import random
import re
import threading
import time
from typing import get_args

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from hypothesis import given
from hypothesis import strategies as st

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.clock._times import SECOND, elapsed_text
from pytest_ecsevents.report._entries import FORMATTERS, JournalEntry, Rank, TimelineEntry
from pytest_ecsevents.report._rounds import fold_rounds
from pytest_ecsevents.report._sleeps import Position, SleepLog
from pytest_ecsevents.rpc._calls import Call


@pytest.mark.parametrize("threads", [1, 2])
def test_a_poller_of_which_some_calls_fail_takes_one_line(call, threads):
    """It counts its outcomes in any order; lines of other threads and of events stay separate."""

    def poll():
        for _ in range(50):
            with contextlib.suppress(Exception):
                call("DescribeInstances")
            time.sleep(60)

    with EcsEvents() as ecs_events:
        ecs_events.fail("DescribeInstances", "Forbidden.RAM", probability=0.3)
        others = [threading.Thread(target=poll) for _ in range(threads - 1)]
        for other in others:
            other.start()
        poll()
        for other in others:
            other.join()
        shown = [line for line in ecs_events.timeline().splitlines() if "DescribeInstances" in line]
    assert len(shown) == threads
    for line in shown:
        answered, met = map(
            int,
            re.findall(r"DescribeInstances\(\) -> 200, 0 instances (\d+) times; 403 .*, a fault (\d+) times", line)[0],
        )
        assert 5 < met < 25
        assert answered + met == 50
        assert line.endswith("(50 times, every 60s, until +00:49:00)")


def test_a_few_failures_in_a_row_keep_their_lines(call):
    """One or two calls keep their order."""
    with EcsEvents() as ecs_events:
        for code in ("Forbidden.RAM", None, "InternalError", None):
            if code is not None:
                ecs_events.fail("DescribeRegions", code, optional=True)
            with contextlib.suppress(Exception):
                call("DescribeRegions")
            ecs_events.advance("1m")
        assert ecs_events.timeline().count("DescribeRegions") >= 4


def test_calls_name_their_region_where_there_are_several(call):
    """Otherwise calls of two regions would look the same, and be merged."""
    with EcsEvents() as ecs_events:
        call("DescribeInstances", RegionId="cn-hangzhou")
        assert " in cn-" not in ecs_events.timeline()
        call("DescribeInstances", RegionId="cn-beijing")
        shown = ecs_events.timeline()
    assert "DescribeInstances() in cn-hangzhou -> 200" in shown
    assert "DescribeInstances() in cn-beijing -> 200" in shown


def test_the_timeline_shows_everything(call):
    """It shows calls, events and instances with their causes, and faults, each at its instant, in order."""
    with EcsEvents("2030-01-01T00:00:00Z", seed="story") as ecs_events:
        ecs_events.instances.add("i-web1")
        event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
        ecs_events.fail("RebootInstance", "Throttling.User")
        ecs_events.advance("500ms")
        call("DescribeInstancesFullStatus", InstanceId__1="i-web1")
        with pytest.raises(ServerException):
            call("RebootInstance", InstanceId="i-web1")
        call("RebootInstance", InstanceId="i-web1")
        real = ecs_events.create("SystemFailure.Delete", "i-web1", simulated=False)
        ecs_events.advance("2d")
        with pytest.raises(ServerException):
            call("RebootInstance", InstanceId="i-web1")
        text = ecs_events.timeline()
    assert text.splitlines() == [
        "clock 2030-01-01T00:00:00Z +2d 00:00:00.5 = 2030-01-03T00:00:00Z (freezegun); 2 events, 4 calls, 1 fault",
        f"      +00:00:00  event     {event.event_id}  simulated SystemMaintenance.Reboot on i-web1: Scheduled, NotBefore "
        "2030-01-02T00:00:00Z (created by the test)",
        "    +00:00:00.5  call      DescribeInstancesFullStatus(InstanceId=[i-web1]) -> 200, 1 instance",
        "    +00:00:00.5  fault     RebootInstance(InstanceId=i-web1) -> 400 Throttling.User",
        "    +00:00:00.5  call      RebootInstance(InstanceId=i-web1) -> 200",
        f"    +00:00:00.5  event     {event.event_id}  Scheduled -> Avoided: RebootInstance before NotBefore",
        "    +00:00:00.5  instance  i-web1  Running -> Stopping -> Starting -> Running: RebootInstance",
        f"    +00:00:00.5  event     {real.event_id}  SystemFailure.Delete on i-web1: Executing, NotBefore "
        "2030-01-01T00:00:00Z (created by the test)",
        "    +00:00:00.5  instance  i-web1  Running -> Stopping -> Stopped: SystemFailure.Delete",
        f"    +00:00:01.5  event     {real.event_id}  Executing -> Executed: execution ended",
        "    +00:00:01.5  instance  i-web1  Stopped -> released: SystemFailure.Delete",
        " +2d 00:00:00.5  call      RebootInstance(InstanceId=i-web1) -> 404 InvalidInstanceId.NotFound",
        "                             i-web1 has been released.",
    ]


def test_a_call_repeated_exactly_is_one_line(call):
    """A poll with equal results is one line, with its number, interval, and last instant."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        for _ in range(3):
            call("DescribeInstances")
            ecs_events.advance("10m")
        call("DescribeInstances", Status="Running")
        call("DescribeInstances", Status="Running")
        assert ecs_events.timeline().splitlines()[1:] == [
            " +00:00:00  call      DescribeInstances() -> 200, 0 instances (3 times, every 10m, until +00:20:00)",
            " +00:30:00  call      DescribeInstances(Status=Running) -> 200, 0 instances (2 times)",
        ]


def test_a_poller_that_sleeps_is_one_line_until_something_differs(call):
    """A poll with a sleep between is one line; another answer, an error or an event has its own."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        ecs_events.instances.add("i-web1")
        event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+5m")
        ecs_events.fail("DescribeInstances", "NotNow", message="Not now.", http_status=400, between=("+3m", "+3m"))
        for number in range(11):
            if number == 3:
                with pytest.raises(ServerException):
                    call("DescribeInstances")
            call("DescribeInstances")
            time.sleep(60)
        assert ecs_events.timeline().splitlines()[2:] == [
            " +00:00:00  call      DescribeInstances() -> 200, 1 instance (3 times, every 60s, until +00:02:00)",
            " +00:03:00  fault     DescribeInstances() -> 400 NotNow",
            " +00:03:00  call      DescribeInstances() -> 200, 1 instance",
            " +00:03:00  sleep     60s",
            " +00:04:00  call      DescribeInstances() -> 200, 1 instance",
            " +00:04:00  sleep     60s",
            f" +00:05:00  event     {event.event_id}  Scheduled -> Executing: NotBefore reached",
            " +00:05:00  call      DescribeInstances() -> 200, 1 instance",
            " +00:05:00  sleep     60s",
            f" +00:05:01  event     {event.event_id}  Executing -> Executed: execution ended",
            " +00:06:00  call      DescribeInstances() -> 200, 1 instance (5 times, every 60s, until +00:10:00)",
        ]


def test_rounds_of_several_calls_are_one_entry(call):
    """A handler's round is one entry, its calls below each other; in reports, long rounds show the first and last."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        ecs_events.instances.add("i-web1")
        for _ in range(4):
            call("DescribeInstances")
            time.sleep(2)
            call("DescribeInstanceStatus")
            time.sleep(58)
        for _ in range(3):
            for name in "abcdef":
                call("DescribeInstanceStatus", InstanceId__1=f"i-{name}")
            time.sleep(0)
        assert ecs_events.timeline().splitlines()[1:] == [
            " +00:00:00  call      DescribeInstances() -> 200, 1 instance, then",
            "                      DescribeInstanceStatus() -> 200, 1 instance (4 times, every 60s, until +00:03:00)",
            " +00:04:00  call      DescribeInstanceStatus(InstanceId=[i-a]) -> 200, 0 instances, then",
            "                      DescribeInstanceStatus(InstanceId=[i-b]) -> 200, 0 instances, then",
            "                      DescribeInstanceStatus(InstanceId=[i-c]) -> 200, 0 instances, then",
            "                      DescribeInstanceStatus(InstanceId=[i-d]) -> 200, 0 instances, then",
            "                      DescribeInstanceStatus(InstanceId=[i-e]) -> 200, 0 instances, then",
            "                      DescribeInstanceStatus(InstanceId=[i-f]) -> 200, 0 instances (3 times)",
        ]
        assert ecs_events._parts.timeline(200).splitlines()[-2:] == [
            "                      ... 2 more calls, then",
            "                      DescribeInstanceStatus(InstanceId=[i-f]) -> 200, 0 instances (3 times)",
        ]


def test_what_instances_do_in_each_round_is_part_of_it(call):
    """A handler that reboots at every poll is one entry; its first reboot, which caused an event, has its own."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        ecs_events.instances.add("i-web1", starting_takes="20s")
        event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
        for _ in range(5):
            call("DescribeInstances")
            call("RebootInstance", InstanceId="i-web1")
            time.sleep(60)
        assert ecs_events.timeline().splitlines()[2:] == [
            " +00:00:00  call      DescribeInstances() -> 200, 1 instance",
            " +00:00:00  call      RebootInstance(InstanceId=i-web1) -> 200",
            f" +00:00:00  event     {event.event_id}  Scheduled -> Avoided: RebootInstance before NotBefore",
            " +00:00:00  instance  i-web1  Running -> Stopping -> Starting: RebootInstance",
            " +00:00:00  sleep     60s",
            " +00:00:20  instance  i-web1  Starting -> Running: RebootInstance",
            " +00:01:00  call      DescribeInstances() -> 200, 1 instance, then",
            "                      RebootInstance(InstanceId=i-web1) -> 200, then",
            "                      instance i-web1  Running -> Stopping -> Starting: RebootInstance, then",
            "                      20s later instance i-web1  Starting -> Running: RebootInstance (4 times, every 60s, until "
            "+00:04:00)",
        ]


def test_what_instances_do_at_other_times_is_no_part_of_a_round(call):
    """Among a poller's even calls the test's reboots have their own lines, unless they are as even."""
    way = "Running -> Stopping -> Starting -> Running: reboot by the test"
    for at, shown in (
        (("+10s", "+75s", "+170s"), [" +00:00:10  instance", " +00:01:15  instance", " +00:02:50  instance"]),
        (("+10s", "+70s", "+130s"), []),
    ):
        with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
            ecs_events.instances.add("i-web1")
            for when in at:
                ecs_events.at(when, ecs_events.reboot, "i-web1")
            for _ in range(3):
                call("DescribeInstances")
                time.sleep(60)
            lines = ecs_events.timeline().splitlines()[1:]
            assert [line.partition("  i-web1")[0] for line in lines if line.endswith(f"i-web1  {way}")] == shown
    assert lines == [
        " +00:00:00  call      DescribeInstances() -> 200, 1 instance, then",
        f"                      10s later instance i-web1  {way} (3 times, every 60s, until +00:02:00)",
    ]


def test_a_long_round_is_cut_where_lines_are_counted(call):
    """The omitted part of a round is named as calls only if it has only calls; the whole timeline omits nothing."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        for name in ("i-web1", "i-web2"):
            ecs_events.instances.add(name)
        for _ in range(3):
            for name in ("i-web1", "i-web2"):
                call("RebootInstance", InstanceId=name)
            call("DescribeInstances")
            time.sleep(60)
        way = "Running -> Stopping -> Starting -> Running: RebootInstance"
        first, (beside, last) = (
            [
                " +00:00:00  call      RebootInstance(InstanceId=i-web1) -> 200, then",
                f"                      instance i-web1  {way}, then",
                "                      RebootInstance(InstanceId=i-web2) -> 200, then",
            ],
            [
                f"                      instance i-web2  {way}, then",
                "                      DescribeInstances() -> 200, 2 instances (3 times, every 60s, until +00:02:00)",
            ],
        )
        assert ecs_events.timeline().splitlines()[1:] == [*first, beside, last]
        more = "                      ... 1 more, then"
        assert ecs_events._parts.timeline(200).splitlines()[1:] == [*first, more, last]


def test_a_test_that_moves_time_itself_sees_each_change():
    """Changes of instances without a call of a handler are no round."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        ecs_events.instances.add("i-web1")
        for _ in range(3):
            ecs_events.reboot("i-web1")
            ecs_events.advance("1h")
        way = "Running -> Stopping -> Starting -> Running"
        assert [line.partition(way)[0] for line in ecs_events.timeline().splitlines()[1:]] == [
            f" +0{hour}:00:00  instance  i-web1  " for hour in range(3)
        ]


def test_a_fault_in_a_round_is_noted_once(call):
    """A round in which the same call gets a fault each time has a note."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        ecs_events.fail("DescribeInstanceStatus", "NotNow", times=3, message="Not now.", http_status=400)
        for _ in range(3):
            call("DescribeInstances")
            with pytest.raises(ServerException):
                call("DescribeInstanceStatus")
            time.sleep(60)
        assert ecs_events.timeline().splitlines()[1:] == [
            " +00:00:00  call      DescribeInstances() -> 200, 0 instances, then",
            "                      DescribeInstanceStatus() -> 400 NotNow, a fault (3 times, every 60s, until +00:02:00)",
        ]


def test_sleeps_in_a_row_are_one_line():
    """Equal sleeps are counted, as are those of about the same length; others have their own lines."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        for seconds in (*[3600] * 5, 0.25, *(50, 60, 55, 70)):
            time.sleep(seconds)
        assert ecs_events.timeline().splitlines()[1:] == [
            "    +00:00:00  sleep     1h (5 times, until +05:00:00)",
            "    +05:00:00  sleep     0.25s",
            " +05:00:00.25  sleep     50s to 70s (4 times, every 50s to 60s, until +05:02:45.25)",
        ]


def test_an_uneven_poll_is_one_line_too(call):
    """A poller whose sleeps jitter shows the shortest and the longest; one that backs off is not merged."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        for seconds in (54, 66, 60, 60, 59, 600, 1200, 2400):
            call("DescribeInstances")
            time.sleep(seconds)
        assert [line[:80] for line in ecs_events.timeline().splitlines()[1:]] == [
            " +00:00:00  call      DescribeInstances() -> 200, 0 instances (6 times, every 54",
            " +00:04:59  sleep     10m",
            " +00:14:59  call      DescribeInstances() -> 200, 0 instances",
            " +00:14:59  sleep     20m",
            " +00:34:59  call      DescribeInstances() -> 200, 0 instances",
            " +00:34:59  sleep     40m",
        ]
        assert "every 54s to 66s, until +00:04:59)" in ecs_events.timeline()


def test_several_threads_are_distinguished(call):
    """Each thread's rounds are merged separately, and each line has its thread, except changes of the cloud."""

    def poll(every):
        for _ in range(5):
            call("DescribeInstances")
            time.sleep(every)

    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        ecs_events.instances.add("i-web1")
        event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
        threads = [threading.Thread(target=poll, args=(every,), name=f"every-{every}") for every in (60, 150)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {seen.thread for seen in ecs_events.calls} == {"every-60", "every-150"}
        assert ecs_events.timeline().splitlines()[1:] == [
            f" +00:00:00  event     {event.event_id}  simulated SystemMaintenance.Reboot on i-web1: Scheduled, NotBefore "
            "2030-01-02T00:00:00Z (created by the test)",
            " +00:00:00  call      [every-150] DescribeInstances() -> 200, 1 instance (5 times, every 2m30s, until +00:10:00)",
            " +00:00:00  call      [every-60] DescribeInstances() -> 200, 1 instance (5 times, every 60s, until +00:04:00)",
        ]


def test_a_month_of_polls_is_one_line_quickly():
    """43,200 equal sleeps take the space of one, and each takes little time."""
    log = SleepLog()
    minute = 60 * SECOND
    for number in range(43_200):
        log.add(number * minute, (number + 1) * minute)
    (stream,) = log.streams()
    assert len(stream) == 1
    sleeps = list(stream.sleeps(Position(0, 0), stream.end))
    assert len(sleeps) == 43_200
    assert sleeps[-1][:2] == (43_199 * minute, 43_200 * minute)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3))))
def test_sleeps_are_remembered_as_they_were(given):
    """In any sequence of sleeps, their durations are remembered exactly."""
    log, now, slept = SleepLog(), 0, []
    for pause, span in given:
        now += pause
        log.add(now, now + span)
        if span:
            slept.append((now, now + span))
        now += span
    assert [sleep[:2] for stream in log.streams() for sleep in stream.sleeps(Position(0, 0), stream.end)] == slept


@given(
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from("AABS"), st.sampled_from(["one", "one", "two", ""]))),
    st.integers(1, 6),
)
def test_rounds_contain_every_call_once(given, repeats):
    """In any sequence of calls, sleeps and changes, rounds contain each call exactly once."""
    now, entries = 0, []
    for pause, what, thread in given * repeats:
        now += pause
        kind = {"S": "sleep", "B": "call" if thread else "instance"}.get(what, "call")
        entries.append(TimelineEntry(now, kind, what, thread=thread, rank=Rank.QUERY, key=ord(what)))
    shown = list(fold_rounds(entries))
    assert sorted(one.block[0].at for one in shown) == [one.block[0].at for one in shown]
    for what in "AB":
        for thread in ("one", "two", ""):
            count = sum((entry.text, entry.thread) == (what, thread) for entry in entries)
            found = sum(
                one.times * sum((entry.text, entry.thread) == (what, thread) for entry in one.block) for one in shown
            )
            assert found == count


def test_the_timeline_stays_as_it_was_when_the_cloud_was_left():
    """After the test the timeline has the instant at which it ended."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        ecs_events.advance("1h")
    assert ecs_events.timeline() == (
        "clock 2030-01-01T00:00:00Z +01:00:00 = 2030-01-01T01:00:00Z (freezegun); 0 events, 0 calls, 0 faults"
    )
    assert repr(ecs_events) == "<EcsEvents at 2030-01-01T01:00:00Z: 0 events, 0 instances, 0 calls>"


def test_an_empty_answer_says_where_there_are_events(call):
    """An empty answer in the wrong region or account differs from one without any events."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        ecs_events.instances.add("i-web1", region_id="cn-beijing")
        ecs_events.instances.add("i-web2", account_id="222", region_id="cn-hangzhou")
        for name in ("i-web1", "i-web2"):
            ecs_events.create("SystemMaintenance.Reboot", name, not_before="+1h")
        call("DescribeInstanceHistoryEvents", EventCycleStatus="Scheduled")
        call("DescribeInstancesFullStatus")
        hint = (
            "                        None in cn-hangzhou of account 1000000000000001; such events exist in "
            "cn-beijing, of account 222 in cn-hangzhou."
        )
        lines = ecs_events.timeline().splitlines()
        assert (lines[4], lines[6]) == (hint, hint)


def test_faults_not_met_yet_are_counted():
    """The header has the number of declared faults that were used."""
    with EcsEvents() as ecs_events:
        ecs_events.strict = False
        ecs_events.fail("RebootInstance", "Throttling", times=3)
        assert ecs_events.timeline().endswith("0 calls, 0 of 3 faults met")


def test_long_values_of_a_call_are_cut(call):
    """A call with many ids shows the first three and a count, a long text its start; a tag is shown as key:value."""
    with EcsEvents() as ecs_events:
        call("DescribeInstanceStatus", **{f"InstanceId__{n}": f"i-{n}" for n in range(1, 6)})
        call("DescribeInstances", Tag__1__Key="role", Tag__1__Value="web")
        call("DescribeInstances", InstanceIds=str([f"i-{number:04}" for number in range(50)]).replace("'", '"'))
        lines = ecs_events.timeline().splitlines()
    assert lines[1].endswith("DescribeInstanceStatus(InstanceId=[i-1, i-2, i-3, and 2 more]) -> 200, 0 instances")
    assert lines[2].endswith("DescribeInstances(Tag=[role:web]) -> 200, 0 instances")
    assert lines[3].endswith(
        'DescribeInstances(InstanceIds=["i-0000", "i-0001", "i-0002", "i-0003", "i-0004", "i-000...) -> 200, 0 instances'
    )


def test_a_rescheduled_event_was_published_with_its_first_planned_time(call):
    """The line of the publication does not change when NotBefore is moved."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        ecs_events.instances.add("i-web1")
        event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h", simulated=False)
        call(
            "ModifySystemEventAttribute", InstanceId="i-web1", EventId=event.event_id, NotBefore="2030-01-01T12:00:00Z"
        )
        lines = ecs_events.timeline().splitlines()
    assert lines[1].endswith("Scheduled, NotBefore 2030-01-02T00:00:00Z (created by the test)")
    assert lines[3].endswith("Scheduled -> Scheduled: ModifySystemEventAttribute: NotBefore 2030-01-01T12:00:00Z")


@pytest.fixture
def long_story(call):
    """Return a timeline without patterns: random polls, then an event that is avoided, repeatedly."""

    def long_story(ecs_events, *, looks, events):
        chance = random.Random(7)
        ecs_events.instances.add("i-web1")
        for _ in range(events):
            for number in range(looks):
                call("DescribeInstances", PageSize=10 + number)
                time.sleep(chance.randint(1, 10**5))
            ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+9999d")
            ecs_events.reboot("i-web1")

    return long_story


def _kinds(text):
    """Return the kind of each line; for a line about omitted entries, its text."""
    lines = [re.sub(r"\+(\d+d )?[\d:]+", "+T", line) for line in text.splitlines()[1:]]
    return [line.strip() if "..." in line else line.split()[1] for line in lines]


def test_looks_are_counted_first_when_a_story_is_too_long(long_story):
    """Of many polls the first and the last stay, as many as fit, and the others are counted."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        long_story(ecs_events, looks=30, events=1)
        news = ["event", "event", "instance"]
        poll = ["call", "sleep"]
        assert _kinds(ecs_events._parts.timeline(63)) == [*poll * 30, *news]
        assert _kinds(ecs_events._parts.timeline(62)) == [
            *poll * 10,
            "+T  call      ... 10 calls answered 200, until +T",
            *poll * 10,
            *news,
        ]
        assert _kinds(ecs_events._parts.timeline(15)) == [
            *(poll * 3)[:5],
            "+T  call      ... 25 calls answered 200, until +T",
            *(poll * 3)[1:],
            *news,
        ]
        assert _kinds(ecs_events._parts.timeline(4)) == ["+T  call      ... 30 calls answered 200, until +T", *news]


def test_sleeps_alone_are_counted_as_sleeps():
    """Many uneven sleeps are shown as their number."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        for number in range(10):
            time.sleep(7 * 3**number)
        assert _kinds(ecs_events._parts.timeline(4)) == ["sleep", "+T  sleep     ... 8 sleeps, until +T", "sleep"]


def test_the_middle_of_what_matters_least_is_left_out(long_story):
    """Polls are omitted first, then changes of instances, then the middle of the rest.

    Each gap says what is missing.
    """

    def left_out(number, what):
        return f"... up to +T, {number} lines about {what} are left out; ecs_events.timeline() has them"

    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        long_story(ecs_events, looks=2, events=4)
        assert len(_kinds(ecs_events._parts.timeline(16))) == 16
        assert _kinds(ecs_events._parts.timeline(14)) == [
            left_out(3, "calls and sleeps"),
            *["event", "event", "instance"] * 3,
            "+T  call      ... 2 calls answered 200, until +T",
            *["event", "event", "instance"],
        ]
        assert _kinds(ecs_events._parts.timeline(11)) == [
            left_out(4, "calls and sleeps"),
            *["event", "event"],
            left_out(3, "calls and instances"),
            *["event"] * 6,
            "instance",
        ]
        assert _kinds(ecs_events._parts.timeline(6)) == [
            left_out(4, "calls and sleeps"),
            "event",
            left_out(5, "events, faults and errors"),
            left_out(4, "calls and instances"),
            "event",
            "event",
        ]


def test_a_single_line_is_never_left_out(call):
    """The text that stands for omitted lines would be as long as the line."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        ecs_events.instances.add("i-web1")
        call("DescribeInstances")
        for _ in range(4):
            ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+9999d")
        kinds = _kinds(ecs_events._parts.timeline(3))
    assert kinds[0] == "call"
    assert kinds[1].endswith("3 lines about events, faults and errors are left out; ecs_events.timeline() has them")
    assert kinds[2:] == ["event"]


def test_a_program_without_a_garbage_collector_stays_without():
    """The timeline pauses the collector, and leaves it off if it was off."""
    with EcsEvents() as ecs_events:
        gc.disable()
        try:
            ecs_events.timeline()
            assert not gc.isenabled()
        finally:
            gc.enable()
        ecs_events.timeline()
        assert gc.isenabled()


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "+00:00:00"),
        (3_723_000_001, "+01:02:03.000001"),
        (90_000_000_000, "+1d 01:00:00"),
        (-1_000_000, "-00:00:01"),
    ],
)
def test_elapsed_time_is_printed_in_days_and_hours(micros, text):
    """Instants count from the start, also backwards when the clock was moved back."""
    assert elapsed_text(micros) == text


def test_each_kind_of_entry_has_a_formatter():
    """Of calls, each service has a kind of its own."""
    kinds = {*get_args(JournalEntry), *Call.__subclasses__()} - {Call}
    # By name: on Python 3.10 a dataclass with slots leaves its first class behind.
    assert {one.__name__ for one in FORMATTERS} == {one.__name__ for one in kinds}


def test_events_that_change_alike_share_a_line_in_a_report():
    """Of many events of one instant a report names the first two and the number of the others; `timeline` lists all."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        for number in range(9):
            ecs_events.create("SystemMaintenance.Reboot", f"i-{number}", not_before="+1h")
        ecs_events.cancel(ecs_events.one(instance_id="i-4"))
        ecs_events.advance("1h")
        first, second, *_ = (event.event_id for event in ecs_events)
        header, published, canceled, executing, *_ = ecs_events._parts.timeline(200).splitlines()
        assert header.endswith("9 events, 0 calls, 0 faults")
        assert (
            f"{first}, {second}, and 7 more  simulated SystemMaintenance.Reboot on i-0, i-1, and 7 more: Scheduled, NotBefore "
            "2030-01-01T01:00:00Z (created by the test)" in published
        )
        assert ecs_events.one(instance_id="i-4").event_id in canceled
        assert f"{first}, {second}, and 6 more  Scheduled -> Executing: NotBefore reached" in executing
        assert len(ecs_events.timeline().splitlines()) == 1 + 9 + 1 + 8


def test_a_few_events_that_change_alike_have_a_line_each():
    """Seven lines can be read, and tell which event is of which instance."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        for number in range(7):
            ecs_events.create("SystemMaintenance.Reboot", f"i-{number}", not_before="+1h")
        assert len(ecs_events._parts.timeline(200).splitlines()) == 1 + 7


def test_of_many_groups_of_events_the_first_and_the_last_are_shown():
    """What lies between is counted by events, each of which `timeline` shows."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        for hour in range(12):
            for number in range(8):
                ecs_events.create("SystemMaintenance.Reboot", f"i-{hour}-{number}", not_before=f"+{hour + 1}h")
        _, first, left_out, *last = ecs_events._parts.timeline(4).splitlines()
        assert "i-0-0, i-0-1, and 6 more: Scheduled" in first
        assert " lines about events, faults and errors are left out" in left_out
        assert "i-11-0, i-11-1, and 6 more: Scheduled" in last[-1]
