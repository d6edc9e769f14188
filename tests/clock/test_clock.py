"""What moves time, and what happens in between."""

import asyncio
import datetime as dt
import math
import queue
import sqlite3
import sys
import threading
import time
import types
from _thread import allocate_lock
from multiprocessing.pool import ThreadPool

import freezegun
import pytest
import time_machine

from pytest_ecsevents import BadArgumentError, EcsEvents, EcsEventsError

START = "2018-08-22T10:39:49Z"


@pytest.fixture(params=["freezegun", "time-machine"])
def ecs(request):
    """A cloud with one instance, on each back end."""
    with EcsEvents(START, backend=request.param) as ecs_events:
        ecs_events.instances.add("i-web1")
        yield ecs_events


def test_the_process_and_the_fake_have_one_clock(ecs):
    """The handler and the fake read the same instant, before and after a move."""
    assert dt.datetime.now(dt.timezone.utc) == ecs.now == dt.datetime(2018, 8, 22, 10, 39, 49, tzinfo=dt.timezone.utc)
    ecs.advance("1.5s")
    assert dt.datetime.now(dt.timezone.utc) == ecs.now
    assert time.time() == ecs.now.timestamp()
    assert time.gmtime().tm_sec == 50


def test_advance_returns_the_transitions_in_order(ecs):
    """Everything due happens in the order of its instants; ties happen in order of creation."""
    late = ecs.create("SystemMaintenance.Stop", "i-web1", not_before="+2h")
    first = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    tied = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    moved = ecs.advance(hours=3)
    assert [(change.event, str(change.to_status)) for change in moved] == [
        (first, "Executing"),
        (tied, "Executing"),
        (first, "Executed"),
        (tied, "Executed"),
        (late, "Executing"),
        (late, "Executed"),
    ]
    assert [change.cause for change in moved[:1] + moved[2:3]] == ["NotBefore reached", "execution ended"]


def test_the_clock_stands_at_each_due_instant(ecs):
    """During a transition and its receivers, the process's clock shows the transition's instant."""
    seen = []
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs.on_change(lambda change: seen.append((change.at, dt.datetime.now(dt.timezone.utc))))
    ecs.advance("1d")
    assert [at.isoformat() for at, _ in seen] == ["2018-08-22T11:39:49+00:00", "2018-08-22T11:39:50+00:00"]
    assert all(at == now for at, now in seen)
    assert ecs.now.isoformat() == "2018-08-23T10:39:49+00:00"


def test_what_a_receiver_creates_before_the_target_happens_too(ecs):
    """A receiver creates an event that is due before the target; that event happens too, in its place."""

    def follow_up(change):
        if change.to_status == "Executed" and len(ecs) == 1:
            ecs.create("SystemMaintenance.Stop", "i-web1", not_before="+10m")

    ecs.on_change(follow_up)
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    moved = ecs.advance("2h")
    assert [(change.event.event_type, str(change.to_status), change.at.isoformat()) for change in moved] == [
        ("SystemMaintenance.Reboot", "Executing", "2018-08-22T11:39:49+00:00"),
        ("SystemMaintenance.Reboot", "Executed", "2018-08-22T11:39:50+00:00"),
        ("SystemMaintenance.Stop", "Scheduled", "2018-08-22T11:39:50+00:00"),
        ("SystemMaintenance.Stop", "Executing", "2018-08-22T11:49:50+00:00"),
        ("SystemMaintenance.Stop", "Executed", "2018-08-22T11:49:51+00:00"),
    ]


def test_a_receiver_may_reboot_in_time(ecs):
    """A receiver that reboots during the advance avoids the event."""
    ecs.on_change(lambda change: ecs.reboot("i-web1") if change.to_status == "Executing" else None)
    ecs.create("SystemMaintenance.Stop", "i-web1", not_before="+1h")
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+2h")
    ecs.advance("3h")
    assert event.status == "Avoided"
    assert event.finish_time.isoformat() == "2018-08-22T11:39:49+00:00"


def test_a_receiver_that_moves_the_clock_beyond_the_target_leaves_it_there(ecs):
    """Time never goes back: the outer advance ends where the inner one stopped."""
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    end = ecs.on_change(lambda change: ecs.advance("5h") if change.to_status == "Executing" else None)
    ecs.advance("2h")
    assert ecs.now.isoformat() == "2018-08-22T16:39:49+00:00"
    end()
    assert ecs.one().status == "Executed"


def test_an_error_in_a_receiver_is_raised_by_advance_and_loses_nothing(ecs):
    """Every receiver gets the change, the first error is raised, and later due work still happens."""
    heard = []
    end = ecs.on_change(lambda _: 1 // 0)
    ecs.on_change(heard.append)
    with pytest.raises(ZeroDivisionError):
        ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    end()
    assert len(heard) == 1
    assert [str(change.to_status) for change in ecs.advance("2h")] == ["Executing", "Executed"]


def test_advance_to_next_goes_from_due_instant_to_due_instant(ecs):
    """It stops at each instant where something is due, skips canceled work, and returns nothing at the end."""
    canceled = ecs.create("SystemMaintenance.Stop", "i-web1", not_before="+10m")
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs.cancel(canceled)
    assert [str(change.to_status) for change in ecs.advance_to_next()] == ["Executing"]
    assert ecs.now.isoformat() == "2018-08-22T11:39:49+00:00"
    assert [str(change.to_status) for change in ecs.advance_to_next()] == ["Executed"]
    before = ecs.now
    assert ecs.advance_to_next() == []
    assert ecs.now == before


def test_moving_by_nothing_does_nothing(ecs):
    """A computed duration can be zero; the clock does not move, and nothing happens."""
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1s")
    before = ecs.now
    assert [ecs.advance(hours=0), ecs.advance("0s"), ecs.advance_to(before)] == [[], [], []]
    assert ecs.now == before


@pytest.mark.parametrize(
    ("move", "sentence"),
    [
        (
            lambda ecs: ecs.advance(),
            'advance got no duration. Pass one: advance("2h") or advance(hours=2).',
        ),
        (
            lambda ecs: ecs.advance(hour=1),
            "advance has no argument 'hour'. Did you mean hours? It takes: weeks, days, hours, minutes, seconds, "
            "milliseconds, microseconds.",
        ),
        (
            lambda ecs: ecs.advance(hours=-2),
            "This would move the clock back by 2h, from 2018-08-22T10:39:49Z to 2018-08-22T08:39:49Z. Time only moves "
            "forward here: pass a later instant, or start earlier with @pytest.mark.ecs_clock(start=...).",
        ),
        (
            lambda ecs: ecs.advance("-2h"),
            "This would move the clock back by 2h, from 2018-08-22T10:39:49Z to 2018-08-22T08:39:49Z. Time only moves "
            "forward here: pass a later instant, or start earlier with @pytest.mark.ecs_clock(start=...).",
        ),
        (
            lambda ecs: ecs.advance_to("2018-08-22T10:39:48Z"),
            "This would move the clock back by 1s, from 2018-08-22T10:39:49Z to 2018-08-22T10:39:48Z. Time only moves "
            "forward here: pass a later instant, or start earlier with @pytest.mark.ecs_clock(start=...).",
        ),
        (
            lambda ecs: ecs.advance(days=9_000_000),
            "This would move the clock by 9000000d, beyond 9999-12-30T23:59:59Z, where it ends. Pass an earlier instant, or a "
            "shorter duration.",
        ),
        (
            lambda ecs: ecs.advance(days=10**12),
            "advance got 1000000000000, which is not a duration. Pass numbers, such as hours=2, that stay within the "
            "year 9999.",
        ),
        (
            lambda ecs: ecs.advance(hours="2"),
            "advance got '2', which is not a duration. Pass numbers, such as hours=2, that stay within the year 9999.",
        ),
        (
            lambda ecs: ecs.advance("1h", minutes=1),
            'advance got a duration and keywords as well. Pass one: advance("2h") or advance(hours=2).',
        ),
        (
            lambda ecs: ecs.advance(3600),
            'advance\'s duration is 3600, which is not a duration. Pass a timedelta or text such as "90s", "2h30m" or "1d".',
        ),
    ],
    ids=[
        "nothing",
        "zero",
        "negative keyword",
        "negative text",
        "earlier instant",
        "too far",
        "overflow",
        "text keyword",
        "both",
        "number",
    ],
)
def test_a_move_that_cannot_be_made_is_refused_in_a_sentence(ecs, move, sentence):
    """Moving backwards, by zero, too far or without a duration is a ValueError with a message, and moves nothing."""
    with pytest.raises(ValueError) as error:
        move(ecs)
    assert isinstance(error.value, BadArgumentError)
    assert str(error.value) == sentence
    assert ecs.now.isoformat() == "2018-08-22T10:39:49+00:00"


def test_on_the_last_day_of_the_clock_everything_can_be_shown(ecs):
    """The clock ends a day before the year 9999 does, so Beijing's time of a notification exists."""
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="9999-12-30T23:59:58Z")
    ecs.advance_to("9999-12-30T23:59:59Z")
    assert [one["eventTime"][:8] for one in ecs.notifications[1:]] == ["99991231", "99991231"]
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="9999-12-31T23:59:59Z")
    with pytest.raises(BadArgumentError, match="where it ends"):
        ecs.advance_to_next()


def test_advancing_to_where_the_clock_stands_changes_nothing(ecs):
    """advance_to the current instant is no error, and does nothing."""
    assert ecs.advance_to(ecs.now) == []


def test_advance_takes_text_timedelta_or_keywords(ecs):
    """A duration can be given in three ways."""
    ecs.advance("1h")
    ecs.advance("+30m")
    ecs.advance(dt.timedelta(minutes=20))
    ecs.advance(minutes=9, seconds=11)
    assert ecs.now.isoformat() == "2018-08-22T12:39:00+00:00"


def test_sleep_in_the_test_moves_the_clock(ecs):
    """time.sleep returns at once; the clock has moved by as much, and due work has happened."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    time.sleep(3601.25)
    assert ecs.now.isoformat() == "2018-08-22T11:39:50.250000+00:00"
    assert event.status == "Executed"
    time.sleep(0)
    time.sleep(1e-7)
    assert ecs.now.isoformat() == "2018-08-22T11:39:50.250001+00:00"
    with pytest.raises(ValueError, match="sleep length must be non-negative"):
        time.sleep(-1)


def test_a_sleep_of_no_length_lets_what_is_due_happen(ecs):
    """What a planned function plans for its own instant happens in its next sleep, however short."""
    log = []

    def first():
        ecs.at(ecs.now, log.append, "second")
        log.append("first")
        time.sleep(0)
        log.append("slept")

    ecs.at("+1h", first)
    ecs.advance("2h")
    assert log == ["first", "second", "slept"]


@pytest.mark.parametrize("is_beside_another", [False, True])
def test_what_a_thread_plans_during_a_function_happens_after_it(ecs, is_beside_another):
    """Its function is called at the same instant, when the first has returned."""
    log = []
    is_started, is_planned = allocate_lock(), allocate_lock()  # real ones: the function does not wait in virtual time
    is_started.acquire()
    is_planned.acquire()

    def plan():
        is_started.acquire()
        ecs.at(ecs.now, lambda: log.append(("second", ecs.now)))
        is_planned.release()

    def first():
        thread = threading.Thread(target=plan)
        thread.start()
        is_started.release()
        is_planned.acquire()
        log.append(("first", ecs.now))

    ecs.at("+1h", first)
    start = ecs.now
    if is_beside_another:
        threading.Thread(target=time.sleep, args=(7200,)).start()
    ecs.advance("2h")
    assert log == [(name, start + dt.timedelta(hours=1)) for name in ("first", "second")]


def test_sleep_real_leaves_sleep_alone():
    """With sleep="real" time.sleep is the process's own."""
    real = time.sleep
    with EcsEvents(START, sleep="real") as ecs_events:
        assert time.sleep is real
        assert ecs_events.now.isoformat() == "2018-08-22T10:39:49+00:00"


def test_who_moves_the_clock_lets_another_thread_end_its_move_first():
    """Two threads outside the test, or two with sleep="real", move it one after the other."""
    order, has_turn, may_end = [], threading.Event(), threading.Event()
    with EcsEvents(START, sleep="real") as ecs:

        def move_slowly():
            with ecs._clock.turn():
                has_turn.set()
                may_end.wait()
                order.append("the other")

        other = threading.Thread(target=move_slowly)
        other.start()
        has_turn.wait()
        threading.Timer(0.05, may_end.set).start()  # real time: it looks every few milliseconds
        ecs.advance("1h")
        order.append("this")
        other.join()
    assert order == ["the other", "this"]


def test_threads_see_the_frozen_clock():
    """A function that a thread or a pool runs directly reads the frozen clock, as the test does."""
    seen = queue.SimpleQueue()
    with EcsEvents(START) as ecs_events, ThreadPool(1) as pool:
        thread = threading.Thread(target=lambda: seen.put(dt.datetime.now(dt.timezone.utc)))
        thread.start()
        thread.join()
        assert seen.get() == ecs_events.now
        assert pool.apply(lambda: time.time()) == ecs_events.now.timestamp()  # noqa: PLW0108  # patched at call


def test_waiting_with_a_timeout_in_the_standard_library_stays_real():
    """queue.get and Event.wait time out after real time although the clock stands still."""
    with EcsEvents(START):
        with pytest.raises(queue.Empty):
            queue.Queue().get(timeout=0.01)
        assert threading.Event().wait(0.01) is False


def test_a_module_named_like_a_standard_one_is_frozen(tmp_path, monkeypatch):
    """A handler called queue_of_mine reads the frozen clock, although freezegun's own list would exclude it."""
    (tmp_path / "queue_of_mine.py").write_text(
        "import time\nfrom time import time as clock\ndef read(): return clock(), time.time()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import queue_of_mine

    with EcsEvents(START) as ecs_events:
        assert queue_of_mine.read() == (ecs_events.now.timestamp(),) * 2
    assert queue_of_mine.clock is time.time


@pytest.mark.parametrize("backend", ["freezegun", "time-machine"])
def test_a_module_that_was_loaded_anew_is_looked_at_anew(monkeypatch, backend):
    """What earlier tests found in a module of the same name does not apply to it."""
    for _ in range(2):
        module = types.ModuleType("loaded_anew")
        module.sleep = time.sleep
        monkeypatch.setitem(sys.modules, "loaded_anew", module)
        with EcsEvents(START, backend=backend) as ecs_events:
            module.sleep(60)
            assert (ecs_events.now - dt.datetime.fromisoformat("2018-08-22T10:39:49+00:00")).total_seconds() == 60
        assert module.sleep is time.sleep


@pytest.mark.parametrize("backend", ["freezegun", "time-machine"])
def test_what_is_no_module_may_change_among_the_modules(monkeypatch, backend):
    """Some libraries put objects there that cannot be compared."""

    class Incomparable:
        def __eq__(self, _other):
            raise TypeError("not to be compared")

        __hash__ = object.__hash__

    for _ in range(2):
        monkeypatch.setitem(sys.modules, "no_module", Incomparable())
        with EcsEvents(START, backend=backend) as ecs_events:
            time.sleep(11)
            assert ecs_events.now.isoformat() == "2018-08-22T10:40:00+00:00"


def test_freezeguns_own_settings_count(monkeypatch):
    """A module that the user excluded in freezegun keeps the real clock."""
    monkeypatch.setattr(
        freezegun.config.settings, "default_ignore_list", [*freezegun.config.DEFAULT_IGNORE_LIST, "heapq"]
    )
    import heapq

    monkeypatch.setattr(heapq, "clock", time.time, raising=False)
    real = time.time
    with EcsEvents(START):
        assert heapq.clock is real
        assert time.time is not real


def test_an_interrupt_while_the_clock_is_frozen_leaves_it_real(monkeypatch):
    """Ctrl-C may come while freezegun looks through the modules; the next cloud freezes as usual."""
    seen = []

    class Interrupts:
        __name__ = "interrupts"

        def __dir__(self):
            seen.append(freezegun.api.sys.maxsize)
            raise KeyboardInterrupt

    real = time.time
    monkeypatch.setitem(sys.modules, "interrupts", Interrupts())
    with pytest.raises(KeyboardInterrupt):
        EcsEvents(START, backend="freezegun").__enter__()
    assert seen == [sys.maxsize]  # freezegun's `sys` is replaced meanwhile, but for its modules it is Python's
    assert freezegun.api.sys is sys
    assert freezegun.api.freeze_factories == []
    assert time.time is real
    monkeypatch.undo()
    with EcsEvents(START, backend="freezegun") as ecs_events:
        assert time.time() == ecs_events.now.timestamp()
    assert time.time is real


def test_modules_loaded_while_frozen_are_given_back(tmp_path, monkeypatch):
    """A module that binds the clock while it is frozen has the real one afterwards."""
    (tmp_path / "late_comer.py").write_text("from time import time\n")
    monkeypatch.syspath_prepend(tmp_path)
    with EcsEvents(START):
        import late_comer

        assert late_comer.time is time.time
    assert late_comer.time is time.time


def test_a_name_bound_anew_between_two_tests_is_frozen_too(tmp_path, monkeypatch):
    """A module that has changed is examined again in the next test."""
    (tmp_path / "growing.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    import growing

    with EcsEvents(START):
        pass
    growing.clock = time.time
    with EcsEvents(START) as ecs_events:
        assert growing.clock() == ecs_events.now.timestamp()


@pytest.mark.parametrize(
    "kwargs", [{}, {"tick": True}, {"auto_tick_seconds": 15}], ids=["frozen", "ticking", "stepping"]
)
def test_a_clock_frozen_by_the_user_is_followed(kwargs):
    """Inside the user's freeze_time nothing is frozen again; moving either clock moves the other."""
    with freezegun.freeze_time("2020-01-01T00:00:00", **kwargs) as freezer, EcsEvents() as ecs_events:
        # Any other reader of a stepping clock moves it too, such as threads of a parallel worker.
        assert ecs_events.timeline().startswith("clock 2020-01-01T0")
        assert "(freezegun, followed)" in ecs_events.timeline()
        ecs_events.instances.add("i-web1")
        event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="2020-01-01T02:00:00Z")
        freezer.move_to("2020-01-01T01:00:00")
        assert event.status == "Scheduled"
        freezer.tick(dt.timedelta(hours=2))
        assert event.status == "Executed"
        assert event.history[1].at.isoformat() == "2020-01-01T02:00:00+00:00"
        ecs_events.advance("1d")
        assert dt.datetime.now(dt.timezone.utc).date() == dt.date(2020, 1, 2)


def test_a_clock_frozen_inside_is_followed():
    """A freeze_time inside the fixture, such as a decorator, moves the events, and gives them back."""
    with EcsEvents(START) as ecs_events:
        ecs_events.instances.add("i-web1")
        event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="2018-09-01T00:00:00Z")
        with freezegun.freeze_time("2018-09-01T00:00:00"):
            assert ecs_events.now.isoformat() == "2018-09-01T00:00:00+00:00"
            assert time.time() == ecs_events.now.timestamp()
            assert event.status == "Executing"
            assert [str(change.to_status) for change in ecs_events.advance("1s")] == ["Executed"]
        assert ecs_events.now.isoformat() == "2018-08-22T10:39:49+00:00"
        assert event.status == "Executed"


@pytest.mark.parametrize("tick", [True, False], ids=["ticking", "frozen"])
def test_a_clock_that_time_machine_holds_is_followed(tick):
    """Inside time_machine.travel nothing is frozen; its shifts move the events, and advance moves it."""
    with time_machine.travel("2020-01-01T00:00:00Z", tick=tick) as traveller, EcsEvents() as ecs_events:
        assert "(time-machine, followed)" in ecs_events.timeline()
        ecs_events.instances.add("i-web1")
        event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="2020-01-01T02:00:00Z")
        traveller.shift(dt.timedelta(hours=3))
        assert event.status == "Executed"
        ecs_events.advance("1d")
        assert dt.datetime.now(dt.timezone.utc).date() == dt.date(2020, 1, 2)


def test_a_start_beside_an_existing_freeze_is_refused():
    """Requesting another start than that of the existing freeze raises an error that names the library."""
    with freezegun.freeze_time("2020-01-01T00:00:00"), pytest.raises(EcsEventsError) as error:
        EcsEvents(START).__enter__()
    assert str(error.value) == (
        "The clock starts at 2018-08-22T10:39:49Z, but freezegun has already frozen it at 2020-01-01T00:00:00Z. "
        "ecs_events follows a clock that is frozen already: remove one of the two."
    )


def test_the_same_start_as_the_held_clocks_is_no_contradiction():
    """Requesting the instant that the existing freeze shows is no error."""
    with freezegun.freeze_time("2018-08-22T10:39:49"), EcsEvents(START) as ecs_events:
        assert ecs_events.now.isoformat() == "2018-08-22T10:39:49+00:00"


def test_a_clock_stopped_inside_the_test_cannot_be_moved():
    """If the user stops the freeze that was followed, advance raises an error that says so."""
    freezer = freezegun.freeze_time("2020-01-01T00:00:00")
    freezer.start()
    with EcsEvents() as ecs_events:
        freezer.stop()
        assert ecs_events.now.year >= 2024
        with pytest.raises(EcsEventsError) as error:
            ecs_events.advance("1h")
        assert str(error.value) == (
            "The clock cannot be moved: the library that froze it was stopped inside the test. Stop it only after "
            "ecs_events has ended."
        )


def test_modules_of_the_standard_library_that_wait_keep_their_clock():
    """Threading keeps the real clock while other modules have a frozen one."""
    with EcsEvents(START):
        assert threading._time is not time.monotonic
    assert threading._time is time.monotonic


def test_two_threads_that_advance_together_lose_nothing():
    """Each transition happens once, and the clock ends no earlier than the later target."""
    with EcsEvents(START) as ecs_events:
        ecs_events.instances.add("i-web1")
        for minute in range(1, 200):
            ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before=f"+{minute}m")
        threads = [threading.Thread(target=ecs_events.advance, args=(f"{hours}h",)) for hours in (5, 6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(
            [str(change.to_status) for change in event.history] == ["Scheduled", "Executing", "Executed"]
            for event in ecs_events
        )
        assert ecs_events.now.isoformat() >= "2018-08-22T16:39:49+00:00"


@pytest.mark.parametrize(
    ("kwargs", "sentence"),
    [
        (
            {"backend": "freezgun"},
            "backend is 'freezgun'. Pass one of: freezegun, time-machine. Did you mean freezegun?",
        ),
        ({"sleep": "fake"}, "sleep is 'fake'. Pass one of: virtual, real."),
        (
            {"executing_for": "long"},
            'executing_for is \'long\', which is not a duration. Pass a timedelta or text such as "90s", "2h30m" or "1d".',
        ),
        (
            {"failure_events": "schedule"},
            "failure_events is 'schedule'. Pass one of: executing, scheduled. Did you mean scheduled?",
        ),
    ],
)
def test_a_clock_setting_that_does_not_exist_is_refused_in_a_sentence(kwargs, sentence):
    """The message has the value, the allowed values and the nearest one."""
    with pytest.raises(BadArgumentError) as error:
        EcsEvents(START, **kwargs)
    assert str(error.value) == sentence


def test_time_machine_absent_is_an_error_only_when_used(monkeypatch):
    """Without time-machine its back end raises an error that says what to install; nothing stays patched."""
    monkeypatch.setitem(__import__("sys").modules, "time_machine", None)
    with pytest.raises(EcsEventsError) as error:
        EcsEvents(START, backend="time-machine").__enter__()
    assert str(error.value) == (
        'The clock back end "time-machine" needs time-machine, which is not installed. Run: pip install '
        '"pytest-ecsevents[time-machine]", or use backend="freezegun".'
    )


def test_what_c_and_the_system_tell_is_real(tmp_path):
    """SQLite and file systems read the machine's clock."""
    with EcsEvents("2030-01-01T00:00:00Z"):
        path = tmp_path / "file"
        path.touch()
        base = sqlite3.connect(":memory:")
        ((told,),) = base.execute("select cast(strftime('%s', 'now') as integer)")
        base.close()
        assert abs(told - time.clock_gettime(time.CLOCK_REALTIME)) < 60
        assert abs(path.stat().st_mtime - time.clock_gettime(time.CLOCK_REALTIME)) < 60


@pytest.mark.parametrize("start", ["9999-12-31T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_start_on_the_last_day_of_the_year_9999_is_refused(start):
    """A clock ends a day earlier."""
    with pytest.raises(BadArgumentError, match=r"start is 9999-12-31T.*a clock ends at 9999-12-30T23:59:59Z"):
        EcsEvents(start)


def _sleep_in_a_thread(seconds):
    refused = []

    def sleep():
        try:
            time.sleep(seconds)
        except BadArgumentError as error:
            refused.append(error)

    thread = threading.Thread(target=sleep)
    thread.start()
    thread.join()
    raise refused[0]


@pytest.mark.parametrize(
    "wait",
    [
        time.sleep,
        _sleep_in_a_thread,
        lambda seconds: threading.Event().wait(seconds),
        lambda seconds: queue.Queue().get(timeout=seconds),
        lambda seconds: asyncio.run(asyncio.sleep(seconds)),
        lambda seconds: (trio := pytest.importorskip("trio")).run(trio.sleep, seconds),
    ],
)
def test_a_wait_beyond_the_end_of_the_clock_is_refused_in_a_sentence(wait):
    """It would never end, since the clock does not get there."""
    with EcsEvents("9999-12-30T00:00:00Z", strict=False) as ecs_events:
        with pytest.raises(BadArgumentError, match="move the clock by 10d, beyond 9999-12-30T23:59:59Z, where it ends"):
            wait(864_000)
        assert ecs_events.now.day == 30


def test_a_sleep_of_asyncio_may_be_endless():
    """`asyncio.sleep(inf)` and the like wait until they are canceled; the clock moves to what else is due."""

    async def wait_for_ever():
        await asyncio.gather(asyncio.sleep(math.inf), asyncio.sleep(1e300), asyncio.sleep(3600))

    with EcsEvents(strict=False) as ecs_events:
        stopped = ecs_events.run(wait_for_ever, until="1d")
        assert stopped.at == ecs_events.now
