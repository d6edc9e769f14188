"""The story of a failure wherever reports are read: terminal, logs, JUnit XML, pytest-html."""

import re

LATE = """
@pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1")
def test_it(ecs_events):
    ecs_events.advance(hours=24)
    ecs_events.reboot("i-web1")
    ecs_events.advance(hours=1)
    assert ecs_events.one().status == "Avoided"
"""

STORY = [
    "clock 2030-01-01T00:00:00Z +1d 01:00:00 = 2030-01-02T01:00:00Z (freezegun); 1 event, 0 calls, 0 faults",
    "    +00:00:00  event     {id}  simulated SystemMaintenance.Reboot on i-web1: Scheduled, NotBefore "
    "2030-01-02T00:00:00Z (published by a marker)",
    " +1d 00:00:00  event     {id}  Scheduled -> Executing: NotBefore reached",
    " +1d 00:00:00  instance  i-web1  Running -> Stopping -> Starting -> Running: reboot by the test",
    " +1d 00:00:01  event     {id}  Executing -> Executed: execution ended",
]

HEADING = "---------------------------------- ECS events ----------------------------------"


def _story(text):
    """The story as it is to be, with the event's id as `text` has it."""
    return [line.replace("{id}", re.findall(r"e-bp1\w{17}", text)[0]) for line in STORY]


def _printed(result, heading=HEADING):
    """The section's lines in a run's output."""
    lines = result.outlines
    start = lines.index(heading) + 1
    return lines[start : start + len(STORY)]


def test_a_failing_assertion_on_a_status_tells_the_event_its_history_and_why(run):
    """Pytest's own explanation says what came too late; nothing of the plugin's insides is shown."""
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
        f"E       AssertionError: {event_id} was to be avoided, but is Executed: the reboot by the test came at "
        "+1d 00:00:00, NotBefore was +1d 00:00:00; it must come before.",
        "E         +00:00:00  SystemMaintenance.Reboot on i-web1: Scheduled, NotBefore +1d 00:00:00 (published by a marker)",
        "E         +1d 00:00:00  Executing: NotBefore reached",
        "E         +1d 00:00:01  Executed: execution ended",
    ]
    assert "_expectations.py" not in text


def test_other_assertions_are_left_to_pytest(run):
    """Comparisons of something else, and those of tests without the fixture, read as ever."""
    result = run("""
def test_with(ecs_events):
    assert [1, 2] == [1, 3]

def test_without():
    assert [1, 2] == [1, 3]
""")
    assert result.outlines.count("E         At index 1 diff: 2 != 3") == 2
