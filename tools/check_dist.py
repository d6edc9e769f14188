"""Check what a wheel and an sdist hold: everything that users need, and nothing else.

Give it a folder with one wheel and one sdist.
"""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

PACKAGE = "pytest_ecsevents"
TOP = {"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "PKG-INFO", "README.md", "SECURITY.md", "noxfile.py"}
FOLDERS = {PACKAGE, "benchmarks", "docs", "examples", "tests", "tools"}


def wheel_problems(names: Iterable[str], sources: Iterable[str]) -> list[str]:
    """Say what is wrong with the names in a wheel.

    Args:
        names: The names.
        sources: The files of the package in the repository.
    """
    held, wanted = set(names), set(sources)
    foreign = {name for name in held - wanted if not name.split("/")[0].endswith(".dist-info")}
    metadata = {name.split("/", 1)[1] for name in held if name.split("/")[0].endswith(".dist-info")}
    lacking = (wanted - held) | ({"METADATA", "entry_points.txt", "licenses/LICENSE"} - metadata)
    return [
        *(f"the wheel lacks {name}" for name in sorted(lacking)),
        *(f"the wheel has {name}" for name in sorted(foreign)),
    ]


def sdist_problems(names: Iterable[str], sources: Iterable[str]) -> list[str]:
    """Say what is wrong with the names in an sdist, which has all under one folder."""
    held = {name.split("/", 1)[1] for name in names if "/" in name}
    wanted = {name for name in sources if name.split("/")[0] in FOLDERS | TOP} | {"PKG-INFO", "pyproject.toml"}
    extra = {name for name in held if name.split("/")[0] not in FOLDERS | TOP | {"pyproject.toml", ".gitignore"}}
    return [
        *(f"the sdist lacks {name}" for name in sorted(wanted - held)),
        *(f"the sdist has {name}" for name in sorted(extra)),
    ]


def main(arguments: "Sequence[str] | None" = None) -> int:
    """Check the folder that the command line names.

    Args:
        arguments: The folder.

    Returns:
        1 if something is wrong, else 0.
    """
    (folder,) = map(Path, sys.argv[1:] if arguments is None else arguments)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    listing = subprocess.run(
        (shutil.which("git") or "git", "ls-files"), capture_output=True, text=True, check=True
    ).stdout.split("\n")
    sources = [name for name in listing if name and Path(name).exists()]
    with zipfile.ZipFile(wheel) as archive:
        problems = wheel_problems(archive.namelist(), [name for name in sources if name.startswith(f"{PACKAGE}/")])
    with tarfile.open(sdist) as archive:
        files = [member.name for member in archive.getmembers() if member.isfile()]
    problems += sdist_problems(files, sources)
    for problem in problems:
        print(problem, file=sys.stderr)
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
