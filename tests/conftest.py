"""What every test shares."""

import datetime as dt
import time

import pytest

_REAL = (time.sleep, time.time, dt.datetime)


@pytest.fixture(autouse=True)
def nothing_stays_patched():
    """After each test, the process's clock and the SDK's transport are those of before."""
    from aliyunsdkcore.vendored.requests.adapters import HTTPAdapter

    send = HTTPAdapter.send
    yield
    assert (time.sleep, time.time, dt.datetime) == _REAL
    assert HTTPAdapter.send is send
