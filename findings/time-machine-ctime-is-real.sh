#!/usr/bin/env bash
# time-machine leaves time.ctime() and time.asctime() without an argument real, while time.localtime() and
# time.strftime() travel.
# Seen with time-machine 3.6.0: strftime("%c") is of 2030, ctime() and asctime() are of today.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check time-machine==3.6.0
cat >"$folder/reads.py" <<'PYTHON'
import time

import time_machine

with time_machine.travel(1893456000, tick=False):
    for name, said in (("strftime", time.strftime("%c")), ("ctime", time.ctime()), ("asctime", time.asctime())):
        print(name, "travels" if "2030" in said else "real")
PYTHON
seen=$("$folder/venv/bin/python" "$folder/reads.py")
echo "$seen"
[ "$seen" = "strftime travels
ctime real
asctime real" ]
