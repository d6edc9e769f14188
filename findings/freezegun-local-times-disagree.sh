#!/usr/bin/env bash
# Under freezegun the functions of local time disagree, and no tz_offset makes them right: datetime.now() is UTC plus
# tz_offset, which is added to datetime.now(timezone.utc) too; time.localtime() is the zone's winter time all the year;
# time.ctime() is not frozen.
# Seen with freezegun 1.5.5 and TZ=America/New_York on 2030-07-01 at 00:00 UTC, which is 20:00 of the day before there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check freezegun==1.5.5
cat >"$folder/reads.py" <<'PYTHON'
import datetime
import time

from freezegun import freeze_time

for offset in (0, -4):
    with freeze_time("2030-07-01", tz_offset=offset):
        print(
            f"tz_offset={offset}:",
            f"now() {datetime.datetime.now():%H:%M},",
            f"now(utc) {datetime.datetime.now(datetime.timezone.utc):%H:%M},",
            f"localtime() {time.strftime('%H:%M', time.localtime())},",
            f"localtime(time()) {time.strftime('%H:%M', time.localtime(time.time()))},",
            f"ctime() {'frozen' if '2030' in time.ctime() else 'real'}",
        )
PYTHON
seen=$(TZ=America/New_York "$folder/venv/bin/python" "$folder/reads.py")
echo "$seen"
[ "$seen" = "tz_offset=0: now() 00:00, now(utc) 00:00, localtime() 19:00, localtime(time()) 20:00, ctime() real
tz_offset=-4: now() 20:00, now(utc) 20:00, localtime() 19:00, localtime(time()) 20:00, ctime() real" ]
