#!/usr/bin/env bash
# alibabacloud-credentials starts a scheduler of APScheduler that refreshes the credentials of an instance's role every minute.
# If a test travels years ahead while it runs, its thread reads the time of the test: it lists every minute up to then, and
# plans the next refresh there. After the test the clock is back, but the credentials are not refreshed for years.
# Seen with alibabacloud-credentials 1.0.12, APScheduler 3.11.3 and time-machine 3.6.0, on Python 3.11: "next refresh in 2040".
# It takes a minute of real time.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    alibabacloud-credentials==1.0.12 apscheduler==3.11.3 time-machine==3.6.0
cat >"$folder/refresh.py" <<'PYTHON'
import logging
import threading

import time_machine
from alibabacloud_credentials.provider import EcsRamRoleCredentialsProvider

planned = threading.Event()
due = []


class Noting(logging.Handler):
    def emit(self, record):
        if record.msg.startswith("Next wakeup is due at"):
            due.append(record.args[0])
            if len(due) > 1:
                planned.set()


logging.getLogger("apscheduler").addHandler(Noting())
logging.getLogger("apscheduler").setLevel(logging.DEBUG)
provider = EcsRamRoleCredentialsProvider(role_name="role")
with time_machine.travel("2040-01-01T00:00:00Z"):
    planned.wait(300)
print("next refresh in", due[-1].year)
PYTHON
seen=$("$folder/venv/bin/python" "$folder/refresh.py")
echo "$seen"
[ "$seen" = "next refresh in 2040" ]
