"""The legacy SDK, aliyunsdkcore: a copy of requests of its own, to which plain `responses` is aimed."""

import importlib
import importlib.util
from contextlib import ExitStack
from typing import Final

from pytest_ecsevents._words import EcsEventsError
from pytest_ecsevents.openapi import Answerer
from pytest_ecsevents.transports._adapters import cloud_mock

NAME: Final = "aliyun-python-sdk-core"
_ADAPTERS: Final = "aliyunsdkcore.vendored.requests.adapters"


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
            "The installed aliyun-python-sdk-core is too old: its calls cannot be intercepted. Install 2.13.2 or newer; "
            "of aliyun-python-sdk-core-v3, which an old aliyun-python-sdk-ecs brings, 2.13.3 or newer."
        ) from None
    mock = cloud_mock(answer, NAME, f"{_ADAPTERS}.HTTPAdapter.send", adapter.send)
    mock.start()
    undo.callback(mock.stop, allow_assert=False)
