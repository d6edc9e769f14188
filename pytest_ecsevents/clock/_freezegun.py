"""The clock held by freezegun. Everything that touches freezegun's private names is here.

freezegun's local time is UTC plus a fixed `tz_offset`. It is added to `datetime.now(timezone.utc)` too, so that no offset
makes both right; `time.localtime` ignores it and summer time; `fold` is lost. So the real functions get the frozen instant
instead, while the innermost of freezegun's clocks is ours: local time is that of the process's zone, as they give it.
time-machine has them do it by itself. The fakes are replaced in place, because freezegun has registered its classes with
pickle and sqlite3.

Names of freezegun's, tried with 1.5.0 to 1.5.5: `real_datetime`, `FakeDatetime`, `FakeDate`, `real_localtime`,
`real_gmtime`, `fake_localtime`, `fake_gmtime`, `_should_use_real_time`. Where one is missing, tests fail with an
AttributeError when they start.
"""

import datetime as dt
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial, wraps
from types import ModuleType, SimpleNamespace
from typing import Any, Final

from pytest_ecsevents._frames import keeps_own_names
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._after_import import call_after_import
from pytest_ecsevents.clock._frozen_imports import import_for_fastapi
from pytest_ecsevents.clock._names import Names, memo_for_now
from pytest_ecsevents.clock._times import MICROSECOND, NAIVE_EPOCH, Micros, naive_from_micros

# Callers that read `time.monotonic` through the module: only freezegun's look at the stack gives them real time. Do not
# add `threading`, `queue` and `concurrent.futures`: freezegun looks five frames up, so every function that a thread
# runs directly would get real time.
_REAL_CALLERS: Final = ("multiprocessing.connection", "multiprocessing.popen", "selenium.", "gi.", "prompt_toolkit.")

# Names under which programs usually import what freezegun replaces.
_USUAL: Final = frozenset({"time", "time_ns", "monotonic", "monotonic_ns", "datetime", "date"})

_FUNCTIONS: Final = (
    *("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"),
    *("localtime", "gmtime", "strftime"),
)


class _Modules(dict[str, object]):
    """`sys.modules`, of which `items` has only those that are to be walked over."""

    def __init__(self, walked: dict[str, object]) -> None:
        super().__init__(sys.modules)
        self.items = walked.items  # type: ignore[method-assign]


class _SysOfWalk:
    """`sys` as freezegun's `start` sees it: 1.5.0 to 1.5.5 call `keys` and `items` of its modules there."""

    def __init__(self, walked: dict[str, object]) -> None:
        self.modules: Final = _Modules(walked)

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)  # for other threads, which may ask freezegun for the time meanwhile


class FreezegunSource:
    """freezegun, started by this plugin or by the user."""

    name = "freezegun"
    freezes_monotonic = True

    def __init__(self) -> None:
        self._freezer: Any = None
        self._factory: Any = None
        self._ticks = False
        self._last: tuple[object, Micros] = None, 0  # the last reading: most find the clock where it was
        self._undo = Undo()

    def read(self) -> Micros | None:
        api = sys.modules.get("freezegun.api")
        if api is None or not api.freeze_factories:
            return None
        factory = api.freeze_factories[-1]
        # Calling an auto-ticking factory would tick it. Ours stands still, unless it follows the machine's clock.
        stands = (factory is self._factory and not self._ticks) or hasattr(factory, "step_width")
        naive = factory.time_to_freeze if stands else factory()
        seen, micros = self._last
        if naive is not seen:
            micros = (naive - NAIVE_EPOCH) // MICROSECOND
            self._last = naive, micros
        return micros

    @property
    def is_innermost(self) -> bool:
        """Whether this has started freezegun, and no other code has started it since."""
        return self._factory is not None and self._read_own() is not None

    def move_to(self, at: Micros) -> None:
        factory, naive = sys.modules["freezegun.api"].freeze_factories[-1], naive_from_micros(at)
        if factory is self._factory and not self._ticks:
            factory.time_to_freeze = naive  # all that its `move_to` does at last, in a fifth of the time
        else:
            factory.move_to(naive)

    def start(self, at: Micros, *, ticks: bool) -> None:
        import freezegun
        from freezegun import api, config

        added = [name for name in config.settings.default_ignore_list if name not in config.DEFAULT_IGNORE_LIST]
        freezer: Any = freezegun.freeze_time(naive_from_micros(at), tick=ticks)
        freezer.ignore = tuple(added)
        _replace_fakes(api, self._read_own, self._undo)
        self._freezer, self._ticks = freezer, ticks
        try:
            self._freeze(api, freezer, added)
        except BaseException:  # Ctrl-C or pytest-timeout's alarm, after which freezegun undoes nothing
            self.stop()
            raise

    def _freeze(self, api: Any, freezer: Any, added: list[str]) -> None:
        import asyncio
        import concurrent.futures._base

        self._factory = self._start_with_memo(api, freezer)
        api.ignore_lists[-1] = (*_REAL_CALLERS, *added)
        call_after_import({"fastapi": partial(import_for_fastapi, api)}, self._undo)
        for module, name, original in freezer.undo_changes:
            if keeps_own_names(module.__name__):
                setattr(module, name, original)
        # Under a frozen clock, waits of `concurrent.futures` and event loops outside the test would never end.
        futures: Any = concurrent.futures._base
        freezer.undo_changes.append((futures, "time", futures.time))
        futures.time = SimpleNamespace(monotonic=api.real_monotonic)
        loop, real_monotonic = asyncio.BaseEventLoop, api.real_monotonic
        freezer.undo_changes.append((loop, "time", loop.time))
        loop.time = lambda _: real_monotonic()  # type: ignore[assignment,method-assign]

    def _read_own(self) -> dt.datetime | None:
        """The instant, naive, while our clock is the innermost one of freezegun."""
        factories = sys.modules["freezegun.api"].freeze_factories
        frozen: dt.datetime | None = self._factory() if factories[-1:] == [self._factory] else None
        return frozen

    def _start_with_memo(self, api: Any, freezer: Any) -> object:
        """Start freezegun with our memo of each module's names: its own cache hashes `dir()` of every module.

        It walks only over modules that may have such a name. The models of a newer SDK are more than a thousand modules.
        """
        walk, memo = api._get_cached_module_attributes, memo_for_now()
        memo.want(api._real_time_object_ids, _USUAL)

        def read(module: Any) -> Names:
            # Some libraries put other objects than modules into `sys.modules`.
            return memo.names_in(module) if isinstance(module, ModuleType) else walk(module)

        api._get_cached_module_attributes, api.sys = read, _SysOfWalk(memo.worth_a_look())
        try:
            return freezer.start()
        finally:
            api._get_cached_module_attributes, api.sys = walk, sys

    def stop(self) -> None:
        with suppress(IndexError):  # an interrupt came before it started
            self._freezer.stop()
        self._freezer = self._factory = None
        self._undo.close()

    def fakes(self) -> list[tuple[object, object]]:
        api: Any = sys.modules["freezegun.api"]
        functions = [(getattr(api, f"real_{name}"), getattr(api, f"fake_{name}")) for name in _FUNCTIONS]
        return [*functions, (api.real_datetime, api.FakeDatetime), (api.real_date, api.FakeDate)]


# -- local time


def _replace_fakes(api: Any, read_frozen: Callable[[], dt.datetime | None], undo: Undo) -> None:
    """Replace freezegun's fakes of local time, until `undo` closes.

    Args:
        api: `freezegun.api`, before it is started: starting puts `fake_localtime` and `fake_gmtime` wherever a module took
            the real functions.
        read_frozen: Reads the instant of our clock, naive, meaning UTC; None while another clock of freezegun's is the
            innermost, whose fakes are called then.
        undo: Puts them back.
    """

    def replace_method(cls: Any, name: str, function: Callable[..., Any]) -> None:
        fake = cls.__dict__[name]
        original = getattr(fake, "__func__", fake)

        @wraps(original)
        def call(owner: Any, *args: Any, **kwargs: Any) -> Any:
            utc = read_frozen()
            return original(owner, *args, **kwargs) if utc is None else function(owner, utc, *args, **kwargs)

        undo.replace(cls, name, call if original is fake else classmethod(call))

    def replace_function(name: str, real: Callable[..., Any]) -> None:
        fake = getattr(api, name)

        @wraps(fake)
        def call(t: float | None = None) -> Any:
            utc = read_frozen()
            if t is not None or utc is None:
                return fake(t)
            return real() if api._should_use_real_time() else real(_seconds(utc))

        undo.replace(api, name, call)

    fake, real = api.FakeDatetime, api.real_datetime

    def now(cls: Any, utc: dt.datetime, tz: dt.tzinfo | None = None) -> Any:
        if tz is not None:
            aware = utc.replace(tzinfo=tz)  # it refuses what is no zone
            return _convert(cls, tz.fromutc(aware))
        # A float would not hold the microseconds of a far year.
        return _convert(cls, real.fromtimestamp(_seconds(utc)).replace(microsecond=utc.microsecond))

    replace_method(fake, "now", now)
    replace_method(
        fake, "fromtimestamp", lambda cls, _, *args, **named: _convert(cls, real.fromtimestamp(*args, **named))
    )
    replace_method(fake, "timestamp", lambda self, _: real.timestamp(self))
    replace_method(fake, "astimezone", lambda self, _, *args, **named: real.astimezone(self, *args, **named))
    replace_method(api.FakeDate, "today", lambda cls, utc: cls.fromtimestamp(_seconds(utc)))
    replace_function("fake_localtime", api.real_localtime)
    replace_function("fake_gmtime", api.real_gmtime)


def _seconds(utc: dt.datetime) -> int:
    since = utc - NAIVE_EPOCH
    return since.days * 86_400 + since.seconds


def _convert(cls: Any, real: dt.datetime) -> Any:
    """The same as an object of a subclass. Before Python 3.12 many methods of a subclass lose `fold`."""
    parts = (real.year, real.month, real.day, real.hour, real.minute, real.second, real.microsecond, real.tzinfo)
    return cls(*parts, fold=1) if real.fold else cls(*parts)
