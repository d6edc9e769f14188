"""`context`, the second argument of a function in Function Compute (documented for its Python runtimes)."""

import json
import logging
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class FunctionCredentials:
    """The temporary key of the function's role; the runtime of Python 3.12 has it only in the environment."""

    access_key_id: str
    access_key_secret: str
    security_token: str


@dataclass(frozen=True, slots=True)
class FunctionMeta:
    """The function.

    Attributes:
        name: Without the service.
        handler: `module.function`.
        memory: In MB.
        timeout: In seconds.
        version_id: "" for the latest.
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
    """The service of the function, in the product's second version."""

    name: str
    log_project: str = ""
    log_store: str = ""
    qualifier: str = "LATEST"
    version_id: str = ""


@dataclass(frozen=True, slots=True)
class TracingMeta:
    """The invocation's trace; always empty here."""

    span_context: str | None = None
    jaeger_endpoint: str | None = None
    span_baggages: tuple[()] = ()


@dataclass(frozen=True, slots=True)
class FunctionContext:
    """`context`, with the attributes of all documented runtimes.

    Attributes:
        request_id: The id of the invocation; a retry has the same (a guess).
        credentials: The temporary key of the function's role.
        function: The function's name and settings.
        service: The function's service.
        region: The region that the function runs in.
        account_id: The account that owns the function.
        logger: The logger of the runtime.
        tracing: The trace; always empty here.
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
        """All attributes except the logger, as the documented class has them."""
        parts = asdict(self)
        del parts["logger"]
        return json.dumps(parts, sort_keys=True, indent=4)
