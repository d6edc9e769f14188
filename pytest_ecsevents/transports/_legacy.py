"""The legacy SDK, aliyunsdkcore: a copy of requests of its own, to which plain `responses` is aimed."""

import importlib
import importlib.util
from contextlib import ExitStack
from typing import Final

from pytest_ecsevents._words import EcsEventsError
from pytest_ecsevents.openapi import Answerer
from pytest_ecsevents.transports._adapters import cloud_mock

NAME: Final = "aliyun-python-sdk-core"
_REQUESTS: Final = "aliyunsdkcore.vendored.requests"
_ADAPTERS: Final = f"{_REQUESTS}.adapters"


def intercept(answer: Answerer, undo: ExitStack) -> None:
    """Have `answer` answer the SDK's calls to Alibaba Cloud until `undo` closes; nothing where it is not installed.

    What is not Alibaba Cloud's goes to whatever would have sent it otherwise, the user's own mock included.
    """
    if importlib.util.find_spec("aliyunsdkcore") is None:
        return
    try:
        adapter = importlib.import_module(_ADAPTERS).HTTPAdapter
    except ModuleNotFoundError:
        raise EcsEventsError(
            "The installed aliyun-python-sdk-core is too old: its calls cannot be intercepted. Install 2.13.2 or newer."
        ) from None
    # Its urllib3 is from before a reply's bytes were counted: a body that was cut short passes.
    mock = cloud_mock(
        answer, NAME, f"{_ADAPTERS}.HTTPAdapter.send", adapter.send, library=_REQUESTS, counts_bytes=False
    )
    mock.start()
    undo.callback(mock.stop, allow_assert=False)
