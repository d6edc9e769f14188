"""The RPC protocol of Alibaba Cloud's APIs: decodes a request, calls the action, encodes the reply."""

import json
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from types import FrameType
from typing import Any, Final, Generic, Protocol, TypeVar
from xml.sax.saxutils import escape

from pytest_ecsevents._errors import TextForListWarning, UnknownParameterWarning, hidden_in_reports
from pytest_ecsevents._frames import author_frame
from pytest_ecsevents._secrets import Secrets
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.rpc._action import METHODS, Action, ParsedCall, Product, Products, not_supplied
from pytest_ecsevents.rpc._calls import ApiCall
from pytest_ecsevents.rpc._error_tables import COMMON
from pytest_ecsevents.rpc._errors import ApiError
from pytest_ecsevents.rpc._exchange import Exchange, Recorder
from pytest_ecsevents.rpc._parameters import ENVELOPE
from pytest_ecsevents.rpc._wire import ApiReply, ApiRequest, Client, Json, JsonObject, Listing

__tracebackhide__ = hidden_in_reports

_ELSEWHERE: Final = "<another process>"
_NUMBER: Final = re.compile(r"\.\d+")
_ACS3_KEY: Final = re.compile(r"ACS3-[\w-]+ .*?Credential=([^,\s]+)")

_JSON_HEADERS: Final = {"Content-Type": "application/json;charset=utf-8"}
_XML_HEADERS: Final = {"Content-Type": "text/xml;charset=utf-8"}
# Characters that XML 1.0 does not allow, even escaped.
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Replies are built here and contain no cycles.
_encode: Final = json.JSONEncoder(check_circular=False, ensure_ascii=False, separators=(",", ":")).encode

CallT = TypeVar("CallT", bound=ParsedCall)


class Backend(Protocol):
    """The state that actions work on: one test's cloud."""

    @property
    def regions(self) -> AbstractSet[str]:
        """The known regions."""

    def changing(self) -> AbstractContextManager[Micros]:
        """Hold the state for one operation at the instant yielded."""

    def account_of(self, access_key_id: str | None) -> str:
        """The account that an access key belongs to."""

    def problem_with_token(self, access_key_id: str | None, token: str, now: Micros) -> str:
        """The error code for an invalid temporary key; "" if the key is not temporary, or valid."""


class CallChecks(Recorder, Protocol):
    """The test's checks, as far as they concern API calls, and its stubs."""

    @property
    def secrets(self) -> Secrets:
        """The names of parameters whose values no text shows."""

    def is_stubbed(self, call: ApiCall) -> bool:
        """Whether the test has a stub for a call."""

    def stubbed(self, call: ApiCall) -> "JsonObject | None":
        """The body of a stub's response; None if the test has no stub for the call."""

    def unexpected(self, call: ApiCall, problem: str) -> None:
        """Raise an error about a call that cannot be answered, if that check is on."""


@dataclass(slots=True, kw_only=True, eq=False)
class ApiExchange(Exchange):
    """One API call and its reply.

    Attributes:
        request: What was sent.
        product: The product called; None if it is not faked.
        action: The action called; None if it is not faked.
        found: The parameters sent, by name.
        request_id: The id of the reply.
    """

    call: ApiCall
    request: ApiRequest
    product: Product[Any] | None
    action: Action[Any] | None
    found: Mapping[str, Any]
    request_id: str


class Api(Generic[CallT]):
    """The APIs of the faked products: a `Service` of the exchange.

    Args:
        products: The products.
        backend: The test's cloud.
        new_call: Makes the call that an action gets, from the attributes of a `ParsedCall`.
        new_id: Makes the id of a reply.
        checks: The test's checks.
    """

    def __init__(
        self,
        products: Products[CallT],
        backend: Backend,
        new_call: Callable[..., CallT],
        new_id: Callable[[], str],
        checks: CallChecks,
    ) -> None:
        self._products: Final = products
        self._backend: Final = backend
        self._new_call: Final = new_call
        self._new_id: Final = new_id
        self._checks: Final = checks
        self._warned_elsewhere: Final[set[str]] = set()
        self._registries: Final[dict[str, dict[Any, Any]]] = {}  # of warnings, by file name
        self._by_token: Final[dict[tuple[str, str, str], tuple[Mapping[str, Any], JsonObject]]] = {}

    def decode(self, request: ApiRequest, at: Micros) -> ApiExchange:
        """Find the action, and assign what was sent to its parameters."""
        params, headers = request.params, request.headers
        name = params.get("Action") or headers.get("x-acs-action", "")
        version = params.get("Version") or headers.get("x-acs-version", "")
        product_name = self._products.name_of(request.host)
        product = self._products.get(product_name)
        action = None if product is None else product.actions.get(name)
        warn: Callable[[], None] | None = None
        if action is None:
            found = sent = {key: value for key, value in params.items() if key not in ENVELOPE}
        else:
            found, unknown = action.parameters.sort(params)
            sent = found
            spelled = action.parameters.spelled_out(found) if action.parameters.lists else {}
            if unknown or spelled:
                warn = partial(self._warn, action, unknown, spelled, request.client)
                sent = {**found, **{key: params[key] for key in unknown}}
        if product is not None and version != product.version:
            action = None
        call = ApiCall(
            product=product_name,
            version=version,
            action=name,
            params=sent,
            region_id=params.get("RegionId", ""),
            transport=request.transport,
            at_micros=at,
            secrets=self._checks.secrets,
        )
        return ApiExchange(
            call=call,
            patience=request.patience,
            client=request.client,
            warn=warn,
            can_fail=action is not None or self._checks.is_stubbed(call),
            request=request,
            product=product,
            action=action,
            found=found,
            request_id=self._new_id(),
        )

    def answer(self, exchange: ApiExchange) -> ApiReply:
        """Call the action, or a stub or helper for one that is not faked."""
        request, action = exchange.request, exchange.action
        methods = METHODS if action is None else action.methods
        if request.method not in methods:
            raise COMMON["UnsupportedHTTPMethod"].error(hint=f"{request.method} is not one of {listed(methods)}")
        if action is None:
            body = self._not_faked(exchange.call)
        else:
            with self._backend.changing() as now:
                body = self._faked(exchange, action, now)
        exchange.summary = _summary(exchange.product, body)
        body["RequestId"] = exchange.request_id
        return encoded(200, body, _format(request), f"{exchange.call.action}Response")

    def refuse(self, exchange: ApiExchange, error: ApiError) -> ApiReply:
        request = exchange.request
        body = error_body(error, exchange.call.product, request.host, exchange.request_id)
        reply = encoded(error.http_status, body, _format(request), "Error")
        if error.retry_after is None:
            return reply
        # Read by alibabacloud-tea-openapi from 0.4 on, in milliseconds.
        return replace(reply, headers={**reply.headers, "x-acs-retry-after": str(error.retry_after)})

    def _warn(self, action: Action[Any], unknown: list[str], spelled: dict[str, str], client: Client | None) -> None:
        """Warn about unknown parameters, and about text that came as a list of letters."""
        known = action.parameters.known_names()
        for name in unknown:
            text = (
                f"unknown parameter {name} of {action.name}: the service ignores it."
                f"{did_you_mean(_NUMBER.sub('.N', name), known)} Its parameters are: {listed(known, most=99)}."
            )
            self._warn_at(text, UnknownParameterWarning, client)
        for name, value in spelled.items():
            text = (
                f"{name} of {action.name} is {value!r}, a letter a value: the handler passed text where a list is "
                f"expected. Pass [{value!r}]."
            )
            self._warn_at(text, TextForListWarning, client)

    def _warn_at(self, text: str, category: type[Warning], client: Client | None) -> None:
        """Warn at the author's line, or at a client of another process; once, as Python does."""
        place, file_name, line, module = _ELSEWHERE, "", 1, ""
        if client is None:
            frame: FrameType | None = author_frame()
        else:
            file_name = f"<{client.name}>"
            # Searching this process for the client takes a moment, so it is done once for each text.
            frame = None if text in self._warned_elsewhere else client.frame()
            if frame is None:
                self._warned_elsewhere.add(text)
        if frame is not None:
            place = file_name = frame.f_code.co_filename
            line, module = frame.f_lineno, str(frame.f_globals.get("__name__", ""))
        registry = self._registries.setdefault(place, {})
        warnings.warn_explicit(text, category, file_name, line, module, registry)

    def _faked(self, exchange: ApiExchange, action: Action[CallT], now: Micros) -> JsonObject:
        call, found = exchange.call, exchange.found
        key_id = self._checked_key(exchange.request, now)
        region_id = self._checked_region(exchange, action)
        parsed = self._new_call(
            action=action,
            account_id=self._backend.account_of(key_id),
            region_id=region_id,
            now=now,
            values=action.parse(found),
        )
        try:
            body = self._once(parsed, action, found) if found.get("ClientToken") else action.answer(parsed)
        except tuple(action.refusals) as refusal:
            raise action.refused(refusal) from None
        call.hint = parsed.hint or call.hint
        return body

    def _checked_key(self, request: ApiRequest, now: Micros) -> str | None:
        """The caller's key: an RPC signature has it in a parameter, an ACS3 signature in a header."""
        authorization = request.headers.get("authorization")
        signed = authorization and _ACS3_KEY.match(authorization)
        key_id = signed[1] if signed else request.params.get("AccessKeyId")
        token = request.params.get("SecurityToken") or request.headers.get("x-acs-security-token", "")
        code = self._backend.problem_with_token(key_id, token, now)
        if code:
            raise COMMON[code].error(hint=f"{key_id} is a temporary key of an instance's RAM role")
        return key_id

    def _checked_region(self, exchange: ApiExchange, action: Action[CallT]) -> str:
        """`RegionId` as sent, else the endpoint's own region; "" where neither says one."""
        region_id, regions = exchange.call.region_id, self._backend.regions
        if action.needs_region and not region_id:
            raise action.not_supplied("RegionId")
        if region_id and region_id not in regions:
            raise COMMON["InvalidRegionId.NotFound"].error(
                hint=f"{region_id!r} is no region.{did_you_mean(region_id, regions)}"
            )
        request, product = exchange.request, exchange.product
        if product is None or request.is_redirected or not action.is_regional:
            return region_id
        served = product.served_by(request.host)
        if served is None:
            return region_id
        if region_id and region_id not in served.regions:
            raise COMMON["InvalidOperation.NotSupportedEndpoint"].error(
                hint=f"{request.host} does not serve {region_id}. Its endpoint is {product.hosts[0]}.{region_id}.aliyuncs.com"
            )
        return region_id or served.own

    def _once(self, call: CallT, action: Action[CallT], found: Mapping[str, Any]) -> JsonObject:
        """Act once for each ClientToken: a repeated request gets the reply of the first one."""
        key = (call.account_id, action.name, found["ClientToken"])
        if key in self._by_token:
            sent, body = self._by_token[key]
            if sent != found:
                raise COMMON["IdempotentParameterMismatch"].error(
                    hint=f"the ClientToken {key[-1]!r} came with other parameters before"
                )
            return dict(body)
        body = action.answer(call)
        self._by_token[key] = (found, dict(body))
        return body

    def _not_faked(self, call: ApiCall) -> JsonObject:
        if call.product in self._products and not call.action:
            raise COMMON["MissingParameter"].error(not_supplied("Action"), hint="Action was not sent")
        stubbed = self._checks.stubbed(call)
        if stubbed is not None:
            return stubbed
        helper = self._products.helpers.get((call.product, call.action))
        if helper is not None:
            return helper(call.params)
        problem = self._problem(call)
        self._checks.unexpected(call, problem)
        raise COMMON["InvalidAction.NotFound"].error(hint=problem)

    def _problem(self, call: ApiCall) -> str:
        product = self._products.get(call.product)
        instead = self._products.instead_of(call.product, call.version, call.action)
        stub = f'ecs_events.stub("{call.product}", "{call.action}", ...) answers it.{instead}'
        if product is None:
            return f"{call.product} is not faked; only {' and '.join(self._products)} are. {stub}"
        if call.version != product.version:
            version = f"its version is {call.version!r}; {product.name} has {product.version}."
            return version if call.action in product.actions else f"{version} {stub}"
        # Actions that are not faked have names much like those that are: DescribeTasks, DescribeTags.
        meant = did_you_mean(call.action, product.actions, likeness=0.9)
        return f"{product.name} has no such action here.{meant} {stub} Supported are: {listed(product.actions)}."


def error_body(error: ApiError, product: str, host: str, request_id: str) -> JsonObject:
    return {
        "RequestId": request_id,
        "HostId": host,
        "Code": error.code,
        "Message": error.message,
        "Recommend": f"https://api.aliyun.com/troubleshoot?q={error.code}&product={product}&requestId={request_id}",
    }


def request_id(random: Random) -> str:
    """`AE1FEE18-02A7-5ADC-8E06-1AB491B09A80`."""
    digits = f"{random.getrandbits(128):032X}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _format(request: ApiRequest) -> str:
    """Calls with an ACS3 signature are answered in JSON, others in XML unless they ask for JSON (documented)."""
    default = "JSON" if request.headers.get("authorization", "").startswith("ACS3-") else "XML"
    return request.params.get("Format", default)


def _summary(product: Product[Any] | None, body: JsonObject) -> str:
    """`3 events`: the number of items in the first list of the reply for which the product has a noun."""
    if product is not None:
        for outer in body.values():
            for key, items in outer.items() if isinstance(outer, dict) else ():
                if key in product.nouns and isinstance(items, list):
                    return f"{len(items)} {product.nouns[key]}{'' if len(items) == 1 else 's'}"
    return ""


# -- encoding


def encoded(http_status: int, body: JsonObject, wanted: str, root: str) -> ApiReply:
    """The reply in the format asked for.

    Args:
        http_status: 200, 403, ...
        body: The members.
        wanted: `Format` as sent; anything but JSON is XML, the documented default.
        root: The name of the XML document's root element.
    """
    if wanted.upper() == "JSON":
        text = _listing_json(body) if isinstance(body, Listing) else _encode(body)
        return ApiReply(http_status, text.encode(errors="backslashreplace"), _JSON_HEADERS)
    text = f'<?xml version="1.0" encoding="UTF-8"?>{"".join(xml_elements(root, body))}'
    return ApiReply(http_status, text.encode(errors="replace"), _XML_HEADERS)


def _listing_json(body: Listing) -> str:
    # An encoder that is called for a dict makes another in C each time; for a text it makes none.
    rest = [
        f'"{name}":{value if type(value) is int else _encode(value)}'
        for name, value in body.items()
        if name != body.outer
    ]
    items = []
    for fragment in body.fragments:
        if fragment.text is None:
            fragment.text = _encode(fragment)
        items.append(fragment.text)
    return f'{{{",".join(rest)},"{body.outer}":{{"{body.inner}":[{",".join(items)}]}}}}'


def xml_elements(name: str, value: Json) -> Iterator[str]:
    """Encode a value as XML. A list repeats its element; singular keys around lists stay, as in JSON."""
    if isinstance(value, list):
        for item in value:
            yield from xml_elements(name, item)
    elif isinstance(value, dict):
        yield f"<{name}>"
        for key, inner in value.items():
            yield from xml_elements(key, inner)
        yield f"</{name}>"
    else:
        text = str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
        yield f"<{name}>{escape(_NOT_XML.sub(chr(0xFFFD), text))}</{name}>"
