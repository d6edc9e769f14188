"""Draw the pages of the console with a browser, light and dark, wide and narrow.

Give it a folder for all of them, or nothing to draw the picture of the manual.
"""

import contextlib
import http.client
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from pytest_ecsevents.cli._seed import read_seed
from pytest_ecsevents.cli._standing import Beginning, StandingCloud
from pytest_ecsevents.face._settings import Settings

MANUAL = Path(__file__).parent.parent / "docs" / "pictures" / "console.png"
START = 1_893_456_000_000_000
SEED = """
[[instances]]
instance_id = "i-bp1web1"
instance_name = "web1"
tags = {env = "prod"}
[[instances]]
instance_id = "i-bp1web2"
instance_name = "web2"
[[instances]]
instance_id = "i-bp1db1"
instance_name = "db1"
[[instances]]
instance_id = "i-2zeworker1"
instance_name = "worker1"
spot_strategy = "SpotAsPriceGo"
[[rules]]
name = "restarts"
names = ["Instance:SystemMaintenance.Reboot:Scheduled", "Instance:SystemMaintenance.Reboot:Avoided"]
queue = "ecs-events"
[[faults]]
action = "RebootInstance"
code = "Throttling"
times = 2
[[events]]
event_type = "SystemMaintenance.Reboot"
instance_id = "i-bp1web1"
not_before = "+6h"
[[events]]
event_type = "SystemMaintenance.Reboot"
instance_id = "i-bp1web2"
not_before = "+24h"
[[events]]
event_type = "SystemMaintenance.Redeploy"
instance_id = "i-bp1db1"
simulated = false
status = "Inquiring"
[[events]]
event_type = "SystemFailure.Reboot"
instance_id = "i-2zeworker1"
simulated = false
executing_for = "9h"
"""
PAGES = ("events", "events?show=all", "event", "instances", "instance", "timeline", "clock", "faults", "queues")


@contextlib.contextmanager
def _cloud() -> Iterator[StandingCloud]:
    """A cloud in which something has happened."""
    with tempfile.TemporaryDirectory() as folder:
        seed = Path(folder) / "seed.toml"
        seed.write_text(SEED, "utf-8")
        with StandingCloud(Beginning(Settings(), START, 0.0, read_seed(seed))) as cloud:
            _send(cloud, "advance", by="2h")
            _send(cloud, "instances/i-bp1web1/reboot")
            _send(cloud, "advance", by="5h")
            yield cloud


def _send(cloud: StandingCloud, path: str, **given: str) -> None:
    with contextlib.closing(http.client.HTTPConnection(cloud.address)) as connection:
        connection.request("POST", f"/_ecsevents/v1/{path}", json.dumps(given))
        connection.getresponse().read()


def _draw(page: Page, cloud: StandingCloud, name: str, file: Path) -> None:
    first = next(iter(cloud.ecs_events))
    path = {"event": f"events/{first.event_id}", "instance": f"instances/{first.instance_id}"}.get(name, name)
    page.goto(f"http://{cloud.address}/console/{path}")
    page.screenshot(path=file, full_page=file != MANUAL)


def main(arguments: "Sequence[str] | None" = None) -> None:
    """Draw.

    Args:
        arguments: The folder, if all pages are wanted.
    """
    given = sys.argv[1:] if arguments is None else arguments
    with _cloud() as cloud, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        if not given:
            page = browser.new_page(viewport={"width": 1280, "height": 760})
            _draw(page, cloud, "events?show=all", MANUAL)
            return
        for scheme in ("light", "dark"):
            for size in ((1280, 800), (390, 800)):
                page = browser.new_page(color_scheme=scheme, viewport={"width": size[0], "height": size[1]})  # type: ignore[arg-type]  # one of two
                for name in PAGES:
                    _draw(
                        page,
                        cloud,
                        name,
                        Path(given[0]) / f"{name.replace('?', '-').replace('=', '-')}-{scheme}-{size[0]}.png",
                    )


if __name__ == "__main__":
    main()
