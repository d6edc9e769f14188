"""The forms of a notification, compared with the documented examples key by key."""

import datetime as dt
import json
import re

import printed
import pytest
from printed import REBOOT

from pytest_ecsevents import EcsEvents


def kinds(value):
    """Replace each value by the name of its type."""
    if isinstance(value, dict):
        return {key: kinds(one) for key, one in value.items()}
    return [kinds(one) for one in value] if isinstance(value, list) else type(value).__name__


def values(printed_value, value):
    """Return the values that the documentation prints, and those at the same keys here."""
    if isinstance(printed_value, dict):
        return [pair for key, one in printed_value.items() for pair in values(one, value[key])]
    return [(printed_value, value)] if printed_value else []


@pytest.fixture
def sent():
    """Return the only notification that a test causes, in a form."""

    def sent(start, account_id, format_, act, **attributes):
        with EcsEvents(start, account_id=account_id, seed="forms") as ecs:
            instance = ecs.instances.add(attributes.pop("instance_id", "i-1"), **attributes)
            subscription = ecs.subscribe(list, format=format_)
            act(ecs, instance)
            return subscription.deliveries[0].payload

    return sent


def test_the_nested_form_is_as_documented(sent):
    """Every key is at its place with its kind of value, and every documented value is there."""
    document = sent(
        "2024-09-10T07:23:20Z",
        "1208863178610000",
        "subscription",
        lambda ecs, instance: ecs.stop(instance),
        instance_name="web",
    )
    assert kinds(document) == kinds(printed.SUBSCRIPTION) | {
        "alert": kinds(printed.SUBSCRIPTION["alert"]) | {"eventContentMap": kinds(document["alert"]["eventContentMap"])}
    }
    content = document["alert"]["eventContentMap"]
    assert printed.SUBSCRIPTION["alert"]["eventContentMap"].items() <= content.items()
    assert json.loads(document["alert"]["eventRawContent"]) == content
    own = ("6a3b", printed.SUBSCRIPTION["alert"]["eventRawContent"])  # the documentation invented this id
    for documented, ours in values(printed.SUBSCRIPTION, document):
        assert documented in own or ours == documented
    assert document["time"] == document["alert"]["timestamp"] == 1725953000000
    ids = {document["batchId"], document["alert"]["dedupId"], document["alert"]["traceId"]}
    assert len(ids) == 1
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", *ids)


def test_the_cloud_event_is_as_documented(sent):
    """Every key has its kind of value; the type has no status; both zones are those of the example."""
    event = sent(
        "2020-11-19T13:04:41Z",
        "1234567890980000",
        "eventbridge",
        lambda ecs, instance: ecs.interrupt(instance),
        instance_id="i-bp1ecr5go2go",
        spot_strategy="SpotAsPriceGo",
    )
    assert list(event) == list(printed.CLOUD_EVENT)
    assert kinds(event) == kinds(printed.CLOUD_EVENT)
    ours = {
        "id": event["id"],
        "subject": "acs:ecs:cn-hangzhou:1234567890980000:instance/i-bp1ecr5go2go",
        "aliyunpublishtime": "2020-11-19T13:04:41Z",
        "aliyunpublishaddr": "172.25.0.1",
    }
    assert event == printed.CLOUD_EVENT | ours


def test_the_status_of_a_system_event_is_in_the_data_of_its_cloud_event(sent):
    """Its data is the content of CloudMonitor's notification; its type is the name without the status."""
    event = sent(
        "2030-01-01T00:00:00Z",
        "1",
        "eventbridge",
        lambda ecs, instance: ecs.create(REBOOT, instance, not_before="+1h"),
    )
    assert (event["type"], event["data"]["eventStatus"]) == (f"ecs:Instance:{REBOOT}", "Scheduled")
    assert dt.datetime.fromisoformat(event["time"]) == dt.datetime(2030, 1, 1, tzinfo=dt.timezone.utc)


def test_the_minimal_form_has_what_every_sample_has(sent):
    """It detects a handler that depends on more."""
    document = sent(
        "2030-01-01T00:00:00Z",
        "1",
        "cloudmonitor-minimal",
        lambda ecs, instance: ecs.create(REBOOT, instance, not_before="+1h"),
    )
    assert set(document) == set(printed.ENVELOPE) & set(printed.CALLBACK_KEYS) & set(printed.TEST_PAYLOAD_KEYS)
