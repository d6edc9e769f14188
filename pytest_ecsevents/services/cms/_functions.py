"""What Function Compute hands to a handler besides the event (documented for its Python runtimes)."""

import json
import logging
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class FunctionCredentials:
    """The temporary key of the function's role; the runtime of Python 3.12 has it in the environment alone."""

    access_key_id: str
    access_key_secret: str
    security_token: str


@dataclass(frozen=True, slots=True)
class FunctionMeta:
    """The function.

    Attributes:
        name: Its name.
        handler: `module.function`.
        memory: In MB.
        timeout: In seconds.
        version_id: Its version; "" for the latest.
        qualifier: The version or alias that was invoked.
    """

    name: str
    handler: str
    memory: int
    timeout: int
    version_id: str = ""
    qualifier: str = "LATEST"


@dataclass(frozen=True, slots=True)
class ServiceMeta:
    """The service that holds the function, in the product's second version."""

    name: str
    log_project: str = ""
    log_store: str = ""
    qualifier: str = "LATEST"
    version_id: str = ""


@dataclass(frozen=True, slots=True)
class TracingMeta:
    """The trace that the invocation belongs to; there is none here."""

    span_context: str | None = None
    jaeger_endpoint: str | None = None
    span_baggages: tuple[()] = ()


@dataclass(frozen=True, slots=True)
class FunctionContext:
    """`context`: all that one of the documented runtimes has.

    Attributes:
        request_id: The id of the invocation; a retry has the same (a guess).
        credentials: The role's key.
        function: The function.
        service: Its service.
        region: The region.
        account_id: The account.
        logger: A logger.
        tracing: The trace.
        log_project: The project of Log Service, "" for none.
        log_store: The log store, "" for none.
    """

    request_id: str
    credentials: FunctionCredentials
    function: FunctionMeta
    service: ServiceMeta
    region: str
    account_id: str
    logger: logging.Logger
    tracing: TracingMeta = TracingMeta()
    log_project: str = ""
    log_store: str = ""

    def to_json(self) -> str:
        """All of it but the logger, as the documented class says it."""
        parts = asdict(self)
        del parts["logger"]
        return json.dumps(parts, sort_keys=True, indent=4)
