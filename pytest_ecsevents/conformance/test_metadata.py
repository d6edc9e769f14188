"""The metadata service, as a program inside the instance reads it."""

import json

from pytest_ecsevents.conformance._rules import rule, same
from pytest_ecsevents.conformance._subjects import NotTriedError, Subject


@rule("The metadata have the instance's id", source="page on instance metadata")
def test_instance_id(subject: Subject) -> None:
    same("id", subject.read("/latest/meta-data/instance-id").text, subject.instance_id)


@rule("GET of the token's address is 405", source="replies printed in public programs")
def test_token_by_get(subject: Subject) -> None:
    same("status", subject.read("/latest/api/token").status, 405)


@rule("meta-data/all is one JSON object, without credentials", guess="metadata-all")
def test_all(subject: Subject) -> None:
    found = json.loads(subject.read("/2016-01-01/meta-data/all").text)
    seen = (found.get("instance-id"), "security-credentials" in found.get("ram", {}))
    same("instance-id, and whether there are credentials", seen, (subject.instance_id, False))


@rule("last-host-landing-time is when the instance was created", guess="landing-time")
def test_landing_time(subject: Subject) -> None:
    text = subject.read("/latest/meta-data/instance/last-host-landing-time").text
    reply = subject.call("DescribeInstances", InstanceIds=f'["{subject.instance_id}"]')
    (instance,) = reply.body["Instances"]["Instance"]
    same("time, to the minute", text[:16], instance["CreationTime"].replace("T", " ")[:16])


@rule("active-system-events is a JSON list of contents of notifications", guess="active-events")
def test_active_events(subject: Subject) -> None:
    event_id = subject.create()
    found = json.loads(subject.read("/latest/maintenance/active-system-events").text)
    same("kind", type(found).__name__, "list")
    (event,) = [one for one in found if event_id in json.dumps(one)]
    same("eventId and eventStatus", (event.get("eventId"), event.get("eventStatus")), (event_id, "Scheduled"))


@rule("Where a token is required, a request without one is 403", guess="metadata-without-token")
def test_without_token(subject: Subject) -> None:
    page = subject.read("/latest/meta-data/instance-id", with_token=False)
    if page.status == 200:
        raise NotTriedError("the instance requires no token")
    same("status", page.status, 403)


@rule("POST is 405", guess="metadata-statuses")
def test_post(subject: Subject) -> None:
    same("status", subject.read("/latest/meta-data/instance-id", "POST").status, 405)


@rule("An error is a page in XHTML, with status and message", guess="metadata-pages")
def test_page_of_error(subject: Subject) -> None:
    page = subject.read("/latest/meta-data/no-such-item")
    seen = (page.status, page.content_type, "<h1>404 - Not Found</h1>" in page.text)
    same("status, type and heading", seen, (404, "text/html", True))


@rule("The identity document is text/plain", guess="metadata-pages")
def test_type_of_document(subject: Subject) -> None:
    page = subject.read("/latest/dynamic/instance-identity/document")
    same("status and type", (page.status, page.content_type), (200, "text/plain"))


@rule("DNS servers are 100.100.2.136 and 100.100.2.138", guess="metadata-values")
def test_name_servers(subject: Subject) -> None:
    same("servers", subject.read("/latest/meta-data/dns-conf/nameservers").text, "100.100.2.136\n100.100.2.138")
