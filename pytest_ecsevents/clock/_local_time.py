"""Local time: that of the process's zone at the virtual instant, summer time included, as the real functions give it.

time-machine has the real functions do it, all but `time.ctime` and `time.asctime`, which neither library replaces.
freezegun's local time is UTC plus a fixed `tz_offset`. It is added to `datetime.now(timezone.utc)` too, so that no offset
makes both right; `time.localtime` ignores it and summer time; `fold` is lost. So the real functions get the frozen instant
instead, while the innermost of freezegun's clocks is ours. The fakes are replaced in place, because freezegun has
registered its classes with pickle and sqlite3.

Names of freezegun's, tried with 1.5.0 to 1.5.5: `real_datetime`, `FakeDatetime`, `FakeDate`, `real_localtime`,
`real_gmtime`, `fake_localtime`, `fake_gmtime`, `_should_use_real_time`. Where one is missing, tests fail with an
AttributeError when they start.
"""

import datetime as dt
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from pytest_ecsevents._frames import REAL_TIME, kind_of_caller
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._times import NAIVE_EPOCH

_real_ctime: Final = time.ctime
_real_asctime: Final = time.asctime


def _ctime(seconds: float | None = None, /) -> str:
    if seconds is None and not kind_of_caller(1) & REAL_TIME:
        return _real_asctime(time.localtime())
    return _real_ctime(seconds)


def _asctime(*of: Any) -> str:
    return _real_asctime(*of) if of or kind_of_caller(1) & REAL_TIME else _real_asctime(time.localtime())


LOCAL_TEXTS: Final[dict[Callable[..., str], Callable[..., str]]] = {_real_ctime: _ctime, _real_asctime: _asctime}
"""What neither library replaces, and what tells the local time that `time.localtime` tells."""


def replace_fakes(api: Any, read_frozen: Callable[[], dt.datetime | None], undo: Undo) -> None:
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
