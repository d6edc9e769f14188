"""The control API: the verbs of the fixture over HTTP."""

import contextlib
import datetime as dt
import http.client
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import quote

import pytest
from clients import acs_client

from pytest_ecsevents import EcsEvents, NotBeforePassedError

REBOOT = "SystemMaintenance.Reboot"


@pytest.fixture
def event_id(ask):
    """An event that is due in a day."""
    return ask("POST", "/events", event_type=REBOOT, instance_id="i-web1", not_before="+24h")["event_id"]


@pytest.fixture
def refused(send):
    """Send a request that is refused; return (status, message)."""

    def refused(method, path, body=None, **headers):
        status, reply = send(method, path, body, **headers)
        assert list(reply) == ["error"]
        assert reply["error"]["manual"].startswith("manual: docs/troubleshooting.md#")
        return status, reply["error"]["message"]

    return refused


# -- the clock


def test_the_clock_is_read_and_moved(ask, event_id):
    """Time stands until it is advanced; the transitions on the way come back."""
    assert ask("GET", "/now") == {
        "now": "2030-01-01T00:00:00Z",
        "started_at": "2030-01-01T00:00:00Z",
        "next_due": "2030-01-02T00:00:00Z",
        "speed": 0.0,
    }
    assert ask("POST", "/advance", by="23h") == {"now": "2030-01-01T23:00:00Z", "transitions": []}
    moved = ask("POST", "/advance", next=True)
    assert moved["now"] == "2030-01-02T00:00:00Z"
    assert [(one["event_id"], one["from"], one["to"]) for one in moved["transitions"]] == [
        (event_id, "Scheduled", "Executing")
    ]
    assert ask("POST", "/advance", to="2030-01-03T00:00:00Z")["transitions"][0]["to"] == "Executed"
    assert ask("GET", "/now")["next_due"] is None


def test_time_does_not_go_back(refused):
    """The sentence is the fixture's, with advice for a server."""
    status, message = refused("POST", "/advance", {"to": "2029-01-01T00:00:00Z"})
    assert status == 400
    assert "would move the clock back by 365d" in message
    assert message.endswith("or start the server earlier with --clock START.")


@pytest.mark.parametrize("given", [{}, {"by": "2h", "next": True}, {"next": False}])
def test_an_advance_takes_one_of_three(refused, given):
    """A duration, an instant, or the next transition."""
    status, message = refused("POST", "/advance", given)
    assert status == 400
    assert 'Pass one of by ("2h"), to (an instant) and next (true).' in message


def test_the_process_keeps_its_clock(cloud, ask):
    """A cloud that stands by itself replaces nothing: the machine's time is read beside it."""
    before = time.time(), dt.datetime.now(dt.timezone.utc).year
    ask("POST", "/advance", by="1000d")
    assert ask("GET", "/now")["now"] == "2032-09-27T00:00:00Z"
    assert before[0] <= time.time() < before[0] + 60
    assert dt.datetime.now(dt.timezone.utc).year == before[1]


def test_a_test_of_the_same_process_has_its_own_cloud(cloud, ask):
    """A fixture's cloud beside it is another one, and freezes the process's clock as always."""
    with EcsEvents() as ecs_events:
        ecs_events.instances.add("i-other")
        ecs_events.advance("1h")
        assert list(ecs_events.instances) == ["i-other"]
    assert [one["instance_id"] for one in ask("GET", "/instances")["instances"]] == ["i-web1"]
    assert ask("GET", "/now")["now"] == "2030-01-01T00:00:00Z"


# -- events


def test_an_event_is_published_and_read(ask):
    """With all that the fixture takes."""
    made = ask(
        "POST",
        "/events",
        event_type="SystemFailure.Reboot",
        instance_id="i-web2",
        simulated=False,
        reason="broken",
        outcome="Failed",
        executing_for="1h",
    )
    assert (made["status"], made["simulated"], made["reason"]) == ("Executing", False, "broken")
    ask("POST", "/advance", by="1h")
    read = ask("GET", f"/events/{made['event_id']}")
    assert (read["status"], read["finish_time"]) == ("Failed", "2030-01-01T01:00:00Z")
    assert [one["to"] for one in read["history"]] == ["Executing", "Failed"]


def test_events_are_filtered(ask, event_id):
    """By the filters of `where`."""
    ask("POST", "/events", event_type=REBOOT, instance_id="i-web2")
    assert len(ask("GET", "/events")["events"]) == 2
    assert [one["event_id"] for one in ask("GET", "/events?instance_id=i-web1")["events"]] == [event_id]
    assert ask("GET", "/events?status=Avoided")["events"] == []
    assert ask("GET", "/events?simulated=false")["events"] == []
    assert len(ask("GET", f"/events?event_type={REBOOT}&simulated=true")["events"]) == 2


def test_an_event_is_canceled_accepted_and_rescheduled(ask, event_id, refused):
    """What a user does with events; the sentences of refusals are the fixture's."""
    moved = ask("POST", f"/events/{event_id}/reschedule", not_before="+2h")
    assert moved["not_before"] == "2030-01-01T02:00:00Z"
    assert ask("POST", f"/events/{event_id}/cancel")["status"] == "Canceled"
    assert refused("POST", f"/events/{event_id}/cancel") == (
        409,
        f"{event_id} is Canceled already; only unfinished events can be canceled.",
    )
    inquiring = ask(
        "POST",
        "/events",
        event_type="SystemMaintenance.Redeploy",
        instance_id="i-web1",
        simulated=False,
        status="Inquiring",
    )
    assert ask("POST", f"/events/{inquiring['event_id']}/accept")["status"] == "Executing"
    status, message = refused("POST", f"/events/{inquiring['event_id']}/accept")
    assert (status, "not Inquiring" in message) == (409, True)


def test_an_unknown_event_names_the_nearest(refused, event_id):
    """With status 404."""
    status, message = refused("GET", f"/events/{event_id[:-1]}x")
    assert status == 404
    assert event_id in message


# -- instances


def test_instances_are_declared_and_operated(ask):
    """With their attributes in snake_case."""
    made = ask(
        "POST", "/instances", instance_id="i-spot", spot_strategy="SpotAsPriceGo", tags={"a": "b"}, disks=["d-1"]
    )
    assert (made["tags"], made["attributes"]) == ({"a": "b"}, {"spot_strategy": "SpotAsPriceGo"})
    assert [disk["disk_id"] for disk in made["disks"]][1:] == ["d-1"]
    assert ask("POST", "/instances/i-spot/stop")["status"] == "Stopped"
    assert ask("GET", "/instances?status=Stopped")["instances"][0]["instance_id"] == "i-spot"
    assert ask("POST", "/instances/i-spot/start")["status"] == "Running"
    assert ask("POST", "/instances/i-spot/renew")["status"] == "Running"
    ask("POST", "/instances/i-spot/interrupt")
    ask("POST", "/advance", by="5m")
    assert [one["instance_id"] for one in ask("GET", "/instances")["instances"]] == ["i-web1"]
    ask("POST", "/instances/i-web1/release")
    assert ask("GET", "/instances")["instances"] == []


def test_lists_of_attributes_are_lists(ask):
    """As they were sent."""
    ask("POST", "/instances", instance_id="i-1", private_ip_addresses=["10.0.0.1"])
    assert ask("GET", "/instances/i-1")["attributes"] == {"private_ip_addresses": ["10.0.0.1"]}


def test_a_reboot_avoids_an_event(ask, event_id, refused):
    """One inside the operating system does not."""
    ask("POST", "/instances/i-web1/reboot", in_guest=True)
    assert ask("GET", f"/events/{event_id}")["status"] == "Scheduled"
    ask("POST", "/instances/i-web1/reboot")
    assert ask("GET", f"/events/{event_id}")["status"] == "Avoided"
    status, message = refused("POST", "/instances/i-web1/redeploy")
    assert status == 409
    assert "has no event that RedeployInstance answers" in message


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"instance_nam": "x"}, "Did you mean instance_name?"),
        ({"status": "Runing"}, "Running"),
        ({"_where": "x"}, "no parameter '_where'"),
        ({"tags": ["a"]}, "Pass an object: its tags."),
    ],
)
def test_a_wrong_attribute_is_named(refused, given, words):
    """With the nearest name."""
    status, message = refused("POST", "/instances", given)
    assert status == 400
    assert words in message


def test_programs_run_inside_the_chosen_instance(cloud, ask, refused):
    """The metadata service answers for the only instance, else for the one chosen, else with how to choose one."""

    def read(status=200):
        with contextlib.closing(http.client.HTTPConnection(cloud.address)) as connection:
            connection.request("GET", "/latest/meta-data/instance-id")
            response = connection.getresponse()
            assert response.status == status
            return response.read().decode()

    assert read() == "i-web1"
    ask("POST", "/instances", instance_id="i-web2")
    assert "For a running server use `ecsevents guest i-web1`." in read(status=400)
    assert "it is not known which instance" in ask("GET", "/timeline")["timeline"]
    ask("POST", "/instances/i-web2/guest")
    assert read() == "i-web2"
    assert refused("POST", "/instances/i-none/guest")[0] == 404


# -- calls and faults


@pytest.fixture
def reboot(cloud):
    """Reboot an instance with the legacy SDK, whose requests are sent where `set_endpoint` says."""
    from aliyunsdkecs.request.v20140526.RebootInstanceRequest import RebootInstanceRequest

    def reboot(instance_id="i-web1"):
        request = RebootInstanceRequest()
        request.set_endpoint(cloud.address)
        request.set_InstanceId(instance_id)
        acs_client().do_action_with_exception(request)

    return reboot


def test_a_call_of_the_sdk_is_recorded(ask, event_id, reboot):
    """With what it did, so that any language can assert it."""
    reboot()
    (call,) = ask("GET", "/calls")["calls"]
    assert (call["action"], call["params"], call["http_status"]) == ("RebootInstance", {"InstanceId": "i-web1"}, 200)
    assert ask("GET", "/calls?action=StopInstance")["calls"] == []
    assert ask("POST", "/assertions/avoided", event_id=event_id, by="RebootInstance") == {"holds": True, "message": ""}
    assert "RebootInstance(InstanceId=i-web1) -> 200" in ask("GET", "/timeline")["timeline"]
    called = ask("POST", "/assertions/called", action="RebootInstance", times=1, params={"InstanceId": "i-web1"})
    assert called["holds"]
    assert ask("POST", "/assertions/transitions", event_id=event_id, expected=["Scheduled", ["Avoided", "+0s"]])[
        "holds"
    ]


def test_a_failed_assertion_is_a_reply_with_its_reasons(ask, event_id):
    """The message is that of the fixture."""
    told = ask("POST", "/assertions/avoided", event_id=event_id)
    assert not told["holds"]
    assert f"{event_id}" in told["message"]
    assert not ask("POST", "/assertions/called", action="RebootInstance")["holds"]
    assert ask("POST", "/assertions/not-called", action="RebootInstance")["holds"]


def test_an_assertion_about_nothing_is_refused(refused):
    """An unknown event is no failed assertion."""
    assert refused("POST", "/assertions/avoided", {"event_id": "e-none"})[0] == 404


def test_faults_are_declared_met_and_withdrawn(ask, event_id, reboot):
    """A fault has its number of calls; what is withdrawn meets no more."""
    from aliyunsdkcore.acs_exception.exceptions import ServerException

    ask("POST", "/faults", action="RebootInstance", code="Throttling", params={"InstanceId": "i-web1"})
    with pytest.raises(ServerException, match="Throttling"):
        reboot()
    (fault,) = ask("GET", "/faults")["faults"]
    assert (fault["name"], fault["met"], fault["times"], fault["is_over"]) == ("Throttling", 1, 1, True)
    window = ["+0s", "2030-01-02T00:00:00Z"]
    ask("POST", "/faults", action="*", code="ServiceUnavailable", times=None, between=window)
    ask("POST", "/quotas", action="DescribeInstances", per_minute=1)
    names = [one["name"] for one in ask("POST", "/delays", action="RebootInstance", by="30s")["faults"]]
    assert names == ["Throttling", "ServiceUnavailable", "quota of 1 a minute, then Throttling", "delay of 30s"]
    assert ask("GET", "/faults")["faults"][1]["between"] == ["2030-01-01T00:00:00Z", "2030-01-02T00:00:00Z"]
    assert ask("DELETE", "/faults") == {"faults": []}
    reboot()
    assert ask("GET", f"/events/{event_id}")["status"] == "Avoided"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"action": "RebootInstance", "code": "Throtling"}, "Did you mean Throttling?"),
        ({"action": "RebootInstance", "code": "Throttling", "times": "two"}, "Pass a whole number, or null"),
        ({"action": "RebootInstance", "code": "Throttling", "between": ["+1h"]}, "Pass a list of two instants"),
        ({"action": "RebootInstance", "code": "Throttling", "params": {"code": "1"}}, "Pass names on the wire"),
        ({"action": "RebootInstance"}, "needs 'code'"),
    ],
)
def test_a_wrong_fault_is_refused_with_a_sentence(refused, given, words):
    """As `fail` refuses it."""
    status, message = refused("POST", "/faults", given)
    assert status == 400
    assert words in message


def test_an_unknown_action_is_the_clouds_own_error(cloud, ask, event_id):
    """The server is not strict: the program gets the service's error, and the call says why."""
    from aliyunsdkcore.acs_exception.exceptions import ServerException
    from aliyunsdkcore.request import CommonRequest

    request = CommonRequest(domain=cloud.address, version="2014-05-26", action_name="DescribeZones")
    request.set_protocol_type("http")
    with pytest.raises(ServerException, match=r"InvalidAction\.NotFound"):
        acs_client().do_action_with_exception(request)
    assert "Ecs has no such action here" in ask("GET", "/calls")["calls"][0]["hint"]


# -- notifications


def test_notifications_are_listed(ask, event_id):
    """In the flat form."""
    assert [one["name"] for one in ask("GET", "/notifications")["notifications"]] == [
        "Instance:SystemMaintenance.Reboot:Scheduled"
    ]


def test_a_webhook_gets_notifications(ask):
    """A URL on this machine, as CloudMonitor calls it."""
    got = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/hook"
        assert ask("POST", "/subscriptions", url=url) == {"url": url}
        ask("POST", "/events", event_type=REBOOT, instance_id="i-web1")
        thread.join()
    assert b"SystemMaintenance.Reboot" in got[0]


def test_a_queue_gets_notifications(cloud, ask):
    """Its endpoint is the server's."""
    made = ask("POST", "/queues", name="events", polling_wait_seconds=3)
    assert made == {"name": "events", "endpoint": f"http://{cloud.address}"}
    ask("POST", "/events", event_type=REBOOT, instance_id="i-web1")
    assert len(cloud.ecs_events.queue("events")) == 1


# -- requests that are none


def test_an_unknown_path_names_the_nearest(refused):
    """And where all are described."""
    status, message = refused("GET", "/event")
    assert status == 404
    assert "Did you mean /_ecsevents/v1/events?" in message
    assert refused("GET", "/instances/")[0] == 404


def test_a_path_outside_the_version_is_unknown(cloud, send):
    """Another version has nothing yet."""
    status, reply = send("GET", "/../v2/now")
    assert (status, reply["error"]["type"]) == (404, "UnknownPath")


def test_a_wrong_method_names_the_right_ones(refused):
    """With status 405."""
    assert refused("DELETE", "/events") == (405, "/_ecsevents/v1/events takes GET, POST, not DELETE.")


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/advance", "{", "The body is not JSON"),
        ("/advance", "[]", "The body is a list"),
        ("/advance", '"x"', "The body is a text"),
        ("/advance", "true", "The body is true or false"),
        ("/advance", "null", "The body is null"),
        ("/advance", "7", "The body is a number"),
        ("/advance?by=2h", "", "takes its parameters as JSON in the body"),
        ("/advance", '{"bye": "2h"}', "Did you mean by?"),
        ("/advance", '{"by": 2}', "by of POST /advance is 2. Pass a text"),
        ("/events", "", "needs 'event_type'"),
    ],
)
def test_a_body_that_is_none_is_refused(refused, path, body, words):
    """Each with its sentence."""
    status, message = refused("POST", path, body)
    assert status == 400
    assert words in message


def test_a_wrong_filter_is_refused(refused):
    """Names and values."""
    assert "Did you mean status?" in refused("GET", "/events?statu=Scheduled")[1]
    assert "Pass true or false" in refused("GET", "/events?simulated=yes")[1]
    assert "No event can have status='Done'" in refused("GET", "/events?status=Done")[1]


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}]
)
def test_web_pages_are_kept_out(refused, headers):
    """As on the rest of the server, in this API's shape."""
    assert refused("POST", "/reset", {}, **headers)[0] == 403


def test_an_instance_with_any_name_has_its_path(ask):
    """Percent signs are resolved."""
    ask("POST", "/instances", instance_id="i web é")
    assert ask("GET", f"/instances/{quote('i web é')}")["instance_id"] == "i web é"


# -- reset


def test_a_reset_begins_again(cloud, ask, event_id, reboot):
    """At the first instant, with the seed alone, on the same port."""
    reboot()
    ask("POST", "/advance", by="2h")
    assert ask("POST", "/reset")["now"] == "2030-01-01T00:00:00Z"
    assert ask("GET", "/events")["events"] == []
    assert ask("GET", "/calls")["calls"] == []
    assert [one["instance_id"] for one in ask("GET", "/instances")["instances"]] == ["i-web1"]
    again = ask("POST", "/events", event_type=REBOOT, instance_id="i-web1", not_before="+24h")
    assert again["event_id"] == event_id  # ids are seeded


def test_a_reset_that_is_refused_changes_nothing(standing):
    """A seed may name an instant that has passed by now; the cloud goes on as it was."""
    seeds = iter(["+1h", "-1h"])

    def seed(ecs_events):
        ecs_events.create(REBOOT, "i-web1", not_before=next(seeds))

    cloud = standing(seed=seed)
    event = cloud.ecs_events.one()
    with pytest.raises(NotBeforePassedError):
        cloud.reset()
    assert cloud.ecs_events.one() is event
    cloud.ecs_events.advance("1h")
    assert event.status == "Executing"


def test_a_history_names_the_control_api_as_its_cause(ask):
    """A test in another language did it, and may assert that."""
    event = ask("POST", "/events", event_type="SystemMaintenance.Reboot", instance_id="i-web1")
    ask("POST", "/instances/i-web1/reboot")
    by = "reboot by the control API"
    assert ask("POST", "/assertions/avoided", event_id=event["event_id"], by=by) == {"holds": True, "message": ""}
    causes = [change["cause"] for change in ask("GET", f"/events/{event['event_id']}")["history"]]
    assert causes == ["created by the control API", f"{by} before NotBefore"]


def test_next_may_be_false(ask, refused):
    """That is the same as leaving it out."""
    assert ask("POST", "/advance", by="1h", next=False)["now"] == "2030-01-01T01:00:00Z"
    status, message = refused("POST", "/advance", {"next": False})
    assert (status, message[:20]) == (400, "advance got nothing.")


@pytest.mark.parametrize(
    ("path", "body", "advice"),
    [
        ("/instances/i-web9/reboot", {}, "Add it with `ecsevents add i-web9`."),
        (
            "/events",
            {"event_type": "SystemMaintenance.Reboot", "instance_id": "i-web1", "not_before": "2029-01-01T00:00:00Z"},
            "or start the server earlier with --clock START.",
        ),
    ],
)
def test_advice_is_for_a_cloud_without_a_test(send, path, body, advice):
    """Markers exist in pytest only."""
    assert send("POST", path, body)[1]["error"]["message"].endswith(advice)


def test_what_is_due_after_the_end_of_the_clock_is_shown_at_the_end(ask):
    """An event may be Executing for longer than that."""
    ask("POST", "/events", event_type=REBOOT, instance_id="i-web1", not_before="+1h", executing_for="999999999d")
    ask("POST", "/advance", by="1h")
    assert ask("GET", "/now")["next_due"] == "9999-12-31T23:59:59Z"
