"""CloudMonitor's notifications, compared with the documented examples."""

import re
import uuid

import printed
import pytest

from pytest_ecsevents import BadArgumentError, EcsEvents, EcsEventsError, NotPreemptibleError, UnpublishedTypeWarning
from pytest_ecsevents.services.ecs._catalogue import EVENT_TYPES

ROWS = [tuple(line.split(",")) for line in (*printed.NAMES.splitlines(), *printed.LATER.splitlines())]
INSTANCE, ACCOUNT = "i-bp1ecr5go2go", "1690700000000030"


@pytest.fixture
def ecs():
    """The cloud of the documented examples."""
    with EcsEvents("2019-04-09T04:18:26.922Z", region_id="cn-hangzhou", account_id=ACCOUNT, seed="push") as ecs_events:
        ecs_events.instances.add(
            INSTANCE,
            instance_name="ecs-instance-name",
            spot_strategy="SpotAsPriceGo",
            disks=[{"disk_id": "d-t4ndyqven4ds", "device": "/dev/xvdb"}],
        )
        ecs_events.notifications_before = len(ecs_events.notifications)
        yield ecs_events


def since(ecs):
    """Return what was sent since the instance was created."""
    return ecs.notifications[ecs.notifications_before :]


def shape(value):
    """Return a value in which all digits, and all letters of ids, are equal."""
    return re.sub(r"\d", "0", value) if isinstance(value, str) else {key: shape(one) for key, one in value.items()}


def test_each_published_name_has_its_type_status_and_level(ecs):
    """The catalogue equals the published one, row by row."""
    for name, event_type, status, level, source in ROWS:
        known = ecs.notification_names[name]
        assert (known.event_type, known.status, known.level) == (event_type.replace("(empty)", ""), status, level)
        assert ("appendix" in known.evidence) is ("S5" in source), name
        assert ("DescribeSystemEventMetaList" in known.evidence) is ("S6" in source), name


def test_there_are_as_many_names_as_were_published(ecs):
    """The catalogue has no invented name."""
    assert len(ecs.notification_names) == len(ROWS) == 115
    assert sorted(ecs.notification_names) == sorted(row[0] for row in ROWS)


def test_the_notification_of_a_scheduled_event_equals_the_example(ecs):
    """Keys, kinds of values and both zones are those of the example."""
    event = ecs.create("SystemMaintenance.Reboot", INSTANCE, not_before="2019-04-12T01:01:01Z")
    (sent,) = since(ecs)
    content = printed.ENVELOPE["content"] | {"eventId": event.event_id}
    assert sent["content"] == content
    assert {key: sent[key] for key in printed.ENVELOPE} == printed.ENVELOPE | {
        "id": sent["id"],
        "content": content,
    }
    assert sent["id"] == str(uuid.UUID(sent["id"])).upper()


def test_the_whole_form_has_the_keys_of_every_sample(ecs):
    """It is the union of the keys of the samples, with the status that older readers compare."""
    ecs.create("SystemMaintenance.Reboot", INSTANCE, not_before="+24h")
    (sent,) = since(ecs)
    assert set(sent) == printed.CALLBACK_KEYS | printed.TEST_PAYLOAD_KEYS | set(printed.ENVELOPE)
    assert (sent["status"], sent["eventType"], sent["instanceName"], sent["groupId"]) == (
        "Scheduled",
        "Maintenance",
        "ecs-instance-name",
        "0",
    )


def test_a_reboot_in_time_is_sent_as_avoided(ecs):
    """Both times are the instant of the reboot, as in the example; the name has the true status."""
    ecs.create("SystemMaintenance.Reboot", INSTANCE, not_before="2019-04-12T01:01:01Z")
    ecs.advance_to("2019-04-10T08:01:01Z")
    ecs.reboot(INSTANCE)
    avoided = since(ecs)[1]
    assert avoided["name"] == "Instance:SystemMaintenance.Reboot:Avoided"
    assert avoided["content"] == printed.AVOIDED | {"eventId": avoided["content"]["eventId"]}


def test_each_change_of_an_event_is_sent_at_its_instant(ecs):
    """One notification for each transition, in order; each has its own id and contains the event's id."""
    event = ecs.create("SystemMaintenance.Reboot", INSTANCE, not_before="+1h", simulated=False)
    ecs.advance("2h")
    sent = [(one["eventTime"], one["name"].rpartition(":")[2], one["content"].get("state")) for one in since(ecs)]
    assert sent == [
        ("20190409T121826.922+0800", "Scheduled", None),
        ("20190409T131826.922+0800", "Executing", None),
        ("20190409T131826.922+0800", "StateChange", "Stopping"),
        ("20190409T131826.922+0800", "StateChange", "Starting"),
        ("20190409T131826.922+0800", "StateChange", "Running"),
        ("20190409T131827.922+0800", "Executed", None),
    ]
    assert len({one["id"] for one in since(ecs)}) == 6
    assert {one["content"].get("eventId") for one in since(ecs)} == {event.event_id, None}


def test_times_appear_once_the_event_runs_and_not_before_for_maintenance_only(ecs):
    """From Executing on there is executeStartTime, at the end executeFinishTime; notBefore is for maintenance only."""
    ecs.create("SystemFailure.Reboot", INSTANCE, not_before="+10m")
    ecs.advance("1h")
    executing, executed = (one["content"] for one in since(ecs))
    always = {"eventId", "publishTime", "instanceId", "eventType", "eventStatus"}
    assert set(executing) == always | {"executeStartTime"}
    assert set(executed) == always | {"executeStartTime", "executeFinishTime"}
    assert executing["executeStartTime"] == executed["executeStartTime"] == "2019-04-09T04:18:26Z"
    assert executed["executeFinishTime"] == "2019-04-09T04:28:26Z"


@pytest.mark.parametrize("end", ["Canceled", "Failed"])
def test_other_ends_have_both_times(ecs, end):
    """Canceled has them according to the documentation; Failed is a guess."""
    if end == "Canceled":
        ecs.cancel(ecs.create("SystemMaintenance.Reboot", INSTANCE, not_before="+1h"))
    else:
        ecs.create("SystemMaintenance.Reboot", INSTANCE, not_before="+1h", simulated=False, outcome="Failed")
    ecs.advance("2h")
    ended = [one for one in since(ecs) if one["name"].startswith("Instance:SystemMaintenance.Reboot:")][-1]
    assert ended["name"].endswith(f":{end}")
    assert {"executeStartTime", "executeFinishTime"} < set(ended["content"])


def test_a_disk_event_has_the_content_of_its_example(ecs):
    """The key of the instance is ecsInstanceId, and the ARN is that of the disk."""
    ecs.advance_to("2019-04-10T01:01:01Z")
    event = ecs.create("Stalled", INSTANCE, simulated=False, disk_id="d-t4ndyqven4ds", executing_for="2m")
    ecs.advance("1h")
    start, end = since(ecs)
    content = printed.DISK | {"eventId": event.event_id}
    assert (start["name"], start["content"]) == ("Disk:Stalled:Executing", content)
    assert start["resourceId"] == f"acs:ecs:cn-hangzhou:{ACCOUNT}:disk/d-t4ndyqven4ds"
    assert (end["name"], end["content"]) == (
        "Disk:Stalled:Executed",
        content | {"executeFinishTime": "2019-04-10T01:03:01Z"},
    )


def test_each_state_change_is_sent_from_creation_to_release(ecs):
    """A new instance is Created; a released one is Deleted, with the content of real deliveries."""
    ecs.instances.add(
        "i-j6c9pagb27uzlikj",
        instance_name="web",
        instance_type="ecs.c6.large",
        private_ip_addresses=["10.48.0.1"],
        region_id="cn-hongkong",
    )
    ecs.stop("i-j6c9pagb27uzlikj")
    ecs.start("i-j6c9pagb27uzlikj")
    ecs.release("i-j6c9pagb27uzlikj")
    *others, deleted = since(ecs)
    states = ["Stopping", "Stopped", "Starting", "Running"]
    assert [one["content"]["state"] for one in others][-4:] == states
    assert (deleted["name"], deleted["level"], deleted["status"]) == ("Instance:StateChange", "INFO", "Normal")
    assert deleted["content"] == printed.STATE
    assert deleted["resourceId"] == f"acs:ecs:cn-hongkong:{ACCOUNT}:instance/i-j6c9pagb27uzlikj"


def test_a_preemptible_instance_is_notified_five_minutes_before_its_release(ecs, call):
    """The lock is visible in between; then the instance is gone."""
    ecs.interrupt(INSTANCE)
    (sent,) = since(ecs)
    assert sent["name"] == "Instance:PreemptibleInstanceInterruption"
    assert sent["level"] == "WARN"
    assert sent["content"] == {"instanceId": INSTANCE, "action": "delete"}
    locks = call("DescribeInstances", InstanceIds=f'["{INSTANCE}"]')["Instances"]["Instance"][0]["OperationLocks"]
    assert locks == {"LockReason": [{"LockReason": "Recycling"}]}
    ecs.advance(minutes=4, seconds=59)
    assert INSTANCE in ecs.instances
    ecs.advance("1s")
    assert INSTANCE not in ecs.instances
    assert since(ecs)[-1]["content"]["state"] == "Deleted"
    assert "i-bp1ecr5go2go  reclaimed at 2019-04-09T04:23:26Z: reclaimed by the test" in ecs.timeline()
    assert "Running -> released: PreemptibleInstanceInterruption" in ecs.timeline()


def test_an_instance_is_reclaimed_once_and_may_be_released_before(ecs):
    """A second announcement changes nothing; work that is due for a released instance does nothing."""
    ecs.interrupt(INSTANCE)
    ecs.advance("1m")
    ecs.interrupt(INSTANCE)
    assert len(since(ecs)) == 1
    ecs.release(INSTANCE)
    ecs.advance("1h")
    assert [one["name"] for one in since(ecs)] == [
        "Instance:PreemptibleInstanceInterruption",
        "Instance:StateChange",
    ]


def test_only_a_preemptible_instance_is_reclaimed(ecs):
    """For other instances the error says how to declare a preemptible one."""
    ecs.instances.add("i-web1")
    with pytest.raises(NotPreemptibleError) as error:
        ecs.interrupt("i-web1")
    assert str(error.value) == (
        'i-web1 is no preemptible instance. Declare it with spot_strategy="SpotAsPriceGo", or "SpotWithPriceLimit".'
    )


@pytest.mark.parametrize("name", printed.CONTENTS)
def test_what_is_no_system_event_is_announced_as_its_example_has_it(ecs, name):
    """The keys and the kind of each value are those of the example."""
    sent = ecs.announce(name, INSTANCE)
    example = printed.CONTENTS[name]
    assert set(sent["content"]) == set(example)
    for key, value in example.items():
        if re.fullmatch(r"[-\d]+T[:\d]+Z", str(value)):
            assert shape(sent["content"][key]) == shape(value)
        elif key.endswith("Id"):
            assert sent["content"][key].partition("-")[0] == value.partition("-")[0]
        else:
            assert sent["content"][key] == value
    word, prefix = {"Instance": ("instance", "i"), "NetworkInterface": ("eni", "eni")}.get(
        kind := name.partition(":")[0], (kind.lower(), kind[0].lower())
    )
    assert sent["resourceId"].rpartition(":")[2].startswith(f"{word}/{prefix}-")
    assert since(ecs) == [sent]


def test_a_state_change_can_be_announced_without_any(ecs):
    """It has the status of the instance."""
    assert ecs.announce("Instance:StateChange", INSTANCE)["content"]["state"] == "Running"


def test_what_differs_from_the_example_is_said(ecs):
    """A failed disk operation is a warning by default; any other level is passed."""
    done = ecs.announce("Disk:DiskOperationCompleted", INSTANCE, {"diskId": "d-9"})
    failed = ecs.announce("Disk:DiskOperationCompleted", INSTANCE, {"result": "failed"})
    spot = ecs.announce("Instance:PreemptibleInstanceInterruption", INSTANCE, level="INFO")
    snapshot = ecs.announce("Snapshot:CreateSnapshotCompleted", INSTANCE, resource="snapshot/s-own")
    assert (done["level"], done["content"]["diskId"]) == ("INFO", "d-9")
    assert done["resourceId"].endswith(":disk/d-9")
    assert (failed["level"], failed["content"]["result"]) == ("WARN", "failed")
    assert spot["level"] == "INFO"
    assert snapshot["resourceId"].endswith(":snapshot/s-own")


def test_names_are_added_and_replaced_by_the_test(ecs):
    """A name that was published later can be announced; the cloud uses a row that the test replaced."""
    names = ecs.notification_names
    names.add("Instance:SomethingLater", level="INFO")
    sent = ecs.announce("Instance:SomethingLater", INSTANCE, {"whatever": ["it", "says"]})
    assert (sent["level"], sent["status"], sent["eventType"]) == ("INFO", "Normal", "StatusNotification")
    assert sent["content"] == {"whatever": ["it", "says"]}
    assert len(names) == 116
    names.add("Instance:PreemptibleInstanceInterruption", level="INFO")
    assert len(names) == 116
    ecs.interrupt(INSTANCE)
    assert since(ecs)[-1]["level"] == "INFO"
    assert ecs.announce("Instance:PreemptibleInstanceInterruption", INSTANCE, {"own": 1})["content"] == {
        "instanceId": INSTANCE,
        "action": "delete",
        "own": 1,
    }
    with EcsEvents() as another:
        assert len(another.notification_names) == 115


@pytest.mark.parametrize("code", sorted(EVENT_TYPES))
def test_every_event_type_is_named_by_the_grammar_of_names(ecs, code):
    """This includes a type whose name is in no table."""
    row = EVENT_TYPES[code]
    disk = {"disk_id": "d-t4ndyqven4ds"} if row.is_of_disk else {}
    due = {"not_before": "+1h"} if "Scheduled" in row.statuses else {}
    event = ecs.create(code, INSTANCE, simulated=False, **due, **disk)
    kind = "Disk" if row.is_of_disk else "Instance"
    sent = since(ecs)[0]
    assert sent["name"] == f"{kind}:{code}:{event.history[0].to_status}"
    assert sent["status"] == event.history[0].to_status
    assert sent["level"] in ("CRITICAL", "WARN", "INFO")
    assert sent["eventType"] in ("Maintenance", "Exception", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"name": "Snapshot:CreateSnapshotComplete"},
            "Unknown notification name 'Snapshot:CreateSnapshotComplete'. Did you mean "
            "Snapshot:CreateSnapshotCompleted? Add an unpublished one with "
            "ecs_events.notification_names.add(name, level=...).",
        ),
        (
            {"name": 7},
            "Unknown notification name 7. Add an unpublished one with "
            "ecs_events.notification_names.add(name, level=...).",
        ),
        (
            {"name": "Disk:StateChange"},
            "The content of Disk:StateChange is not published. Pass content=, a dict.",
        ),
        (
            {"name": "Disk:DiskOperationCompleted", "content": {"diskid": "d-1"}},
            "Unknown key 'diskid' in the content of Disk:DiskOperationCompleted. It has: diskId, operation, result. Did you "
            "mean diskId? To send any content, add the name with ecs_events.notification_names.add.",
        ),
        (
            {"name": "Disk:StateChange", "content": "d-1"},
            'content is \'d-1\'. Pass a dict that JSON can encode, such as {"instanceId": "i-bp1ecr5go2go"}.',
        ),
        (
            {"name": "Disk:StateChange", "content": {"at": {1, 2}}},
            'content is {\'at\': {1, 2}}. Pass a dict that JSON can encode, such as {"instanceId": "i-bp1ecr5go2go"}.',
        ),
        (
            {"name": "Disk:StateChange", "content": {1: "d-1"}},
            'content is {1: \'d-1\'}. Pass a dict that JSON can encode, such as {"instanceId": "i-bp1ecr5go2go"}.',
        ),
        (
            {"name": "Disk:StateChange", "content": {"a": "b"}, "level": "WARNING"},
            "level is 'WARNING'. Pass one of: CRITICAL, WARN, INFO. Did you mean WARN?",
        ),
    ],
)
def test_an_announcement_that_cannot_be_is_refused_with_a_sentence(ecs, arguments, message):
    """The message has the value and the allowed values; nothing is sent."""
    name = arguments.pop("name")
    with pytest.raises(BadArgumentError) as error:
        ecs.announce(name, INSTANCE, **arguments)
    assert str(error.value) == message
    assert since(ecs) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": ""}, "A notification name must be a text, got ''. Pass one such as \"Instance:VSwitchChanged\"."),
        ({"name": 7}, 'A notification name must be a text, got 7. Pass one such as "Instance:VSwitchChanged".'),
        ({"level": "info"}, "level is 'info'. Pass one of: CRITICAL, WARN, INFO. Did you mean INFO?"),
        (
            {"event_type": "Exeption"},
            "event_type is 'Exeption'. Pass one of: StatusNotification, Exception, Maintenance. Did you mean "
            "Exception?",
        ),
    ],
)
def test_a_name_that_cannot_be_added_is_refused_with_a_sentence(ecs, arguments, message):
    """The table does not change."""
    with pytest.raises(BadArgumentError) as error:
        ecs.notification_names.add(**{"name": "A:B", "level": "INFO"} | arguments)
    assert str(error.value) == message
    assert len(ecs.notification_names) == 115


def test_an_announcement_needs_an_instance_that_is_there(ecs):
    """The notification has its region and owner."""
    with pytest.raises(EcsEventsError, match="i-none"):
        ecs.announce("Instance:PerformanceModeChange", "i-none")


# -- EventBridge


def test_every_type_that_eventbridge_lists_can_be_subscribed_to(ecs, recwarn):
    """Names of EventBridge's own are no mistake, whether or not CloudMonitor has them."""
    for name in (
        "ecs:Instance:AutoReactivateCompleted",
        "ecs:CloudAssistant:TaskCompleted",
        "ecs:Instance:StateChange",
    ):
        ecs.subscribe(print, format="eventbridge", names=name)
    assert list(recwarn) == []


@pytest.mark.parametrize(
    "name",
    [
        "ecs:Instance:InstanceExpiration.Stop",
        "ecs:Instance:AccountUnbalanced.Delete",
        "ecs:Instance:SystemUpgrade.Migrate",
        "ecs:Instance:SystemMaintenance.PerformanceImpact",
    ],
)
def test_who_waits_for_what_eventbridge_does_not_list_is_warned(ecs, name):
    """CloudMonitor has such a name, but a handler may wait for it on EventBridge in vain."""
    with pytest.warns(UnpublishedTypeWarning, match=f"EventBridge publishes no such type as '{name}'"):
        ecs.subscribe(print, format="eventbridge", names=name)


def test_the_timeline_marks_what_eventbridge_does_not_list(ecs):
    """An event of such a type is delivered all the same, with a note; CloudMonitor's forms have none."""
    bridged, flat = (ecs.subscribe(lambda _: None, format=form) for form in ("eventbridge", "cloudmonitor"))
    ecs.create("InstanceExpiration.Stop", INSTANCE, simulated=False, not_before="+1d")
    ecs.create("SystemMaintenance.Stop", INSTANCE, not_before="+1d")
    lines = [line for line in ecs.timeline().splitlines() if "push" in line]
    assert ["EventBridge publishes no such type" in line for line in lines] == [True, False, False, False]
    assert [one.note for one in bridged.deliveries] == ["EventBridge publishes no such type", ""]
    assert [one.note for one in flat.deliveries] == ["", ""]


def test_released_disks_have_another_name_on_eventbridge(ecs):
    """CleanInactiveDisks is CleanReleasedDisks in EventBridge's list (a guess: no other name fits)."""
    received = []
    ecs.subscribe(received.append, format="eventbridge")
    ecs.create("SystemMaintenance.CleanInactiveDisks", INSTANCE, simulated=False, not_before="+1d")
    (sent,) = received
    assert sent["type"] == "ecs:Instance:SystemMaintenance.CleanReleasedDisks"
    assert sent["data"]["eventType"] == "SystemMaintenance.CleanInactiveDisks"
