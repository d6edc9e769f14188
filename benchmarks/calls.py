"""Count the function calls of the plugin's own code, and the files they are in, for three things that tests do often.

Figures do not depend on the machine, unlike those of run.py. `--functions` lists every function, `--files` every file.
Exit with status 1 when a limit is exceeded.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

import _sdk
from row_call import fill

import pytest_ecsevents
from pytest_ecsevents import EcsEvents

OURS = str(Path(pytest_ecsevents.__file__).parent) + "/"


def counted(function):
    """Calls by code object, each entry of a generator included."""
    calls = Counter()

    def profile(frame, event, _arg):
        if event == "call" and frame.f_code.co_filename.startswith(OURS):
            calls[frame.f_code] += 1

    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
    return calls


def reboot():
    """A reboot by the legacy SDK that avoids a planned event and notifies a function."""
    with EcsEvents() as ecs_events:
        for number in range(2):
            instance = ecs_events.instances.add(f"i-calls{number}")
            ecs_events.create("SystemMaintenance.Reboot", instance, not_before="+1d")
        notifications = []
        ecs_events.subscribe(notifications.append)
        client, kind = _sdk.client(), _sdk.request_class("RebootInstance")

        def call(instance_id):
            request = kind()
            request.set_InstanceId(instance_id)
            client.do_action_with_exception(request)

        call("i-calls0")
        before = len(notifications)
        calls = counted(lambda: call("i-calls1"))
        assert len(notifications) > before
        return calls


def poll():
    """A poll of the legacy SDK for Scheduled events, of which there are a hundred."""
    with EcsEvents() as ecs_events:
        fill(ecs_events)
        call = _sdk.history_call("InstanceEventCycleStatuss", ["Scheduled"])
        call()
        return counted(call)


def advance():
    """`advance("2h")` with nothing due."""
    with EcsEvents() as ecs_events:
        ecs_events.advance("2h")
        return counted(lambda: ecs_events.advance("2h"))


SCENES = (
    ("a reboot of the legacy SDK that notifies a function", reboot, 260, 24),
    ("a poll of the legacy SDK, 100 events", poll, 120, 24),
    ('advance("2h") with nothing due', advance, 20, 5),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", action="store_true", help="list the files with their calls")
    parser.add_argument("--functions", action="store_true", help="list the functions with their calls")
    options = parser.parse_args()
    is_over = False
    for what, scene, most_calls, most_files in SCENES:
        calls = scene()
        files = Counter()
        for code, times in calls.items():
            files[code.co_filename.removeprefix(OURS)] += times
        print(f"{what}: {calls.total()} calls (at most {most_calls}) in {len(files)} files (at most {most_files})")
        is_over |= calls.total() > most_calls or len(files) > most_files
        if options.files:
            for name, times in files.most_common():
                print(f"{times:6} {name}")
        if options.functions:
            for code, times in calls.most_common():
                place = f"{code.co_filename.removeprefix(OURS)}:{code.co_firstlineno}"
                print(f"{times:6} {getattr(code, 'co_qualname', code.co_name):40} {place}")
    return 1 if is_over else 0


if __name__ == "__main__":
    sys.exit(main())
