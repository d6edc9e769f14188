"""With any texts in a test, its timeline is shown, the run goes on, and both are fast."""

import json
import re
import time
from dataclasses import replace

import pytest
from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526.DescribeZonesRequest import DescribeZonesRequest

from pytest_ecsevents import EcsEvents


@pytest.fixture
def ecs():
    """A cloud with one instance."""
    with EcsEvents() as ecs:
        ecs.instances.add("i-web1")
        yield ecs


MUTE = """
import time

class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no words")

class Nameless:
    __hash__ = None

    def __eq__(self, other):
        return False

    def __repr__(self):
        raise RuntimeError("no name")

    def __call__(self, _):
        raise ValueError("it does not work")

def fail(*_):
    raise Mute
"""

BODIES = {
    "receiver": """
    ecs_events.subscribe(fail)
    ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    """,
    "receiver without a name": """
    ecs_events.subscribe(Nameless())
    ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    """,
    "receiver of changes": """
    ecs_events.on_change(fail)
    ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    try:
        time.sleep(7200)
    except Mute:
        pass
    """,
    "planned function": """
    ecs_events.at("+1h", fail)
    try:
        time.sleep(7200)
    except Mute:
        pass
    assert False
    """,
    "compared with": """
    ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    assert ecs_events.one().status == Nameless()
    """,
    "half a pair": r"""
    ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h", reason="\\ud800")
    ecs_events.queue("q").send("\\udfff")
    assert False
    """,
    "control characters": r"""
    ecs_events.subscribe(lambda payload: 1 / 0)
    ecs_events.queue("q").send("\\x1b[2J \\x07 \\u202e")
    assert False
    """,
}


@pytest.mark.parametrize("options", [(), ("-p", "xdist", "-n1")], ids=["in one process", "xdist"])
def test_the_run_goes_on_whatever_its_texts_are(run, options):
    """Only the test itself fails: the next one runs. A worker of xdist sends the texts to the other process."""
    if options:
        pytest.importorskip("xdist")
    tests = [
        f"@pytest.mark.ecs_instance('i-web1')\ndef test_{which}(ecs_events):{body}"
        for which, body in enumerate(BODIES.values())
    ]
    source = "\n".join([MUTE, *tests, "def test_next():\n    pass"])
    result = run(source, *options, "-v", "--junitxml=it.xml", "--color=no")
    outcomes = result.parseoutcomes()
    assert outcomes["passed"] >= 1
    assert outcomes["passed"] + outcomes.get("failed", 0) == len(tests) + 1
    assert outcomes.get("failed", 0) + outcomes.get("errors", 0) >= len(tests)
    assert re.search(r"::test_next PASSED|PASSED \S+::test_next", result.stdout.str())
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()


def test_what_a_terminal_would_obey_is_shown_escaped(ecs):
    """Control characters, text directions and lone surrogates are escaped, in the timeline and in the picture."""
    ecs.stub("Ecs", "DescribeZones", {})
    request = DescribeZonesRequest()
    request.add_query_param("Note", "\x1b[2J\x07\u202e")
    AcsClient("id", "key", "cn-hangzhou").do_action_with_exception(request)
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h", reason="\x1b[31m")
    texts = ecs.timeline() + ecs.svg()
    assert r"\x1b[2J\x07\u202e" in texts.replace("\\\\", "\\")
    assert not {char for char in texts if char != "\n" and (ord(char) < 32 or char == "\u202e")}


def test_a_message_that_is_nested_too_deeply_is_shown_by_its_beginning(ecs):
    """The timeline does not parse it as a notification."""
    queue = ecs.queue("q")
    queue.send("[" * 40_000)
    assert queue.messages[0].summary.startswith("'[[[[")


def test_a_reply_that_is_nested_too_deeply_is_shown_as_text(ecs):
    """`response` is the text itself."""
    ecs.stub("Ecs", "DescribeZones", {})
    AcsClient("id", "key", "cn-hangzhou").do_action_with_exception(DescribeZonesRequest())
    (call,) = ecs.calls
    call.reply = replace(call.reply, body=b'{"in":' + b"[" * 100_000)
    assert call.response == call.text


def test_a_timeout_of_pytest_in_the_story_fails_that_test_alone(pytester, monkeypatch):
    """pytest-timeout's alarm can arrive while the timeline is written; a test that passed fails then."""
    pytester.makepyfile(
        """
        def test_it(ecs_events):
            ecs_events.instances.add("i-web1")

        def test_next():
            pass
        """
    )
    pytester.makeconftest(
        """
        import pytest
        from pytest_ecsevents.face import _wiring

        def strike(*_, **__):
            pytest.fail("Timeout >6.0s")

        @pytest.fixture(autouse=True)
        def alarm(monkeypatch):
            monkeypatch.setattr(_wiring, "timeline_text", strike)
        """
    )
    result = pytester.runpytest("--ecs-events-timeline=all", "-p", "no:randomly")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*Timeout >6.0s*"])


# -- long stories

UNEVEN = {"powers of two": [2.0**power for power in range(17)], "two": [1.0, 2.5], "one": [60.0]}


@pytest.mark.parametrize("pauses", UNEVEN.values(), ids=UNEVEN)
def test_many_sleeps_become_few_lines(ecs, pauses):
    """Sleeps with nothing in between are shown as their number, length, and end."""
    for number in range(3000):
        time.sleep(pauses[number % len(pauses)])
    _, *lines = ecs.timeline().splitlines()
    assert len(lines) == 1
    assert "(3000 times, " in lines[0]
    assert f"sleep     {min(pauses):g}s" in lines[0]


def test_sleeps_whose_length_changes_once_become_two_lines(ecs):
    """A poller that slows down has two lines."""
    for seconds in [60] * 200 + [600] * 100:
        time.sleep(seconds)
    _, *lines = ecs.timeline().splitlines()
    assert [line.split("sleep")[1].strip() for line in lines] == [
        "60s (200 times, until +03:20:00)",
        "10m (100 times, until +20:00:00)",
    ]


def test_one_long_sleep_among_many_short_ones_has_its_own_line(ecs):
    """It is no repetition."""
    for seconds in [60] * 200 + [600]:
        time.sleep(seconds)
    _, *lines = ecs.timeline().splitlines()
    assert [line.split("sleep")[1].strip() for line in lines] == ["60s (200 times, until +03:20:00)", "10m"]


def test_the_garbage_collector_goes_on_as_it_was(ecs):
    """This is so whether it was on or off."""
    import gc

    assert gc.isenabled()
    ecs.timeline()
    assert gc.isenabled()
    gc.disable()
    try:
        ecs.timeline()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_payloads_stay_json(ecs):
    """Masking a payload in the timeline does not change the payload."""
    taken = []
    ecs.subscribe(taken.append)
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    assert json.loads(json.dumps(taken[0]))["name"] == "Instance:SystemMaintenance.Reboot:Scheduled"
