"""`follow="real"`: the cloud follows the machine's clock, so that other processes agree with it."""

import datetime as dt
import json
import os
import subprocess
import sys
import threading
import time

import pytest

from pytest_ecsevents import EcsEvents, EcsEventsError

REBOOT = "SystemMaintenance.Reboot"

pytest.importorskip("werkzeug")

BACKENDS = ["freezegun", "time-machine"]


def machine_now():
    """Return the machine's instant, read from another process."""
    code = "import time; print(time.time())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def child(ecs_events, code, **more):
    """Run a program as a user would, and return what it printed as JSON."""
    env = {**os.environ, **ecs_events.environment(), **more}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, timeout=60, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_cloud_the_test_and_another_process_agree(backend):
    """All three show the machine's instant, and it moves on."""
    with EcsEvents(follow="real", backend=backend) as ecs_events:
        before, others, after = ecs_events.now.timestamp(), machine_now(), ecs_events.now.timestamp()
        assert before < others + 0.1 < after + 0.2
        assert abs(time.time() - ecs_events.now.timestamp()) < 1
        assert abs(dt.datetime.now(dt.timezone.utc) - ecs_events.now) < dt.timedelta(seconds=1)


@pytest.mark.parametrize("backend", BACKENDS)
def test_sleeping_is_real(backend):
    """Time passes by itself, and due work happens at its instant."""
    with EcsEvents(follow="real", backend=backend, executing_for="50ms") as ecs_events:
        start, event = ecs_events.now, ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+100ms")
        time.sleep(0.3)
        assert dt.timedelta(seconds=0.3) <= ecs_events.now - start < dt.timedelta(seconds=5)
        assert [change.at for change in event.history[1:]] == [
            event.not_before,
            event.not_before + dt.timedelta(seconds=0.05),
        ]


@pytest.mark.parametrize("backend", BACKENDS)
def test_advance_jumps_ahead_of_the_machine(backend):
    """The offset grows with each jump; between jumps the cloud follows the machine."""
    with EcsEvents(follow="real", backend=backend) as ecs_events:
        ecs_events.create("SystemMaintenance.Reboot", "i-web1")
        assert [str(change.to_status) for change in ecs_events.advance("25h")] == ["Executing", "Executed"]
        ecs_events.advance(hours=1)
        ahead = ecs_events.now.timestamp() - machine_now()
        assert 26 * 3600 - 10 < ahead < 26 * 3600 + 10
        assert abs(time.time() - ecs_events.now.timestamp()) < 1
        assert ecs_events.environment()["FAKETIME"] in ("+93599", "+93600")


def test_receivers_are_called_while_the_test_waits():
    """A thread watches for due work, so that a webhook or a message reaches another process in time."""
    with EcsEvents(follow="real") as ecs_events:
        heard = []
        ecs_events.subscribe(heard.append)
        ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+100ms")
        until = time.time() + 20
        while not any(":Executing" in payload["name"] for payload in heard) and time.time() < until:
            time.sleep(0.01)  # this code does not query the cloud
        assert [payload["name"].rpartition(":")[2] for payload in heard[:2]] == ["Scheduled", "Executing"]


def test_an_error_of_a_receiver_in_that_thread_fails_the_test():
    """Teardown raises it, as it does for a receiver under a handler."""
    with pytest.raises(EcsEventsError, match="ZeroDivisionError"), EcsEvents(follow="real") as ecs_events:
        ecs_events.at("+50ms", lambda: 1 / 0)
        ecs_events.at("+100ms", lambda: None)
        time.sleep(0.5)


def test_run_is_refused():
    """Its sleeps would wait in real time; the message says so."""
    with EcsEvents(follow="real") as ecs_events, pytest.raises(EcsEventsError, match=r'follow="real"'):
        ecs_events.run(time.sleep, 1, until="1h")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"start": "2030-01-01T00:00:00Z"}, r"starts at the machine\'s now, but start is"),
        ({"follow": "reel"}, r"follow is 'reel'. Pass one of: virtual, real. Did you mean real\?"),
    ],
)
def test_a_contradiction_is_refused_in_a_sentence(arguments, words):
    """The invalid combinations are a start instant, and another word."""
    with pytest.raises(EcsEventsError, match=words):
        EcsEvents(**{"follow": "real", **arguments})


def test_a_clock_that_is_frozen_already_is_refused():
    """Such a clock does not move on."""
    freezegun = pytest.importorskip("freezegun")
    with (
        freezegun.freeze_time("2030-01-01"),
        pytest.raises(EcsEventsError, match="freezegun has already frozen it"),
        EcsEvents(follow="real"),
    ):
        pass


def test_nothing_of_it_is_left():
    """The clock is real again, and the thread has ended."""
    with EcsEvents(follow="real") as ecs_events:
        ecs_events.advance("1h")
    stood = ecs_events.now
    time.sleep(0.1)
    assert ecs_events.now == stood
    assert abs(time.time() - machine_now()) < 5


LEGACY = """
import json
from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526.DescribeInstancesRequest import DescribeInstancesRequest
import os
client = AcsClient(region_id=os.environ["ALIBABA_CLOUD_REGION_ID"])
print(client.do_action_with_exception(DescribeInstancesRequest()).decode())
"""

# Not with the class for ECS: Python loads its 40,000 lines for half a second.
NEWER = """
import json, os
from alibabacloud_credentials.client import Client as Credentials
from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.models import Config, OpenApiRequest, Params
from darabonba.runtime import RuntimeOptions
endpoint, region = os.environ["ALIBABA_CLOUD_ENDPOINT"], os.environ["ALIBABA_CLOUD_REGION_ID"]
params = Params(
    action="DescribeInstances", version="2014-05-26", protocol="HTTPS", pathname="/", method="POST", auth_type="AK",
    style="RPC", req_body_type="formData", body_type="json",
)
client = Client(Config(credential=Credentials(), endpoint=endpoint, protocol="http"))
reply = client.call_api(params, OpenApiRequest(query={"RegionId": region}), RuntimeOptions())
print(json.dumps(reply["body"]))
"""

METADATA = """
import json, urllib.request
print(json.dumps(urllib.request.urlopen("http://100.100.100.200/latest/meta-data/instance-id").read().decode()))
"""


@pytest.mark.parametrize("code", [LEGACY, NEWER], ids=["legacy", "newer"])
def test_the_environment_leads_an_sdk_in_another_process_here(code):
    """The variables alone configure key, region and endpoint.

    The legacy SDK has no endpoint variable, so it uses the proxy.
    """
    if code is NEWER:
        pytest.importorskip("alibabacloud_tea_openapi")
        pytest.importorskip("darabonba")
    with EcsEvents(follow="real", region_id="cn-beijing") as ecs_events:
        ecs_events.instances.add("i-web1")
        shown = child(ecs_events, code)
        assert [one["InstanceId"] for one in shown["Instances"]["Instance"]] == ["i-web1"]
        ecs_events.assert_called("DescribeInstances", times=1, RegionId="cn-beijing")


def test_the_environment_leads_a_client_of_the_metadata_service_here():
    """The only instance answers, at the address that never changes."""
    with EcsEvents(follow="real") as ecs_events:
        ecs_events.instances.add("i-web1")
        assert child(ecs_events, METADATA) == "i-web1"


def test_the_environment_has_what_the_test_declares():
    """The variables have its time zone, the only role, and the clock's offset from the machine's."""
    with EcsEvents("2018-08-22T10:39:49Z", tz="Asia/Tokyo") as ecs_events:
        ecs_events.instances.add("i-web1", ram_role_name="worker")
        ecs_events.instances.add("i-web2")
        variables = ecs_events.environment()
        assert (variables["TZ"], variables["ALIBABA_CLOUD_ECS_METADATA"]) == ("Asia/Tokyo", "worker")
        assert variables["ALIBABA_CLOUD_ENDPOINT"] == ecs_events.endpoint
        assert variables["FAKETIME"].startswith("-")
        ecs_events.instances.add("i-web3", ram_role_name="other")
        assert "ALIBABA_CLOUD_ECS_METADATA" not in ecs_events.environment()


def test_the_environment_of_a_clock_that_a_library_holds_has_no_time():
    """The offset of such a clock from the machine's is unknown."""
    freezegun = pytest.importorskip("freezegun")
    with freezegun.freeze_time("2030-01-01"), EcsEvents() as ecs_events:
        assert {"TZ", "FAKETIME"}.isdisjoint(ecs_events.environment())


def test_the_marker_and_the_setting_follow_too(pytester):
    """Both `ecs_clock(follow="real")` and the ini option for a whole suite do."""
    pytester.makeini("[pytest]\necs_events_follow = real")
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.ecs_clock(follow="virtual")
        def test_marker(ecs_events):
            assert ecs_events.now.year == 2030

        def test_setting(ecs_events):
            assert "with the machine" in ecs_events.timeline()
        """
    )
    pytester.runpytest().assert_outcomes(passed=2)


def test_threads_that_change_the_cloud_at_one_time_do_not_disturb_the_order_of_deliveries():
    """A receiver gets the statuses of an event in their order, one at a time, whichever thread calls it."""
    got, inside, overlaps = [], threading.Lock(), []

    def receive(notification):
        if not inside.acquire(blocking=False):
            overlaps.append(notification)
            return
        got.append((notification["content"].get("eventId"), notification["name"].rpartition(":")[2]))
        time.sleep(0.001)
        inside.release()

    def change(number):
        for _ in range(12):
            ecs_events.create(REBOOT, f"i-{number}", simulated=False, not_before="+1m")
            ecs_events.reboot(f"i-{number}")
            ecs_events.create(REBOOT, f"i-{number}", not_before="+50ms")
            ecs_events.advance("1m")
            time.sleep(0.002)

    with EcsEvents(follow="real") as ecs_events:
        ecs_events.subscribe(receive)
        threads = [threading.Thread(target=change, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ecs_events.advance("1h")
        wanted = sum(len(event.history) for event in ecs_events)
        began = time.monotonic()
        while sum(one[0] is not None for one in got) < wanted and time.monotonic() - began < 20:
            time.sleep(0.01)
        assert overlaps == []
        for event in ecs_events:
            statuses = [status for event_id, status in got if event_id == event.event_id]
            assert statuses == [str(change.to_status) for change in event.history]
