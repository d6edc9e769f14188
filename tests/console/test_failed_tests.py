"""`pytest --ecs-events-console`: the cloud of a failed test is looked at."""

import os
import re
import select
import subprocess
import sys
import time

import pytest
from console_client import Client

pty = pytest.importorskip("pty", reason="no terminals here")

FAILING = """
import pytest

@pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1")
def test_it(ecs_events):
    assert ecs_events.one().status == "Avoided"

def test_without_a_cloud():
    assert False
"""


@pytest.fixture
def terminal():
    """Run pytest at a terminal: `terminal(pytester, *arguments)`; returns what reads and writes there."""
    programs, handles = [], []

    def terminal(pytester, *arguments):
        ours, theirs = pty.openpty()
        handles.extend((ours, theirs))
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", *arguments]
        program = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=pytester.path)
        programs.append(program)

        def read(wanted):
            """Read until a text comes."""
            text, until = "", time.monotonic() + 60
            while not re.search(wanted, text):
                assert time.monotonic() < until, text
                if select.select([ours], [], [], 0.1)[0]:
                    text += os.read(ours, 65536).decode()
            return text

        return read, lambda text: os.write(ours, text.encode())

    yield terminal
    for program in programs:
        try:
            program.wait(20)  # it saves its coverage at its end
        finally:
            program.kill()
    for handle in handles:
        os.close(handle)


def test_it_waits_for_enter(pytester, terminal):
    """Meanwhile the console answers, and moves the clock; the other test has no cloud to look at."""
    pytester.makepyfile(FAILING)
    read, write = terminal(pytester, "--ecs-events-console")
    text = read("Press Enter to go on")
    assert "test_it failed: " in text
    client = Client(re.search(r"http://([^/]+)/console", text)[1])
    assert "Scheduled" in client.get("/events").words
    assert client.post("/clock", by="25h").said.startswith("It is 2030-01-02T01:00:00Z. e-")
    write("\n")
    assert "is not Avoided: i-web1 has not been rebooted yet" in read("2 failed")


@pytest.mark.parametrize("options", [(), ("-s",), ("-p", "no:capture")], ids=str)
def test_without_a_terminal_it_does_not_wait(pytester, options):
    """In CI, captured or not: it says so."""
    pytester.makepyfile(FAILING)
    result = pytester.runpytest_inprocess("--ecs-events-console", "-p", "no:randomly", *options)
    result.assert_outcomes(failed=2)
    text = result.stdout.str() + result.stderr.str()
    assert text.count("--ecs-events-console does not wait: standard input is no terminal.") == 1


@pytest.mark.parametrize("given", ["None", "sys.__stdin__ and open(sys.argv[0])"], ids=["none", "closed"])
def test_a_test_without_standard_input_does_not_wait(pytester, given):
    """It may have replaced or closed it."""
    pytester.makepyfile(
        f"""
        import sys

        def test_it(ecs_events, monkeypatch):
            given = {given}
            if given is not None:
                given.close()
            monkeypatch.setattr(sys, "stdin", given)
            assert False
        """
    )
    result = pytester.runpytest_inprocess("--ecs-events-console", "-s")
    result.assert_outcomes(failed=1)
    assert "does not wait" in result.stdout.str() + result.stderr.str()


def test_a_worker_of_xdist_does_not_wait(pytester):
    """Its standard input is xdist's."""
    pytester.makepyfile(FAILING)
    xdist = pytest.importorskip("xdist").__name__
    command = [sys.executable, "-m", "pytest", "--ecs-events-console", "-p", xdist, "-n", "1", "-p", "no:cacheprovider"]
    result = pytester.run(*command, stdin=subprocess.DEVNULL)
    result.assert_outcomes(failed=2)
    assert "does not wait" in result.stderr.str() + result.stdout.str()


def test_without_the_extra_it_says_what_to_install(pytester, terminal):
    """And does not wait."""
    pytester.makeconftest(
        """
        from pytest_ecsevents.server import _serving
        _serving.find_spec = lambda name: None
        """
    )
    pytester.makepyfile(FAILING)
    read, _ = terminal(pytester, "--ecs-events-console")
    assert "Run: pip install 'pytest-ecsevents[server]'" in read("2 failed")


def test_a_test_that_fails_at_its_end_has_no_cloud_left(pytester):
    """The strictness checks are made when the cloud is gone."""
    pytester.makepyfile('def test_it(ecs_events): ecs_events.fail("RebootInstance", "Throttling")')
    result = pytester.runpytest_inprocess("--ecs-events-console")
    result.assert_outcomes(passed=1, errors=1)
    assert "does not wait" not in result.stdout.str() + result.stderr.str()
