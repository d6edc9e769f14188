"""Everything that touches freezegun's insides."""

import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any, Final, TypeAlias

from pytest_ecsevents.clock._times import Micros, naive_from_micros, naive_to_micros

# Modules whose own clocks must run on: pytest's durations, and the waiting inside these standard libraries.
# freezegun takes such names as prefixes (its "queue" swallows a user's queue_consumer, its "gi" a git_poller),
# so they are matched here as whole module names.
_STAY_REAL: Final = frozenset(
    {"_pytest.timing", "threading", "queue", "selectors", "socketserver", "subprocess", "sched"}
)
_STAY_REAL_PACKAGES: Final = (
    "multiprocessing.",
    "concurrent.futures.",
    "execnet.",
    "xdist.",
    "selenium.",
    "gi.",
    "prompt_toolkit.",
)

# Callers that read `time.monotonic` through the module, and so can only be told apart on the stack. `threading`,
# `queue` and `concurrent.futures` are not among them: freezegun looks five frames up, which would hand real time to every function that a
# thread runs directly.
_REAL_CALLERS: Final = (
    "multiprocessing.connection",
    "multiprocessing.popen",
    "selenium.",
    "gi.",
    "prompt_toolkit.",
)

ClockNames: TypeAlias = list[tuple[str, object]]
ClockNamesReader: TypeAlias = Callable[[Any], ClockNames]


class ClockNamesMemo:
    """Which names of which module are bound to clock functions.

    freezegun hashes `dir()` of every loaded module at each start to know whether what it found last time still
    holds; that is most of what a freeze costs. Here a module is looked at again only when the number of its
    names has changed, and through its `__dict__`, which triggers no lazy import.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[ModuleType, int, ClockNames]] = {}

    def reader(self, real_ids: "set[int]", walk: ClockNamesReader) -> ClockNamesReader:
        """A function that gives the (name, clock function) pairs in a module; what is no module goes to `walk`."""
        known = self._known

        def read(module: Any) -> ClockNames:
            entry = known.get(module.__name__)
            if entry is not None and entry[0] is module and entry[1] == len(module.__dict__):
                return entry[2]
            # Some libraries put objects that are no modules among the modules.
            return self._look(real_ids, module) if isinstance(module, ModuleType) else walk(module)

        return read

    def _look(self, real_ids: "set[int]", module: ModuleType) -> ClockNames:
        names = module.__dict__
        # Few modules hold a clock function; that one holds none is told without a step in Python for each name.
        if real_ids.isdisjoint(map(id, names.values())):
            found: ClockNames = []
        else:
            found = [(name, value) for name, value in list(names.items()) if id(value) in real_ids]
        self._known[module.__name__] = (module, len(names), found)
        return found


class FreezegunSource:
    """freezegun, whoever froze with it."""

    name = "freezegun"
    freezes_monotonic = True

    def __init__(self, memo: ClockNamesMemo) -> None:
        self._memo = memo
        self._freezer: Any = None

    @staticmethod
    def _factories() -> "list[Any]":
        api = sys.modules.get("freezegun.api")
        return api.freeze_factories if api is not None else []

    def is_active(self) -> bool:
        return bool(self._factories())

    def read(self) -> Micros:
        factory = self._factories()[-1]
        # Calling an auto-ticking factory would tick it.
        naive = factory.time_to_freeze if hasattr(factory, "step_width") else factory()
        return naive_to_micros(naive)

    def move_to(self, at: Micros) -> None:
        self._factories()[-1].move_to(naive_from_micros(at))

    def start(self, at: Micros) -> None:
        import asyncio
        import concurrent.futures._base

        import freezegun
        from freezegun import api, config

        added = [name for name in config.settings.default_ignore_list if name not in config.DEFAULT_IGNORE_LIST]
        freezer: Any = freezegun.freeze_time(naive_from_micros(at))
        freezer.ignore = tuple(added)
        self._start_with_memo(api, freezer)
        self._freezer = freezer
        api.ignore_lists[-1] = (*_REAL_CALLERS, *added)
        for module, name, original in freezer.undo_changes:
            if module.__name__ in _STAY_REAL or module.__name__.startswith(_STAY_REAL_PACKAGES):
                setattr(module, name, original)
        # What waits by a clock that stands still would wait for ever.
        futures: Any = concurrent.futures._base
        freezer.undo_changes.append((futures, "time", futures.time))
        futures.time = SimpleNamespace(monotonic=api.real_monotonic)
        loop, real_monotonic = asyncio.BaseEventLoop, api.real_monotonic
        freezer.undo_changes.append((loop, "time", loop.time))
        loop.time = lambda _: real_monotonic()  # type: ignore[assignment,method-assign]

    def _start_with_memo(self, api: Any, freezer: Any) -> None:
        walk = api._get_cached_module_attributes
        api._get_cached_module_attributes = self._memo.reader(api._real_time_object_ids, walk)
        try:
            freezer.start()
        finally:
            api._get_cached_module_attributes = walk

    def stop(self) -> None:
        self._freezer.stop()
        self._freezer = None
