"""Today's build beside that of another revision: each is measured by these scripts in a venv of its own, in turn."""

import json
import subprocess
import sys
import sysconfig
import tempfile
import venv
from dataclasses import asdict
from pathlib import Path
from statistics import median

from _measure import Row

FOLDER = Path(__file__).parent
HOUSE = FOLDER.parent
KEPT = HOUSE / "build" / "bench"
FORM = "{:<44} {:>13} {:>13} {:>10} {:>7}  {}"


def git(*words):
    return subprocess.run(["git", *words], check=True, capture_output=True, cwd=HOUSE).stdout


def python_of(revision):
    """The Python of a venv that has the wheel of a revision; everything else comes from the venv that runs this."""
    commit = git("rev-parse", "--verify", f"{revision}^{{commit}}").decode().strip()
    place = KEPT / commit
    python = place / "bin" / "python"
    if (place / "complete").exists():
        return python
    with tempfile.TemporaryDirectory() as name:
        source = Path(name)
        archive = git("archive", "--format=tar", commit)
        subprocess.run(["tar", "-x", "-C", name], check=True, input=archive)
        build = ["build", "--wheel", "--no-isolation", "--outdir", str(source / "wheels")]
        subprocess.run([sys.executable, "-m", *build, name], check=True, capture_output=True)
        (wheel,) = (source / "wheels").glob("*.whl")
        venv.create(place, clear=True, with_pip=False)
        purelib = _site_packages(python)
        # A path of a .pth file comes after the venv's own: the wheel hides the package of today.
        (purelib / "others.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
        pip = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--no-index"]
        subprocess.run([sys.executable, *pip, "--target", str(purelib), str(wheel)], check=True)
    found = subprocess.run([python, "-c", _WHERE], check=True, capture_output=True, text=True, cwd=FOLDER).stdout
    if not found.startswith(str(purelib)):
        raise SystemExit(f"{python} imports {found}, not the wheel of {revision}.")
    (place / "complete").touch()
    return python


_WHERE = "import pytest_ecsevents; print(pytest_ecsevents.__file__, end='')"


def _site_packages(python):
    script = "import sysconfig; print(sysconfig.get_path('purelib'), end='')"
    return Path(subprocess.run([python, "-c", script], check=True, capture_output=True, text=True).stdout)


def measure(python, name, quick):
    """The rows of one module, by what they tell; none if the revision cannot be measured by it."""
    command = [str(python), str(FOLDER / "run.py"), "--json", *(["--quick"] if quick else []), name]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode:
        reason = (result.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        print(f"{name} of {python}: {reason}", file=sys.stderr)
        return {}
    return {row.what: row for row in (Row(**json.loads(line)) for line in result.stdout.splitlines())}


def compare(names, revision, *, quick, rounds):
    """Print each row of both builds. Returns how many got slower by more than their noise, or are over their limit."""
    base = python_of(revision)
    print(FORM.format("what", revision[:13], "today", "change", "noise", ""))
    bad = 0
    for name in names:
        taken = {"base": [], "today": []}
        for number in range(rounds):
            sides = [("base", base), ("today", sys.executable)]
            for side, python in sides[:: -1 if number % 2 else 1]:
                taken[side].append(measure(python, name, quick))
        for what in taken["today"][0]:
            ours, others = ([found[what] for found in taken[side] if what in found] for side in ("today", "base"))
            line, is_bad = told(what, ours, others)
            bad += is_bad
            print(line.rstrip(), flush=True)
    return bad


def told(what, ours, others):
    """The line about one row of both builds, and whether it is bad news."""
    today = middle(ours)
    verdict = [today.verdict] if today.is_over else []
    if not others:
        return FORM.format(what, "-", shown(today), "", "", ", ".join([*verdict, "new"])), today.is_over
    base = middle(others)
    noise = spread(ours) + spread(others)
    added = today.value - base.value
    change = f"{today.value / base.value:.2f} x" if base.value > 0 and today.value > 0 else ""
    relative = f"{noise / base.value:.0%}" if base.value > 0 else ""
    if abs(added) > noise:
        verdict.append("SLOWER" if added > 0 else "better")
    return FORM.format(what, shown(base), shown(today), change, relative, ", ".join(verdict)), (
        today.is_over or added > noise
    )


def middle(rows):
    value = median(row.value for row in rows)
    return min(rows, key=lambda row: abs(row.value - value))


def spread(rows):
    values = [row.value for row in rows]
    return max(max(values) - min(values), *(row.noise for row in rows))


def shown(row):
    return row.ratio or row.ours


def as_json(row):
    return json.dumps(asdict(row))
