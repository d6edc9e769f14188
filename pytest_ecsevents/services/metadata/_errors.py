"""The error replies of the metadata service: a status and an HTML page."""

from typing import Final

from pytest_ecsevents.rpc._error_tables import error_table
from pytest_ecsevents.rpc._errors import ApiError
from pytest_ecsevents.rpc._wire import ApiReply

ERRORS: Final = error_table("pytest_ecsevents.services.metadata")
"""The errors. The service has no codes: these are ours, for `ecs_events.fail`."""

_PAGE: Final = (
    '<?xml version="1.0" encoding="iso-8859-1"?>\n'
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"\n'
    '         "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n'
    '<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">\n'
    " <head>\n  <title>{0}</title>\n </head>\n <body>\n  <h1>{0}</h1>\n </body>\n</html>\n"
)
"""The page of an error. That it has status and message is documented; its markup is a guess."""


def page(error: ApiError) -> ApiReply:
    text = _PAGE.format(f"{error.http_status} - {error.message}")
    return ApiReply(error.http_status, text.encode(errors="replace"), headers("text/html"))


def headers(content_type: str) -> dict[str, str]:
    """The headers of a reply; after each one the connection is closed (documented of the normal mode)."""
    return {"Content-Type": content_type, "Connection": "close"}
