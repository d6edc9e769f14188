"""The command `serve`: the fake cloud as a program."""

import ipaddress
import signal
import sys
import warnings
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, current_thread, main_thread
from typing import Final

from pytest_ecsevents._errors import BadArgumentError, EcsEventsError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean
from pytest_ecsevents.cli._client import BASE
from pytest_ecsevents.clock._times import Micros, parse_when
from pytest_ecsevents.face._ecs_events import EcsEvents
from pytest_ecsevents.face._settings import Settings
from pytest_ecsevents.rpc._http import is_loopback

__tracebackhide__ = hidden_in_reports

_KINDS: Final = ("real", "frozen")
_FASTEST: Final = 1_000_000.0

_LOOK_EVERY: Final = 0.5
"""Real seconds between two looks for a signal: on Windows a wait without an end is not interrupted."""


def parse_clock(clock: str, speed: float | None) -> "tuple[Micros | None, float]":
    """The first instant, None for the machine's, and the speed of `--clock` and `--speed`.

    Raises:
        BadArgumentError: One of them is wrong, or they contradict each other.
    """
    if speed is not None and not 0 < speed <= _FASTEST:
        raise BadArgumentError(
            f"--speed is {speed:g}. Pass a number above 0 and up to {_FASTEST:,.0f}: 60 is a minute a second."
        )
    if clock == "real":
        return None, speed or 1.0
    if clock == "frozen":
        if speed is not None:
            raise BadArgumentError(
                f"--clock is frozen, so --speed {speed:g} has no meaning. Pass an instant as --clock, or omit one of the two."
            )
        return parse_when(Settings().start, "--clock", 0), 0.0
    if not clock[:1].isdigit():
        raise BadArgumentError(
            f"--clock is {clock!r}. Pass real, frozen, or an instant such as 2030-01-01T00:00:00Z.{did_you_mean(clock, _KINDS)}"
        )
    return parse_when(clock, "--clock", 0), speed or 0.0


def serve_command(options: Namespace, ended: Event | None = None) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Args:
        options: Those of the command line.
        ended: Ends it when it is set.

    Raises:
        EcsEventsError: An option is wrong, or the port cannot be used.
    """
    try:
        from pytest_ecsevents.cli._standing import Beginning, StandingCloud
    except ModuleNotFoundError as missing:
        raise EcsEventsError(
            f"serve needs {missing.name}, which is not installed. Run: pip install 'pytest-ecsevents[server]'"
        ) from None
    start, speed = parse_clock(options.clock, options.speed)
    if not 0 <= options.port <= 65535:
        raise BadArgumentError(f"--port is {options.port}. Pass one from 1 to 65535, or 0 for any that is free.")
    beginning = Beginning(Settings(region=options.region), start, speed, _seed(options.seed))
    ended = Event() if ended is None else ended
    with warnings.catch_warnings(record=True) as doubts:  # of an unknown region
        warnings.simplefilter("always")
        made = StandingCloud(beginning, options.port, _checked_host(options.host))
    if not is_loopback(options.host):
        sys.stderr.write(
            f"ecsevents: --host {options.host} opens the cloud and its console to other machines, without a password. Use it "
            "in a network that you trust.\n"
        )
    sys.stderr.writelines(f"ecsevents: {doubt.message}\n" for doubt in doubts)
    with _ending(ended), made as cloud:
        clock = f"clock {cloud.ecs_events.now:%Y-%m-%dT%H:%M:%SZ}, {_speed_text(speed)}"
        text = f"{cloud.address}\n" if options.quiet else _greeting(cloud.address, options.region, clock)
        sys.stdout.write(text)
        sys.stdout.flush()
        while not ended.wait(_LOOK_EVERY):
            pass


def _checked_host(host: str) -> str:
    """`--host` as an address.

    Raises:
        BadArgumentError: It is none.
    """
    try:
        return str(ipaddress.IPv4Address("127.0.0.1" if host == "localhost" else host))
    except ValueError:
        raise BadArgumentError(
            f"--host is {host!r}. Pass an IPv4 address of this machine, or 0.0.0.0 for all of them."
        ) from None


def _seed(file: str | None) -> Callable[[EcsEvents], None]:
    if file is None:
        return lambda _: None
    from pytest_ecsevents.cli._seed import read_seed

    return read_seed(Path(file))


def _speed_text(speed: float) -> str:
    if speed == 1:
        return "going on with the machine's"
    return f"{speed:g} times as fast as the machine's" if speed else "standing until it is advanced"


def _greeting(address: str, region: str, clock: str) -> str:
    lines = [
        f"The fake cloud answers at http://{address} ({clock}). Ctrl-C ends it.",
        "",
        f"  console, for browsers          http://{address}/console",
        f'  aliyun-python-sdk-core         client.add_endpoint("{region}", "Ecs", "{address}"), or request.set_endpoint("{address}")',
        f'  alibabacloud-ecs20140526       Config(endpoint="{address}", protocol="http", ...)',
        f'  Node: @alicloud/ecs20140526    new Config({{ endpoint: "{address}", protocol: "http", ... }})',
        f'  Node: @alicloud/pop-core       new Core({{ endpoint: "http://{address}", ... }})',
        f"  metadata of an instance        http_proxy=http://{address}",
        f"  control                        http://{address}{BASE}/openapi.json",
        f"  commands                       ecsevents now --endpoint {address}",
        "",
        "Any access key will do.",
    ]
    return "".join(f"{line}\n" for line in lines)


@contextmanager
def _ending(ended: Event) -> Iterator[None]:
    """Set an event on Ctrl-C and SIGTERM meanwhile. Another thread than the main one gets no signals."""
    if current_thread() is not main_thread():
        yield
        return
    names = [one for one in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGBREAK", None)) if one is not None]
    before = {name: signal.signal(name, lambda *_: ended.set()) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
