"""The commands that talk to a running server."""

import json
import re
import shutil
import socket
import subprocess
import sys
import threading

import pytest

REBOOT = "SystemMaintenance.Reboot"
BASH = shutil.which("bash")


@pytest.fixture
def event_id(command):
    """An event that is due in a day."""
    status, printed, _ = command("create", REBOOT, "i-web1", "--not-before", "+24h", "--json")
    assert status == 0
    return json.loads(printed)["event_id"]


def test_the_way_of_an_event(command, event_id):
    """Tables for people."""
    assert command("now") == (0, "now 2030-01-01T00:00:00Z (standing); next due: 2030-01-02T00:00:00Z\n", "")
    _, printed, _ = command("events")
    assert printed.splitlines() == [
        "EVENT                   TYPE                      INSTANCE  STATUS     NOT BEFORE            KIND",
        f"{event_id}  SystemMaintenance.Reboot  i-web1    Scheduled  2030-01-02T00:00:00Z  simulated",
    ]
    assert command("advance", "23h")[1] == "now 2030-01-01T23:00:00Z\nno event has changed\n"
    _, printed, _ = command("advance", "--next")
    assert printed.splitlines()[0] == "now 2030-01-02T00:00:00Z"
    assert printed.splitlines()[2].split() == [
        "2030-01-02T00:00:00Z",
        event_id,
        "Scheduled",
        "Executing",
        "NotBefore",
        "reached",
    ]
    assert "Executing" in command("events", "--status", "Executing")[1]
    assert command("events", "--type", "SystemFailure.Reboot")[1] == "no events\n"
    assert "Instance:SystemMaintenance.Reboot:Executing" in command("notifications")[1]
    assert "Scheduled -> Executing" in command("timeline")[1]
    assert "Executed" in command("advance", "--to", "+1d")[1]
    assert command("reset")[1].startswith("now 2030-01-01T00:00:00Z (standing); next due: nothing")


def test_what_a_user_does_with_events(command, event_id):
    """Each command prints the event as it is then."""
    assert "2030-01-01T02:00:00Z" in command("reschedule", event_id, "+2h")[1]
    assert "Canceled" in command("cancel", event_id)[1]
    _, printed, _ = command(
        "create", "SystemMaintenance.Redeploy", "i-web1", "--real", "--status", "Inquiring", "--json"
    )
    inquiring = json.loads(printed)
    assert inquiring["simulated"] is False
    assert "Executing" in command("accept", inquiring["event_id"])[1]


def test_what_a_user_does_with_instances(command, event_id):
    """Each command prints the instance as it is then."""
    assert "Running" in command("add", "i-spot", "spot_strategy=SpotAsPriceGo", "cpu=4", 'tags={"role": "web"}')[1]
    assert "role=web" in command("instances", "--region", "cn-hangzhou")[1]
    assert "i-spot" in command("interrupt", "i-spot")[1]
    assert "i-web1" in command("reboot", "i-web1", "--in-guest")[1]
    assert "Scheduled" in command("events")[1]
    command("reboot", "i-web1")
    assert "Avoided" in command("events")[1]
    assert "Stopped" in command("stop", "i-web1")[1]
    assert "Running" in command("start", "i-web1")[1]
    assert command("instances", "--status", "Stopped")[1] == "no instances\n"


def test_faults_are_declared_and_listed(command, call_cloud):
    """And the calls that met them."""
    assert command("faults")[1] == "no faults\n"
    assert command("calls")[1] == "no calls\n"
    given = ("--times", "all", "--between", "+0s", "+1h", "--param", "InstanceId=i-web1")
    _, printed, _ = command("fail", "RebootInstance", "Throttling", *given)
    assert "RebootInstance(InstanceId='i-web1')" in printed
    assert printed.splitlines()[1].endswith("all  2030-01-01T00:00:00Z 2030-01-01T01:00:00Z")
    call_cloud("RebootInstance", InstanceId="i-web1")
    assert "400 Throttling (fault)  InstanceId=i-web1" in command("calls", "--action", "RebootInstance")[1]
    assert command("faults", "--clear")[1] == "no faults\n"
    command("fail", "*", "read timeout", "--times", "2")
    assert command("faults")[1].splitlines()[1].startswith("any action  read timeout  0    2   -")


@pytest.fixture
def call_cloud(cloud):
    """Call an action without an SDK."""
    import http.client
    from urllib.parse import urlencode

    def call_cloud(action, **params):
        query = urlencode(
            {"Action": action, "Version": "2014-05-26", "AccessKeyId": "any", "RegionId": "cn-hangzhou", **params}
        )
        connection = http.client.HTTPConnection(cloud.address)
        connection.request("GET", f"/?{query}")
        connection.getresponse().read()
        connection.close()

    return call_cloud


def test_parameters_that_are_lists_are_shown_as_json(command, call_cloud):
    """In the table of calls."""
    call_cloud("DescribeInstanceHistoryEvents", **{"InstanceEventCycleStatus.1": "Scheduled"})
    assert 'InstanceEventCycleStatus=["Scheduled"]' in command("calls")[1]


# -- what is wrong


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("cancel", "e-none"), "There is no event 'e-none'"),
        (("reboot", "i-web"), "i-web1"),
        (("advance", "-2h"), "would move the clock back by 2h"),
        (("advance", "--to", "2029-01-01T00:00:00Z"), "Time only moves forward here"),
        (("advance", "soon"), "is 'soon', which is not a duration"),
        (("advance",), "advance got nothing"),
        (("create", "SystemMaintenance.Rebot", "i-web1"), "Did you mean SystemMaintenance.Reboot?"),
        (("fail", "RebootInstance", "Throtling"), "Did you mean Throttling?"),
        (("fail", "RebootInstance", "Throttling", "--times", "few"), "--times is 'few'. Pass a whole number, or all."),
        (("fail", "RebootInstance", "Throttling", "--times", "9" * 5000), "Pass a whole number, or all."),
        (("cancel", "e-\udc80"), r"There is no event 'e-\\udc80'"),
        (("events", "--status", "\udc80"), r"No event can have status='\\udc80'"),
        (("add", "i-web9", "self=1"), "has no parameter 'self'"),
        (("fail", "RebootInstance", "Throttling", "--param", "x"), "--param is 'x'. Pass a name and a value"),
        (("interrupt", "i-web1"), "is no preemptible instance"),
        (("evnts",), "there is no command 'evnts'. Did you mean events?"),
        (("events", "--statu"), "Try ecsevents"),
        (("events", "--endpoint", "nonsense"), "--endpoint is 'nonsense'. Pass a host and a port"),
        (("events", "--endpoint", "127.0.0.1:70000"), "Pass a host and a port"),
    ],
)
def test_bad_input_is_a_sentence(command, arguments, words):
    """Exit status 2, a sentence and its place in the manual, no traceback."""
    status, printed, errors = command(*arguments)
    assert (status, printed) == (2, "")
    assert words in errors
    assert errors.startswith("ecsevents")
    assert re.fullmatch(r".+\nmanual: docs/troubleshooting\.md#[\w-]+\n", errors)


@pytest.mark.parametrize(
    ("arguments", "section"),
    [
        (("evnts",), "the-program-ecsevents"),
        (("events", "--endpoint", "nonsense"), "the-program-ecsevents"),
        (("serve", "--seed", "none.toml"), "the-program-ecsevents"),
        (("serve", "--speed", "-1"), "badargumenterror"),
        (("cancel", "e-none"), "nosuchnameerror"),
        (("interrupt", "i-web1"), "refusals-of-what-the-test-does"),
    ],
)
def test_a_message_names_the_section_of_its_kind(command, arguments, section):
    """That of the program for its own, and that of the fixture's error for what the cloud refuses."""
    assert command(*arguments)[2].endswith(f"\nmanual: docs/troubleshooting.md#{section}\n")


def test_a_server_that_is_not_there(command, monkeypatch):
    """The message says how to start one."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("ECSEVENTS_ENDPOINT", f"http://127.0.0.1:{port}/")
    status, _, errors = command("now")
    assert status == 2
    assert errors.startswith(
        f"ecsevents: no fake cloud answers at 127.0.0.1:{port} (Connection refused). Start one with `ecsevents serve`"
    )


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"220 mail ready\r\n",
        b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n[]",
    ],
)
def test_another_server(command, reply):
    """What is no fake cloud is said to be none."""
    with socket.create_server(("127.0.0.1", 0)) as other:

        def answer():
            connection, _ = other.accept()
            connection.recv(65536)
            connection.sendall(reply)
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        status, _, errors = command("now", "--endpoint", f"127.0.0.1:{other.getsockname()[1]}")
        thread.join()
    assert status == 2
    assert "is no fake cloud" in errors


def test_a_reader_that_has_enough(command, monkeypatch):
    """As `head` ends: no traceback."""

    class Closed:
        def write(self, _text):
            raise BrokenPipeError

        def close(self):
            raise BrokenPipeError

    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", Closed())
        status, _, errors = command("now")
    assert (status, errors) == (0, "")


@pytest.mark.skipif(BASH is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["adv"], "advance"),
        (["advance", "--n"], "--next"),
        (["serve", "--spe"], "--speed"),
        (["completion", "z"], "zsh"),
    ],
)
def test_bash_completes_commands_options_and_values(command, words, completed):
    """The script is evaluated as `~/.bashrc` does, and asked as bash asks it."""
    status, script, _ = command("completion", "bash")
    assert status == 0
    *before, last = ["ecsevents", *words]
    asked = f"COMP_WORDS=({' '.join([*before, last])}); COMP_CWORD={len(before)}; _shtab_ecsevents ecsevents {last} {before[-1]}"
    printed = subprocess.run(
        [BASH, "-c", f'eval "$0"; {asked}; echo "${{COMPREPLY[@]}}"', script],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert printed.split() == [completed]


def test_completion_for_zsh(command):
    """The script says which program it completes."""
    assert command("completion", "zsh")[1].startswith("#compdef ecsevents\n")


def test_completion_without_its_library_says_what_to_install(command, monkeypatch):
    """The core of the plugin does not bring it."""
    monkeypatch.setitem(sys.modules, "shtab", None)
    status, _, told = command("completion", "bash")
    assert (status, told) == (
        2,
        "ecsevents: completion needs the package shtab: pip install 'pytest-ecsevents[server]'\n"
        "manual: docs/troubleshooting.md#the-program-ecsevents\n",
    )


def test_a_history_names_the_command_as_its_cause(command, event_id):
    """Also for what only a fake can do."""
    command("reboot", "i-web1")
    command("add", "i-spot1", "spot_strategy=SpotAsPriceGo")
    command("interrupt", "i-spot1")
    _, told, _ = command("timeline")
    assert "(created by a command)" in told
    assert "Scheduled -> Avoided: reboot by a command before NotBefore" in told
    assert ": reclaimed by a command" in told
    assert "by the test" not in told
