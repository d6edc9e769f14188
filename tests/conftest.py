"""Fixtures and settings that all tests share."""

import concurrent.futures.process  # noqa: F401  # or a pytest inside pytest loads it, and forgets it while others keep its parts
import contextlib
import copy
import datetime as dt
import functools
import gc
import importlib
import importlib.metadata
import itertools
import json
import signal
import ssl
import sys
import threading
import time
import warnings
import zlib
from _thread import get_ident
from collections import defaultdict
from concurrent.futures.thread import _threads_queues as pool_workers
from contextlib import contextmanager
from types import ModuleType

import pytest
from _pytest.fixtures import FixtureManager
from _pytest.nodes import Node
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.endpoint.local_config_regional_endpoint_resolver import LocalConfigRegionalEndpointResolver
from aliyunsdkcore.request import CommonRequest
from aliyunsdkcore.vendored.requests.adapters import HTTPAdapter
from clients import acs_client
from hypothesis import settings
from raw_threads import start_raw_thread
from sizes import NIGHTLY, size

from pytest_ecsevents.checks import _recorder
from pytest_ecsevents.clock import _brief_waits, _stand_ins
from pytest_ecsevents.handlers import _guard, _interrupts, _runner
from pytest_ecsevents.handlers._interrupts import LOOK_EVERY

# The number of examples Hypothesis tries. The nightly run tries more, and different ones each time.
settings.register_profile("default", max_examples=10, stateful_step_count=20, deadline=None, derandomize=True)
settings.register_profile("nightly", max_examples=2500, deadline=None, print_blob=True)
settings.load_profile("nightly" if NIGHTLY else "default")

# Loaded once for all: a run of pytest inside a test forgets what it loads.
for name in (
    "aiohttp",
    "aliyunsdkecs.request.v20140526.DescribeInstanceHistoryEventsRequest",
    "aliyunsdkecs.request.v20140526.RebootInstanceRequest",
    "freezegun",
    "greenlet",
    "pydantic.v1",  # each cloud loads it where there is FastAPI
    "pytest_ecsevents.clock._trio",
    "pytest_ecsevents.face._markers",
    "pytest_ecsevents.face._real_cloud",
    "pytest_ecsevents.handlers._leaving",
    "pytest_ecsevents.report._unittest",
    "pytest_ecsevents.server._server",
    "responses",
    "time_machine",
):
    with contextlib.suppress(ModuleNotFoundError), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydantic.v1's, on Python 3.14
        importlib.import_module(name)

BACKENDS = ("freezegun", "time-machine")

# A shell starts what runs in the background with SIGINT ignored, and so are its children: no test of Ctrl-C would get one.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

gc.disable()  # until all is collected: nothing of it is garbage
_REAL = (time.sleep, time.time, dt.datetime)


def pytest_collection_finish():
    """Keep the collected tests out of the garbage collector, which every inner run of pytest calls several times."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)  # a test makes more objects than the usual limit again and again
    gc.enable()


def pytest_sessionfinish():
    """Save what coverage has measured so far: xdist kills a worker that takes more than ten seconds to end."""
    coverage = sys.modules.get("coverage")
    measuring = None if coverage is None else coverage.Coverage.current()
    if measuring is not None:
        measuring.save()


@pytest.fixture(autouse=True, scope="session")
def watches_are_measured():
    """Coverage measures the threads that watch code, as it does those of `threading`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_interrupts, "start_new_thread", start_raw_thread)
        yield


@pytest.fixture(autouse=True, scope="session")
def no_certificates():
    """Skip reading certificates: no test encrypts, and the newer SDK reads them in each call in a loop."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("load_verify_locations", "set_default_verify_paths"):
            patch.setattr(ssl.SSLContext, name, lambda *_args, **_options: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def plugins_are_found_at_once():
    """Each run of pytest inside a test reads the metadata of all packages: only those with entry points matter."""
    plugins = [one for one in importlib.metadata.distributions() if one.entry_points]
    kind = importlib.metadata.Distribution
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.metadata, "distributions", lambda **_options: list(plugins))
        for name in ("metadata", "entry_points"):
            patch.setattr(kind, name, property(functools.cache(getattr(kind, name).fget)))
        yield


@pytest.fixture(autouse=True, scope="session")
def plugins_without_fixtures_are_passed_over():
    """Each run of pytest inside a test looks for fixtures in every attribute of pytest's own plugins: once is enough."""
    look = FixtureManager.parsefactories

    @functools.cache
    def has_fixtures(kind):
        values = [value for one in getattr(kind, "__mro__", (kind,)) for value in vars(one).values()]
        return any("FixtureFunction" in type(one).__name__ or hasattr(one, "_pytestfixturefunction") for one in values)

    def parsefactories(manager, *args, **options):
        holder = args[0] if args else options["holder"]
        kind = holder if isinstance(holder, ModuleType) else type(holder)
        is_pytests = getattr(kind, "__module__", kind.__name__).startswith("_pytest.")
        if isinstance(holder, Node) or not is_pytests or has_fixtures(kind):
            look(manager, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FixtureManager, "parsefactories", parsefactories)
        yield


@pytest.fixture(autouse=True, scope="session")
def endpoints_are_read_once():
    """Each new client of the legacy SDK reads a table of endpoints from disk, which takes longer than a call."""
    made = LocalConfigRegionalEndpointResolver.__init__

    @functools.cache
    def table(kind):
        one = object.__new__(kind)
        made(one)
        return vars(one)

    def copied(one, config_json_str=None):
        if config_json_str:
            made(one, config_json_str)
        else:
            vars(one).update({name: copy.copy(value) for name, value in table(type(one)).items()})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LocalConfigRegionalEndpointResolver, "__init__", copied)
        yield


@pytest.fixture(autouse=True)
def nothing_stays_patched():
    """After each test, the process's clock and the SDK's transport are as before."""
    send = HTTPAdapter.send
    yield
    assert (time.sleep, time.time, dt.datetime) == _REAL
    assert HTTPAdapter.send is send


@pytest.fixture(autouse=True)
def no_thread_stays():
    """After each test, no thread is left for which the interpreter would wait at its end: pytest would hang there."""
    before = set(threading.enumerate())
    yield
    for thread in threading.enumerate():
        # The workers of pools end with the interpreter. Some pools are a library's, and never shut down.
        if thread not in before and not thread.daemon and thread not in pool_workers:
            thread.join(5)
            assert not thread.is_alive(), f"{thread} is left"


@pytest.fixture
def real():
    """The function that is `time.sleep` without pytest's stand-in."""
    before, time.sleep = time.sleep, _stand_ins.real_sleep
    yield time.sleep
    time.sleep = before


@pytest.fixture(autouse=True)
def a_stall_is_one_look():
    """Count one poll of the watchdog as its real seconds, so that a slow machine makes no handler look stuck.

    It polls more often than in a user's test, so that tests of what hangs are soon over.
    """
    looks = defaultdict(lambda: itertools.count(step=LOOK_EVERY))  # one for each watching thread
    # Not the fixture `monkeypatch`: that would end after `nothing_stays_patched` has checked.
    with pytest.MonkeyPatch.context() as patch:
        for module in (_guard, _runner):
            patch.setattr(module, "real_now", lambda: next(looks[get_ident()]))
            patch.setattr(module, "LOOK_EVERY", LOOK_EVERY / 3)
        yield


@pytest.fixture
def looks_often(a_stall_is_one_look):
    """Let the watchdog look more often still: a handler that spins from its first line on is soon over."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (_guard, _runner):
            patch.setattr(module, "LOOK_EVERY", 0.005)
        yield


@pytest.fixture(params=size(["either"], BACKENDS))
def either_backend(request):
    """A back end of the clock, for what does not depend on it: by day each test has one of both, at night both."""
    return request.param if NIGHTLY else BACKENDS[zlib.crc32(request.node.name.encode()) % len(BACKENDS)]


@pytest.fixture
def pass_real_seconds(monkeypatch, a_stall_is_one_look):
    """Let the watchdog see real seconds pass only here: `pass_real_seconds(0.6)` returns after it has polled."""
    now, looks = [0.0], itertools.count()
    seen = [next(looks)]

    def real_now():
        seen[0] = next(looks)
        return now[0]

    for module in (_guard, _runner):
        monkeypatch.setattr(module, "real_now", real_now)
        monkeypatch.setattr(module, "LOOK_EVERY", 0.001)

    def pass_real_seconds(seconds):
        now[0] += seconds
        until = seen[0] + 2  # the first poll can have begun before
        while seen[0] < until:
            _stand_ins.real_sleep(0.001)  # a patch would replace the name in this module

    return pass_real_seconds


@pytest.fixture
def pytester(pytester, monkeypatch):
    """Inner runs of pytest load no other installed plugin unless `-p` names it: that halves their time."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p ecsevents -p no:cacheprovider")
    return pytester


@pytest.fixture
def every_plugin(pytester, monkeypatch):
    """Inner runs of pytest load all installed plugins, as the runs of users do."""
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:cacheprovider -p no:randomly")
    return pytester


@pytest.fixture
def call_limit(monkeypatch):
    """How many calls a handler can make while the clock stands still.

    By day there are fewer, so that tests reach the limit soon.
    """
    limit = size(50, _recorder.MOST_CALLS_OF_A_RUN)
    monkeypatch.setattr(_recorder, "MOST_CALLS_OF_A_RUN", limit)
    monkeypatch.setattr(_recorder, "MOST_CALLS_AT_ONE_INSTANT", size(50, _recorder.MOST_CALLS_AT_ONE_INSTANT))
    return limit


@pytest.fixture
def few_causes(monkeypatch):
    """By day fewer functions in a row can each cause the next one at one instant, so that tests reach the limit soon."""
    monkeypatch.setattr(_brief_waits, "MOST_CAUSED", size(200, _brief_waits.MOST_CAUSED))


@pytest.fixture
def unraisable():
    """Return a context manager that yields the errors that no caller gets."""

    @contextmanager
    def unraisable():
        lost, hook = [], sys.unraisablehook
        sys.unraisablehook = lost.append
        try:
            yield lost
        finally:
            sys.unraisablehook = hook

    return unraisable


@pytest.fixture
def call():
    """Call an action with the real SDK: `call("RebootInstance", InstanceId="i-web1")`."""

    def call(action, *, region="cn-hangzhou", product_host="ecs.aliyuncs.com", version="2014-05-26", **params):
        request = CommonRequest(domain=product_host, version=version, action_name=action)
        request.set_product("Ecs")
        request.set_method("POST")
        for name, value in params.items():
            request.add_query_param(name.replace("__", "."), value)
        return json.loads(acs_client(region_id=region).do_action_with_exception(request))

    return call


@pytest.fixture
def refused(call):
    """Return (status, code, message) of a refused call: `refused("RebootInstance", InstanceId="i-none")`."""

    def refused(action, **params):
        with pytest.raises(ServerException) as error:
            call(action, **params)
        return error.value.get_http_status(), error.value.get_error_code(), error.value.get_error_msg()

    return refused
