"""The clock held by freezegun. Everything that touches freezegun's private names is here.

freezegun's local time is UTC plus a fixed `tz_offset`. It is added to `datetime.now(timezone.utc)` too, so that no offset
makes both right; `time.localtime` ignores it and summer time; `fold` is lost. So the real functions get the frozen instant
instead, while the innermost of freezegun's clocks is ours: local time is that of the process's zone, as they give it.
time-machine has them do it by itself. The fakes are replaced in place, because freezegun has registered its classes with
pickle and sqlite3.

Names of freezegun's, tried with 1.5.0 to 1.5.5: `real_datetime`, `FakeDatetime`, `FakeDate`, `real_localtime`,
`real_gmtime`, `real_time`, `fake_localtime`, `fake_gmtime`, `fake_time`, `_should_use_real_time`. Where one is missing,
tests fail with an AttributeError when they start.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any, Final

from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._after_import import call_after_import
from pytest_ecsevents.clock._frozen_imports import import_for_fastapi
from pytest_ecsevents.clock._loaded import LOADED, NOTHING
from pytest_ecsevents.clock._names import Replacement
from pytest_ecsevents.clock._times import MICROSECOND, NAIVE_EPOCH, Micros, naive_from_micros

# Callers that read `time.monotonic` through the module: only freezegun's look at the stack gives them real time. Do not
# add `threading`, `queue` and `concurrent.futures`: freezegun looks five frames up, so every function that a thread
# runs directly would get real time.
_REAL_CALLERS: Final = ("multiprocessing.connection", "multiprocessing.popen", "selenium.", "gi.", "prompt_toolkit.")

_SECOND: Final = dt.timedelta(seconds=1)

_FUNCTIONS: Final = (
    *("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"),
    *("localtime", "gmtime", "strftime"),
)


class _SysOfWalk:
    """`sys` as freezegun sees it while it starts and stops: 1.5.0 to 1.5.5 walk over its modules, and give them fakes and back.

    Args:
        modules: Those that are walked over.
    """

    def __init__(self, modules: dict[str, object]) -> None:
        self.modules: Final = modules

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
        self._snapshot = NOTHING
        self._kept_by: tuple[str, ...] = ()

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
        factory, naive = sys.modules["freezegun.api"].freeze_factories[-1], NAIVE_EPOCH + dt.timedelta(microseconds=at)
        if factory is self._factory and not self._ticks:
            factory.time_to_freeze = naive  # all that its `move_to` does at last, in a fifth of the time
        else:
            factory.move_to(naive)

    def load(self) -> None:
        import freezegun.api  # noqa: F401  # `start` finds it

    def start(self, at: Micros, *, ticks: bool) -> None:
        import freezegun
        from freezegun import api, config

        added = [name for name in config.settings.default_ignore_list if name not in config.DEFAULT_IGNORE_LIST]
        freezer: Any = freezegun.freeze_time(naive_from_micros(at), tick=ticks)
        freezer.ignore = self._kept_by = tuple(added)
        _replace_fakes(api, self._read_own, self._undo)
        self._replace_time(api)
        self._freezer, self._ticks = freezer, ticks
        try:
            self._freeze(api, freezer)
        except BaseException:  # Ctrl-C or pytest-timeout's alarm, after which freezegun undoes nothing
            self.stop()
            raise

    def _freeze(self, api: Any, freezer: Any) -> None:
        import asyncio
        import concurrent.futures._base

        # freezegun would read the names of all modules: `replace_everywhere` knows where something is. But it leaves to
        # freezegun what is no module.
        self._snapshot = LOADED.last
        with _walking(api, self._snapshot.others):
            self._factory = freezer.start()
        api.ignore_lists[-1] = (*_REAL_CALLERS, *self._kept_by)
        call_after_import({"fastapi": partial(import_for_fastapi, api)}, self._undo)
        # Under a frozen clock, waits of `concurrent.futures` and event loops outside the test would never end.
        real_monotonic = api.real_monotonic
        self._undo.replace(concurrent.futures._base, "time", SimpleNamespace(monotonic=real_monotonic))
        self._undo.replace(asyncio.BaseEventLoop, "time", lambda _: real_monotonic())

    def _read_own(self) -> dt.datetime | None:
        """The instant, naive, while our clock is the innermost one of freezegun."""
        factories = sys.modules["freezegun.api"].freeze_factories
        frozen: dt.datetime | None = self._factory() if factories[-1:] == [self._factory] else None
        return frozen

    def _replace_time(self, api: Any) -> None:
        """Replace freezegun's fake of `time.time`, as `_replace_fakes` does.

        An SDK reads it six times a call, and freezegun makes fields of a calendar of the instant, and an instant of these.
        """
        fake, real, factories = api.fake_time, api.real_time, api.freeze_factories

        def call() -> Any:
            if factories[-1:] != [self._factory]:
                return fake()
            return real() if api._should_use_real_time() else (self._factory() - NAIVE_EPOCH) / _SECOND

        _name_like(fake, call)
        self._undo.replace(api, "fake_time", call)

    def stop(self) -> None:
        api: Any = sys.modules["freezegun.api"]
        others = {name: one for name, one in self._snapshot.loaded_since().items() if not isinstance(one, ModuleType)}
        with suppress(IndexError), _walking(api, others):  # an interrupt came before it started
            self._freezer.stop()
        self._freezer = self._factory = None
        self._undo.close()

    def fakes(self) -> list[Replacement]:
        api: Any = sys.modules["freezegun.api"]
        pairs = [(getattr(api, f"real_{name}"), getattr(api, f"fake_{name}")) for name in _FUNCTIONS]
        pairs += [(api.real_datetime, api.FakeDatetime), (api.real_date, api.FakeDate)]
        return [Replacement(real, fake, self._kept_by) for real, fake in pairs]


@contextmanager
def _walking(api: Any, modules: dict[str, object]) -> Iterator[None]:
    """Let freezegun walk over these alone."""
    api.sys = _SysOfWalk(modules)
    try:
        yield
    finally:
        api.sys = sys


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

        def call(owner: Any, *args: Any, **kwargs: Any) -> Any:
            utc = read_frozen()
            return original(owner, *args, **kwargs) if utc is None else function(owner, utc, *args, **kwargs)

        _name_like(original, call)
        undo.replace(cls, name, call if original is fake else classmethod(call))

    def replace_function(name: str, real: Callable[..., Any]) -> None:
        fake = getattr(api, name)

        def call(t: float | None = None) -> Any:
            utc = read_frozen()
            if t is not None or utc is None:
                return fake(t)
            return real() if api._should_use_real_time() else real(_seconds(utc))

        _name_like(fake, call)
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


def _name_like(fake: Any, call: Any) -> None:
    """Name a function as what it replaces, by which it is pickled. `wraps` takes three times as long."""
    call.__module__, call.__name__, call.__qualname__ = fake.__module__, fake.__name__, fake.__qualname__


def _seconds(utc: dt.datetime) -> int:
    since = utc - NAIVE_EPOCH
    return since.days * 86_400 + since.seconds


def _convert(cls: Any, real: dt.datetime) -> Any:
    """The same as an object of a subclass. Before Python 3.12 many methods of a subclass lose `fold`."""
    parts = (real.year, real.month, real.day, real.hour, real.minute, real.second, real.microsecond, real.tzinfo)
    return cls(*parts, fold=1) if real.fold else cls(*parts)
