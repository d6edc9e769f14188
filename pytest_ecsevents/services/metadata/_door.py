"""The front door of the metadata service: who asks, what befalls the request, and what is said."""

from dataclasses import dataclass
from typing import Final, Protocol

from pytest_ecsevents._errors import EcsEventsError, NoGuestError, hidden_in_reports
from pytest_ecsevents.clock import Micros
from pytest_ecsevents.rpc import MISHAPS, NO_EFFECT, ApiError, ApiReply, Effect, Mishap, NoReply, Outcome, felt
from pytest_ecsevents.services.ecs import Cloud, InstanceRecord
from pytest_ecsevents.services.metadata._calls import MetadataCall, MetadataRequest
from pytest_ecsevents.services.metadata._errors import page
from pytest_ecsevents.services.metadata._guests import Guests
from pytest_ecsevents.services.metadata._service import MetadataService

__tracebackhide__ = hidden_in_reports

_NOWHERE: Final = Effect(MISHAPS["connect timeout"], acts=False)
"""Outside an instance nothing leads to the address (documented)."""


class MetadataWitness(Protocol):
    """Who watches the requests: the test's log."""

    def asked(self, call: MetadataCall) -> Effect:
        """A request begins; what the test has in store for it."""

    def from_nowhere(self, error: NoGuestError) -> None:
        """Nobody can tell which instance asks; unless this raises, the address is one that leads nowhere."""

    def passed_by(self) -> None:
        """Something connects to the address by a way that is not intercepted; unless this raises, nobody answers there."""

    def asks_for_ever(self, call: MetadataCall, no_reply: NoReply) -> EcsEventsError:
        """The error for a client that nothing would wake."""


@dataclass(slots=True)
class _Visit:
    """One request on its way.

    Attributes:
        request: What was sent.
        call: The same as the author sees it.
        instance: Who asks; None where nobody can tell.
        effect: What the test has in store for it.
        no_reply: What the client meets, where no reply comes.
        heard_at: When the client hears of it; None for at once.
    """

    request: MetadataRequest
    call: MetadataCall
    instance: InstanceRecord | None
    effect: Effect
    no_reply: NoReply | None = None
    heard_at: Micros | None = None


class Door:
    """Answers requests to the metadata address.

    Args:
        cloud: The test's cloud.
        service: What answers.
        guests: Who asks.
        witness: Who watches.
    """

    def __init__(self, cloud: Cloud, service: MetadataService, guests: Guests, witness: MetadataWitness) -> None:
        self._cloud: Final = cloud
        self._service: Final = service
        self._guests: Final = guests
        self._witness: Final = witness

    def __call__(self, request: MetadataRequest) -> Outcome:
        """What comes of a request; the calling thread waits for it in virtual time.

        Raises:
            NoGuestError: Nobody can tell which instance asks, and the test has not relaxed that.
        """
        visit = self._begin(request)
        if visit.heard_at is not None:
            self._cloud.clock.advance_to(visit.heard_at)
        return self._end(visit)

    async def awaited(self, request: MetadataRequest) -> Outcome:
        """The same for a coroutine: other tasks of its loop go on meanwhile."""
        visit = self._begin(request)
        if visit.heard_at is not None:
            await self._cloud.clock.reach(visit.heard_at)
        return self._end(visit)

    def passed_by(self) -> None:
        """Object to a connection to the metadata address by a way that is not intercepted.

        Raises:
            UnexpectedCallError: Unless the test has relaxed that.
        """
        self._witness.passed_by()

    def _begin(self, request: MetadataRequest) -> _Visit:
        at = self._cloud.settled()
        call = MetadataCall("", request.method, request.path, request.transport, at)
        instance: InstanceRecord | None = None
        problem: NoGuestError | None = None
        try:
            instance = self._guests.who(f"{request.method} {request.path}")
            call.instance_id = instance.instance_id
        except NoGuestError as error:
            problem = error
        with self._cloud.clock.lock:  # threads share the log and the faults
            effect = self._witness.asked(call)
        if problem is not None:
            call.hint = str(problem)
            self._witness.from_nowhere(problem)
            effect = _NOWHERE
        visit = _Visit(request, call, instance, effect)
        self._plan(visit)
        return visit

    def _plan(self, visit: _Visit) -> None:
        """Find out when the client hears of it, and whether its patience ends before.

        Raises:
            EcsEventsError: It would wait for ever.
        """
        if visit.effect is NO_EFFECT:
            return
        visit.call.fault = visit.effect.fault is not None and visit.instance is not None
        visit.no_reply, lasts = felt(visit.effect, visit.request.patience())
        if lasts is None:
            assert visit.no_reply is not None
            raise self._witness.asks_for_ever(visit.call, visit.no_reply)
        visit.heard_at = visit.call.at_micros + lasts if lasts else None

    def _end(self, visit: _Visit) -> Outcome:
        """What the client hears at last."""
        call, fault = visit.call, visit.effect.fault
        call.took_micros = self._cloud.settled() - call.at_micros
        if visit.no_reply is not None:
            call.failure = visit.no_reply.value
            return visit.no_reply
        call.reply = self._spoilt(visit, fault) if isinstance(fault, Mishap) else self._said(visit, fault)
        call.http_status = call.reply.http_status
        return call.reply

    def _spoilt(self, visit: _Visit, mishap: Mishap) -> ApiReply:
        """The page that comes instead of the answer, or what is left of it."""
        visit.call.failure = mishap.name
        if mishap.page is not None:
            return mishap.page
        assert mishap.spoil is not None
        return mishap.spoil(self._said(visit, None))

    def _said(self, visit: _Visit, error: ApiError | None) -> ApiReply:
        if error is not None:
            visit.call.is_usual = False
            return page(error)
        assert visit.instance is not None
        answer = self._service.answer(visit.instance, visit.request)
        visit.call.summary, visit.call.hint, visit.call.is_usual = answer.summary, answer.hint, answer.is_usual
        return answer.reply
