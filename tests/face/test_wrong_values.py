"""Values of a wrong kind, in each argument of the fixture: each is taken, or refused by an error of the plugin."""

import contextlib
import datetime as dt
import inspect
import json
import math

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526.DescribeInstancesRequest import DescribeInstancesRequest

from pytest_ecsevents import EcsEvents, EcsEventsError

pytest.importorskip("werkzeug")

SURROGATE = "i-\udc80"
WRONG = {
    "None": None,
    "no text": "",
    "number": -1,
    "huge": 10**400,
    "NaN": math.nan,
    "True": True,
    "list": ["x"],
    "dict": {None: None},
    "bytes": b"x",
    "surrogate": SURROGATE,
    "URL": "http://[",
    "long": "9" * 50 + "d",
    "timedelta": dt.timedelta.max,
    "date": dt.date(2030, 1, 1),
    "object": object(),
}
FILTERS = ("names", "levels", "statuses", "event_types", "products", "resource_groups", "keywords")
OPTIONS = dict.fromkeys((*FILTERS, "format", "keyword_relation", "drop", "delay", "retries", "retry_after", "seed"))
REBOOT = "SystemMaintenance.Reboot"

CALLS = {
    "advance": {"by": "1h"},
    "advance_to": {"when": "+1h"},
    "at": {"when": "+1h", "function": print},
    "create": {
        "event_type": REBOOT,
        "instance_id": "i-web1",
        "not_before": "+1h",
        "status": "Scheduled",
        "reason": "",
        "outcome": "Executed",
        "executing_for": "1s",
        "disk_id": None,
        "extended_attribute": None,
    },
    "cancel": {"event": "e-1"},
    "accept": {"event": "e-1"},
    "reschedule": {"event": "e-1", "not_before": "+1h"},
    "where": {"event_type": REBOOT, "status": "Avoided", "instance_id": "i-web1", "not_before": "+1h"},
    "assert_avoided": {"event": "e-1", "by": "RebootInstance"},
    "assert_transitions": {"event": "e-1", "expected": ["Scheduled"]},
    "reboot": {"instance_id": "i-web1"},
    "release": {"instance_id": "i-web1"},
    "interrupt": {"instance_id": "i-web1"},
    "guest": {"instance_id": "i-web1"},
    "announce": {"name": "Snapshot:CreateSnapshotCompleted", "instance_id": "i-web1", "content": {}, "resource": None},
    "subscribe": {"receiver": lambda _: None, "method": None, **OPTIONS},
    "function_compute": {"handler": lambda _event, _context: None, "name": "f", "memory": 512, "timeout": "1s"},
    "webhook": {"url": "http://127.0.0.1:9/", "receiver": print},
    "queue": {"name": "q", "visibility_timeout": 30, "maximum_message_size": 1024},
    "topic": {"name": "t"},
    "calls_to": {"action": "RebootInstance", "InstanceId": "i-web1"},
    "assert_called": {"action": "RebootInstance", "times": 1, "InstanceId": "i-web1"},
    "fail": {
        "action": "DescribeInstances",
        "code": "Mine",
        "message": "No.",
        "http_status": 400,
        "times": 1,
        "between": None,
        "probability": None,
        "retry_after": None,
    },
    "quota": {"action": "DescribeInstances", "per_minute": 1, "code": "Throttling"},
    "delay": {"action": "DescribeInstances", "by": "1s", "times": 1},
    "stub": {"product": "Slb", "action": "DescribeZones", "response": {}},
    "allow_host": {"host": "mirrors.aliyuncs.com"},
    "on_change": {"receiver": lambda _: None},
    "run": {"function": lambda: None, "until": "1h"},
}
"""Each method, with values that it takes."""

BESIDES = {
    "instances.add": {
        "instance_id": "i-9",
        "region_id": "cn-hangzhou",
        "status": "Running",
        "account_id": "1",
        "tags": {},
        "stopping_takes": "1s",
        "disks": [],
        "action_on_maintenance": None,
        "spot_price_limit": 1.0,
        "cpu_threads_per_core": 2,
        "instance_name": "web",
    },
    "notification_names.add": {"name": "X:Y", "level": "INFO", "event_type": "Exception", "status": "Normal"},
    "notification_names.__getitem__": {"name": "X:Y"},
    "event_rules.__getitem__": {"name": "rule"},
    "instances.__getitem__": {"instance_id": "i-web1"},
    "__getitem__": {"event_id": "e-1"},
    "a_queue.send": {"body": "hello", "delay_seconds": 1, "priority": 1},
    "a_topic.publish": {"body": "hello", "tag": ""},
    "a_topic.subscribe": {"endpoint": "http://127.0.0.1:9/", "name": "s", "tag": "", "strategy": "BACKOFF_RETRY"},
}
"""The same of what the fixture has."""

ROWS = [(path, name) for path, given in {**CALLS, **BESIDES}.items() for name in given]
WITHOUT_NAMES = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL}


def method_of(ecs, path):
    """The method: `instances.add`."""
    found = {"a_queue": ecs.queue, "a_topic": ecs.topic}
    for name in path.split("."):
        ecs = found[name](name.replace("_", "-")) if name in found else getattr(ecs, name)
    return ecs


def look(ecs):
    """All that shows what has happened can still be read, and encoded; the API answers."""
    request = DescribeInstancesRequest()
    client = AcsClient("id", "key", "cn-hangzhou")
    with contextlib.suppress(ServerException):
        json.loads(client.do_action_with_exception(request))
    ecs.advance("2d")
    texts = [ecs.timeline(), ecs.svg(), repr(list(ecs)), repr(list(ecs.instances.values()))]
    assert "".join(texts).encode()
    assert json.dumps(ecs.notifications)


@pytest.mark.filterwarnings("ignore::pytest_ecsevents.UnknownRegionWarning")
@pytest.mark.parametrize(("path", "name"), ROWS, ids=map("-".join, ROWS))
def test_a_wrong_value_is_taken_or_refused_in_a_sentence(path, name):
    """An error of Python's would name the plugin's insides instead of the argument."""
    valid = {**CALLS, **BESIDES}[path]
    with EcsEvents(strict=False) as ecs:
        for value in WRONG.values():
            ecs.instances.add("i-web1", spot_strategy="SpotAsPriceGo")
            method = method_of(ecs, path)
            named = dict(valid, **{name: value})
            kinds = inspect.signature(method).parameters
            positional = [one for one in named if one in kinds and kinds[one].kind in WITHOUT_NAMES]
            with contextlib.suppress(EcsEventsError, AssertionError):
                method(*[named.pop(one) for one in positional], **named)
        look(ecs)


@pytest.mark.parametrize("value", [one for one in WRONG.values() if one not in (None, "")], ids=[*WRONG][2:])
@pytest.mark.parametrize(
    "name", ["start", "region_id", "account_id", "backend", "tz", "executing_for", "strict", "seed"]
)
@pytest.mark.filterwarnings("ignore::pytest_ecsevents.UnknownRegionWarning")
def test_a_wrong_value_of_a_cloud_is_taken_or_refused_in_a_sentence(name, value):
    """Before or when it is entered."""
    with contextlib.suppress(EcsEventsError), EcsEvents(**{"strict": False, name: value}) as ecs:
        ecs.create(REBOOT, "i-web1")
        look(ecs)


@pytest.mark.parametrize("form", ["cloudmonitor", "eventbridge", "subscription"])
def test_a_text_that_utf_8_cannot_encode_reaches_each_receiver(form):
    """As the escape that JSON has for it, which reads as the same text."""
    got = []
    with EcsEvents() as ecs:
        queue, topic = ecs.queue("q", format=form), ecs.topic("t", format=form)
        ecs.function_compute(lambda event, _: got.append(json.loads(event)), format=form)
        ecs.instances.add("i-web1", instance_name=SURROGATE)
        ecs.create(REBOOT, "i-web1", extended_attribute={"PunishType": SURROGATE}, simulated=False)
        (sent,), (published,) = queue.messages, topic.messages
        assert sent.event == json.loads(published.body) == got[0]


@pytest.mark.parametrize("simulated", [True, False])
def test_a_type_of_events_is_a_text(simulated):
    """Also where it is to choose the planned time."""
    with EcsEvents() as ecs, pytest.raises(EcsEventsError, match=r"event_type is \['x'\], which is no event type"):
        ecs.create(["x"], "i-web1", simulated=simulated)


def test_a_long_value_does_not_hide_what_to_do():
    """The message begins with the argument and its value, leaves out the middle, and ends with what to pass."""
    with EcsEvents() as ecs, pytest.raises(ValueError, match=r"^not_before is '9999") as error:
        ecs.create(REBOOT, "i-web1", not_before="9" * 100_000)
    said = str(error.value)
    assert len(said) < 2_000
    assert "characters are left out) ...9999" in said
    assert said.endswith('a timedelta or "+2h30m".')
