"""The metadata service at the endpoint, for agents in other processes."""

import subprocess
import sys

import pytest

from pytest_ecsevents import EcsEvents, NoGuestError

AGENT = """
import sys, time, urllib.error, urllib.request

def ask(path, method="GET", **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(f"http://{sys.argv[1]}/latest/{path}", headers=headers, method=method)
    return urllib.request.urlopen(request).read().decode()

token = ask("api/token", "PUT", X_aliyun_ecs_metadata_token_ttl_seconds="60")
me = ask("meta-data/instance-id", X_aliyun_ecs_metadata_token=token)
print(me, ask("meta-data/instance/spot/termination-time"))
"""


def test_an_agent_of_its_own_reads_when_its_instance_ends():
    """It sends a token, as inside the instance."""
    with EcsEvents() as ecs:
        ecs.instances.add("i-spot1", spot_strategy="SpotAsPriceGo")
        ecs.interrupt("i-spot1")
        ended = subprocess.run([sys.executable, "-c", AGENT, ecs.endpoint], check=True, capture_output=True, text=True)
    assert ended.stdout.split() == ["i-spot1", "2030-01-01T00:05:00Z"]
    assert [call.transport for call in ecs.metadata.calls] == ["server"] * 3


@pytest.mark.parametrize(
    ("path", "host"),
    [("/2016-01-01/meta-data/instance-id", "localhost"), ("/latest/meta-data/instance-id", "100.100.100.200")],
)
def test_the_path_or_the_host_selects_it(ecs, request_at, path, host):
    """Both versions of its paths select it, and so does its address as the host."""
    status, headers, body = request_at(ecs.endpoint, "GET", path, Host=host)
    assert (status, headers["Connection"], body) == (200, "close", b"i-web1")


def test_its_errors_are_answers(ecs, request_at):
    """A missing item is 404."""
    assert request_at(ecs.endpoint, "GET", "/latest/meta-data/none")[0] == 404


def test_its_faults_are_met(ecs, request_at):
    """A lost connection is one of them."""
    ecs.fail("metadata", "connection reset")
    with pytest.raises(ConnectionResetError):
        request_at(ecs.endpoint, "GET", "/latest/meta-data/instance-id")


def test_an_unknown_calling_instance_fails_the_test(request_at):
    """The program gets the reason in the response."""
    with pytest.raises(NoGuestError, match="there is no instance for the program to run in"), EcsEvents() as ecs:
        assert request_at(ecs.endpoint, "GET", "/latest/meta-data/instance-id")[0] == 400
