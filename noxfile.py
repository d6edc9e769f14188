"""The test suite against the floor and the newest of everything that the plugin works with."""

import os
import shutil
from pathlib import Path

import nox
from packaging.requirements import Requirement

PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14", "3.15")
"""One session each with the newest of everything; where an interpreter is missing, its session is skipped."""

DEBIANS_PYTHONS = ("3.14", "3.15")
"""Those of Debian sid. A machine that lacks one runs it from there, if it can."""

SID = Path(".nox/debian-sid").resolve()

FLOORS_PYTHON = "3.11"

FLOORS = {
    "pytest": {"pytest": "7.4.0"},
    "greenlet": {"greenlet": "3.0.0", "gevent": None, "playwright": None, "axe-playwright-python": None},
    "freezegun": {"freezegun": "1.5.0"},
    "responses": {"responses": "0.25.0"},
    "time-machine": {"time-machine": "2.19.0"},
    # Older ones wait for a body that was not announced, or bound none that comes in chunks.
    "werkzeug": {"werkzeug": "2.3.3", "flask": None},
    "jinja2": {"jinja2": "3.1.0", "flask": None},
    # Older ones cannot send form bodies on a current Python; those before 2.13 have no transport to intercept.
    "sdk-core": {"aliyun-python-sdk-core": "2.13.2", "oss2": None},
    # What Alibaba Cloud's article on simulated events asks for. Its core is the same package under another name.
    # The SDK of CloudMonitor would bring the other one, and so would that of object storage.
    "sdk-ecs": {"aliyun-python-sdk-ecs": "4.10.0", "aliyun-python-sdk-cms": None, "oss2": None},
    "sdk-core-v3": {
        "aliyun-python-sdk-ecs": "4.10.0",
        "aliyun-python-sdk-core-v3": "2.13.3",
        "aliyun-python-sdk-cms": None,
        "oss2": None,
    },
    # The documented SDK of the message queue, under the import name of the older one.
    "mns-sdk": {"aliyun-mns": None, "aliyun-mns-sdk": "1.3.0"},
    "no-tea": {"alibabacloud-ecs20140526": None, "alibabacloud-cms20190101": None},
}
"""What a session has instead of the newest: a version, or None for not at all, as with what needs a newer one."""
FLOORS["all"] = {name: version for key, floor in FLOORS.items() if key != "mns-sdk" for name, version in floor.items()}
FLOORS["all"]["aliyun-python-sdk-core"] = None  # that of the SDK's floor is -core-v3

nox.needs_version = ">=2024.4.15"
nox.options.error_on_missing_interpreters = False


def developers_packages(versions: "dict[str, str | None]") -> list[str]:
    """What the extra `dev` of pyproject.toml asks for, and these versions instead of the newest."""
    extras = nox.project.load_toml("pyproject.toml")["project"]["optional-dependencies"]
    asked = [Requirement(line) for line in extras["dev"]]
    asked += [
        Requirement(line)
        for own in asked
        if own.name == "pytest-ecsevents"
        for name in own.extras
        for line in extras[name]
    ]
    newest = [str(one) for one in asked if one.name != "pytest-ecsevents" and versions.get(one.name, "") is not None]
    return newest + [f"{name}=={version}" for name, version in versions.items() if version]


def run(session: nox.Session, versions: "dict[str, str | None]", python: tuple[str, ...] = ("python",)) -> None:
    """Install the plugin with these versions, list what was installed, and run every test.

    Args:
        session: The session.
        versions: What to install instead of the newest.
        python: The command that starts its Python.
    """
    session.env["PYTHONDONTWRITEBYTECODE"] = ""
    is_external = python != ("python",)
    install = ("-m", "pip", "install", "--quiet", "--editable", ".", *developers_packages(versions))
    session.run(*python, *install, external=is_external)
    session.run(*python, "-m", "pip", "list", "--disable-pip-version-check", external=is_external)
    session.run(*python, "-m", "pytest", "tests", "examples", "-q", *session.posargs, external=is_external)


@nox.session(python=PYTHONS)
def newest(session: nox.Session) -> None:
    """The newest of everything."""
    run(session, {})


@nox.session(python=FLOORS_PYTHON)
@nox.parametrize("floor", [nox.param(versions, id=name) for name, versions in FLOORS.items()])
def floors(session: nox.Session, floor: "dict[str, str | None]") -> None:
    """The floor of one thing, and the newest of the others."""
    run(session, floor)


@nox.session(python=False)
@nox.parametrize("version", DEBIANS_PYTHONS)
def sid(session: nox.Session, version: str) -> None:
    """The newest of everything, on a Python of Debian sid that this machine lacks."""
    if shutil.which(f"python{version}"):
        session.skip(f"this machine has Python {version}, so newest-{version} runs the tests")
    prepare_sid(session)
    # In a mount namespace of its own the session sees the /usr of sid, and everything else of this machine: settings of
    # pip, certificates, the working tree.
    in_sid = ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /usr && exec "$@"', str(SID / "usr"))
    venv = Path(f".nox/sid-{version}").resolve()
    session.run(*in_sid, f"/usr/bin/python{version}", "-m", "venv", "--clear", str(venv), external=True)
    run(session, {}, (*in_sid, str(venv / "bin/python")))


def prepare_sid(session: nox.Session) -> None:
    """Make a root of Debian sid with its Pythons, or skip the session and say what is missing for that."""
    if not all(map(shutil.which, ("apt-get", "mmdebstrap", "unshare"))):
        session.skip("a root of Debian sid needs apt-get, mmdebstrap and unshare; install them or the Python")
    if os.geteuid() != 0 or not Path("/lib").is_symlink():
        session.skip("a root of Debian sid needs root's rights, and a machine whose /lib is a link to /usr/lib")
    if all((SID / f"usr/bin/python{version}").exists() for version in DEBIANS_PYTHONS):
        return
    listing = ("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian")
    mirrors = str(session.run(*listing, external=True, silent=True)).split()
    if not mirrors:
        session.skip("apt knows no mirror of Debian here; where it should, run: apt-get update")
    packages = ",".join(["ca-certificates", "git", *(f"python{version}-venv" for version in DEBIANS_PYTHONS)])
    shutil.rmtree(SID, ignore_errors=True)
    SID.parent.mkdir(exist_ok=True)  # a fresh clone has none
    session.run(
        "mmdebstrap",
        "--variant=minbase",
        # A mirror may be a snapshot.
        '--aptopt=Acquire::Check-Valid-Until "false"',
        f"--include={packages}",
        "sid",
        str(SID),
        mirrors[0],
        external=True,
    )
