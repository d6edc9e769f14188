"""Receivers of notifications: functions, URLs and handlers of Function Compute."""

import asyncio
import inspect
import json
import logging
import os
import random
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_ecsevents._errors import BadArgumentError, DeliveryError, EcsEventsError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.clock import SECOND, Micros, duration_text, is_loop_running
from pytest_ecsevents.handlers._guard import Guard
from pytest_ecsevents.services.cms import (
    RULE_NAME,
    CloudMonitor,
    Courier,
    Delivery,
    DeliveryFaults,
    Dispatcher,
    EventFilter,
    FunctionContext,
    FunctionCredentials,
    FunctionMeta,
    Notification,
    Retries,
    ServiceMeta,
    Subscription,
    callback,
    cloudmonitor,
    read_options,
)
from pytest_ecsevents.transports import METHODS, push

__tracebackhide__ = hidden_in_reports

# How often is tried again, by receiver; what of it is documented, and what is a guess, the README's tables say.
_NONE: Final = Retries(0)
_OF_A_RULE: Final = Retries(2, (0, SECOND))
_OF_EVENTBRIDGE: Final = Retries(3, (10 * SECOND, 20 * SECOND))
_OF_A_FUNCTION: Final = Retries(3, (SECOND, SECOND), doubles=True)

Receiver = Callable[[dict[str, Any]], object]


class CallableCourier:
    """Calls a function of the author's with the notification.

    Args:
        function: It, or a coroutine function.
        guard: What cuts it off when it hangs.
        receiver: What the story calls it; left out, its own name.
    """

    def __init__(self, function: Receiver, guard: Guard, receiver: str = "") -> None:
        self.receiver: Final = receiver or _called(function)
        self._function: Final = function
        self._guard: Final = guard
        self._is_coroutine: Final = _is_coroutine(function)

    def deliver(self, delivery: Delivery) -> object:
        """What the function returns."""
        return self._guard.call(f"The receiver {self.receiver}", lambda: self._call(delivery.payload))

    def _call(self, payload: dict[str, Any]) -> object:
        if not self._is_coroutine:
            return self._function(payload)
        if is_loop_running():
            raise EcsEventsError(
                f"The receiver {self.receiver} is a coroutine function, and cannot be awaited while an event loop runs in "
                "this thread. Subscribe a plain function, such as the put_nowait of an asyncio.Queue that it reads."
            )
        awaitable: Any = self._function(payload)
        return asyncio.run(_awaited(awaitable))


async def _awaited(awaitable: Any) -> object:
    return await awaitable


class UrlCourier:
    """Sends a notification to a URL.

    Args:
        url: Where to.
        method: How.
    """

    def __init__(self, url: str, method: str, *, is_rule: bool) -> None:
        self.receiver: Final = f"{method.partition(' ')[0]} {url}"
        self._url: Final = url
        self._method: Final = method
        self._is_rule: Final = is_rule

    def deliver(self, delivery: Delivery) -> object:
        """The HTTP status.

        Raises:
            DeliveryError: It is none of success, or there was no answer.
        """
        payload = delivery.payload
        if self._is_rule:
            payload |= {"ruleName": RULE_NAME, "traceId": payload.get("id", "")}
        try:
            status = push(self._url, self._method, payload)
        except OSError as error:  # requests' errors are such
            raise DeliveryError(f"{type(error).__name__}: {error}") from error
        if not 200 <= status < 300:
            raise DeliveryError(f"HTTP {status}")
        return status


class FunctionCourier:
    """Invokes a handler of Function Compute, as an asynchronous invocation does.

    Args:
        handler: `handler(event: bytes, context)`.
        meta: The function.
        service: Its service's name.
        region_id: Its region.
        account_id: Its account.
        call: Calls a function within so many microseconds of virtual time.
        seed: What makes its ids its own.
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
        dice = random.Random(seed)
        self._credentials: Final = FunctionCredentials(
            f"STS.{dice.getrandbits(96):024x}", f"{dice.getrandbits(160):040x}", f"{dice.getrandbits(256):064x}"
        )

    def deliver(self, delivery: Delivery) -> object:
        """What the handler returns."""
        event = json.dumps(delivery.payload, ensure_ascii=False).encode()
        context = self._context(self._request_id(delivery))
        with _environment(self._variables(context)):
            return self._call(
                f"The {self.receiver}", lambda: self._handler(event, context), self._meta.timeout * SECOND
            )

    def _request_id(self, delivery: Delivery) -> str:
        """That of the invocation: a retry has the same, a duplicate another."""
        words = f"{self._seed}/{delivery.notification_id}/{delivery.is_duplicate}"
        return str(uuid.uuid5(uuid.NAMESPACE_OID, words))

    def _context(self, request_id: str) -> FunctionContext:
        return FunctionContext(
            request_id=request_id,
            credentials=self._credentials,
            function=self._meta,
            service=self._service,
            region=self._region_id,
            account_id=self._account_id,
            logger=logging.getLogger(f"function_compute.{self._meta.name}"),
        )

    def _variables(self, context: FunctionContext) -> dict[str, str]:
        return {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": context.credentials.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": context.credentials.access_key_secret,
            "ALIBABA_CLOUD_SECURITY_TOKEN": context.credentials.security_token,
            "FC_ACCOUNT_ID": context.account_id,
            "FC_REGION": context.region,
            "FC_FUNCTION_NAME": self._meta.name,
            "FC_FUNCTION_HANDLER": self._meta.handler,
            "FC_FUNCTION_MEMORY_SIZE": str(self._meta.memory),
        }


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the environment for a while."""
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


class Receivers:
    """The receivers of one test.

    Args:
        monitor: Who tells of changes.
        dispatcher: Who brings what it tells.
        guard: What cuts off a receiver that hangs.
        call_function: Calls a function within so many microseconds of virtual time.
        region_id: The region of functions whose region the test does not say.
        account_id: The account of functions.
        seed: What makes this test's dice its own.
    """

    def __init__(
        self,
        monitor: CloudMonitor,
        dispatcher: Dispatcher,
        guard: Guard,
        *,
        call_function: "Callable[[str, Callable[[], object], Micros], object]",
        region_id: str,
        account_id: str,
        seed: str,
    ) -> None:
        self._monitor: Final = monitor
        self._dispatcher: Final = dispatcher
        self._guard: Final = guard
        self._call_function: Final = call_function
        self._region_id: Final = region_id
        self._account_id: Final = account_id
        self._seed: Final = seed
        self.subscriptions: Final[list[Subscription]] = []
        self.functions: Final[dict[str, tuple[Subscription, str | None]]] = {}
        """What event rules find by `service/function`, each with the one region that it is in, if it was said."""
        self.webhooks: Final[dict[str, Receiver | str]] = {}
        """Who answers for a URL that event rules send to."""

    def not_retried(self) -> dict[Delivery, Micros]:
        """What failed, and when it would be tried again."""
        return {one: at for subscription in self.subscriptions for one, at in subscription.to_be_retried.items()}

    def subscribe(self, receiver: "Receiver | str", method: object, options: Mapping[str, object]) -> Subscription:
        """Have notifications delivered to a function or a URL."""
        if isinstance(receiver, str):
            return self._subscribe_url(receiver, method, options)
        if method is not None:
            raise BadArgumentError(f"method is {method!r}, and the receiver is no URL. Leave it out.")
        _check_receiver("subscribe", receiver, 1, "the notification")
        return self._add(CallableCourier(receiver, self._guard), "subscribe", options, _NONE)

    def _subscribe_url(self, url: str, method: object, options: Mapping[str, object]) -> Subscription:
        _check_url(url)
        how = "POST JSON" if method is None else method
        if how not in METHODS:
            raise BadArgumentError(
                f"method is {how!r}. Pass one of: {listed(METHODS)}.{did_you_mean(str(how), METHODS)}"
            )
        form = str(options.get("format", "cloudmonitor"))
        usual = _OF_EVENTBRIDGE if form == "eventbridge" else _OF_A_RULE
        courier = UrlCourier(url, str(how), is_rule=form == "cloudmonitor")
        return self._add(courier, "subscribe", options, usual)

    def function_compute(
        self,
        handler: Callable[[bytes, FunctionContext], object],
        *,
        name: str | None,
        region_id: str | None,
        memory: int,
        timeout: Micros,
        rules_only: bool,
        options: Mapping[str, object],
    ) -> Subscription:
        """Have notifications delivered to a handler of Function Compute, by itself and by event rules."""
        _check_receiver("function_compute", handler, 2, "the event's bytes and the context")
        if _is_coroutine(handler):
            raise BadArgumentError(
                f"function_compute got the coroutine function {_called(handler)}. The runtimes call a plain function."
            )
        own_name = _called(handler).rpartition(".")[2]
        service, _, function = (name or own_name).rpartition("/")
        module = str(getattr(handler, "__module__", "index")).rpartition(".")[2]
        meta = FunctionMeta(
            name=function,
            handler=f"{module}.{own_name}",
            memory=memory,
            timeout=max(1, timeout // SECOND),
        )
        courier = FunctionCourier(
            handler,
            meta,
            service,
            region_id=region_id or self._region_id,
            account_id=self._account_id,
            call=self._call_function,
            seed=f"{self._seed}/functions/{len(self.subscriptions)}",
        )
        added = self._add(courier, "function_compute", options, _OF_A_FUNCTION, listens=not rules_only)
        self.functions[f"{service}/{function}"] = added, region_id
        return added

    def webhook(self, url: str, receiver: "Receiver | str | None") -> None:
        """Have what event rules send to a URL delivered to a function, to another URL, or really there."""
        _check_url(url, "webhook")
        if isinstance(receiver, str):
            _check_url(receiver, "webhook")
        elif receiver is not None:
            _check_receiver("webhook", receiver, 1, "the notification")
        self.webhooks[url] = url if receiver is None else receiver

    def to_webhook(self, url: str, method: str, receiver: "Receiver | str") -> Subscription:
        """What brings notifications of an event rule to whoever answers for a URL.

        Args:
            url: As the rule has it.
            method: "GET" or "POST".
            receiver: A function, or where they are really sent.
        """
        if isinstance(receiver, str):
            courier: Courier = UrlCourier(receiver, f"{method} JSON", is_rule=False)
        else:
            courier = CallableCourier(receiver, self._guard, f"{method} {url}")
        return self.of_a_rule(courier, callback, _OF_A_RULE)

    def of_a_rule(
        self,
        courier: Courier,
        make: "Callable[[Notification], dict[str, Any]]" = cloudmonitor,
        retries: Retries = _NONE,
    ) -> Subscription:
        """What gets notifications from an event rule alone."""
        subscription = Subscription(
            self._dispatcher,
            courier,
            wanted=EventFilter(),
            make=make,
            faults=DeliveryFaults(),
            retries=retries,
            seed=f"{self._seed}/rules/{len(self.subscriptions)}",
        )
        self.subscriptions.append(subscription)
        return subscription

    def check(self, what: str, options: Mapping[str, object]) -> None:
        """Refuse options that `attach` would refuse.

        Raises:
            BadArgumentError: There is no such option, or it cannot have that value.
        """
        read_options(what, options, self._monitor.names, _NONE, _ALSO[what])

    def attach(self, courier: Courier, what: str, options: Mapping[str, object], *, rules_only: bool) -> Subscription:
        """Have notifications delivered by somebody who never fails to, or says so: nothing is tried again unless told."""
        return self._add(courier, what, options, _NONE, listens=not rules_only)

    def _add(
        self, courier: Courier, what: str, options: Mapping[str, object], usual: Retries, *, listens: bool = True
    ) -> Subscription:
        seed = options.get("seed", len(self.subscriptions))
        subscription = Subscription(
            self._dispatcher,
            courier,
            seed=f"{self._seed}/deliveries/{seed}",
            **read_options(what, options, self._monitor.names, usual, _ALSO[what]),
        )
        self.subscriptions.append(subscription)
        if listens:
            self._monitor.listeners.append(subscription.offer)
        return subscription


_ALSO: Final = {
    "subscribe": ("method",),
    "function_compute": ("name", "region_id", "memory", "timeout", "rules_only"),
    "queue": (
        "name",
        "visibility_timeout",
        "delay_seconds",
        "polling_wait_seconds",
        "message_retention_period",
        "maximum_message_size",
        "rules_only",
    ),
    "topic": ("name", "rules_only"),
}


def timed_out(what: str, limit: Micros, doing: str) -> EcsEventsError:
    """The failure of a function that takes too long, which Function Compute ends."""
    return EcsEventsError(f"{what} timed out after {duration_text(limit)} of virtual time, while it waited at {doing}.")


def _called(function: object) -> str:
    """What a function is called in the story."""
    return str(getattr(function, "__qualname__", None) or type(function).__qualname__).rpartition("<locals>.")[2]


def _is_coroutine(function: object) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def _check_receiver(what: str, function: object, number: int, arguments: str) -> None:
    """Refuse what cannot be called with these arguments.

    Raises:
        BadArgumentError: It is no function, or it takes others.
    """
    also = ", or a URL" if what in ("subscribe", "webhook") else ""
    if not callable(function):
        raise BadArgumentError(f"{what} got {function!r}. Pass a function that takes {arguments}{also}.")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # one of those that are written in C and do not tell
    try:
        signature.bind(*[None] * number)
    except TypeError as error:
        raise BadArgumentError(
            f"{what} got {_called(function)}{signature}, which cannot be called so: {error}. Pass a function that takes "
            f"{arguments}{also}."
        ) from None


def _check_url(url: str, what: str = "subscribe") -> None:
    """Refuse a text that is no URL.

    Raises:
        BadArgumentError: It is none.
    """
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url:
        raise BadArgumentError(f'{what} got {url!r}. Pass a URL such as "http://127.0.0.1:8000/events", or a function.')
