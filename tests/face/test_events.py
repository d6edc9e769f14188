"""Events and instances as tests use them."""

import datetime as dt

import pytest

from pytest_ecsevents import (
    BadArgumentError,
    EcsEvents,
    EcsEventsError,
    EventStatus,
    NoSingleEventError,
    NoSuchNameError,
    UnknownRegionWarning,
)


@pytest.fixture
def ecs():
    """A cloud with two instances in Beijing."""
    with EcsEvents("2018-08-22T10:39:49Z", region_id="cn-beijing", seed="events") as ecs_events:
        ecs_events.instances.add("i-web1")
        ecs_events.instances.add("i-web2", tags={"role": "web"})
        yield ecs_events


def test_an_event_and_an_instance_are_one_object_each(ecs):
    """Every access returns the same object, so `is` and `in` work."""
    changes = []
    ecs.on_change(changes.append)
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs.reboot("i-web1")
    assert event is ecs[event.event_id]
    assert [event] == [*ecs] == ecs.where(instance_id="i-web1")
    assert all(change.event is event for change in (*event.history, changes[0]))
    assert changes[-1].instance is ecs.instances["i-web1"]
    assert ecs.instances.add("i-web1") is ecs.instances["i-web1"]


def test_a_new_event_says_everything_about_itself(ecs):
    """It has every documented attribute; times are aware and in UTC."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="2018-09-01T00:00:00Z")
    assert event.event_id.startswith("e-2ze")
    assert len(event.event_id) == 22
    assert event.event_type == "SystemMaintenance.Reboot"
    assert event.instance_id == "i-web1"
    assert event.region_id == "cn-beijing"
    assert event.account_id == "1000000000000001"
    assert event.status == "Scheduled"
    assert event.status is EventStatus.SCHEDULED
    assert f"{event.status}" == "Scheduled"
    assert not event.status.is_final
    assert event.publish_time == ecs.now
    assert event.not_before == dt.datetime(2018, 9, 1, tzinfo=dt.timezone.utc)
    assert event.finish_time is None
    assert event.reason == "A simulated event."
    assert event.simulated is True
    assert [(change.from_status, str(change.to_status), change.cause) for change in event.history] == [
        (None, "Scheduled", "created by the test")
    ]


def test_an_event_shows_its_state_in_its_repr(ecs):
    """A failing assertion on an event shows its type, instance, status and reason."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    assert repr(event) == (
        f"<SystemEvent {event.event_id} SystemMaintenance.Reboot on i-web1: Scheduled, due 2018-08-22T11:39:49Z>"
    )
    ecs.reboot("i-web1")
    assert repr(event) == (
        f"<SystemEvent {event.event_id} SystemMaintenance.Reboot on i-web1: Avoided at 2018-08-22T10:39:49Z: "
        "reboot by the test before NotBefore>"
    )
    assert repr(event.history[1]) == (
        f"<Transition {event.event_id} Scheduled -> Avoided at 2018-08-22T10:39:49Z: reboot by the test before NotBefore>"
    )
    assert repr(event.history[0]) == (
        f"<Transition {event.event_id} published -> Scheduled at 2018-08-22T10:39:49Z: created by the test>"
    )
    inquiring = ecs.create("SystemMaintenance.Redeploy", "i-web1", simulated=False, status="Inquiring")
    assert repr(inquiring) == f"<SystemEvent {inquiring.event_id} SystemMaintenance.Redeploy on i-web1: Inquiring>"
    assert repr(ecs.instances["i-web1"]) == "<Instance i-web1 in cn-beijing: Running>"
    assert repr(ecs) == "<EcsEvents at 2018-08-22T10:39:49Z: 2 events, 2 instances, 0 calls>"


def test_the_same_test_has_the_same_ids_on_every_run():
    """Ids come from one seeded source: the same seed gives the same ids, another seed others."""

    def ids(seed):
        with EcsEvents(seed=seed) as ecs_events:
            instance = ecs_events.instances.add()
            return instance.instance_id, ecs_events.create(
                "SystemMaintenance.Reboot", instance.instance_id, not_before="+1h"
            ).event_id

    assert ids("a") == ids("a")
    assert ids("a") != ids("b")


def test_events_are_iterated_and_counted_in_order_of_creation(ecs):
    """Iteration, len, in and lookup by id see every event."""
    events = [ecs.create("SystemMaintenance.Reboot", name, not_before="+1h") for name in ("i-web2", "i-web1")]
    assert list(ecs) == events
    assert len(ecs) == 2
    assert ecs[events[1].event_id] is events[1]
    assert events[0] in ecs
    assert events[0].event_id in ecs
    assert "e-none" not in ecs


def test_an_empty_cloud_is_true():
    """A fixture without events is not false."""
    with EcsEvents() as ecs_events:
        assert ecs_events
        assert len(ecs_events) == 0


def test_where_and_one_filter_by_any_attribute(ecs):
    """Filters combine, and compare statuses with their names."""
    first = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    second = ecs.create("SystemMaintenance.Stop", "i-web1", not_before="+2h")
    ecs.cancel(second)
    assert ecs.where() == [first, second]
    assert ecs.where(instance_id="i-web1", status="Canceled") == [second]
    assert ecs.one(status=EventStatus.SCHEDULED) is first
    assert ecs.where(status="Avoided") == []


def test_one_lists_what_is_there_when_there_is_not_one(ecs):
    """No match, and several matches, are errors that list the events."""
    with pytest.raises(NoSingleEventError) as none:
        ecs.one()
    assert "exactly one event, found 0 (no filter given)" in str(none.value)
    first = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    second = ecs.create("SystemMaintenance.Stop", "i-web1", not_before="+2h")
    with pytest.raises(LookupError) as many:
        ecs.one(instance_id="i-web1")
    assert str(many.value) == (
        f"expected exactly one event, found 2 (instance_id='i-web1'). They are:\n  - {first!r}\n  - {second!r}"
    )
    with pytest.raises(NoSingleEventError) as other:
        ecs.one(status="Avoided")
    assert "found 0 (status='Avoided')" in str(other.value)
    assert str(other.value).endswith(f"\n  - {first!r}\n  - {second!r}")


def test_where_refuses_an_attribute_that_events_do_not_have(ecs):
    """A misspelt filter raises an error with the nearest name instead of returning an empty list."""
    with pytest.raises(BadArgumentError) as error:
        ecs.where(state="Avoided")
    assert "no attribute 'state'. Did you mean status?" in str(error.value)
    names = str(error.value).rpartition(": ")[2].rstrip(".").split(", ")
    assert set(names) == {
        *("event_id", "event_type", "instance_id", "region_id", "account_id", "status", "publish_time", "not_before"),
        *("finish_time", "reason", "simulated", "outcome", "disk_id"),
    }


def test_where_refuses_a_value_that_no_event_can_have(ecs):
    """A misspelt status or type is an error, because an empty list would prove nothing."""
    with pytest.raises(BadArgumentError) as status:
        ecs.where(status="Avoidet")
    assert str(status.value) == (
        "No event can have status='Avoidet'. Did you mean Avoided? It is one of: Inquiring, Scheduled, Executing, "
        "Executed, Avoided, Canceled, Failed."
    )
    with pytest.raises(
        BadArgumentError, match=r"^No event can have event_type='SystemMaintenance.Rebot'. Did you mean"
    ):
        ecs.one(event_type="SystemMaintenance.Rebot")


@pytest.mark.parametrize(
    ("kwargs", "sentence"),
    [
        (
            {"event_type": "SystemMaintenance.Rebot", "not_before": "+1h"},
            "event_type is 'SystemMaintenance.Rebot', which is no event type. Did you mean SystemMaintenance.Reboot? "
            "Allowed are: SystemMaintenance.Reboot, SystemMaintenance.Stop, SystemMaintenance.Redeploy, "
            "SystemFailure.Reboot, SystemFailure.Stop, SystemFailure.Redeploy, InstanceFailure.Reboot.",
        ),
        (
            {"event_type": "SystemFailure.Delete", "not_before": "+1h"},
            "event_type is 'SystemFailure.Delete', which cannot be simulated; pass simulated=False for a real one. "
            "Allowed are: SystemMaintenance.Reboot, SystemMaintenance.Stop, SystemMaintenance.Redeploy, "
            "SystemFailure.Reboot, SystemFailure.Stop, SystemFailure.Redeploy, InstanceFailure.Reboot.",
        ),
        (
            {"not_before": "2018-08-22T10:39:48Z"},
            "not_before is 2018-08-22T10:39:48Z, 1s before the clock's now, 2018-08-22T10:39:49Z. Pass a later instant, "
            "or start earlier with @pytest.mark.ecs_clock(start=...).",
        ),
        (
            {"not_before": "2018-09-01"},
            "not_before is '2018-09-01', which has no time zone, so its meaning would depend on the zone of the "
            "machine. Add "
            'one: "2018-09-01T00:00:00Z", or tzinfo=timezone.utc.',
        ),
        (
            {"not_before": "+1h", "status": "Inquiring"},
            "A simulated SystemMaintenance.Reboot event cannot have the first status 'Inquiring'. Pass one of: Scheduled.",
        ),
        (
            {"not_before": "+1h", "status": "Inquiring", "simulated": False},
            "An Inquiring event has no NotBefore: it waits until it is accepted. Leave not_before out.",
        ),
        (
            {"not_before": "+1h", "outcome": "Failed"},
            "A simulated SystemMaintenance.Reboot event cannot end 'Failed'. Pass one of: Executed.",
        ),
        (
            {"not_before": "+1h", "outcome": "Fail", "simulated": False},
            "A real SystemMaintenance.Reboot event cannot end 'Fail'. Pass one of: Executed, Failed. "
            "Did you mean Failed?",
        ),
    ],
    ids=[
        "unknown type",
        "not simulatable",
        "in the past",
        "naive",
        "status",
        "inquiring with a time",
        "outcome of a simulated one",
        "misspelt outcome",
    ],
)
def test_an_event_that_cannot_be_is_refused_in_a_sentence(ecs, kwargs, sentence):
    """The message has the invalid value, the allowed ones and the nearest; no event is created."""
    with pytest.raises(BadArgumentError) as error:
        ecs.create(**{"event_type": "SystemMaintenance.Reboot", "instance_id": "i-web1", **kwargs})
    assert str(error.value) == sentence
    assert len(ecs) == 0


def test_what_is_no_id_of_an_instance_is_refused(ecs):
    """A list is refused in a sentence."""
    with pytest.raises(BadArgumentError, match=r"got \['i-web1'\] for an instance. Pass one id"):
        ecs.reboot(["i-web1"])


def test_an_unknown_instance_is_named_with_the_nearest(ecs):
    """The error for a misspelt instance id has the nearest one, and how to declare it."""
    with pytest.raises(NoSuchNameError) as error:
        ecs.reboot("i-wbe1")
    assert str(error.value) == (
        "There is no instance 'i-wbe1'. Did you mean i-web1? Declared are: i-web1, i-web2. Add it with "
        '@pytest.mark.ecs_instance("i-wbe1") or ecs_events.instances.add("i-wbe1").'
    )
    with pytest.raises(KeyError):
        ecs.instances["i-wbe1"]


def test_an_event_on_an_instance_that_is_not_declared_adds_it(ecs):
    """As with the marker, its region is the one in the id."""
    event = ecs.create("SystemMaintenance.Reboot", "i-bp1new", not_before="+1h")
    assert event.region_id == ecs.instances["i-bp1new"].region_id == "cn-hangzhou"
    ecs.release("i-bp1new")
    with pytest.raises(NoSuchNameError, match="i-bp1new has been released"):
        ecs.create("SystemMaintenance.Reboot", "i-bp1new", not_before="+1h")


@pytest.mark.parametrize(
    ("arguments", "hours"),
    [
        ({"event_type": "SystemMaintenance.Reboot"}, 24),
        ({"event_type": "SystemMaintenance.Reboot", "simulated": False}, 24),
        ({"event_type": "SystemFailure.Reboot"}, 24),
        ({"event_type": "SystemFailure.Reboot", "simulated": False}, 0),
        ({"event_type": "SystemMaintenance.Redeploy", "simulated": False, "status": "Inquiring"}, None),
    ],
)
def test_an_event_without_a_time_is_planned_as_the_markers_is(ecs, arguments, hours):
    """It is due in a day; a real failure runs at once, and an Inquiring event has no time."""
    expected = None if hours is None else ecs.now + dt.timedelta(hours=hours)
    assert ecs.create(instance_id="i-web1", **arguments).not_before == expected


def test_an_unknown_region_is_a_warning_with_the_nearest():
    """An unknown region of a setting or an instance is used, because new regions open; known ones give no warning."""
    with pytest.warns(UnknownRegionWarning, match="'cn-hangzou', which is no known region. Did you mean cn-hangzhou?"):
        ecs_events = EcsEvents(region_id="cn-hangzou")
    with ecs_events:
        assert ecs_events.instances.add("i-web1").region_id == "cn-hangzou"
        with pytest.warns(UnknownRegionWarning, match="Did you mean cn-beijing?"):
            assert ecs_events.instances.add("i-web2", region_id="cn-bejing").region_id == "cn-bejing"
        assert ecs_events.instances.add("i-web3", region_id="cn-fuzhou").region_id == "cn-fuzhou"


def test_an_unknown_event_is_named_with_the_nearest(ecs):
    """The error for a misspelt event id has the nearest one."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    with pytest.raises(KeyError) as error:
        ecs[event.event_id[:-1]]
    assert str(error.value) == (
        f"There is no event '{event.event_id[:-1]}'. Did you mean {event.event_id}? Events are: {event.event_id}."
    )


def test_now_is_an_allowed_not_before(ecs):
    """An event planned for now executes at once."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before=ecs.now)
    assert event.status == "Executing"


def test_instances_are_a_mapping(ecs):
    """Instances can be looked up by id, counted and iterated in order of declaration."""
    assert list(ecs.instances) == ["i-web1", "i-web2"]
    assert len(ecs.instances) == 2
    assert "i-web1" in ecs.instances
    assert dict(ecs.instances["i-web2"].tags) == {"role": "web"}
    assert ecs.instances["i-web1"].status == "Running"


@pytest.mark.parametrize(
    ("instance_id", "region_id"),
    [
        ("i-2zegswzznxbp168sc5c9", "cn-beijing"),
        ("i-bp1h4adlltjc1d48goaq", "cn-hangzhou"),
        ("i-web1", "cn-hangzhou"),
    ],
)
def test_the_region_follows_from_the_id(instance_id, region_id):
    """The prefix of a full id selects the region; the setting is the default."""
    with EcsEvents() as ecs_events:
        assert ecs_events.instances.add(instance_id).region_id == region_id


def test_a_made_up_id_has_the_prefix_of_its_region():
    """An omitted id is generated in the service's format; unknown regions get a prefix of their own."""
    with EcsEvents() as ecs_events:
        assert ecs_events.instances.add(region_id="cn-beijing").instance_id.startswith("i-2ze")
        with pytest.warns(UnknownRegionWarning, match="'moon-1', which is no known region. It is used"):
            moon = ecs_events.instances.add(region_id="moon-1")
        assert len(moon.instance_id) == 22
        assert ecs_events.instances.add(region_id="moon-1").instance_id[:5] == moon.instance_id[:5]


def test_declaring_an_instance_again_the_same_way_changes_nothing(ecs):
    """The second declaration returns the first instance."""
    assert ecs.instances.add("i-web2", tags={"role": "web"}) is ecs.instances["i-web2"]


@pytest.mark.parametrize(
    ("kwargs", "sentence"),
    [
        (
            {"tags": {"role": "db"}},
            "instances.add declares i-web2 with tags={'role': 'db'}, but it was declared with tags={'role': 'web'}. "
            "Declare it once.",
        ),
        (
            {"tags": {"role": "web"}, "region_id": "cn-hangzhou"},
            "instances.add declares i-web2 with region_id='cn-hangzhou', but it was declared with "
            "region_id='cn-beijing'. Declare it once.",
        ),
        (
            {"tags": {"role": "web"}, "status": "Stopped"},
            "instances.add declares i-web2 with status='Stopped', but it was declared with status='Running'. "
            "Declare it once.",
        ),
        (
            {"status": "Stoped"},
            "instances.add got status='Stoped'. Pass one of: Running, Stopped. Did you mean Stopped?",
        ),
        ({"tags": ["web"]}, 'instances.add got tags=[\'web\']. Pass a dict of texts, such as {"role": "web"}.'),
        ({"cpu": "4"}, "instances.add got cpu='4'. Pass a whole number."),
        ({"io_optimized": 1}, "instances.add got io_optimized=1. Pass True or False."),
        ({"spot_price_limit": "0.5"}, "instances.add got spot_price_limit='0.5'. Pass a number."),
        ({"zone_id": 3}, "instances.add got zone_id=3. Pass text."),
        ({"security_group_ids": "sg-1"}, "instances.add got security_group_ids='sg-1'. Pass a list of texts."),
        (
            {"operation_locks": ["secure"]},
            "instances.add got operation_locks='secure'. Pass one of: financial, security, Recycling, "
            "dedicatedhostfinancial, refunded. Did you mean security?",
        ),
        (
            {"health_status": "OK"},
            "instances.add got health_status='OK'. Pass one of: Ok, Impaired, Warning, Maintaining, Initializing, "
            "InsufficientData, NotApplicable. Did you mean Ok?",
        ),
    ],
)
def test_an_instance_that_cannot_be_is_refused_in_a_sentence(ecs, kwargs, sentence):
    """The message has the contradiction or the invalid value, and the allowed ones."""
    with pytest.raises(BadArgumentError) as error:
        ecs.instances.add("i-web2", **kwargs)
    assert str(error.value) == sentence


def test_an_attribute_that_no_instance_has_is_refused_with_the_nearest(ecs):
    """The error for a misspelt attribute lists all attributes."""
    with pytest.raises(BadArgumentError) as error:
        ecs.instances.add("i-web3", instance_nam="web3")
    assert str(error.value).startswith(
        "instances.add got instance_nam='web3', which no instance has. Did you mean instance_name? "
        "Attributes are: instance_name, host_name, "
    )


def test_a_locked_instance_refuses_operations(ecs):
    """A security lock and arrears each refuse a reboot with a message."""
    ecs.instances.add("i-bad", operation_locks=["security"])
    ecs.instances.add("i-poor", operation_locks=["financial"])
    with pytest.raises(EcsEventsError) as locked:
        ecs.reboot("i-bad")
    assert str(locked.value) == "i-bad is locked for security reasons; a reboot is refused."
    with pytest.raises(EcsEventsError) as poor:
        ecs.stop("i-poor")
    assert str(poor.value) == "i-poor is locked because of arrears; a stop is refused."


def test_outside_its_block_nothing_works_but_reading(ecs):
    """Before and after the block every operation is refused with a message; events and timeline stay readable."""
    sentence = (
        "EcsEvents works only inside its with block: outside it, clock and network are the real ones. Write `with "
        "EcsEvents(...) as ecs_events:`. Only events and timeline() can be read afterwards."
    )
    outside = EcsEvents("2020-01-01T00:00:00Z")
    assert outside.now.isoformat() == "2020-01-01T00:00:00+00:00"
    for operation in (
        lambda: outside.instances.add("i-web1"),
        lambda: outside.advance("1h"),
        lambda: outside.cancel("e-1"),
    ):
        with pytest.raises(EcsEventsError) as error:
            operation()
        if not isinstance(error.value, NoSuchNameError):
            assert str(error.value) == sentence


def test_events_stand_still_after_the_block():
    """Work due after the end of the block never happens, whatever the real clock shows."""
    with EcsEvents("2018-01-01T00:00:00Z") as ecs_events:
        ecs_events.instances.add("i-web1")
        event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
        ecs_events.advance("30m")
    assert event.status == "Scheduled"
    assert ecs_events.now.isoformat() == "2018-01-01T00:30:00+00:00"
    with pytest.raises(EcsEventsError):
        ecs_events.reboot("i-web1")


def test_an_instance_serves_where_its_id_does(ecs):
    """Create and the operations accept the instance itself too."""
    instance = ecs.instances["i-web1"]
    event = ecs.create("SystemMaintenance.Reboot", instance, not_before="+1h")
    ecs.reboot(instance)
    assert event.status == "Avoided"


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (
            lambda ecs: ecs.create("SystemMaintenance.Reboot", ["i-web1"], not_before="+1h"),
            "create got ['i-web1'] for an instance. Pass one id, such as \"i-web1\".",
        ),
        (
            lambda ecs: ecs.instances.add(5),
            'instances.add got 5 for an instance. Pass one id, such as "i-web1".',
        ),
        (
            lambda ecs: ecs.instances.add(""),
            "instances.add got '' for an instance. Pass one id, such as \"i-web1\".",
        ),
        (
            lambda ecs: ecs.instances.add("i-\ud800"),
            "instances.add got 'i-\\ud800' for an instance, which UTF-8 cannot encode. Pass one id, such as \"i-web1\".",
        ),
        (
            lambda ecs: ecs.instances.add("i-web9", region_id=5),
            'region_id is 5. Pass a text, such as "cn-hangzhou".',
        ),
        (
            lambda ecs: ecs.create("SystemMaintenance.Reboot", "i-web1", reason=5),
            "reason is 5. Pass a text.",
        ),
        (
            lambda ecs: ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h", simulated="no"),
            "simulated is 'no'. Pass True or False.",
        ),
        (
            lambda ecs: ecs.on_change("x"),
            "on_change got 'x'. Pass a function that takes one transition.",
        ),
        (
            lambda ecs: setattr(ecs, "strict", "fault"),
            "strict is 'fault'. Pass true or false, or some of the checks: calls, faults, stubs, receivers, threads, "
            "portability; true has all but portability. Did "
            "you mean faults?",
        ),
        (
            lambda ecs: ecs.assert_called("RebootInstance", times="1"),
            "assert_called got times='1'. Pass a whole number, or leave it out.",
        ),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_with_a_message(ecs, act, sentence):
    """No internal Python error: the message has the value, and what to pass."""
    with pytest.raises(BadArgumentError) as error:
        act(ecs)
    assert str(error.value) == sentence


def test_accounts_may_be_given_as_numbers(ecs, call):
    """An account id can be a number or a text."""
    ecs.instances.add("i-web3", account_id=222, region_id="cn-hangzhou")
    ecs.access_keys["ak"] = 222
    assert ecs.instances["i-web3"].account_id == "222"
    assert call("DescribeInstanceStatus")["TotalCount"] == 1


def test_where_reads_instants_as_users_write_them(ecs):
    """Times in a filter have the same forms as in create."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="2018-09-01T00:00:00Z")
    assert ecs.where(not_before="2018-09-01T00:00:00Z", finish_time=None) == [event]
    assert ecs.where(not_before=event.not_before) == [event]


def test_a_receiver_gets_changes_until_it_is_removed(ecs):
    """on_change passes changes of events and instances; the function it returns ends that."""
    heard = []
    end = ecs.on_change(heard.append)
    ecs.reboot("i-web1")
    end()
    ecs.reboot("i-web1")
    assert [(change.instance.instance_id, str(change.to_status), change.at) for change in heard] == [
        ("i-web1", "Stopping", ecs.now),
        ("i-web1", "Starting", ecs.now),
        ("i-web1", "Running", ecs.now),
    ]


def test_a_receiver_may_query_the_cloud_while_it_is_called(ecs):
    """A receiver that reads an event during an operation gets each change once and in order."""
    heard = []
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs.on_change(lambda change: heard.append((type(change).__name__, str(change.to_status), str(event.status))))
    ecs.reboot("i-web1")
    assert heard == [
        ("Transition", "Avoided", "Avoided"),
        ("InstanceTransition", "Stopping", "Avoided"),
        ("InstanceTransition", "Starting", "Avoided"),
        ("InstanceTransition", "Running", "Avoided"),
    ]
