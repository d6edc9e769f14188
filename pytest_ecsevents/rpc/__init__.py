"""The RPC protocol of Alibaba Cloud's APIs: actions, parameters, paging, errors, JSON and XML. Knows no product."""

from pytest_ecsevents.rpc._action import Action, Actions, ParsedCall, Product, Products
from pytest_ecsevents.rpc._api import encoded, error_body, request_id, xml_elements
from pytest_ecsevents.rpc._calls import ApiCall, Call
from pytest_ecsevents.rpc._error_tables import COMMON, csv_rows, error_table
from pytest_ecsevents.rpc._errors import ApiError, ErrorRow, ErrorTable
from pytest_ecsevents.rpc._exchange import Endpoint, Exchange, Recorder
from pytest_ecsevents.rpc._http import Connection, HttpRequest, HttpService, is_loopback
from pytest_ecsevents.rpc._network_faults import NETWORK_FAULTS, NO_EFFECT, Acts, Effect, NetworkFault
from pytest_ecsevents.rpc._wire import Answerer, ApiReply, ApiRequest, JsonObject, NoReply, Outcome, Patience

__all__ = [
    "COMMON",
    "NETWORK_FAULTS",
    "NO_EFFECT",
    "Action",
    "Actions",
    "Acts",
    "Answerer",
    "ApiCall",
    "ApiError",
    "ApiReply",
    "ApiRequest",
    "Call",
    "Connection",
    "Effect",
    "Endpoint",
    "ErrorRow",
    "ErrorTable",
    "Exchange",
    "HttpRequest",
    "HttpService",
    "JsonObject",
    "NetworkFault",
    "NoReply",
    "Outcome",
    "ParsedCall",
    "Patience",
    "Product",
    "Products",
    "Recorder",
    "csv_rows",
    "encoded",
    "error_body",
    "error_table",
    "is_loopback",
    "request_id",
    "xml_elements",
]
