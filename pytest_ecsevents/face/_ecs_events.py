"""`EcsEvents`: what the author of a test touches."""

import asyncio
import datetime as dt
import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from functools import partial
from types import EllipsisType, MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pytest_ecsevents._errors import EcsEventsError, NoSingleEventError, hidden_in_reports
from pytest_ecsevents._frames import author_frame, place_of
from pytest_ecsevents.checks._strictness import Checks, strict_checks
from pytest_ecsevents.checks._stubs import Answer
from pytest_ecsevents.clock import Duration, When, from_micros, instant_text, parse_duration, parse_when
from pytest_ecsevents.face._arguments import (
    check_acted,
    check_handler,
    check_observer,
    check_plain,
    checked_filters,
    event_id_of,
    instance_id_of,
    instant_ahead,
    patience_of,
    rules_for,
    settings_of,
    span_of,
    window,
)
from pytest_ecsevents.face._instances import Instances
from pytest_ecsevents.face._metadata import Metadata
from pytest_ecsevents.face._queues import Queue, Topic
from pytest_ecsevents.face._settings import Settings
from pytest_ecsevents.face._wiring import Parts
from pytest_ecsevents.handlers import Stopped
from pytest_ecsevents.handlers._receivers import Receiver
from pytest_ecsevents.handlers._rule_targets import RuleBook
from pytest_ecsevents.report._expectations import check_avoided, check_transitions
from pytest_ecsevents.report._reasons import BY_TEST, IN_GUEST
from pytest_ecsevents.rpc import ApiCall
from pytest_ecsevents.services.cms import FunctionContext, NotificationNames, Subscription, cloudmonitor
from pytest_ecsevents.services.ecs import Change, Disk, EventRecord, Instance, InstanceRecord, SystemEvent, Transition
from pytest_ecsevents.services.metadata import Guest

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from pytest_ecsevents.services.cms import DeliveryOptions

__tracebackhide__ = hidden_in_reports

T = TypeVar("T")


class EcsEvents:
    """One test's cloud, its clock, and what its handler called.

    Under pytest it is the `ecs_events` fixture. Without pytest it is a context manager; it checks on leaving what
    the fixture checks at teardown.

    Args:
        start: Where the clock is frozen: an aware datetime, or ISO 8601 text with a zone. Left out, it is
            2030-01-01T00:00:00Z, or wherever a clock that somebody else holds stands.
        region_id: The region of instances whose id does not tell one.
        account_id: The account that instances and access keys belong to unless the test says otherwise.
        backend: What freezes the clock: "freezegun" or "time-machine".
        sleep: "virtual" has `time.sleep` in this thread move the clock; "real" leaves it alone.
        executing_for: How long an event stays Executing after NotBefore (a guess; default one second).
        failure_events: How simulated failure events are born: "executing" or "scheduled".
        strict: What fails a test that would otherwise pass: True for all checks (the default), False for none, or the
            names of some.
        seed: What makes the ids of this object its own.

    Attributes:
        metadata: The metadata service: its calls, and its settings.
        event_rules: The event rules of the test's account by name, as the handler has set them up through CloudMonitor's API.
        instances: The instances by id, and `add`.

    Raises:
        EcsEventsError: An argument cannot be used.
    """

    def __init__(
        self,
        start: When | None = None,
        *,
        region_id: str | None = None,
        account_id: str | None = None,
        backend: str | None = None,
        sleep: str | None = None,
        executing_for: Duration | None = None,
        failure_events: str | None = None,
        strict: "bool | str | Iterable[str] | None" = None,
        seed: str = "",
        _settings: Settings | None = None,
    ) -> None:
        given = {
            "region_id": region_id,
            "account_id": account_id,
            "backend": backend,
            "sleep": sleep,
            "executing_for": executing_for,
            "failure_events": failure_events,
        }
        self._parts: Final = Parts(settings_of(given, _settings), start, strict, seed)
        self._clock: Final = self._parts.clock
        self._cloud: Final = self._parts.cloud
        self._witness: Final = self._parts.witness
        self.metadata: Final = Metadata(self._parts.metadata_service, self._witness.asked_calls)
        self.event_rules: Final = RuleBook(self._parts.monitor, self._cloud.rules.account_id)
        self.instances: Final = Instances(self._cloud)

    # -- entering and leaving

    def __enter__(self) -> "EcsEvents":  # noqa: PYI034  # Self is in typing from Python 3.11 on
        self._parts.enter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._parts.leave()
        complaint = self._witness.complaint() if error is None else None
        if complaint is not None:
            raise complaint

    @property
    def strict(self) -> frozenset[str]:
        """The checks that fail a test which would otherwise pass; may be set in the test.

        They are "calls", "faults", "stubs", "receivers" and "threads". True is all of them, False none:
        `ecs_events.strict = False`, `ecs_events.strict -= {"threads"}`.
        """
        return Checks(self._witness.strict)

    @strict.setter
    def strict(self, strict: "bool | str | Iterable[str]") -> None:
        self._witness.strict = strict_checks(strict, "strict")

    # -- the clock

    @property
    def now(self) -> dt.datetime:
        """The clock's instant, aware UTC."""
        return from_micros(self._clock.now())

    def advance(
        self,
        by: Duration | None = None,
        /,
        *,
        weeks: float = 0,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        milliseconds: float = 0,
        microseconds: float = 0,
    ) -> list[Transition]:
        """Move time forward; everything due on the way happens in order, the clock standing at each due instant.

        Args:
            by: A timedelta, or text such as "2h30m"; or instead of it the keywords.
            weeks: As of `timedelta`.
            days: As of `timedelta`.
            hours: As of `timedelta`.
            minutes: As of `timedelta`.
            seconds: As of `timedelta`.
            milliseconds: As of `timedelta`.
            microseconds: As of `timedelta`.

        Returns:
            The transitions of events that happened, in order.

        Raises:
            BadArgumentError: The duration is zero, negative or not one.
        """
        parts = (days, seconds, microseconds, milliseconds, minutes, hours, weeks)
        span = span_of(by, parts)
        return self._moved(lambda: self._clock.advance_by_author(self._clock.now() + span))

    def advance_to(self, when: When) -> list[Transition]:
        """Move time forward to an instant, as `advance` does.

        Args:
            when: An aware datetime, ISO 8601 text with a zone, or relative to now.

        Raises:
            BadArgumentError: A ValueError: the instant lies before now, or is none.
        """
        now = self._clock.now()
        target = parse_when(when, "advance_to's instant", now)
        return self._moved(lambda: self._clock.advance_by_author(target)) if target != now else []

    def advance_to_next(self) -> list[Transition]:
        """Move time forward to the next instant at which an event is due.

        Instances that take their time go on meanwhile.

        Returns:
            What happened there; nothing when nothing is due.
        """
        moved = self._moved(self._clock.advance_to_next)
        while not moved and self._clock.next_due() is not None:
            moved = self._moved(self._clock.advance_to_next)
        return moved

    def run(
        self,
        function: Callable[..., T],
        /,
        *args: object,
        until: "When | Callable[[EcsEvents], object] | None" = None,
        **kwargs: object,
    ) -> "T | Stopped":
        """Run a handler whose sleeping moves the clock, until it returns or has run long enough.

        A handler that would wait on when its end has come is stopped through its own wait, past any `except Exception`,
        and its `finally` blocks run. A handler that is a coroutine function runs in an event loop of its own; in a test
        that is one itself, await `run_async`.

        Args:
            function: The handler.
            *args: Its arguments.
            until: When it is to end: an instant or a duration (`"30d"`), up to and including it; or a function of this
                object, which is asked whenever time has moved and before the handler waits. Left out, the handler is to
                end by itself.
            **kwargs: More of its arguments.

        Returns:
            What the handler returned, or a `Stopped` that says when and where it was stopped.

        Raises:
            StuckHandlerError: It neither slept nor called the cloud for `patience` seconds of real time, or would not be
                stopped.
            EndlessHandlerError: It went on for a year of virtual time, or for a minute of real time, and no instant was given.
            EcsEventsError: Sleeping does not move the clock here, or `until` is none.
        """
        check_handler("run", function, kwargs)
        runner = self._parts.runner("run", until, self)
        if inspect.iscoroutinefunction(function) and asyncio._get_running_loop() is not None:
            raise EcsEventsError(
                "run cannot start a coroutine while an event loop runs. Write: await ecs_events.run_async(...)"
            )
        with self._parts.surfacing:
            return runner.run(function, args, kwargs)  # type: ignore[no-any-return]  # what the handler returns

    async def run_async(
        self,
        function: Callable[..., Awaitable[T]],
        /,
        *args: object,
        until: "When | Callable[[EcsEvents], object] | None" = None,
        **kwargs: object,
    ) -> "T | Stopped":
        """`run` for a handler that is a coroutine function, in the running event loop; it is stopped by cancellation."""
        check_handler("run_async", function, kwargs)
        runner = self._parts.runner("run_async", until, self)
        with self._parts.surfacing:
            return await runner.run_async(function, args, kwargs)  # type: ignore[no-any-return]  # the same

    @property
    def patience(self) -> float:
        """Real seconds within which a handler under `run` must sleep or call the cloud; may be set in the test."""
        return self._parts.patience

    @patience.setter
    def patience(self, seconds: object) -> None:
        self._parts.patience = patience_of(seconds)

    def _moved(self, move: Callable[[], None]) -> list[Transition]:
        self._cloud.check_entered()
        with self._parts.surfacing:
            self._clock.settle()
            before = len(self._witness.journal)
            move()
        return [entry for entry in self._witness.journal[before:] if isinstance(entry, Transition)]

    def at(self, when: When, function: Callable[..., object], /, *args: object, **kwargs: object) -> Callable[[], None]:
        """Have a function called at an instant of virtual time, whoever moves the clock past it.

        The clock stands at that instant meanwhile, and all that is due there has happened; functions of one instant are
        called in the order in which they were planned. They may call the cloud:
        `ecs_events.at("+23h", ecs_events.cancel, event)`.

        Args:
            when: The instant; now means at once.
            function: What to call, in the thread that moves the clock. An error that it raises comes out of whatever moves
                it, and once more at the end of `run` or of the test where a handler caught it.
            *args: Its arguments.
            **kwargs: More of its arguments.

        Returns:
            A function that takes it back, unless it has been called.

        Raises:
            BadArgumentError: The instant lies before now, or the function is none, or a coroutine function.
        """
        at = instant_ahead(when, self._cloud.settled())
        check_plain(function)
        call = partial(function, *args, **kwargs)
        place = place_of(author_frame())
        return self._clock.call_at(at, lambda: self._witness.call_planned(call, at, place))

    # -- events

    def create(
        self,
        event_type: str,
        instance_id: "Instance | str",
        *,
        not_before: When | None = None,
        simulated: bool = True,
        status: str | None = None,
        reason: str | None = None,
        outcome: str = "Executed",
        executing_for: Duration | None = None,
        disk_id: "Disk | str | None" = None,
        extended_attribute: "Mapping[str, object] | None" = None,
    ) -> SystemEvent:
        """Publish an event on a declared instance; the account's limit is not enforced, but counts it.

        Args:
            event_type: `SystemMaintenance.Reboot`, ...: one of seven for a simulated event, any for a real one. A cause
                alone, "SystemMaintenance" or "SystemFailure", is the type that the instance's ActionOnMaintenance asks
                for (documented).
            instance_id: The instance, or its id.
            not_before: The planned time; left out for an Inquiring event, and for a real one that runs at once.
            simulated: False for a real event, which acts on its instance.
            status: The status it is born in, where the type has a choice.
            reason: `Reason`; a simulated event's is "A simulated event." (documented).
            outcome: How a real event ends: "Executed", or "Failed" where the type can.
            executing_for: How long it is Executing, where it ends by itself; left out, the test's setting (a guess).
            disk_id: The disk of a disk event (`Stalled`, ...), or that an event of the instance concerns; a disk
                event's may be left out where the instance has one data disk, or none.
            extended_attribute: What `ExtendedAttribute` says besides, by names on the wire: `{"PunishType": "..."}`.

        Raises:
            EcsEventsError: Something of this cannot be; the sentence says what, and what can.
        """
        return self._parts.create_event(
            "created by the test",
            event_type,
            instance_id,
            not_before,
            simulated=simulated,
            status=status,
            reason=reason,
            outcome=outcome,
            executing_for=executing_for,
            disk_id=disk_id,
            extended_attribute=extended_attribute,
        )

    def cancel(self, event: SystemEvent | str) -> None:
        """Cancel a simulated event in Scheduled or Executing, as CancelSimulatedSystemEvents does.

        Raises:
            EcsEventsError: It is real, unknown or has ended.
        """
        self._cloud.cancel([self._event(event)], cause="canceled by the test")

    def accept(self, event: SystemEvent | str) -> None:
        """Authorise an Inquiring event, as AcceptInquiredSystemEvent does; it runs at once.

        Raises:
            EcsEventsError: It is unknown, or not Inquiring.
        """
        self._cloud.accept(self._event(event), cause="accepted by the test")

    def reschedule(self, event: SystemEvent | str, not_before: When) -> None:
        """Give a Scheduled event another NotBefore, as ModifySystemEventAttribute does.

        Args:
            event: The event or its id.
            not_before: The new planned time, earlier or later than the old one (what the service allows is a guess).

        Raises:
            EcsEventsError: It is unknown or not Scheduled, or the instant lies before now.
        """
        at = parse_when(not_before, "not_before", self._clock.now())
        self._cloud.reschedule(self._event(event), at, cause="rescheduled by the test")

    def _event(self, event: SystemEvent | str) -> EventRecord:
        return self._cloud.event(event_id_of(event))

    def __iter__(self) -> Iterator[SystemEvent]:
        """The events in order of creation."""
        return iter([record.view for record in tuple(self._cloud.events.values())])

    def __len__(self) -> int:
        return len(self._cloud.events)

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, event_id: str) -> SystemEvent:
        """The event of that id.

        Raises:
            UnknownEventError: A KeyError: there is none; the sentence names the nearest.
        """
        return self._cloud.event(event_id).view

    def __contains__(self, event: object) -> bool:
        return (event.event_id if isinstance(event, SystemEvent) else event) in self._cloud.events

    def where(self, **filters: object) -> list[SystemEvent]:
        """The events whose attributes have these values, in order of creation.

        Args:
            **filters: By any attribute of `SystemEvent`: `status="Avoided"`, `instance_id="i-web1"`.

        Raises:
            BadArgumentError: Events have no such attribute, or it can have no such value.
        """
        wanted = checked_filters(filters, self._clock.now())
        return [event for event in self if all(getattr(event, name) == value for name, value in wanted)]

    def one(self, **filters: object) -> SystemEvent:
        """The one event whose attributes have these values.

        Raises:
            NoSingleEventError: There is none, or more than one; the sentence lists what is there.
        """
        found = self.where(**filters)
        if len(found) == 1:
            return found[0]
        asked = ", ".join(f"{name}={value!r}" for name, value in filters.items()) or "no filter"
        shown = found or list(self)
        there = "".join(f"\n  - {event!r}" for event in shown[:20]) or " none."
        head = f"{len(found)} events match" if found else "No event matches"
        what = "They are:" if found else "Events are:"
        raise NoSingleEventError(f"{head} {asked}; one was asked for. {what}{there}")

    def assert_avoided(self, event: SystemEvent | str, by: str | None = None) -> None:
        """Assert that an event is Avoided.

        Args:
            event: The event, or its id.
            by: What is to have avoided it: an action ("RebootInstance", ...), or "reboot by the test". Left out,
                whatever did.

        Raises:
            AssertionError: It is not; the message shows its history and why.
            UnknownEventError: A KeyError: there is no such event; the sentence names the nearest.
            BadArgumentError: Nothing called `by` avoids events.
        """
        self._clock.settle()
        check_avoided(self._event(event), by, self._parts.story())

    def assert_transitions(self, event: SystemEvent | str, expected: "Iterable[str | tuple[str, When]]") -> None:
        """Assert that an event took exactly these statuses so far, the first being the one it was published in.

        Args:
            event: The event, or its id.
            expected: The statuses, or pairs of a status and the instant at which it is to have been taken; a relative
                instant ("+24h") counts from the start of the clock, as the timeline does.

        Raises:
            AssertionError: It did not; the message shows its history and why.
            UnknownEventError: A KeyError: there is no such event; the sentence names the nearest.
            BadArgumentError: There is no such status, or that is no instant.
        """
        self._clock.settle()
        check_transitions(self._event(event), expected, self._parts.story())

    # -- what a user or the guest does

    def reboot(self, instance_id: "Instance | str", *, in_guest: bool = False) -> None:
        """Reboot an instance.

        By console or API (the default) that avoids its Scheduled SystemMaintenance.Reboot events, if it comes before
        their NotBefore; a reboot typed inside the guest (`in_guest=True`) does not. Both documented.

        Raises:
            EcsEventsError: No such instance, or it is not Running.
        """
        cause = IN_GUEST if in_guest else BY_TEST.format("reboot")
        self._cloud.reboot(self._instance(instance_id), cause=cause, in_guest=in_guest)

    def stop(self, instance_id: "Instance | str") -> None:
        """Stop a Running instance; that avoids nothing (a guess: no source says it does)."""
        self._cloud.stop(self._instance(instance_id), cause=BY_TEST.format("stop"))

    def start(self, instance_id: "Instance | str") -> None:
        """Start a Stopped instance."""
        self._cloud.start(self._instance(instance_id), cause=BY_TEST.format("start"))

    def redeploy(self, instance_id: "Instance | str") -> None:
        """Redeploy an instance, which answers its real events of the documented types and statuses.

        Raises:
            EcsEventsError: No such instance, or it has no event that a redeployment answers.
        """
        self._cloud.redeploy(self._instance(instance_id), cause=BY_TEST.format("redeployment"))

    def renew(self, instance_id: "Instance | str") -> None:
        """Pay what an instance owes, as its owner does at the console.

        That avoids its Scheduled events of expiry and arrears (inferred from a documented sample), and takes the lock
        off it that such an event set when it ran (a guess); the instance stays Stopped.
        """
        self._cloud.renew(self._instance(instance_id), cause=BY_TEST.format("renewal"))

    def release(self, instance_id: "Instance | str") -> None:
        """Release an instance; its unfinished events are canceled (a guess), its history stays readable."""
        self._cloud.release(self._instance(instance_id), cause=BY_TEST.format("release"))

    def interrupt(self, instance_id: "Instance | str") -> None:
        """Have a preemptible instance reclaimed: it is told now, and released five minutes later (documented).

        CloudMonitor's notification, `OperationLocks` (Recycling) and the metadata's termination-time say so meanwhile.

        Raises:
            EcsEventsError: No such instance, or its `spot_strategy` is NoSpot.
        """
        self._cloud.interrupt(self._instance(instance_id), cause="reclaimed by the test")

    # -- inside an instance

    def guest(self, instance_id: "Instance | str") -> Guest:
        """Have programs ask the metadata service, http://100.100.100.200, as if they ran inside this instance.

        It holds for the rest of the test, or as a context manager until its block ends. Chosen in the test's own thread it
        is for every program that chose nothing itself; in another thread, or in a task of an event loop, for that one and
        what it starts. Where there is only one instance nothing need be chosen.

        Args:
            instance_id: The instance, or its id.

        Raises:
            UnknownInstanceError: There is no such instance.
        """
        return self._parts.guests.choose(self._instance(instance_id))

    # -- notifications

    @property
    def notifications(self) -> list[dict[str, Any]]:
        """Every notification of CloudMonitor so far, in order, in its flat form."""
        return [cloudmonitor(notification) for notification in self._parts.monitor.notifications]

    @property
    def notification_names(self) -> NotificationNames:
        """The names that notifications have, each with its level, status and evidence; `add` more."""
        return self._parts.monitor.names

    def announce(
        self,
        name: str,
        instance_id: "Instance | str",
        content: Mapping[str, object] = MappingProxyType({}),
        *,
        resource: str | None = None,
        level: str | None = None,
    ) -> dict[str, Any]:
        """Have CloudMonitor send a notification that nothing in the cloud brings about by itself.

        Args:
            name: `Snapshot:CreateSnapshotCompleted`, ...: one of `notification_names`.
            instance_id: The instance, or its id, whose region and owner it has.
            content: What it says, by the names on the wire. Where an example is documented, what differs from it.
            resource: The end of its ARN, `snapshot/s-1`; left out, the one that its content tells, or the instance's.
            level: "CRITICAL", "WARN" or "INFO"; left out, the name's.

        Returns:
            The notification in its flat form.

        Raises:
            BadArgumentError: No such name or level, or content that such a notification does not have.
            UnknownInstanceError: There is no such instance.
        """
        notification = self._parts.monitor.announce(name, self._instance(instance_id), content, resource, level)
        self._witness.journal.append(notification)
        self._parts.monitor.tell(notification)
        self._clock.settle()
        return cloudmonitor(notification)

    def subscribe(
        self, receiver: "Receiver | str", *, method: str | None = None, **options: "Unpack[DeliveryOptions]"
    ) -> Subscription:
        """Have each notification from now on delivered as it happens, the clock standing at its instant.

        Deliveries of one instant are made in the order of what they tell, one after the other. A delivery that finds
        another one under way waits until that receiver returns, or moves the clock.

        Args:
            receiver: A function that takes the notification, a dict, or a coroutine function where no event loop runs.
                Or a URL, which gets a real HTTP request and has five seconds of real time (documented) to answer it with a
                2xx (a guess) from another thread or process.
            method: For a URL, as an event subscription has it: "POST JSON" (the default), "GET JSON", "POST FORM" or
                "GET FORM".
            **options: Which, in what form, and what happens on the way: see `DeliveryOptions`. What a function fails at is
                not retried; a URL is tried three times, up to a second apart (the number is documented, the time a guess),
                and in EventBridge's form four times, 10 to 20 seconds apart (documented).

        Returns:
            A `Subscription`, whose `deliveries` tell what came of it.

        Raises:
            BadArgumentError: The receiver is none, or an option is wrong. An error that a function raises comes out of
                whatever the test called, or fails the test when it ends, with what was delivered.
        """
        return self._parts.receivers.subscribe(receiver, method, options)

    def function_compute(
        self,
        handler: Callable[[bytes, FunctionContext], object],
        *,
        name: str | None = None,
        region_id: str | None = None,
        memory: int = 512,
        timeout: Duration = "60s",
        rules_only: bool = False,
        **options: "Unpack[DeliveryOptions]",
    ) -> Subscription:
        """Have a handler of Function Compute invoked with each notification from now on, as it happens.

        It is invoked asynchronously (a guess): when it raises, or takes longer than its timeout, it is tried again three
        times (documented), 1, 2 and 4 seconds after the try before (a guess). Its role's key, and the names of the function
        and its region, stand in `context` and in the environment.

        Args:
            handler: `handler(event, context)`, where `event` is bytes that hold JSON.
            name: "function", or "service/function"; left out, the handler's own.
            region_id: Its region; left out, the test's.
            memory: Its memory in MB.
            timeout: How much virtual time it may take.
            rules_only: Whether only event rules invoke it, which the handler's own code sets up through CloudMonitor's API,
                and which find it by `service/function`.
            **options: Which, in what form, and what happens on the way: see `DeliveryOptions`.

        Returns:
            A `Subscription`, whose `deliveries` tell what came of it.

        Raises:
            BadArgumentError: The handler is none, or an option is wrong.
        """
        return self._parts.receivers.function_compute(
            handler,
            name=name,
            region_id=region_id,
            memory=memory,
            timeout=parse_duration(timeout, "timeout"),
            rules_only=rules_only,
            options=options,
        )

    def webhook(self, url: str, receiver: "Receiver | str | None" = None) -> None:
        """Say who answers for a URL that event rules send to, as CloudMonitor's API was told.

        A URL on loopback gets a real HTTP request without this; any other gets none, for tests reach no network.

        Args:
            url: As the rule has it, to the letter.
            receiver: A function that takes the notification, a dict; a URL that gets the requests instead; or left out, to
                have them really sent to that URL, where a mock of yours catches them.

        Raises:
            BadArgumentError: One of them is neither.
        """
        self._parts.receivers.webhook(url, receiver)

    def _instance(self, instance: "Instance | str") -> InstanceRecord:
        return self._cloud.instance(instance_id_of(instance))

    # -- accounts

    @property
    def access_keys(self) -> dict[str, str]:
        """The account ids of access keys that do not belong to the default account; add a second account's here."""
        return self._cloud.access_keys

    # -- the server

    @property
    def endpoint(self) -> str:
        """Where the same cloud answers on loopback: host and port, as the SDKs take an endpoint.

        The server starts when this is first asked for, and is gone when the test has ended. It speaks plain HTTP:
        `http://{ecs_events.endpoint}` is its URL.

        Raises:
            EcsEventsError: The extra `server` is not installed.
        """
        self._cloud.check_entered()
        return self._parts.serving.address("ecs_events.endpoint")

    def queue(
        self,
        name: str,
        *,
        visibility_timeout: int | None = None,
        delay_seconds: int | None = None,
        polling_wait_seconds: int | None = None,
        message_retention_period: int | None = None,
        maximum_message_size: int | None = None,
        rules_only: bool = False,
        **options: "Unpack[DeliveryOptions]",
    ) -> Queue:
        """A queue of the Simple Message Queue (formerly MNS) to which CloudMonitor sends its notifications from now on.

        The service's own SDK reads from it, at `queue.endpoint`; what it waits for passes in virtual time. Each message is a
        notification as JSON in base64, as that SDK decodes it (inferred: the published consumers read it so).

        Args:
            name: The queue's.
            visibility_timeout: Seconds for which a message is hidden once it was received; 30 unless told.
            delay_seconds: Seconds in which nobody can receive a message that was sent; 0 unless told.
            polling_wait_seconds: Seconds that a receiver waits who does not say how long; 0 unless told.
            message_retention_period: Seconds after which a message is gone; four days unless told.
            maximum_message_size: The longest body in bytes, as sent; 65,536 unless told.
            rules_only: Whether it gets only what event rules send to it, which the handler's own code sets up through
                CloudMonitor's API.
            **options: Which notifications, in what form, and what happens on the way: see `DeliveryOptions`.

        Returns:
            The queue; asked for again by its name alone, the same one.

        Raises:
            BadArgumentError: Something of this cannot be.
            EcsEventsError: The extra `server` is not installed.
        """
        self._cloud.check_entered()
        attributes = {
            "visibility_timeout": visibility_timeout,
            "delay_seconds": delay_seconds,
            "polling_wait_seconds": polling_wait_seconds,
            "message_retention_period": message_retention_period,
            "maximum_message_size": maximum_message_size,
        }
        return self._parts.messaging.queue(name, attributes, options, rules_only=rules_only)

    def topic(self, name: str, *, rules_only: bool = False, **options: "Unpack[DeliveryOptions]") -> Topic:
        """A topic of the Simple Message Queue in which CloudMonitor publishes its notifications from now on.

        It pushes to HTTP endpoints and queues that subscribe, here or through the service's SDK.

        Args:
            name: The topic's.
            rules_only: As of `queue`.
            **options: Which notifications, in what form, and what happens on the way: see `DeliveryOptions`.

        Returns:
            The topic; asked for again by its name alone, the same one.

        Raises:
            BadArgumentError: Something of this cannot be.
            EcsEventsError: The extra `server` is not installed.
        """
        self._cloud.check_entered()
        return self._parts.messaging.topic(name, options, rules_only=rules_only)

    # -- calls and faults

    @property
    def calls(self) -> list[ApiCall]:
        """Every intercepted call, in order."""
        return list(self._witness.log.calls)

    def calls_to(self, action: str, **params: object) -> list[ApiCall]:
        """The calls to an action with these parameters.

        Args:
            action: `RebootInstance`.
            **params: By name on the wire (`InstanceId=`) or in snake_case (`instance_id=`). Of a list parameter, a
                list must equal what was sent, a single value must be among it.

        Raises:
            BadArgumentError: No such action, or it has no such parameter.
        """
        return self._witness.log.matching(action, params)

    def assert_called(self, action: str, *, times: int | None = None, **params: object) -> None:
        """Assert that an action was called with these parameters, at least once or exactly `times` times.

        Raises:
            AssertionError: It was not; the message shows the nearest calls.
            BadArgumentError: No such action, or it has no such parameter.
        """
        self._witness.log.check_called(action, times, params)

    def assert_not_called(self, action: str, **params: object) -> None:
        """Assert that an action was not called with these parameters.

        Raises:
            AssertionError: It was; the message shows the calls.
            BadArgumentError: No such action, or it has no such parameter.
        """
        self._witness.log.check_not_called(action, params)

    def fail(
        self,
        action: str,
        code: str,
        *,
        times: "int | EllipsisType | None" = ...,
        message: str | None = None,
        http_status: int | None = None,
        between: "tuple[When, When] | None" = None,
        probability: float | None = None,
        acted: bool | None = None,
        optional: bool = False,
        **params: object,
    ) -> None:
        """Have the next calls of an action fail.

        Faults are met in order of declaration, each by as many calls as it says: several `fail` are a sequence.

        Args:
            action: `RebootInstance`, "*" for every action that is answered, or "metadata" for the metadata service.
            code: An error of the provider's, `Throttling`, `IncorrectInstanceStatus`, ...: one that the action is known
                to answer, or any with `message` and `http_status`. Or what the network does: "connect timeout",
                "connection refused", "read timeout", "connection reset", "connection closed", "bad gateway", "service
                unavailable page", "gateway timeout", "truncated body", "garbled body", "empty body". A time-out takes
                the client's own of virtual time.
            times: How many calls; None for every one. Left out, it is one; with `probability` every one.
            message: The provider's words, where its own are not wanted.
            http_status: The status, where the documented one is not wanted.
            between: The window of virtual time in which calls are met, both ends included.
            probability: How likely each call is to be met, above 0 and up to 1; the dice are the test's own, and fall
                alike on every run.
            acted: Whether the call acts in the cloud all the same, and only its answer is lost. It does not unless told,
                but where it is the answer that breaks.
            optional: Whether it need not be met.
            **params: Which calls, by their parameters, as in `calls_to`: `InstanceId="i-web1"`; of the metadata service by
                `instance_id`, `method` and `path`.

        Raises:
            BadArgumentError: Something of this cannot be.
        """
        check_acted(action, code, acted)
        rules, calls = rules_for(self._witness, action, params, self.fail)
        rules.fail(
            calls,
            code,
            times=times,
            message=message,
            http_status=http_status,
            between=window(between, self._clock.now()),
            probability=probability,
            acted=acted,
            optional=optional,
        )

    def quota(
        self,
        action: str,
        *,
        per_minute: int,
        code: str = "Throttling",
        message: str | None = None,
        http_status: int | None = None,
        optional: bool = False,
        **params: object,
    ) -> None:
        """Let so many calls of an action pass in each minute of virtual time, and have the others fail until it ends.

        That is how the service's flow control is known to work; its numbers are published nowhere.

        Args:
            action: `RebootInstance`, "*" for all actions together, or "metadata" for the metadata service.
            per_minute: How many calls.
            code: The error of the calls beyond them, as in `fail`.
            message: The provider's words, where its own are not wanted.
            http_status: The status, where the documented one is not wanted.
            optional: Whether no call need be made at all.
            **params: Which calls, by their parameters, as in `calls_to`.

        Raises:
            BadArgumentError: Something of this cannot be.
        """
        rules, calls = rules_for(self._witness, action, params, self.quota)
        rules.quota(
            calls,
            per_minute,
            code,
            message=message,
            http_status=http_status,
            optional=optional,
        )

    def delay(
        self,
        action: str,
        by: Duration,
        *,
        times: int | None = None,
        between: "tuple[When, When] | None" = None,
        optional: bool = False,
        **params: object,
    ) -> None:
        """Have calls of an action take virtual time before they act; everything due meanwhile happens.

        A client whose read time-out is shorter gives up after that; the call acts all the same, at its time. Of several
        delays the first one declared that still applies counts.

        Args:
            action: `RebootInstance`, "*" for every action that is answered, or "metadata" for the metadata service.
            by: How long: a timedelta, or text such as "30s".
            times: How many calls; None for every one.
            between: The window of virtual time in which calls are met, both ends included.
            optional: Whether it need not be met.
            **params: Which calls, by their parameters, as in `calls_to`.

        Raises:
            BadArgumentError: Something of this cannot be.
        """
        rules, calls = rules_for(self._witness, action, params, self.delay)
        rules.delay(
            calls,
            parse_duration(by, "delay's duration"),
            times=times,
            between=window(between, self._clock.now()),
            optional=optional,
        )

    def stub(self, product: str, action: str, response: Answer, *, optional: bool = False) -> None:
        """Answer an action of another product, or one of Ecs that is not faked.

        Args:
            product: As its host is called: "Slb", "Ess", "Ram", "Sts", ... ("Cms" is known too).
            action: `DescribeLoadBalancers`.
            response: A dict, which gets a RequestId; an `ApiError`; or a function of the `ApiCall` that returns a dict
                or raises an `ApiError`.
            optional: Whether it need not be called.

        Raises:
            BadArgumentError: The action is faked, or the response is none of these.
        """
        self._witness.stubs.add(product, action, response, optional=optional)
        self._witness.log.stubbed.add(action)

    # -- watching and telling

    def on_change(self, receiver: Callable[[Change], None]) -> Callable[[], None]:
        """Have a function called with each transition of an event or an instance as it happens.

        The clock stands at the transition's instant meanwhile, and the receiver may call the cloud. One thread at a time
        tells, in order; a change that another thread makes meanwhile is told by it too, and not waited for there.

        Args:
            receiver: Takes one `Transition` or `InstanceTransition`. An error that it raises comes out of whatever
                caused the change; one that the handler swallows fails the test when it ends.

        Returns:
            A function that ends it.
        """
        check_observer(receiver)
        told = self._witness.watched(receiver)
        self._cloud.observers.append(told)
        return lambda: self._cloud.observers.remove(told)

    def timeline(self) -> str:
        """What happened so far in virtual time: calls, events and instances with causes, faults."""
        return self._parts.timeline()

    def svg(self) -> str:
        """The same as a picture: a lane for each instance, bars for the states of its events, marks for calls.

        It is one `<svg>` element that needs nothing else: no script, no font, no other file. What each bar and mark
        stands for is told when the pointer rests on it. Of more than 50 instances or 200 events the rest is counted.
        """
        return self._parts.svg()

    def __repr__(self) -> str:
        return (
            f"<EcsEvents at {instant_text(self._clock.now())}: "
            f"{len(self._cloud.events)} events, {len(self._cloud.instances)} instances, {len(self._witness.log.calls)} calls>"
        )


def parts_of(ecs_events: EcsEvents) -> Parts:
    """The objects behind an `EcsEvents`, for the plugin and the strategies."""
    return ecs_events._parts
