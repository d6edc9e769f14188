"""Functions of the test's that catch every error without end: each is left, and the test goes on."""

import asyncio
import contextlib
import threading
from _thread import allocate_lock

import pytest

from pytest_ecsevents import EcsEvents, StuckHandlerError


@pytest.fixture
def ecs():
    """A cloud with one instance, and little patience."""
    with EcsEvents(strict="receivers") as ecs_events:
        ecs_events.patience = 0.1
        ecs_events.instances.add("i-web1")
        yield ecs_events


def stubborn(*_):
    """Wait for what never comes, whatever ends the wait."""
    while True:
        with contextlib.suppress(BaseException):
            threading.Event().wait()


async def stubborn_coroutine(_):
    """The same in a coroutine."""
    while True:
        with contextlib.suppress(BaseException):
            await asyncio.Event().wait()


def at(ecs, _call):
    """A function planned for an instant."""
    ecs.at("+1h", stubborn)


def on_change(ecs, _call):
    """A receiver of changes."""
    ecs.on_change(stubborn)
    ecs.at("+1h", ecs.create, "SystemMaintenance.Reboot", "i-web1")


def subscribe(ecs, _call):
    """A receiver of notifications."""
    ecs.subscribe(stubborn, names="Instance:SystemMaintenance.Reboot:Scheduled")
    ecs.at("+1h", ecs.create, "SystemMaintenance.Reboot", "i-web1")


def coroutine(ecs, _call):
    """A receiver of notifications that is a coroutine function."""
    ecs.subscribe(stubborn_coroutine, names="Instance:SystemMaintenance.Reboot:Scheduled")
    ecs.at("+1h", ecs.create, "SystemMaintenance.Reboot", "i-web1")


def stub(ecs, call):
    """A stub's response."""
    ecs.stub("Ecs", "DescribeNothing", stubborn)
    ecs.at("+1h", call, "DescribeNothing")


@pytest.mark.parametrize("plan", [at, on_change, subscribe, coroutine, stub])
def test_a_function_that_catches_everything_at_its_waits_is_left(ecs, call, plan):
    """The clock goes on, the error names the line, and the next function is called."""
    plan(ecs, call)
    with pytest.raises(StuckHandlerError, match=r"caught the error that was to end it\. It was at .* in stubborn"):
        ecs.advance("2h")
    called = []
    ecs.at("+1h", called.append, "next")
    ecs.advance("3h")
    assert called == ["next"]


@pytest.mark.parametrize("plan", [at, on_change, subscribe, stub])
def test_such_a_function_ends_with_the_handler_of_a_run(ecs, call, plan):
    """The handler's sleep has moved the clock to it, so `run` ends both."""
    plan(ecs, call)
    with pytest.raises(StuckHandlerError, match=r"It was at .* in stubborn"):
        ecs.run(threading.Event().wait, 7200)
    assert ecs.run(lambda: "result") == "result"


def test_a_function_that_catches_its_end_once_and_returns_is_an_error(ecs):
    """It hung all the same."""

    def returns():
        with contextlib.suppress(BaseException):
            threading.Event().wait()

    ecs.at("+1h", returns)
    with pytest.raises(StuckHandlerError, match=r"it was cut off\. It was at .* in returns"):
        ecs.advance("2h")


def test_a_function_that_computes_and_then_waits_is_left(ecs):
    """It catches the error in its own lines twice, and is left in its wait."""

    def computes():
        for _ in range(2):
            with contextlib.suppress(BaseException):
                while True:
                    pass
        threading.Event().wait()

    ecs.at("+1h", computes)
    with pytest.raises(StuckHandlerError, match=r"caught the error that was to end it\. It was at .* in computes"):
        ecs.advance("2h")


def stubborn_in_a_loop():
    """The same in an event loop of its own, which it blocks."""

    async def main():
        stubborn()

    asyncio.run(main())


@pytest.mark.parametrize("function", [stubborn, stubborn_in_a_loop])
def test_such_a_function_in_another_thread_is_left(ecs, function):
    """Its thread moves the clock while the main thread is blocked outside virtual time, and gets the error."""
    ecs.at("+1h", function)
    errors, is_over = [], allocate_lock()  # a real one
    is_over.acquire()

    def advance():
        try:
            ecs.advance("2h")
        except StuckHandlerError as error:
            errors.append(str(error))
            asyncio.run(asyncio.sleep(0))  # the thread may run another loop
            errors.append("none")
        finally:
            is_over.release()

    thread = threading.Thread(target=advance)
    thread.start()
    is_over.acquire()
    thread.join()
    assert "in stubborn." in errors[0]
    assert errors[1:] == ["none"]
