"""The marker `ecs_scenarios` and the fixture `ecs_scenario`."""

import pytest

NAMES = [
    "executed",
    "avoidable",
    "canceled-before",
    "canceled-during",
    "failed",
    "rescheduled-later",
    "rescheduled-earlier",
    "inquired",
    "throttled",
    "throttled-user",
    "answer-lost",
    "duplicate-polls",
    "just-before",
    "at-not-before",
    "just-after",
]
THERE_ARE = ", ".join(NAMES)


@pytest.fixture
def ids(run):
    """Return the ids that a marker produces: `ids('@pytest.mark.ecs_scenarios')`."""

    def ids(marks, *args, test="def test_it(ecs_events): pass"):
        result = run(f"{marks}\n{test}\n", "--collect-only", "-q", *args)
        return [line.partition("[")[2].rstrip("]") for line in result.outlines if "::test_it" in line]

    return ids


def test_a_marker_alone_means_every_scenario_of_a_planned_reboot(ids):
    """One line runs the test through every outcome, in the order of the table."""
    assert ids("@pytest.mark.ecs_scenarios") == [f"SystemMaintenance.Reboot-{name}" for name in NAMES]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            '"failed", "executed", "failed"',
            ["SystemMaintenance.Reboot-failed", "SystemMaintenance.Reboot-executed"],
        ),
        (
            '"canceled-*", event_types="SystemMaintenance.R*t"',
            ["SystemMaintenance.Reboot-canceled-before", "SystemMaintenance.Reboot-canceled-during"],
        ),
        (
            '"inquired", "executed", event_types=["SystemMaintenance.Stop", "SystemMaintenance.Reboot"]',
            [
                "SystemMaintenance.Stop-executed",
                "SystemMaintenance.Reboot-inquired",
                "SystemMaintenance.Reboot-executed",
            ],
        ),
        (
            'event_types=("SystemFailure.Stop", "Stalled")',
            [
                "SystemFailure.Stop-executed",
                "SystemFailure.Stop-canceled-during",
                "SystemFailure.Stop-throttled",
                "SystemFailure.Stop-throttled-user",
                "SystemFailure.Stop-duplicate-polls",
                "Stalled-executed",
                "Stalled-throttled",
                "Stalled-throttled-user",
                "Stalled-duplicate-polls",
            ],
        ),
        (
            'exclude=["throttled*", "just-before", "re*", "SystemMaintenance.Reboot-failed", "Stalled"]',
            [
                "SystemMaintenance.Reboot-executed",
                "SystemMaintenance.Reboot-avoidable",
                "SystemMaintenance.Reboot-canceled-before",
                "SystemMaintenance.Reboot-canceled-during",
                "SystemMaintenance.Reboot-inquired",
                "SystemMaintenance.Reboot-answer-lost",
                "SystemMaintenance.Reboot-duplicate-polls",
                "SystemMaintenance.Reboot-at-not-before",
                "SystemMaintenance.Reboot-just-after",
            ],
        ),
        (
            '"executed", event_types="System*.Stop", exclude="SystemFailure.*"',
            ["SystemMaintenance.Stop-executed"],
        ),
        (
            '"failed", "avoidable", "re*", "i*", simulated=False',
            [
                "SystemMaintenance.Reboot-failed",
                "SystemMaintenance.Reboot-avoidable",
                "SystemMaintenance.Reboot-rescheduled-later",
                "SystemMaintenance.Reboot-rescheduled-earlier",
                "SystemMaintenance.Reboot-inquired",
            ],
        ),
        ('"e*", "f*", "i*", simulated=True', ["SystemMaintenance.Reboot-executed"]),
    ],
    ids=["names", "patterns", "types", "illegal ones", "exclude", "exclude types", "real", "simulated"],
)
def test_scenarios_and_types_are_chosen_by_name_and_pattern(ids, arguments, expected):
    """Each appears once, in the requested order; impossible combinations are omitted."""
    assert ids(f"@pytest.mark.ecs_scenarios({arguments})") == expected


def test_scenarios_multiply_with_other_parameters(ids):
    """The scenario's id comes first, whatever the order of the decorators is."""
    mark, other = '@pytest.mark.ecs_scenarios("executed", "failed")', '@pytest.mark.parametrize("n", [1, 2])'
    test = "def test_it(ecs_events, n): pass"
    expected = [f"SystemMaintenance.Reboot-{name}-{n}" for n in (1, 2) for name in ("executed", "failed")]
    assert sorted(ids(f"{mark}\n{other}", test=test)) == sorted(expected)
    assert ids(f"{mark}\n{other}", test=test) == ids(f"{other}\n{mark}", test=test)


def test_k_selects_scenarios(ids):
    """-k accepts the name of a scenario or a type."""
    assert ids("@pytest.mark.ecs_scenarios", "-k", "canceled-before or failed") == [
        "SystemMaintenance.Reboot-canceled-before",
        "SystemMaintenance.Reboot-failed",
    ]
    mark = '@pytest.mark.ecs_scenarios("executed", event_types=["SystemMaintenance.Stop", "SystemFailure.Stop"])'
    assert ids(mark, "-k", "SystemFailure.Stop") == ["SystemFailure.Stop-executed"]


def test_markers_of_module_class_and_function_are_one(run):
    """The inner one overrides the outer, argument by argument; a base class's counts."""
    result = run(
        """
pytestmark = pytest.mark.ecs_scenarios(event_types="SystemMaintenance.Stop")

@pytest.mark.ecs_scenarios("executed", "just-after")
class Base:
    pass

class TestIt(Base):
    def test_class(self, ecs_scenario):
        assert ecs_scenario.event_type == "SystemMaintenance.Stop"
        assert ecs_scenario.name in ("executed", "just-after")

    @pytest.mark.ecs_scenarios("canceled-before")
    def test_function(self, ecs_scenario):
        assert (ecs_scenario.event_type, ecs_scenario.name) == ("SystemMaintenance.Stop", "canceled-before")
"""
    )
    result.assert_outcomes(passed=3)


def test_the_event_is_there_with_or_without_the_fixtures(run):
    """The marker alone is enough for the test and its other fixtures; the fixture returns the scenario."""
    result = run(
        """
import datetime as dt

@pytest.fixture(autouse=True)
def events(request):
    return list(request.getfixturevalue("ecs_events"))

@pytest.mark.ecs_scenarios("at-not-before")
def test_marker(events):
    assert [str(event.status) for event in events] == ["Executing"]
    assert dt.datetime.now(dt.timezone.utc).day == 2

@pytest.mark.ecs_scenarios("at-not-before")
def test_scenario(events, ecs_scenario):
    assert events == [ecs_scenario.event]
    assert repr(ecs_scenario).startswith("<Scenario SystemMaintenance.Reboot-at-not-before on i-bp1")
"""
    )
    result.assert_outcomes(passed=2)


def test_the_event_is_of_the_instance_named_or_of_the_only_one(run):
    """instance_id selects it; without it the event is on the declared instance, or on a new one."""
    result = run(
        """
@pytest.mark.ecs_scenarios("executed")
@pytest.mark.ecs_instance("i-web1", tags={"role": "web"})
def test_declared(ecs_scenario):
    assert ecs_scenario.instance_id == "i-web1"

@pytest.mark.ecs_scenarios("executed", instance_id="i-web2")
@pytest.mark.ecs_instance("i-web1")
def test_named(ecs_events, ecs_scenario):
    assert ecs_scenario.instance_id == "i-web2"
    assert list(ecs_events.instances) == ["i-web1", "i-web2"]

@pytest.mark.ecs_scenarios("executed", instance_id="i-web1")
@pytest.mark.ecs_instance("i-web1", zone_id="cn-hangzhou-h")
def test_both(ecs_events, ecs_scenario):
    assert ecs_events.instances["i-web1"].attributes["zone_id"] == "cn-hangzhou-h"
"""
    )
    result.assert_outcomes(passed=3)


def test_a_handler_runs_through_its_scenario(run):
    """The steps of the cloud happen while the handler sleeps, and an unused fault of the scenario is no error."""
    result = run(
        """
import time

@pytest.mark.ecs_scenarios
def test_sleeper(ecs_events, ecs_scenario):
    def handler():
        while True:
            time.sleep(60)

    ecs_events.run(handler, until=ecs_scenario.until)
    assert ecs_scenario.event.status == ecs_scenario.expected_without_handler
"""
    )
    result.assert_outcomes(passed=len(NAMES))


def test_a_failed_case_tells_its_scenario(run):
    """The report has the scenario before the timeline, and the assertion has the expected status."""
    result = run(
        """
@pytest.mark.ecs_scenarios("avoidable", "executed")
def test_it(ecs_events, ecs_scenario):
    ecs_events.advance_to(ecs_scenario.until)
    ecs_scenario.assert_expected()
"""
    )
    result.assert_outcomes(passed=1, failed=1)
    message = [
        "Scenario avoidable of SystemMaintenance.Reboot on i-bp1*: The event is published 24 hours ahead, and can be "
        "answered in time.",
        "At 2030-01-02T01:10:00Z it is Executed without a handler, and Avoided with a correct one. Without a handler these "
        "steps happen:",
        "  2030-01-02T00:00:00Z  Executing",
        "  2030-01-02T00:10:00Z  Executed",
    ]
    result.stdout.fnmatch_lines(
        [
            "E       AssertionError: expected the event to be Avoided, but it is Executed.",
            "E       It is not Avoided: i-bp1* was not rebooted before NotBefore, which was +1d 00:00:00; no API was called",
            *(f"E       {line}" for line in message),
            "E       The event: <SystemEvent e-bp1* SystemMaintenance.Reboot on i-bp1*: Executed at "
            "2030-01-02T00:10:00Z: execution ended>",
            "*- ECS events -*",
            "clock 2030-01-01T00:00:00Z +1d 01:10:00 = 2030-01-02T01:10:00Z (freezegun); 1 event, 0 calls, 0 faults",
            "*published by scenario avoidable)",
        ]
    )
    result.stdout.no_fnmatch_line("*- ECS scenario -*")


def test_a_failure_of_another_kind_has_the_scenario_as_a_section(run):
    """The report describes the scenario after each kind of failure."""
    result = run(
        """
@pytest.mark.ecs_scenarios("avoidable")
def test_it(ecs_events, ecs_scenario):
    assert ecs_scenario.event.status == ecs_scenario.expected
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E       AssertionError: assert 'Scheduled' == ('Avoided',)",
            "E         a status is never equal to a tuple: write `in` instead of `==`",
            "E         e-bp1* is not Avoided: i-bp1* has not been rebooted yet; NotBefore is *",
            "*- ECS scenario -*",
            "Scenario avoidable of SystemMaintenance.Reboot on i-bp1*: The event is published 24 hours ahead, and can be *",
            "  2030-01-02T00:10:00Z  Executed",
            "*- ECS events -*",
        ]
    )


def test_the_fixture_without_the_marker_is_refused_in_a_sentence(run):
    """The message has the test, and the marker to add."""
    result = run("def test_it(ecs_scenario): pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "the fixture ecs_scenario needs @pytest.mark.ecs_scenarios, which test_it does not carry. Mark the test: *",
        ]
    )


@pytest.mark.parametrize(
    "source",
    [
        "import unittest\n@pytest.mark.ecs_scenarios\nclass TestIt(unittest.TestCase):\n    def test_it(self): pass\n",
        '@pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.ecs_scenarios)])\ndef test_it(n): pass\n',
    ],
    ids=["unittest", "parameter"],
)
def test_what_cannot_run_several_times_over_is_refused_in_a_sentence(run, source):
    """For a TestCase's method and a single parameter, the message says where the marker goes."""
    result = run(source)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "@pytest.mark.ecs_scenarios cannot parametrize a method of unittest.TestCase, nor a single parameter. Put it "
            "on a function, a class of plain test methods, or a module.",
        ]
    )


WRONG = [
    (
        '@pytest.mark.ecs_scenarios("canceled")',
        "@pytest.mark.ecs_scenarios: unknown scenario 'canceled'. Did you mean \"canceled-*\"? "
        f'*{THERE_ARE}; or patterns such as "execut*".',
    ),
    (
        '@pytest.mark.ecs_scenarios("x*")',
        f"@pytest.mark.ecs_scenarios: unknown scenario 'x*'. *{THERE_ARE}; *",
    ),
    (
        '@pytest.mark.ecs_scenarios(event_types=["SystemMaintenance.Rebot"])',
        "@pytest.mark.ecs_scenarios: unknown event type 'SystemMaintenance.Rebot'. Did you mean "
        'SystemMaintenance.Reboot? *: SystemMaintenance.Reboot, *; or patterns such as "System*".',
    ),
    (
        '@pytest.mark.ecs_scenarios("failed", "executed", event_types=["SystemMaintenance.Redeploy"])',
        "@pytest.mark.ecs_scenarios: scenario 'failed' is impossible for an event of SystemMaintenance.Redeploy "
        "(documented: Scheduled, Executing, then Executed or Failed; no source has a simulated event fail). "
        "Possible types: SystemMaintenance.Reboot, SystemMaintenance.Stop, *",
    ),
    (
        '@pytest.mark.ecs_scenarios("failed", simulated=True)',
        "@pytest.mark.ecs_scenarios: scenario 'failed' is impossible for a simulated event of "
        "SystemMaintenance.Reboot (documented: *). Possible types: SystemMaintenance.Reboot, SystemMaintenance.Stop, *, "
        "without simulated=True.",
    ),
    (
        '@pytest.mark.ecs_scenarios("just-*", event_types=["SystemMaintenance.Stop", "Stalled"])',
        "@pytest.mark.ecs_scenarios: no scenario of just-before, just-after is possible for an event of "
        "'Stalled'. Possible scenarios: executed, throttled, throttled-user, duplicate-polls.",
    ),
    (
        '@pytest.mark.ecs_scenarios(event_types=["Stalled"], simulated=True)',
        f"@pytest.mark.ecs_scenarios: no scenario of {THERE_ARE} is possible for a simulated event of 'Stalled'. "
        "Possible scenarios: executed, throttled, throttled-user, duplicate-polls, without simulated=True.",
    ),
    (
        '@pytest.mark.ecs_scenarios("canceled-before", simulated=False)',
        "@pytest.mark.ecs_scenarios: scenario 'canceled-before' is impossible for a real event of "
        "SystemMaintenance.Reboot (documented: *). Possible types: SystemMaintenance.Reboot, *, without simulated=False.",
    ),
    (
        '@pytest.mark.ecs_scenarios(exclude="canceled")',
        "@pytest.mark.ecs_scenarios: 'canceled' in exclude matches no scenario, no event type and no id of both. Did "
        f'you mean "canceled-*"? Scenarios are: {THERE_ARE}.',
    ),
    (
        '@pytest.mark.ecs_scenarios("failed", exclude="fail*")',
        "@pytest.mark.ecs_scenarios leaves no scenario: exclude removes all of them. *",
    ),
    (
        '@pytest.mark.ecs_scenarios(event_type="SystemMaintenance.Stop")',
        "@pytest.mark.ecs_scenarios has no argument 'event_type'. Did you mean event_types? It takes names of "
        "scenarios, and: event_types, exclude, simulated, instance_id.",
    ),
    (
        '@pytest.mark.ecs_scenarios(event_types={"SystemMaintenance.Stop"})',
        "@pytest.mark.ecs_scenarios got {'SystemMaintenance.Stop'} for event_types. Pass text, or a list of texts.",
    ),
    (
        '@pytest.mark.ecs_scenarios("executed", 5)',
        "@pytest.mark.ecs_scenarios got ('executed', 5) for names of scenarios. Pass text, or a list of texts.",
    ),
    (
        '@pytest.mark.ecs_scenarios(simulated="no")',
        "@pytest.mark.ecs_scenarios got simulated='no'. Pass True or False, or leave it out.",
    ),
    (
        '@pytest.mark.ecs_scenarios("failed")\n@pytest.mark.ecs_scenarios("executed")',
        "Two @pytest.mark.ecs_scenarios on test_* contradict each other: names=('failed',) and names=('executed',). "
        "Keep one.",
    ),
    (
        '@pytest.mark.ecs_scenarios("failed", instance_id=["i-web1"])',
        "@pytest.mark.ecs_scenarios: instance_id is ['i-web1']. Pass one id, such as \"i-web1\".",
    ),
    (
        '@pytest.mark.ecs_scenarios("failed")\n@pytest.mark.ecs_instance("i-1")\n@pytest.mark.ecs_instance("i-2")',
        "@pytest.mark.ecs_scenarios: instance_id is missing, and the test declares more than one instance: i-1, i-2. "
        "Name the one.",
    ),
]


def test_a_wrong_marker_is_an_error_at_set_up_in_one_sentence(run):
    """The message has the value, the nearest known one, and the allowed ones."""
    result = run("\n".join(f"{marks}\ndef test_{number}(): pass" for number, (marks, _) in enumerate(WRONG)))
    result.assert_outcomes(errors=len(WRONG))
    result.stdout.fnmatch_lines([sentence.replace("[", "[[]") for _, sentence in WRONG])
    assert not any("Traceback" in line or "plugin.py" in line for line in result.outlines)


def test_the_marker_and_the_fixture_are_listed(run):
    """Pytest explains both."""
    run("", "--markers").stdout.fnmatch_lines(
        [
            "@pytest.mark.ecs_scenarios([*]names, event_types=[[]'SystemMaintenance.Reboot'], exclude=[[]], simulated=None, "
            "instance_id=None): run the test once for each scenario of an event (executed, avoidable, canceled-before, ...); "
            "all of them, or those named.",
        ]
    )
    run("", "--fixtures").stdout.fnmatch_lines(
        ["ecs_scenario -- *", "    What `@pytest.mark.ecs_scenarios` prepared for this run of the test."],
        consecutive=True,
    )
