"""The markers and the tests that they apply to."""

import re
from pathlib import Path

import pytest

from pytest_ecsevents import plugin
from pytest_ecsevents.face import _markers


def test_a_marker_alone_serves_a_test(run):
    """A marked test has a cloud without naming the fixture; an undeclared instance is added."""
    result = run(
        """
        import datetime as dt

        @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1")
        def test_it(request):
            ecs_events = request.getfixturevalue("ecs_events")
            event = ecs_events.one()
            assert event.instance_id == "i-web1"
            assert event.history[0].cause == "published by a marker"
            assert event.not_before - ecs_events.now == dt.timedelta(hours=24)
            assert dt.datetime.now(dt.timezone.utc).year == 2030
        """.replace("\n        ", "\n")
    )
    result.assert_outcomes(passed=1)


def test_markers_of_module_class_and_function_add_up(run):
    """Markers apply outermost first: module, class, function; on one function from top to bottom."""
    result = run(
        """
pytestmark = [
    pytest.mark.ecs_instance("i-module-1"), pytest.mark.ecs_instance("i-module-2"), pytest.mark.ecs_clock("2018-01-01T00:00:00Z")
]

@pytest.mark.ecs_instance("i-class-1")
@pytest.mark.ecs_instance("i-class-2")
class TestIt:
    @pytest.mark.ecs_instance("i-function-1")
    @pytest.mark.ecs_instance("i-function-2")
    @pytest.mark.ecs_clock("2018-08-22T10:39:49Z")
    def test_it(self, ecs_events):
        assert list(ecs_events.instances) == [
            "i-module-1", "i-module-2", "i-class-1", "i-class-2", "i-function-1", "i-function-2"
        ]
        assert ecs_events.now.isoformat() == "2018-08-22T10:39:49+00:00"

    @pytest.mark.ecs_clock(executing_for="5s")
    def test_other(self, ecs_events):
        assert ecs_events.now.year == 2018
        ecs_events.create("SystemMaintenance.Stop", "i-class-1", not_before="+1s")
        assert [change.at.second for change in ecs_events.advance("1m")] == [1, 6]
"""
    )
    result.assert_outcomes(passed=2)


def test_the_order_of_markers_is_that_of_what_carries_them(run):
    """Base class before class, class before function, function before parameter, each from top to bottom."""
    result = run(
        """
one, two, three, four, five, six = (pytest.mark.ecs_instance(f"i-{n}") for n in range(1, 7))

@one
class Base:
    pass

@two
class TestIt(Base):
    @pytest.mark.parametrize("n", [pytest.param(1, marks=[five, six])])
    @three
    @four
    def test_it(self, ecs_events, n):
        assert list(ecs_events.instances) == ["i-1", "i-2", "i-3", "i-4", "i-5", "i-6"]

@pytest.mark.ecs_clock("2018-01-01T00:00:00Z")
@pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.ecs_clock("2019-01-01T00:00:00Z"))])
def test_the_parameter_wins(ecs_events, n):
    assert ecs_events.now.year == 2019
"""
    )
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("self.assertEqual(ecs_events.one().status, 'Avoided')", "* is not Avoided: *"),
        ("self.assertIn(ecs_events.one().status, ['Avoided'])", "* is not Avoided: *"),
        ("self.assertNotEqual(ecs_events.one().status, 'Scheduled')", "* is Scheduled:"),
    ],
)
def test_a_failed_assertion_of_a_test_case_is_explained(run, line, words):
    """The message equals that of `assert`: the event, its history and the reason."""
    result = run(
        f"""
import unittest

@pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1")
class TestIt(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def cloud(self, ecs_events):
        self.ecs_events = ecs_events

    def test_it(self):
        ecs_events = self.ecs_events
        {line}

    def test_other(self):
        self.assertEqual(1, 2)

    def test_error(self):
        raise AssertionError("mine")
"""
    )
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines([f"E   {words}"])


def test_marked_test_cases_get_a_cloud(run):
    """Markers apply to methods of unittest.TestCase, setUp included."""
    result = run(
        """
import datetime as dt
import unittest

@pytest.mark.ecs_clock("2018-08-22T10:39:49Z")
class TestIt(unittest.TestCase):
    def setUp(self):
        self.year = dt.datetime.now(dt.timezone.utc).year

    def test_it(self):
        self.assertEqual(self.year, 2018)
"""
    )
    result.assert_outcomes(passed=1)


def test_a_marked_parameter_applies_only_to_its_own_case(run):
    """A marker on one parameter does not freeze the other cases."""
    result = run(
        """
import datetime as dt

@pytest.mark.parametrize("year", [pytest.param(2018, marks=pytest.mark.ecs_clock("2018-08-22T10:39:49Z")), None])
def test_it(year):
    assert (dt.datetime.now(dt.timezone.utc).year == 2018) is (year == 2018)
"""
    )
    result.assert_outcomes(passed=2)


def test_an_event_takes_a_list_of_instances_or_the_only_one(run):
    """instance_id can be a list; without it the event is on the declared instance, or on a new one."""
    result = run(
        """
@pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id=["i-web1", "i-web2"], not_before="+1h")
def test_list(ecs_events):
    assert [event.instance_id for event in ecs_events] == ["i-web1", "i-web2"]

@pytest.mark.ecs_event("SystemMaintenance.Reboot")
@pytest.mark.ecs_instance("i-web1", region_id="cn-beijing", account_id="222", tags={"role": "web"}, zone_id="cn-beijing-c")
def test_declared(ecs_events):
    event = ecs_events.one()
    assert (event.instance_id, event.region_id, event.account_id) == ("i-web1", "cn-beijing", "222")

@pytest.mark.ecs_event("SystemMaintenance.Reboot")
def test_new(ecs_events):
    assert ecs_events.one().instance_id.startswith("i-bp1")
"""
    )
    result.assert_outcomes(passed=3)


def test_real_events_of_markers_get_the_time_they_need(run):
    """An Inquiring event and one that runs at once get no NotBefore from the marker; a planned one does."""
    result = run(
        """
@pytest.mark.ecs_instance("i-web1")
@pytest.mark.ecs_event("SystemMaintenance.Reboot", simulated=False, status="Inquiring")
@pytest.mark.ecs_event("SystemFailure.Reboot", simulated=False, outcome="Failed", reason="host is gone")
@pytest.mark.ecs_event("SystemMaintenance.Stop", simulated=False)
def test_it(ecs_events):
    assert [str(event.status) for event in ecs_events] == ["Inquiring", "Executing", "Scheduled"]
    assert [event.not_before for event in ecs_events][0] is None
    assert ecs_events.where(status="Executing")[0].reason == "host is gone"
"""
    )
    result.assert_outcomes(passed=1)


WRONG = [
    (
        '@pytest.mark.ecs_event("SystemMaintenance.Rebot", instance_id="i-web1")',
        "@pytest.mark.ecs_event: event_type is 'SystemMaintenance.Rebot', which is no event type. Did you mean "
        "SystemMaintenance.Reboot? Allowed are: SystemMaintenance.Reboot, SystemMaintenance.Stop, "
        "SystemMaintenance.Redeploy, SystemFailure.Reboot, SystemFailure.Stop, SystemFailure.Redeploy, "
        "InstanceFailure.Reboot.",
    ),
    (
        '@pytest.mark.ecs_event("SystemMaintenance.Reboot", instance="i-web1")',
        "@pytest.mark.ecs_event has no argument 'instance'. Did you mean instance_id? It takes: event_type, "
        "instance_id, not_before, simulated, status, reason, outcome, executing_for, disk_id, extended_attribute.",
    ),
    (
        '@pytest.mark.ecs_event("SystemMaintenance.Reboot", "i-web1")',
        "@pytest.mark.ecs_event takes one positional argument, event_type, but got 'SystemMaintenance.Reboot', "
        "'i-web1'. Pass the others by name: instance_id, not_before, simulated, status, reason, outcome, executing_for, disk_id, extended_attribute.",
    ),
    (
        '@pytest.mark.ecs_event("SystemMaintenance.Reboot", event_type="SystemMaintenance.Stop")',
        "@pytest.mark.ecs_event takes one positional argument, event_type, but got 'SystemMaintenance.Reboot' and "
        "event_type=. Pass the others by name: instance_id, not_before, simulated, status, reason, outcome, executing_for, disk_id, extended_attribute.",
    ),
    (
        '@pytest.mark.ecs_event(instance_id="i-web1")',
        "@pytest.mark.ecs_event needs event_type: @pytest.mark.ecs_event(event_type).",
    ),
    (
        '@pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id=[])',
        '@pytest.mark.ecs_event: instance_id is []. Pass an id such as "i-web1", or a list of them.',
    ),
    (
        '@pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-1", not_before="2029-12-31T23:59:59Z")',
        "@pytest.mark.ecs_event: not_before is 2029-12-31T23:59:59Z, 1s before the clock's now, "
        "2030-01-01T00:00:00Z. Pass a later instant, or start earlier with "
        "@pytest.mark.ecs_clock(start=...).",
    ),
    (
        '@pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-1", not_before="2030-12-31T23:59:59")',
        "@pytest.mark.ecs_event: not_before is '2030-12-31T23:59:59', which has no time zone, so its meaning "
        "would depend on the zone of the machine. Add "
        'one: "2030-12-31T23:59:59Z", or tzinfo=timezone.utc.',
    ),
    (
        '@pytest.mark.ecs_event("SystemMaintenance.Reboot")\n@pytest.mark.ecs_instance("i-1")\n'
        '@pytest.mark.ecs_instance("i-2")',
        "@pytest.mark.ecs_event: instance_id is missing, and the test declares more than one instance: i-1, i-2. "
        "Name the one, or a list of them.",
    ),
    (
        '@pytest.mark.ecs_instance("i-web1", stat="Stopped")',
        "@pytest.mark.ecs_instance has no argument 'stat'. Did you mean status? It takes: instance_id, region_id, "
        "status, account_id, tags, stopping_takes, starting_takes, disks, action_on_maintenance and the attributes of an instance.",
    ),
    (
        '@pytest.mark.ecs_instance("i-web1", tags={"a": "1"})\n@pytest.mark.ecs_instance("i-web1")',
        "@pytest.mark.ecs_instance declares i-web1 with tags={}, but it was declared with tags={'a': '1'}. Declare "
        "it once.",
    ),
    (
        '@pytest.mark.ecs_clock("2018-01-01T00:00:00Z")\n@pytest.mark.ecs_clock("2019-01-01T00:00:00Z")',
        "Two @pytest.mark.ecs_clock on test_11 contradict each other: start='2018-01-01T00:00:00Z' and "
        "start='2019-01-01T00:00:00Z'. Keep one.",
    ),
    (
        '@pytest.mark.ecs_clock("2018-01-01")',
        "@pytest.mark.ecs_clock: start is '2018-01-01', which has no time zone, so its meaning would depend on "
        "the zone of the machine. Add "
        'one: "2018-01-01T00:00:00Z", or tzinfo=timezone.utc.',
    ),
    (
        '@pytest.mark.ecs_clock(backend="freezer")',
        "@pytest.mark.ecs_clock: backend is 'freezer'. Pass one of: freezegun, time-machine. Did you mean freezegun?",
    ),
]


def test_a_wrong_marker_is_an_error_at_set_up_in_one_sentence(run):
    """The error has the marker, the argument and the allowed values, without a traceback of the plugin."""
    result = run("\n".join(f"{marks}\ndef test_{number}(): pass" for number, (marks, _) in enumerate(WRONG)))
    result.assert_outcomes(errors=len(WRONG))
    beginnings = tuple({sentence[:40] for _, sentence in WRONG})
    lines = [line for line in result.outlines if line.startswith((*beginnings, "E "))]
    assert lines == [sentence for _, sentence in WRONG]
    assert not any("Traceback" in line or "plugin.py" in line for line in result.outlines)


def test_the_same_clock_twice_is_no_contradiction(run):
    """Two markers at one place with equal arguments are one."""
    result = run(
        """
@pytest.mark.ecs_clock("2018-01-01T00:00:00Z", executing_for="2s")
@pytest.mark.ecs_clock("2018-01-01T00:00:00Z")
def test_it(ecs_events):
    assert ecs_events.now.year == 2018
"""
    )
    result.assert_outcomes(passed=1)


def test_the_markers_are_listed_and_strict(run, pytester):
    """Pytest --markers explains each marker in one line, and --strict-markers knows them."""
    result = run("", "--markers")
    result.stdout.fnmatch_lines(
        [
            "@pytest.mark.ecs_event(event_type, [*], instance_id, not_before='+24h', simulated=True, status=None, "
            "reason=None, outcome='Executed', executing_for=None, disk_id=None, extended_attribute=None): publish an ECS system event before the test; instance_id may be a list.",
            "",
            "@pytest.mark.ecs_instance(instance_id, [*], region_id, status='Running', account_id, tags={...}, "
            "stopping_takes=None, starting_takes=None, disks=[[]...], action_on_maintenance='AutoRecover', [*][*]attributes): declare an ECS instance; attributes are those of DescribeInstances in snake_case.",
            "",
            "@pytest.mark.ecs_clock(start=..., [*], backend='freezegun', tz='local', sleep='virtual', follow='virtual', "
            "executing_for='1s', failure_events='executing', history='reference'): where the test's clock is frozen, and how.",
        ],
        consecutive=True,
    )


@pytest.mark.parametrize("marker", ["ecs_event", "ecs_instance", "ecs_clock"])
def test_the_texts_about_a_marker_name_its_arguments(marker):
    """Pytest --markers and the manual list the marker's arguments, in order."""
    page = (Path(__file__).parents[2] / "docs/reference/markers.md").read_text()
    for text in (plugin._HELP, page.replace("`", "")):
        (given,) = re.findall(rf"^\W*{marker}\((.*?)\)(?::| \|)", text, re.MULTILINE)
        names = tuple(re.findall(r"(?:^|, )(\w+)", re.sub(r"=(\{.*?\}|\[.*?\]|[^,]*)", "", given)))
        assert names == _markers._ARGUMENTS[marker]


def test_the_fixture_is_listed(run):
    """Pytest --fixtures explains the fixture."""
    result = run("", "--fixtures")
    result.stdout.fnmatch_lines(
        [
            "ecs_events -- *",
            "    A fake Alibaba Cloud for this test: ECS system events, instances, and a frozen clock.",
        ],
        consecutive=True,
    )


def test_markers_declare_disks_and_their_events(run):
    """They declare an instance's disks, its maintenance attribute, and the events that follow from them."""
    result = run("""
@pytest.mark.ecs_instance("i-web1", disks=["d-1", "d-2"], action_on_maintenance="Stop")
@pytest.mark.ecs_event("Stalled", simulated=False, disk_id="d-2", executing_for="1h")
@pytest.mark.ecs_event("SystemMaintenance", simulated=False)
@pytest.mark.ecs_event("SystemFailure", simulated=False)
def test_it(ecs_events):
    assert [(one.event_type, one.disk_id, str(one.status)) for one in ecs_events] == [
        ("Stalled", "d-2", "Executing"),
        ("SystemMaintenance.Stop", None, "Scheduled"),
        ("SystemFailure.Stop", None, "Executing"),
    ]
""")
    result.assert_outcomes(passed=1)
