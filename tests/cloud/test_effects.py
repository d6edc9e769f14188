"""The effect of a real event on its instance, in each status of the instance."""

import itertools

import pytest

from pytest_ecsevents import EcsEvents, InstanceTransition
from pytest_ecsevents.services.ecs._catalogue import EVENT_TYPES, EventStatus, InstanceEffect, InstanceStatus
from pytest_ecsevents.services.ecs._effects import EFFECTS, effect_row

ACTING = [InstanceEffect.REBOOT, InstanceEffect.STOP, InstanceEffect.RELEASE, InstanceEffect.ROLL_BACK]

# An instance is Pending, Starting and Stopping for a minute each. An event occurs half a minute after its start in this
# status; then the instance has these statuses, after these seconds.
SCHEDULE = {"Pending": 30, "Starting": 90, "Running": 130}
REBOOTED = [("Stopping", 0), ("Starting", 60), ("Running", 120)]
STOPPED = [("Stopping", 0), ("Stopped", 60)]


@pytest.fixture
def ecs():
    """A cloud, without pytest's fixture."""
    with EcsEvents() as ecs:
        yield ecs


@pytest.fixture
def meet(ecs, call):
    """Let a real event occur to a new instance in a status.

    `meet("Pending", "SystemFailure.Stop", executing_for="5m")` returns the event, and a list of the later statuses of the
    instance with the seconds until each.
    """
    takes = ecs.instances
    takes.pending_takes = takes.starting_takes = takes.stopping_takes = "1m"

    def meet(status, event_type, **given):
        reply = call("RunInstances", ImageId="m-1", InstanceType="ecs.g7.large")
        (instance_id,) = reply["InstanceIdSets"]["InstanceIdSet"]
        ecs.advance(seconds=SCHEDULE.get(status, 130))
        if status in ("Stopping", "Stopped"):
            call("StopInstance", InstanceId=instance_id)
            ecs.advance(seconds=30 if status == "Stopping" else 60)
        assert takes[instance_id].status == status
        struck, seen = ecs.now, []

        def note(change):
            if isinstance(change, InstanceTransition):
                seen.append((change.to_status and str(change.to_status), (change.at - struck).total_seconds()))

        ecs.on_change(note)
        return ecs.create(event_type, instance_id, simulated=False, not_before="+0s", **given), seen

    return meet


def test_there_is_a_row_for_each_status_of_an_instance():
    """Each effect acts on an instance in each status, when the event is Executing, or is Executed."""
    keys = [(row.effect, row.taken, row.status) for row in EFFECTS]
    taken = {(effect, status) for effect, status, _ in keys}

    assert len(set(keys)) == len(keys)
    assert {effect for effect, _ in taken} == set(ACTING)
    assert set(keys) == {(*one, status) for one in taken for status in InstanceStatus}
    assert all(row.evidence for row in EFFECTS)
    assert {row.effect for row in EVENT_TYPES.values()} == {*ACTING, InstanceEffect.NONE}
    assert [
        effect_row(InstanceEffect.NONE, *statuses)
        for statuses in itertools.product(EventStatus, InstanceStatus)
        if effect_row(InstanceEffect.NONE, *statuses)
    ] == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Pending", [("Stopped", 0)]),
        ("Starting", STOPPED),
        ("Running", STOPPED),
        ("Stopping", [("Stopped", 30)]),
        ("Stopped", []),
    ],
)
@pytest.mark.parametrize("event_type", ["SystemFailure.Stop", "SystemMaintenance.Stop", "InstanceExpiration.Stop"])
def test_a_stop_event_stops_an_instance_in_any_status(ecs, meet, status, event_type, expected):
    """Its planned statuses are dropped: it ends Stopped, as soon as it can be."""
    event, seen = meet(status, event_type)

    ecs.advance("10m")

    assert event.status == "Executed"
    assert seen == expected
    assert ecs.instances[event.instance_id].status == "Stopped"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Pending", [("Starting", 30), ("Running", 90)]),
        ("Starting", REBOOTED),
        ("Running", REBOOTED),
        ("Stopping", [("Stopped", 30)]),
        ("Stopped", []),
    ],
)
def test_a_reboot_event_reboots_what_runs_or_starts(ecs, meet, status, expected):
    """A Pending instance starts once; one that is Stopping or Stopped stays Stopped."""
    event, seen = meet(status, "SystemFailure.Reboot")

    ecs.advance("10m")

    assert event.status == "Executed"
    assert seen == expected


@pytest.mark.parametrize(
    ("status", "stopped"),
    [
        ("Pending", [("Stopped", 0)]),
        ("Starting", STOPPED),
        ("Running", STOPPED),
        ("Stopping", [("Stopped", 30)]),
        ("Stopped", []),
    ],
)
def test_a_creation_that_failed_is_rolled_back(ecs, call, meet, status, stopped):
    """SystemFailure.Delete stops the instance while it is Executing, and has released it when it is Executed."""
    event, seen = meet(status, "SystemFailure.Delete", executing_for="5m")

    ecs.advance("299s")
    assert event.status == "Executing"
    assert seen == stopped
    assert [one["Status"] for one in call("DescribeInstances")["Instances"]["Instance"]] == ["Stopped"]

    ecs.advance("1s")
    assert event.status == "Executed"
    assert seen == [*stopped, (None, 300)]
    assert call("DescribeInstances")["Instances"]["Instance"] == []


@pytest.mark.parametrize("status", ["Pending", "Starting", "Running", "Stopping", "Stopped"])
def test_a_release_event_releases_an_instance_in_any_status(ecs, meet, status):
    """The end of a subscription releases it, and its planned statuses are dropped."""
    event, seen = meet(status, "InstanceExpiration.Delete")

    ecs.advance("10m")

    assert event.status == "Executed"
    assert seen == [(None, 1)]
    assert event.instance_id not in ecs.instances


def test_an_instance_that_is_rebooting_stops_for_good(ecs, meet):
    """A stop event during a reboot cancels the second half of the reboot."""
    reboot, seen = meet("Running", "SystemFailure.Reboot")
    ecs.advance("20s")

    ecs.create("SystemFailure.Stop", reboot.instance_id, simulated=False)
    ecs.advance("10m")

    assert seen == [("Stopping", 0), ("Stopped", 60)]


@pytest.mark.parametrize(
    "event_type", ["SystemFailure.Delete", "InstanceExpiration.Delete", "AccountUnbalanced.Delete"]
)
def test_releasing_the_instance_avoids_the_release_event(ecs, call, meet, event_type):
    """A real event that would release the instance is Avoided when DeleteInstance is faster."""
    event, _ = meet("Running", event_type, executing_for="5m")
    ecs.advance("2m")

    call("DeleteInstance", InstanceId=event.instance_id, Force="true")
    assert event.status == "Avoided"
    ecs.advance("10m")

    assert event.status == "Avoided"
    assert event.history[-1].cause == "DeleteInstance"
