"""The script that looks into wheel and sdist says what is too much and what is missing."""

import runpy
import shutil
import subprocess
import tarfile
import zipfile

import pytest
from pages import ROOT

SCRIPT = runpy.run_path(str(ROOT / "tools" / "check_dist.py"))
PACKAGE = ["pytest_ecsevents/__init__.py", "pytest_ecsevents/py.typed", "pytest_ecsevents/services/ecs/errors.csv"]
METADATA = [f"pytest_ecsevents-0.1.0.dist-info/{name}" for name in ("METADATA", "entry_points.txt", "licenses/LICENSE")]


def test_a_whole_wheel_has_no_problems():
    """It holds the package, tables and marker of types included, and its metadata."""
    assert SCRIPT["wheel_problems"]([*PACKAGE, *METADATA], PACKAGE) == []


def test_a_wheel_without_a_table_and_with_tests_has_problems():
    """Each name is said."""
    held = [*PACKAGE[:2], *METADATA[1:], "tests/sizes.py"]
    assert SCRIPT["wheel_problems"](held, PACKAGE) == [
        "the wheel lacks METADATA",
        "the wheel lacks pytest_ecsevents/services/ecs/errors.csv",
        "the wheel has tests/sizes.py",
    ]


def test_an_sdist_holds_what_building_and_testing_need():
    """Hidden folders of the repository are left out."""
    sources = [*PACKAGE, "README.md", "tests/sizes.py", "pyproject.toml", ".ci/run"]
    held = [f"pytest_ecsevents-0.1.0/{name}" for name in (*sources[:-1], "PKG-INFO")]
    assert SCRIPT["sdist_problems"](held, sources) == []
    assert SCRIPT["sdist_problems"]([*held[1:], "pytest_ecsevents-0.1.0/.ci/run"], sources) == [
        "the sdist lacks pytest_ecsevents/__init__.py",
        "the sdist has .ci/run",
    ]


def test_a_folder_is_checked_against_the_repository(tmp_path, monkeypatch, capsys):
    """The exit code is 1 when one of both has a problem."""
    (tmp_path / "pytest_ecsevents").mkdir()
    (tmp_path / "pytest_ecsevents" / "__init__.py").touch()
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    git = shutil.which("git") or pytest.skip("git is missing")
    for command in (("init", "-q"), ("add", ".")):
        subprocess.run((git, *command), check=True)
    (tmp_path / "PKG-INFO").touch()
    (tmp_path / "dist").mkdir()
    with tarfile.open(tmp_path / "dist" / "p-1.tar.gz", "w:gz") as archive:
        for name in ("pytest_ecsevents/__init__.py", "pyproject.toml", "PKG-INFO"):
            archive.add(tmp_path / name, f"p-1/{name}")
    for names, code in (([PACKAGE[0], *METADATA], 0), (METADATA, 1)):
        with zipfile.ZipFile(tmp_path / "dist" / "p-1.whl", "w") as archive:
            for name in names:
                archive.writestr(name, "")
        assert SCRIPT["main"]([str(tmp_path / "dist")]) == code
    assert capsys.readouterr().err == "the wheel lacks pytest_ecsevents/__init__.py\n"
