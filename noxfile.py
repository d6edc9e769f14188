"""The test suite against the floor and the newest of everything that the plugin works with."""

import nox

PYTHONS = ("3.10", "3.11", "3.12", "3.13")
"""One session each with the newest of everything; where an interpreter is missing, its session is skipped."""

FLOORS_PYTHON = "3.11"

NEWEST = {
    "pytest": "",
    "freezegun": "",
    "responses": "",
    "time-machine": "",
    "waitress": "",
    "aliyun-mns": "",
    "aliyun-python-sdk-ecs": "",
    "alibabacloud-ecs20140526": "",
    "aliyun-python-sdk-cms": "",
    "alibabacloud-cms20190101": "",
}
"""What a session installs: a version, "" for the newest, None for not at all. The SDK of ECS brings its core."""

FLOORS = {
    "pytest": {"pytest": "7.4.0"},
    "freezegun": {"freezegun": "1.5.0"},
    "responses": {"responses": "0.25.0"},
    "time-machine": {"time-machine": "2.19.0"},
    # 3.0.0 may take what follows a refused request for another one.
    "waitress": {"waitress": "3.0.1"},
    # Older ones cannot send form bodies on a current Python; those before 2.13 have no transport to intercept.
    "sdk-core": {"aliyun-python-sdk-core": "2.13.2"},
    # What Alibaba Cloud's article on simulated events asks for. Its core is the same package under another name.
    # The SDK of CloudMonitor would bring the other one.
    "sdk-ecs": {"aliyun-python-sdk-ecs": "4.10.0", "aliyun-python-sdk-cms": None},
    "sdk-core-v3": {
        "aliyun-python-sdk-ecs": "4.10.0",
        "aliyun-python-sdk-core-v3": "2.13.3",
        "aliyun-python-sdk-cms": None,
    },
    "no-tea": {"alibabacloud-ecs20140526": None, "alibabacloud-cms20190101": None},
}
FLOORS["all"] = {name: version for floor in FLOORS.values() for name, version in floor.items()}
FLOORS["all"]["aliyun-python-sdk-core"] = None  # that of the SDK's floor is -core-v3

TOOLS = (
    "apscheduler",
    "hypothesis",
    "pytest-asyncio",
    "pytest-freezer",
    "pytest-html",
    "pytest-randomly",
    "pytest-timeout",
    "pytest-xdist",
)

nox.needs_version = ">=2024.4"
nox.options.error_on_missing_interpreters = False


def run(session: nox.Session, versions: "dict[str, str | None]") -> None:
    """Install the plugin with these versions, say what came of it, and run every test."""
    session.env["PYTHONDONTWRITEBYTECODE"] = ""
    wanted = [f"{name}=={version}" if version else name for name, version in versions.items() if version is not None]
    session.install("--editable", ".", *TOOLS, *wanted)
    session.run("python", "-m", "pip", "list", "--disable-pip-version-check")
    session.run("python", "-m", "pytest", "tests", "examples", "-q", *session.posargs)


@nox.session(python=PYTHONS)
def newest(session: nox.Session) -> None:
    """The newest of everything."""
    run(session, NEWEST)


@nox.session(python=FLOORS_PYTHON)
@nox.parametrize("floor", [nox.param(versions, id=name) for name, versions in FLOORS.items()])
def floors(session: nox.Session, floor: "dict[str, str | None]") -> None:
    """The floor of one thing, and the newest of the others."""
    run(session, {**NEWEST, **floor})
