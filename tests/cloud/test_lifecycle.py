"""The lifecycle, row by row."""

import itertools

import pytest

from pytest_ecsevents import EcsEvents, EcsEventsError
from pytest_ecsevents.services.ecs._catalogue import EVENT_TYPES, SIMULATED_TYPES, EventStatus
from pytest_ecsevents.services.ecs._lifecycle import ROWS, Trigger, next_status

MAINTENANCE = ("SystemMaintenance.Reboot", "SystemMaintenance.Stop", "SystemMaintenance.Redeploy")
FAILURES = ("SystemFailure.Reboot", "SystemFailure.Stop", "SystemFailure.Redeploy", "InstanceFailure.Reboot")
SIMULATED = (*MAINTENANCE, *FAILURES)
UNFINISHED = ("Inquiring", "Scheduled", "Executing")
FINISHED = ("Executed", "Avoided", "Canceled", "Failed")
REDEPLOYABLE = ("SystemMaintenance.Reboot", "SystemMaintenance.Redeploy", "SystemFailure.Redeploy")
ERROR_DISKS = (
    "SystemMaintenance.RebootAndIsolateErrorDisk",
    "SystemMaintenance.RebootAndReInitErrorDisk",
    "SystemMaintenance.IsolateErrorDisk",
    "SystemMaintenance.ReInitErrorDisk",
)


def expected_next(event_type, simulated, status, trigger):  # noqa: C901, PLR0911  # a decision a line
    """Return the documented next status, written a second time as conditions."""
    is_of_disk = "." not in event_type
    if status in FINISHED or (is_of_disk and (status != "Executing" or trigger != "execution ended")):
        return None
    if trigger == "NotBefore reached":
        if status == "Scheduled":
            return "Executing"
        return "Executed" if simulated and status == "Executing" and event_type in FAILURES else None
    if trigger in ("execution ended", "execution failed"):
        ended = "Executed" if trigger == "execution ended" else "Failed"
        return ended if status == "Executing" else None
    if trigger == "RebootInstance before NotBefore":
        return "Avoided" if event_type == "SystemMaintenance.Reboot" and status == "Scheduled" else None
    if trigger == "CancelSimulatedSystemEvents":
        return "Canceled" if simulated and status != "Inquiring" else None
    if trigger == "AcceptInquiredSystemEvent":
        return "Executing" if not simulated and status == "Inquiring" else None
    if trigger == "RedeployInstance":
        inquired = status == "Inquiring" and event_type in (*REDEPLOYABLE, *ERROR_DISKS)
        scheduled = status == "Scheduled" and event_type in REDEPLOYABLE and event_type != "SystemFailure.Redeploy"
        return "Avoided" if not simulated and (inquired or scheduled) else None
    if trigger == "RedeployInstance, local disks":
        return "Executed" if not simulated and (event_type, status) == ("SystemFailure.Reboot", "Executing") else None
    if trigger == "renewal before NotBefore":
        is_billing = event_type.startswith(("InstanceExpiration.", "AccountUnbalanced."))
        return "Avoided" if is_billing and status == "Scheduled" else None
    assert trigger == "instance released"
    if event_type.endswith(".Delete") and status == "Executing" and not simulated:
        return "Avoided"
    return "Canceled" if status != "Executing" or simulated else None


def all_cells():
    """Return every (type, simulated, status, trigger); a simulated event has one of seven types."""
    for event_type, simulated, status, trigger in itertools.product(EVENT_TYPES, (True, False), EventStatus, Trigger):
        if not simulated or event_type in SIMULATED:
            yield event_type, simulated, status, trigger


@pytest.mark.parametrize("trigger", Trigger, ids=lambda trigger: trigger.name)
@pytest.mark.parametrize("status", EventStatus, ids=str)
def test_every_cell_of_the_table_is_as_decided(status, trigger):
    """A trigger changes an event's status exactly where the conditions say so."""
    cells = [cell for cell in all_cells() if cell[2:] == (status, trigger)]
    assert len(cells) == len(EVENT_TYPES) + len(SIMULATED)
    for event_type, simulated, _, _ in cells:
        expected = expected_next(event_type, simulated, str(status), trigger.value)
        assert next_status(event_type, simulated, status, trigger) == expected, event_type


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.status}-{row.trigger.name}-{len(row.types)}")
def test_every_row_states_its_evidence(row):
    """Each row of the table names its source: a document, the article, or a guess."""
    assert row.evidence.startswith(("documented", "guess", "source article"))


def test_the_simulated_types_are_the_documented_seven():
    """CreateSimulatedSystemEvents accepts seven types."""
    assert set(SIMULATED_TYPES) == set(SIMULATED)
    assert len(SIMULATED_TYPES) == 7


@pytest.fixture
def ecs_cloud():
    """A cloud with one running instance, without pytest's fixture."""
    with EcsEvents("2018-08-22T10:39:49Z") as ecs_events:
        ecs_events.instances.add("i-web1")
        yield ecs_events


def steps(event):
    """Return (status, instant) of each transition."""
    return [(str(change.to_status), change.at.isoformat()) for change in event.history]


@pytest.mark.parametrize("event_type", MAINTENANCE)
def test_a_maintenance_event_runs_at_not_before(ecs_cloud, event_type):
    """Scheduled becomes Executing exactly at NotBefore, and Executed one second later."""
    event = ecs_cloud.create(event_type, "i-web1", not_before="2018-09-01T00:00:00Z")
    ecs_cloud.advance_to("2018-08-31T23:59:59.999999Z")
    assert event.status == "Scheduled"
    ecs_cloud.advance(days=1)
    assert steps(event) == [
        ("Scheduled", "2018-08-22T10:39:49+00:00"),
        ("Executing", "2018-09-01T00:00:00+00:00"),
        ("Executed", "2018-09-01T00:00:01+00:00"),
    ]
    assert event.finish_time.isoformat() == "2018-09-01T00:00:01+00:00"


@pytest.mark.parametrize("event_type", FAILURES)
def test_a_failure_event_is_born_executing(ecs_cloud, event_type):
    """A simulated failure event is Executing from the start, and Executed at NotBefore."""
    event = ecs_cloud.create(event_type, "i-web1", not_before="+1h")
    ecs_cloud.advance("1h")
    assert steps(event) == [("Executing", "2018-08-22T10:39:49+00:00"), ("Executed", "2018-08-22T11:39:49+00:00")]


def test_failure_events_can_be_born_scheduled():
    """With failure_events="scheduled" they behave as the older documentation shows."""
    with EcsEvents("2018-08-22T10:39:49Z", failure_events="scheduled") as ecs_events:
        ecs_events.instances.add("i-web1")
        event = ecs_events.create("SystemFailure.Reboot", "i-web1", not_before="+1h")
        ecs_events.advance("2h")
        assert steps(event) == [
            ("Scheduled", "2018-08-22T10:39:49+00:00"),
            ("Executing", "2018-08-22T11:39:49+00:00"),
            ("Executed", "2018-08-22T11:39:50+00:00"),
        ]


def test_executing_for_zero_passes_through_both_states_at_one_instant():
    """With executing_for="0s" Executing and Executed share an instant, each in the history and each returned."""
    with EcsEvents("2018-08-22T10:39:49Z", executing_for="0s") as ecs_events:
        ecs_events.instances.add("i-web1")
        event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
        moved = ecs_events.advance("1h")
        assert [str(change.to_status) for change in moved] == ["Executing", "Executed"]
        assert steps(event)[1:] == [
            ("Executing", "2018-08-22T11:39:49+00:00"),
            ("Executed", "2018-08-22T11:39:49+00:00"),
        ]


def test_executing_for_is_kept_to_the_microsecond():
    """An event stays Executing for the configured duration."""
    with EcsEvents("2018-08-22T10:39:49Z", executing_for="90.5s") as ecs_events:
        ecs_events.instances.add("i-web1")
        event = ecs_events.create("SystemMaintenance.Stop", "i-web1", not_before="+1h")
        ecs_events.advance("2h")
        assert steps(event)[2] == ("Executed", "2018-08-22T11:41:19.500000+00:00")


def test_a_reboot_before_not_before_avoids(ecs_cloud):
    """A reboot a microsecond before NotBefore avoids the event at that instant, and it never runs."""
    event = ecs_cloud.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs_cloud.advance(microseconds=3_599_999_999)
    ecs_cloud.reboot("i-web1")
    assert event.status == "Avoided"
    assert event.finish_time == ecs_cloud.now
    assert event.history[-1].cause == "reboot by the test before NotBefore"
    assert ecs_cloud.advance("2h") == []
    assert event.status == "Avoided"


def test_a_reboot_at_not_before_is_too_late(ecs_cloud):
    """At NotBefore itself the event executes, and a reboot changes nothing."""
    event = ecs_cloud.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs_cloud.advance("1h")
    ecs_cloud.reboot("i-web1")
    assert event.status == "Executing"
    ecs_cloud.advance("1s")
    assert event.status == "Executed"


def test_a_reboot_avoids_every_scheduled_reboot_event_of_the_instance_and_no_other(ecs_cloud):
    """All Scheduled SystemMaintenance.Reboot events of that instance are avoided; other types and instances are not."""
    ecs_cloud.instances.add("i-web2")
    mine = [ecs_cloud.create("SystemMaintenance.Reboot", "i-web1", not_before=f"+{n}h") for n in (1, 2)]
    others = [
        ecs_cloud.create("SystemMaintenance.Reboot", "i-web2", not_before="+1h"),
        ecs_cloud.create("SystemMaintenance.Stop", "i-web1", not_before="+1h"),
        ecs_cloud.create("SystemMaintenance.Redeploy", "i-web1", not_before="+1h"),
        ecs_cloud.create("SystemFailure.Reboot", "i-web1", not_before="+1h"),
    ]
    ecs_cloud.reboot("i-web1")
    assert [str(event.status) for event in mine] == ["Avoided", "Avoided"]
    assert [str(event.status) for event in others] == ["Scheduled", "Scheduled", "Scheduled", "Executing"]


@pytest.mark.parametrize(
    "act",
    [
        lambda ecs: ecs.reboot("i-web1", in_guest=True),
        lambda ecs: (ecs.stop("i-web1"), ecs.start("i-web1")),
    ],
    ids=["reboot in the guest", "stop and start"],
)
def test_nothing_else_avoids(ecs_cloud, act):
    """A reboot inside the guest, and stop with start, leave the event Scheduled."""
    event = ecs_cloud.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    act(ecs_cloud)
    assert event.status == "Scheduled"
    assert ecs_cloud.instances["i-web1"].status == "Running"


def test_a_refused_reboot_does_not_avoid(ecs_cloud):
    """A reboot of a stopped instance is refused, and the event stays Scheduled."""
    event = ecs_cloud.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs_cloud.stop("i-web1")
    with pytest.raises(EcsEventsError) as error:
        ecs_cloud.reboot("i-web1")
    assert str(error.value) == "i-web1 is Stopped; a reboot needs it Running."
    assert event.status == "Scheduled"


@pytest.mark.parametrize("event_type", SIMULATED)
def test_cancel_while_unfinished(ecs_cloud, event_type):
    """A simulated event in Scheduled or Executing can be canceled, ends there and never runs."""
    event = ecs_cloud.create(event_type, "i-web1", not_before="+1h")
    ecs_cloud.advance("30m")
    ecs_cloud.cancel(event)
    assert event.status == "Canceled"
    assert event.finish_time == ecs_cloud.now
    assert ecs_cloud.advance("2h") == []


def test_cancel_between_executing_and_executed(ecs_cloud):
    """A maintenance event can still be canceled while it is Executing."""
    event = ecs_cloud.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs_cloud.advance("1h")
    assert event.status == "Executing"
    ecs_cloud.cancel(event.event_id)
    assert event.status == "Canceled"
    assert ecs_cloud.advance("1h") == []


def test_a_finished_event_cannot_be_canceled(ecs_cloud):
    """Cancelling an event that has ended is refused with a message."""
    event = ecs_cloud.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs_cloud.advance("2h")
    with pytest.raises(EcsEventsError) as error:
        ecs_cloud.cancel(event)
    assert str(error.value) == f"{event.event_id} is Executed already; only unfinished events can be canceled."


def test_a_real_event_cannot_be_canceled(ecs_cloud):
    """Users cannot cancel what the provider has planned."""
    event = ecs_cloud.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h", simulated=False)
    with pytest.raises(EcsEventsError) as error:
        ecs_cloud.cancel(event)
    assert str(error.value) == (
        f"{event.event_id} is a real event; only simulated events can be canceled by their user."
    )


def test_simulated_events_never_touch_the_instance(ecs_cloud):
    """The instance keeps running through every simulated event."""
    changes = []
    ecs_cloud.on_change(changes.append)
    for event_type in SIMULATED:
        ecs_cloud.create(event_type, "i-web1", not_before="+1h")
    ecs_cloud.advance("2h")
    assert all(type(change).__name__ == "Transition" for change in changes)
    assert ecs_cloud.instances["i-web1"].status == "Running"


@pytest.mark.parametrize(
    ("event_type", "way"),
    [
        ("SystemMaintenance.Reboot", ["Stopping", "Starting", "Running"]),
        ("SystemMaintenance.Stop", ["Stopping", "Stopped"]),
        ("AccountUnbalanced.Delete", [None]),
    ],
)
def test_real_events_act_on_the_instance(ecs_cloud, event_type, way):
    """A real reboot event reboots, a stop event stops and a delete event releases the instance."""
    changes = []
    ecs_cloud.create(event_type, "i-web1", not_before="+1h", simulated=False)
    ecs_cloud.on_change(changes.append)
    ecs_cloud.advance("2h")
    states = [change.to_status for change in changes if type(change).__name__ == "InstanceTransition"]
    assert states == way


def test_a_real_reboot_leaves_a_stopped_instance_stopped(ecs_cloud):
    """A Stopped instance stays Stopped through a real reboot event, which still executes."""
    ecs_cloud.stop("i-web1")
    event = ecs_cloud.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h", simulated=False)
    ecs_cloud.advance("2h")
    assert event.status == "Executed"
    assert ecs_cloud.instances["i-web1"].status == "Stopped"


def test_an_inquiring_event_waits_until_it_is_accepted(ecs_cloud):
    """An Inquiring event without NotBefore does not start by itself; once accepted, it executes at once."""
    event = ecs_cloud.create("SystemMaintenance.Redeploy", "i-web1", simulated=False, status="Inquiring")
    assert event.not_before is None
    assert ecs_cloud.advance("400d") == []
    ecs_cloud.accept(event)
    assert event.status == "Executing"
    ecs_cloud.advance("1s")
    assert event.status == "Executed"
    with pytest.raises(EcsEventsError) as error:
        ecs_cloud.accept(event)
    assert str(error.value) == f"{event.event_id} is Executed, not Inquiring; there is nothing to accept."


def test_a_real_event_can_end_failed(ecs_cloud):
    """An event set to fail ends Failed, if its type can."""
    event = ecs_cloud.create("SystemFailure.Reboot", "i-web1", simulated=False, outcome="Failed", reason="host is gone")
    assert event.not_before == event.publish_time
    ecs_cloud.advance("1s")
    assert event.status == "Failed"
    assert event.reason == "host is gone"


def test_a_redeployment_answers_real_events_of_the_documented_types(ecs_cloud):
    """Real events that RedeployInstance answers become Avoided, and the instance passes through Stopping."""
    event = ecs_cloud.create("SystemMaintenance.Redeploy", "i-web1", not_before="+1h", simulated=False)
    ecs_cloud.redeploy("i-web1")
    assert event.status == "Avoided"
    assert ecs_cloud.instances["i-web1"].status == "Running"


def test_a_redeployment_of_a_stopped_instance_starts_it(ecs_cloud):
    """A redeployment ends Running, also from Stopped."""
    ecs_cloud.create("SystemMaintenance.Redeploy", "i-web1", not_before="+1h", simulated=False)
    ecs_cloud.stop("i-web1")
    ecs_cloud.redeploy("i-web1")
    assert ecs_cloud.instances["i-web1"].status == "Running"


def test_a_redeployment_does_not_answer_simulated_events(ecs_cloud):
    """If all events are simulated, a redeployment is refused, and the event does not change."""
    event = ecs_cloud.create("SystemMaintenance.Redeploy", "i-web1", not_before="+1h")
    with pytest.raises(EcsEventsError) as error:
        ecs_cloud.redeploy("i-web1")
    assert str(error.value) == (
        f"i-web1 has no event that RedeployInstance answers. Its unfinished events: {event!r}. "
        "Simulated events are not answered."
    )
    assert event.status == "Scheduled"


def test_releasing_an_instance_cancels_its_events_and_keeps_its_history(ecs_cloud):
    """Unfinished events of a released instance become Canceled; the instance is gone, its events stay readable."""
    event = ecs_cloud.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs_cloud.release("i-web1")
    assert event.status == "Canceled"
    assert "i-web1" not in ecs_cloud.instances
    assert ecs_cloud.one(instance_id="i-web1") is event
    with pytest.raises(KeyError, match="i-web1 has been released"):
        ecs_cloud.reboot("i-web1")


def test_a_real_delete_event_releases_a_stopped_instance_too(ecs_cloud):
    """A delete event releases the instance in any state; later events of it still run."""
    ecs_cloud.stop("i-web1")
    ecs_cloud.create("InstanceExpiration.Delete", "i-web1", not_before="+1h", simulated=False)
    ecs_cloud.create("SystemFailure.Reboot", "i-web1", simulated=False)
    ecs_cloud.advance("2h")
    assert not ecs_cloud.instances
    assert [str(event.status) for event in ecs_cloud] == ["Executed", "Executed"]
