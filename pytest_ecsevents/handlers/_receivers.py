"""Receivers of notifications: functions, URLs and handlers of Function Compute."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_ecsevents._errors import BadArgumentError, checked_text, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed, sendable
from pytest_ecsevents.clock._times import SECOND, Micros
from pytest_ecsevents.handlers._guard import Guard
from pytest_ecsevents.handlers._senders import (
    FunctionComputeSender,
    FunctionSender,
    Receiver,
    UrlSender,
    is_coroutine_function,
    name_of,
    runtime_headers,
)
from pytest_ecsevents.services.cms._delivery import Delivery, Dispatcher, Sender, Subscription
from pytest_ecsevents.services.cms._delivery_faults import DeliveryFaults, Retries
from pytest_ecsevents.services.cms._filters import EventFilter
from pytest_ecsevents.services.cms._functions import FunctionContext, FunctionMeta
from pytest_ecsevents.services.cms._monitor import CloudMonitor
from pytest_ecsevents.services.cms._notification import Notification, callback, cloudmonitor
from pytest_ecsevents.services.cms._options import read_options
from pytest_ecsevents.transports._webhooks import METHODS

__tracebackhide__ = hidden_in_reports

# Retries by receiver. The manual's tables say which of them are documented and which are guesses.
_NONE: Final = Retries(0)
_OF_A_RULE: Final = Retries(2, (0, SECOND))
_OF_EVENTBRIDGE: Final = Retries(3, (10 * SECOND, 20 * SECOND))
_OF_A_FUNCTION: Final = Retries(3, (SECOND, SECOND), doubles=True)


class Receivers:
    """The receivers of one test.

    Args:
        call_function: Calls a handler of Function Compute: its name, the call, and its timeout in virtual microseconds.
        region_id: Default region of functions.
        seed: Seeds the random choices of deliveries.
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
        """Targets of event rules by `service/function`, each with its region, if the test named one."""
        self.webhooks: Final[dict[str, Receiver | str]] = {}
        """The receiver by the URL of an event rule that it replaces."""

    def not_retried(self) -> dict[Delivery, Micros]:
        """Failed deliveries, and the instant of each one's next attempt."""
        return {one: at for subscription in self.subscriptions for one, at in subscription.to_be_retried.items()}

    def subscribe(self, receiver: "Receiver | str", method: object, options: Mapping[str, object]) -> Subscription:
        if isinstance(receiver, str):
            return self._subscribe_url(receiver, method, options)
        if method is not None:
            raise BadArgumentError(f"method is {method!r}, but the receiver is not a URL. Omit method.")
        _check_receiver("subscribe", receiver, 1, "the notification")
        return self.attach(FunctionSender(receiver, self._guard), "subscribe", options)

    def _subscribe_url(self, url: str, method: object, options: Mapping[str, object]) -> Subscription:
        _check_url(url)
        how = "POST JSON" if method is None else method
        if not isinstance(how, str) or how not in METHODS:
            raise BadArgumentError(
                f"method is {how!r}. Pass one of: {listed(METHODS)}.{did_you_mean(str(how), METHODS)}"
            )
        form = str(options.get("format", "cloudmonitor"))
        usual = _OF_EVENTBRIDGE if form == "eventbridge" else _OF_A_RULE
        sender = UrlSender(url, str(how), is_rule=form == "cloudmonitor")
        return self.attach(sender, "subscribe", options, usual)

    def function_compute(
        self,
        handler: "Callable[[bytes, FunctionContext], object] | str",
        *,
        name: str | None,
        region_id: str | None,
        memory: int,
        timeout: Micros,
        rules_only: bool,
        options: Mapping[str, object],
    ) -> Subscription:
        """Deliver notifications to a handler of Function Compute, directly and through event rules."""
        _check_memory(memory)
        if isinstance(handler, str):
            return self._custom_runtime(
                handler, name, region_id, memory, timeout, rules_only=rules_only, options=options
            )
        _check_receiver("function_compute", handler, 2, "the event's bytes and the context")
        if is_coroutine_function(handler):
            raise BadArgumentError(
                f"function_compute got the coroutine function {name_of(handler)}. The runtimes call a plain function."
            )
        own_name = name_of(handler).rpartition(".")[2]
        service, _, function = checked_text(name or own_name, "name", "service/function").rpartition("/")
        module = str(getattr(handler, "__module__", "index")).rpartition(".")[2]
        meta = FunctionMeta(function, f"{module}.{own_name}", memory, max(1, timeout // SECOND))
        sender = FunctionComputeSender(
            handler,
            meta,
            service,
            region_id=region_id or self._region_id,
            account_id=self._account_id,
            call=self._call_function,
            seed=f"{self._seed}/functions/{len(self.subscriptions)}",
        )
        added = self.attach(sender, "function_compute", options, _OF_A_FUNCTION, rules_only=rules_only)
        self.functions[f"{service}/{function}"] = added, region_id
        return added

    def _custom_runtime(
        self,
        url: str,
        name: str | None,
        region_id: str | None,
        memory: int,
        timeout: Micros,
        *,
        rules_only: bool,
        options: Mapping[str, object],
    ) -> Subscription:
        """Deliver notifications to the HTTP server of a custom runtime."""
        _check_url(url, "function_compute")
        service, _, function = (name or "function").rpartition("/")
        meta = FunctionMeta(function, "index.handler", memory, max(1, timeout // SECOND))
        seed = f"{self._seed}/functions/{len(self.subscriptions)}"
        headers = runtime_headers(meta, region_id or self._region_id, self._account_id, seed)
        whole = url if urlsplit(url).path.strip("/") else f"{url.rstrip('/')}/invoke"
        sender = UrlSender(whole, "POST JSON", is_rule=False, headers=headers)
        added = self.attach(sender, "function_compute", options, _OF_A_FUNCTION, rules_only=rules_only)
        self.functions[f"{service}/{function}"] = added, region_id
        return added

    def webhook(self, url: str, receiver: "Receiver | str | None") -> None:
        """Deliver what event rules send to `url` to a function, to another URL, or, if None, really to `url`."""
        _check_url(url, "webhook")
        if isinstance(receiver, str):
            _check_url(receiver, "webhook")
        elif receiver is not None:
            _check_receiver("webhook", receiver, 1, "the notification")
        self.webhooks[url] = url if receiver is None else receiver

    def to_webhook(self, url: str, method: str, receiver: "Receiver | str") -> Subscription:
        """Deliver notifications of an event rule to the receiver that replaces its URL."""
        if isinstance(receiver, str):
            sender: Sender = UrlSender(receiver, f"{method} JSON", is_rule=False)
        else:
            sender = FunctionSender(receiver, self._guard, f"{method} {url}")
        return self.of_a_rule(sender, callback, _OF_A_RULE)

    def of_a_rule(
        self, sender: Sender, make: "Callable[[Notification], dict[str, Any]]" = cloudmonitor, retries: Retries = _NONE
    ) -> Subscription:
        """Deliver notifications of event rules only."""
        subscription = Subscription(
            self._dispatcher,
            sender,
            wanted=EventFilter(),
            make=make,
            faults=DeliveryFaults(),
            retries=retries,
            seed=f"{self._seed}/rules/{len(self.subscriptions)}",
        )
        self.subscriptions.append(subscription)
        return subscription

    def check(self, what: str, options: Mapping[str, object]) -> None:
        """Check options as `attach` does.

        Raises:
            BadArgumentError: An option is unknown, or its value is invalid.
        """
        read_options(what, options, self._monitor.names, _NONE, _ALSO[what].split())

    def attach(
        self,
        sender: Sender,
        what: str,
        options: Mapping[str, object],
        usual: Retries = _NONE,
        *,
        rules_only: bool = False,
    ) -> Subscription:
        """Deliver notifications to `sender`; `usual` are the default retries."""
        seed = options.get("seed", len(self.subscriptions))
        subscription = Subscription(
            self._dispatcher,
            sender,
            seed=f"{self._seed}/deliveries/{seed}",
            **read_options(what, options, self._monitor.names, usual, _ALSO[what].split()),
            history=None if rules_only else self._monitor.notifications,
        )
        self.subscriptions.append(subscription)
        if not rules_only:
            self._monitor.listeners.append(subscription.listener)
        return subscription


_ALSO: Final = {
    "subscribe": "method",
    "function_compute": "name region_id memory timeout rules_only",
    "queue": "name visibility_timeout delay_seconds polling_wait_seconds message_retention_period maximum_message_size "
    "rules_only",
    "topic": "name rules_only",
}


def _check_receiver(what: str, function: object, number: int, arguments: str) -> None:
    """Refuse a receiver that can't be called with that many arguments."""
    also = ", or a URL" if what in ("subscribe", "webhook") else ""
    if not callable(function):
        raise BadArgumentError(f"{what} got {function!r}. Pass a function that takes {arguments}{also}.")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # some functions written in C have no signature
    try:
        signature.bind(*[None] * number)
    except TypeError as error:
        raise BadArgumentError(
            f"{what} got {name_of(function)}{signature}, which does not take {arguments}: {error}. Pass a function that "
            f"takes {arguments}{also}."
        ) from None


def _check_memory(memory: object) -> None:
    if not isinstance(memory, int) or memory < 1:
        raise BadArgumentError(f"memory is {memory!r}. Pass a whole number of 1 or more, in MB.")


def _check_url(url: object, what: str = "subscribe") -> None:
    try:
        parts = urlsplit(url if isinstance(url, str) and sendable(url) == url else "")
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url:
        raise BadArgumentError(f'{what} got {url!r}. Pass a URL such as "http://127.0.0.1:8000/events", or a function.')
