"""Print one table of what the plugin costs, each figure beside the one it is measured against.

Exit with status 1 when a limit is exceeded; a figure that noise keeps from telling is `unclear`. `--quick` leaves out the largest sizes.

`--base REV` prints each row of another revision beside that of today, and exits with status 1 too where a row got slower by
more than its noise: the difference of the medians, beyond the spreads of both.
"""

import argparse
import sys

import row_call
import row_daemon
import row_fixture
import row_growth
import row_guest
import row_peers
import row_poller
import row_push
import row_queue
import row_serve
import row_sleep
import row_startup
import row_story
import row_tea
from _against import as_json, compare
from _page import write

MODULES = {
    "call": row_call,
    "daemon": row_daemon,
    "sleep": row_sleep,
    "tea": row_tea,
    "fixture": row_fixture,
    "startup": row_startup,
    "growth": row_growth,
    "push": row_push,
    "guest": row_guest,
    "peers": row_peers,
    "poller": row_poller,
    "queue": row_queue,
    "serve": row_serve,
    "story": row_story,
}
FORM = "{:<44} {:>12} {:>12} {:>13}  {:<8} {}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, done in half a minute")
    parser.add_argument("--base", metavar="REV", help="the revision of this repository to compare with")
    parser.add_argument("--rounds", type=int, default=3, help="how often both are measured, in turn (default: 3)")
    parser.add_argument("--json", action="store_true", help="print rows as JSON, and no limit is exceeded")
    parser.add_argument("--page", action="store_true", help="write the rows to the manual's page of costs, too")
    parser.add_argument("only", nargs="*", help=f"which of {', '.join(MODULES)} (default: all)")
    options = parser.parse_args()
    unknown = [name for name in options.only if name not in MODULES]
    if unknown:
        parser.error(f"no such rows: {', '.join(unknown)}; there are {', '.join(MODULES)}")
    names = options.only or [*MODULES]
    if options.json:
        for name in names:
            for row in MODULES[name].rows(options.quick):
                print(as_json(row), flush=True)
        return 0
    if options.base:
        return 1 if compare(names, options.base, quick=options.quick, rounds=options.rounds) else 0
    print(FORM.format("what", "ours", "other", "ratio", "limit", ""))
    over, shown = 0, []
    for name in names:
        for row in MODULES[name].rows(options.quick):
            over += row.is_over
            shown.append(row)
            line = FORM.format(row.what, row.ours, row.other, row.ratio, row.limit, row.verdict)
            print(line.rstrip(), flush=True)
    if options.page:
        write(shown)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
