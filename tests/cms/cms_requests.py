"""Requests of CloudMonitor's legacy SDK."""

import importlib

START = "2030-01-01T00:00:00Z"
AT = 1893456000000
"""The same in milliseconds since the epoch."""


def request_of(action, raw=None, /, **params):
    """A request of the legacy SDK's own class for the action.

    Args:
        action: `PutEventRule`.
        raw: Parameters by their names on the wire, for what the class has no method for.
        **params: Parameters by the names of the class's `set_` methods.
    """
    module = importlib.import_module(f"aliyunsdkcms.request.v20190101.{action}Request")
    request = getattr(module, f"{action}Request")()
    for name, value in params.items():
        getattr(request, f"set_{name}")(value)
    for name, value in (raw or {}).items():
        request.add_query_param(name, value)
    return request
