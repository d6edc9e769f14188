"""The setting `ecs_events_real_cloud`: whether tests without the fixture can reach Alibaba Cloud."""

import socket
from importlib.util import find_spec

import pytest

REFUSE = "ecs_events_real_cloud = refuse\n"

ASK = """
import contextlib, socket, urllib.request
import requests

HOST = "ecs.aliyuncs.com"

def ask():
    socket.getaddrinfo(HOST, 80)

def swallow(ask=ask):
    try:
        ask()
    except Exception:
        pass
"""


@pytest.fixture(autouse=True)
def no_resolver(monkeypatch):
    """No name resolves, so no request leaves the machine."""

    def getaddrinfo(host, *_):
        raise socket.gaierror(socket.EAI_NONAME, f"nothing is found in this test: {host}")

    monkeypatch.setattr("_socket.getaddrinfo", getaddrinfo)


@pytest.mark.parametrize("ini", ["", "ecs_events_real_cloud = allow\n"])
def test_by_default_such_tests_are_not_changed(run, ini):
    """They resolve names for real."""
    result = run(
        f"{ASK}\ndef test_it():\n    with pytest.raises(socket.gaierror, match='in this test'): ask()", ini=ini
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(("ini", "args"), [(REFUSE, ()), ("", ("--ecs-events-real-cloud=refuse",))])
def test_where_it_is_refused_the_test_fails_in_one_sentence(run, ini, args):
    """It has the host, the line and the ways to go on; no name is resolved."""
    result = run(f"{ASK}\ndef test_it():\n    ask()", *args, ini=ini)
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines(
        [
            r"E .*real ecs\.aliyuncs\.com was about to be reached at .*test_where_it_is_refused.*\.py:\d+ in ask.*fixture ecs_events"
        ]
    )
    assert "nothing is found" not in result.stdout.str()


def test_the_command_line_may_allow_it(run):
    """It overrides the ini file."""
    result = run(
        f"{ASK}\ndef test_it():\n    with pytest.raises(socket.gaierror): ask()",
        "--ecs-events-real-cloud=allow",
        ini=REFUSE,
    )
    result.assert_outcomes(passed=1)


def test_every_client_is_refused(run):
    """This includes calls through a proxy."""
    calls = [
        'requests.get("http://ecs.aliyuncs.com/")',
        'urllib.request.urlopen("https://ecs.aliyuncs.com/")',
        'requests.get("https://oss.aliyuncs.com/", proxies={"https": "http://127.0.0.1:9"})',
        'requests.get("http://ecs.aliyuncs.com/", proxies={"http": "http://127.0.0.1:9"})',
        'httpx.get("http://ecs.aliyuncs.com/", proxy="http://127.0.0.1:9")',
    ]
    if not find_spec("httpx"):
        del calls[-1]
    tests = [f"def test_{number}():\n    {call}" for number, call in enumerate(calls)]
    result = run("\n".join([ASK, "with contextlib.suppress(ImportError): import httpx", *tests]), ini=REFUSE)
    result.assert_outcomes(failed=len(calls))
    result.stdout.fnmatch_lines(["*ecs_events_real_cloud is refuse*"] * len(calls))


@pytest.mark.parametrize("place", ["set-up", "call", "teardown"])
def test_a_program_that_swallows_it_fails_at_teardown(run, place):
    """The error is raised once, whichever phase of the test it was in; the next test is not affected."""
    body = {"set-up": "swallow(); yield", "call": "yield", "teardown": "yield; swallow()"}[place]
    call = "swallow()" if place == "call" else "pass"
    result = run(
        f"{ASK}\n@pytest.fixture\ndef around():\n    {body}\n\n"
        f"def test_it(around):\n    {call}\n\ndef test_next(): pass\n",
        "-p",
        "no:randomly",
        ini=REFUSE,
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        ["*ERROR at teardown of test_it*", "The real ecs.aliyuncs.com was about to be reached*"]
    )


def test_a_failure_because_of_it_is_reported_once(run):
    """There is one failure and no error at teardown."""
    run(f"{ASK}\ndef test_it():\n    ask()", ini=REFUSE).assert_outcomes(failed=1)


def test_fixtures_of_every_scope_are_guarded(run):
    """This includes fixtures set up before the cloud of a test with the fixture."""
    result = run(
        f"{ASK}\n@pytest.fixture(scope='session')\ndef wide():\n    ask()\n\ndef test_it(wide, ecs_events): pass\n",
        ini=REFUSE,
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ecs_events_real_cloud is refuse*"])


def test_a_mock_of_the_users_answers(run):
    """This includes a mock of an API."""
    result = run(
        f"""{ASK}
import responses

@responses.activate
def test_it():
    responses.get("http://ecs.aliyuncs.com/", body="mine")
    assert requests.get("http://ecs.aliyuncs.com/").text == "mine"
""",
        ini=REFUSE,
    )
    result.assert_outcomes(passed=1)


def test_served_tests_have_their_cloud_and_their_permissions(run):
    """Their cloud answers, and a host that one test allows is resolved in that test only."""
    result = run(
        f"""{ASK}
@pytest.mark.ecs_instance("i-web1")
def test_served(ecs_events):
    query = "Action=DescribeInstances&Version=2014-05-26&RegionId=cn-hangzhou&Format=JSON"
    assert requests.get(f"http://ecs.aliyuncs.com/?{{query}}").json()["TotalCount"] == 1
    ecs_events.allow_host("oss.aliyuncs.com")
    with pytest.raises(socket.gaierror, match="in this test"):
        socket.getaddrinfo("oss.aliyuncs.com", 80)

def test_served_by_hand():
    from pytest_ecsevents import EcsEvents

    with EcsEvents() as ecs_events:
        ecs_events.allow_host("oss.aliyuncs.com")
        with pytest.raises(socket.gaierror, match="in this test"):
            socket.getaddrinfo("oss.aliyuncs.com", 80)

def test_other():
    with pytest.raises(AssertionError, match="refuse"):
        socket.getaddrinfo("oss.aliyuncs.com", 80)
    swallow(lambda: None)
""",
        "-p",
        "no:randomly",
        ini=REFUSE,
    )
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_other*"])


def test_a_wrong_value_ends_the_run_in_one_sentence(run):
    """The message has the allowed values, and its place in the manual."""
    result = run("def test_it(): pass", ini="ecs_events_real_cloud = refus\n")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "*ecs_events_real_cloud is 'refus'. Pass one of: allow, refuse. Did you mean refuse?*",
            "manual: docs/troubleshooting.md#badargumenterror",
        ]
    )


def test_nothing_stays_patched(run):
    """After the run the process is as before."""
    before = socket.gethostbyname, socket.socket.connect
    run("def test_it(): pass", ini=REFUSE).assert_outcomes(passed=1)
    assert (socket.gethostbyname, socket.socket.connect) == before


def test_in_a_test_with_the_fixture_its_own_message_comes_first(run):
    """The advice to use the fixture would mislead there; pycurl has a list of checks."""
    pytest.importorskip("pycurl")
    source = """
import pycurl
import pytest

def test_it(ecs_events):
    handle = pycurl.Curl()
    handle.setopt(pycurl.URL, "https://ecs-cn-hangzhou.aliyuncs.com/")
    with pytest.raises(AssertionError, match="its client is not intercepted"):
        handle.perform()
    ecs_events.strict -= {"calls"}
"""
    run(source, ini=REFUSE).assert_outcomes(passed=1)
