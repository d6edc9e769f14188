"""The front door of the API: from a request to a reply."""

import re
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar

from pytest_ecsevents._errors import EcsEventsError, UnknownParameterWarning, hidden_in_reports
from pytest_ecsevents._frames import author_frame
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.clock import Clock, Micros
from pytest_ecsevents.rpc._action import METHODS, Action, ParsedCall
from pytest_ecsevents.rpc._calls import ApiCall
from pytest_ecsevents.rpc._encoding import encoded
from pytest_ecsevents.rpc._errors import COMMON, COMMON_MISSING, ApiError
from pytest_ecsevents.rpc._network_faults import NO_EFFECT, Effect, Mishap, felt
from pytest_ecsevents.rpc._parameters import ENVELOPE
from pytest_ecsevents.rpc._products import Product, Products
from pytest_ecsevents.rpc._wire import ApiReply, ApiRequest, JsonObject, NoReply, Outcome

__tracebackhide__ = hidden_in_reports

_NUMBER: Final = re.compile(r"\.\d+")


CallT = TypeVar("CallT", bound=ParsedCall)


class Backend(Protocol):
    """The state behind the API: one test's cloud."""

    @property
    def clock(self) -> Clock:
        """The test's clock."""

    @property
    def regions(self) -> AbstractSet[str]:
        """Every region known."""

    def settled(self) -> Micros:
        """The instant, once all that is due has happened."""

    def changing(self) -> AbstractContextManager[Micros]:
        """Hold the state for one operation at the instant yielded."""

    def account_of(self, access_key_id: str | None) -> str:
        """The account that an access key belongs to."""


class Witness(Protocol):
    """Who watches the calls: the test's call log."""

    def called(self, call: ApiCall, *, is_faked: bool) -> Effect:
        """A call begins; what the test has in store for it."""

    def stubbed(self, call: ApiCall) -> "JsonObject | None":
        """The author's own answer to a call that is not faked, if he gave one."""

    def unexpected(self, call: ApiCall, problem: str) -> None:
        """A call cannot be answered; unless this raises, the cloud's own error is the answer."""

    def waits_for_ever(self, call: ApiCall, no_reply: NoReply) -> EcsEventsError:
        """The error for a client that nothing would wake."""


_Answer: TypeAlias = tuple[JsonObject, ApiError | None]


@dataclass(slots=True)
class _Exchange:
    """One call on its way.

    Attributes:
        request: What was sent.
        call: The same as the author sees it.
        product: Whose call it is; None where that is not faked.
        action: What it is for; None where that is not faked.
        found: Its parameters.
        request_id: Of the reply.
        effect: What the test has in store for it.
        no_reply: What the client meets, where no reply comes.
        heard_at: When the client hears of it; None for at once.
        is_lost: Whether the client no longer hears what the cloud says.
        answer: What the cloud said.
        problem: What went wrong in an answer of the author's own.
        has_acted: Whether a call that takes its time has begun to act.
        lock: Held while it does.
    """

    request: ApiRequest
    call: ApiCall
    product: Product[Any] | None
    action: Action[Any] | None
    found: Mapping[str, Any]
    request_id: str
    effect: Effect
    no_reply: NoReply | None
    heard_at: Micros | None = None
    is_lost: bool = False
    answer: "_Answer | None" = None
    problem: Exception | None = None
    has_acted: bool = False
    lock: AbstractContextManager[Any] = field(default_factory=threading.RLock)


class Gateway(Generic[CallT]):
    """Answers requests for one cloud.

    Args:
        products: What is faked.
        backend: The test's cloud.
        new_call: Makes the call that an action gets, from the attributes of a `ParsedCall`.
        request_id: Makes the id of a reply.
        witness: Who watches the calls.
    """

    def __init__(
        self,
        products: Products[CallT],
        backend: Backend,
        new_call: Callable[..., CallT],
        request_id: Callable[[], str],
        witness: Witness,
    ) -> None:
        self._products: Final = products
        self._cloud: Final = backend
        self._new_call: Final = new_call
        self._request_id: Final = request_id
        self._witness: Final = witness
        self._by_token: Final[dict[tuple[str, str, str], tuple[Mapping[str, Any], JsonObject]]] = {}

    def __call__(self, request: ApiRequest) -> Outcome:
        """What comes of a request; the calling thread waits for it in virtual time.

        Raises:
            UnexpectedCallError: The fake cannot answer it, and the test has not relaxed that.
        """
        exchange = self._sent(request)
        if exchange.heard_at is not None:
            with self._waiting(exchange):
                self._cloud.clock.advance_to(exchange.heard_at)
        return self._heard(exchange)

    async def awaited(self, request: ApiRequest) -> Outcome:
        """The same for a coroutine: other tasks of its loop go on meanwhile."""
        exchange = self._sent(request)
        if exchange.heard_at is not None:
            with self._waiting(exchange):
                await self._cloud.clock.reach(exchange.heard_at)
        return self._heard(exchange)

    # -- a call's way

    def _sent(self, request: ApiRequest) -> _Exchange:
        """A call on its way. One that takes its time acts then, whether its client still waits or not."""
        params = request.params
        name = params.get("Action") or request.headers.get("x-acs-action", "")
        product_name = self._products.name_of(request.host)
        product = self._products.get(product_name)
        action = product.actions.get(name) if product else None
        found, unknown = action.parameters.sort(params) if action else (_beyond_envelope(params), [])
        if action is not None and unknown:
            _warn_unknown(action, unknown)
        call = ApiCall(
            product=product_name,
            version=params.get("Version") or request.headers.get("x-acs-version", ""),
            action=name,
            params={**found, **{key: params[key] for key in unknown}},
            region_id=params.get("RegionId", ""),
            transport=request.transport,
            at_micros=self._cloud.settled(),
        )
        if product is not None and call.version != product.version:
            action = None
        with self._cloud.clock.lock:  # threads share the log, the faults and the ids
            effect = self._witness.called(call, is_faked=action is not None)
            request_id = self._request_id()
        exchange = _Exchange(request, call, product, action, found, request_id, effect, effect.no_reply)
        if effect is not NO_EFFECT:
            self._plan(exchange)
        if effect.acts and effect.delay:
            self._cloud.clock.later(call.at_micros + effect.delay, lambda: self._act_late(exchange))
        elif effect.acts:
            exchange.answer = self._outcome(exchange)
        return exchange

    def _plan(self, exchange: _Exchange) -> None:
        """Find out when the client hears of it, and whether its patience ends before.

        Raises:
            EcsEventsError: It would wait for ever.
        """
        exchange.call.fault = exchange.effect.fault is not None
        exchange.no_reply, lasts = felt(exchange.effect, exchange.request.patience())
        if lasts is None:
            assert exchange.no_reply is not None
            raise self._witness.waits_for_ever(exchange.call, exchange.no_reply)
        if lasts:
            exchange.heard_at = exchange.call.at_micros + lasts

    def _act_late(self, exchange: _Exchange) -> None:
        """Have the cloud answer a call that took its time, once, in whichever thread moves the clock."""
        with exchange.lock:
            if exchange.has_acted:
                return
            exchange.has_acted = True
            try:
                exchange.answer = self._outcome(exchange)
            except Exception as problem:  # noqa: BLE001  # it is the caller's, if he still waits
                exchange.problem = problem
        if exchange.is_lost:
            exchange.call.lost = _said(exchange)

    @contextmanager
    def _waiting(self, exchange: _Exchange) -> Iterator[None]:
        """Note it when whoever made the call does not wait for its end."""
        try:
            yield
        except BaseException:
            self._end(exchange, "given up")
            raise

    def _outcome(self, exchange: _Exchange) -> _Answer:
        wrong_method = _wrong_method(exchange)
        if wrong_method is not None:
            return {}, wrong_method
        try:
            return self._answer(exchange), None
        except ApiError as error:
            return {}, error

    def _heard(self, exchange: _Exchange) -> Outcome:
        """What the client hears at last."""
        effect = exchange.effect
        if effect is NO_EFFECT:
            return self._replied(exchange)
        self._cloud.settled()
        if exchange.no_reply is not None:
            self._end(exchange, exchange.no_reply.value)
            return exchange.no_reply
        if effect.acts and effect.delay:
            self._act_late(exchange)
        if effect.fault is None:
            self._end(exchange, is_lost=False)
            return self._replied(exchange)
        if isinstance(effect.fault, ApiError):
            self._end(exchange)
            return self._reply(exchange, {}, effect.fault)
        return self._spoilt(exchange, effect.fault)

    def _spoilt(self, exchange: _Exchange, mishap: Mishap) -> ApiReply:
        """The page that comes instead of the reply, or what is left of it."""
        call = exchange.call
        self._end(exchange, mishap.name, is_lost=mishap.page is not None)
        if mishap.page is not None:
            call.http_status, reply = mishap.page.http_status, mishap.page
        else:
            assert mishap.spoil is not None
            reply = mishap.spoil(self._replied(exchange))
        call.reply = reply
        return reply

    def _end(self, exchange: _Exchange, failure: str = "", *, is_lost: bool = True) -> None:
        """Note how a call ended for its client.

        Args:
            exchange: The call.
            failure: What it met.
            is_lost: Whether it does not hear what the cloud said.
        """
        call = exchange.call
        call.took_micros = self._cloud.clock.now() - call.at_micros
        call.failure = failure
        if is_lost:
            call.lost = _said(exchange)
            exchange.is_lost = True

    def _replied(self, exchange: _Exchange) -> ApiReply:
        if exchange.problem is not None:
            raise exchange.problem
        assert exchange.answer is not None
        return self._reply(exchange, *exchange.answer)

    def _reply(self, exchange: _Exchange, body: JsonObject, error: ApiError | None) -> ApiReply:
        """The cloud's reply, noted in the log."""
        request, call = exchange.request, exchange.call
        if error is None:
            call.http_status = 200
            call.summary = _summary(exchange.product, body)
            body["RequestId"] = exchange.request_id
            call.reply = encoded(200, body, _format(request), f"{call.action}Response")
        else:
            call.http_status, call.code, call.hint = error.http_status, error.code, error.hint
            body = error_body(error, call.product, request.host, exchange.request_id)
            call.reply = encoded(error.http_status, body, _format(request), "Error")
        return call.reply

    # -- what the cloud says

    def _answer(self, exchange: _Exchange) -> JsonObject:
        if exchange.action is None:
            return self._cannot_answer(exchange.call)
        with self._cloud.changing() as now:
            return self._faked(exchange.call, exchange.action, exchange.found, _access_key_id(exchange.request), now)

    def _faked(
        self, call: ApiCall, action: Action[CallT], found: Mapping[str, Any], access_key_id: str | None, now: Micros
    ) -> JsonObject:
        region_id = call.region_id
        if action.needs_region and not region_id:
            raise action.missing.error(_not_supplied("RegionId"), hint="RegionId was not sent")
        if region_id and region_id not in self._cloud.regions:
            raise COMMON["InvalidRegionId.NotFound"].error(
                hint=f"{region_id!r} is no region.{did_you_mean(region_id, self._cloud.regions)}"
            )
        action_call = self._new_call(
            action=action,
            account_id=self._cloud.account_of(access_key_id),
            region_id=region_id,
            now=now,
            values=action.parameters.parse(found, action.missing),
        )
        try:
            body = self._once(action_call, found)
        except tuple(action.refusals) as refusal:
            row = action.refusals[type(refusal)]
            raise row.error(getattr(refusal, "name", ""), hint=str(refusal)) from None
        call.hint = action_call.hint
        return body

    def _once(self, call: CallT, found: Mapping[str, Any]) -> JsonObject:
        """The answer; a request repeated with its ClientToken gets the first one's again, and acts no more."""
        answer: Callable[[CallT], JsonObject] = call.action.answer
        token = found.get("ClientToken")
        if not token or "ClientToken" not in call.action.parameters.scalars:
            return answer(call)
        key = (call.account_id, call.action.name, token)
        if key in self._by_token:
            sent, body = self._by_token[key]
            if sent != found:
                raise COMMON["IdempotentParameterMismatch"].error(
                    hint=f"the ClientToken {token!r} came with others before"
                )
            return dict(body)
        body = answer(call)
        self._by_token[key] = (found, dict(body))
        return body

    def _cannot_answer(self, call: ApiCall) -> JsonObject:
        if call.product in self._products and not call.action:
            raise COMMON_MISSING.error(_not_supplied("Action"), hint="Action was not sent")
        stubbed = self._witness.stubbed(call)
        if stubbed is not None:
            return stubbed
        helper = self._products.helpers.get((call.product, call.action))
        if helper is not None:
            return helper(call.params)
        problem = self._problem(call)
        self._witness.unexpected(call, problem)
        raise COMMON["InvalidAction.NotFound"].error(hint=problem)

    def _problem(self, call: ApiCall) -> str:
        product = self._products.get(call.product)
        if product is None:
            return (
                f"{call.product} is not faked; only {' and '.join(self._products)} are. "
                f'ecs_events.stub("{call.product}", "{call.action}", ...) answers it.'
            )
        if call.action in product.actions:
            return f"its version is {call.version!r}; {product.name} has {product.version}."
        # Actions that are not faked have names much like those that are: DescribeTasks, DescribeTags.
        meant = did_you_mean(call.action, product.actions, likeness=0.9)
        return (
            f"{product.name} has no such action here.{meant} "
            f'ecs_events.stub("{product.name}", "{call.action}", ...) answers it. Supported are: {listed(product.actions)}.'
        )


def _said(exchange: _Exchange) -> str:
    """What the cloud did where its client does not hear of it: `200`, `404 InvalidInstanceId.NotFound`."""
    if exchange.problem is not None:
        return type(exchange.problem).__name__
    if exchange.answer is None:
        return ""
    error = exchange.answer[1]
    return "200" if error is None else f"{error.http_status} {error.code}"


_ACS3_KEY: Final = re.compile(r"ACS3-[\w-]+ .*?Credential=([^,\s]+)")


def _access_key_id(request: ApiRequest) -> str | None:
    """Whose call it is: the key of an RPC signature is a parameter, that of an ACS3 signature stands in a header."""
    signed = _ACS3_KEY.match(request.headers.get("authorization", ""))
    return signed[1] if signed else request.params.get("AccessKeyId")


def _format(request: ApiRequest) -> str:
    """Calls with an ACS3 signature are answered in JSON, others in XML unless they ask for JSON (documented)."""
    default = "JSON" if request.headers.get("authorization", "").startswith("ACS3-") else "XML"
    return request.params.get("Format", default)


def _wrong_method(exchange: _Exchange) -> ApiError | None:
    method, allowed = exchange.request.method, exchange.action.methods if exchange.action else METHODS
    if method in allowed:
        return None
    return COMMON["UnsupportedHTTPMethod"].error(hint=f"{method} is none of {listed(allowed)}")


def _not_supplied(name: str) -> str:
    return f'The input parameter "{name}" that is mandatory for processing this request is not supplied.'


def _beyond_envelope(params: Mapping[str, str]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name not in ENVELOPE}


def _summary(product: Product[Any] | None, body: JsonObject) -> str:
    nouns = product.nouns if product else {}
    lists = (pair for outer in body.values() if isinstance(outer, dict) for pair in outer.items())
    counted = ((nouns[key], items) for key, items in lists if key in nouns and isinstance(items, list))
    noun, items = next(counted, ("", []))
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}" if noun else ""


def error_body(error: ApiError, product: str, host: str, request_id: str) -> JsonObject:
    """What an error reply says."""
    return {
        "RequestId": request_id,
        "HostId": host,
        "Code": error.code,
        "Message": error.message,
        "Recommend": f"https://api.aliyun.com/troubleshoot?q={error.code}&product={product}&requestId={request_id}",
    }


def _warn_unknown(action: Action[Any], unknown: list[str]) -> None:
    frame = author_frame()
    for name in unknown:
        known = action.parameters.known_names()
        warnings.warn_explicit(
            f"{action.name} was sent {name}, which is no parameter of it: the service ignores it."
            f"{did_you_mean(_NUMBER.sub('.N', name), known)} Its parameters are: {listed(known, most=99)}.",
            UnknownParameterWarning,
            frame.f_code.co_filename,
            frame.f_lineno,
            module=str(frame.f_globals.get("__name__", "")),
        )
