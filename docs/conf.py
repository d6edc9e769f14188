"""Settings of Sphinx for the manual, which `make site` builds."""

from importlib.metadata import version as installed_version

project = "pytest-ecsevents"
author = "The pytest-ecsevents developers"
copyright = author  # noqa: A001 - Sphinx reads this name
release = version = installed_version("pytest-ecsevents")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["conf.py"]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4  # links such as page.md#a-heading work here as they do on a code host
suppress_warnings = ["toc.empty_glob"]

html_theme = "furo"
html_title = f"pytest-ecsevents {release}"
html_copy_source = False
html_show_sourcelink = False
pygments_style = "friendly"

nitpicky = True
