"""Sends notifications to receivers: one class for each kind of receiver."""

import asyncio
import inspect
import json
import logging
import os
import random
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from pytest_ecsevents._errors import DeliveryError, EcsEventsError, hidden_in_reports
from pytest_ecsevents.clock._asyncio import is_loop_running
from pytest_ecsevents.clock._times import SECOND, Micros, duration_text
from pytest_ecsevents.handlers._guard import Guard
from pytest_ecsevents.services.cms._delivery import Delivery
from pytest_ecsevents.services.cms._functions import FunctionContext, FunctionCredentials, FunctionMeta, ServiceMeta
from pytest_ecsevents.services.cms._notification import RULE_NAME
from pytest_ecsevents.transports._webhooks import push

__tracebackhide__ = hidden_in_reports

Receiver = Callable[[dict[str, Any]], object]


class FunctionSender:
    """Calls a function of the user's with the notification.

    Args:
        guard: Ends the function when it hangs.
        receiver: Its name in the timeline; default: the function's name.
    """

    def __init__(self, function: Receiver, guard: Guard, receiver: str = "") -> None:
        self.receiver: Final = receiver or name_of(function)
        self._what: Final = f"The receiver {self.receiver}"
        self._function: Final = function
        self._guard: Final = guard
        self._is_coroutine: Final = is_coroutine_function(function)

    def deliver(self, delivery: Delivery) -> object:
        if not self._is_coroutine:
            return self._guard.call(self._what, partial(self._function, delivery.payload), at=delivery.at_micros)
        coroutines: list[Any] = []
        run = partial(self._run, delivery.payload, coroutines)
        return self._guard.call(self._what, run, coroutines, at=delivery.at_micros)

    def _run(self, payload: dict[str, Any], coroutines: list[Any]) -> object:
        if is_loop_running():
            raise EcsEventsError(
                f"The receiver {self.receiver} is a coroutine function, which cannot be awaited here: an event loop runs in "
                "this thread. Subscribe a plain function, such as the put_nowait of an asyncio.Queue that the coroutine reads."
            )
        coroutine: Any = self._function(payload)
        coroutines.append(coroutine)
        return asyncio.run(coroutine)


class UrlSender:
    """Sends a notification to a URL.

    Args:
        method: A key of `METHODS`.
        is_rule: Whether to add the members of an event rule to the payload.
        headers: Makes headers besides those of the form.
    """

    def __init__(
        self, url: str, method: str, *, is_rule: bool, headers: Callable[[], Mapping[str, str]] = dict
    ) -> None:
        self.receiver: Final = f"{method.partition(' ')[0]} {url}"
        self._url: Final = url
        self._method: Final = method
        self._is_rule: Final = is_rule
        self._headers: Final = headers

    def deliver(self, delivery: Delivery) -> object:
        """Send it, and return the HTTP status.

        Raises:
            DeliveryError: The status is not 2xx, or there was no answer.
        """
        payload = delivery.payload
        if self._is_rule:
            payload |= {"ruleName": RULE_NAME, "traceId": payload.get("id", "")}
        try:
            status = push(self._url, self._method, payload, self._headers())
        except OSError as error:  # the base class of requests' errors
            raise DeliveryError(f"{type(error).__name__}: {error}") from error
        if not 200 <= status < 300:
            raise DeliveryError(f"HTTP {status}")
        return status


def runtime_headers(meta: FunctionMeta, region_id: str, account_id: str, seed: str) -> Callable[[], Mapping[str, str]]:
    """The headers with which Function Compute calls a custom runtime; the names are those that public programs read."""
    dice = random.Random(seed)
    key, secret, token = (f"{dice.getrandbits(bits):0{bits // 4}x}" for bits in (96, 160, 256))
    fixed = {
        "x-fc-access-key-id": f"STS.{key}",
        "x-fc-access-key-secret": secret,
        "x-fc-security-token": token,
        "x-fc-function-name": meta.name,
        "x-fc-function-handler": meta.handler,
        "x-fc-function-memory": str(meta.memory),
        "x-fc-region": region_id,
        "x-fc-account-id": account_id,
        "x-fc-control-path": "/invoke",
    }
    return lambda: {**fixed, "x-fc-request-id": str(uuid.UUID(int=dice.getrandbits(128)))}


class FunctionComputeSender:
    """Invokes a handler of Function Compute, as an asynchronous invocation does.

    Args:
        handler: `handler(event: bytes, context)`.
        meta: Attributes of the function in the context.
        service: The name of its service; may be empty.
        call: Calls a function: its name for errors, the function, and its timeout in virtual microseconds.
        seed: Seed of its request ids and credentials.
    """

    def __init__(
        self,
        handler: Callable[[bytes, FunctionContext], object],
        meta: FunctionMeta,
        service: str,
        *,
        region_id: str,
        account_id: str,
        call: "Callable[[str, Callable[[], object], Micros], object]",
        seed: str,
    ) -> None:
        self.receiver: Final = f"function {service}/{meta.name}" if service else f"function {meta.name}"
        self._handler: Final = handler
        self._meta: Final = meta
        self._service: Final = ServiceMeta(service)
        self._region_id: Final = region_id
        self._account_id: Final = account_id
        self._call: Final = call
        self._seed: Final = seed
        code = getattr(handler, "__code__", None)
        self._code_path: Final = str(Path(code.co_filename).parent if code else Path.cwd())
        dice = random.Random(seed)
        self._credentials: Final = FunctionCredentials(
            f"STS.{dice.getrandbits(96):024x}", f"{dice.getrandbits(160):040x}", f"{dice.getrandbits(256):064x}"
        )
        self._instance_id: Final = f"c-{dice.getrandbits(128):032x}"

    def deliver(self, delivery: Delivery) -> object:
        event = json.dumps(delivery.payload, ensure_ascii=False).encode(errors="backslashreplace")
        # A retry has the id of the first invocation, a duplicate another.
        words = f"{self._seed}/{delivery.notification_id}/{delivery.is_duplicate}"
        context = FunctionContext(
            request_id=str(uuid.uuid5(uuid.NAMESPACE_OID, words)),
            credentials=self._credentials,
            function=self._meta,
            service=self._service,
            region=self._region_id,
            account_id=self._account_id,
            logger=logging.getLogger(f"function_compute.{self._meta.name}"),
        )
        variables = {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": context.credentials.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": context.credentials.access_key_secret,
            "ALIBABA_CLOUD_SECURITY_TOKEN": context.credentials.security_token,
            "FC_ACCOUNT_ID": context.account_id,
            "FC_REGION": context.region,
            "FC_FUNCTION_NAME": self._meta.name,
            "FC_FUNCTION_HANDLER": self._meta.handler,
            "FC_FUNCTION_MEMORY_SIZE": str(self._meta.memory),
            # Those of the product's second version (documented); where the code lies is the handler's own folder.
            "accessKeyID": context.credentials.access_key_id,
            "accessKeySecret": context.credentials.access_key_secret,
            "securityToken": context.credentials.security_token,
            "FC_SERVICE_NAME": self._service.name,
            "FC_QUALIFIER": self._meta.qualifier,
            "FC_INSTANCE_ID": self._instance_id,
            "FC_FUNC_CODE_PATH": self._code_path,
        }
        with _environment(variables):
            return self._call(
                f"The {self.receiver}", lambda: self._handler(event, context), self._meta.timeout * SECOND
            )


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class NullSender:
    """Stands for a receiver that is no program, such as a contact group: the notification is only recorded."""

    def __init__(self, receiver: str) -> None:
        self.receiver: Final = receiver

    def deliver(self, _delivery: Delivery) -> object:
        return None


def function_timed_out(what: str, limit: Micros, doing: str) -> EcsEventsError:
    """The error for a function that Function Compute ends at its timeout, `limit`."""
    return EcsEventsError(f"{what} timed out after {duration_text(limit)} of virtual time, while it waited at {doing}.")


def name_of(function: object) -> str:
    return str(getattr(function, "__qualname__", None) or type(function).__qualname__).rpartition("<locals>.")[2]


def is_coroutine_function(function: object) -> bool:
    """Whether calling an object returns a coroutine; the object may have an `async def __call__`."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)
