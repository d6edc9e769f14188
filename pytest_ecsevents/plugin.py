"""The pytest plugin: options, markers, fixtures, the failure report.

pytest imports it at every start, so the rest of the package is imported only when a test needs it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ecsevents.clock._stand_ins import install_sleep

if TYPE_CHECKING:
    from pytest_ecsevents.face._ecs_events import EcsEvents
    from pytest_ecsevents.face._markers import Mark
    from pytest_ecsevents.face._settings import Settings
    from pytest_ecsevents.face._staging import Scenario
    from pytest_ecsevents.face._wiring import Parts

FIXTURE = "ecs_events"
SCENARIO_FIXTURE = "ecs_scenario"
SCENARIOS = "ecs_scenarios"
MARKERS = ("ecs_event", "ecs_instance", "ecs_clock", SCENARIOS)
SECTION = "ECS events"
PROPERTY = "ecs_events_timeline"
REPORT_LINES = 200

# Fixtures of other plugins that freeze the clock. Ours goes after them and follows their clock.
_CLOCK_FIXTURES = ("freezer", "time_machine")

_SETTINGS = {
    "region": "region of instances whose id does not tell one (default: cn-hangzhou)",
    "account_id": "account that instances and access keys belong to (default: 1000000000000001)",
    "start": "where the clock is frozen, ISO 8601 with a zone (default: 2030-01-01T00:00:00Z)",
    "clock": "what freezes the clock: freezegun (default) or time-machine",
    "tz": "time zone of the process during a test, such as Asia/Shanghai (default: local, that of the machine)",
    "sleep": "what time.sleep does in the test's own thread: virtual (default) moves the clock, real waits",
    "follow": "the clock: virtual (default) stands until the test moves it, real goes on with the machine's from its now",
    "executing_for": "how long an event stays Executing after NotBefore (default: 1s)",
    "failure_events": "how simulated failure events are born: executing (default) or scheduled",
    "history": "what DescribeInstanceHistoryEvents returns without statuses: reference (default), events that have ended, or "
    "pending, those that have not",
    "strict": "what fails a test that would otherwise pass: true (all, the default), false, or some of "
    "calls, faults, stubs, receivers, threads, portability",
    "timeline": "whose report shows the timeline of ECS events: failed (default) or all",
    "real_cloud": "what happens when a test without ecs_events calls Alibaba Cloud: allow (default) or refuse",
    "secrets": "further names, or parts of names, whose values no report shows, such as PinCode,build_key",
}

_LIVE: dict[str, dict[str, Any]] = {
    "--ecs-live": {"action": "store_true", "help": "make the checks on the real service, not on the fake"},
    "--ecs-live-region": {"metavar": "REGION", "help": "the region of the instance"},
    "--ecs-live-instance": {"metavar": "ID", "help": "a running instance of yours; events are simulated on it"},
    "--ecs-live-endpoint": {"metavar": "HOST", "help": "default: ecs.<region>.aliyuncs.com"},
    "--ecs-live-wait": {
        "metavar": "SECONDS",
        "type": int,
        "default": 180,
        "help": "the longest wait of one check (default: 180)",
    },
    "--ecs-live-metadata": {
        "metavar": "HOST",
        "default": "",
        "help": "the metadata service, if the checks run inside the instance: 100.100.100.200",
    },
    "--ecs-live-queues": {
        "metavar": "URL",
        "default": "",
        "help": "the address of the Simple Message Queue; the checks make a queue and delete it",
    },
    "--ecs-live-reboot": {"action": "store_true", "help": "also make the checks that reboot the instance"},
}

_CONSOLE = "--ecs-events-console"

_HELP = """\
ecs_event(event_type, *, instance_id, not_before='+24h', simulated=True, status=None, reason=None, \
outcome='Executed', executing_for=None, disk_id=None, extended_attribute=None): publish an ECS system event before the test; instance_id may be a list.
ecs_instance(instance_id, *, region_id, status='Running', account_id, tags={...}, stopping_takes=None, \
starting_takes=None, disks=[...], action_on_maintenance='AutoRecover', **attributes): \
declare an ECS instance; attributes are those of DescribeInstances in snake_case.
ecs_clock(start=..., *, backend='freezegun', tz='local', sleep='virtual', follow='virtual', executing_for='1s', \
failure_events='executing', history='reference'): where the test's clock is frozen, and how.
ecs_scenarios(*names, event_types=['SystemMaintenance.Reboot'], exclude=[], simulated=None, instance_id=None): \
run the test once for each scenario of an event (executed, avoidable, canceled-before, ...); all of them, or those named.
"""


def __dir__() -> list[str]:
    """The hooks and fixtures. At every start pytest and pluggy look at each name that a plugin has, and at its `__wrapped__`."""
    return [name for name in globals() if name.startswith("pytest_") or name == "_ecs_scenario"]


def __tracebackhide__(excinfo: pytest.ExceptionInfo[BaseException]) -> bool:  # noqa: N807  # pytest's name
    from pytest_ecsevents._errors import hidden_in_reports

    return hidden_in_reports(excinfo.value)


_parts: pytest.StashKey[Parts] = pytest.StashKey()
_current: pytest.StashKey[Parts | None] = pytest.StashKey()
_settings: pytest.StashKey[Settings] = pytest.StashKey()
_handled_before: pytest.StashKey[BaseException | None] = pytest.StashKey()
_scenario: pytest.StashKey[Scenario] = pytest.StashKey()
_cloud: pytest.StashKey[EcsEvents] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the settings, as command line and ini options, and the fixture.

    The fixture is registered early so that a fixture of the same name in a user's plugin wins.
    """
    pluginmanager.register(_Fixture(), f"{FIXTURE}_fixture")
    pluginmanager.register(_UnittestAsserts(), "ecs_events_unittest")
    group = parser.getgroup("ecs_events", "ECS events")
    for name, meaning in _SETTINGS.items():
        group.addoption(_option(name), dest=f"ecs_events_{name}", default=None, metavar=name.upper(), help=meaning)
        parser.addini(f"ecs_events_{name}", meaning, default="")
    group.addoption(
        _CONSOLE, action="store_true", help="when a test fails, show its cloud in a browser until Enter is pressed"
    )
    live = parser.getgroup("ecs-live", "conformance of the real ECS: --pyargs pytest_ecsevents.conformance")
    for option, details in _LIVE.items():
        # Without a destination pytest would compare that with those of all options.
        live.addoption(option, dest=option.removeprefix("--").replace("-", "_"), **details)


def _option(name: str) -> str:
    return f"--ecs-events-{name.replace('_', '-')}"


@pytest.hookimpl(tryfirst=True)  # before modules of the user are loaded, which can keep `time.sleep`
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Let `time.sleep`, wherever a program keeps it, move the clock in tests."""
    early_config.add_cleanup(install_sleep())


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and the plugin that keeps all tests from the real cloud if the setting says so."""
    for line in _HELP.splitlines():
        config.addinivalue_line("markers", line)
    if any(given not in (None, "", "allow") for given in _given(config, "real_cloud")):
        try:
            is_refused = _settings_of(config).real_cloud == "refuse"
        except ValueError as error:
            raise pytest.UsageError(f"{error}\n{getattr(error, 'manual', '')}") from None
        if is_refused:
            config.pluginmanager.register(_RealCloudRefusal(), "ecs_events_real_cloud")


class _RealCloudRefusal:
    """Keeps each test, with its set-up and teardown, from reaching Alibaba Cloud."""

    def __init__(self) -> None:
        from pytest_ecsevents.face._real_cloud import RealCloud

        self._cloud = RealCloud()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self) -> Generator[None, Any, None]:
        with self._cloud:
            yield

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> None:
        if call.excinfo is not None:
            self._cloud.refused.clear()  # the test has failed by itself

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self) -> None:
        if self._cloud.refused:
            from pytest_ecsevents._errors import UnexpectedCallError

            pytest.fail("\n".join([*self._cloud.refused, UnexpectedCallError.manual]), pytrace=False)


@pytest.hookimpl(tryfirst=True)  # its ids come before those of other parameters
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize tests that carry `ecs_scenarios`."""
    if metafunc.definition.get_closest_marker(SCENARIOS) is None:
        return
    from pytest_ecsevents.face._markers import scenario_cases

    cases = scenario_cases(_marks(metafunc.definition))
    if cases:
        if SCENARIO_FIXTURE not in metafunc.fixturenames:
            metafunc.fixturenames.append(SCENARIO_FIXTURE)
        metafunc.parametrize(SCENARIO_FIXTURE, cases, ids=[case.case_id for case in cases], indirect=True)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Add the fixture to tests that carry a marker, and set it up before their other fixtures."""
    names = getattr(item, "fixturenames", None)
    if names is None or not (FIXTURE in names or any(map(item.get_closest_marker, MARKERS))):
        return
    others = [name for name in names if name != FIXTURE]
    place = _place(item, others)
    # A new list: the items of a parametrized function share one.
    item.fixturenames = [*others[:place], FIXTURE, *others[place:]]  # type: ignore[attr-defined]  # of Function


def _place(item: pytest.Item, names: list[str]) -> int:
    """The index after the fixtures of a wider scope and those that freeze the clock."""
    info: Any = getattr(item, "_fixtureinfo", None)
    definitions = getattr(info, "name2fixturedefs", {})
    place = 0
    for number, name in enumerate(names, start=1):
        found = definitions.get(name)
        if name in _CLOCK_FIXTURES or (found and found[-1].scope != "function"):
            place = number
    return place


class _Fixture:
    """A plugin of its own for the fixture: see `pytest_addoption`."""

    def __init__(self) -> None:
        self._node: Any = None

    def __dir__(self) -> list[str]:
        return ["_ecs_events", "pytest_fixture_setup"]  # as that of the module

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
        """Keep the item for the fixture, which pytest calls next.

        As an argument of the fixture, `request` would take a tenth of its time: pytest 9 reads a signature for each.
        """
        if fixturedef.argname == FIXTURE:
            self._node = request.node

    @pytest.fixture(name=FIXTURE)
    def _ecs_events(self) -> Generator[EcsEvents, None, None]:
        """A fake Alibaba Cloud for this test: ECS system events, instances, and a frozen clock.

        The handler under test runs unmodified with the real SDK. `advance`, `advance_to` and `advance_to_next` move the
        clock and with it the events. `reboot`, `stop`, `start`, `redeploy` and `release` do what a user does. `calls`,
        `assert_called` and `timeline()` show what the handler did.
        """
        from pytest_ecsevents.face._ecs_events import parts_of
        from pytest_ecsevents.face._markers import apply, make_ecs_events, stage

        node: pytest.Item = self._node
        self._node = None
        node.stash[_handled_before] = sys.exc_info()[1]
        with _MessageOnly():
            marks = list(_marks(node))
            ecs_events = make_ecs_events(marks, seed=node.nodeid, settings=_settings_of(node.config))
        parts = parts_of(ecs_events)
        try:
            with _MessageOnly():
                ecs_events.__enter__()
                node.stash[_parts] = node.config.stash[_current] = parts
                node.stash[_cloud] = ecs_events
                apply(ecs_events, marks)
                callspec: Any = getattr(node, "callspec", None)
                scenario = stage(ecs_events, marks, callspec and callspec.params.get(SCENARIO_FIXTURE))
                if scenario is not None:
                    node.stash[_scenario] = scenario
            yield ecs_events
        finally:
            try:
                parts.close()
            except BaseException:  # an interrupt may come when it begins
                parts.close()
                raise
            node.config.stash[_current] = None
        with _MessageOnly("StrictnessError"):
            ecs_events.__exit__(None, None, None)


@pytest.fixture(name=SCENARIO_FIXTURE)
def _ecs_scenario(request: pytest.FixtureRequest, ecs_events: EcsEvents) -> Scenario:  # noqa: ARG001  # it prepares it
    """What `@pytest.mark.ecs_scenarios` prepared for this run of the test.

    Its `event`, the cloud's `plan`, `until` when it takes, `expected_without_handler`, and `assert_expected()` for
    handlers that answer events.
    """
    scenario: Scenario | None = request.node.stash.get(_scenario, None)
    if scenario is None:
        pytest.fail(
            f"the fixture {SCENARIO_FIXTURE} needs @pytest.mark.{SCENARIOS}, which {request.node.name} does not carry. Mark "
            f"the test: @pytest.mark.{SCENARIOS} for every scenario, or with the names of some.",
            pytrace=False,
        )
    return scenario


class _UnittestAsserts:
    """A plugin of its own, called after pytest has found the error of a TestCase and before it makes the report."""

    def __dir__(self) -> list[str]:
        return ["pytest_runtest_makereport"]  # as that of the module

    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Add to the message of a failed `assertEqual` what `assert` would explain."""
        parts = item.stash.get(_parts, None)
        if parts is None or call.excinfo is None or not isinstance(call.excinfo.value, AssertionError):
            return
        from pytest_ecsevents.report._unittest import failed_comparison

        compared = failed_comparison(call.excinfo.tb)
        explained = compared and parts.explain_comparison(*compared)
        if explained:
            call.excinfo.value.args = ("\n".join([str(call.excinfo.value), *explained[1:]]),)


class _MessageOnly:
    """Fail with the message only, without a traceback: no line of the test's code is to blame."""

    __slots__ = ("_kind",)

    def __init__(self, kind: str = "EcsEventsError") -> None:
        self._kind = kind

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        if error is not None:
            from pytest_ecsevents import _errors

            if isinstance(error, getattr(_errors, self._kind)):
                from pytest_ecsevents._words import printable

                text = "\n".join([printable(str(error)), *error.__notes__])
                raise pytest.fail.Exception(text, pytrace=False) from None


def _settings_of(config: pytest.Config) -> Settings:
    if _settings not in config.stash:
        from pytest_ecsevents.face._settings import NAMES, Settings, override_settings

        given = {name: _given(config, name) for name in NAMES}
        ini = {name: value for name, (value, _) in given.items()}
        line = {name: value for name, (_, value) in given.items()}
        settings = override_settings(Settings(), ini, "the ini option ecs_events_{}".format)
        config.stash[_settings] = override_settings(settings, line, _option)
    return config.stash[_settings]


def _given(config: pytest.Config, name: str) -> tuple[Any, Any]:
    """A setting's values in the ini file and on the command line."""
    return config.getini(f"ecs_events_{name}"), config.getoption(f"ecs_events_{name}")


def _marks(node: pytest.Item) -> Iterator[Mark]:
    """The markers, outermost first: module, base class, class, function, parameter; decorators from top to bottom."""
    from pytest_ecsevents.face._markers import Mark

    for owner in node.listchain():
        if not owner.own_markers and not isinstance(owner, pytest.Class):
            continue
        for place, marks in _origins(owner):
            for mark in marks:
                if mark.name in MARKERS:
                    yield Mark(mark.name, mark.args, mark.kwargs, place)


def _origins(owner: Any) -> Iterator[tuple[str, list[pytest.Mark]]]:
    """Names and markers of those who carry markers at one level of the collection tree."""
    own = list(owner.own_markers)
    if isinstance(owner, pytest.Class):
        for base in reversed(owner.obj.__mro__):
            given = base.__dict__.get("pytestmark", [])
            yield base.__name__, _plain(reversed(given if isinstance(given, (list, tuple)) else [given]))
    elif isinstance(owner, pytest.Module):
        yield owner.name, own
    else:
        callspec = getattr(owner, "callspec", None)
        of_case = _plain(callspec.marks) if callspec else []
        yield getattr(owner, "originalname", owner.name), [mark for mark in reversed(own) if mark not in of_case]
        yield owner.name, of_case


def _plain(marks: Iterable[Any]) -> list[pytest.Mark]:
    return [getattr(mark, "mark", mark) for mark in marks]


def pytest_assertrepr_compare(config: pytest.Config, op: str, left: object, right: object) -> list[str] | None:
    """Explain why an event or instance does not have the expected status."""
    parts = config.stash.get(_current, None)
    return None if parts is None else parts.explain_comparison(op, left, right)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Add the timeline to the report of a failed test; a failed test makes no strictness checks."""
    parts = item.stash.get(_parts, None)
    show_all = _show_authors_part(item, call)
    outcome = yield
    show_all()
    if parts is None:
        return
    report = outcome.get_result()
    parts.recorder.test_failed |= call.excinfo is not None
    scenario = item.stash.get(_scenario, None)
    if call.when == "teardown":
        # Items live as long as the run: free the memory of the test's cloud.
        keys: tuple[pytest.StashKey[Any], ...] = (_parts, _cloud, _scenario, _handled_before)
        for key in keys:
            if key in item.stash:
                del item.stash[key]
    if report.failed:
        report.sections += parts.sections_for(report.longreprtext)
    # A failed `assert_expected` has the text in its message.
    if report.failed and scenario is not None and scenario.text().partition("\n")[0] not in report.longreprtext:
        report.sections.append(("ECS scenario", scenario.text()))
    if report.failed or (report.when == "call" and _settings_of(item.config).timeline == "all"):
        try:
            _add_timeline(item, report, parts)
        except pytest.fail.Exception as failure:  # pytest-timeout's: here it would end the run
            report.outcome = "failed"
            report.longrepr = report.longrepr or str(failure)


@pytest.hookimpl(hookwrapper=True, trylast=True)
def pytest_runtest_teardown() -> Generator[None, None, None]:
    """Remove replacements that a fixture set up before the cloud, such as `monkeypatch`, has restored after its end."""
    yield
    undo = sys.modules.get("pytest_ecsevents._undo")
    if undo is not None:
        undo.put_back_late()


@pytest.hookimpl(trylast=True)  # after the debugger, if that was asked for too
def pytest_exception_interact(node: pytest.Item | pytest.Collector, call: pytest.CallInfo[Any]) -> None:
    """Keep the cloud of a failed test, and show it at the console until Enter is pressed."""
    parts = node.stash.get(_parts, None)
    if node.config.getoption(_CONSOLE) and parts is not None and node.config.stash[_current] is parts:
        from pytest_ecsevents.console._pause import show_until_enter

        capture: Any = node.config.pluginmanager.getplugin("capturemanager")
        if capture is not None:
            capture.suspend(in_=True)
        try:
            problem = "" if call.excinfo is None else call.excinfo.exconly(tryshort=True)
            show_until_enter(f"{node.nodeid} failed: {problem}", lambda: node.stash[_cloud].console, parts.clock)
        finally:
            if capture is not None:
                capture.resume()


def _add_timeline(item: pytest.Item, report: Any, parts: Parts) -> None:
    """Add the timeline for the terminal and logs, JUnit XML, and pytest-html."""
    story = parts.timeline(REPORT_LINES)
    report.sections.append((SECTION, story))
    # JUnit XML shows the properties of the test's last report, which copies those of the item.
    for properties in (item.user_properties, report.user_properties):
        properties[:] = [pair for pair in properties if pair[0] != PROPERTY]
        properties.append((PROPERTY, story))
    if item.config.pluginmanager.hasplugin("html") and item.config.getoption("htmlpath", None):
        from pytest_html import extras

        report.extras = [*getattr(report, "extras", ()), extras.html(parts.svg())]


@pytest.hookimpl(hookwrapper=True, trylast=True)  # before the summary is printed
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, Any, None]:
    """Give the process back if a KeyboardInterrupt in the teardown of another fixture kept pytest from tearing ours down."""
    yield
    parts = session.config.stash.get(_current, None)
    if parts is not None:
        session.config.stash[_current] = None
        parts.undo.close()


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
    """Colour the timelines while the terminal prints them; other plugins read the same reports without colours."""
    writer: Any = terminalreporter.config.get_terminal_writer()
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    with_sections = [(report, getattr(report, "sections", ())) for report in reports] if writer.hasmarkup else []
    plain = [(report, sections) for report, sections in with_sections if any(name == SECTION for name, _ in sections)]
    for report, sections in plain:
        from pytest_ecsevents.report._colours import colour_timeline

        report.sections = [
            (name, colour_timeline(text, writer.markup) if name == SECTION else text) for name, text in sections
        ]
    yield
    for report, sections in plain:
        report.sections = sections


def _show_authors_part(item: pytest.Item, call: pytest.CallInfo[None]) -> Callable[[], object]:
    """Cut a traceback to the user's frames; one that ends in our own code is an error of ours, and stays whole.

    Returns:
        Shows the frames of SDKs again, which only the report does not have.
    """
    excinfo = call.excinfo
    if item.stash.get(_parts, None) is None or excinfo is None or item.config.getoption("fulltrace", False):
        return bool
    from pytest_ecsevents._frames import cut_traceback, forget, hide_clients

    cut_traceback(excinfo.tb, is_ours=__tracebackhide__(excinfo))
    before = item.stash[_handled_before]
    if before is not None:
        forget(excinfo.value, before)
    return hide_clients(excinfo.value)
