"""The RPC protocol of the ECS API: actions, parameters, paging, errors, JSON and XML."""

from pytest_ecsevents.openapi._action import Action, ActionCall
from pytest_ecsevents.openapi._calls import ApiCall
from pytest_ecsevents.openapi._errors import COMMON, ApiError, ErrorRow, ErrorTable
from pytest_ecsevents.openapi._gateway import ACTIONS, VERSION, Gateway, Witness, is_between
from pytest_ecsevents.openapi._wire import Answerer, ApiReply, ApiRequest

__all__ = [
    "ACTIONS",
    "COMMON",
    "VERSION",
    "Action",
    "ActionCall",
    "Answerer",
    "ApiCall",
    "ApiError",
    "ApiReply",
    "ApiRequest",
    "ErrorRow",
    "ErrorTable",
    "Gateway",
    "Witness",
    "is_between",
]
