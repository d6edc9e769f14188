"""`EcsEvents`, the object behind the fixture. It only forwards: see `_wiring` and `_arguments`."""

import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from functools import partial
from types import EllipsisType, MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents._frames import author_frame, place_of
from pytest_ecsevents.checks._strictness import Checks, parse_checks
from pytest_ecsevents.checks._stubs import Answer
from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._times import Duration, Micros, When, from_micros, parse_duration, parse_when
from pytest_ecsevents.face import _arguments
from pytest_ecsevents.face._environment import environment
from pytest_ecsevents.face._instances import Instances
from pytest_ecsevents.face._settings import Settings
from pytest_ecsevents.face._wiring import Parts, entered
from pytest_ecsevents.handlers._rule_targets import RuleBook
from pytest_ecsevents.handlers._runner import Stopped
from pytest_ecsevents.handlers._senders import Receiver, name_of
from pytest_ecsevents.report._expectations import check_avoided, check_transitions
from pytest_ecsevents.report._reasons import IN_GUEST, by_actor
from pytest_ecsevents.rpc._calls import ApiCall
from pytest_ecsevents.services._products import PRODUCTS
from pytest_ecsevents.services.cms._delivery import Subscription
from pytest_ecsevents.services.cms._functions import FunctionContext
from pytest_ecsevents.services.cms._names import NotificationNames
from pytest_ecsevents.services.cms._notification import cloudmonitor
from pytest_ecsevents.services.ecs._disks import Disk
from pytest_ecsevents.services.ecs._model import Change, EventRecord, Instance, InstanceRecord, SystemEvent, Transition
from pytest_ecsevents.services.metadata._author import Metadata
from pytest_ecsevents.services.metadata._guests import Guest
from pytest_ecsevents.services.smq._author import Queue, Topic

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from pytest_ecsevents.services.cms._options import DeliveryOptions

__tracebackhide__ = hidden_in_reports

T = TypeVar("T")


class EcsEvents:
    """A fake cloud for one test, its clock, and the calls of the handler.

    pytest passes it as the `ecs_events` fixture. Elsewhere use it as a context manager: leaving it makes the checks that the
    fixture makes at teardown.

    Methods raise BadArgumentError for a wrong argument; its message names what is allowed. For an unknown id they raise
    UnknownEventError or UnknownInstanceError, which are KeyErrors; the message names the nearest id.

    Args:
        start: Where the clock is frozen: an aware datetime, or ISO 8601 text with a zone. Default: 2030-01-01T00:00:00Z, or
            the instant at which another library already holds the clock.
        region_id: Region of instances whose id has no region's prefix.
        account_id: Default account of instances and access keys.
        backend: What freezes the clock: "freezegun" or "time-machine".
        tz: Time zone of the process, such as "Asia/Shanghai"; "local" (the default) is that of the machine.
        sleep: "virtual": `time.sleep` in this thread moves the clock; "real": it waits.
        follow: "real": the cloud starts at the machine's now and goes on with it, for other processes. Waiting is real,
            `run` is refused, and `advance` jumps ahead of the machine.
        executing_for: How long an event stays Executing after NotBefore (a guess; default: one second).
        failure_events: First status of simulated failure events: "executing" or "scheduled".
        history: Events that DescribeInstanceHistoryEvents returns without statuses: "reference" (ended) or "pending".
        strict: Checks that fail a test which would otherwise pass: True (the default), False for none, or names.
        seed: Seed of ids and random choices.

    Attributes:
        metadata: The metadata service: its calls and settings.
        event_rules: Event rules of the default account by name, as the handler created them through CloudMonitor's API.
        instances: The instances by id; `instances.add` declares one.

    Raises:
        EcsEventsError: An argument is wrong.
    """

    def __init__(
        self,
        start: When | None = None,
        *,
        region_id: str | None = None,
        account_id: str | None = None,
        backend: str | None = None,
        tz: str | None = None,
        sleep: str | None = None,
        follow: str | None = None,
        executing_for: Duration | None = None,
        failure_events: str | None = None,
        history: str | None = None,
        strict: "bool | str | Iterable[str] | None" = None,
        seed: str = "",
        _settings: Settings | None = None,
        _clock: Clock | None = None,
    ) -> None:
        clock = {"backend": backend, "tz": tz, "sleep": sleep, "follow": follow, "executing_for": executing_for}
        cloud = {"region_id": region_id, "account_id": account_id, "failure_events": failure_events, "history": history}
        settings = _arguments.settings_of(_settings, **clock, **cloud)
        self._parts: Final = Parts(settings, start, strict, seed, _clock)
        self._clock, self._cloud = self._parts.clock, self._parts.cloud
        self._recorder: Final = self._parts.recorder
        self.metadata: Final = Metadata(self._parts.metadata_service, self._recorder.metadata.calls)
        self.event_rules: Final = RuleBook(self._parts.monitor, self._cloud.settings.account_id)
        self.instances: Final = Instances(self._cloud, self._recorder.origin)

    # -- entering and leaving

    def __enter__(self) -> "EcsEvents":  # noqa: PYI034  # Self is in typing from Python 3.11 on
        self._parts.enter()
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        try:
            self._parts.leave()
        except BaseException:  # an interrupt may come when `leave` begins
            self._parts.close()
            raise
        complaint = self._recorder.complaint() if error is None else None
        if complaint is not None:
            raise complaint

    @property
    def strict(self) -> frozenset[str]:
        """The checks that can fail a test which would otherwise pass; settable.

        Names: "calls", "faults", "stubs", "receivers", "threads" (True), "portability" (`strict |= {"portability"}`).
        """
        return Checks(self._recorder.strict)

    @strict.setter
    def strict(self, strict: "bool | str | Iterable[str]") -> None:
        self._recorder.strict = parse_checks(strict, "strict")

    # -- the clock

    @property
    def now(self) -> dt.datetime:
        """The virtual time, aware UTC."""
        return from_micros(self._clock.now())

    def advance(self, by: Duration | None = None, /, **parts: "Unpack[_arguments.TimedeltaParts]") -> list[Transition]:
        """Move time forward; all that is due on the way happens in order, with the clock at each due instant.

        Takes a timedelta, text such as "2h30m", or the keywords of `timedelta` (`hours=2`). No time at all is allowed.

        Returns:
            The transitions of events that happened, in order.
        """
        by = _arguments.timedelta_of(by, parts) if parts or by is None else by
        span = parse_duration(by, "advance's duration", is_signed=True)
        return self._moved(self._clock.advance_by_author, None, span)

    def advance_to(self, when: When) -> list[Transition]:
        """Move time forward to an instant, as `advance` does.

        Args:
            when: An aware datetime, ISO 8601 text with a zone, or relative to now.

        Raises:
            BadArgumentError: A ValueError: the instant lies before now, or is malformed.
        """
        target = parse_when(when, "advance_to's instant", self._clock.now())
        return self._moved(self._clock.advance_by_author, target)

    def advance_to_next(self) -> list[Transition]:
        """Move time forward to the next transition of an event.

        Returns:
            The transitions of that instant; an empty list when nothing is due.
        """
        moved = self._moved(self._clock.advance_to_next)
        while not moved and self._clock.next_due() is not None:
            moved = self._moved(self._clock.advance_to_next)
        return moved

    def _moved(self, move: Callable[..., None], *args: Micros | None) -> list[Transition]:
        """Move the clock; returns the transitions. Tests do this most often, so with nothing due it enters only the clock."""
        if self._clock.still_at is not None:
            self._cloud.check_entered()
        recorder, origin = self._recorder, self._recorder.origin
        was_test, origin.is_test = origin.is_test, True
        try:
            self._clock.settle()
            before = len(recorder.journal)
            move(*args)
        except BaseException as error:
            recorder.surfaced(error)
            raise
        finally:
            origin.is_test = was_test
        if recorder.unseen:
            recorder.surface()
        entries = recorder.journal[before:]
        return [entry for entry in entries if isinstance(entry, Transition)] if entries else []

    def run(
        self,
        function: Callable[..., T],
        /,
        *args: object,
        until: "When | Callable[[EcsEvents], object] | None" = None,
        **kwargs: object,
    ) -> "T | Stopped":
        """Run a handler, its sleeps moving the clock, until it returns or `until` is reached.

        At the end its current wait raises, past any `except Exception`, and its `finally` blocks run. A coroutine function
        runs in a new event loop; in an async test, await `run_async` instead.

        Args:
            function: The handler.
            *args: Its positional arguments.
            until: An instant or a duration (`"30d"`), inclusive; or a function of this object, called whenever time has
                moved and before the handler waits. Default: no end, the handler returns by itself.
            **kwargs: Its keyword arguments.

        Returns:
            The handler's result, or a `Stopped` with the instant and the line at which it was stopped.

        Raises:
            StuckHandlerError: It neither slept nor called the cloud for `patience` real seconds, or swallowed the stop.
            EndlessHandlerError: Without an instant as `until`, it ran for a year of virtual time or a minute of real time.
            EcsEventsError: Sleeping does not move the clock in this thread, or `until` is malformed.
        """
        _arguments.check_handler("run", function, kwargs)
        runner = self._parts.runner("run", until, self)
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
        """`run` for a coroutine function, in the running event loop; it is stopped by cancellation."""
        _arguments.check_handler("run_async", function, kwargs)
        runner = self._parts.runner("run_async", until, self)
        with self._parts.surfacing:
            return await runner.run_async(function, args, kwargs)  # type: ignore[no-any-return]  # the same

    @property
    def patience(self) -> float:
        """Real seconds within which a handler under `run` must sleep or call the cloud; settable."""
        return self._parts.patience

    @patience.setter
    def patience(self, seconds: object) -> None:
        self._parts.patience = _arguments.parse_patience(seconds)

    @entered
    def at(self, when: When, function: Callable[..., object], /, *args: object, **kwargs: object) -> Callable[[], None]:
        """Call a function at an instant of virtual time: `ecs_events.at("+23h", ecs_events.cancel, event)`.

        The clock stands at that instant, and what is due there has happened already. Functions planned for one instant
        are called in the order of planning.

        Args:
            when: The instant; now calls it immediately.
            function: Called in the thread that moves the clock. An error it raises propagates from the call that moved the
                clock. If the handler swallows it, `run` or teardown raises it again.
            *args: Its positional arguments.
            **kwargs: Its keyword arguments.

        Returns:
            A function that cancels the plan; it does nothing once the planned function was called.
        """
        at = _arguments.parse_instant_ahead(when, self._cloud.settled())
        _arguments.check_plain(function)
        place = place_of(author_frame())
        what = f"The function planned with at() at {place}"
        call = self._parts.guarded(what, partial(function, *args, **kwargs))
        return self._clock.call_at(at, lambda: self._recorder.call_planned(call, at, place), what)

    # -- events

    @entered
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
        """Publish an event. It counts for the account's limit, which is not enforced here.

        Args:
            event_type: `SystemMaintenance.Reboot`, ...: one of seven for a simulated event, any for a real one. The cause
                alone, "SystemMaintenance" or "SystemFailure", stands for the type that the instance's ActionOnMaintenance
                selects (documented).
            instance_id: The instance, or its id; one that is not declared is added.
            not_before: The planned time. Default: 24 hours from now; none for an Inquiring event, and for a real one that
                runs immediately.
            simulated: False for a real event, which acts on its instance.
            status: The first status, where the type has a choice.
            reason: `Reason`; a simulated event's is "A simulated event." (documented).
            outcome: The last status of a real event: "Executed", or "Failed" where the type can fail.
            executing_for: How long it is Executing, if it ends by itself; default: the test's setting (a guess).
            disk_id: Its disk; optional for a disk event (`Stalled`, ...) if the instance has at most one data disk.
            extended_attribute: More members of `ExtendedAttribute`, by names on the wire: `{"PunishType": "..."}`.
        """
        return self._parts.create_event(
            by_actor("created"),
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

    @entered
    def cancel(self, event: SystemEvent | str) -> None:
        """Cancel a simulated event in Scheduled or Executing, as CancelSimulatedSystemEvents does.

        Raises:
            EcsEventsError: The event is real or has ended.
        """
        self._cloud.events.cancel([self._event(event)], cause=by_actor("canceled"))

    @entered
    def accept(self, event: SystemEvent | str) -> None:
        """Accept an Inquiring event, as AcceptInquiredSystemEvent does; it runs immediately.

        Raises:
            EcsEventsError: The event is not Inquiring.
        """
        self._cloud.events.accept(self._event(event), cause=by_actor("accepted"))

    @entered
    def reschedule(self, event: SystemEvent | str, not_before: When) -> None:
        """Change the NotBefore of a Scheduled event, as ModifySystemEventAttribute does.

        The new one may be earlier or later than the old one (what the service allows is a guess).

        Raises:
            EcsEventsError: The event is not Scheduled, or the instant lies before now.
        """
        at = parse_when(not_before, "not_before", self._clock.now())
        self._cloud.events.reschedule(self._event(event), at, cause=by_actor("rescheduled"))

    def _event(self, event: SystemEvent | str) -> EventRecord:
        return self._cloud.events.get(_arguments.event_id_of(event))

    def __iter__(self) -> Iterator[SystemEvent]:
        """The events in order of creation."""
        return iter([record.view for record in tuple(self._cloud.events.by_id.values())])

    def __len__(self) -> int:
        return len(self._cloud.events.by_id)

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, event_id: str) -> SystemEvent:
        return self._cloud.events.get(event_id).view

    def __contains__(self, event: object) -> bool:
        return (event.event_id if isinstance(event, SystemEvent) else event) in self._cloud.events.by_id

    def where(self, **filters: object) -> list[SystemEvent]:
        """The events whose attributes have these values, in order of creation: `where(status="Avoided")`."""
        wanted = _arguments.parse_filters(filters, self._clock.now())
        with self._recorder.origin.entered():
            return [event for event in self if all(getattr(event, name) == value for name, value in wanted)]

    def one(self, **filters: object) -> SystemEvent:
        """The only event whose attributes have these values, as in `where`.

        Raises:
            NoSingleEventError: No event matches, or more than one; the message lists the events.
        """
        found = self.where(**filters)
        if len(found) == 1:
            return found[0]
        raise _arguments.no_single_event(found, list(self), filters)

    @entered
    def assert_avoided(self, event: SystemEvent | str, by: str | None = None) -> None:
        """Assert that an event is Avoided.

        `by` names what must have avoided it: an action ("RebootInstance", ...), or "reboot by the test"; default: anything.

        Raises:
            AssertionError: It is not Avoided; the message shows its history and explains it.
        """
        check_avoided(self._event(event), by, self._parts.settled_story())

    @entered
    def assert_transitions(self, event: SystemEvent | str, expected: "Iterable[str | tuple[str, When]]") -> None:
        """Assert that an event had exactly these statuses so far, in order, from the one it was published in.

        Args:
            event: The event, or its id.
            expected: Statuses, or pairs of a status and the instant of its begin. A relative instant ("+24h") counts from
                the start of the clock, as in the timeline.

        Raises:
            AssertionError: It had others; the message shows its history and explains it.
        """
        check_transitions(self._event(event), expected, self._parts.settled_story())

    # -- operations of a user

    @entered
    def reboot(self, instance_id: "Instance | str", *, in_guest: bool = False) -> None:
        """Reboot an instance.

        A reboot by console or API (the default) before NotBefore avoids its Scheduled SystemMaintenance.Reboot events. A
        reboot inside the operating system (`in_guest=True`) does not. Both documented.

        Raises:
            EcsEventsError: It is not Running.
        """
        cause = IN_GUEST if in_guest else by_actor("reboot")
        self._cloud.reboot(self._instance(instance_id), cause=cause, in_guest=in_guest)

    @entered
    def stop(self, instance_id: "Instance | str") -> None:
        """Stop a Running instance; this avoids no event (a guess: no source says that it does)."""
        self._cloud.stop(self._instance(instance_id), cause=by_actor("stop"))

    @entered
    def start(self, instance_id: "Instance | str") -> None:
        """Start a Stopped instance."""
        self._cloud.start(self._instance(instance_id), cause=by_actor("start"))

    @entered
    def redeploy(self, instance_id: "Instance | str") -> None:
        """Redeploy an instance; this avoids its real events of the documented types and statuses.

        Raises:
            EcsEventsError: It has no event that a redeployment avoids.
        """
        self._cloud.redeploy(self._instance(instance_id), cause=by_actor("redeployment"))

    @entered
    def renew(self, instance_id: "Instance | str") -> None:
        """Pay for an instance, as its owner does at the console.

        This avoids its Scheduled events of expiry and arrears (inferred from a documented sample), and removes the lock that
        such an event set (a guess). The instance stays Stopped.
        """
        self._cloud.renew(self._instance(instance_id), cause=by_actor("renewal"))

    @entered
    def release(self, instance_id: "Instance | str") -> None:
        """Release an instance; its unfinished events are canceled (a guess) and stay readable."""
        self._cloud.release(self._instance(instance_id), cause=by_actor("release"))

    @entered
    def interrupt(self, instance_id: "Instance | str") -> None:
        """Reclaim a preemptible instance: announced now; five minutes later released, or stopped if it was to (documented).

        Until then CloudMonitor's notification, `OperationLocks` (Recycling) and the metadata's termination-time show it.

        Raises:
            EcsEventsError: Its `spot_strategy` is NoSpot.
        """
        self._cloud.interrupt(self._instance(instance_id), cause=by_actor("reclaimed"))

    # -- inside an instance

    def guest(self, instance_id: "Instance | str") -> Guest:
        """Answer requests to the metadata service, http://100.100.100.200, as inside this instance.

        This holds for the rest of the test, or as a context manager until the block ends. Called in the test's own thread it
        is the default everywhere; called in another thread or an asyncio task, it holds for that one and those it starts.
        If only one instance exists, that is the default.
        """
        return self._parts.guests.choose(self._instance(instance_id))

    # -- notifications

    @property
    def notifications(self) -> list[dict[str, Any]]:
        """All notifications of CloudMonitor so far, in order, in the flat form."""
        return [cloudmonitor(notification) for notification in self._parts.monitor.notifications]

    @property
    def notification_names(self) -> NotificationNames:
        """The known names of notifications, each with level, status and evidence; `add` adds one."""
        return self._parts.monitor.names

    @entered
    def announce(
        self,
        name: str,
        instance_id: "Instance | str",
        content: Mapping[str, object] = MappingProxyType({}),
        *,
        resource: str | None = None,
        level: str | None = None,
    ) -> dict[str, Any]:
        """Send a notification of CloudMonitor that nothing in the fake cloud causes.

        Args:
            name: `Snapshot:CreateSnapshotCompleted`, ...: one of `notification_names`.
            instance_id: The instance, or its id; its region and owner are the notification's.
            content: Members of `content` by names on the wire; they override those of the documented example, if any.
            resource: The end of its ARN, `snapshot/s-1`; default: derived from the content, else the instance's.
            level: "CRITICAL", "WARN" or "INFO"; default: the name's.

        Returns:
            The notification in the flat form.
        """
        notification = self._parts.monitor.announce(name, self._instance(instance_id), content, resource, level)
        self._recorder.journal.append(notification)
        self._parts.monitor.send(notification)
        self._clock.settle()
        return cloudmonitor(notification)

    def subscribe(
        self, receiver: "Receiver | str", *, method: str | None = None, **options: "Unpack[DeliveryOptions]"
    ) -> Subscription:
        """Deliver each notification from now on to a function or a URL, with the clock at its instant.

        Deliveries are made one after the other, in the order of the notifications. While a receiver runs, other deliveries
        wait until it returns or moves the clock. The `deliveries` of the `Subscription` hold their results.

        Args:
            receiver: A function that takes the notification, a dict; or a coroutine function, if no event loop runs. Or a
                URL: it gets a real HTTP request, which another thread or process must answer with a 2xx (a guess) within
                five real seconds (documented). An error that a function raises propagates from the test's call, or
                fails the test at teardown.
            method: For a URL: "POST JSON" (the default), "GET JSON", "POST FORM" or "GET FORM", as in an event subscription.
            **options: Filters, form and perturbations: see `DeliveryOptions`. A failed function is not retried. A URL is
                tried three times (documented) within a second (a guess); in EventBridge's form four times, 10 to 20
                seconds apart (documented).
        """
        return self._parts.receivers.subscribe(receiver, method, options)

    def function_compute(
        self,
        handler: "Callable[[bytes, FunctionContext], object] | str",
        *,
        name: str | None = None,
        region_id: str | None = None,
        memory: int = 512,
        timeout: Duration = "60s",
        rules_only: bool = False,
        **options: "Unpack[DeliveryOptions]",
    ) -> Subscription:
        """Invoke a handler of Function Compute with each notification from now on.

        The invocation is asynchronous (a guess): if it raises or times out, it is retried three times (documented), after 1,
        2 and 4 seconds (a guess). `context` and the environment hold the role's key, and the names of function and region.
        The `deliveries` of the `Subscription` hold the results.

        Args:
            handler: `handler(event, context)`; `event` is bytes of JSON. Or the URL of a custom runtime: it gets a POST of
                /invoke with the `x-fc-` headers.
            name: "function", or "service/function"; default: the handler's name.
            region_id: Its region; default: the test's.
            memory: Its memory in MB.
            timeout: Its limit of virtual time.
            rules_only: True: only event rules invoke it, by `service/function`; your code creates them through
                CloudMonitor's API.
            **options: Filters, form and perturbations: see `DeliveryOptions`.
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
        """Set the receiver for a URL in an event rule.

        Without this, a URL on loopback gets a real HTTP request and any other URL gets none: tests reach no network.

        Args:
            url: Exactly as in the rule.
            receiver: A function that takes the notification, a dict; or a URL that gets the requests instead. Default:
                requests are really sent to `url`, for a mock library that intercepts them.
        """
        self._parts.receivers.webhook(url, receiver)

    def _instance(self, instance: "Instance | str") -> InstanceRecord:
        return self._cloud.instances.get(_arguments.instance_id_of(instance))

    # -- accounts

    @property
    def access_keys(self) -> dict[str, str]:
        """Account ids by access key; add the keys of a second account here."""
        return self._cloud.access_keys

    # -- the server

    @property
    def endpoint(self) -> str:
        """Host and port of an HTTP server on loopback for the same cloud, as SDKs take an endpoint.

        The first access starts the server; it stops with the test. Its URL is `http://{ecs_events.endpoint}`.

        Raises:
            EcsEventsError: The extra `server` is not installed.
        """
        return self._parts.address("ecs_events.endpoint")

    @property
    def console(self) -> str:
        """URL of the console for browsers, which shows this cloud; reading it starts the server (extra `server`)."""
        return self._parts.console(self)

    def environment(self) -> dict[str, str]:
        """Environment variables that point another process at this cloud: `env={**os.environ, **ecs_events.environment()}`.

        They hold an access key, the region and the endpoint, and the server as the proxy for http:// URLs, which leads the
        legacy SDK and clients of the metadata service here as they are. `FAKETIME` has the clock for libfaketime.

        Returns:
            The variables by name.

        Raises:
            EcsEventsError: The extra `server` is not installed.
        """
        return environment(self._parts, self.endpoint)

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
        """A queue of the Simple Message Queue (formerly MNS) that gets CloudMonitor's notifications from now on.

        The service's SDK reads from it at `queue.endpoint` and waits in virtual time. Each message is a notification as JSON
        in base64, as that SDK decodes it (inferred from published consumers).

        Args:
            name: Its name.
            visibility_timeout: Seconds for which a received message is hidden; default 30.
            delay_seconds: Seconds before a message that was sent becomes visible; default 0.
            polling_wait_seconds: Seconds for which a receiver waits by default; default 0.
            message_retention_period: Seconds after which a message is deleted; default four days.
            maximum_message_size: The longest body in bytes, as sent; default 65,536.
            rules_only: True: only event rules send to it; your code creates them through CloudMonitor's API.
            **options: Filters, form and perturbations: see `DeliveryOptions`.

        Returns:
            The queue; called again with the name alone, the same one.

        Raises:
            EcsEventsError: The extra `server` is not installed.
        """
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

        It pushes to subscribed HTTP endpoints and queues. Arguments are those of `queue`.

        Returns:
            The topic; called again with the name alone, the same one.

        Raises:
            EcsEventsError: The extra `server` is not installed.
        """
        return self._parts.messaging.topic(name, options, rules_only=rules_only)

    # -- calls and faults

    @property
    def calls(self) -> list[ApiCall]:
        """All intercepted calls, in order."""
        return list(self._recorder.log.calls)

    def calls_to(self, action: str, **params: object) -> list[ApiCall]:
        """The calls to an action with these parameters.

        Args:
            action: `RebootInstance`.
            **params: By name on the wire (`InstanceId=`) or in snake_case (`instance_id=`). For a list parameter, a list
                must equal the one sent; a single value must be in it.
        """
        return self._recorder.log.matching(action, params)

    def assert_called(self, action: str, *, times: int | None = None, **params: object) -> None:
        """Assert that an action was called with these parameters, at least once or exactly `times` times.

        Raises:
            AssertionError: It was not called so; the message shows the nearest calls.
        """
        self._recorder.log.check_called(action, times, params)

    def assert_not_called(self, action: str, **params: object) -> None:
        """Assert that an action was not called with these parameters.

        Raises:
            AssertionError: It was called so; the message shows the calls.
        """
        self._recorder.log.check_not_called(action, params)

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
        retry_after: Duration | None = None,
        optional: bool = False,
        **params: object,
    ) -> None:
        """Make the next calls of an action fail.

        Faults apply in order of declaration, each to as many calls as it says: several `fail` are a sequence.

        Args:
            action: `RebootInstance`, "*" for all actions, "metadata" for the metadata service, or an operation on queues or
                topics over HTTP, such as `SendMessage`.
            code: An error of the provider, `Throttling`, `IncorrectInstanceStatus`, ...: one that the action is known to
                answer, or any with `message` and `http_status`. Or a fault of the network: "connect timeout", "connection
                refused", "read timeout", "connection reset", "connection closed", "bad gateway", "service unavailable
                page", "gateway timeout", "truncated body", "garbled body", "empty body". A timeout takes as much virtual
                time as the client's own timeout.
            times: Number of calls; None for all. Default: one, or all if `probability` is given.
            message: Replaces the provider's message.
            http_status: Replaces the documented HTTP status.
            between: The window of virtual time, both ends included, in which calls fail.
            probability: Chance of each call to fail, above 0 and up to 1; the seed is the test's, so each run is the same.
            acted: True: the call takes effect and only its response is lost. Default: no effect, unless it is the response
                that is damaged.
            retry_after: When the client may try again, which the newer SDK reads from the header `x-acs-retry-after`.
            optional: True: the fault may stay unused.
            **params: Parameters of the calls, as in `calls_to`: `InstanceId="i-web1"`; for the metadata service
                `instance_id`, `method` and `path`; for queues and topics `queue` or `topic`, its name.
        """
        _arguments.check_acted(action, code, acted)
        rules, calls = _arguments.rules_for(self._recorder, action, params, self.fail)
        rules.fail(
            calls,
            code,
            times=times,
            message=message,
            http_status=http_status,
            between=_arguments.parse_window(between, self._clock.now()),
            probability=probability,
            acted=acted,
            optional=optional,
            retry_after=None if retry_after is None else parse_duration(retry_after, "retry_after"),
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
        """Allow `per_minute` calls of an action per virtual minute; the rest fail with `code`.

        The service's flow control works so (observed); its numbers are not published. "*" counts the calls of all actions
        together. `optional=True` allows a test without any such call. The other arguments are those of `fail`.
        """
        rules, calls = _arguments.rules_for(self._recorder, action, params, self.quota)
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
        """Delay calls of an action by virtual time before they take effect; what is due meanwhile happens.

        A client with a shorter read timeout gives up earlier, but the call still takes effect. If several delays match a
        call, the first one declared applies. `by` is a timedelta, or text such as "30s"; `times` is the number of calls,
        default all. The other arguments are those of `fail`.
        """
        rules, calls = _arguments.rules_for(self._recorder, action, params, self.delay)
        rules.delay(
            calls,
            parse_duration(by, "delay's duration"),
            times=times,
            between=_arguments.parse_window(between, self._clock.now()),
            optional=optional,
        )

    def stub(self, product: str, action: str, response: Answer, *, optional: bool = False) -> None:
        """Answer an action of another product, or one of Ecs that is not faked.

        Args:
            product: The product as in its host name: "Slb", "Ess", "Ram", "Sts", "Cms", ...
            action: `DescribeLoadBalancers`.
            response: A dict, to which a RequestId is added; an `ApiError`; or a function of the `ApiCall` that returns a
                dict or raises an `ApiError`.
            optional: True: the stub may stay unused.
        """
        answer = self._parts.guarded(f"The stub of {product} {action}", response) if callable(response) else response
        self._recorder.stubs.add(product, action, answer, optional=optional)
        self._recorder.log.stubbed.add(action)

    def allow_host(self, host: str) -> None:
        """Let the test reach a host of Alibaba Cloud's for real, one that the fake cloud does not answer.

        In a test that is served, other hosts below aliyuncs.com are never reached. A mock of your own (responses, respx,
        requests-mock, aioresponses) for a host that is no API needs no permission.

        Args:
            host: The whole name: "mirrors.aliyuncs.com", "my-bucket.oss-cn-hangzhou.aliyuncs.com".

        Raises:
            BadArgumentError: It is no name of such a host, or the fake cloud answers it.
        """
        self._parts.hosts.allow(host, PRODUCTS.is_answered)

    # -- changes and reports

    def on_change(self, receiver: Callable[[Change], None]) -> Callable[[], None]:
        """Call a function with each transition of an event or an instance, with the clock at its instant.

        Transitions are passed on in order, by one thread at a time; it also passes on those that other threads cause
        meanwhile, and they do not wait for that. The receiver may call the cloud, and may sleep: it is called with what has
        happened meanwhile when it has returned.

        Args:
            receiver: Takes one `Transition` or `InstanceTransition`. An error it raises propagates from the call that caused
                the change; if the handler swallows it, the test fails at teardown.

        Returns:
            A function that unsubscribes the receiver.
        """
        _arguments.check_observer(receiver)
        what = f"The receiver {name_of(receiver)} of on_change"
        observer = self._recorder.wrap_observer(self._parts.guarded(what, receiver))
        self._cloud.receivers.append(observer)
        return lambda: self._cloud.receivers.remove(observer)

    def timeline(self) -> str:
        """The story so far in virtual time: calls, faults, and transitions of events and instances with their causes."""
        return self._parts.timeline()

    def svg(self) -> str:
        """The timeline as a picture: a lane for each instance, bars for statuses of events, marks for calls.

        It is one `<svg>` element without scripts, fonts or other files. It shows up to 50 instances and 200 events.
        """
        return self._parts.svg()

    def __repr__(self) -> str:
        return f"<EcsEvents at {self._parts.figures()}>"


def parts_of(ecs_events: EcsEvents) -> Parts:
    """The objects behind an `EcsEvents`, for the plugin and the strategies."""
    return ecs_events._parts  # noqa: SLF001  # the one way in; tests have no use for it
