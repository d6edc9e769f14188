"""The fixture: order, settings, reports, and clean-up."""

import datetime as dt
import re
import sys
import time

import pytest
from aliyunsdkcore.vendored.requests.adapters import HTTPAdapter

POLL = """
import json
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

def call(action, **params):
    request = CommonRequest(domain="ecs.aliyuncs.com", version="2014-05-26", action_name=action)
    for name, value in params.items():
        request.add_query_param(name, value)
    return json.loads(AcsClient("ak", "secret", "cn-hangzhou").do_action_with_exception(request))

def swallowing(action):
    try:
        call(action)
    except Exception:
        pass
"""


@pytest.mark.usefixtures("every_plugin")  # the order in which they are loaded matters
def test_a_users_own_fixture_of_that_name_wins(pytester, run):
    """This includes a fixture of the user's own plugin that the conftest names."""
    pytester.makepyfile(
        shared_fixtures="""
import pytest

@pytest.fixture
def ecs_events(ecs_events):
    ecs_events.instances.add("i-ours")
    return ecs_events
"""
    )
    pytester.makeconftest('pytest_plugins = ["shared_fixtures"]')
    result = run(
        """
def test_it(ecs_events):
    assert "i-ours" in ecs_events.instances
""",
        # pytest-asyncio warns where it is missing, and pytest where pytest-asyncio is too old to know it.
        ini="asyncio_default_fixture_loop_scope = function\nfilterwarnings = ignore::pytest.PytestConfigWarning",
    )
    result.assert_outcomes(passed=1)


def test_other_fixtures_see_the_frozen_clock_but_wider_ones_do_not(run):
    """The clock stops before the test's other fixtures are set up, and after those of a wider scope."""
    result = run(
        """
import datetime as dt

def year():
    return dt.datetime.now(dt.timezone.utc).year

@pytest.fixture(scope="session")
def wide():
    return year()

@pytest.fixture
def narrow():
    return year()

@pytest.fixture(autouse=True)
def automatic():
    return year()

def test_it(narrow, wide, automatic, ecs_events):
    assert (narrow, automatic) == (2030, 2030)
    assert wide < 2030
"""
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("fixture", "move"),
    [
        ("freezer", 'freezer.move_to("2020-01-01T00:00:00"); freezer.tick(7200)'),
        ("time_machine", "time_machine.shift(7200)"),
    ],
)
def test_the_clock_fixtures_of_others_are_followed(run, fixture, move):
    """The fixtures of pytest-freezer and time-machine hold the clock, and moving it there moves the events."""
    mark = {
        "freezer": '@pytest.mark.freeze_time("2020-01-01T00:00:00")',
        "time_machine": '@pytest.mark.time_machine("2020-01-01T00:00:00Z", tick=False)',
    }[fixture]
    result = run(
        f"""
{mark}
@pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1", not_before="+1h")
def test_it(ecs_events, {fixture}):
    assert ecs_events.now.isoformat() == "2020-01-01T00:00:00+00:00"
    {move}
    assert ecs_events.one().status == "Executed"
""",
        beside=[fixture],
    )
    result.assert_outcomes(passed=1)


def test_freezeguns_decorator_is_followed(run):
    """@freeze_time on the test moves the events."""
    result = run(
        """
from freezegun import freeze_time

@freeze_time("2031-01-01T00:00:00")
@pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1", not_before="2030-06-01T00:00:00Z")
def test_it(ecs_events):
    assert ecs_events.now.isoformat() == "2031-01-01T00:00:00+00:00"
    assert ecs_events.one().status == "Executed"
    assert ecs_events.one().finish_time.isoformat() == "2030-06-01T00:00:01+00:00"
"""
    )
    result.assert_outcomes(passed=1)


def test_durations_stay_real(run):
    """Pytest's durations are those of the real clock although the test moves a year."""
    result = run("def test_it(ecs_events):\n    ecs_events.advance(days=365)\n", "--durations=0", "-vv")
    result.assert_outcomes(passed=1)
    seconds = [float(line.split("s ")[0]) for line in result.outlines if line.endswith("::test_it") and "s " in line]
    assert len(seconds) == 3
    assert all(0 <= second < 60 for second in seconds)


def test_each_test_has_a_cloud_of_its_own(run):
    """A test sees no state of an earlier one."""
    result = run(
        """
@pytest.mark.parametrize("n", range(3))
@pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1")
def test_it(ecs_events, n):
    assert len(ecs_events) == 1
    ecs_events.create("SystemMaintenance.Stop", "i-web1", not_before="+1h")
"""
    )
    result.assert_outcomes(passed=3)


def test_ids_are_the_same_on_every_run(run):
    """A test's ids derive from its node id."""
    source = """
@pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1")
def test_it(ecs_events):
    print("id:", ecs_events.one().event_id)
"""
    first, second = (re.findall("id: (e-bp1[a-z0-9]{17})", run(source, "-s").stdout.str()) for _ in range(2))
    assert first == second
    assert len(first) == 1


@pytest.mark.parametrize(
    "ending",
    ["assert False", "raise KeyboardInterrupt", "pytest.exit('enough')", "raise SystemExit(3)", "pytest.skip('no')"],
)
def test_nothing_stays_patched_however_a_test_ends(run, ending):
    """After failure, interruption, exit and skip, the clock, sleep and the SDK's transport are real."""
    before = (dt.datetime, time.time, time.sleep, HTTPAdapter.send)
    source = f"def test_it(ecs_events):\n    ecs_events.advance('1h')\n    {ending}\n"
    run(source, "-p", "no:terminal")  # a terminal would read the source of each function in an interrupt's traceback
    assert (dt.datetime, time.time, time.sleep, HTTPAdapter.send) == before


def test_nothing_stays_patched_after_a_crash_in_a_fixture(run):
    """A fixture that fails after the clock was frozen leaves no patch."""
    before = time.time
    result = run("@pytest.fixture\ndef broken():\n    1 / 0\n\ndef test_it(ecs_events, broken): pass\n")
    result.assert_outcomes(errors=1)
    assert time.time is before
    result.stdout.fnmatch_lines(["*- ECS events -*", "clock 2030-01-01T00:00:00Z +00:00:00 (freezegun); 0 events*"])


def test_a_failed_test_shows_its_timeline(run):
    """The report of a failed test has a section with the timeline."""
    result = run(
        POLL
        + """
@pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1")
def test_it(ecs_events):
    ecs_events.advance(hours=23)
    call("RebootInstance", InstanceId="i-web1")
    assert ecs_events.one().status == "Executed"
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E       AssertionError: assert 'Avoided' == 'Executed'",
            "*",
            "*- ECS events -*",
            "clock 2030-01-01T00:00:00Z +23:00:00 = 2030-01-01T23:00:00Z (freezegun); 1 event, 1 call, 0 faults",
            " +00:00:00  event     e-bp1*  simulated SystemMaintenance.Reboot on i-web1: Scheduled, NotBefore "
            "2030-01-02T00:00:00Z (published by a marker)",
            " +23:00:00  call      RebootInstance(InstanceId=i-web1) -> 200",
            " +23:00:00  event     e-bp1*  Scheduled -> Avoided: RebootInstance before NotBefore",
            " +23:00:00  instance  i-web1  Running -> Stopping -> Starting -> Running: RebootInstance",
        ]
    )


def test_a_passed_test_shows_nothing_by_default(run):
    """The timeline of a passed test is shown with --ecs-events-timeline=all."""
    source = "def test_it(ecs_events): pass\n"
    assert "ECS events" not in run(source, "-rP").stdout.str()
    run(source, "-rP", "--ecs-events-timeline=all").stdout.fnmatch_lines(["*- ECS events -*", "clock 2030-*"])


def test_a_long_timeline_is_cut_in_the_middle_of_the_report(run):
    """A report shows the first and last lines, and counts the rest."""
    result = run(
        "def test_it(ecs_events):\n"
        "    ecs_events.instances.add('i-web1')\n"
        "    for n in range(300): ecs_events.create('SystemMaintenance.Stop', 'i-web1', not_before=f'+{n + 1}h')\n"
        "    assert len(ecs_events.timeline().splitlines()) == 301\n"
        "    assert False\n"
    )
    result.stdout.fnmatch_lines(
        [
            " ... up to +00:00:00, 101 lines about events, faults and errors are left out; ecs_events.timeline() has them",
        ]
    )


def test_a_swallowed_unexpected_call_fails_the_test_at_teardown(run):
    """A handler that catches every exception does not hide it."""
    result = run(POLL + "\ndef test_it(ecs_events):\n    swallowing('RebootInstnces')\n")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["E   *UnexpectedCallError: The handler called RebootInstnces() of Ecs, which cannot be answered:*"]
    )


@pytest.mark.parametrize("style", ["auto", "native"])
def test_a_report_ends_at_the_handlers_line(run, style):
    """The traceback of an unexpected call shows the handler, but no frame of the SDK or the plugin."""
    result = run(POLL + "\ndef test_it(ecs_events):\n    call('RebootInstnces')\n", f"--tb={style}")
    text = result.stdout.str()
    assert "do_action_with_exception(request)" in text
    for inside in ("_on_request", "client.py", "_exchange.py", "_api.py", "_legacy.py"):
        assert inside not in text


def test_a_test_that_failed_gets_no_further_error(run):
    """If the test has failed, teardown raises neither its unexpected call nor an unused fault."""
    result = run(
        POLL
        + """
def test_plain(ecs_events):
    call('RebootInstnces')

def test_wrapped(ecs_events):
    try:
        call('RebootInstnces')
    except Exception as error:
        raise RuntimeError("poll failed") from error

def test_with_a_fault(ecs_events):
    ecs_events.fail("RebootInstance", "Throttling")
    assert False
"""
    )
    result.assert_outcomes(failed=3)


def test_an_unused_fault_fails_the_test_at_teardown(run):
    """A declared fault that the handler did not get is an error."""
    result = run("def test_it(ecs_events):\n    ecs_events.fail('RebootInstance', 'Throttling')\n")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["Faults were declared that the handler did not meet:"])


def test_all_errors_are_raised_at_teardown_without_a_traceback(run):
    """The errors of a test that passed are messages only, with the line of a swallowed call."""
    result = run(
        POLL
        + """
def test_it(ecs_events):
    ecs_events.fail("RebootInstance", "Throttling", instance_id="i-web1")
    ecs_events.stub("Slb", "DescribeLoadBalancers", {})
    swallowing("RebootInstnces")
    swallowing("RebootInstnces")
"""
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "_* ERROR at teardown of test_it _*",
            "3 things went wrong that the test did not notice:",
            "",
            "1. The handler called RebootInstnces() of Ecs, which cannot be answered: *",
            "   It was called at *test_all_errors_are_raised_*.py:* in call, 2 times.",
            "",
            "2. Faults were declared that the handler did not meet:",
            "     - RebootInstance(instance_id='i-web1'): Throttling, met 0 of 1 times. Nearest call: RebootInstnces() -> "
            "no answer.",
            "   Let the handler make these calls, *",
            "",
            "3. Stubs were declared but not called:",
            "     - slb DescribeLoadBalancers. slb was not called.",
            "   Remove the ones that are not needed, *",
            "manual: docs/troubleshooting.md#strictnesserror",
            "*- ECS events -*",
        ],
        consecutive=True,
    )


@pytest.mark.parametrize(
    ("ini", "args", "errors"),
    [
        ("", (), 1),
        ("ecs_events_strict = true\n", (), 1),
        ("ecs_events_strict = false\n", (), 0),
        ("ecs_events_strict = calls, stubs\n", (), 0),
        ("ecs_events_strict =\n  calls\n  faults\n", (), 1),
        ("ecs_events_strict = calls\n", ("--ecs-events-strict=faults",), 1),
        ("", ("--ecs-events-strict=no",), 0),
    ],
)
def test_checks_are_chosen_in_the_ini_file_and_on_the_command_line(run, ini, args, errors):
    """All of them, none, or the named ones."""
    result = run("def test_it(ecs_events):\n    ecs_events.fail('RebootInstance', 'Throttling')\n", *args, ini=ini)
    result.assert_outcomes(passed=1, errors=errors)


def test_a_receivers_error_fails_the_test_at_teardown(run):
    """It does so although the handler swallowed it and the test passed."""
    result = run(
        POLL
        + """
@pytest.mark.ecs_instance("i-web1")
def test_it(ecs_events):
    ecs_events.on_change(lambda change: 1 / 0)
    try:
        call("RebootInstance", InstanceId="i-web1")
    except Exception:
        pass
"""
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "Receivers raised errors that the test did not notice:",
            "  - ZeroDivisionError at *.py:* in <lambda>, called with i-web1 Running -> Stopping (RebootInstance) at "
            "2030-01-01T00:00:00Z: division by zero",
        ]
    )


def test_settings_come_from_ini_command_line_and_marker(run):
    """The marker overrides the command line, which overrides the ini file."""
    ini = (
        "ecs_events_region = cn-shanghai\necs_events_account_id = 42\necs_events_start = 2018-01-01T00:00:00Z\n"
        "ecs_events_executing_for = 5s\necs_events_failure_events = scheduled\necs_events_strict = false\n"
        "ecs_events_clock = time-machine\necs_events_sleep = real\n"
    )
    source = """
@pytest.fixture
def seen(ecs_events):
    instance = ecs_events.instances.add()
    event = ecs_events.create("SystemFailure.Reboot", instance.instance_id, not_before="+1h")
    return (instance.region_id, instance.account_id, ecs_events.now.year, str(event.status), ecs_events.strict,
            "time-machine" in ecs_events.timeline())
"""
    result = run(
        source
        + """
def test_it(seen):
    assert seen == ("cn-shanghai", "42", 2018, "Scheduled", frozenset(), True)
""",
        ini=ini,
    )
    result.assert_outcomes(passed=1)
    result = run(
        source
        + """
@pytest.mark.ecs_clock("2020-01-01T00:00:00Z", backend="freezegun")
def test_it(seen):
    assert seen == ("cn-beijing", "43", 2020, "Executing", {"calls", "faults"}, False)
""",
        "--ecs-events-region=cn-beijing",
        "--ecs-events-account-id=43",
        "--ecs-events-start=2019-01-01T00:00:00Z",
        "--ecs-events-failure-events=executing",
        "--ecs-events-strict=calls, faults",
        ini=ini,
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("ini", "args", "sentence"),
    [
        (
            "ecs_events_clock = freezgun",
            (),
            "the ini option ecs_events_clock is 'freezgun'. Pass one of: freezegun, time-machine. Did you mean freezegun?",
        ),
        (
            "",
            ("--ecs-events-start=2018-01-01T00:00:00",),
            "--ecs-events-start is '2018-01-01T00:00:00', which has no time zone, so its meaning would depend on the "
            "zone of the machine. Add "
            'one: "2018-01-01T00:00:00Z", or tzinfo=timezone.utc.',
        ),
        (
            "ecs_events_strict = calls, fault",
            (),
            "the ini option ecs_events_strict is 'calls, fault'. Pass true or false, or some of the checks: calls, faults, "
            "stubs, receivers, threads, portability; true has all but portability. Did you mean faults?",
        ),
    ],
)
def test_a_wrong_setting_is_an_error_in_one_sentence(run, ini, args, sentence):
    """The error has the place of the setting, its value and the allowed values."""
    result = run("def test_it(ecs_events): pass\n", *args, ini=ini)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([sentence.replace("[", "[[]")])


def test_items_that_are_no_functions_are_left_alone(run, pytester):
    """Doctests and items of other collectors are ignored."""
    pytester.makefile(".txt", test_doc=">>> 1 + 1\n2\n")
    run("", "--doctest-glob=*.txt").assert_outcomes(passed=1)


def test_the_plugin_is_loaded_by_name_where_autoload_is_disabled(pytester, monkeypatch):
    """`-p pytest_ecsevents.plugin` is enough."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p pytest_ecsevents.plugin -p no:cacheprovider")
    pytester.makepyfile("def test_it(ecs_events): assert ecs_events.now.year == 2030")
    pytester.runpytest().assert_outcomes(passed=1)


def test_a_misspelt_region_of_the_command_line_is_a_warning(pytester):
    """The warning has the nearest one, and the test runs."""
    pytester.makepyfile("def test_it(ecs_events): assert ecs_events.instances.add().region_id == 'cn-hangzou'")
    result = pytester.runpytest("--ecs-events-region=cn-hangzou", "-W", "default")
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*'cn-hangzou', which is no known region. Did you mean cn-hangzhou?*"])


def test_nothing_heavy_is_imported_when_pytest_starts(pytester):
    """A run that does not use the fixture imports neither greenlet, responses, freezegun nor any part of an SDK."""
    pytester.makepyfile(
        """
        import sys

        def test_it():
            heavy = {"greenlet", "responses", "requests", "freezegun", "time_machine", "aliyunsdkcore", "hypothesis"}
            own = {name for name in sys.modules if name.startswith("pytest_ecsevents")}
            assert not heavy & set(sys.modules)
            clock = {"pytest_ecsevents.clock", "pytest_ecsevents.clock._stand_ins"}
            assert own == {"pytest_ecsevents", "pytest_ecsevents.plugin", *clock}
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_names_that_pytest_looks_at_when_it_starts():
    """It asks of each name of a plugin whether it is a hook or a fixture."""
    from pytest_ecsevents import plugin

    names = dir(plugin)
    assert len(names) < 25
    assert {name for name in vars(plugin) if name.startswith("pytest_")} <= set(names)


def test_the_public_names_are_loaded_when_asked_for():
    """The package lists its names, loads each, and has no other."""
    import pytest_ecsevents

    assert set(pytest_ecsevents.__all__) <= set(dir(pytest_ecsevents))
    for name in pytest_ecsevents.__all__:
        assert getattr(pytest_ecsevents, name).__name__ == name
    with pytest.raises(AttributeError) as error:
        pytest_ecsevents.EcsEvent  # noqa: B018  # the look-up is the test
    assert str(error.value) == "module 'pytest_ecsevents' has no attribute 'EcsEvent'"


@pytest.mark.skipif(sys.version_info < (3, 15), reason="lazy imports came with Python 3.15")
def test_a_lazy_import_stays_lazy_and_waits_in_virtual_time(pytester, run):
    """The fixture examines every loaded module; it must not import what a handler may never use."""
    pytester.makepyfile(handler="lazy import never_used\nlazy from time import sleep\n", never_used="")
    result = run(
        """
import sys, time
import handler

def test_with_a_cloud(ecs_events):
    before = time.time()
    handler.sleep(60)
    assert time.time() - before == 60
    assert "never_used" not in sys.modules

def test_without():
    assert handler.sleep is time.sleep
""",
    )
    result.assert_outcomes(passed=2)
