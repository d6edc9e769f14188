"""The timeline of a failure in all reports: terminal, logs, JUnit XML, pytest-html."""

import html
import json
import re
import sys
import xml.etree.ElementTree as ET
from types import FunctionType

import pytest

from pytest_ecsevents._frames import cut_traceback, forget
from pytest_ecsevents.clock._stop import HandlerStop
from pytest_ecsevents.report._colours import colour_timeline

LATE = """
@pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1")
def test_it(ecs_events):
    ecs_events.advance(hours=24)
    ecs_events.reboot("i-web1")
    ecs_events.advance(hours=1)
    assert ecs_events.one().status == "Avoided"
"""

HTML = ("-pmetadata", "-phtml", "--html=it.html")

STORY = [
    "clock 2030-01-01T00:00:00Z +1d 01:00:00 = 2030-01-02T01:00:00Z (freezegun); 1 event, 0 calls, 0 faults",
    "    +00:00:00  event     {id}  simulated SystemMaintenance.Reboot on i-web1: Scheduled, NotBefore "
    "2030-01-02T00:00:00Z (published by a marker)",
    " +1d 00:00:00  event     {id}  Scheduled -> Executing: NotBefore reached",
    " +1d 00:00:00  instance  i-web1  Running -> Stopping -> Starting -> Running: reboot by the test",
    " +1d 00:00:01  event     {id}  Executing -> Executed: execution ended",
]

HEADING = "---------------------------------- ECS events ----------------------------------"

ESCAPE = "\x1b["


def _story(text):
    """Return the expected timeline, with the event's id from `text`."""
    return [line.replace("{id}", re.findall(r"e-bp1\w{17}", text)[0]) for line in STORY]


def _printed(result, heading=HEADING):
    """Return the section's lines in a run's output."""
    lines = result.outlines
    start = lines.index(heading) + 1
    return lines[start : start + len(STORY)]


def test_a_failing_assertion_on_a_status_tells_the_event_its_history_and_why(run):
    """Pytest's own explanation says what came too late, without frames of the plugin."""
    result = run(LATE)
    text = result.stdout.str()
    event_id = re.findall(r"e-bp1\w{17}", text)[0]
    start = result.outlines.index("E       AssertionError: assert 'Executed' == 'Avoided'")
    assert result.outlines[start : start + 5] == [
        "E       AssertionError: assert 'Executed' == 'Avoided'",
        f"E         {event_id} is not Avoided: the reboot by the test came at +1d 00:00:00, NotBefore was +1d 00:00:00; "
        "it must come before",
        "E           +00:00:00  SystemMaintenance.Reboot on i-web1: Scheduled, NotBefore +1d 00:00:00 (published by a marker)",
        "E           +1d 00:00:00  Executing: NotBefore reached",
        "E           +1d 00:00:01  Executed: execution ended",
    ]
    assert _printed(result) == _story(text)


def test_a_helper_that_fails_shows_the_tests_line_and_the_sentence(run):
    """The traceback ends at the test's own line."""
    result = run(
        LATE.replace('assert ecs_events.one().status == "Avoided"', "ecs_events.assert_avoided(ecs_events.one())")
    )
    text = result.stdout.str()
    event_id = re.findall(r"e-bp1\w{17}", text)[0]
    start = result.outlines.index(">       ecs_events.assert_avoided(ecs_events.one())")
    assert result.outlines[start + 1 : start + 5] == [
        f"E       AssertionError: expected {event_id} to be avoided, but it is Executed: the reboot by the test came at "
        "+1d 00:00:00, NotBefore was +1d 00:00:00; it must come before.",
        "E         +00:00:00  SystemMaintenance.Reboot on i-web1: Scheduled, NotBefore +1d 00:00:00 (published by a marker)",
        "E         +1d 00:00:00  Executing: NotBefore reached",
        "E         +1d 00:00:01  Executed: execution ended",
    ]
    assert "_expectations.py" not in text


def test_other_assertions_are_left_to_pytest(run):
    """Comparisons of other values, and those of tests without the fixture, are unchanged."""
    result = run("""
def test_with(ecs_events):
    assert [1, 2] == [1, 3]

def test_without():
    assert [1, 2] == [1, 3]
""")
    assert result.outlines.count("E         At index 1 diff: 2 != 3") == 2


def test_the_story_is_in_colours_where_the_terminal_has_them(run):
    """Each kind of line has its colour; without colours no escape code is printed."""
    in_colours = run(LATE, "--color=yes")
    heading = next(line for line in in_colours.outlines if "- ECS events -" in line)
    lines = _printed(in_colours, heading)
    event_id = re.findall(r"e-bp1\w{17}", in_colours.stdout.str())[0]
    assert lines == [
        f"\x1b[1m{STORY[0]}\x1b[0m",
        f"\x1b[2m    +00:00:00  \x1b[0m\x1b[36mevent    \x1b[0m {event_id}  simulated SystemMaintenance.Reboot on i-web1: "
        "Scheduled, NotBefore 2030-01-02T00:00:00Z (published by a marker)",
        f"\x1b[2m +1d 00:00:00  \x1b[0m\x1b[36mevent    \x1b[0m {event_id}  Scheduled -> \x1b[33mExecuting\x1b[0m: "
        "NotBefore reached",
        "\x1b[2m +1d 00:00:00  \x1b[0m\x1b[34minstance \x1b[0m i-web1  Running -> Stopping -> Starting -> Running: "
        "reboot by the test",
        f"\x1b[2m +1d 00:00:01  \x1b[0m\x1b[36mevent    \x1b[0m {event_id}  Executing -> \x1b[1mExecuted\x1b[0m: "
        "execution ended",
    ]
    without = run(LATE, "--color=no")
    assert ESCAPE not in without.stdout.str()
    assert _printed(without) == _story(without.stdout.str())


def test_faults_refusals_and_sleeps_have_colours_of_their_own(run):
    """Faults are yellow, refused calls red, sleeps faint; continuation lines are plain."""
    result = run(
        """
import time
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

def reboot(instance_id):
    request = CommonRequest(domain="ecs.aliyuncs.com", version="2014-05-26", action_name="RebootInstance")
    request.add_query_param("InstanceId", instance_id)
    try:
        AcsClient("ak", "secret", "cn-hangzhou").do_action_with_exception(request)
    except Exception:
        pass

@pytest.mark.ecs_instance("i-web1")
def test_it(ecs_events):
    ecs_events.fail("RebootInstance", "NotNow", message="Not now.", http_status=400)
    for instance_id in ("i-web1", "i-web1", "i-none"):
        reboot(instance_id)
    time.sleep(60)
    assert False
""",
        "--color=yes",
    )
    lines = [line for line in result.outlines if "+00:00:00" in line and "clock" not in line]
    faint = "\x1b[2m +00:00:00  \x1b[0m"
    assert lines == [
        f"{faint}\x1b[33mfault    \x1b[0m\x1b[33m RebootInstance(InstanceId=i-web1) -> 400 NotNow\x1b[0m",
        f"{faint}call      RebootInstance(InstanceId=i-web1) -> 200",
        f"{faint}\x1b[34minstance \x1b[0m i-web1  Running -> Stopping -> Starting -> Running: RebootInstance",
        f"{faint}call     \x1b[31m RebootInstance(InstanceId=i-none) -> 404 InvalidInstanceId.NotFound\x1b[0m",
        f"{faint}\x1b[2msleep    \x1b[0m\x1b[2m 60s\x1b[0m",
    ]
    assert any(line.startswith("                        There is no instance 'i-none'.") for line in result.outlines)


def test_a_refusal_below_another_call_is_red_too():
    """Each later line of a round has the colour of its kind."""
    text = "header\n +00:00:00  call      A() -> 200, then\n   B() -> 400 No (3 times)\n   C() -> 200"
    assert colour_timeline(text, lambda text, **colours: f"<{text}|{','.join(colours)}>").splitlines() == [
        "<header|bold>",
        "< +00:00:00  |light>call      A() -> 200, then",
        "<   B() -> 400 No (3 times)|red>",
        "   C() -> 200",
    ]


def test_a_404_of_the_metadata_service_is_not_red():
    """A missing item is no refusal; an invalid token is one."""
    text = (
        "clock\n +00:00:00  metadata  i-web1 GET /latest/user-data -> 404\n"
        " +00:00:00  metadata  i-web1 GET /latest/user-data -> 401"
    )
    assert colour_timeline(text, lambda text, **colours: f"<{text}|{','.join(colours)}>").splitlines() == [
        "<clock|bold>",
        "< +00:00:00  |light>metadata  i-web1 GET /latest/user-data -> 404",
        "< +00:00:00  |light>metadata < i-web1 GET /latest/user-data -> 401|red>",
    ]


@pytest.mark.parametrize("args", [("--tb=short",), ("--tb=native",), ("--show-capture=all",), ("-rA",)], ids="".join)
def test_the_story_is_shown_with_every_kind_of_traceback(run, args):
    """Short and native tracebacks show it below them."""
    result = run(LATE, *args)
    assert _printed(result) == _story(result.stdout.str())


RECEIVER = """
import json, time

def receive(notification):
    return notification["nope"]

def serve():
    time.sleep(60)
    return json.loads("{")

def test_pushed(ecs_events):
    ecs_events.instances.add("i-web1")
    ecs_events.subscribe(receive)
    ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")

def test_run(ecs_events):
    ecs_events.run(serve)
"""


def test_an_error_of_a_receivers_own_is_shown_without_our_frames(run):
    """The traceback goes from the test's line to the line that failed, even in a library below the user's code."""
    result = run(RECEIVER, "--tb=short")
    places = re.findall(r"^\S+\.py:\d+: in (\w+)$", result.stdout.str(), flags=re.MULTILINE)
    assert places == ["test_pushed", "receive", "test_run", "serve", "loads", "decode", "raw_decode"]


def end_a_handler():
    """End a handler as `run` does."""
    raise HandlerStop("long ago")


def test_the_end_of_an_earlier_handler_is_no_part_of_a_report(run):
    """An error that Python still holds as handled when a test begins is no cause of the test's errors."""
    try:
        end_a_handler()
    except HandlerStop:
        result = run(
            """
def test_plain(ecs_events):
    assert ecs_events.now.year == 1999

def test_chained(ecs_events):
    try:
        {}["nope"]
    except KeyError as error:
        raise ValueError("unknown") from error
"""
        )
    result.assert_outcomes(failed=2)
    text = result.stdout.str()
    assert "long ago" not in text
    assert "KeyError: 'nope'" in text


def test_what_is_forgotten_stands_anywhere_among_the_causes():
    """The other causes of an error stay."""
    before, first, last = HandlerStop("long ago"), KeyError("nope"), ValueError("unknown")
    first.__context__ = before
    last.__context__ = last.__cause__ = first
    forget(last, before)
    assert (last.__cause__, last.__context__, first.__context__) == (first, first, None)


def test_a_full_trace_has_our_frames_too(run):
    """--full-trace shows them to users who suspect an error of the plugin."""
    result = run(RECEIVER, "--tb=short", "--full-trace", "-k", "test_pushed")
    assert "_delivery.py" in result.stdout.str()


def ours(function):
    """Return the function as if it were the package's."""
    return FunctionType(function.__code__, {"__name__": "pytest_ecsevents.fake", "json": json})


def test_an_error_below_us_keeps_our_frames():
    """An error of a library that the plugin called can be an error of the plugin."""

    @ours
    def parse():
        json.loads("{")

    with pytest.raises(ValueError, match="Expecting property name") as error:
        parse()
    cut_traceback(error.tb, is_ours=False)
    assert [step.name for step in error.traceback][:3] == ["test_an_error_below_us_keeps_our_frames", "parse", "loads"]


def test_what_ends_in_us_is_shown_whole():
    """So can an error that the plugin itself raised."""

    @ours
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as error:
        fail()
    cut_traceback(error.tb, is_ours=False)
    assert [step.name for step in error.traceback] == ["test_what_ends_in_us_is_shown_whole", "fail"]


@pytest.mark.parametrize("args", [("--tb=no",), ("--show-capture=no",)], ids="".join)
def test_the_story_is_hidden_with_what_hides_sections(run, args):
    """If pytest prints no sections of reports, the timeline is not printed."""
    assert "ECS events" not in run(LATE, *args, "--color=yes").stdout.str()


def test_the_story_of_a_passed_test_is_in_colours_too(run):
    """This needs -rP and ecs_events_timeline=all."""
    result = run("def test_it(ecs_events): pass\n", "-rP", "--color=yes", ini="ecs_events_timeline = all\n")
    header = "clock 2030-01-01T00:00:00Z +00:00:00 (freezegun); 0 events, 0 calls, 0 faults"
    assert f"\x1b[1m{header}\x1b[0m" in result.outlines


def test_reports_hold_the_story_without_colours(run, pytester):
    """Plugins that read reports before or after the summary get plain text."""
    pytester.makeconftest(
        """
        import json, pathlib
        collected = []

        def pytest_runtest_logreport(report):
            if report.failed:
                collected.append(report)
                pathlib.Path("before.json").write_text(json.dumps([report.sections, report.user_properties]))

        def pytest_unconfigure():
            pathlib.Path("after.json").write_text(json.dumps([collected[0].sections, collected[0].user_properties]))
        """
    )
    result = run(LATE, "--color=yes")
    story = "\n".join(_story(result.stdout.str()))
    for name in ("before.json", "after.json"):
        sections, properties = json.loads((pytester.path / name).read_text())
        assert sections == [["ECS events", story]]
        assert properties == [["ecs_events_timeline", story]]


def _property(path):
    """Return the timeline in JUnit XML, if any: (test case, text)."""
    return [
        (case.get("name"), prop.get("value"))
        for case in ET.parse(path).iter("testcase")  # noqa: S314  # it is our own
        for prop in case.iter("property")
        if prop.get("name") == "ecs_events_timeline"
    ]


def test_junit_xml_carries_the_story(run, pytester):
    """It is a plain property of the test case; a passed test has none."""
    source = (
        LATE
        + """

def test_passed(ecs_events):
    pass

def test_at_teardown(ecs_events):
    ecs_events.fail("RebootInstance", "Throttling")

@pytest.fixture
def broken(ecs_events):
    yield
    assert False

def test_twice(broken):
    assert False
"""
    )
    result = run(source, "--junitxml=it.xml", "--color=yes")
    result.assert_outcomes(failed=2, passed=2, errors=2)
    found = _property(pytester.path / "it.xml")
    # Newer versions of pytest write two test cases for one that fails and then errs.
    assert list(dict.fromkeys(name for name, _ in found)) == ["test_it", "test_at_teardown", "test_twice"]
    text = found[0][1]
    assert text.splitlines() == _story(text)
    assert ESCAPE not in (pytester.path / "it.xml").read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="workers are slow to start there")
def test_workers_of_xdist_serve_alike(pytester):
    """They collect the same scenarios, and send the timeline as plain text; the terminal adds colours."""
    pytest.importorskip("pytest_html")
    scenarios = """
@pytest.mark.ecs_scenarios("executed", "avoidable", "canceled-before", event_types=["SystemMaintenance.*", "SystemFailure.Reboot"])
def test_each(ecs_events, ecs_scenario):
    ecs_events.advance_to(ecs_scenario.until)
    assert ecs_scenario.event.status == ecs_scenario.expected_without_handler
"""
    pytester.makepyfile(f"import pytest\n{LATE}{scenarios}")
    result = pytester.runpytest_inprocess(*HTML, "-pxdist", "-n2", "--color=yes", "--junitxml=it.xml")
    outcomes = result.parseoutcomes()
    assert (outcomes["failed"], outcomes["passed"] > 10) == (1, True)
    assert f"\x1b[1m{STORY[0]}\x1b[0m" in result.outlines
    ((_, text),) = _property(pytester.path / "it.xml")
    assert text.splitlines() == _story(text)
    assert len(_pictures(pytester.path / "it.html")) == 1


def _pictures(path):
    """Return the pictures in a page of pytest-html."""
    blob = re.search(r'data-jsonblob="([^"]*)"', path.read_text())[1]
    tests = json.loads(html.unescape(blob))["tests"]
    extras = [extra for results in tests.values() for result in results for extra in result["extras"]]
    return [extra["content"] for extra in extras if extra["format_type"] == "html"]


@pytest.mark.parametrize("args", [(), ("--self-contained-html",)], ids=["with-assets", "self-contained"])
def test_pytest_html_shows_the_picture(pytester, args):
    """The page has the picture of a failed test only."""
    pytest.importorskip("pytest_html")
    pytester.makepyfile(f"import pytest\n{LATE}\ndef test_passed(ecs_events): pass\n")
    result = pytester.runpytest_inprocess(*HTML, "--color=yes", *args)
    result.assert_outcomes(failed=1, passed=1)
    (picture,) = _pictures(pytester.path / "it.html")
    svg = ET.fromstring(picture)  # noqa: S314  # it is our own
    assert svg.get("aria-label") == f"ECS events: {STORY[0]}"
    assert any("Executed at +1d 00:00:01" in title.text for title in svg.iter("{http://www.w3.org/2000/svg}title"))
    assert ESCAPE not in (pytester.path / "it.html").read_text()


def test_without_a_page_no_picture_is_drawn(run, pytester):
    """If pytest-html is installed but writes no page, reports have no extras."""
    pytester.makeconftest("def pytest_runtest_logreport(report):\n    assert not hasattr(report, 'extras')\n")
    run(LATE).assert_outcomes(failed=1)


def test_a_message_links_to_the_manual_once(run):
    """An error that the test raises, one of a marker, one of a check, and a warning each show their place in the manual."""
    result = run(
        """
        import warnings
        from pytest_ecsevents import UnknownRegionWarning

        def test_an_error(ecs_events):
            ecs_events.one()

        @pytest.mark.ecs_instance("i-web1", colour="red")
        def test_a_marker():
            pass

        def test_a_check(ecs_events):
            ecs_events.fail("StartInstance", "Throttling")

        def test_a_warning(ecs_events):
            ecs_events.instances.add("i-web1", region_id="cn-nowhere")
        """.replace("\n        ", "\n"),
        "-p",
        "no:randomly",
        "-rN",  # pytest's summary repeats whole messages where it finds itself on CI
    )
    text = result.stdout.str()
    for section in ("nosingleeventerror", "badargumenterror", "unusedfaulterror", "unknownregionwarning"):
        assert text.count(f"manual: docs/troubleshooting.md#{section}") == 1


@pytest.mark.parametrize(("mark", "is_told"), [("", True), ('@pytest.mark.ecs_clock(sleep="real")', False)])
def test_a_locked_database_is_explained(pytester, mark, is_told):
    """SQLite waits in real time, which the report says unless sleeps are real too."""
    pytester.makepyfile(
        f"""
        import pytest, sqlite3
        {mark}
        def test_it(ecs_events, tmp_path):
            first, second = [sqlite3.connect(tmp_path / "base", timeout=0.01) for _ in range(2)]
            first.execute("begin immediate")
            try:
                second.execute("begin immediate")
            finally:
                second.close()
                first.close()
        """
    )
    result = pytester.runpytest("-q")
    result.assert_outcomes(failed=1)
    assert ("The busy timeout of sqlite3 keeps real time" in result.stdout.str()) is is_told


# Not with the class for ECS: pytest takes seconds to read a statement of its 40,000 lines.
SDK_ERROR = """
from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.models import Config, OpenApiRequest, Params
from darabonba.runtime import RuntimeOptions

PARAMS = Params(
    action="RebootInstance", version="2014-05-26", protocol="HTTPS", pathname="/", method="POST", auth_type="AK",
    style="RPC", req_body_type="formData", body_type="json",
)

def handler():
    client = Client(Config(access_key_id="any", access_key_secret="any", endpoint="ecs.cn-hangzhou.aliyuncs.com"))
    client.call_api(PARAMS, OpenApiRequest(query={"RegionId": "cn-hangzhou", "InstanceId": "i-none"}), RuntimeOptions())

def test_it(ecs_events):
    handler()
"""


def test_an_error_of_an_sdk_ends_at_the_handlers_line(run):
    """The function of the newer SDK that raises has 300 lines; the handler's line and the error are enough."""
    result = run(SDK_ERROR)
    result.stdout.fnmatch_lines([">   *client.call_api(*", "E   *InvalidInstanceId.NotFound*"])
    assert "def do_request" not in result.stdout.str()
    assert len(result.outlines) < 60


def test_a_full_trace_has_the_frames_of_an_sdk(run):
    """--full-trace shows them to users who suspect the SDK."""
    result = run(SDK_ERROR, "--tb=short", "--full-trace")
    result.stdout.fnmatch_lines(["*def do_request("])
