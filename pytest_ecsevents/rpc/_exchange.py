"""One exchange for every HTTP service: decode a request, record it, apply faults and delays, answer, reply.

A service says how its own requests are decoded and answered, see `Service`. What a test declares about requests, and
how long a client waits, is the same for all of them and happens in `Endpoint`. Its order is:

1. `Service.decode` makes an `Exchange` with the record of the request.
2. `Recorder.record` puts the record into the call log and returns the fault or delay that applies.
3. `Service.answer` acts, immediately or after a delay of virtual time, even if the client has given up.
4. The client's thread or coroutine waits in virtual time for the reply or for its own timeout.
5. The client gets the reply, a damaged reply, or a network fault; the record says which.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import Any, Final, Generic, Protocol, TypeVar

from pytest_ecsevents._errors import EcsEventsError, hidden_in_reports
from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._server_waits import ClientGoneError
from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.rpc._calls import Call
from pytest_ecsevents.rpc._errors import ApiError
from pytest_ecsevents.rpc._network_faults import NETWORK_FAULTS, NO_EFFECT, Effect, NetworkFault
from pytest_ecsevents.rpc._wire import ApiReply, Client, NoReply, Outcome, Patience

__tracebackhide__ = hidden_in_reports

_UNREACHABLE: Final = Effect(NETWORK_FAULTS["connect timeout"], acts=False)


@dataclass(slots=True, kw_only=True, eq=False)
class Exchange:
    """One request and its reply. A service subclasses it to keep what it decoded.

    Attributes:
        call: The record of the request.
        patience: How long the client waits; only called if a fault or a delay applies.
        client: Who called, if the request came over the server.
        warn: Warns about the request, once it is recorded.
        can_fail: Whether faults and delays apply to it.
        unreachable: Why no connection is possible. It is raised if that check is on; else connecting times out. A client of
            the server has connected already: it gets the reason as an error reply.
        effect: The fault or delay that applies.
        no_reply: What the client gets instead of a reply.
        ends_at: When the client gets its reply or gives up; None for immediately.
        reply: What the service replied.
        refusal: The error in that reply; None if it succeeded.
        problem: An error of the plugin's or of the test's own code in answering. It is raised in the client's call; a client
            of the server gets it as an error reply.
        has_acted: Whether a delayed request has begun to act.
        is_lost: Whether the client has stopped waiting for the service's reply.
        lock: Held while a delayed request acts, since two threads may find it due. Others need none.
    """

    call: Call
    patience: Callable[[], Patience]
    client: Client | None = None
    warn: Callable[[], None] | None = None
    can_fail: bool = True
    unreachable: EcsEventsError | None = None
    effect: Effect = NO_EFFECT
    no_reply: NoReply | None = None
    ends_at: Micros | None = None
    reply: ApiReply | None = None
    refusal: ApiError | None = None
    summary: str = ""
    problem: Exception | None = None
    has_acted: bool = False
    is_lost: bool = False
    lock: AbstractContextManager[Any] | None = None


RequestT_contra = TypeVar("RequestT_contra", contravariant=True)
ExchangeT = TypeVar("ExchangeT", bound=Exchange)


class Service(Protocol[RequestT_contra, ExchangeT]):
    """An HTTP service of the fake."""

    def decode(self, request: RequestT_contra, at: Micros) -> ExchangeT:
        """Decode a request made at an instant; nothing acts yet."""

    def answer(self, exchange: ExchangeT) -> ApiReply:
        """Act, and return the encoded reply. May set `summary` of the exchange and `hint` of its call.

        Raises:
            ApiError: The service refuses.
        """

    def refuse(self, exchange: ExchangeT, error: ApiError) -> ApiReply:
        """The encoded error reply, of an error that `answer` raised or that the test declared."""


class Recorder(Protocol):
    """The test's checks, as far as they concern requests."""

    def record(self, call: Call, *, can_fail: bool, client: Client | None) -> Effect:
        """Add a request to the call log, and return the fault or delay that applies to it."""

    def object_to(self, error: EcsEventsError) -> None:
        """Raise an error about a request that cannot be answered, and remember it, if that check is on."""

    def endless(self, call: Call, no_reply: NoReply) -> EcsEventsError:
        """The error for a client without a timeout, which would hang."""

    def told(self, problem: EcsEventsError) -> ApiError:
        """The error reply that gives a client of the server the text of an error."""

    def served(self, problem: Exception, call: Call) -> ApiError:
        """The error reply for an error that cannot be raised in the client's call; the error is remembered."""


class Timed(Protocol):
    """The part of the test's cloud that an endpoint needs."""

    @property
    def clock(self) -> Clock:
        """The test's clock."""

    def settled(self) -> Micros:
        """Run what is due, and return the instant."""


class Endpoint(Generic[RequestT_contra, ExchangeT]):
    """Answers the requests to one service."""

    def __init__(self, service: Service[RequestT_contra, ExchangeT], cloud: Timed, recorder: Recorder) -> None:
        self._service: Final = service
        self._cloud: Final = cloud
        self._recorder: Final = recorder

    def __call__(self, request: RequestT_contra) -> Outcome:
        """Answer a request; the calling thread waits in virtual time.

        Raises:
            EcsEventsError: The fake cannot answer it, and the test has not relaxed that.
        """
        exchange = self._begin(request)
        if exchange.ends_at is not None:
            with self._noting_end(exchange):
                self._cloud.clock.pass_until(exchange.ends_at)
        return self._received(exchange)

    async def awaited(self, request: RequestT_contra) -> Outcome:
        """Answer a request of a coroutine: other tasks of its loop run while it waits."""
        exchange = self._begin(request)
        if exchange.ends_at is not None:
            with self._noting_end(exchange):
                await self._cloud.clock.reach(exchange.ends_at)
        return self._received(exchange)

    def _begin(self, request: RequestT_contra) -> ExchangeT:
        """Decode and record a request. It acts now, or is planned for the end of its delay."""
        waits = self._cloud.clock.waits
        if waits is not None and waits.stop is not None:
            waits.check_call()  # before any effect, since it can leave the handler
        now, clock = self._cloud.settled(), self._cloud.clock
        with clock.lock:  # threads share the call log, the faults and the ids
            exchange = self._service.decode(request, now)
            try:
                effect = self._recorder.record(exchange.call, can_fail=exchange.can_fail, client=exchange.client)
            except EcsEventsError as problem:
                if exchange.client is None:
                    raise
                exchange.problem = problem
                return exchange
        try:
            self._start(exchange, effect)
        except ClientGoneError:
            raise
        except Exception as problem:
            if exchange.client is None:
                raise
            exchange.problem, exchange.effect, exchange.ends_at = problem, NO_EFFECT, None
        return exchange

    def _start(self, exchange: ExchangeT, effect: Effect) -> None:
        """Let a recorded request act, now or at the end of its delay."""
        if exchange.warn is not None:
            exchange.warn()
        if exchange.unreachable is not None:
            exchange.call.hint, effect = str(exchange.unreachable), _UNREACHABLE
            self._recorder.object_to(exchange.unreachable)
            if exchange.client is not None:  # it is connected already, and would wait until its timeout
                exchange.refusal = self._recorder.told(exchange.unreachable)
                exchange.reply = self._service.refuse(exchange, exchange.refusal)
                return
        if effect is not NO_EFFECT:
            self._plan(exchange, effect)
        if effect.acts and effect.delay:
            exchange.lock = RLock()
            self._cloud.clock.later(exchange.call.at_micros + effect.delay, lambda: self._act_late(exchange))
        elif effect.acts:
            self._act(exchange)

    def _plan(self, exchange: ExchangeT, effect: Effect) -> None:
        """Decide what the client gets, and when.

        Raises:
            EcsEventsError: The client would hang.
        """
        call = exchange.call
        exchange.effect = effect
        call.fault = effect.fault is not None and exchange.unreachable is None
        exchange.no_reply, wait = effect.for_client(exchange.patience())
        if wait is None:
            assert exchange.no_reply is not None
            raise self._recorder.endless(call, exchange.no_reply)
        exchange.ends_at = call.at_micros + wait if wait else None

    def _act(self, exchange: ExchangeT) -> None:
        try:
            exchange.reply = self._service.answer(exchange)
        except ApiError as error:
            exchange.refusal, exchange.reply = error, self._service.refuse(exchange, error)

    def _act_late(self, exchange: ExchangeT) -> None:
        """Act once, in the thread that moves the clock to the end of the delay."""
        assert exchange.lock is not None
        with exchange.lock:
            if exchange.has_acted:
                return
            exchange.has_acted = True
            try:
                self._act(exchange)
            except Exception as problem:  # noqa: BLE001  # the client gets it, if it still waits
                exchange.problem = problem
        if exchange.is_lost:
            exchange.call.lost = _status_text(exchange)

    @contextmanager
    def _noting_end(self, exchange: ExchangeT) -> Iterator[None]:
        """Note that the client stopped waiting early, because its thread or task was ended."""
        try:
            yield
        except BaseException:
            self._end(exchange, "given up")
            raise

    def _end(self, exchange: ExchangeT, failure: str = "", *, is_lost: bool = True) -> None:
        call = exchange.call
        call.took_micros, call.failure = self._cloud.clock.now() - call.at_micros, failure
        if is_lost:
            call.lost, exchange.is_lost = _status_text(exchange), True

    def _received(self, exchange: ExchangeT) -> Outcome:
        """What the client gets: a reply, or a network fault."""
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
        if isinstance(effect.fault, NetworkFault):
            return self._damaged(exchange, effect.fault)
        self._end(exchange)
        exchange.problem, exchange.refusal = None, effect.fault
        exchange.reply = self._service.refuse(exchange, effect.fault)
        return self._replied(exchange)

    def _damaged(self, exchange: ExchangeT, fault: NetworkFault) -> ApiReply:
        """A proxy's page instead of the reply, or what is left of the reply."""
        call = exchange.call
        self._end(exchange, fault.name, is_lost=fault.page is not None)
        if fault.page is not None:
            call.http_status, call.reply = fault.page.http_status, fault.page
        else:
            assert fault.damage is not None
            call.reply = fault.damage(self._replied(exchange))
        return call.reply

    def _replied(self, exchange: ExchangeT) -> ApiReply:
        """The reply, noted in the record."""
        if exchange.problem is not None:
            if exchange.client is None:
                raise exchange.problem
            exchange.refusal = self._recorder.served(exchange.problem, exchange.call)
            exchange.reply = self._service.refuse(exchange, exchange.refusal)
        assert exchange.reply is not None
        call = exchange.call
        call.reply, call.http_status = exchange.reply, exchange.reply.http_status
        if exchange.refusal is None:
            call.summary = exchange.summary
        else:
            call.code, call.hint = exchange.refusal.code, exchange.refusal.hint
        return exchange.reply


def _status_text(exchange: Exchange) -> str:
    """What the service replied to a client that did not receive it: `200`, `404 InvalidInstanceId.NotFound`."""
    if exchange.problem is not None:
        return type(exchange.problem).__name__
    if exchange.reply is None:
        return ""
    code = "" if exchange.refusal is None else f" {exchange.refusal.code}"
    return f"{exchange.reply.http_status}{code}"
