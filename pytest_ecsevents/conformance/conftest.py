"""The subject of the checks, and the table of their outcomes. The plugin adds the options: `--pyargs` loads this file too late."""

from collections.abc import Generator, Iterator
from typing import Any, Final

import pytest

from pytest_ecsevents.conformance._guesses import guesses
from pytest_ecsevents.conformance._rules import DiffersError, Rule, rule_of, table
from pytest_ecsevents.conformance._subjects import FakeCloud, Key, LiveService, NotTriedError, Subject, Target

_OUTCOMES: Final = pytest.StashKey[list[tuple[Rule, str, str]]]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the list of outcomes."""
    config.stash[_OUTCOMES] = []


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse incomplete options before the first call.

    Raises:
        UsageError: The region or the instance is missing.
    """
    option = session.config.getoption
    missing = [name for name in ("--ecs-live-region", "--ecs-live-instance") if not option(name)]
    if option("--ecs-live") and missing:
        raise pytest.UsageError(
            f"--ecs-live needs {' and '.join(missing)}: the checks simulate events on one instance."
        )


@pytest.fixture
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """The fake, or with `--ecs-live` the service; events that the check has left are canceled."""
    pytest.importorskip("aliyunsdkcore.client", reason="the checks call through aliyun-python-sdk-core")
    option = request.config.getoption
    if not option("--ecs-live"):
        yield FakeCloud(request.getfixturevalue("ecs_events"))
        return
    region_id = option("--ecs-live-region")
    target = Target(
        region_id,
        option("--ecs-live-instance"),
        option("--ecs-live-endpoint") or f"ecs.{region_id}.aliyuncs.com",
        may_reboot=option("--ecs-live-reboot"),
        metadata=option("--ecs-live-metadata"),
    )
    live = LiveService(_key(), target, queues=option("--ecs-live-queues"), longest_wait=option("--ecs-live-wait"))
    try:
        yield live
    finally:
        live.cancel_what_is_left()


def _key() -> Key:
    """What the newer SDKs' own chain finds: environment, files, the role of an instance. The older SDK has no chain."""
    chain = pytest.importorskip(
        "alibabacloud_credentials.client", reason="credentials are found by alibabacloud-credentials"
    )
    try:
        found = chain.Client().get_credential()
    except Exception as problem:  # noqa: BLE001  # each provider of the chain has its own
        pytest.exit(
            f"--ecs-live found no credentials: {problem}. Set ALIBABA_CLOUD_ACCESS_KEY_ID and "
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET, or run the checks inside an instance with a role.",
            returncode=pytest.ExitCode.USAGE_ERROR,
        )
    return Key(found.access_key_id, found.access_key_secret, found.security_token or "")


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Note the outcome of a check."""
    rule = rule_of(pyfuncitem.function, pyfuncitem.funcargs)
    assert rule is not None, "each function here shows a rule"
    outcomes = pyfuncitem.config.stash[_OUTCOMES]
    try:
        result = yield
    except NotTriedError as reason:
        outcomes.append((rule, "not tried", str(reason)))
        pytest.skip(str(reason))
    except DiffersError as difference:
        outcomes.append((rule, "differs", str(difference)))
        raise
    except Exception as error:
        outcomes.append((rule, "differs", f"{type(error).__name__}: {error}"))
        raise
    outcomes.append((rule, "same", ""))
    return result


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table, to paste into a report."""
    outcomes = config.stash[_OUTCOMES]
    if outcomes:
        what = "the service" if config.getoption("--ecs-live") else "the fake"
        terminalreporter.section(f"conformance of {what}")
        terminalreporter.line(table(outcomes))
        unseen = sum(bool(guess.unseen) for guess in guesses().values())
        terminalreporter.line(f"{unseen} more guesses cannot be seen from outside; docs/guesses.md says why.")
