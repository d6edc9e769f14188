"""What `ecsevents serve` costs: its start, a call through it, and the page of 1,000 events at its console."""

import http.client
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlencode

import _sdk
from _measure import Row, duration, in_turn, ratio_row, real_clock

WORKER = Path(__file__).with_name("_static_worker.py")
START_WITHIN, MOST, MOST_OF_PAGE = 1.0, 1.30, 3.0
EVENTS, PAGE = 1000, 100
OURS = (sys.executable, "-m", "pytest_ecsevents", "serve", "--port", "0", "--quiet", "--clock", "frozen")


def rows(quick):
    yield start_row(2 if quick else 5)
    with tempfile.TemporaryDirectory() as folder:
        yield call_row(Path(folder), 21 if quick else 101)
        seed = Path(folder) / "seed.toml"
        seed.write_text(INSTANCE + EVENT * EVENTS, "utf-8")
        with serving(*OURS, "--seed", str(seed)) as ours:
            yield from page_rows(ours, quick)


def call_row(folder, rounds):
    """A call of the SDK."""
    seed, reply = folder / "one.toml", folder / "reply"
    seed.write_text(INSTANCE + EVENT, "utf-8")
    with serving(*OURS, "--seed", str(seed)) as ours:
        call = _sdk.history_call("InstanceEventCycleStatuss", ["Scheduled"], ours)
        reply.write_bytes(call())
        with serving(sys.executable, str(WORKER), str(reply)) as static:
            bare = _sdk.history_call("InstanceEventCycleStatuss", ["Scheduled"], static)
            *figures, ratio = in_turn(call, bare, rounds=rounds)
    return ratio_row("a call over HTTP / to a static werkzeug", *figures, ratio=ratio, most=MOST)


def page_rows(ours, quick):
    """The page of all events, and all its pages."""
    numbers = range(1, EVENTS // PAGE + 1)

    def api():
        for number in numbers:
            fetch(ours, history(number))

    def pages():
        for number in numbers:
            fetch(ours, f"/console/events?size={PAGE}&page={number}")

    *figures, ratio = in_turn(lambda: fetch(ours, "/console/events"), api, rounds=5 if quick else 21)
    what = f"the console's page of {EVENTS:,} events / API"
    yield ratio_row(what, *figures, ratio=ratio, most=MOST_OF_PAGE)
    *figures, ratio = in_turn(pages, api, rounds=3 if quick else 11)
    yield ratio_row(f"all its pages, each of {PAGE} / API", *figures, ratio=ratio)


INSTANCE = '[[instances]]\ninstance_id = "i-web1"\n'
EVENT = '[[events]]\nevent_type = "SystemMaintenance.Reboot"\ninstance_id = "i-web1"\n'


def history(number):
    """The path of a call that lists one page of the events."""
    given = {
        "Action": "DescribeInstanceHistoryEvents",
        "Version": "2014-05-26",
        "Format": "JSON",
        "AccessKeyId": "any",
        "RegionId": "cn-hangzhou",
        "InstanceEventCycleStatus.1": "Scheduled",
        "PageNumber": number,
        "PageSize": PAGE,
    }
    return f"/?{urlencode(given)}"


def fetch(address, path):
    """The reply to a request on a connection of its own."""
    with closing(http.client.HTTPConnection(address, timeout=60)) as connection:
        connection.request("GET", path)
        return connection.getresponse().read()


@contextmanager
def serving(*command):
    """The address of a server, which the first line of its process says."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def start_row(times):
    """The least seconds from the start of the process to its first reply, and those of moto's."""
    what = "ecsevents serve, first reply / moto_server"
    ours = min(first_reply(OURS, "/_ecsevents/v1/now") for _ in range(times))
    is_there = all(find_spec(name) is not None for name in ("moto", "flask", "flask_cors"))
    other = min(first_reply_at(5599) for _ in range(times)) if is_there else None
    shown = duration(other) if other is not None else 'pip install "moto[server]"'
    ratio = "" if other is None else f"{ours / other:.2f}"
    return Row(what, duration(ours), shown, ratio, f"<= {duration(START_WITHIN)}", ours, START_WITHIN)


def first_reply(command, path):
    start = real_clock()
    with serving(*command) as address:
        fetch(address, path)
        return real_clock() - start


def first_reply_at(port):
    """The same of moto's server, which does not say when it listens."""
    command = (sys.executable, "-m", "moto.server", "-p", str(port))
    start = real_clock()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            while process.poll() is None:
                with suppress(ConnectionRefusedError):
                    fetch(f"127.0.0.1:{port}", "/moto-api/")
                    return real_clock() - start
            raise SystemExit(f"{' '.join(command)} has ended")
        finally:
            process.kill()
