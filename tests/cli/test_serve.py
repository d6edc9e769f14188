"""`ecsevents serve`: the fake cloud as a program."""

import http.client
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading

import pytest

from pytest_ecsevents import BadArgumentError
from pytest_ecsevents.cli._main import main
from pytest_ecsevents.cli._serve import parse_clock
from pytest_ecsevents.server import _serving

START = 1_893_456_000_000_000

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals")


@pytest.fixture
def start():
    """Start the program; return it and the first line that it prints."""
    programs = []

    def start(*arguments):
        command = [sys.executable, "-m", "pytest_ecsevents", "serve", "--port", "0", *arguments]
        program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        programs.append(program)
        return program, program.stdout.readline().rstrip("\n")

    yield start
    for program in programs:
        program.kill()
        program.communicate()


def now_at(address):
    """Ask a server for its clock."""
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request("GET", "/_ecsevents/v1/now")
    clock = json.loads(connection.getresponse().read())
    connection.close()
    return clock


@POSIX
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it(start, tmp_path, by):
    """It prints its endpoint, answers, ends with status 0, and prints nothing more."""
    seed = tmp_path / "seed.toml"
    seed.write_text('[[instances]]\ninstance_id = "i-web1"\n')
    program, address = start("--quiet", "--clock", "2030-06-01T00:00:00Z", "--seed", str(seed))
    assert now_at(address)["now"] == "2030-06-01T00:00:00Z"
    program.send_signal(by)
    assert program.wait(10) == 0
    assert program.stdout.read() == ""
    host, port = address.split(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))


PATCHED = """
import datetime, sys, threading, time
kept = time.time, time.sleep, datetime.datetime, threading.Thread.start, __import__("socket").getaddrinfo
from pytest_ecsevents.cli._main import _parser
from pytest_ecsevents.cli._serve import serve_command
ended = threading.Event()
thread = threading.Thread(target=serve_command, args=(_parser().parse_args(["serve", "--port", "0", "--quiet"]), ended))
thread.start()
while not any(one.name == "server" for one in threading.enumerate()):
    time.sleep(0.01)
assert kept == (time.time, time.sleep, datetime.datetime, threading.Thread.start, __import__("socket").getaddrinfo)
ended.set()
thread.join()
print([name for name in ("pytest", "freezegun", "time_machine", "responses") if name in sys.modules])
"""


def test_the_process_stays_as_it_is():
    """Nothing is replaced, and neither pytest nor a library that freezes clocks is loaded."""
    ended = subprocess.run([sys.executable, "-c", PATCHED], check=True, capture_output=True, text=True, timeout=30)
    assert ended.stdout.splitlines()[1:] == ["[]"]


@pytest.mark.parametrize(
    ("options", "clock"),
    [
        ({}, "going on with the machine's"),
        ({"clock": "frozen"}, "clock 2030-01-01T00:00:00Z, standing until it is advanced"),
        ({"speed": 60.0}, "60 times as fast as the machine's"),
    ],
)
def test_the_first_lines_say_how_to_get_there(serve, options, clock):
    """For each SDK, and for the commands."""
    printed = serve(region="cn-beijing", **options)
    assert clock in printed
    address = printed.partition("http://")[2].partition(" ")[0]
    assert f'client.add_endpoint("cn-beijing", "Ecs", "{address}"), or request.set_endpoint("{address}")' in printed
    assert f'Config(endpoint="{address}", protocol="http", ...)' in printed
    assert f'new Config({{ endpoint: "{address}", protocol: "http", ... }})' in printed
    assert now_at(address)["speed"] == {"frozen": 0}.get(options.get("clock"), options.get("speed", 1))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--clock", "frosen"], "Did you mean frozen?"),
        (["--clock", "2030-01-01"], "has no time zone"),
        (["--clock", "frozen", "--speed", "60"], "--clock is frozen, so --speed 60 has no meaning"),
        (["--speed", "0"], "--speed is 0. Pass a number above 0"),
        (["--speed", "nan"], "--speed is nan"),
        (["--port", "70000"], "--port is 70000. Pass one from 1 to 65535"),
        (["--port", "x"], "invalid int value: 'x'"),
        (["--seed", "none.toml"], "The seed file none.toml cannot be read"),
    ],
)
def test_bad_options_are_a_sentence(capsys, arguments, words):
    """Exit status 2, no traceback."""
    with pytest.raises(SystemExit) as ended:
        sys.exit(main(["serve", *arguments]))
    assert ended.value.code == 2
    printed, errors = capsys.readouterr()
    assert printed == ""
    assert words in errors
    assert errors.startswith("ecsevents")


@POSIX
def test_the_port_may_be_chosen(start, serve):
    """Another server can have it as soon as the first has ended, although the system still remembers connections."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
    program, address = start("--quiet", "--port", port)
    assert address == f"127.0.0.1:{port}"
    assert now_at(address)["now"].endswith("Z")
    program.send_signal(signal.SIGTERM)
    assert program.wait(10) == 0
    assert serve(quiet=True, port=int(port)).strip() == address
    assert now_at(address)["now"].endswith("Z")


def test_a_port_in_use_is_a_sentence(capsys):
    """The server on it goes on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 2
    _, errors = capsys.readouterr()
    sentence = f"ecsevents: Port {port} of 127.0.0.1 cannot be used: Address already in use. Pass another --port.\n"
    assert errors.startswith(sentence)


def test_an_unknown_region_is_a_doubt(capsys):
    """New regions open, so it is used; a sentence names the nearest."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        main(["serve", "--region", "cn-hangzhuo", "--port", str(other.getsockname()[1])])
    _, errors = capsys.readouterr()
    first = errors.splitlines()[0]
    assert first.startswith("ecsevents: ")
    assert "Did you mean cn-hangzhou?" in first


def test_a_mistake_in_the_seed_is_a_sentence(capsys, tmp_path):
    """The cloud ends before it has begun."""
    seed = tmp_path / "seed.toml"
    seed.write_text('[[events]]\nevent_type = "SystemMaintenance.Rebot"\ninstance_id = "i-1"\n')
    assert main(["serve", "--port", "0", "--seed", str(seed)]) == 2
    assert f"{seed}, line 2: " in capsys.readouterr().err
    assert not [thread for thread in threading.enumerate() if thread.name in ("server", "follow")]


def test_a_missing_extra_is_named(capsys, monkeypatch):
    """With the command that installs it."""
    monkeypatch.delitem(sys.modules, "pytest_ecsevents.cli._standing", raising=False)
    monkeypatch.delitem(sys.modules, "pytest_ecsevents.server._server", raising=False)
    monkeypatch.setitem(sys.modules, "werkzeug", None)
    monkeypatch.setitem(sys.modules, "werkzeug.serving", None)
    assert main(["serve", "--port", "0"]) == 2
    assert "Run: pip install 'pytest-ecsevents[server]'" in capsys.readouterr().err


def test_half_of_the_extra_is_not_enough(capsys, monkeypatch):
    """What queues need is missed at the start, not at the first message."""
    monkeypatch.setattr(_serving, "find_spec", lambda name: None if name == "defusedxml" else name)
    assert main(["serve", "--port", "0"]) == 2
    assert "ecsevents serve needs a server on loopback, but defusedxml is not installed." in capsys.readouterr().err


def test_the_clock_and_its_speed():
    """An instant stands unless it has a speed."""
    assert parse_clock("real", None) == (None, 1.0)
    assert parse_clock("real", 60.0) == (None, 60.0)
    assert parse_clock("frozen", None) == (START, 0.0)
    assert parse_clock("2030-01-01T08:00:00+08:00", None) == (START, 0.0)
    assert parse_clock("2030-01-01T00:00:00Z", 2.5) == (START, 2.5)
    with pytest.raises(BadArgumentError):
        parse_clock("+2h", None)


def test_importing_the_main_module_does_nothing():
    """Only running it does."""
    assert importlib.import_module("pytest_ecsevents.__main__").main is main


def test_another_host_warns(serve, capsys):
    """There is no password."""
    printed = serve(host="0.0.0.0", quiet=True)  # noqa: S104  # what is tested
    assert printed.startswith("127.0.0.1:")
    assert (
        "--host 0.0.0.0 opens the cloud and its console to other machines, without a password."
        in capsys.readouterr().err
    )
    assert now_at(printed.strip())["speed"] == 1


def test_localhost_is_no_other_host(serve, capsys):
    """Nothing is opened."""
    assert serve(host="localhost", quiet=True).startswith("127.0.0.1:")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        ("nowhere", "--host is 'nowhere'. Pass an IPv4 address of this machine, or 0.0.0.0 for all of them."),
        ("203.0.113.1", "Pass another --port or --host."),
    ],
)
def test_a_host_that_is_not_here(capsys, host, sentence):
    """No traceback."""
    assert main(["serve", "--host", host, "--port", "0"]) == 2
    assert sentence in capsys.readouterr().err
