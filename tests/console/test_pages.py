"""What the pages show and refuse, without a browser."""

import contextlib
import http.client
import re
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest
from console_client import Client

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.console import _console
from pytest_ecsevents.console._types import type_words
from pytest_ecsevents.server import _serving
from pytest_ecsevents.services.ecs._catalogue import KNOWN_TYPES

PAGES = ("/events", "/instances", "/instances/i-web1", "/timeline", "/clock", "/faults", "/queues")


@pytest.fixture
def served(cloud):
    """The cloud as a test sees it."""
    return cloud.ecs_events


# -- pages


def test_the_root_leads_to_the_events(client):
    """With a slash at its end and without."""
    for path in ("/console", "/console/"):
        reply = client.get(path)
        assert (reply.status, reply.headers["Location"]) == (303, "/console/events")


@pytest.mark.parametrize("path", PAGES)
def test_pages_have_a_strict_policy_and_nothing_inline(client, served, path):
    """Nor anything of another host."""
    served.create("SystemMaintenance.Reboot", "i-web1")
    reply = client.get(path)
    policy = reply.headers["Content-Security-Policy"]
    assert reply.status == 200
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<style|\sstyle=|<script>|\son\w+=|javascript:", reply.text)
    assert re.findall(r'(?:src|href|action)="(?!/console|\?|#)([^"]*)"', reply.text) == []


@pytest.mark.parametrize(
    ("name", "kind"), [("console.css", "text/css"), ("console.js", "text/javascript"), ("icon.svg", "image/svg+xml")]
)
def test_files_of_the_pages(client, name, kind):
    """The style sheet has that of the chart, too."""
    reply = client.get(f"/{name}")
    assert reply.headers["Content-Type"].startswith(kind)
    assert ("ecse-f-scheduled" in reply.text) == (name == "console.css")


def test_the_columns_of_an_event(client, served):
    """Those of the page of the real console."""
    event = served.create("SystemMaintenance.Reboot", "i-web1", not_before="+3h")
    words = client.get("/events").words
    heads = "Event ID Instance Type Status Published Planned Ended Recommended action Actions"
    row = (
        f"{event.event_id} simulated i-web1 web1 Restart: scheduled maintenance SystemMaintenance. Reboot Scheduled "
        "2030-01-01 00:00:00 2030-01-01 03:00:00 in 3h – Restart the instance before the planned time Actions"
    )
    assert f"{heads} {row}" in words
    assert "Events 1 pending" in words


@pytest.mark.parametrize("name", KNOWN_TYPES)
def test_each_type_has_words(name):
    """Not its code."""
    assert type_words(name)[0].isupper()
    assert name not in type_words(name)


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        (
            {"event_type": "SystemMaintenance.Reboot"},
            "Restart the instance or redeploy the instance before the planned time",
        ),
        (
            {"event_type": "SystemMaintenance.Redeploy", "status": "Inquiring"},
            "Accept the event or redeploy the instance",
        ),
        ({"event_type": "InstanceExpiration.Stop"}, "Renew the instance before the planned time"),
        ({"event_type": "SystemMaintenance.Stop"}, "Wait"),
        ({"event_type": "Stalled"}, "Wait"),
    ],
    ids=str,
)
def test_the_recommended_action_is_what_the_lifecycle_offers(client, served, given, advice):
    """Of real events."""
    event = served.create(given.pop("event_type"), "i-web1", simulated=False, **given)
    assert f"Recommended action {advice} Account" in client.get(f"/events/{event.event_id}").words


def test_an_event_that_has_ended_recommends_nothing(client, served):
    """And has no actions."""
    event = served.create("SystemMaintenance.Reboot", "i-web1")
    served.cancel(event)
    assert "No event is pending" in client.get("/events").words
    assert "00:00:00 None –" in client.get("/events?show=all").words


def test_pages_of_events_keep_their_filters(client, served):
    """Numbers beyond the last page are the last; nonsense is the first."""
    for number in range(45):
        served.create("SystemMaintenance.Reboot", "i-web1", not_before=f"+{number + 1}h")
    second = client.get("/events?instance=i-web1&type=SystemMaintenance.Reboot&size=20&page=2")
    assert "21–40 of 45 Previous page 2 of 3 Next" in second.words
    assert (
        'href="/console/events?type=SystemMaintenance.Reboot&amp;instance=i-web1&amp;size=20&amp;page=3"' in second.text
    )
    assert "41–45 of 45" in client.get("/events?size=20&page=99").words
    assert "1–45 of 45" in client.get("/events?size=7&page=x").words
    assert "No event matches the filters." in client.get("/events?region=cn-beijing").words


def test_newest_events_come_first(client, served):
    """As the API lists them."""
    first = served.create("SystemMaintenance.Reboot", "i-web1")
    served.advance("1h")
    second = served.create("SystemMaintenance.Stop", "i-web1")
    text = client.get("/events").text
    assert text.index(second.event_id) < text.index(first.event_id)


def test_the_history_has_its_causes(client, served):
    """What the test did, and what the console did."""
    event = served.create("SystemMaintenance.Reboot", "i-web1", not_before="+3h")
    client.post(f"/events/{event.event_id}", do="reboot")
    words = client.get(f"/events/{event.event_id}").words
    assert "Scheduled created by the test" in words
    assert "Avoided reboot at the console before NotBefore" in words


def test_a_disk_event_is_described_by_its_own_action(client, served):
    """DescribeDisksFullStatus."""
    event = served.create("Stalled", "i-web1", simulated=False)
    reply = client.get(f"/events/{event.event_id}")
    assert "API reply DescribeDisksFullStatus" in reply.words
    assert event.event_id in re.search(r'<pre id="p-api"[^>]*>(.*?)</pre>', reply.text, re.DOTALL)[1]
    assert f"disk {event.disk_id}" in reply.words
    assert f"disk {event.disk_id}" in client.get("/events").words


def test_events_without_notifications_say_so(client, served):
    """A rehearsed interruption is announced only at its time."""
    fields = {"event_type": "Instance:PreemptibleInstanceInterruption", "instance_id": "i-spot1", "real_ops": "true"}
    client.post("/simulate", fields, not_before="2030-01-02T00:00:00Z")
    words = client.get(f"/events/{served.one().event_id}").words
    assert "CloudMonitor has sent no notification of this event." in words
    assert "Flat" not in words


def test_deliveries_of_an_event(client, served):
    """To whom, with what outcome; a failed one with its error."""

    def fails(_notification):
        raise ValueError("no")

    served.queue("ecs-events")
    served.subscribe(fails)
    served.create("SystemMaintenance.Reboot", "i-web1")
    words = client.get(f"/events/{served.one().event_id}").words
    assert re.search(r"queue ecs-events delivered [\dA-F-]+", words)
    assert "failed ValueError: no" in words


def test_what_an_instance_has(client, served):
    """Attributes, tags, disks, events; a released one is still there."""
    served.instances.add(
        "i-9", tags={"env": "prod"}, zone_id="cn-hangzhou-k", disks=["d-1"], private_ip_addresses=["10.0.0.1"]
    )
    event = served.create("SystemMaintenance.Reboot", "i-9")
    words = client.get("/instances/i-9").words
    for said in ("Running", "cn-hangzhou-k", "env=prod", "d-1 /dev/xvdb", "10.0.0.1", "Locks none", event.event_id):
        assert said in words
    served.release("i-9")
    assert "Status Released" in client.get("/instances/i-9").words
    assert "Released: i-9" in client.get("/instances").words


def test_an_id_may_be_any_text(client, served):
    """A slash, a space, a question mark."""
    served.instances.add("a/b ?c")
    link = re.search(r'href="/console(/instances/a[^"]*)"', client.get("/instances").text)[1]
    assert '<h1 class="code">a/b ?c</h1>' in client.get(link).text
    assert client.post(link, do="stop", back=f"/console{link}").said == "Stopped a/b ?c."


def test_texts_of_others_are_escaped(client, served):
    """In every place where one is shown."""
    evil = '"><script>alert(1)</script>'
    served.instances.add("i-9", instance_name=evil, tags={evil: evil})
    event = served.create("SystemMaintenance.Reboot", "i-9", simulated=False, reason=evil)
    served.fail("RebootInstance", "X", message=evil, http_status=400, InstanceId=evil)
    for path in (
        *PAGES,
        "/instances/i-9",
        f"/events/{event.event_id}",
        "/events?instance=%22%3E%3Cscript%3Ealert(1)",
        "/%3Cscript%3E",
    ):
        text = client.get(path).text
        assert "<script>" not in text
        assert "&lt;script&gt;" in text or path in ("/queues", "/clock", "/instances/i-web1", "/timeline", "/events")


def test_control_characters_are_shown_as_escapes(client, served):
    """Also lone surrogates, which cannot be sent."""
    served.instances.add("i-9", instance_name="a\u202eb\udcffc")
    assert r"a\u202eb\udcffc" in client.get("/instances").text


def test_a_page_that_has_not_changed_is_not_sent_again(client, served):
    """The script asks often."""
    tag = client.get("/events").headers["ETag"]
    again = client.get("/events", If_None_Match=tag)
    assert (again.status, again.text) == (304, "")
    served.create("SystemMaintenance.Reboot", "i-web1")
    assert client.get("/events", If_None_Match=tag).status == 200


def test_head_has_no_body(client):
    """But its length."""
    reply = client.send("HEAD", "/events")
    assert (reply.status, reply.text) == (200, "")


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/nothing", 404, "There is no page /console/nothing."),
        ("GET", "/events/e-1", 404, "There is no event e-1 in this cloud."),
        ("GET", "/instances/i-7", 404, "There is no instance i-7 in this cloud."),
        ("GET", "/clock/more", 404, "There is no page /console/clock/more."),
        ("PUT", "/events", 405, "Pages take GET and POST, not PUT."),
        ("POST", "/events", 404, "There is no form /console/events."),
    ],
)
def test_what_is_not_there(client, method, path, status, said):
    """A page says so."""
    reply = client.send(method, path)
    assert (reply.status, reply.said) == (status, said)


def test_other_paths_are_not_the_consoles(client):
    """`/consoles` is a call without a key."""
    with closing(http.client.HTTPConnection(client.address)) as connection:
        connection.request("GET", "/consoles")
        assert b"AccessKeyId" in connection.getresponse().read()


# -- looking changes nothing


def test_a_look_is_no_reading_and_no_part_of_the_story(client, served, cloud):
    """Of every page: no event counts as read, no call is logged, no fault is met, no id is taken."""
    event = served.create("SystemMaintenance.Reboot", "i-web1", not_before="+3h")
    served.fail("DescribeInstanceHistoryEvents", "Throttling")
    parts = client_parts(cloud)
    before = (list(parts.cloud.events.last_read), parts.cloud.ids.random.getstate(), served.timeline())
    for path in (*PAGES, f"/events/{event.event_id}", "/events?show=all"):
        assert client.get(path).status == 200
    assert before == (list(parts.cloud.events.last_read), parts.cloud.ids.random.getstate(), served.timeline())
    assert served.calls == []


def client_parts(cloud):
    """What is behind the cloud."""
    from pytest_ecsevents.face._ecs_events import parts_of

    return parts_of(cloud.ecs_events)


# -- who may


def test_a_form_of_another_page_is_refused(client, served):
    """Without the token of this console, nothing happens."""
    for token in ("", "wrong", "\u00e4"):
        body = f"token={token}&by=1h".encode()
        reply = client.send("POST", "/clock", body)
        assert (reply.status, reply.said[:38]) == (403, "This form is not of this console, or o")
    assert served.now.hour == 0


@pytest.mark.parametrize(
    "headers",
    [{"Host": "rebound.example"}, {"Origin": "https://example.com"}, {"Sec_Fetch_Site": "cross-site"}],
    ids=str,
)
def test_pages_of_other_sites_reach_nothing(client, headers):
    """The refusal is a page."""
    reply = client.get("/events", **headers)
    assert reply.status == 403
    assert reply.headers["Content-Type"].startswith("text/html")
    assert "Event ID" not in reply.words


@pytest.mark.parametrize(
    "back", ["https://example.com/console/events", "//example.com", "/other", "/console/nothing", "console"]
)
def test_a_form_never_leads_elsewhere(client, back):
    """It leads to the page that has the form."""
    reply = client.send("POST", "/clock", f"token={client.token}&by=1h&back={back}")
    assert re.fullmatch(r"/console/clock\?note=[\w-]+", reply.headers["Location"])


def test_a_form_leads_back_to_where_it_was(client):
    """With the filters there."""
    reply = client.send("POST", "/clock", f"token={client.token}&by=1h&back=/console/events%3Fshow%3Dall%26size%3D20")
    assert reply.headers["Location"].startswith("/console/events?show=all&size=20&note=")
    assert client.get(reply.headers["Location"]).said == "It is 2030-01-01T01:00:00Z."


def test_old_notes_are_forgotten(client, monkeypatch):
    """A server may run for days."""
    monkeypatch.setattr(_console, "_MOST_NOTES", 2)
    token = client.token
    where = [client.send("POST", "/clock", f"token={token}&by=1s").headers["Location"] for _ in range(3)]
    assert [client.get(one).said is None for one in where] == [True, False, False]


def test_two_first_requests_get_one_console(standing):
    """Their tokens are the same."""
    client, tokens = Client(standing().address), []
    threads = [threading.Thread(target=lambda: tokens.append(client.token)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(tokens)) == 1
    assert len(tokens) == 4


# -- forms


def test_creating_simulated_events(client, served):
    """For several instances, or for none."""
    fields = {"event_type": "SystemMaintenance.Stop", "not_before": "2030-01-02T00:00:00Z"}
    reply = client.post("/simulate", fields, instance_id=["i-web1", "i-spot1"])
    assert [event.instance_id for event in served] == ["i-web1", "i-spot1"]
    assert {event.history[0].cause for event in served} == {"created at the console"}
    assert reply.said == f"Created {', '.join(event.event_id for event in served)}."
    refused = client.post("/simulate", fields)
    assert refused.status == 409
    assert refused.said == "Refused. No instance is chosen. Check at least one under Instances."
    assert served.calls == []


def test_a_refused_form_keeps_what_was_filled_in(client):
    """Also without script."""
    reply = client.post(
        "/simulate",
        {
            "form": "simulate",
            "event_type": "SystemFailure.Stop",
            "not_before": "2029-01-01T00:00:00Z",
            "real_ops": "true",
        },
        instance_id=["i-spot1"],
        back="/console/events?show=all",
    )
    assert reply.said.startswith("Refused. InvalidParameter:")
    assert 'value="2029-01-01T00:00:00Z"' in reply.text
    assert "<option selected>SystemFailure.Stop" in reply.text
    assert 'value="i-spot1" checked' in reply.text
    assert 'value="i-web1" checked' not in reply.text
    assert 'name="real_ops" value="true" checked' in reply.text


def test_one_request_is_for_one_region(client, served):
    """As the API's is."""
    served.instances.add("i-2zeweb")
    reply = client.post(
        "/simulate",
        event_type="SystemMaintenance.Stop",
        instance_id=["i-web1", "i-2zeweb"],
        not_before="2030-01-02T00:00:00Z",
    )
    assert "The instances are in cn-beijing, cn-hangzhou" in reply.said
    assert len(served) == 0


def test_an_unknown_instance_is_refused(client):
    """A page that is out of date."""
    assert "i-wbe1" in client.post("/simulate", event_type="SystemMaintenance.Stop", instance_id="i-wbe1").said


def test_publishing_a_real_event(client, served):
    """With a status that asks the user."""
    fields = {"event_type": "SystemMaintenance.Redeploy", "instance_id": "i-web1", "status": "Inquiring"}
    assert (
        client.post("/publish", fields).said == "Published a real event of type SystemMaintenance.Redeploy on i-web1."
    )
    assert (served.one().simulated, served.one().status) == (False, "Inquiring")
    assert (
        client.post("/publish", event_type="SystemMaintenance.Redeploy").said
        == "Refused. instance_id is empty. Fill it in."
    )
    assert (
        "Did you mean SystemMaintenance.Redeploy?"
        in client.post("/publish", {**fields, "event_type": "SystemMaintenance.Redploy"}).said
    )


DEEDS = [
    (
        "SystemMaintenance.Reboot",
        {},
        "reboot",
        "Restarted i-web1.",
        "Avoided",
        "reboot at the console before NotBefore",
    ),
    ("SystemMaintenance.Reboot", {}, "cancel", "Canceled {}.", "Canceled", "canceled at the console"),
    (
        "SystemMaintenance.Redeploy",
        {"simulated": False},
        "redeploy",
        "Redeployed i-web1.",
        "Avoided",
        "redeployment at the console",
    ),
    (
        "SystemMaintenance.Redeploy",
        {"simulated": False, "status": "Inquiring"},
        "accept",
        "Accepted {}.",
        "Executing",
        "accepted at the console",
    ),
    (
        "InstanceExpiration.Stop",
        {"simulated": False},
        "renew",
        "Renewed i-web1.",
        "Avoided",
        "renewal at the console before NotBefore",
    ),
]


@pytest.mark.parametrize(("event_type", "given", "do", "said", "status", "cause"), DEEDS, ids=[row[2] for row in DEEDS])
def test_the_actions_of_a_row(client, served, event_type, given, do, said, status, cause):  # noqa: PLR0917  # a row
    """Each changes the event, and says what did it."""
    event = served.create(event_type, "i-web1", **given)
    reply = client.post(f"/events/{event.event_id}", do=do, back=f"/console/events/{event.event_id}")
    assert reply.said == f"{said.format(event.event_id)} {event.event_id} is {status}."
    assert (event.status, event.history[-1].cause if do != "accept" else event.history[1].cause) == (status, cause)
    assert served.calls == []


def test_changing_the_time(client, served):
    """To an instant, or relative to now; a later one than the first is refused by the API."""
    event = served.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    where = f"/events/{event.event_id}"
    reply = client.post(where, do="reschedule", not_before="2030-01-01T05:00:00Z")
    assert reply.said == f"Changed the time of {event.event_id}. {event.event_id} is Scheduled."
    assert event.not_before.hour == 5
    client.post(where, do="reschedule", not_before="+6h")
    assert event.not_before.hour == 6
    assert client.post(where, do="reschedule", not_before="+25h").said.startswith("Refused. InvalidParameter:")
    assert "The new time" in client.post(where, do="reschedule", not_before="soon").said
    assert event.history[-1].cause == "rescheduled at the console: NotBefore 2030-01-01T06:00:00Z"


def test_actions_that_there_are_not(client, served):
    """A form that someone made up."""
    event = served.create("SystemMaintenance.Reboot", "i-web1")
    assert (
        client.post(f"/events/{event.event_id}", do="explode").said
        == "Refused. There is no action 'explode' on an event."
    )
    assert (
        client.post("/instances/i-web1", do="explode").said == "Refused. There is no action 'explode' on an instance."
    )
    assert client.post("/events/e-1", do="cancel").status == 409


def test_the_actions_of_an_instance(client, served):
    """Through the API, and in its words."""
    instance = served.instances["i-web1"]
    assert client.post("/instances/i-web1", do="stop").said == "Stopped i-web1."
    assert instance.status == "Stopped"
    assert client.post("/instances/i-web1", do="reboot").said.startswith("Refused. IncorrectInstanceStatus:")
    assert client.post("/instances/i-web1", do="start").said == "Started i-web1."
    assert client.post("/instances/i-web1", do="reboot").said == "Restarted i-web1."
    assert "i-web1 is no preemptible instance" in client.post("/instances/i-web1", do="interrupt").said
    assert (
        client.post("/instances/i-spot1", do="interrupt").said == "i-spot1 is being reclaimed; in five minutes it is."
    )
    assert client.post("/instances/i-web1", do="release").said == "Released i-web1."
    assert "i-web1" not in served.instances
    assert client.post("/instances/i-web1", do="stop").status == 409


def test_a_reason_knows_what_the_console_did(client, served):
    """A restart there that came too late explains why the event is not Avoided."""
    event = served.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    served.advance("2h")
    client.post("/instances/i-web1", do="reboot")
    with pytest.raises(AssertionError, match="the reboot at the console came at"):
        served.assert_avoided(event)


def test_adding_an_instance(client, served):
    """With an id, or a new one."""
    assert client.post("/instances", instance_id="i-2zenew", instance_name="web9").said == "Added i-2zenew."
    assert served.instances["i-2zenew"].region_id == "cn-beijing"
    assert client.post("/instances", region_id="cn-shanghai").said.startswith("Added i-uf6")
    assert client.post("/instances", form="add", spot_strategy="Spot").status == 409


def test_moving_the_clock(client, served):
    """By a duration, to an instant, to the next event."""
    assert client.post("/clock", do="next").said == "Nothing is due."
    served.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    assert client.post("/clock", by="90m").said == "It is 2030-01-01T01:30:00Z."
    assert client.post("/clock", do="to", to="2030-01-01T12:00:00Z").said == "It is 2030-01-01T12:00:00Z."
    reply = client.post("/clock", do="next")
    assert reply.said == f"It is 2030-01-02T00:00:00Z. {served.one().event_id} became Executing."
    assert "Time only moves forward" in client.post("/clock", do="to", to="2029-01-01T00:00:00Z").said
    assert client.post("/clock", by="soon").status == 409


def test_beginning_again(client, cloud):
    """The page then shows the new cloud."""
    cloud.ecs_events.create("SystemMaintenance.Reboot", "i-web1")
    assert client.post("/reset").said == "The cloud has begun again."
    assert "There are no events yet." in client.get("/events").words
    assert len(cloud.ecs_events) == 0


def test_declaring_faults(client, served):
    """For the program's calls, not for the console's."""
    fields = {"action": "RebootInstance", "code": "Throttling", "times": "2", "instance_id": "i-web1"}
    assert client.post("/faults", fields).said == "RebootInstance will fail with Throttling."
    client.post("/faults", action="*", code="read timeout", times="all")
    words = client.get("/faults").words
    assert "RebootInstance(InstanceId='i-web1') Throttling 0 of 2 any time active" in words
    assert "read timeout 0 any time active" in words
    assert client.post("/instances/i-web1", do="reboot").said == "Restarted i-web1."
    assert client.post("/faults", action="RebootInstance", code="Throtling").status == 409
    assert "times is 'x'" in client.post("/faults", {**fields, "times": "x"}).said
    assert client.post("/faults/withdraw").said == "Withdrew all faults, quotas and delays."
    assert "No faults are declared" in client.get("/faults").words


def test_a_fault_that_was_met_is_over(client, served):
    """In a window of time."""
    served.fail("DescribeRegions", "Throttling", between=("2030-01-01T00:00:00Z", "2030-01-01T01:00:00Z"))
    with closing(http.client.HTTPConnection(client.address)) as connection:
        connection.request("GET", "/?Action=DescribeRegions&Version=2014-05-26&AccessKeyId=any")
        connection.getresponse().read()
    assert "1 of 1 2030-01-01T00:00:00Z to 2030-01-01T01:00:00Z over" in client.get("/faults").words


def test_queues_rules_and_receivers(client, served):
    """What is there, what was delivered, and how to add one."""
    assert client.post("/queues", name="ecs-events").said == "The queue ecs-events gets each notification from now on."
    assert client.post("/queues", name="-").status == 409
    assert (
        client.post("/subscriptions", url="http://127.0.0.1:9/x").said
        == "http://127.0.0.1:9/x gets each notification from now on."
    )
    assert client.post("/subscriptions", url="x").status == 409
    served.topic("ecs-topic")
    served.subscribe(print).cancel()
    client.post(
        "/simulate", event_type="SystemMaintenance.Stop", instance_id="i-web1", not_before="2030-01-02T00:00:00Z"
    )
    words = client.get("/queues").words
    assert "ecs-events 1 to be received, 0 hidden, 0 delayed; 1 sent in all" in words
    assert "Instance:SystemMaintenance.Stop:Scheduled received 0 times" in words
    assert "ecs-topic 1 published; subscriptions: none" in words
    assert "queue ecs-events 1 delivery" in words
    assert "print" not in words
    assert "No event rules." in words


def test_an_event_rule_and_what_it_delivered(client, standing, tmp_path):
    """With its patterns and targets."""
    from pytest_ecsevents.cli._seed import read_seed

    seed = tmp_path / "seed.toml"
    seed.write_text(
        '[[rules]]\nname = "stops"\nlevels = ["CRITICAL"]\nqueue = "q1"\n[[instances]]\ninstance_id = "i-1"\n'
    )
    cloud = standing(read_seed(seed))
    cloud.ecs_events.create("SystemMaintenance.Stop", "i-1")
    words = Client(cloud.address).get("/queues").words
    assert "stops enabled all CRITICAL Mns q1 cn-hangzhou 1" in words
    assert "rule stops queue q1 delivered" in words


def test_a_clock_that_goes_on(standing):
    """The page says how fast."""
    words = Client(standing(speed=60.0).address).get("/clock").words
    assert "60 times as fast as the machine's" in words
    assert "goes on with the machine's" in Client(standing(speed=1.0).address).get("/clock").words


# -- other machines


def test_another_host_opens_it_to_other_machines(standing):
    """By address and by short name, not by a name of the internet; forms of its own pages are taken."""
    cloud = standing(host="0.0.0.0")  # noqa: S104  # what is tested
    client = Client(cloud.address)
    port = cloud.address.partition(":")[2]
    for host in ("192.168.1.5", "ecsevents", "127.0.0.1", "[fe80::1]"):
        assert client.get("/events", Host=f"{host}:{port}").status == 200
    for host in ("rebound.example", "a@b", "", "x" * 400):
        refused = client.get("/events", Host=host)
        assert refused.status == 403
    token = client.token
    sent = {"Host": f"ecsevents:{port}", "Origin": f"http://ecsevents:{port}"}
    assert client.send("POST", "/clock", f"token={token}&by=1h", **sent).status == 303
    assert client.send("POST", "/clock", f"token={token}&by=1h", **{**sent, "Origin": "http://other"}).status == 403


# -- from a test


def test_the_console_of_a_test(ecs):
    """It shows the test's own cloud; a server that runs already is the same."""
    ecs.create("SystemMaintenance.Reboot", "i-web1")
    url = ecs.console
    assert url == ecs.console == f"http://{ecs.endpoint}/console"
    client = Client(ecs.endpoint)
    assert "Scheduled" in client.get("/events").words
    assert "with the test (freezegun)" in client.get("/clock").words
    assert "The cloud of a test cannot begin again." in client.post("/reset").said
    client.post(f"/events/{ecs.one().event_id}", do="reboot")
    ecs.assert_avoided(ecs.one(), by="reboot at the console")


def test_the_clock_of_a_test_moves_from_the_console(ecs):
    """What is due happens, in the thread that answers."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    client = Client(ecs.console.removeprefix("http://").removesuffix("/console"))
    assert client.post("/clock", by="25h").said.startswith("It is 2030-01-02T01:00:00Z. e-")
    assert event.status == "Executed"


def test_without_the_extra_it_says_what_to_install(ecs, monkeypatch):
    """Jinja2 is part of it."""
    real = _serving.find_spec
    monkeypatch.setattr(_serving, "find_spec", lambda name: None if name == "jinja2" else real(name))
    with pytest.raises(Exception, match=r"ecs_events.console needs .* jinja2 is not installed.*\[server\]"):
        _ = ecs.console


def test_a_test_without_the_console_loads_nothing_of_it(pytester):
    """Not even with a server."""
    pytester.makepyfile(
        """
        import sys

        def test_it(ecs_events):
            assert ecs_events.endpoint
            assert not [name for name in sys.modules if name.startswith(("jinja2", "pytest_ecsevents.console"))]
        """
    )
    pytester.runpytest_subprocess("-p", "no:html", "-p", "no:cacheprovider").assert_outcomes(passed=1)


POLLER = """
import http.client, sys, time
connection = http.client.HTTPConnection(sys.argv[1])
print("ready", flush=True)
try:
    while True:
        for page in ("events", "timeline", "queues"):
            connection.request("GET", f"/console/{page}")
            assert connection.getresponse().read()
            print(page, flush=True)
except OSError:
    pass
"""


def test_a_browser_that_looks_on_changes_no_story():
    """A handler under `run` sleeps through days while pages are read: time, order and threads are as without it."""

    def told(is_watched):
        with EcsEvents() as ecs, contextlib.ExitStack() as stack:
            seen = []
            if is_watched:
                host = ecs.console.removeprefix("http://").removesuffix("/console")
                command = [sys.executable, "-c", POLLER, host]
                program = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE))
                stack.callback(program.kill)
                assert [program.stdout.readline() for _ in range(2)] == [b"ready\n", b"events\n"]
            ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+10h")
            ecs.subscribe(lambda notification: seen.append((notification["name"], threading.current_thread().name)))
            ecs.at("+5h", lambda: seen.append(("planned", threading.current_thread().name)))
            ecs.run(lambda: [time.sleep(60) for _ in iter(int, 1)], until="5d")
            story = ecs.timeline()
        return story, seen

    assert told(is_watched=True) == told(is_watched=False)


def test_what_a_receiver_does_while_the_console_moves_the_clock_is_of_the_test(ecs):
    """The console only moved the clock."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    ecs.at("+1h", ecs.reboot, "i-web1")
    page = Client(ecs.console.removeprefix("http://").removesuffix("/console"))
    page.post("/clock", by="2h")
    assert event.history[-1].cause == "reboot by the test before NotBefore"


def test_what_a_receiver_does_about_a_change_at_the_console_is_of_the_test(ecs):
    """The change names the console, and the receiver's reboot the test."""
    ecs.instances.add("i-web1")
    ecs.subscribe(lambda _: ecs.reboot("i-web1"), names="Instance:SystemMaintenance.Reboot:Scheduled")
    page = Client(ecs.console.removeprefix("http://").removesuffix("/console"))
    said = page.post(
        "/simulate", event_type="SystemMaintenance.Reboot", instance_id="i-web1", not_before="2030-01-02T00:00:00Z"
    ).said
    assert said.startswith("Created ")
    assert [change.cause for change in ecs.one().history] == [
        "created at the console",
        "reboot by the test before NotBefore",
    ]


def test_what_only_a_fake_can_do_names_the_console_as_its_cause(client, served):
    """A real event, which no user can publish."""
    client.post("/publish", event_type="SystemMaintenance.Reboot", instance_id="i-web1")
    assert [event.history[0].cause for event in served] == ["created at the console"]


@pytest.mark.parametrize("back", ["http://[", "//other.example/console/events", "/console/nothing"])
def test_a_form_that_was_on_no_page_leads_to_its_own(client, back):
    """Whatever it says."""
    assert client.post("/queues", name="q", back=back).status == 200
    assert client.post("/queues", name="-", back=back).status == 409


def test_the_address_alone_leads_a_browser_to_the_console(client):
    """An SDK gets the API's answer there: it asks for no page, or it has a query."""
    assert client.send("GET", "/", Accept="text/html,application/xhtml+xml").headers["Location"] == "/console"
    assert "MissingParameter" in client.send("GET", "/").text
