#!/usr/bin/env bash
# freezegun looks five frames up for a module that it ignores, and threading is one of them. A function that a thread
# runs directly therefore reads the real clock; the same function some calls deeper reads the frozen one.
# Seen with freezegun 1.5.5: "direct real", "deeper frozen".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check freezegun==1.5.5
cat >"$folder/threads.py" <<'PYTHON'
import threading
import time

from freezegun import freeze_time

FROZEN = 981158400
readings = {}


def read(name, calls=0):
    if calls:
        read(name, calls - 1)
    else:
        readings[name] = time.time()


with freeze_time("2001-02-03"):
    for name, calls in (("direct", 0), ("deeper", 6)):
        thread = threading.Thread(target=read, args=(name, calls))
        thread.start()
        thread.join()
for name, clock in readings.items():
    print(name, "frozen" if clock == FROZEN else "real")
PYTHON
seen=$("$folder/venv/bin/python" "$folder/threads.py")
echo "$seen"
[ "$seen" = "direct real
deeper frozen" ]
