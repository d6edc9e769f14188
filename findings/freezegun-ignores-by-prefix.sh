#!/usr/bin/env bash
# freezegun's default ignore list is compared as prefixes: a user's module whose name begins with "queue", "gi",
# "threading" or "selenium" gets real time while the clock is frozen.
# Seen with freezegun 1.5.5: queue_consumer, git_poller and threading_utils read the real clock, handler the frozen one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check freezegun==1.5.5
cd "$folder"
for name in handler queue_consumer git_poller threading_utils; do
    printf 'import time\n\ndef read():\n    return time.time()\n' >"$name.py"
done
cat >reads.py <<'PYTHON'
import importlib

from freezegun import freeze_time

with freeze_time("2001-02-03"):
    for name in ("handler", "queue_consumer", "git_poller", "threading_utils"):
        clock = importlib.import_module(name).read()
        print(name, "frozen" if clock == 981158400 else "real")
PYTHON
seen=$(venv/bin/python reads.py)
echo "$seen"
[ "$seen" = "handler frozen
queue_consumer real
git_poller real
threading_utils real" ]
