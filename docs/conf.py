"""Settings of Sphinx for the manual, which `make site` builds."""

import re
import sys
from importlib.metadata import version as installed_version

from sphinx.ext.napoleon import GoogleDocstring

import pytest_ecsevents
from pytest_ecsevents import strategies

project = "pytest-ecsevents"
author = "The pytest-ecsevents developers"
copyright = author  # noqa: A001 - Sphinx reads this name
release = version = installed_version("pytest-ecsevents")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["conf.py"]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4  # links such as page.md#a-heading work here as they do on a code host

html_theme = "furo"
html_title = f"pytest-ecsevents {release}"
html_copy_source = False
html_show_sourcelink = False
pygments_style = "friendly"

nitpicky = True
smartquotes = False  # quoted values are to be copied

# -- the page of the API

add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
napoleon_google_docstring = True
napoleon_use_ivar = True
default_role = "code"

# Users make these themselves; of all others the arguments are the plugin's business.
MADE_BY_USERS = {"EcsEvents", "ApiError", "StrictnessError"}


# Names in signatures that need no page, as they are written there.
PLAIN = {"T", "Receiver", "SearchStrategy", "TimedeltaParts"}


def without_inside(_app, what, name, _subject, _options, signature, returns):  # noqa: ANN001, ANN201 - Sphinx's
    """Leave out the arguments of classes that users do not make, and private ones of others."""
    if what in {"class", "exception"} and name.rpartition(".")[2] not in MADE_BY_USERS:
        return signature and ("", "")
    return signature and (re.sub(r", _\w+: [^,()]*(?= ?\)|, )", "", signature), returns)


DOCSTRINGS: dict[str, list[str]] = {}
"""Those of properties."""


def prepare_docstring(app, what, name, subject, options, lines):  # noqa: ANN001, ANN201, PLR0917 - Sphinx's
    """Leave out the same arguments in docstrings. Mark code as such."""
    if what in {"class", "exception"} and name.rpartition(".")[2] not in MADE_BY_USERS and "Args:" in lines:
        start = lines.index("Args:")
        stop = next((at for at in range(start + 1, len(lines)) if re.match(r"\S", lines[at])), len(lines))
        del lines[start:stop]
    for at in range(len(lines) - 1, 1, -1):  # a piece of code is indented
        if re.match(r"    ?\S", lines[at]) and not lines[at - 1] and re.match(r"\S", lines[at - 2]):
            lines[at:at] = ["::", ""]
    if what in {"property", "attribute"}:
        DOCSTRINGS[name] = GoogleDocstring(lines, app.config, app, "method", name, subject, options).lines()


def restore_docstring(_app, _what, name, _subject, _options, lines):  # noqa: ANN001, ANN201 - Sphinx's
    """Take what napoleon makes of a method's docstring for a property too: it reads "Some words: others" as a type."""
    if name in DOCSTRINGS:
        lines[:] = DOCSTRINGS[name]


def resolve(app, env, node, contnode):  # noqa: ANN001, ANN201 - Sphinx's
    """Link a class to the name by which it is exported. Classes of the standard library and inner ones have no links."""
    target = node.get("reftarget", "")
    last = target.rpartition(".")[2]
    for module in (pytest_ecsevents, strategies):
        if last in module.__all__ and target != f"{module.__name__}.{last}":
            domain = env.get_domain("py")
            known = f"{module.__name__}.{last}"
            return domain.resolve_xref(env, node["refdoc"], app.builder, node["reftype"], known, node, contnode)
    is_inside = target.startswith("pytest_ecsevents.") and "._" in target
    return contnode if is_inside or target.partition(".")[0] in sys.stdlib_module_names or last in PLAIN else None


def setup(app):  # noqa: ANN001, ANN201 - Sphinx's
    """Connect what is above."""
    app.connect("autodoc-process-signature", without_inside)
    app.connect("autodoc-process-docstring", prepare_docstring, priority=100)
    app.connect("autodoc-process-docstring", restore_docstring, priority=900)
    app.connect("missing-reference", resolve)
