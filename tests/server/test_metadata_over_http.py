"""The metadata service over HTTP, for agents in other processes."""

import http.client
import json
import subprocess
import sys
import threading

import pytest

from pytest_ecsevents import EcsEvents, NoGuestError

AGENT = """
import sys, urllib.request

def ask(path, method="GET", **headers):
    request = urllib.request.Request(f"http://{sys.argv[1]}/latest/{path}", method=method, headers=headers)
    return urllib.request.urlopen(request).read().decode()

token = ask("api/token", "PUT", **{"X-aliyun-ecs-metadata-token-ttl-seconds": "60"})
print(ask("meta-data/instance-id", **{"X-aliyun-ecs-metadata-token": token}))
"""
SPOT = "/latest/meta-data/instance/spot/termination-time"


def test_an_agent_in_another_process(ecs):
    """A program of its own asks as the instance that the test chose, tokens included."""
    ecs.instances.add("i-web2", http_tokens="required")
    with ecs.guest("i-web2"):
        command = [sys.executable, "-c", AGENT, ecs.endpoint]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout

    assert told == "i-web2\n"
    assert [(call.instance_id, call.method, call.http_status, call.transport) for call in ecs.metadata.calls] == [
        ("i-web2", "PUT", 200, "server"),
        ("i-web2", "GET", 200, "server"),
    ]


@pytest.mark.parametrize("version", ["latest", "2016-01-01"])
def test_both_versions_are_served(ecs, request_at, version):
    """What is below a version is the metadata service's; its pages come as they are."""
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    status, headers, body = request_at(ecs.endpoint, path=f"/{version}/maintenance/active-system-events?now")
    assert (status, headers["Content-Type"], len(json.loads(body))) == (200, "text/plain", 1)

    status, _, body = request_at(ecs.endpoint, path=f"/{version}/user-data")
    assert (status, b"404 - Not Found" in body) == (404, True)


def test_everything_else_is_still_the_clouds(ecs, ecs_call):
    """The root and actions are ECS's."""
    assert ecs_call(ecs.endpoint, "DescribeInstances")[1]["TotalCount"] == 1


def test_who_asks_is_not_known():
    """The agent meets 404, and the author the sentence when the test ends."""
    with pytest.raises(NoGuestError, match="which instance does the program run inside"), EcsEvents() as ecs:
        ecs.instances.add("i-a")
        ecs.instances.add("i-b")
        connection = http.client.HTTPConnection(ecs.endpoint)
        connection.request("GET", "/latest/meta-data/region-id")
        assert connection.getresponse().status == 404
        connection.close()


def test_an_error_of_the_authors_own():
    """The agent meets 500, and the test fails with what was raised."""
    with pytest.raises(AssertionError, match="InternalError"), EcsEvents() as ecs:
        ecs.instances.add("i-web1")
        ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
        ecs.metadata.active_event = lambda _: 1 / 0
        connection = http.client.HTTPConnection(ecs.endpoint)
        connection.request("GET", "/latest/maintenance/active-system-events")
        assert connection.getresponse().status == 500
        connection.close()


def test_faults_over_http(ecs, request_at):
    """A refusal comes as its page, a fault of the network closes the connection, a delay takes virtual time."""
    ecs.fail("metadata", "Throttling")
    ecs.fail("metadata", "connection reset")
    ecs.delay("metadata", "5s", times=1)

    assert request_at(ecs.endpoint, path=SPOT)[0] == 429
    with pytest.raises(ConnectionError):
        request_at(ecs.endpoint, path=SPOT)
    assert request_at(ecs.endpoint, path=SPOT)[0] == 404
    assert sum(call.took.total_seconds() for call in ecs.metadata.calls) == 5


def test_a_read_timeout_over_http(ecs):
    """A request that is never answered is held until its client gives up."""
    ecs.fail("metadata", "read timeout")
    connection = http.client.HTTPConnection(ecs.endpoint, timeout=0.2)
    connection.request("GET", SPOT)
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    assert ecs.metadata.calls[0].failure == "read timeout"


def test_threads_of_the_test_choose_for_themselves_alone(ecs, request_at):
    """What another thread chose is not the server's."""
    ecs.instances.add("i-web2")
    ecs.guest("i-web1")
    seen = []

    def elsewhere():
        ecs.guest("i-web2")
        seen.append(request_at(ecs.endpoint, path="/latest/meta-data/instance-id")[2])

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [b"i-web1"]
