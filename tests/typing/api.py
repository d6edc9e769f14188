"""The public API as a user's typed code uses it; checked by mypy, never run."""

import datetime as dt
from collections.abc import Callable

import pytest
from hypothesis import given

from pytest_ecsevents import (
    ApiCall,
    Delivery,
    EcsEvents,
    EventPattern,
    EventRule,
    EventStatus,
    FunctionContext,
    Guest,
    Instance,
    InstanceTransition,
    MetadataCall,
    PlannedStep,
    Queue,
    QueueMessage,
    RuleTarget,
    Scenario,
    Stopped,
    Subscription,
    SystemEvent,
    Topic,
    TopicMessage,
    TopicPush,
    TopicSubscription,
    Transition,
)
from pytest_ecsevents.strategies import (
    CloudMachine,
    History,
    Moment,
    PlannedEvent,
    histories,
    instants,
    offsets,
    schedules,
)


@pytest.mark.ecs_clock("2018-08-22T10:39:49Z")
@pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1")
def test_it(ecs_events: EcsEvents) -> None:
    event: SystemEvent = ecs_events.one(status="Scheduled")
    status: EventStatus = event.status
    when: dt.datetime | None = event.not_before
    assert when is not None
    moved: list[Transition] = ecs_events.advance(hours=2)
    moved += ecs_events.advance("2h30m") + ecs_events.advance(dt.timedelta(days=1))
    moved += ecs_events.advance_to("2018-09-01T00:00:00Z") + ecs_events.advance_to(when)
    moved += ecs_events.advance_to_next()
    causes: list[str] = [change.cause for change in moved]
    instants: list[dt.datetime] = [change.at for change in event.history]
    instance: Instance = ecs_events.instances.add("i-web2", tags={"role": "web"}, cpu=4, io_optimized=True)
    same: Instance = ecs_events.instances["i-web2"]
    ecs_events.instances.pending_takes = "5s"
    ecs_events.instances.starting_takes = dt.timedelta(minutes=1)
    new_ones_take: dt.timedelta = ecs_events.instances.pending_takes
    ecs_events.reboot("i-web1", in_guest=True)
    ecs_events.fail("RebootInstance", "Throttling", times=2, between=("+1h", dt.timedelta(hours=2)))
    ecs_events.fail("*", "read timeout", times=None, probability=0.2, acted=True, optional=True, InstanceId="i-web1")
    ecs_events.quota("RebootInstance", per_minute=100, code="Throttling.User", instance_id="i-web1")
    ecs_events.delay("*", dt.timedelta(seconds=30), times=1, between=("+1h", "+2h"), optional=True)
    ecs_events.allow_host("mirrors.aliyuncs.com")
    ecs_events.stub("Slb", "DescribeLoadBalancers", {"TotalCount": 0}, optional=True)
    ecs_events.strict -= {"threads"}
    ecs_events.strict = "calls, faults"
    ecs_events.strict = False
    checks: frozenset[str] = ecs_events.strict
    calls: list[ApiCall] = ecs_events.calls_to("RebootInstance", instance_id="i-web1")
    took: list[dt.timedelta] = [call.took for call in calls if call.fault or call.failure or call.lost]
    ecs_events.assert_called("RebootInstance", times=2, InstanceId="i-web1")
    ecs_events.access_keys["ak-2"] = "222"
    story: str = ecs_events.timeline()
    drawn: str = ecs_events.svg()
    ecs_events.assert_avoided(event, by="RebootInstance")
    ecs_events.assert_avoided(event.event_id)
    ecs_events.assert_transitions(event, ["Scheduled", EventStatus.AVOIDED])
    ecs_events.assert_transitions(
        event.event_id, [("Scheduled", "+0s"), (EventStatus.AVOIDED, dt.timedelta(hours=23)), ("Executed", when)]
    )
    threads: set[str] = {call.thread for call in calls}
    now: dt.datetime = ecs_events.now
    for each in ecs_events:
        ecs_events.cancel(each)
        ecs_events.accept(each.event_id)
        ecs_events.reschedule(each, dt.timedelta(hours=1))
        take_back: Callable[[], None] = ecs_events.at("+23h", ecs_events.cancel, each)
        take_back()
    print(status, causes, instants, instance, same, new_ones_take, calls, story, drawn, threads, now, checks, took)


def inside_an_instance(ecs_events: EcsEvents, instance: Instance) -> None:
    guest: Guest = ecs_events.guest(instance)
    with ecs_events.guest("i-web1") as other:
        names: list[str] = [guest.instance_id, other.instance_id]
    asked: list[MetadataCall] = ecs_events.metadata.calls
    texts: list[str | None] = [call.text for call in asked if call.http_status == 200 and not call.fault]
    took: list[dt.timedelta] = [call.took for call in asked]
    form: Callable[[SystemEvent], object] = ecs_events.metadata.active_event
    ecs_events.metadata.active_event = lambda event: {"id": event.event_id, "guessed": form(event)}
    ecs_events.metadata.no_token_status = 401
    ecs_events.fail("metadata", "read timeout", path="/latest/api/token", instance_id="i-web1")
    ecs_events.quota("metadata", per_minute=60)
    ecs_events.delay("metadata", "1s", method="GET")
    print(names, texts, took)


@pytest.mark.ecs_scenarios("executed", "canceled-*", event_types=["SystemMaintenance.Reboot"], exclude="just-*")
def test_scenario(ecs_events: EcsEvents, ecs_scenario: Scenario) -> None:
    until: dt.datetime = ecs_scenario.until
    ecs_events.advance_to(until)
    steps: tuple[PlannedStep, ...] = ecs_scenario.plan
    instants: list[dt.datetime] = [step.at for step in steps]
    words: list[str] = [ecs_scenario.name, ecs_scenario.event_type, ecs_scenario.instance_id, ecs_scenario.what]
    event: SystemEvent = ecs_scenario.event
    without: EventStatus = ecs_scenario.expected_without_handler
    expected: tuple[EventStatus, ...] = ecs_scenario.expected
    ecs_scenario.assert_expected()
    print(instants, words, event, without, expected)


class PollerMachine(CloudMachine):
    """A machine of the user."""

    real_types = ("SystemMaintenance.Reboot",)

    def handler(self, ecs_events: EcsEvents) -> None:
        ecs_events.reboot("i-1")

    def make_cloud(self) -> EcsEvents:
        return EcsEvents(region_id="cn-beijing")


TestPoller = PollerMachine.TestCase


@given(histories(simulated=True), schedules(["i-1"], within=dt.timedelta(days=1)), instants(within="2d"), offsets("1h"))
def test_properties(history: History, schedule: list[PlannedEvent], instant: dt.datetime, offset: dt.timedelta) -> None:
    with EcsEvents(start=instant) as ecs_events:
        event: SystemEvent = history.publish(ecs_events)
        published: list[SystemEvent] = [planned.publish(ecs_events) for planned in schedule]
        ecs_events.advance(history.lasts + offset)
        moments: tuple[Moment, ...] = history.moments
        print(event, published, moments)


def heard(change: Transition | InstanceTransition) -> None:
    """A receiver."""
    if isinstance(change, Transition):
        print(change.event.status)
    elif change.from_status is None:
        print(change.instance.status)


def without_pytest() -> None:
    """Use the same object as a context manager."""
    with EcsEvents(start="2018-08-22T10:39:49Z", region_id="cn-beijing", strict={"calls"}) as ecs_events:
        end = ecs_events.on_change(heard)
        end()


def polled(times: int) -> str:
    """A handler."""
    return "polled" * times


async def polled_asynchronously(times: int) -> str:
    """The same as a coroutine."""
    return "polled" * times


async def running(ecs_events: EcsEvents) -> None:
    """Run handlers."""
    ended: str | Stopped = ecs_events.run(polled, 2, until="30d")
    until_then: str | Stopped = ecs_events.run(polled, times=2, until=lambda cloud: len(cloud.calls) > 3)
    awaited: str | Stopped = await ecs_events.run_async(polled_asynchronously, 2, until=dt.timedelta(days=1))
    ecs_events.patience = 60
    if isinstance(ended, Stopped):
        print(ended.at, ended.reason, ended.doing)
    print(until_then, awaited, ecs_events.patience)


def pushed(ecs_events: EcsEvents) -> None:
    """Receive notifications."""
    ecs_events.interrupt("i-web1")
    row = ecs_events.notification_names.add("Instance:VSwitchChanged", level="INFO", status="Normal")
    sent = ecs_events.announce(row.name, "i-web1", {"vSwitchId": "vsw-1"}, resource="instance/i-web1", level="WARN")
    levels: list[str] = [each.level for each in ecs_events.notification_names.values()]
    names: list[str] = [notification["name"] for notification in ecs_events.notifications]
    print(sent["content"], levels, names)


def served(ecs_events: EcsEvents) -> None:
    """Use the server, queues and topics."""
    endpoint: str = ecs_events.endpoint
    console: str = ecs_events.console
    queue: Queue = ecs_events.queue("q", names=["Instance:StateChange"], duplicate=0.5, visibility_timeout=60)
    sent: QueueMessage = queue.send("{}", delay_seconds=5, priority=1, raw=True)
    kept: list[QueueMessage] = list(queue) + queue.messages
    bodies: list[str] = [message.body for message in kept if not message.is_deleted]
    first: dt.datetime | None = sent.first_dequeued_at
    topic: Topic = ecs_events.topic("t", format="eventbridge", levels="CRITICAL")
    subscription: TopicSubscription = topic.subscribe(queue, "s", strategy="EXPONENTIAL_DECAY_RETRY", tag="x")
    topic.subscribe("http://127.0.0.1:8000/", content_format="SIMPLIFIED")
    published: TopicMessage = topic.publish("hello", tag="x")
    pushes: list[TopicPush] = subscription.pushes
    print(
        endpoint, console, queue.endpoint, topic.endpoint, bodies, first, sent.event["name"], published.at, len(queue)
    )
    print([push.http_status for push in pushes], queue.subscription.deliveries, queue.attributes["DelaySeconds"])


def notified(notification: dict[str, object]) -> None:
    """A receiver of notifications."""
    print(notification["name"])


def function(event: bytes, context: FunctionContext) -> str:
    """A handler of Function Compute."""
    return event.decode() + context.credentials.access_key_id + context.function.name + context.service.name


def delivered(ecs_events: EcsEvents) -> None:
    """Subscribe receivers of notifications."""
    subscription: Subscription = ecs_events.subscribe(
        notified, names=["Instance:StateChange"], levels="INFO", duplicate=0.5, delay=("1s", dt.timedelta(seconds=2))
    )
    ecs_events.subscribe(
        "http://127.0.0.1:8000/", method="GET FORM", format="subscription", retries=0, retry_after="1s"
    )
    ecs_events.function_compute(function, name="ops/on-event", timeout="30s", format="eventbridge", drop=True, seed=3)
    deliveries: list[Delivery] = subscription.deliveries
    for delivery in deliveries:
        at: dt.datetime = delivery.at
        print(
            at,
            delivery.name,
            delivery.payload["name"],
            delivery.attempt,
            delivery.outcome,
            delivery.error,
            delivery.answer,
        )
    subscription.cancel()


def answers(notification: dict[str, object]) -> None:
    """Register receivers for a URL."""
    print(notification["ruleName"])


def invoked(event: bytes, context: object) -> str:
    """A handler of Function Compute."""
    return f"{event!r} {context}"


def ruled(ecs_events: EcsEvents) -> None:
    """Use event rules."""
    ecs_events.function_compute(invoked, name="ops/on-event", rules_only=True)
    ecs_events.queue("ecs-events", rules_only=True)
    ecs_events.topic("ecs-topic", rules_only=True)
    ecs_events.webhook("https://ops.example.com/hook", answers)
    ecs_events.webhook("https://ops.example.com/hook", "http://127.0.0.1:8000/hook")
    ecs_events.webhook("https://ops.example.com/hook")
    rules: list[EventRule] = list(ecs_events.event_rules.values())
    patterns: tuple[EventPattern, ...] = ecs_events.event_rules["reboots"].patterns
    targets: list[RuleTarget] = [target for rule in rules for target in rule.targets.values()]
    outcomes: list[str] = [delivery.outcome for rule in rules for delivery in rule.deliveries if delivery.rule_name]
    print(patterns[0].product, targets[0].members["Id"], outcomes)
