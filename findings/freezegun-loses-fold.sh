#!/usr/bin/env bash
# freezegun's datetime loses `fold`: in the hour that comes twice when summer time ends, an aware now() in a zone is an hour
# before the frozen instant, as are astimezone() and a copy of a real datetime.
# Seen with freezegun 1.5.5: the second pass of 01:30 in New York, 06:30 UTC, reads as the first, 05:30 UTC.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check freezegun==1.5.5 tzdata==2026.6
cat >"$folder/reads.py" <<'PYTHON'
import copy
import datetime
from zoneinfo import ZoneInfo

from freezegun import freeze_time

UTC, NEW_YORK = datetime.timezone.utc, ZoneInfo("America/New_York")
second_pass = datetime.datetime(2030, 11, 3, 1, 30, fold=1, tzinfo=NEW_YORK)


def show(what, when):
    print(what, when.fold, f"{when.astimezone(UTC):%H:%M}")


show("not frozen", second_pass)
with freeze_time("2030-11-03T06:30:00Z"):
    show("now(zone)", datetime.datetime.now(NEW_YORK))
    show("astimezone(zone)", datetime.datetime.now(UTC).astimezone(NEW_YORK))
    show("copy", copy.copy(second_pass))
PYTHON
seen=$("$folder/venv/bin/python" "$folder/reads.py")
echo "$seen"
[ "$seen" = "not frozen 1 06:30
now(zone) 0 05:30
astimezone(zone) 0 05:30
copy 0 05:30" ]
