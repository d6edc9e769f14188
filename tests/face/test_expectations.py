"""Assertions on the outcome of events, and their failure messages."""

import copy
import pickle

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException

from pytest_ecsevents import BadArgumentError, EcsEvents, EventStatus, UnknownEventError


@pytest.fixture
def ecs():
    """A cloud with one instance, from 2030-01-01T00:00:00Z on."""
    with EcsEvents("2030-01-01T00:00:00Z", seed="expectations") as ecs_events:
        ecs_events.strict = False
        ecs_events.instances.add("i-web1")
        yield ecs_events


def _create(ecs, event_type="SystemMaintenance.Reboot", not_before="+24h", **given):
    return ecs.create(event_type, "i-web1", not_before=not_before, **given)


def _why(ecs, event, wanted):
    """Return why the event does not have that status, as a failing assertion explains it."""
    _, explained, *_ = ecs._parts.explain_comparison("==", event.status, wanted)
    return explained.removeprefix(f"{event.event_id} is not {wanted}: ")


# -- why not


def _reboot_late(ecs, call):
    event = _create(ecs)
    ecs.advance("24h")
    call("RebootInstance", InstanceId="i-web1")
    ecs.advance("30d")
    ecs.reboot("i-web1")
    return event


def _reboot_by_the_test_late(ecs, _call):
    event = _create(ecs)
    ecs.advance("25h")
    ecs.reboot("i-web1")
    return event


def _look_elsewhere(ecs, call):
    event = _create(ecs)
    for region in ("cn-shanghai", "cn-beijing", "cn-shanghai"):
        call("DescribeInstanceHistoryEvents", RegionId=region)
    ecs.advance("25h")
    return event


def _look_there_too(ecs, call):
    event = _look_elsewhere(ecs, call)
    call("DescribeInstanceHistoryEvents", RegionId="cn-hangzhou")
    return event


def _reboot_early(ecs, _call):
    ecs.reboot("i-web1")
    event = _create(ecs)
    ecs.advance("2d")
    return event


def _reboot_another(ecs, _call):
    ecs.instances.add("i-web2")
    event = _create(ecs)
    ecs.reboot("i-web2")
    ecs.create("SystemMaintenance.Stop", "i-web2", not_before="+1h")
    ecs.advance("2d")
    return event


def _look(call, *statuses):
    call(
        "DescribeInstanceHistoryEvents",
        **{f"InstanceEventCycleStatus__{place}": status for place, status in enumerate(statuses, 1)},
    )


def _look_for_another_status(ecs, call):
    event = _create(ecs)
    _look(call, "Executed")
    _look(call, "Executing")
    ecs.advance("2d")
    return event


def _look_once(ecs, call):
    event = _create(ecs)
    _look(call)
    ecs.advance("24h")
    call("RebootInstance", InstanceId="i-web1")
    return event


def _look_and_do_nothing(ecs, call):
    event = _create(ecs)
    for _ in range(2):
        ecs.advance("1h")
        _look(call, "Scheduled")
    ecs.advance("2d")
    return event


def _call_too_late(ecs, call):
    event = _create(ecs)
    ecs.advance("25h")
    _look(call, "Scheduled")
    return event


def _call_before_it_was_published(ecs, call):
    _look(call, "Scheduled")
    ecs.advance("1h")
    event = _create(ecs)
    ecs.advance("2d")
    return event


def _subscribe_too_late(ecs, _call):
    event = _create(ecs)
    ecs.subscribe(print, names="Instance:SystemMaintenance.Reboot:Scheduled")
    ecs.advance("2d")
    return event


def _reboot_inside(ecs, _call):
    event = _create(ecs)
    ecs.advance("1h")
    ecs.reboot("i-web1", in_guest=True)
    ecs.advance("2d")
    ecs.reboot("i-web1", in_guest=True)
    return event


def _stop_and_start(ecs, call):
    event = _create(ecs)
    call("StopInstance", InstanceId="i-web1")
    ecs.start("i-web1")
    ecs.advance("2d")
    return event


def _refused(ecs, call):
    event = _create(ecs)
    for action, params in (
        ("RebootInstance", {"InstanceId": "i-web1", "DryRun": "true"}),
        ("RebootInstance", {"InstanceId": "i-web2"}),
        ("RebootInstances", {"InstanceId__1": "i-web1", "DryRun": "true"}),
        ("StartInstance", {"InstanceId": "i-web1"}),
    ):
        ecs.advance("1h")
        with pytest.raises(ServerException):
            call(action, **params)
    ecs.advance("2d")
    return event


def _throttled(ecs, call):
    event = _create(ecs)
    ecs.fail("RebootInstance", "NotNow", times=2, message="Not now.", http_status=400)
    for _ in range(2):
        ecs.advance("1h")
        with pytest.raises(ServerException):
            call("RebootInstance", InstanceId="i-web1")
    ecs.advance("2d")
    return event


def _nobody(ecs, _call):
    event = _create(ecs)
    ecs.advance("2d")
    return event


def _not_yet(ecs, _call):
    event = _create(ecs)
    ecs.advance("23h")
    return event


def _canceled(ecs, _call):
    event = _create(ecs)
    ecs.advance("1h")
    ecs.cancel(event)
    return event


def _avoided(ecs, call):
    event = _create(ecs)
    ecs.advance("1h")
    call("RebootInstance", InstanceId="i-web1")
    return event


def _other_type(ecs, _call):
    return _create(ecs, "SystemMaintenance.Stop")


def _inquiring(ecs, _call):
    return _create(ecs, not_before=None, simulated=False, status="Inquiring")


def _rebooted_while_inquiring(ecs, _call):
    event = _create(ecs, not_before=None, simulated=False, status="Inquiring")
    ecs.reboot("i-web1")
    return event


def _accepted(ecs, _call):
    event = _create(ecs, not_before=None, simulated=False, status="Inquiring", executing_for="5m")
    ecs.accept(event)
    ecs.advance("1m")
    return event


def _accepted_then_rebooted(ecs, _call):
    event = _accepted(ecs, _call)
    ecs.reboot("i-web1")
    return event


def _real(ecs, _call):
    event = _create(ecs, simulated=False)
    ecs.advance("2d")
    return event


def _billing(ecs, _call):
    event = _create(ecs, "InstanceExpiration.Stop", simulated=False)
    ecs.advance("2d")
    return event


def _failed(ecs, _call):
    event = _create(ecs, simulated=False, outcome="Failed")
    ecs.advance("2d")
    return event


def _to_fail(ecs, _call):
    return _create(ecs, simulated=False, outcome="Failed")


def _failing(ecs, _call):
    event = _create(ecs, simulated=False, outcome="Failed", executing_for="2h")
    ecs.advance("25h")
    return event


_REASONS = [
    (
        _reboot_late,
        "Avoided",
        "RebootInstance(i-web1) came at +1d 00:00:00, NotBefore was +1d 00:00:00; it must come before",
    ),
    (
        _reboot_by_the_test_late,
        "Avoided",
        "the reboot by the test came at +1d 01:00:00, NotBefore was +1d 00:00:00; it must come before",
    ),
    (_reboot_early, "Avoided", "the reboot by the test came at +00:00:00, before the event was published"),
    (_reboot_another, "Avoided", "i-web1 was not rebooted before NotBefore, which was +1d 00:00:00; no API was called"),
    (
        _look_elsewhere,
        "Avoided",
        "i-web1 was not rebooted before NotBefore, which was +1d 00:00:00; the event is in cn-hangzhou, and all calls named "
        "cn-beijing, cn-shanghai",
    ),
    (
        _look_there_too,
        "Avoided",
        "i-web1 was not rebooted before NotBefore, which was +1d 00:00:00; the event is in cn-hangzhou, and all calls named "
        "cn-beijing, cn-shanghai",
    ),
    (
        _look_for_another_status,
        "Avoided",
        "i-web1 was not rebooted before NotBefore, which was +1d 00:00:00; 2 lookups in time did not show it, the last was "
        "DescribeInstanceHistoryEvents(InstanceEventCycleStatus=[Executing])",
    ),
    (
        _look_once,
        "Avoided",
        "RebootInstance(i-web1) came at +1d 00:00:00, NotBefore was +1d 00:00:00; it must come before; "
        "DescribeInstanceHistoryEvents() did not show it",
    ),
    (
        _look_and_do_nothing,
        "Avoided",
        "i-web1 was not rebooted before NotBefore, which was +1d 00:00:00; DescribeInstanceHistoryEvents showed it 2 times, the "
        "last at +02:00:00",
    ),
    (
        _call_too_late,
        "Avoided",
        "i-web1 was not rebooted before NotBefore, which was +1d 00:00:00; the first call came at +1d 01:00:00",
    ),
    (
        _call_before_it_was_published,
        "Avoided",
        "i-web1 was not rebooted before NotBefore, which was +1d 01:00:00; no API was called after it was published",
    ),
    (
        _subscribe_too_late,
        "Avoided",
        "i-web1 was not rebooted before NotBefore, which was +1d 00:00:00; print did not get it, since the event was published "
        "before: publish it after subscribing",
    ),
    (_reboot_inside, "Avoided", "the reboot inside the guest at +01:00:00 does not count"),
    (_stop_and_start, "Avoided", "the stop at +00:00:00 avoids nothing, nor does a start"),
    (
        _refused,
        "Avoided",
        "RebootInstance(InstanceId=i-web1, DryRun=true) -> 400 DryRunOperation at +01:00:00; "
        "RebootInstances(DryRun=true, InstanceId=[i-web1]) -> 400 DRYRUN.SUCCESS at +03:00:00",
    ),
    (_throttled, "Avoided", "RebootInstance(InstanceId=i-web1) -> 400 NotNow 2 times, the last at +02:00:00"),
    (_nobody, "Avoided", "i-web1 was not rebooted before NotBefore, which was +1d 00:00:00; no API was called"),
    (
        _not_yet,
        "Avoided",
        "i-web1 has not been rebooted yet; NotBefore is +1d 00:00:00, the clock stands at +23:00:00; no API was called",
    ),
    (_canceled, "Avoided", "it was canceled at +01:00:00 (canceled by the test)"),
    (_other_type, "Avoided", "a simulated SystemMaintenance.Stop event is never Avoided"),
    (
        _inquiring,
        "Avoided",
        "i-web1 has not been rebooted or redeployed yet; the clock stands at +00:00:00; no API was called",
    ),
    (
        _rebooted_while_inquiring,
        "Avoided",
        "the reboot by the test came at +00:00:00, when the event was Inquiring; only a Scheduled one is avoided by it",
    ),
    (_accepted, "Avoided", "i-web1 was not rebooted or redeployed in time; no API was called"),
    (
        _accepted_then_rebooted,
        "Avoided",
        "the reboot by the test came at +00:01:00, when the event was Executing already",
    ),
    (
        _real,
        "Avoided",
        "i-web1 was not rebooted or redeployed before NotBefore, which was +1d 00:00:00; no API was called",
    ),
    (_billing, "Avoided", "i-web1 was not renewed before NotBefore, which was +1d 00:00:00; no API was called"),
    (_not_yet, "Executed", "NotBefore is +1d 00:00:00, and the clock stands at +23:00:00"),
    (_avoided, "Executed", "it was avoided at +01:00:00 (RebootInstance before NotBefore)"),
    (_canceled, "Executed", "it was canceled at +01:00:00 (canceled by the test)"),
    (_inquiring, "Executed", "it has not been accepted; it is Inquiring"),
    (_accepted, "Executed", "it has been Executing since +00:00:00, and the clock stands at +00:01:00"),
    (_failed, "Executed", "it failed at +1d 00:00:01, as it was created to (outcome='Failed')"),
    (_not_yet, "Executing", "NotBefore is +1d 00:00:00, and the clock stands at +23:00:00"),
    (_nobody, "Executing", "it was Executing until +1d 00:00:01; then: execution ended"),
    (_nobody, "Scheduled", "it was Scheduled until +1d 00:00:00; then: NotBefore reached"),
    (_inquiring, "Scheduled", "it was published as Inquiring"),
    (_nobody, "Inquiring", "it was published as Scheduled"),
    (_nobody, "Canceled", "it was not canceled"),
    (_avoided, "Canceled", "it was avoided at +01:00:00 (RebootInstance before NotBefore)"),
    (_real, "Canceled", "only the release of its instance cancels a real event, and i-web1 was not released in time"),
    (_real, "Failed", "it was created to end Executed"),
    (_to_fail, "Failed", "NotBefore is +1d 00:00:00, and the clock stands at +00:00:00"),
    (_failing, "Failed", "it has been Executing since +1d 00:00:00, and the clock stands at +1d 01:00:00"),
    (
        _nobody,
        "Avoidd",
        "'Avoidd' is not a status of events. Did you mean Avoided? Statuses are: Inquiring, Scheduled, Executing, Executed, "
        "Avoided, Canceled, Failed",
    ),
]


@pytest.mark.parametrize(
    ("story", "wanted", "reason"), _REASONS, ids=[f"{story.__name__[1:]}-{wanted}" for story, wanted, _ in _REASONS]
)
def test_the_nearest_reason_is_given(ecs, call, story, wanted, reason):
    """The explanation says what was missing, or what came too late."""
    assert _why(ecs, story(ecs, call), wanted) == reason


# -- assertions as pytest explains them


def test_a_set_of_statuses_is_explained_by_one_event_of_each_wrong_status(ecs):
    """Of `{event.status for event in ecs_events} == {"Avoided"}` the first wrong event is named, with its reason."""
    event = _nobody(ecs, None)
    ecs.create("SystemMaintenance.Reboot", "i-web2")
    avoided = ecs.create("SystemMaintenance.Reboot", "i-web3")
    ecs.reboot("i-web3")
    statuses = {one.status for one in ecs}
    assert statuses == {"Executed", "Scheduled", "Avoided"}
    head, executed, _published, _executing, _executed, scheduled, _ = ecs._parts.explain_comparison(
        "==", statuses, {"Avoided"}
    )
    assert head.endswith("== {'Avoided'}")
    assert executed.startswith(f"{event.event_id} is not Avoided: i-web1 was not rebooted")
    assert "is not Avoided: i-web2 has not been rebooted yet" in scheduled
    assert avoided.event_id not in executed + scheduled
    assert ecs._parts.explain_comparison("==", {"Avoided"}, statuses)[1:] == [executed, *_lines(ecs, statuses)[2:]]


def _lines(ecs, statuses):
    return ecs._parts.explain_comparison("==", statuses, {"Avoided"})


@pytest.mark.parametrize(
    ("left", "right"), [(set(), {"Avoided"}), ({1}, {"Avoided"}), ({"Avoided"}, {"Executed"}), ({"Avoided"}, set())]
)
def test_other_sets_are_left_to_pytest(ecs, left, right):
    """Sets without statuses of events get no explanation."""
    _nobody(ecs, None)
    assert ecs._parts.explain_comparison("==", left, right) is None


def test_a_status_is_explained_by_the_event_it_was_read_from(ecs):
    """A comparison with a status names its event, the reason, and the history."""
    event = _nobody(ecs, None)
    history = [
        "  +00:00:00  SystemMaintenance.Reboot on i-web1: Scheduled, NotBefore +1d 00:00:00 (created by the test)",
        "  +1d 00:00:00  Executing: NotBefore reached",
        "  +1d 00:00:01  Executed: execution ended",
    ]
    nobody = "i-web1 was not rebooted before NotBefore, which was +1d 00:00:00; no API was called"
    assert ecs._parts.explain_comparison("==", event.status, "Avoided") == [
        "'Executed' == 'Avoided'",
        f"{event.event_id} is not Avoided: {nobody}",
        *history,
    ]
    assert ecs._parts.explain_comparison("==", "Avoided", event.status) == [
        "'Avoided' == 'Executed'",
        f"{event.event_id} is not Avoided: {nobody}",
        *history,
    ]
    assert ecs._parts.explain_comparison("is", event.status, EventStatus.AVOIDED)[1:] == [
        f"{event.event_id} is not Avoided: {nobody}",
        *history,
    ]
    assert ecs._parts.explain_comparison("in", event.status, ("Avoided", None, "Canceled")) == [
        "'Executed' in ('Avoided', None, 'Canceled')",
        f"{event.event_id} is not Avoided: {nobody}",
        f"{event.event_id} is not Canceled: it was not canceled",
        *history,
    ]
    for statuses in (("Avoided",), (EventStatus.AVOIDED,)):
        assert ecs._parts.explain_comparison("in", event.status, statuses)[1:] == [
            f"{event.event_id} is not Avoided: {nobody}",
            *history,
        ]
    for operator, other in (("!=", "Executed"), ("is not", EventStatus.EXECUTED), ("not in", ["Executed"])):
        assert ecs._parts.explain_comparison(operator, event.status, other)[1:] == [
            f"{event.event_id} is Executed:",
            *history,
        ]


def test_nothing_is_said_of_what_is_not_known(ecs):
    """Comparisons of other values, and of statuses that were not read last, are left to pytest."""
    event = _create(ecs)
    for operator, left, right in (
        ("==", 1, 2),
        ("==", EventStatus.SCHEDULED, "Avoided"),
        ("==", ["Scheduled"], ["Avoided"]),
        ("==", [], []),
        ("==", [EventStatus.SCHEDULED], ["Avoided"]),
    ):
        assert ecs._parts.explain_comparison(operator, left, right) is None
    before = event.status
    ecs.reboot("i-web1")
    for operator, left, right in (
        ("==", before, "Avoided"),
        ("==", event.status, None),
        ("<", event.status, "Avoided"),
        ("in", event.status, "Avoided, Canceled"),
        ("in", event.status, 7),
        ("in", event.status, ()),
        ("==", [event.status], None),
        ("!=", [event.status], [event.status]),
        ("==", [event.status], ["Avoided", "Avoided"]),
        ("==", [change.to_status for change in event.history], ["Scheduled", "Avoidd"]),
        ("==", [event], [event]),
        ("!=", [event], [event]),
        ("==", [event], None),
    ):
        assert ecs._parts.explain_comparison(operator, left, right) is None


def test_a_status_that_is_compared_with_several_is_to_be_looked_for_in_them(ecs):
    """The advice comes first; a status that is one of them needs no other reason."""
    event = _nobody(ecs, None)
    advice = "a status is never equal to a {}: write `in` instead of `{}`"
    assert ecs._parts.explain_comparison("==", event.status, (EventStatus.EXECUTED, EventStatus.AVOIDED)) == [
        "'Executed' == ('Executed', 'Avoided')",
        advice.format("tuple", "=="),
        f"{event.event_id} is not Avoided: i-web1 was not rebooted before NotBefore, which was +1d 00:00:00; no API was called",
        "  +00:00:00  SystemMaintenance.Reboot on i-web1: Scheduled, NotBefore +1d 00:00:00 (created by the test)",
        "  +1d 00:00:00  Executing: NotBefore reached",
        "  +1d 00:00:01  Executed: execution ended",
    ]
    assert ecs._parts.explain_comparison("is", ["Executed"], event.status) == [
        "['Executed'] is 'Executed'",
        advice.format("list", "is"),
    ]
    assert ecs._parts.explain_comparison("<", event.status, ("Avoided",)) is None


def test_lists_of_statuses_are_explained_event_by_event(ecs):
    """Each event without the status at its place is explained; the first one shows its history."""
    ecs.instances.add("i-web2")
    events = [_create(ecs), ecs.create("SystemMaintenance.Reboot", "i-web2", not_before="+1h"), _create(ecs)]
    ecs.reboot("i-web1")
    ecs.advance("2h")
    lines = [
        f"{events[1].event_id} is not Avoided: i-web2 was not rebooted before NotBefore, which was +01:00:00; no API was called",
        f"{events[2].event_id} is not Executed: it was avoided at +00:00:00 (reboot by the test before NotBefore)",
        "  +00:00:00  SystemMaintenance.Reboot on i-web2: Scheduled, NotBefore +01:00:00 (created by the test)",
        "  +01:00:00  Executing: NotBefore reached",
        "  +01:00:01  Executed: execution ended",
    ]
    wanted = ["Avoided", "Avoided", EventStatus.EXECUTED]
    assert ecs._parts.explain_comparison("==", [event.status for event in ecs], wanted)[1:] == lines
    assert ecs._parts.explain_comparison("==", wanted, [event.status for event in ecs])[1:] == lines
    assert ecs._parts.explain_comparison("==", tuple(event.status for event in ecs), ("Avoided",) * 2)[1:] == [
        lines[0],
        *lines[2:],
    ]


def test_a_list_of_an_events_statuses_is_explained_by_its_history(ecs):
    """The statuses of one event are compared step by step."""
    event = _avoided_by_the_test(ecs)
    went = [change.to_status for change in event.history]
    assert ecs._parts.explain_comparison("==", went, ["Scheduled", "Executing"]) == [
        "['Scheduled', 'Avoided'] == ['Scheduled', 'Executing']",
        f"{event.event_id}: Avoided came at +01:00:00 (reboot by the test before NotBefore); not Executing: it was avoided "
        "at +01:00:00 (reboot by the test before NotBefore)",
        "  +00:00:00  SystemMaintenance.Reboot on i-web1: Scheduled, NotBefore +1d 00:00:00 (created by the test)",
        "  +01:00:00  Avoided: reboot by the test before NotBefore",
    ]


def test_lists_of_events_are_explained_by_those_that_are_in_one_of_them(ecs):
    """An event on one side only shows its history; a long comparison is cut."""
    events = [_create(ecs) for _ in range(4)]
    explained = ecs._parts.explain_comparison("==", [], [events[0]])
    assert explained[1:] == [
        f"only on the right: {events[0].event_id}, Scheduled",
        "  +00:00:00  SystemMaintenance.Reboot on i-web1: Scheduled, NotBefore +1d 00:00:00 (created by the test)",
    ]
    explained = ecs._parts.explain_comparison("==", events, events[:0])
    assert len(explained[0]) == 160
    assert explained[0].endswith("...")
    assert [line.split()[-1] for line in explained[1::2]] == ["Scheduled"] * 3


def test_a_status_is_what_it_was(ecs):
    """A status that remembers its event is still a member of its enumeration."""
    status = _avoided_by_the_test(ecs).status
    assert status is EventStatus.AVOIDED
    assert status == "Avoided"
    assert hash(status) == hash("Avoided")
    assert {status: 1}["Avoided"] == 1
    assert (str(status), repr(status), status.is_final) == ("Avoided", "'Avoided'", True)
    assert pickle.loads(pickle.dumps(status)) is copy.deepcopy(status) is status  # noqa: S301


# -- assert_avoided


def _avoided_by_the_test(ecs):
    event = _create(ecs)
    ecs.advance("1h")
    ecs.reboot("i-web1")
    return event


def _message(function, *args, **kwargs):
    with pytest.raises(AssertionError) as error:
        function(*args, **kwargs)
    return str(error.value)


def test_an_avoided_event_passes(ecs, call):
    """Any cause is accepted, or the given one; an event can be passed by its id."""
    event = _avoided(ecs, call)
    ecs.assert_avoided(event)
    ecs.assert_avoided(event.event_id, by="RebootInstance")
    ecs.assert_avoided(_avoided_by_the_test(ecs), by="reboot by the test")
    real = _create(ecs, simulated=False)
    call("RedeployInstance", InstanceId="i-web1")
    ecs.assert_avoided(real, by="RedeployInstance")


def test_an_event_that_is_not_avoided_says_why(ecs):
    """The message has the expected and the actual status, the reason, and the history."""
    event = _nobody(ecs, None)
    assert _message(ecs.assert_avoided, event, by="RebootInstance") == (
        f"expected {event.event_id} to be avoided by RebootInstance, but it is Executed: i-web1 was not rebooted before NotBefore, "
        "which was +1d 00:00:00; no API was called.\n"
        "  +00:00:00  SystemMaintenance.Reboot on i-web1: Scheduled, NotBefore +1d 00:00:00 (created by the test)\n"
        "  +1d 00:00:00  Executing: NotBefore reached\n"
        "  +1d 00:00:01  Executed: execution ended"
    )


def test_an_event_avoided_by_something_else_says_by_what(ecs):
    """It was avoided by another action than the expected one."""
    event = _avoided_by_the_test(ecs)
    assert _message(ecs.assert_avoided, event, by="RebootInstances") == (
        f"expected {event.event_id} to be avoided by RebootInstances, but it was avoided by reboot by the test at +01:00:00.\n"
        "  +00:00:00  SystemMaintenance.Reboot on i-web1: Scheduled, NotBefore +1d 00:00:00 (created by the test)\n"
        "  +01:00:00  Avoided: reboot by the test before NotBefore"
    )


def test_arguments_of_assertions_must_exist(ecs):
    """Unknown ids, causes, statuses and instants are errors with the nearest name."""
    event = _create(ecs)
    with pytest.raises(
        UnknownEventError, match=f"There is no event '{event.event_id[:-1]}'. Did you mean {event.event_id}?"
    ):
        ecs.assert_avoided(event.event_id[:-1])
    with pytest.raises(UnknownEventError):
        ecs.assert_transitions("e-none", [])
    with pytest.raises(BadArgumentError) as error:
        ecs.assert_avoided(event, by="RebotInstance")
    assert str(error.value) == (
        "assert_avoided got by='RebotInstance'. Did you mean RebootInstance? Events are avoided by: RebootInstance, "
        "RebootInstances, reboot by the test, reboot at the console, reboot by a command, reboot by the control API, "
        "RedeployInstance, redeployment by the test, redeployment at the console, redeployment by a command, "
        "redeployment by the control API, RenewInstance, ReActivateInstances, renewal by the test, renewal at the console, "
        "renewal by a command, renewal by the control API."
    )
    for wrong in ("Scheduled", 7):
        with pytest.raises(BadArgumentError) as error:
            ecs.assert_transitions(event, wrong)
        assert str(error.value) == (
            f'assert_transitions got {wrong!r}. Pass a list, such as ["Scheduled", "Executing", "Executed"], or of pairs '
            'with instants, such as [("Scheduled", "+0s"), ("Avoided", "+23h")].'
        )
    with pytest.raises(BadArgumentError) as error:
        ecs.assert_transitions(event, ["Schedled"])
    assert str(error.value) == (
        "assert_transitions got 'Schedled'. Did you mean Scheduled? Statuses are: Inquiring, Scheduled, Executing, "
        "Executed, Avoided, Canceled, Failed."
    )
    with pytest.raises(BadArgumentError, match="the instant of Scheduled is 'noon', which is not an instant"):
        ecs.assert_transitions(event, [("Scheduled", "noon")])


# -- assert_transitions


def test_the_transitions_of_an_event_pass(ecs):
    """Statuses in order, with or without their instants, which count from the start of the clock."""
    event = _nobody(ecs, None)
    ecs.assert_transitions(event, ["Scheduled", "Executing", "Executed"])
    ecs.assert_transitions(event.event_id, (change.to_status for change in event.history))
    ecs.assert_transitions(event, [(change.to_status, change.at) for change in event.history])
    ecs.assert_transitions(event, ["Scheduled", ("Executing", "+24h"), ("Executed", "2030-01-02T00:00:01Z")])


@pytest.mark.parametrize(
    ("expected", "problem"),
    [
        (
            ["Scheduled", "Avoided"],
            "to go Scheduled -> Avoided, but it went Scheduled -> Executing -> Executed: Executing came at +1d 00:00:00 "
            "(NotBefore reached); not Avoided: i-web1 was not rebooted before NotBefore, which was +1d 00:00:00; no API was called",
        ),
        (
            ["Scheduled", ("Executing", "+23h"), "Executed"],
            "to go Scheduled -> Executing at +23:00:00 -> Executed, but it went Scheduled -> Executing -> Executed: "
            "Executing came at +1d 00:00:00 (NotBefore reached)",
        ),
        (
            ["Scheduled", "Executing"],
            "to go Scheduled -> Executing, but it went Scheduled -> Executing -> Executed: it went on to Executed at "
            "+1d 00:00:01 (execution ended)",
        ),
        (
            ["Scheduled", "Executing", "Executed", "Failed"],
            "to go Scheduled -> Executing -> Executed -> Failed, but it went Scheduled -> Executing -> Executed: it is not "
            "Failed: it was created to end Executed",
        ),
        (
            ["Scheduled", "Scheduled"],
            "to go Scheduled -> Scheduled, but it went Scheduled -> Executing -> Executed: Executing came at +1d 00:00:00 "
            "(NotBefore reached); not Scheduled: it takes that status only once",
        ),
        (
            [],
            "to go through no status, but it went Scheduled -> Executing -> Executed: it went on to Scheduled at +00:00:00 "
            "(created by the test)",
        ),
    ],
    ids=["another", "late", "more", "fewer", "again", "none"],
)
def test_other_transitions_show_the_first_difference(ecs, expected, problem):
    """The message has the first step that differs, and why the expected one did not come."""
    event = _nobody(ecs, None)
    assert _message(ecs.assert_transitions, event, expected) == (
        f"expected {event.event_id} {problem}.\n"
        "  +00:00:00  SystemMaintenance.Reboot on i-web1: Scheduled, NotBefore +1d 00:00:00 (created by the test)\n"
        "  +1d 00:00:00  Executing: NotBefore reached\n"
        "  +1d 00:00:01  Executed: execution ended"
    )
