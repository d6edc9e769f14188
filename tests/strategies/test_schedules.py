"""Strategies of events to publish."""

import datetime as dt

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from pytest_ecsevents import BadArgumentError, EcsEvents, EcsEventsError
from pytest_ecsevents.services.ecs._catalogue import EVENT_TYPES, SIMULATED_TYPES
from pytest_ecsevents.strategies import event_types, histories, instants, offsets, planned_events, schedules


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_every_type_of_event_comes_about(event_type):
    """event_types draws from the whole catalogue, or from the seven documented types that can be simulated."""
    assert find(event_types(), lambda found: found == event_type) == event_type
    if event_type in SIMULATED_TYPES:
        assert find(event_types(simulated=True), lambda found: found == event_type) == event_type


@given(event_types(simulated=True))
def test_simulated_types_can_be_simulated(event_type):
    """They are those that CreateSimulatedSystemEvents accepts."""
    assert event_type in SIMULATED_TYPES


@given(offsets("90m", at_least="1s"), instants("2018-08-22T10:39:49Z", within="1h"))
def test_times_have_whole_seconds_and_keep_to_their_bounds(offset, instant):
    """Offsets are between the shortest and the longest, instants after their start, aware and in UTC."""
    assert dt.timedelta(seconds=1) <= offset <= dt.timedelta(minutes=90)
    assert offset.microseconds == instant.microsecond == 0
    start = dt.datetime(2018, 8, 22, 10, 39, 49, tzinfo=dt.timezone.utc)
    assert start <= instant <= start + dt.timedelta(hours=1)


@pytest.mark.parametrize("offset", ["0s", "1s", "1h", "24h", "7d"])
def test_notable_offsets_come_about(offset):
    """They are the bounds, and round ones between."""
    units = {"s": "seconds", "h": "hours", "d": "days"}
    wanted = dt.timedelta(**{units[offset[-1]]: int(offset[:-1])})
    assert find(offsets(), lambda found: found == wanted) == wanted


@given(planned_events(["i-web1", "i-web2"], within="1h"))
def test_a_planned_event_can_be_published(planned):
    """The cloud accepts whatever the strategy draws, and has it as planned."""
    with EcsEvents() as ecs_events:
        event = planned.publish(ecs_events)
        assert (event.event_type, event.instance_id) == (planned.event_type, planned.instance_id)
        assert (event.simulated, event.outcome) == (planned.simulated, planned.outcome)
        assert event.history[0].to_status == planned.status
        if planned.offset is not None:
            assert event.not_before - event.publish_time == planned.offset <= dt.timedelta(hours=1)


@given(planned_events(simulated=True))
def test_of_simulated_events_the_setting_decides_how_they_are_born(planned):
    """They can be published to a cloud whose failures start as Scheduled."""
    with EcsEvents(failure_events="scheduled") as ecs_events:
        assert planned.publish(ecs_events).history[0].to_status == "Scheduled"


@given(schedules(["i-1"], types=st.just("SystemMaintenance.Reboot"), simulated=False, min_size=2, max_size=3))
def test_a_schedule_has_the_requested_number_of_events(schedule):
    """Its types and instances are the requested ones; an instance is declared once."""
    with EcsEvents() as ecs_events:
        for planned in schedule:
            planned.publish(ecs_events)
        assert len(ecs_events) in (2, 3)
        assert {(event.event_type, event.instance_id, event.simulated) for event in ecs_events} == {
            ("SystemMaintenance.Reboot", "i-1", False)
        }


def test_a_type_that_can_be_simulated_is_either():
    """The argument `simulated` selects one of them."""
    for simulated in (True, False):
        found = find(planned_events(), lambda planned, wanted=simulated: planned.simulated is wanted)
        assert found.simulated is simulated


@settings(max_examples=5)
@given(st.data())
def test_a_type_that_cannot_be_simulated_is_refused_in_a_sentence(data):
    """This is simulated=True with types of real events only."""
    with pytest.raises(BadArgumentError) as refused:
        data.draw(planned_events(types=st.just("Stalled"), simulated=True))
    assert str(refused.value) == (
        "types gave 'Stalled', which cannot be simulated. Pass event_types(simulated=True), or leave simulated out."
    )


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: offsets("1h", at_least="2h"),
            "at_least is '2h', longer than within, '1h'. Pass a shorter one.",
        ),
        (
            lambda: schedules(within="long"),
            'within is \'long\', which is not a duration. Pass a timedelta or text such as "90s", "2h30m" or "1d".',
        ),
        (lambda: schedules([]), 'instance_ids is []. Pass a list, such as ["i-1", "i-2"].'),
        (lambda: schedules("i-1"), 'instance_ids is \'i-1\'. Pass a list, such as ["i-1", "i-2"].'),
        (
            lambda: instants("2018-08-22T10:39:49"),
            "start is '2018-08-22T10:39:49', which has no time zone, so its meaning would depend on the zone of the "
            "machine. Add "
            'one: "2018-08-22T10:39:49Z", or tzinfo=timezone.utc.',
        ),
    ],
)
def test_what_no_strategy_can_be_made_of_is_refused_in_a_sentence(make, sentence):
    """The error is raised when the strategy is created, not when it is drawn from."""
    with pytest.raises(BadArgumentError) as refused:
        make()
    assert str(refused.value) == sentence


@given(st.data())
def test_types_are_named_as_everywhere(data):
    """They are a name, a list of names, or a strategy that draws names."""
    reboot = "SystemMaintenance.Reboot"
    for types in (reboot, [reboot], (reboot,), st.just(reboot)):
        assert data.draw(planned_events(types=types)).event_type == reboot


@pytest.mark.parametrize(
    ("types", "simulated", "sentence"),
    [
        (
            ["SystemMaintenance.Rebot"],
            None,
            "types is 'SystemMaintenance.Rebot', which is no event type. Did you mean ",
        ),
        (["Stalled"], True, "types is 'Stalled', which cannot be simulated; pass simulated=False for a real one."),
        ([], None, "types is []. Pass a list of names, such as ["),
        (7, None, "types is 7. Pass a list of names, such as ["),
    ],
)
def test_types_that_cannot_be_are_refused(types, simulated, sentence):
    """They are refused before Hypothesis draws anything."""
    for strategy in (planned_events, schedules, histories):
        with pytest.raises(EcsEventsError) as refused:
            strategy(types=types, simulated=simulated)
        assert str(refused.value).startswith(sentence)


@given(instants("9999-12-31T00:00:00Z"))
def test_an_instant_is_not_after_the_year_9999(instant):
    """Where the week ends after it."""
    assert instant.year == 9999
