"""Everything that touches freezegun's insides."""

import sys
from types import ModuleType
from typing import Any, Final, TypeAlias

from pytest_ecsevents.clock._times import Micros, from_micros, to_micros

# Modules whose own clocks must run on: pytest's durations, and the waiting inside these standard libraries.
# freezegun takes such names as prefixes (its "queue" swallows a user's queue_consumer, its "gi" a git_poller),
# so they are matched here as whole module names.
_STAY_REAL: Final = frozenset({"_pytest.timing", "threading", "queue", "selectors", "subprocess", "sched"})
_STAY_REAL_PACKAGES: Final = (
    "multiprocessing.",
    "concurrent.futures.",
    "execnet.",
    "xdist.",
    "selenium.",
    "gi.",
    "prompt_toolkit.",
)

# Callers that read `time.monotonic` through the module, and so can only be told apart on the stack. `threading` and
# `queue` are not among them: freezegun looks five frames up, which would hand real time to every function that a
# thread runs directly.
_REAL_CALLERS: Final = (
    "multiprocessing.connection",
    "multiprocessing.popen",
    "concurrent.futures._base",
    "selenium.",
    "gi.",
    "prompt_toolkit.",
)

ClockNames: TypeAlias = list[tuple[str, object]]


class ClockNamesMemo:
    """Which names of which module are bound to clock functions.

    freezegun hashes `dir()` of every loaded module at each start to know whether what it found last time still
    holds; that is most of what a freeze costs. Here a module is looked at again only when the number of its
    names has changed, and through its `__dict__`, which triggers no lazy import.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[ModuleType, int, ClockNames]] = {}

    def lookup(self, real_ids: "set[int]", module: ModuleType) -> ClockNames:
        """The (name, clock function) pairs in `module`."""
        names = module.__dict__
        known = self._known.get(module.__name__)
        if known is not None and known[0] is module and known[1] == len(names):
            return known[2]
        found = [(name, value) for name, value in list(names.items()) if id(value) in real_ids]
        self._known[module.__name__] = (module, len(names), found)
        return found


class FreezegunSource:
    """freezegun, whoever froze with it."""

    name = "freezegun"

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
        return to_micros(naive.replace(tzinfo=from_micros(0).tzinfo))

    def move_to(self, at: Micros) -> None:
        self._factories()[-1].move_to(from_micros(at).replace(tzinfo=None))

    def start(self, at: Micros) -> None:
        import asyncio

        import freezegun
        from freezegun import api, config

        added = [name for name in config.settings.default_ignore_list if name not in config.DEFAULT_IGNORE_LIST]
        freezer: Any = freezegun.freeze_time(from_micros(at).replace(tzinfo=None))
        freezer.ignore = tuple(added)
        self._start_with_memo(api, freezer)
        self._freezer = freezer
        api.ignore_lists[-1] = (*_REAL_CALLERS, *added)
        for module, name, original in freezer.undo_changes:
            if module.__name__ in _STAY_REAL or module.__name__.startswith(_STAY_REAL_PACKAGES):
                setattr(module, name, original)
        # An event loop whose clock stands still would never wake a sleeper.
        loop, real_monotonic = asyncio.BaseEventLoop, api.real_monotonic
        freezer.undo_changes.append((loop, "time", loop.time))
        loop.time = lambda _: real_monotonic()  # type: ignore[assignment,method-assign]

    def _start_with_memo(self, api: Any, freezer: Any) -> None:
        walk = api._get_cached_module_attributes
        real_ids = api._real_time_object_ids
        lookup = self._memo.lookup

        def remembered(module: Any) -> ClockNames:
            # Some libraries put objects that are no modules among the modules.
            names: ClockNames = lookup(real_ids, module) if isinstance(module, ModuleType) else walk(module)
            return names

        api._get_cached_module_attributes = remembered
        try:
            freezer.start()
        finally:
            api._get_cached_module_attributes = walk

    def stop(self) -> None:
        self._freezer.stop()
        self._freezer = None
