"""The command `ecsevents`: `serve` is the fake cloud, and the other commands talk to one."""

import argparse
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, NoReturn

from pytest_ecsevents._errors import OF_THE_PROGRAM, EcsEventsError, manual
from pytest_ecsevents._words import did_you_mean, printable
from pytest_ecsevents.cli._client import DEFAULT_PORT, HOST, ClientError
from pytest_ecsevents.cli._commands import COMMANDS, add_command, run_command

_PROGRAM: Final = "ecsevents"
_FAILED: Final = 2

_BACKWARDS: Final = re.compile(r"-\d")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, and ends with status 2."""

    def error(self, message: str) -> NoReturn:
        choice = re.match(r"argument command: invalid choice: '([^']*)'", message)
        if choice:
            message = f"there is no command {choice[1]!r}.{did_you_mean(choice[1], ('serve', 'completion', *COMMANDS))}"
        sys.stderr.write(
            f"{self.prog}: {printable(message)}{'' if message.endswith(('.', '?')) else '.'} Try {self.prog} --help.\n"
            f"{manual(OF_THE_PROGRAM)}\n"
        )
        sys.exit(_FAILED)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog=_PROGRAM, description="A fake of Alibaba Cloud ECS and its system events, for tests.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    serve = commands.add_parser("serve", help="run the fake cloud until Ctrl-C", description=_SERVE)
    serve.add_argument(
        "--port",
        type=int,
        default=DEFAULT_PORT,
        help=f"its port on 127.0.0.1; 0: any free one (default: {DEFAULT_PORT})",
    )
    serve.add_argument(
        "--host",
        default=HOST,
        help=f"the address that it listens at; another than {HOST} opens it to other machines, without a password",
    )
    serve.add_argument(
        "--clock",
        default="real",
        metavar="real|frozen|START",
        help="real: goes on with the machine's clock (default); frozen: stands at 2030-01-01T00:00:00Z; an instant: stands there",
    )
    serve.add_argument(
        "--speed", type=float, help="seconds of the cloud for each second of the machine: 60 is a minute a second"
    )
    serve.add_argument(
        "--region",
        default="cn-hangzhou",
        help="region of instances whose id has no region's prefix (default: cn-hangzhou)",
    )
    seed: Any = serve.add_argument(
        "--seed", metavar="FILE", help="a TOML file with instances, events, rules and faults"
    )
    seed.complete = {"bash": "_shtab_compgen_files", "zsh": "_files"}  # what shtab calls FILE
    serve.add_argument("--quiet", action="store_true", help="print the endpoint only")
    completion = commands.add_parser(
        "completion", help="print a script that completes commands and options in a shell", description=_COMPLETION
    )
    completion.add_argument("shell", choices=("bash", "zsh"), help="the shell that runs the script")
    for name in COMMANDS:
        add_command(commands, name)
    return parser


_SERVE: Final = (
    "Run the fake cloud on 127.0.0.1: ECS, CloudMonitor, queues, metadata, the console at /console, "
    "and the control API below /_ecsevents/v1/."
)

_COMPLETION: Final = (
    'Print a script that completes commands and options. In ~/.bashrc: eval "$(ecsevents completion bash)".'
)


def _completion(shell: str) -> str:
    """The script, made by shtab from the parser."""
    try:
        import shtab
    except ImportError:
        raise ClientError("completion needs the package shtab: pip install 'pytest-ecsevents[server]'") from None
    script: str = shtab.complete(_parser(), shell=shell)
    return script


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    # "-2h" is a duration, no option: argparse takes what has a space for a value.
    options = _parser().parse_args([f" {one}" if _BACKWARDS.match(one) else one for one in given])
    try:
        if options.command == "serve":
            from pytest_ecsevents.cli._serve import serve_command  # only this command loads the cloud

            serve_command(options)
        elif options.command == "completion":
            sys.stdout.write(_completion(options.shell))
        else:
            sys.stdout.write(run_command(options))
            sys.stdout.flush()
    except (EcsEventsError, ClientError) as problem:
        sys.stderr.write(f"{_PROGRAM}: {printable(str(problem))}\n{problem.manual}\n")
        return _FAILED
    except BrokenPipeError:  # the reader, such as head, has enough
        with suppress(BrokenPipeError):
            sys.stdout.close()
    return 0
