"""What the manual shows of the program, and the example for Node."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_ecsevents.cli._commands import COMMANDS
from pytest_ecsevents.cli._main import main
from pytest_ecsevents.cli._routes import ROUTES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
RECIPE = (ROOT / "docs" / "recipes" / "node-test.md").read_text("utf-8")
EXAMPLE = ROOT / "examples" / "node_poller"
SEED = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)[1]
SHOWN = [
    (shlex.split(command)[1:], lines)
    for command, lines in re.findall(r"```console\n\$ (ecsevents [^\n]*)\n(.*?)```", PAGE, re.DOTALL)
]


def matches(printed, shown):
    """Whether the shown lines were printed; `...` stands for anything."""
    pattern = re.escape(shown.rstrip("\n")).replace(re.escape("..."), ".*")
    return re.fullmatch(pattern, printed.rstrip("\n"), re.DOTALL) is not None


def test_the_page_shows_what_the_program_prints(serve, capsys, tmp_path, monkeypatch):
    """Its commands, one after the other, against the server that it starts."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "seed.toml").write_text(SEED, "utf-8")
    (arguments, greeting), *commands = SHOWN
    assert arguments == ["serve", "--clock", "frozen", "--seed", "seed.toml"]
    printed = serve(clock="frozen", seed="seed.toml")
    address = re.search(r"http://(\S+)", printed)[1]
    assert matches(printed.replace(address, "127.0.0.1:8600"), greeting)
    monkeypatch.setenv("ECSEVENTS_ENDPOINT", address)
    for arguments, shown in commands:
        status = main(arguments)
        out, err = capsys.readouterr()
        assert matches(out + err, shown), out + err
        assert status == (2 if err else 0)


def test_the_page_names_each_command_and_path():
    """Commands in backquotes, and the first segment of each path."""
    assert [name for name in COMMANDS if not re.search(rf"`{name}\b", PAGE)] == []
    assert [route.path for route in ROUTES if not re.search(rf"/{route.path.split('/')[1]}\b", PAGE)] == []


def test_the_page_of_the_example_has_its_files():
    """As they are."""
    for file in EXAMPLE.iterdir():
        assert f"```js\n// {file.name}\n{file.read_text('utf-8')}```" in RECIPE


def can_load(package):
    """Return whether there is a Node that finds the package."""
    node = shutil.which("node")
    asked = [node, "-e", f"require.resolve('{package}')"]
    return node is not None and subprocess.run(asked, check=False, capture_output=True).returncode == 0


def test_the_example_for_node_passes():
    """Node's own runner starts the server, and drives a handler from Scheduled to Avoided."""
    if not can_load("@alicloud/ecs20140526"):
        pytest.skip("node or @alicloud/ecs20140526 is not installed")
    environment = {**os.environ, "PYTHON": sys.executable}
    command = ["node", "--test", "--test-reporter=tap"]
    ended = subprocess.run(
        command, cwd=EXAMPLE, env=environment, check=False, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 0, ended.stdout
    assert re.findall(r"^ok .*", ended.stdout, re.MULTILINE) == [
        "ok 1 - an event is avoided twelve hours ahead, not earlier",
        "ok 2 - a refused reboot is tried again",
    ]
