"""The RPC protocol of the APIs of ECS and CloudMonitor: actions, parameters, paging, errors, JSON and XML."""

from pytest_ecsevents.openapi._action import Action, ActionCall
from pytest_ecsevents.openapi._calls import ApiCall
from pytest_ecsevents.openapi._encoding import encoded, xml_text
from pytest_ecsevents.openapi._errors import COMMON, ApiError, ErrorRow, ErrorTable
from pytest_ecsevents.openapi._gateway import Gateway, Witness, callers_frame, error_body, is_between
from pytest_ecsevents.openapi._mishaps import MISHAPS, NO_EFFECT, Acts, Effect, Mishap, felt
from pytest_ecsevents.openapi._products import ACTIONS, CMS, ECS, PRODUCTS, Product
from pytest_ecsevents.openapi._wire import Answerer, ApiReply, ApiRequest, NoReply, Outcome, Patience

__all__ = [
    "ACTIONS",
    "CMS",
    "COMMON",
    "ECS",
    "MISHAPS",
    "NO_EFFECT",
    "PRODUCTS",
    "Action",
    "ActionCall",
    "Acts",
    "Answerer",
    "ApiCall",
    "ApiError",
    "ApiReply",
    "ApiRequest",
    "Effect",
    "ErrorRow",
    "ErrorTable",
    "Gateway",
    "Mishap",
    "NoReply",
    "Outcome",
    "Patience",
    "Product",
    "Witness",
    "callers_frame",
    "encoded",
    "error_body",
    "felt",
    "is_between",
    "xml_text",
]
