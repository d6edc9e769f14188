"""The table of the manual's page of costs: rows that were measured replace those of the same name."""

import contextlib
import datetime as dt
import os
import platform
import re
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "what-it-costs.md"
HEAD = "| what | here | beside it | ratio or difference | measured |\n| --- | --- | --- | --- | --- |\n"
TABLE = re.compile(r"\| what \|.*?\n(?!\|)", re.DOTALL)
MACHINE = re.compile(r"^The last run was on .*$", re.MULTILINE)


def write(rows):
    """Put rows into the page, with the date and the machine."""
    page = PAGE.read_text("utf-8")
    today = f"{dt.datetime.now(dt.timezone.utc):%Y-%m-%d}"
    lines = {line.split(" | ")[0]: line for line in TABLE.search(page)[0].splitlines()[2:]}
    for row in rows:
        ratio = "" if row.ratio == row.ours else row.ratio
        lines[f"| {row.what}"] = f"| {row.what} | {row.ours} | {row.other} | {ratio} | {today} |"
    page = TABLE.sub(lambda _: HEAD + "".join(f"{line}\n" for line in lines.values()), page)
    PAGE.write_text(MACHINE.sub(lambda _: f"The last run was on {_machine()}.", page), "utf-8")


def _machine():
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError, TypeError):
        model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text("utf-8"))[1]
    return f"{model}, {os.cpu_count()} processors, Python {platform.python_version()}, {platform.system()}"
