"""`run`: it starts and stops a handler's real loop."""

import asyncio
import contextlib
import contextvars
import datetime as dt
import gc
import hashlib
import re
import signal
import sys
import sysconfig
import threading
import time
import traceback
import types
from _thread import allocate_lock
from concurrent import futures
from pathlib import Path

import greenlet
import pytest

from pytest_ecsevents import (
    BadArgumentError,
    EcsEvents,
    EcsEventsError,
    EndlessHandlerError,
    Stopped,
    StuckHandlerError,
)
from pytest_ecsevents.clock._stop import HandlerStop, Stop
from pytest_ecsevents.clock._times import duration_text
from pytest_ecsevents.handlers import _interrupts
from pytest_ecsevents.handlers import _runner as _run
from pytest_ecsevents.handlers._leaving import call_leavable, leave


@pytest.fixture
def ecs(either_backend):
    """A cloud at 2030-01-01T00:00:00Z with one instance."""
    with EcsEvents(backend=either_backend) as ecs_events:
        ecs_events.instances.add("i-web1")
        yield ecs_events


class Daemon:
    """A loop as daemons have it: it survives errors, and cleans up when it ends."""

    def __init__(self, pause=60):
        self.pause, self.polls, self.log = pause, 0, []

    def serve(self):
        try:
            while True:
                try:
                    self.polls += 1
                    time.sleep(self.pause)
                except Exception as error:  # noqa: BLE001, PERF203  # what daemons do
                    self.log.append(error)
        finally:
            self.log.append("cleaned up")

    async def serve_async(self):
        try:
            while True:
                try:
                    self.polls += 1
                    await asyncio.sleep(self.pause)
                except Exception as error:  # noqa: BLE001, PERF203  # what daemons do
                    self.log.append(error)
        finally:
            self.log.append("cleaned up")


def work(seconds):
    """Use the processor, without any wait."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@pytest.fixture
def daemon():
    """A daemon that polls every minute."""
    return Daemon()


@pytest.fixture(params=["serve", "serve_async"])
def serve(request, daemon):
    """Run the loop, as a function or as a coroutine function."""
    return getattr(daemon, request.param)


def line_of(method, text):
    """Return the number of a line of this file by its text in a method."""
    first = method.__code__.co_firstlineno
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines[first - 1 :], first) if text in line)


# -- when it ends


def test_a_handler_that_returns_gives_its_result(ecs):
    """It returns the result before `until` or without one; arguments are passed."""
    assert ecs.run(lambda *args, **kwargs: (args, kwargs), 1, 2, key="value") == ((1, 2), {"key": "value"})
    assert ecs.run(time.sleep, 60, until="1h") is None
    assert ecs.now.minute == 1


def test_a_handlers_error_is_raised(ecs):
    """The test gets an error that it raises."""
    with pytest.raises(ZeroDivisionError):
        ecs.run(lambda: 1 // 0, until="1h")
    assert ecs._clock.waits.stop is None


@pytest.mark.parametrize(
    "until",
    ["1h", "+1h", "2030-01-01T01:00:00Z", dt.timedelta(hours=1), dt.datetime(2030, 1, 1, 1, tzinfo=dt.timezone.utc)],
)
def test_a_loop_runs_up_to_an_instant_and_including_it(ecs, daemon, serve, until):
    """With a duration or an instant, a poll exactly at the end still happens, and the clock stops there."""
    stopped = ecs.run(serve, until=until)
    assert isinstance(stopped, Stopped)
    assert stopped.at == ecs.now == dt.datetime(2030, 1, 1, 1, tzinfo=dt.timezone.utc)
    assert (daemon.polls, daemon.log) == (61, ["cleaned up"])


def test_a_loop_is_stopped_in_the_middle_of_its_sleep(ecs, daemon, serve):
    """If `until` is between two polls, the clock stops at it, and everything due until then has happened."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+90s")
    stopped = ecs.run(serve, until="91s")
    assert (stopped.at.second, daemon.polls, str(event.status)) == (31, 2, "Executed")


def test_a_loop_runs_until_a_condition_is_true(ecs, daemon, serve):
    """A condition is checked at each instant at which something happens, and before each wait."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+90s")
    stopped = ecs.run(serve, until=lambda ecs_events: ecs_events[event.event_id].status == "Executing")
    assert stopped.at == event.not_before == ecs.now
    daemon.polls = 0
    assert ecs.run(serve, until=lambda _: daemon.polls >= 10).at.minute == 10
    assert daemon.log == ["cleaned up", "cleaned up"]


def test_the_result_names_the_line_of_the_wait(ecs, daemon, serve):
    """The result says when and why it was stopped, and in which line it waited."""
    line = line_of(serve, "sleep(self.pause)")
    instant = repr(ecs.run(serve, until="1h"))
    assert instant == (
        "<Stopped at 2030-01-01T01:00:00Z: it reached until=2030-01-01T01:00:00Z, while it waited at "
        f"{__file__}:{line} in {serve.__name__}>"
    )
    condition = ecs.run(serve, until=lambda _: daemon.polls > 61)
    assert condition.reason == "the condition given as until became true"
    assert condition.doing == f"{__file__}:{line} in {serve.__name__}"


def test_an_error_in_the_condition_is_the_tests(ecs, daemon, serve):
    """Run raises it, not the handler's sleep, where an `except Exception` would swallow it."""
    with pytest.raises(ZeroDivisionError):
        ecs.run(serve, until=lambda _: 1 // (3 - daemon.polls) > 1)
    assert daemon.log == ["cleaned up"]


def test_a_handler_that_cleans_up_may_wait(ecs):
    """A sleep in a finally block moves the clock, and is not stopped again."""

    def serve():
        try:
            time.sleep(3600)
        finally:
            for _ in range(50):
                time.sleep(1)

    async def serve_async():
        try:
            await asyncio.sleep(3600)
        finally:
            for _ in range(50):
                await asyncio.sleep(1)

    assert ecs.run(serve, until="1m").at.minute == 1
    assert (ecs.now.minute, ecs.now.second) == (1, 50)
    assert ecs.run(serve_async, until="1m").at.minute == 2
    assert (ecs.now.minute, ecs.now.second) == (3, 40)


def test_every_kind_of_wait_is_stopped(ecs):
    """The handler's wait ends, whether for an event, a queue, a thread or a loop."""

    def on_event():
        threading.Event().wait()

    def on_thread():
        thread = threading.Thread(target=time.sleep, args=(7200,))
        thread.start()
        thread.join()

    def on_a_loop_of_its_own():
        asyncio.run(asyncio.sleep(7200))

    for handler in (on_event, on_thread, on_a_loop_of_its_own):
        before = ecs.now
        stopped = ecs.run(handler, until="1h")
        assert stopped.at - before == dt.timedelta(hours=1)
        assert stopped.doing.endswith(f" in {handler.__name__}")


def test_other_threads_of_the_handler_have_their_turn_at_the_end(ecs):
    """A worker that wakes at `until` does its work before the handler is stopped."""
    log, stop = [], threading.Event()

    def worker():
        while not stop.wait(60):
            log.append(ecs.now.minute)

    def serve():
        thread = threading.Thread(target=worker)
        thread.start()
        try:
            while True:
                time.sleep(3600)
        finally:
            stop.set()
            thread.join()

    ecs.run(serve, until="3m")
    assert log == [1, 2, 3]


@pytest.mark.parametrize("joins", ["join", "executor"])
def test_a_handler_that_joins_an_endless_thread_at_its_end_is_interrupted(ecs, daemon, joins):
    """The thread's progress does not count as the handler's."""
    ecs.patience = 0.2

    def handler():
        if joins == "executor":
            with futures.ThreadPoolExecutor() as pool:
                pool.submit(daemon.serve).result()
        thread = threading.Thread(target=daemon.serve)
        thread.start()
        try:
            time.sleep(7200)
        finally:
            thread.join()

    with pytest.raises(StuckHandlerError, match=r"(?m)^The handler was to end, and .* that thread .* in handler\.$"):
        ecs.run(handler, until="1h")


def test_an_error_of_the_clean_up_shows_nothing_of_ours(ecs, daemon):
    """Nor does it show what led to it: stopping the handler is no error."""

    def handler():
        try:
            daemon.serve()
        finally:
            try:
                {}["missing"]
            finally:
                raise ValueError("while it cleaned up")

    with pytest.raises(ValueError, match="while it cleaned up") as error:
        ecs.run(handler, until="1h")
    assert isinstance(error.value.__context__, KeyError)
    assert error.value.__context__.__context__ is None


def test_runs_may_follow_each_other(ecs, daemon, serve):
    """The clock continues where the last one ended."""
    for hour in (1, 2, 3):
        assert ecs.run(serve, until="1h").at.hour == hour


# -- coroutines


def test_a_coroutine_gives_its_result(ecs):
    """A coroutine function, and a function that returns an awaitable, run to their end."""

    async def handler(number):
        await asyncio.sleep(60)
        return number

    assert ecs.run(handler, 7) == 7
    assert ecs.run(lambda: handler(8), until="1h") == 8
    assert ecs.now.minute == 2


def test_a_generator_is_a_result_and_one_that_is_a_coroutine_is_run(ecs):
    """The result of `types.coroutine` is awaited like any coroutine; other generators are results."""

    @types.coroutine
    def handler():
        yield from asyncio.sleep(60).__await__()
        return "slept"

    def steps():
        yield "one"

    assert ecs.run(handler) == "slept"
    assert list(ecs.run(steps)) == ["one"]


def test_the_code_of_a_result_is_not_interrupted(ecs):
    """The handler has ended, so no code of its result is interrupted."""

    class Result:
        @property
        def __class__(self):
            looks.append("looked")
            return dict

    looks, result = [], Result()
    assert ecs.run(lambda: result) is result
    assert looks == []


DEAF = (
    "The handler caught its cancellation, and went on. Code that swallows CancelledError stops Ctrl-C too: catch Exception, "
    "or raise CancelledError again. It was at "
)


@pytest.fixture(params=["run", "asyncio.run", "run_async"])
def run_coroutine(ecs, request):
    """Run a coroutine function: by `run`, in its own `asyncio.run` under `run`, and in a running loop."""

    def run(handler, until="1h"):
        if request.param == "run":
            return ecs.run(handler, until=until)
        if request.param == "asyncio.run":
            return ecs.run(lambda: asyncio.run(handler()), until=until)

        async def test():
            others = asyncio.ensure_future(asyncio.Event().wait())
            try:
                return await ecs.run_async(handler, until=until)
            finally:
                assert not others.done()  # nothing else in the loop ends
                others.cancel()

        return asyncio.run(test())

    return run


async def swallows():
    """Continues after each cancellation."""
    while True:
        try:  # noqa: SIM105  # what it is about
            await asyncio.sleep(60)
        except:  # noqa: E722, PERF203, S110  # the same
            pass


async def swallows_twice():
    """Does the same, as does its caller."""
    while True:
        try:  # noqa: SIM105  # the same
            await swallows()
        except:  # noqa: E722, PERF203, S110  # the same
            pass


async def swallows_elsewhere():
    """Waits for other tasks that do."""
    await asyncio.gather(swallows(), swallows())


@pytest.mark.parametrize("handler", [swallows, swallows_twice, swallows_elsewhere])
def test_a_coroutine_that_swallows_its_cancellation_is_an_error(run_coroutine, unraisable, handler):
    """It ends anyway, wherever it swallows it, and no part of it runs on when it is released."""
    with unraisable() as lost, pytest.raises(StuckHandlerError) as error:
        run_coroutine(handler)
    assert str(error.value).startswith(f"{DEAF}{__file__}:")
    assert str(error.value).endswith((" in swallows.", " in swallows_elsewhere."))
    gc.collect()
    assert lost == []


@pytest.mark.parametrize("ends", [True, False])
def test_what_a_coroutine_leaves_behind_is_ended_too(ecs, ends):
    """`run` does not wait beyond its end for a task that swallows its cancellation, although asyncio does.

    It raises.
    """
    left = []

    async def handler():
        left.append(asyncio.ensure_future(swallows()))
        await (asyncio.sleep(60) if ends else asyncio.Event().wait())

    with pytest.raises(StuckHandlerError, match=r"(?m)in swallows\.$"):
        ecs.run(handler, until="1h")
    assert left[0].cancelled()


@pytest.mark.parametrize("pause", [60, 0])
def test_an_abandoned_coroutine_leaves_the_tests_loop_alone(ecs, caplog, pause):
    """It never runs again; the loop goes on, logs no error, and closes without waiting for it."""
    ecs.patience = 0.1
    steps = []

    async def handler():
        while True:
            with contextlib.suppress(BaseException):
                await asyncio.sleep(pause)
            steps.append(ecs.now)

    async def test():
        with pytest.raises(StuckHandlerError):
            await ecs.run_async(handler, until="1h")
        steps.clear()
        await asyncio.sleep(3600)
        return "went on"

    assert asyncio.run(test()) == "went on"
    assert (steps, caplog.messages) == ([], [])


def test_a_coroutine_that_waits_without_awaiting_is_stopped_at_its_end(ecs, run_coroutine):
    """`time.sleep` in a coroutine blocks its loop, but the coroutine ends after that sleep."""

    async def handler():
        while True:
            time.sleep(60)  # noqa: ASYNC251  # what it is about

    assert run_coroutine(handler).at.hour == 1
    assert (ecs.now.hour, ecs.now.minute // 2) == (1, 0)


def test_a_coroutine_that_awaits_again_cleans_up(ecs, run_coroutine):
    """Stopped during a `time.sleep`, it is cancelled at its next await."""
    ended = []

    async def handler():
        try:
            while True:
                time.sleep(25)  # noqa: ASYNC251  # the same
                await asyncio.sleep(35)
        finally:
            await asyncio.sleep(5)
            ended.append(ecs.now)

    assert run_coroutine(handler, until="3610s").at.second == 10
    assert len(ended) == 1


@pytest.mark.parametrize("catches", [False, True])
def test_a_coroutine_that_only_yields_is_an_error(ecs, run_coroutine, catches):
    """`asyncio.sleep(0)` in a loop takes no time; the loop, which is never idle, cancels the task."""
    ecs.patience = 0.1

    async def handler():
        while True:
            try:
                await asyncio.sleep(0)
            except BaseException:  # noqa: PERF203  # it is ended there
                if not catches:
                    raise

    with pytest.raises(StuckHandlerError) as error:
        run_coroutine(handler)
    problem = DEAF if catches else "The handler neither slept nor called the cloud for 0.1 seconds of real time"
    assert str(error.value).startswith(problem)
    assert str(error.value).endswith(" in handler.")


def test_a_coroutine_that_is_busy_is_an_error(ecs, run_coroutine):
    """It blocks its loop, and is interrupted in its current line."""
    ecs.patience = 0.1

    async def handler():
        await asyncio.sleep(60)
        while True:
            pass

    with pytest.raises(StuckHandlerError, match=r"(?m) in handler\.$"):
        run_coroutine(handler)


def test_a_function_that_is_stuck_in_a_test_with_a_loop_is_ended(ecs):
    """Its loop is blocked and cannot stop it; the loop goes on afterwards, and nothing in it is cancelled."""
    ecs.patience = 0.05

    def busy():
        while True:
            pass

    async def test():
        with pytest.raises(StuckHandlerError):
            ecs.run(busy, until="1h")
        await asyncio.sleep(60)
        return "went on"

    assert asyncio.run(test()) == "went on"


def test_a_cancellation_of_its_own_is_the_handlers(ecs):
    """A handler that cancels itself gets the same as without `run`."""

    async def handler():
        asyncio.current_task().cancel()
        await asyncio.sleep(1)

    with pytest.raises(asyncio.CancelledError):
        ecs.run(lambda: asyncio.run(handler()), until="1h")


def test_a_coroutine_in_a_test_that_is_one(ecs, daemon):
    """run_async runs a handler in the test's own loop; the message of run says so."""

    async def handler():
        await asyncio.sleep(60)
        return "result"

    async def test():
        with pytest.raises(EcsEventsError) as refused:
            ecs.run(handler)
        stopped = await ecs.run_async(daemon.serve_async, until="1h")
        return str(refused.value), stopped.at.hour, await ecs.run_async(handler)

    assert asyncio.run(test()) == (
        "run cannot start a coroutine while an event loop runs. Write: await ecs_events.run_async(...)",
        1,
        "result",
    )


def test_a_cancellation_from_elsewhere_is_no_stop(ecs):
    """Cancelling the test's own task raises a CancelledError."""

    async def test():
        task = asyncio.ensure_future(ecs.run_async(asyncio.sleep, 3600))
        await asyncio.sleep(60)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(test())


def test_a_coroutine_that_swallows_one_cancellation_is_cancelled_again(ecs):
    """The second cancellation comes after the waits that cleaning up may take."""
    log = []

    async def serve():
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:  # noqa: PERF203  # what it is about
                log.append(ecs.now.hour)
                if len(log) > 1:
                    raise

    ecs.run(serve, until="1h")
    assert log == [1, 2]


# -- a handler that does not end


def test_a_loop_without_an_end_is_an_error(ecs, daemon):
    """Without until, or with a condition that is never true, it ends after a virtual year."""
    daemon.pause = 86_400
    line = line_of(daemon.serve, "sleep(self.pause)")
    with pytest.raises(EndlessHandlerError) as error:
        ecs.run(daemon.serve)
    assert str(error.value) == (
        f"The handler went on for a year of virtual time, and run got no until. It waited at {__file__}:{line} in "
        'serve. Pass an instant, such as until="30d", or a condition that becomes true.'
    )
    with pytest.raises(EndlessHandlerError, match="the condition given as until never became true"):
        ecs.run(daemon.serve, until=lambda _: False)


def test_a_loop_without_an_end_is_an_error_before_its_year_is_over(ecs, daemon, monkeypatch):
    """A poller's year takes many real minutes; one minute is enough."""
    monkeypatch.setattr(_run, "A_MINUTE", 0.2)
    daemon.pause = 0.001
    line = line_of(daemon.serve, "sleep(self.pause)")
    with pytest.raises(EndlessHandlerError) as error:
        ecs.run(daemon.serve)
    assert str(error.value) in {
        f"The handler went on for 0.2 seconds of real time, {duration_text(waits * 1_000)} of virtual time, and run got "
        f'no until. It waited at {__file__}:{line} in serve. Pass an instant, such as until="30d", or a condition that becomes '
        "true; if it takes that long, set ecs_events.patience to more seconds."
        for waits in (daemon.polls - 1, daemon.polls)
    }


@pytest.mark.usefixtures("looks_often")
def test_more_patience_lets_an_endless_run_go_on(ecs, daemon, monkeypatch):
    """A late condition needs no instant if patience is long enough."""
    monkeypatch.setattr(_run, "A_MINUTE", 0.001)
    daemon.pause, ecs.patience = 0.1, 1_000_000.0
    assert ecs.run(daemon.serve, until=lambda ecs_events: ecs_events.now.minute == 1).at.minute == 1


def test_a_run_to_an_instant_may_take_its_real_time(ecs, daemon, monkeypatch):
    """A run with an end may take its real time."""
    monkeypatch.setattr(_run, "A_MINUTE", 0.0)
    daemon.pause = 0.1
    assert ecs.run(daemon.serve, until="60s").at.minute == 1


@pytest.mark.usefixtures("looks_often")
def test_a_loop_that_never_sleeps_is_interrupted(ecs):
    """After some real seconds it is interrupted, and the message names its line."""
    ecs.patience = 0.1

    def busy():
        while True:
            pass

    line = line_of(busy, "while True")
    with pytest.raises(StuckHandlerError) as error:
        ecs.run(busy, until="1h")
    head, _, place = str(error.value).rpartition(" It was at ")
    assert head == (
        "The handler neither slept nor called the cloud for 0.1 seconds of real time, so virtual time stood still and "
        "nothing ended it. Let it sleep in its loop; if it works that long, set ecs_events.patience to more seconds."
    )
    assert place in {f"{__file__}:{line + number} in busy." for number in (0, 1)}


def test_a_loop_that_only_sleeps_is_not_stuck(ecs, pass_real_seconds):
    """Patience counts real seconds without a sleep or a call, however long the run takes."""
    ecs.patience = 1

    def handler():
        while True:
            time.sleep(15)
            pass_real_seconds(0.6)

    assert ecs.run(handler, until="60s").at.minute == 1


@pytest.mark.skipif(not hasattr(signal, "SIGURG"), reason="signals reach no thread here")
def test_a_handler_held_by_a_lock_is_interrupted(ecs):
    """A signal ends a wait that no Python step can end; afterwards the process's own signal handler is back."""
    ecs.patience = 0.1
    before = signal.getsignal(signal.SIGURG)

    def held():
        lock = allocate_lock()  # one of `threading.Lock` is virtual
        lock.acquire()
        lock.acquire()

    with pytest.raises(StuckHandlerError, match=r"It was at .* in held\."):
        ecs.run(held, until="1h")
    assert signal.getsignal(signal.SIGURG) is before


@pytest.mark.skipif(not hasattr(signal, "SIGURG"), reason="signals reach no thread here")
@pytest.mark.parametrize("has_handler", [True, False])
def test_a_signal_from_other_code_ends_no_handler(ecs, has_handler):
    """It reaches the same code as without `run`, as does one for urgent data on a socket."""
    got = []

    def urgent(number, _frame):
        got.append(number)

    def handler():
        signal.raise_signal(signal.SIGURG)
        return "went on"

    before = signal.signal(signal.SIGURG, urgent if has_handler else signal.SIG_DFL)
    try:
        assert ecs.run(handler) == "went on"
    finally:
        signal.signal(signal.SIGURG, before)
    assert got == [signal.SIGURG] * has_handler


@pytest.mark.skipif(not hasattr(signal, "SIGURG"), reason="signals reach no thread here")
def test_a_handler_that_works_in_c_is_ended_when_it_comes_back(ecs):
    """Code without a lock that ignores signals ends later, and is reported once."""
    ecs.patience = 0.05

    def works():
        while True:
            hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 40_000)

    with pytest.raises(StuckHandlerError, match=r"It was at .* in works\."):
        ecs.run(works, until="1h")


@pytest.fixture(params=["signal", "step"])
def main_way(request, monkeypatch):
    """How the main thread is interrupted: by a signal, or by a signal that waits for its next step."""
    if request.param == "signal" and not hasattr(signal, "pthread_kill"):
        pytest.skip("signals reach no thread here")
    monkeypatch.setattr(_interrupts, "_CAN_KILL", request.param == "signal")
    return request.param


@pytest.fixture(params=["signal", "interpreter"])
def way(request, monkeypatch):
    """How a thread is interrupted: the main one, and others."""
    if request.param == "interpreter":
        monkeypatch.setattr(_interrupts, "_is_main_thread", lambda: False)
    return request.param


@pytest.mark.parametrize("lock", ["clock", "scheduler"])
@pytest.mark.usefixtures("way", "looks_often")
def test_a_handler_that_holds_our_lock_is_ended_at_its_release(ecs, lock):
    """What the lock protects is completed."""
    ecs.patience = 0.1
    mutex = ecs._clock.lock if lock == "clock" else ecs._clock.waits._mutex
    log = []

    def handler():
        with mutex:
            work(0.05)
            log.append("released")
        work(60)

    with pytest.raises(StuckHandlerError, match=r"(?m)in work\.$"):
        ecs.run(handler, until="1h")
    assert log == ["released"]


@pytest.mark.usefixtures("looks_often")
def test_a_handler_in_another_thread_is_interrupted_too(ecs):
    """Run in a thread of the test ends its handler there."""
    ecs.patience = 0.1
    errors = []

    def busy():
        while True:
            pass

    def run():
        try:
            ecs.run(busy, until="1h")
        except StuckHandlerError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert len(errors) == 1


def test_a_handler_that_waits_for_nothing_is_interrupted(ecs):
    """With only a condition, a handler that waits for something that never happens would hang."""
    ecs.patience = 0.1
    with pytest.raises(EndlessHandlerError, match="the condition given as until never became true"):
        ecs.run(threading.Event().wait, until=lambda _: False)


def test_a_handler_that_waits_while_another_thread_is_busy_is_interrupted(ecs):
    """Time stands still while a thread of the test runs; the handler is ended in its wait."""
    ecs.patience = 0.2
    has_ended = []

    def busy():
        while not has_ended:
            pass

    thread = threading.Thread(target=busy)

    def handler():
        thread.start()
        time.sleep(60)

    try:
        with pytest.raises(StuckHandlerError, match=r"(?m) in handler\.$"):
            ecs.run(handler, until="1h")
    finally:
        has_ended.append(True)
        thread.join()


STUBBORN = (
    "The handler caught the error that was to end it, and went on. A bare except, or except BaseException, around its loop "
    "stops Ctrl-C too: catch Exception. It was at "
)


@pytest.mark.usefixtures("way")
def test_a_handler_that_catches_everything_is_an_error(ecs, daemon):
    """A bare except around the loop does not keep it running, and the message says so; what runs next is unaffected."""

    def stubborn():
        while True:
            try:
                time.sleep(60)
            except:  # noqa: E722, PERF203  # what it is about
                daemon.log.append("caught")

    # In another thread it may be anywhere in its loop.
    lines = range(line_of(stubborn, "while True:"), line_of(stubborn, "daemon.log.append") + 1)
    with pytest.raises(StuckHandlerError) as error:
        ecs.run(stubborn, until="1h")
    assert str(error.value) in [f"{STUBBORN}{__file__}:{line} in stubborn." for line in lines]
    assert len(daemon.log) >= Stop.OFTEN  # in another thread the error can be raised once more
    daemon.log.clear()
    assert ecs.run(daemon.serve, until="1h").at.hour == ecs.now.hour
    assert daemon.log == ["cleaned up"]


def test_a_stopped_handler_cannot_call_endlessly(ecs, call, monkeypatch):
    """It has some calls to clean up; then a call ends it, as a wait does."""
    monkeypatch.setattr(Stop, "MOST_WAITS", 5)
    answers = []

    def stubborn():
        with contextlib.suppress(BaseException):
            time.sleep(7200)
        while len(answers) < 20:
            answers.append(call("DescribeRegions"))

    assert ecs.run(stubborn, until="1h").doing.endswith(" in call")
    assert len(answers) == 5


def swallow(function, *args):
    """Call a function in an endless loop, and catch every error."""
    while True:
        with contextlib.suppress(BaseException), contextlib.suppress(BaseException):
            function(*args)


@pytest.mark.usefixtures("main_way", "looks_often")
def test_a_busy_handler_that_catches_everything_is_left_behind(ecs):
    """It stops at its line; what runs next is unaffected."""
    ecs.patience = 0.1
    rounds = []

    def stubborn():
        rounds.append(ecs.now)
        work(0.01)

    with pytest.raises(StuckHandlerError) as error:
        ecs.run(swallow, stubborn, until="1h")
    assert str(error.value).startswith(f"{STUBBORN}{__file__}:")
    before, ecs.patience = len(rounds), 60
    assert ecs.run(lambda: work(0.05)) is None
    assert len(rounds) == before


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals reach no thread here")
def test_a_handler_held_by_a_lock_that_catches_everything_is_left_behind(ecs):
    """This needs no Python step."""
    ecs.patience = 0.1
    lock = threading.Lock()
    lock.acquire()
    with pytest.raises(StuckHandlerError, match=rf"^{re.escape(STUBBORN)}.* in swallow\."):
        ecs.run(swallow, lock.acquire, until="1h")


def test_a_handler_that_calls_endlessly_and_catches_everything_is_left_behind(ecs, call, monkeypatch):
    """The message does not name the function that it calls, nor the one it sleeps with."""
    monkeypatch.setattr(Stop, "MOST_WAITS", 5)

    def stubborn():
        with contextlib.suppress(BaseException):
            time.sleep(7200)
        swallow(call, "DescribeRegions")

    with pytest.raises(StuckHandlerError, match=rf"^{re.escape(STUBBORN)}.* in call\."):
        ecs.run(stubborn, until="1h")
    assert len(ecs.calls) == 5 * (Stop.OFTEN - 1)


def test_a_library_that_does_not_come_back_is_left_behind_too(ecs, monkeypatch):
    """It gets some time to return; the message names the user's line."""
    ecs.patience = 0.1
    monkeypatch.setattr(_interrupts, "_LIBRARIES_HAVE", 0.3)
    namespace = {}
    source = "def spin():\n    while True:\n        pass"
    exec(compile(source, f"{sysconfig.get_path('stdlib')}/spinning.py", "exec"), namespace)  # noqa: S102  # see above

    def stubborn():
        namespace["spin"]()

    with pytest.raises(StuckHandlerError, match=rf"^{re.escape(STUBBORN)}.* in stubborn\."):
        ecs.run(swallow, stubborn, until="1h")


def test_a_planned_function_is_not_abandoned_while_the_clock_moves(ecs):
    """It is raised again and again instead, and its caller is intact afterwards."""
    ecs.patience = 0.1
    caught = []

    def stubborn():
        while len(caught) < 4:
            try:
                work(60)
            except BaseException as error:  # noqa: BLE001, PERF203  # what it is about
                caught.append(error)

    ecs.at("+1h", stubborn)
    with pytest.raises(StuckHandlerError, match=rf"^{re.escape(STUBBORN)}"):
        ecs.run(time.sleep, 7200)
    assert ecs.advance("1h") == []


async def never_awaits():
    """Keeps computing through every error."""
    swallow(work, 0.01)


@pytest.mark.parametrize("way", ["run", "asyncio.run"])
def test_a_busy_coroutine_that_catches_everything_is_left_behind(ecs, way):
    """Its loop is abandoned too: another loop can run in the thread, and Ctrl-C reaches the test."""
    ecs.patience = 0.1
    before = signal.getsignal(signal.SIGINT), sys.get_asyncgen_hooks()
    with pytest.raises(StuckHandlerError, match=r"^The handler caught its cancellation, and went on"):
        ecs.run(never_awaits if way == "run" else lambda: asyncio.run(never_awaits()), until="1h")
    assert (signal.getsignal(signal.SIGINT), sys.get_asyncgen_hooks()) == before
    assert asyncio.run(asyncio.sleep(60, "slept")) == "slept"


def test_a_handler_is_left_in_a_greenlet_of_its_own(ecs):
    """A handler that switches between greenlets is abandoned in the one that runs."""
    with pytest.raises(StuckHandlerError, match=rf"^{re.escape(STUBBORN)}.* in swallow\."):
        ecs.run(lambda: greenlet.greenlet(swallow).switch(time.sleep, 60), until="1h")


def test_a_handler_has_the_tests_context(ecs):
    """It sees context variables of the test, and sets them for it."""
    variable = contextvars.ContextVar("variable")
    variable.set("the test's")
    assert ecs.run(lambda: (variable.get(), variable.set("the handler's"))[0]) == "the test's"
    assert variable.get() == "the handler's"


def test_an_error_of_a_handlers_is_shown_from_the_test_on(ecs):
    """Its traceback goes from the test's line to the handler's line."""

    def fails():
        raise KeyError("own")

    with pytest.raises(KeyError) as error:
        ecs.run(fails)
    names = [step.name for step in traceback.extract_tb(error.tb)]
    assert (names[0], names[-1]) == ("test_an_error_of_a_handlers_is_shown_from_the_test_on", "fails")


def test_a_new_tracer_begins_where_a_handler_was_left(ecs):
    """It is the one that new threads get: the old one of coverage still counts the handler's frames as active."""
    before, in_threads = sys.gettrace(), threading.gettrace()

    def trace_anew(_frame, _event, _arg):
        return None

    def stubborn():
        while True:
            with contextlib.suppress(BaseException):
                time.sleep(60)

    try:
        sys.settrace(lambda *_: None)
        threading.settrace(trace_anew)
        with pytest.raises(StuckHandlerError):
            ecs.run(stubborn, until="1h")
        assert sys.gettrace() is trace_anew
    finally:
        sys.settrace(before)
        threading.settrace(in_threads)


def test_code_is_not_left_in_the_middle_of_a_function_of_the_plugin():
    """`leave` returns there, and where nothing can be left."""
    module = {"__name__": "pytest_ecsevents.checks._any", "frame": sys._getframe}
    exec("def our_frame(): return frame()", module)  # noqa: S102
    leave(sys._getframe(), "here")
    assert call_leavable(lambda: leave(module["our_frame"](), "here") or "went on") == "went on"


def test_a_process_ends_though_a_handler_was_left(pytester):
    """No part of it runs on, in the main thread or another; the test fails, and other tests run."""
    pytester.makepyfile(
        """
        import gc, threading, time
        import pytest

        def stubborn():
            while True:
                try:
                    time.sleep(60)
                except BaseException:
                    pass

        def test_main(ecs_events):
            ecs_events.run(stubborn, until="1h")

        def test_thread(ecs_events):
            errors = []

            def run():
                try:
                    ecs_events.run(stubborn, until="1h")
                except Exception as error:
                    errors.append(error)

            thread = threading.Thread(target=run)
            thread.start()
            thread.join()
            raise errors[0]

        def test_next(ecs_events):
            gc.collect()
            ecs_events.advance("1h")
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:randomly", timeout=60)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*StuckHandlerError: The handler caught the error that was to end it* in stubborn."])


def test_a_handler_that_catches_one_interruption_may_go_on_to_its_end(ecs):
    """The test fails anyway: the handler was stuck."""
    ecs.patience = 0.1

    def handler():
        with contextlib.suppress(BaseException):
            work(60)
        return "result"

    with pytest.raises(StuckHandlerError, match=r"(?m)neither slept nor called .* in work\.$"):
        ecs.run(handler, until="1h")


def test_a_handler_in_a_debugger_may_take_its_time(ecs, pass_real_seconds):
    """Time at a breakpoint does not count."""
    ecs.patience = 1
    namespace = {"__name__": "bdb"}
    exec(  # noqa: S102  # a module of that name
        "def at_a_breakpoint(wait):\n    for _ in range(5):\n        wait(0.6)\n    return 'went on'", namespace
    )
    assert ecs.run(namespace["at_a_breakpoint"], pass_real_seconds) == "went on"


def test_an_interrupt_of_the_user_is_raised(ecs):
    """Ctrl-C while a handler runs is raised."""

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ecs.run(interrupted)


def test_a_stop_of_the_outer_run_is_raised(ecs, daemon):
    """A run inside a run ends with the outer one."""

    def outer():
        return ecs.run(daemon.serve, until="2h")

    stopped = ecs.run(outer, until="1h")
    assert stopped.at.hour == 1
    assert daemon.log == ["cleaned up"]


# -- invalid arguments


@pytest.mark.parametrize(
    ("until", "sentence"),
    [
        (
            "2030-01-01T00:00:00Z",
            "run's until is 2030-01-01T00:00:00Z, and the clock stands at 2030-01-01T00:00:00Z. Pass a later instant, a "
            "duration, or a function of ecs_events.",
        ),
        (
            "soon",
            "run's until is 'soon', which is not an instant. Pass an aware datetime, text with a zone such as "
            '"2018-09-01T00:00:00Z", or one relative to the clock: a timedelta or "+2h30m". Or pass a duration such as "30d", '
            "or a function of ecs_events.",
        ),
        (
            3600,
            "run's until is 3600, which is not an instant. Pass an aware datetime, text with a zone such as "
            '"2018-09-01T00:00:00Z", or one relative to the clock: a timedelta or "+2h30m". Or pass a duration such as "30d", '
            "or a function of ecs_events.",
        ),
        (
            lambda: True,
            "run's until cannot be called with ecs_events: too many positional arguments. Pass a function that takes it, such "
            'as lambda ecs_events: ecs_events.one().status == "Avoided".',
        ),
        (
            dt.datetime(2031, 1, 1),  # noqa: DTZ001  # what it is about
            "run's until is datetime 2031-01-01T00:00:00, which has no time zone, so its meaning would depend on the "
            "zone of the machine. Add "
            'one: "2031-01-01T00:00:00Z", or tzinfo=timezone.utc.',
        ),
    ],
)
def test_an_end_that_cannot_be_is_refused(ecs, daemon, until, sentence):
    """The message has the value and what can be passed; the handler is not started."""
    with pytest.raises(BadArgumentError) as refused:
        ecs.run(daemon.serve, until=until)
    assert (str(refused.value), daemon.polls) == (sentence, 0)


def test_a_condition_may_be_any_callable(ecs, daemon):
    """This includes callables without a signature."""
    assert ecs.run(daemon.serve, until=type).at.minute == 0


def test_a_plain_function_is_not_awaited(ecs):
    """The message of run_async names the result that is no coroutine."""

    def handler():
        return 7

    async def test():
        with pytest.raises(BadArgumentError) as refused:
            await ecs.run_async(handler, until="1h")
        return str(refused.value)

    assert asyncio.run(test()) == (
        f"run_async got {handler!r}, which returned 7 instead of an awaitable. Pass a coroutine function, or use run for "
        "a plain one."
    )


@pytest.mark.parametrize("patience", [0, -1, "1", None, True, float("nan")])
def test_patience_is_a_number_of_seconds(ecs, patience):
    """Any other value is refused, and the old one stays."""
    with pytest.raises(BadArgumentError) as refused:
        ecs.patience = patience
    assert str(refused.value) == f"patience is {patience!r}. Pass a number of real seconds, more than zero."
    assert ecs.patience == 10


def test_run_needs_sleeping_that_moves_the_clock(daemon):
    """With sleep="real", in another tool's thread, or outside the block, the message has the condition."""
    sentence = (
        'run needs sleeping to move the clock: call it in a thread of the test, without sleep="real" or follow="real".'
    )
    with EcsEvents(sleep="real") as ecs_events, pytest.raises(EcsEventsError) as refused:
        ecs_events.run(daemon.serve, until="1h")
    assert str(refused.value) == sentence
    with pytest.raises(EcsEventsError, match=r"EcsEvents works only inside its with block"):
        ecs_events.run(daemon.serve, until="1h")


def test_a_stop_that_arrives_when_the_handler_has_ended_is_forgotten(ecs, monkeypatch):
    """A stop that is under way to a handler ends nothing else."""
    real, late = _run.Runner._end_watch, [HandlerStop()]

    def end_watch(runner, before):
        real(runner, before)
        if late:
            raise late.pop()

    monkeypatch.setattr(_run.Runner, "_end_watch", end_watch)
    assert ecs.run(lambda: "result") == "result"
    assert late == []


@pytest.mark.usefixtures("way")
def test_code_that_has_ended_is_not_interrupted(ecs):
    """The watchdog can be late."""
    interrupter = _interrupts.Interrupter(ecs._clock)
    interrupter.is_over = True
    interrupter.interrupt()
    assert not interrupter.raised


@pytest.mark.parametrize("handler", [None, "serve_forever"])
def test_what_is_no_handler_is_refused_in_a_sentence(ecs, handler):
    """The usual error is to call the handler instead of passing it."""
    with pytest.raises(BadArgumentError) as error:
        ecs.run(handler, until="1h")
    assert str(error.value) == (
        f"run got {handler!r}. Pass the handler itself and its arguments after it, not what calling it returns: "
        'run(serve_forever, client, until="30d").'
    )


def test_a_misspelt_until_is_refused_in_a_sentence(ecs):
    """It would be an argument of the handler; a handler that accepts it, or has no signature, gets it."""
    with pytest.raises(BadArgumentError) as error:
        ecs.run(lambda: None, untill="1h")
    assert str(error.value) == "run got untill='1h', which the handler does not take. Did you mean until?"
    assert ecs.run(lambda untill: untill, untill="1h") == "1h"
    assert ecs.run(lambda **given: given, untill="1h") == {"untill": "1h"}

    def untold():
        """Hides its signature."""

    untold.__signature__ = "hidden"
    with pytest.raises(TypeError, match="unexpected keyword argument 'untill'"):
        ecs.run(untold, untill="1h")
    with pytest.raises(TypeError, match="unexpected keyword argument 'client'"):
        ecs.run(lambda: None, client="1h")


def test_a_coroutine_is_refused_in_a_sentence(ecs):
    """A called coroutine function is refused too; the coroutine is closed, so that Python does not warn of it."""

    async def handler():
        """Never runs."""

    with pytest.raises(BadArgumentError, match=r"^run got <coroutine object .*\. Pass the handler itself"):
        ecs.run(handler())
    with pytest.raises(BadArgumentError, match=r"^run_async got <coroutine object .*\. Pass the handler itself"):
        asyncio.run(ecs.run_async(handler()))
