"""Which code a frame belongs to."""

import gc
import linecache
import sys
import threading
from contextlib import suppress
from types import FunctionType, ModuleType

import pytest

from pytest_ecsevents import EcsEvents
from pytest_ecsevents._frames import (
    AUTHOR,
    CLIENT,
    DEBUGGER,
    OURS,
    PROCESS,
    SERVER,
    TEST_RUN,
    WAITING,
    author_frame,
    collector_off,
    cut_traceback,
    frames_of_threads,
    hide_clients,
    is_debugged,
    keeps_own_names,
    kind_of,
    place_of_error,
    place_of_thread,
    stack_of,
    variables_of,
)


@pytest.mark.parametrize(
    ("module", "kind"),
    [
        ("subprocess_poller", AUTHOR),
        ("queue_consumer", AUTHOR),
        ("requests_cache_of_mine", AUTHOR),
        ("alibabacloud_poller", AUTHOR),
        ("aliyunsdk_poller", AUTHOR),
        ("pytest_timeouts", AUTHOR),
        ("unittest.case", AUTHOR),
        ("json.decoder", AUTHOR),
        ("subprocess", PROCESS),
        ("multiprocessing.connection", PROCESS),
        ("urllib.request", CLIENT),
        ("unittest.mock", CLIENT),
        ("alibabacloud_ecs20140526.client", CLIENT),
        ("alibabacloud_tea_openapi.client", CLIENT),
        ("alibabacloud_credentials.provider", CLIENT),
        ("aliyunsdkcms.request.v20190101", CLIENT),
        ("concurrent.futures.thread", WAITING),
        ("_pytest.runner", TEST_RUN),
        ("_pytest.debugging", DEBUGGER),
        ("pytest_ecsevents.clock._clock", OURS),
        ("pytest_ecsevents.server._ecs", SERVER),
    ],
)
def test_a_module_is_known_by_its_whole_name(module, kind):
    """A user's module whose name begins like a library's belongs to the user."""
    assert kind_of(module) == kind


@pytest.mark.parametrize("name", ["subprocess_poller", "queue_consumer", "sched_jobs"])
def test_the_clock_of_a_module_named_like_a_library_is_virtual(monkeypatch, name):
    """A handler in `subprocess_poller.py` sleeps in virtual time, however it imported its functions."""
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    exec("import time\ndef poll():\n    time.sleep(3600)\n    return time.time()", module.__dict__)  # noqa: S102  # its own code
    with EcsEvents() as ecs_events:
        before = ecs_events.now
        assert module.poll() == before.timestamp() + 3600


@pytest.mark.parametrize("name", ["time", "threading", "subprocess", "_pytest.timing", "selenium.webdriver"])
def test_real_names_stay_in_modules_that_wait_for_something_real(name):
    """Their clocks are replaced separately, for threads of the test only, or not at all."""
    assert keeps_own_names(name)


def in_module(name, function, **names):
    """Return the function as if it were in that module."""
    return FunctionType(function.__code__, {"__name__": name, **names})


def fail():
    """Fail."""
    raise ZeroDivisionError


def call(function):
    """Call it."""
    function()


def names_of(error):
    """Return the functions in a traceback."""
    return [step.name for step in error.traceback]


def test_an_error_of_ours_ends_at_the_users_line():
    """Frames of the plugin and of the client are removed."""
    client = in_module("requests.api", call)
    ours = in_module("pytest_ecsevents.rpc", fail)
    with pytest.raises(ZeroDivisionError) as error:
        client(ours)
    cut_traceback(error.tb, is_ours=True)
    assert names_of(error) == ["test_an_error_of_ours_ends_at_the_users_line"]


def test_frames_of_a_client_alone_stay():
    """An error from a client that calls user code, without the plugin, did not pass through the plugin."""
    client = in_module("requests.api", call)
    with pytest.raises(ZeroDivisionError) as error:
        client(fail)
    cut_traceback(error.tb, is_ours=False)
    assert names_of(error) == ["test_frames_of_a_client_alone_stay", "call", "fail"]


def test_the_place_of_an_error_is_the_innermost_line():
    """It is the innermost line of user code, also if that called the failing code."""
    with pytest.raises(ZeroDivisionError) as error:
        in_module("requests.api", call)(in_module("pytest_ecsevents.rpc", fail))
    assert place_of_error(error.value).endswith("in fail")
    assert place_of_error(error.value, in_authors_code=True).endswith("the_innermost_line")


def test_an_error_that_was_never_raised_has_no_place():
    """Without a traceback there is no line."""
    assert not place_of_error(ZeroDivisionError())


def keep_author_frame(places):
    """Record the result of `author_frame`."""
    places.append(author_frame())


def test_without_user_code_the_outermost_frame_is_named():
    """In a thread that a library runs by itself, no better line is known."""
    places = []
    target = in_module("requests.api", keep_author_frame, author_frame=author_frame)
    thread = threading.Thread(target=target, args=(places,))
    thread.start()
    thread.join()
    assert places[0].f_back is None


def test_the_place_of_a_thread_that_has_ended_is_unknown():
    """No code runs there."""
    assert place_of_thread(-1) == "an unknown place"


def is_this_thread_debugged():
    """Return the result for the calling thread."""
    return is_debugged(threading.get_ident())


def test_a_thread_in_a_debugger_is_found():
    """Its user can take a long time."""
    assert in_module("pdb", is_this_thread_debugged, is_debugged=is_debugged, threading=threading)()
    assert not is_this_thread_debugged()
    assert not is_debugged(-1)


@pytest.fixture
def collections():
    """Return the lines in which garbage is collected, as often as possible; "" for those of other modules."""
    lines, thresholds = [], gc.get_threshold()

    def note(_phase, _info):
        frame = sys._getframe(1)
        is_ours = frame.f_globals["__name__"] == "pytest_ecsevents._frames"
        lines.append(linecache.getline(frame.f_code.co_filename, frame.f_lineno) if is_ours else "")

    gc.callbacks.append(note)
    gc.set_threshold(1, 1_000, 1_000)
    yield lines
    gc.set_threshold(*thresholds)
    gc.callbacks.remove(note)


@pytest.fixture
def parked():
    """Threads that wait, in functions whose frames were never read."""
    end = threading.Event()
    ready = threading.Barrier(11)

    def step(deeper):
        if deeper:
            step(deeper - 1)
        else:
            ready.wait()
            end.wait()

    threads = [threading.Thread(target=step, args=(20,)) for _ in range(10)]
    for thread in threads:
        thread.start()
    ready.wait()
    yield threads
    end.set()
    for thread in threads:
        thread.join()


def test_no_garbage_is_collected_while_frames_of_other_threads_are_read(parked, collections):
    """CPython 3.11 makes frames when they are read; a collection then lets the other thread leave its function."""
    frames = frames_of_threads()
    variables = [variables_of(frame) for frame in frames.values()]
    stacks = [stack_of(frame) for frame in frames.values()]
    places = [author_frame(frame) for frame in frames.values()]
    assert len(variables) == len(stacks) == len(places) > len(parked)
    assert collections
    assert not [line for line in collections if "_current_frames()" in line or "f_back" in line or "f_locals" in line]


@pytest.mark.parametrize("is_on", [True, False])
def test_reading_frames_leaves_the_collector_as_it_was(is_on):
    """This includes a signal handler that reads them meanwhile, and an error."""
    (gc.enable if is_on else gc.disable)()
    try:
        with suppress(KeyError), collector_off():
            with collector_off():
                assert not gc.isenabled()
            assert not gc.isenabled()
            raise KeyError
        assert gc.isenabled() is is_on
    finally:
        gc.enable()


def marks_of(error):
    """Return the functions in a traceback that pytest would hide."""
    return [step.name for step in error.traceback if step.frame.f_globals.get("__tracebackhide__")]


def test_the_frames_of_a_client_that_raised_are_hidden_for_a_while():
    """The report would have the whole function of the SDK, instead of the user's line that called it."""
    outer, inner = in_module("requests.api", call), in_module("requests.sessions", fail)
    with pytest.raises(ZeroDivisionError) as error:
        outer(inner)
    show = hide_clients(error.value)
    assert marks_of(error) == ["call", "fail"]
    show()
    assert marks_of(error) == []


@pytest.mark.parametrize("module", ["handler", "pytest_ecsevents.rpc"])
def test_a_client_that_raised_nothing_itself_is_not_hidden(module):
    """The error is one of the user's code below the client, or one of ours."""
    outer, inner = in_module("requests.api", call), in_module(module, fail)
    with pytest.raises(ZeroDivisionError) as error:
        outer(inner)
    hide_clients(error.value)
    assert marks_of(error) == []


def test_an_error_without_a_traceback_hides_nothing():
    """It was made, and never raised."""
    hide_clients(ValueError("never raised"))()
