"""Local time as text: `time.ctime` and `time.asctime` say what `time.localtime` says, the process's zone at the virtual instant.

Neither freezegun nor time-machine replaces them.
"""

import time
from collections.abc import Callable
from typing import Any, Final

from pytest_ecsevents._frames import REAL_TIME, kind_of_caller

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
