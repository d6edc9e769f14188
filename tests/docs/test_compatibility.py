"""What the project says it supports is what the matrix ran."""

import csv
import re

from pages import DOCS, ROOT

with (DOCS / "matrix.csv").open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))
PYPROJECT = (ROOT / "pyproject.toml").read_text("utf-8")


def test_the_classifiers_name_the_pythons_of_the_matrix():
    """Each Python that passed has its classifier, and no other."""
    passed = {python for row in ROWS if row["outcome"].startswith("passed") for python in row["python"].split(", ")}
    named = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', PYPROJECT)
    assert set(named) == passed
    assert re.search(r'requires-python = ">=(.*)"', PYPROJECT).group(1) == named[0]


def test_the_pages_name_the_oldest_and_the_newest():
    """The README and the page say from which to which."""
    named = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', PYPROJECT)
    for page in (ROOT / "README.md", DOCS / "compatibility.md"):
        assert f"| Python | {named[0]} to {named[-1]} |" in page.read_text("utf-8")


def test_the_floors_are_those_of_the_matrix():
    """The least versions that pip may install passed."""
    text = " ".join(row["versions"] for row in ROWS)
    for package in (
        "pytest",
        "greenlet",
        "freezegun",
        "responses",
        "time-machine",
        "werkzeug",
        "aliyun-python-sdk-ecs",
    ):
        floor = re.search(rf'"{package}>=([\d.]+)"', PYPROJECT).group(1)
        assert re.search(rf"\b{package} {re.escape(floor)}(\.0)?\b", text), package
