"""The page of the API has every public name, and every public name has a docstring."""

import inspect
import re

import pytest
from pages import DOCS

import pytest_ecsevents
from pytest_ecsevents import strategies

PAGE = (DOCS / "reference" / "api.md").read_text("utf-8")
NAMES = [(module, name) for module in (pytest_ecsevents, strategies) for name in module.__all__]

# Attributes for code of the plugin alone; users read what is made of them.
INSIDE = re.compile(r"\w*_micros|record|handle|reply|secrets|rows|offer|matches|differs")


def members(owner):
    """The public members that a class or a base of ours defines, with their docstrings."""
    for name in dir(owner):
        home = next(one for one in owner.__mro__ if name in one.__dict__)
        if not name.startswith("_") and home.__module__.startswith("pytest_ecsevents") and not INSIDE.fullmatch(name):
            member = inspect.getattr_static(owner, name)
            yield name, getattr(getattr(member, "__func__", member), "__doc__", None)


@pytest.mark.parametrize(("module", "name"), NAMES, ids=[name for _, name in NAMES])
def test_a_public_name_is_on_the_page(module, name):
    """The page lists it under its module."""
    head, _, tail = PAGE.partition("currentmodule:: pytest_ecsevents.strategies")
    assert re.search(rf"auto(class|exception|function):: {name}\n", tail if module is strategies else head)


@pytest.mark.parametrize(
    ("module", "name"),
    [(module, name) for module, name in NAMES if inspect.isclass(getattr(module, name)) and name != "CloudMachine"],
    ids=str,
)
def test_a_public_class_is_documented(module, name):
    """It has a docstring; each member has one too, or is named in that of its class."""
    owner = getattr(module, name)
    if issubclass(owner, str):  # the statuses, whose names say it
        return
    said = "\n".join(inspect.getdoc(one) or "" for one in owner.__mro__ if one.__module__.startswith("pytest_ecs"))
    assert inspect.getdoc(owner)
    lacking = [
        member
        for member, docstring in members(owner)
        if not docstring and not re.search(rf"^\s*(\w+, )*{member}(, \w+)*: |`{member}`", said, re.MULTILINE)
    ]
    assert lacking == []
