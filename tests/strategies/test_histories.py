"""Legal histories, and a cloud that follows them."""

import datetime as dt

from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.strategies import histories
from pytest_ecsevents.strategies._histories import History, Moment

# Some are rare, so the search is long. Its finds need not be shrunk.
LONG = settings(max_examples=50_000, database=None, phases=[Phase.generate])

# Types that differ in the actions on their events: fewer types are all found sooner.
ONE_OF_EACH_KIND = [
    "SystemMaintenance.Reboot",
    "SystemFailure.Reboot",
    "SystemMaintenance.Redeploy",
    "InstanceExpiration.Stop",
    "AccountUnbalanced.Stop",
]

CAUSES = {
    "published",
    "not-before",
    "ends",
    "fails",
    "reschedule",
    "reboot",
    "cancel",
    "accept",
    "redeploy",
    "renew",
    "release",
}


def steps_of(history):
    """Return (status, instant from publication) of each step."""
    return [(moment.status, moment.at) for moment in history.moments]


def lived(event):
    """Return the same for an event of the cloud."""
    return [(str(change.to_status), change.at - event.publish_time) for change in event.history]


@given(histories())
def test_the_cloud_can_follow_a_history(history):
    """Without further actions, the event takes each status at its instant."""
    with EcsEvents() as ecs_events:
        event = history.publish(ecs_events)
        ecs_events.advance_to(event.publish_time + history.lasts)
        assert lived(event)[: len(history.moments)] == steps_of(history)
        if history.is_finished:
            ecs_events.advance("30d")
            assert lived(event) == steps_of(history)


def test_the_cloud_can_follow_a_history_that_is_rescheduled():
    """The event waits for its new NotBefore."""
    hour = dt.timedelta(hours=1)
    moments = [
        ("Scheduled", 0 * hour, "published", 2 * hour),
        ("Scheduled", hour, "reschedule", 5 * hour),
        ("Executing", 5 * hour, "not-before", None),
        ("Executed", 6 * hour, "ends", None),
    ]
    steps = tuple(Moment(*moment) for moment in moments)
    history = History(
        "SystemMaintenance.Reboot", simulated=False, outcome="Executed", executing_for=hour, moments=steps
    )
    with EcsEvents() as ecs_events:
        event = history.publish(ecs_events)
        ecs_events.advance("1d")
        assert lived(event) == steps_of(history)


@given(histories(simulated=True, within="1h", finished=True))
def test_a_finished_history_reaches_its_end(history):
    """Its last status is final; simulated events are never Inquiring and do not fail."""
    assert history.is_finished
    assert history.simulated
    assert not {"Inquiring", "Failed"} & {moment.status for moment in history.moments}
    assert history.moments[-1].at == history.lasts


@given(histories(types=st.just("SystemMaintenance.Redeploy"), simulated=False))
def test_the_types_may_be_chosen(history):
    """It can also be chosen whether events are real."""
    assert (history.event_type, history.simulated) == ("SystemMaintenance.Redeploy", False)


@given(histories())
def test_the_steps_of_a_history_are_in_order(history):
    """They begin at publication, and actions on an event precede its NotBefore."""
    instants = [moment.at for moment in history.moments]
    assert instants == sorted(instants)
    assert instants[0] == dt.timedelta(0)
    for before, after in zip(history.moments, history.moments[1:], strict=False):
        if before.not_before is not None:
            assert (after.at < before.not_before) is (after.cause != "not-before")


def test_every_cause_comes_about():
    """No other cause appears."""
    seen = set()

    def have_all_come(history):
        seen.update(moment.cause for moment in history.moments)
        return seen >= CAUSES

    find(histories(types=st.sampled_from(ONE_OF_EACH_KIND)), have_all_come, settings=LONG)
    assert seen == CAUSES


def test_some_histories_break_off():
    """They end early unless finished histories are requested."""
    assert not find(histories(), lambda history: not history.is_finished, settings=LONG).is_finished


def test_a_failure_may_be_redeployed_where_there_are_local_disks():
    """The instance has a local disk, as documented for the redeployment of a SystemFailure.Reboot."""
    history = find(
        histories(types=st.just("SystemFailure.Reboot")),
        lambda history: any(moment.cause == "redeploy" for moment in history.moments),
        settings=LONG,
    )
    with EcsEvents() as ecs_events:
        event = history.publish(ecs_events, "i-local")
        assert [disk.disk_id for disk in ecs_events.instances["i-local"].disks][1:] == ["d-local"]
        ecs_events.advance("1d")
        assert event.history[-1].cause == "redeployment by the test"
