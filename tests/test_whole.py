"""A block that no signal interrupts."""

import signal
import socket
import threading

import pytest

from pytest_ecsevents import EcsEvents, _whole
from pytest_ecsevents._whole import Whole
from pytest_ecsevents.face import _real_cloud
from pytest_ecsevents.face._real_cloud import RealCloud
from pytest_ecsevents.face._wiring import Parts

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)


@pytest.fixture
def came(monkeypatch):
    """The signals that reached handlers of the test's own."""
    came = []
    before = [signal.signal(number, lambda number, _: came.append(number)) for number in NUMBERS]
    yield came
    for number, handler in zip(NUMBERS, before, strict=True):
        signal.signal(number, handler)


def handlers():
    """Return the handlers that the process has."""
    return [signal.getsignal(number) for number in NUMBERS]


def test_signals_come_after_it(came):
    """Each handler is called once, and stays in place."""
    before = handlers()
    with Whole():
        for number in NUMBERS:
            signal.raise_signal(number)
            signal.raise_signal(number)
        assert came == []
    assert sorted(came) == sorted(NUMBERS)
    assert handlers() == before


def test_one_block_in_another_ends_the_deferral_with_the_outer_one(came):
    """The inner block has the outer one's handlers."""
    with Whole():
        with Whole():
            signal.raise_signal(signal.SIGINT)
        assert came == []
    assert came == [signal.SIGINT]


def test_what_a_handler_raises_is_raised_at_the_end(came):
    """The other handlers are called all the same, and the first error of the block is its cause."""

    def stop(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    with pytest.raises(KeyboardInterrupt) as error, Whole():
        for number in NUMBERS:
            signal.raise_signal(number)
        raise ValueError
    assert sorted(came) == sorted({*NUMBERS} - {signal.SIGTERM})
    assert isinstance(error.value.__context__, ValueError)


def test_signals_without_a_handler_are_not_changed(came):
    """The default action stays, and that a signal is ignored."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    with Whole():
        assert handlers()[1:] == [signal.SIG_DFL, signal.SIG_IGN]


def test_in_another_thread_it_does_nothing(came):
    """Python calls handlers in the main thread only, and only that one may replace them."""
    seen, before = [], handlers()

    def block():
        with Whole():
            seen.append(handlers())

    thread = threading.Thread(target=block)
    thread.start()
    thread.join()
    assert seen == [before]


def test_an_error_at_its_start_leaves_the_handlers(came, monkeypatch):
    """A signal that is not deferred yet may come at that instant."""
    before, real, tries = handlers(), signal.signal, []

    def interrupted(number, handler):
        tries.append(number)
        if tries.count(signal.SIGALRM) == 1 == tries.count(signal.SIGINT):
            raise KeyboardInterrupt
        return real(number, handler)

    monkeypatch.setattr(_whole, "set_handler", interrupted)
    with pytest.raises(KeyboardInterrupt), Whole():
        pytest.fail("it was entered")
    assert handlers() == before


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_at_its_end_leaves_the_handlers(came, monkeypatch, number):
    """A handler that raises while others are still to be restored keeps none of them from it, and loses no signal."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    before, real = handlers(), signal.signal
    tries = []

    def interrupted(one, handler):
        result = real(one, handler)
        if one == number and handler in before:
            tries.append(one)
            if len(tries) == 1:
                signal.raise_signal(signal.SIGINT)
        return result

    with pytest.raises(KeyboardInterrupt), Whole():
        signal.raise_signal(signal.SIGTERM)
        monkeypatch.setattr(_whole, "set_handler", interrupted)
    assert handlers() == before
    assert came == [signal.SIGTERM]


def test_a_cloud_that_is_interrupted_before_its_stop_is_stopped(monkeypatch):
    """An interrupt that came before the signals were deferred is raised after a second try."""
    real, tries = socket.create_connection, []

    class Interrupted(Whole):
        def __enter__(self):
            tries.append(1)
            if len(tries) == 1:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), EcsEvents():
        assert socket.create_connection is not real
        monkeypatch.setattr("pytest_ecsevents.face._wiring.Whole", Interrupted)
    assert socket.create_connection is real


@pytest.mark.parametrize("name", ["leave", "close"])
def test_a_cloud_whose_stop_is_interrupted_as_it_begins_is_stopped(monkeypatch, name):
    """A handler may raise before the first line of a function."""
    real, tries, method = socket.create_connection, [], getattr(Parts, name)

    def interrupted(parts):
        tries.append(1)
        if len(tries) == 1:
            raise KeyboardInterrupt
        return method(parts)

    with pytest.raises(KeyboardInterrupt), EcsEvents():
        assert socket.create_connection is not real
        monkeypatch.setattr(Parts, name, interrupted)
    assert socket.create_connection is real


def test_a_fixture_whose_stop_is_interrupted_as_it_begins_is_torn_down(pytester):
    """The next test has the process as it was."""
    pytester.makepyfile(
        """
        import time

        import pytest
        from pytest_ecsevents.face._wiring import Parts

        REAL = time.time()


        def test_one(ecs_events, monkeypatch_close):
            assert time.time() > REAL


        @pytest.fixture
        def monkeypatch_close():
            close = Parts.close

            def interrupted(parts):
                Parts.close = close
                pytest.fail("interrupted")

            Parts.close = interrupted


        def test_two():
            assert time.time() < REAL + 60
        """
    )
    result = pytester.runpytest("-p", "no:randomly")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*interrupted*"])


def test_a_guard_that_is_interrupted_leaves_nothing(monkeypatch):
    """The guard of tests without the fixture takes back what it had replaced."""
    real, guard = socket.gethostbyname, _real_cloud.guard

    def interrupted(*args):
        guard(*args)
        assert socket.gethostbyname is not real
        raise KeyboardInterrupt

    monkeypatch.setattr(_real_cloud, "guard", interrupted)
    with pytest.raises(KeyboardInterrupt), RealCloud():
        pytest.fail("it was entered")
    assert socket.gethostbyname is real
