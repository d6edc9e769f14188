"""Makes and connects the objects behind an `EcsEvents`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partial, wraps
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TypeVar

from pytest_ecsevents._errors import EcsEventsError, RealWorkWarning, checked_text, hidden_in_reports
from pytest_ecsevents._secrets import Secrets
from pytest_ecsevents._undo import PATCHING, Undo
from pytest_ecsevents._whole import Whole
from pytest_ecsevents.checks._recorder import CallRecorder
from pytest_ecsevents.checks._strictness import parse_checks
from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._times import Duration, Micros, When, instant_text, parse_duration, parse_when
from pytest_ecsevents.face._arguments import default_not_before, instance_id_of, parse_until
from pytest_ecsevents.face._settings import Settings
from pytest_ecsevents.handlers._guard import Guard
from pytest_ecsevents.handlers._receivers import Receivers
from pytest_ecsevents.handlers._rule_targets import RuleTargets
from pytest_ecsevents.handlers._runner import PATIENCE, Runner, Stopped
from pytest_ecsevents.handlers._senders import function_timed_out
from pytest_ecsevents.report._comparisons import explain_comparison
from pytest_ecsevents.report._entries import timeline_entries
from pytest_ecsevents.report._real_time import explain_real_time
from pytest_ecsevents.report._story import Story
from pytest_ecsevents.report._timeline import Header, paused_collector, timeline_text
from pytest_ecsevents.rpc._exchange import Endpoint
from pytest_ecsevents.server._metadata import PREFIXES, metadata_service
from pytest_ecsevents.server._serving import ServedService, Serving
from pytest_ecsevents.services._products import api_endpoint
from pytest_ecsevents.services.cms._delivery import Dispatcher, Subscription
from pytest_ecsevents.services.cms._monitor import CloudMonitor
from pytest_ecsevents.services.ecs._checks import check_region
from pytest_ecsevents.services.ecs._cloud import Cloud
from pytest_ecsevents.services.ecs._ids import Ids
from pytest_ecsevents.services.ecs._model import Instance, SystemEvent
from pytest_ecsevents.services.ecs._regions import REGIONS
from pytest_ecsevents.services.ecs._settings import CloudSettings
from pytest_ecsevents.services.metadata._calls import HOST as METADATA_HOST
from pytest_ecsevents.services.metadata._guests import Guests
from pytest_ecsevents.services.metadata._service import MetadataService
from pytest_ecsevents.services.smq._messaging import Messaging
from pytest_ecsevents.services.smq._protocol import HEADER as SMQ_HEADER
from pytest_ecsevents.transports import Hosts, intercept

if TYPE_CHECKING:  # few tests use it
    import threading

    from pytest_ecsevents.console._cloud import Verbs

__tracebackhide__ = hidden_in_reports

P = ParamSpec("P")
T = TypeVar("T")


def entered(method: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Any, P], T]:
    """Let errors of receivers reach the test from a method of `EcsEvents`."""

    @wraps(method)
    def call(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self._recorder.origin.entered():
            return method(self, *args, **kwargs)

    return call


class Surfacing:
    """Raises at the end of a block the error of a planned function or a receiver that the handler swallowed."""

    def __init__(self, recorder: CallRecorder) -> None:
        self._recorder: Final = recorder

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if error is None:
            self._recorder.surface()
        else:
            self._recorder.surfaced(error)


class Parts:
    """The objects behind one `EcsEvents`; `start`, `strict` and `seed` are its arguments, `clock` replaces the test's."""

    def __init__(
        self,
        settings: Settings,
        start: When | None,
        strict: bool | str | Iterable[str] | None,
        seed: str,
        clock: Clock | None = None,
    ) -> None:
        self.patience = PATIENCE
        self._console: str | None = None
        self._seed: Final = seed
        self.settings: Final = settings
        self.undo: Final = Undo()
        self.clock: Final = _clock(settings, start) if clock is None else clock
        self.cloud: Final = Cloud(
            self.clock,
            Ids(checked_text(seed, "seed", "nightly") if seed != "" else seed),
            CloudSettings(
                account_id=checked_text(settings.account_id, "account_id", "1000000000000001"),
                region_id=check_region(settings.region, REGIONS),
                executing_for=parse_duration(settings.executing_for, "executing_for"),
                failures_are_scheduled=settings.failure_events == "scheduled",
                history_is_pending=settings.history == "pending",
            ),
        )
        self.recorder: Final = CallRecorder(
            parse_checks(settings.strict if strict is None else strict, "strict"),
            self.cloud.instances.on_the_way,
            self.clock,
            seed,
            Secrets(settings.secrets.split(",")),
        )
        self.monitor: Final = CloudMonitor(self.cloud, seed)
        self.cloud.observers.extend((self.recorder.journal.append, self.monitor.record_change))
        # What answers requests.
        self.gateway: Final = api_endpoint(self.cloud, self.monitor, self.recorder)
        self.hosts: Final = Hosts()
        self.guests: Final = Guests(self.cloud)
        self.metadata_service: Final = MetadataService(self.cloud, self.guests, seed)
        self._metadata_endpoint: Final = Endpoint(self.metadata_service, self.cloud, self.recorder)
        self.serving: Final = Serving(
            self.gateway,
            self.cloud.ids.request,
            self.clock,
            report=self.recorder.reported,
            undo=self.undo,
            add_services=self._add_services,
        )
        # What calls the test's functions with notifications.
        self.guard: Final = Guard(self.clock, lambda: self.patience, self._activity)
        self.receivers: Final = Receivers(
            self.monitor,
            Dispatcher(self.clock, self.recorder.journal.append, self.recorder.given_up, self.recorder.origin.call),
            self.guard,
            call_function=self._call_function,
            region_id=settings.region,
            account_id=settings.account_id,
            seed=seed,
        )
        self.recorder.not_retried = self.receivers.not_retried
        RuleTargets(self.monitor, self.receivers, self._mail)
        self.surfacing: Final = Surfacing(self.recorder)

    def enter(self) -> None:
        """Intercept calls and freeze the clock; if that fails, undo what was done.

        With a clock of its own the cloud is reached through its server alone, and the process stays as it is.
        """
        try:
            with Whole():
                self._enter()
        except BaseException:
            self.close()
            raise

    def _enter(self) -> None:
        if self.clock.is_own:
            self.clock.enter()
            self.recorder.waiting_for = {}  # programs may poll for hours while the clock stands
            self.undo.callback(self.clock.leave)
            self.undo.callback(self.guard.end)
            return
        self.guests.enter()
        with PATCHING:
            intercept(
                self.gateway,
                self._metadata_endpoint,
                self.undo,
                uncaught_connection=self.recorder.uncaught_connection,
                refuse=self.recorder.refuse_host,
                hosts=self.hosts,
                is_ours=self.clock.serves_caller,
            )
            self.clock.enter()
        self.undo.callback(self.clock.leave)
        self.undo.callback(self.guard.end)
        if self.clock.waits is not None:
            self.clock.waits.slept = self.recorder.sleeps.add
            self.clock.waits.starting = self._starting
            self.clock.waits.cut, self.clock.waits.is_guarded = self.guard.cut, self.guard.is_calling
            self.clock.waits.pace.patience = lambda: self.patience
            self.clock.waits.outside.patience = lambda: self.patience
            self.clock.waits.pace.calls = lambda: self.recorder.activity

    def _starting(self, thread: threading.Thread) -> None:
        self.guests.inherit(thread)
        self.guard.attend()

    def close(self) -> None:
        """Undo what was done, as a whole. An interrupt is raised afterwards."""
        try:
            self._close()
        except BaseException:  # it may have come before the signals were deferred
            self._close()
            raise

    def _close(self) -> None:
        if not self.undo.is_empty:  # it is called again at the end of a fixture
            with Whole():
                self.undo.close()

    def leave(self) -> None:
        self.close()
        self.recorder.left_threads = self.clock.left_threads
        for sentence in self.clock.given_up:
            warnings.warn(sentence, RealWorkWarning, stacklevel=2)

    # -- events

    def create_event(
        self,
        cause: str,
        event_type: str,
        instance_id: Instance | str,
        not_before: When | None = None,
        *,
        simulated: bool = True,
        status: str | None = None,
        executing_for: Duration | None = None,
        extended_attribute: Mapping[str, object] | None = None,
        **given: Any,
    ) -> SystemEvent:
        """`EcsEvents.create` with a cause in words, which the event's history shows."""
        with self.cloud.changing() as now:  # neither another thread nor a clock that goes on moves it meanwhile
            instance = self.cloud.instances.get_or_declare(instance_id_of(instance_id))
            planned: Micros | None = None
            if not_before is None:
                not_before = default_not_before(event_type, status, simulated=simulated)
                if not_before is not None and not simulated:
                    planned = self.cloud.windows.planned(instance, event_type, now)
            if planned is None and not_before is not None:
                planned = parse_when(not_before, "not_before", now)
            record = self.cloud.events.create(
                event_type,
                instance,
                not_before=planned,
                simulated=simulated,
                status=status,
                executing_for=None if executing_for is None else parse_duration(executing_for, "executing_for"),
                extended={} if extended_attribute is None else extended_attribute,
                cause=cause,
                **given,
            )
        return record.view

    # -- running handlers

    def runner(self, what: str, until: object, ecs_events: object) -> Runner:
        """A runner of handlers for the calling thread; for the arguments see `parse_until`."""
        self.cloud.check_entered()
        runner = self._runner(*parse_until(what, until, self.clock.now(), ecs_events))
        if runner is None:
            raise EcsEventsError(
                f'{what} needs sleeping to move the clock: call it in a thread of the test, without sleep="real" or follow="real".'
            )
        return runner

    def _runner(self, at: Micros | None, condition: Callable[[], object] | None) -> Runner | None:
        """A runner for the calling thread; None where sleeping does not move the clock."""
        waits = self.clock.waits
        thread = None if waits is None else waits.me()
        if waits is None or thread is None:
            return None
        return Runner(
            waits,
            thread,
            self.clock,
            at=at,
            condition=condition,
            activity=lambda: self.recorder.activity,
            patience=self.patience,
        )

    def _call_function(self, what: str, function: Callable[[], object], limit: Micros) -> object:
        """The result of a handler of Function Compute; `limit` is virtual time."""
        runner = self._runner(self.clock.now() + limit, None)
        if runner is None:
            return self.guard.call(what, function)
        answer = runner.run(function, (), {})
        if isinstance(answer, Stopped):
            raise function_timed_out(what, limit, answer.doing)
        return answer

    def guarded(self, what: str, function: Callable[P, T]) -> Callable[P, T]:
        """A function that does the same, and is ended if it hangs."""

        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            return self.guard.call(what, partial(function, *args, **kwargs))

        return call

    def _activity(self) -> object:
        waits = self.clock.waits
        return None if waits is None else waits.pace.signs_of_life, self.recorder.activity

    # -- notifications, queues and the server

    @cached_property
    def messaging(self) -> Messaging:
        return Messaging(
            self.cloud,
            self.receivers,
            self.serving,
            self._seed,
            record=self.recorder.journal.append,
            recorder=self.recorder,
        )

    def _mail(self, kind: str, name: str) -> Subscription | None:
        """The subscription of a queue or a topic; None while the test has used neither."""
        messaging: Messaging | None = self.__dict__.get("messaging")
        return None if messaging is None else messaging.subscription_of(kind, name)

    def _add_services(self) -> None:
        """Have the server answer for the other services too."""
        smq = self.messaging
        malformed, roots = smq.service.malformed, ("/queues", "/topics")
        self.serving.add(ServedService(smq.endpoint, header=SMQ_HEADER, malformed=malformed, roots=roots))
        service = metadata_service(self._metadata_endpoint)
        self.serving.add(ServedService(service, host=METADATA_HOST))
        for prefix in PREFIXES:
            self.serving.add(ServedService(service, prefix=prefix))

    def address(self, what: str) -> str:
        """The server's host and port; the first call starts it. `what` needs it, for messages."""
        self.cloud.check_entered()
        return self.serving.address(what)

    def console(self, verbs: Verbs) -> str:
        """The console's URL; the first call starts the server."""
        what = "ecs_events.console"
        self.serving.check(what, also=("jinja2",))
        where = self.address(what)
        if self._console is None:
            from pytest_ecsevents.console._cloud import CONSOLE, Shown
            from pytest_ecsevents.console._lazy import LazyConsole

            console = LazyConsole(lambda: Shown(verbs, self))
            self.serving.add(ServedService(console, prefix=CONSOLE, malformed=console.malformed, roots=(CONSOLE,)))
            self._console = CONSOLE
        return f"http://{where}{self._console}"

    # -- reports

    def story(self) -> Story:
        return Story(self.recorder.journal, self.clock.started_at, self.clock.now(), self.receivers.subscriptions)

    def settled_story(self) -> Story:
        """The story after what is due."""
        self.clock.settle()
        return self.story()

    def timeline(self, most: int | None = None) -> str:
        """The timeline, shortened to `most` lines; the least important go first."""
        with paused_collector():
            entries = timeline_entries(self.recorder.journal, self.recorder.sleeps.streams(), most)
            return timeline_text(self._header(), entries, self.recorder.secrets, most=most)

    def _header(self) -> Header:
        return Header(
            started_at=self.clock.started_at,
            now=self.clock.now(),
            holder=self.clock.holder,
            events=len(self.cloud.events.by_id),
            calls=len(self.recorder.log.calls),
            faults=self.recorder.faults_met,
            declared_faults=self.recorder.faults_declared,
        )

    def figures(self) -> str:
        events, instances, calls = self.cloud.events.by_id, self.cloud.instances.existing, self.recorder.log.calls
        return f"{instant_text(self.clock.now())}: {len(events)} events, {len(instances)} instances, {len(calls)} calls"

    def svg(self) -> str:
        from pytest_ecsevents.report._chart import chart

        label = timeline_text(self._header(), (), self.recorder.secrets).replace("clock", "ECS events: clock", 1)
        return chart(label, list(self.cloud.events.by_id.values()), self.cloud.instances.ever(), self.story())

    def explain_comparison(self, operator: str, left: object, right: object) -> list[str] | None:
        """Lines that explain a failed comparison; None if it concerns no event or instance."""
        return explain_comparison(operator, left, right, self.cloud.events.last_read, self.story())

    def sections_for(self, failure: str) -> list[tuple[str, str]]:
        """Titles and texts for the report of a failed test, besides its timeline."""
        waited = "" if self.clock.waits is None else explain_real_time(failure)
        sections = (("ECS calls that were refused", self.recorder.refused(failure)), ("A wait in real time", waited))
        return [(title, text) for title, text in sections if text]


def _clock(settings: Settings, start: When | None) -> Clock:
    default_start = parse_when(settings.start, "start", 0)
    if settings.follow == "real" and start is not None:
        raise EcsEventsError(
            f'follow="real" starts at the machine\'s now, but start is {start!r}. Omit one of the two.'
        )
    return Clock(
        start=None if start is None else parse_when(start, "start", default_start),
        default_start=default_start,
        backend=settings.clock,
        tz=settings.tz,
        sleep=settings.sleep,
        follow=settings.follow,
    )
