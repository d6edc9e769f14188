"""What every test shares."""

import datetime as dt
import time

import freezegun  # noqa: F401  # loaded once for all: runs of pytest inside a test forget what they load
import pytest
import responses  # noqa: F401  # the same
import time_machine  # noqa: F401  # the same
from aliyunsdkcore.client import AcsClient  # noqa: F401  # the same
from aliyunsdkcore.vendored.requests.adapters import HTTPAdapter

import pytest_ecsevents.face._markers  # noqa: F401  # the same

_REAL = (time.sleep, time.time, dt.datetime)


@pytest.fixture(autouse=True)
def nothing_stays_patched():
    """After each test, the process's clock and the SDK's transport are those of before."""
    send = HTTPAdapter.send
    yield
    assert (time.sleep, time.time, dt.datetime) == _REAL
    assert HTTPAdapter.send is send
