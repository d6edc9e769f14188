"""Fixtures of the tests of the console: a cloud that stands by itself, a client for its pages, and a browser."""

import contextlib
import shutil

import pytest
from console_client import Client

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.cli._standing import Beginning, StandingCloud
from pytest_ecsevents.face._settings import Settings

START = 1_893_456_000_000_000  # 2030-01-01T00:00:00Z

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

WIDE = {"width": 1280, "height": 720}


def put_instances(ecs_events):
    """Two instances, of which the second is preemptible."""
    ecs_events.instances.add("i-web1", instance_name="web1")
    ecs_events.instances.add("i-spot1", spot_strategy="SpotAsPriceGo")


@pytest.fixture
def standing():
    """Start a cloud: `standing(seed=...)`; it ends with the test."""
    with contextlib.ExitStack() as stack:

        def standing(seed=put_instances, speed=0.0, host="127.0.0.1"):
            return stack.enter_context(StandingCloud(Beginning(Settings(), START, speed, seed), 0, host))

        yield standing


@pytest.fixture
def cloud(standing):
    """A cloud whose clock stands, with two instances."""
    return standing()


@pytest.fixture
def ecs():
    """The cloud of a test."""
    with EcsEvents() as ecs:
        yield ecs


@pytest.fixture
def client(cloud):
    """A client of the cloud's console."""
    return Client(cloud.address)


@pytest.fixture(scope="module")
def browser():
    """One browser for the tests of a file. While it is open the thread has an event loop, so other files can't have one."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine: apt-get install chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def kept(browser):
    """The window that the tests of a file use one after the other: a new one takes longer than what most tests do in it."""
    context = browser.new_context(viewport=WIDE)
    yield watched(context.new_page())
    context.close()


def watched(page):
    """Keep what the page complains of in `problems`, and what it asks for in `requested`."""
    page.context.set_default_timeout(20_000)
    page.problems, page.requested = [], []
    page.on("console", lambda message: page.problems.append(message.text))
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("request", lambda request: page.requested.append(request.url))
    return page


@pytest.fixture
def opened(browser, kept, cloud):
    """Open a page of the console: `opened("/events", javascript=False)`. Its problems are in `problems`.

    The second of a test is another tab, and one without script a window of its own.
    """
    unused = [kept]
    with contextlib.ExitStack() as stack:

        def another(*, javascript):
            if javascript:
                page = kept.context.new_page()
                stack.callback(page.close)
            else:
                context = browser.new_context(java_script_enabled=False)
                stack.callback(context.close)
                page = context.new_page()
            return watched(page)

        def opened(path="/events", *, javascript=True, address=None):
            page = unused.pop() if unused and javascript else another(javascript=javascript)
            page.goto(f"http://{address or cloud.address}/console{path}")
            return page

        yield opened
        kept.goto("about:blank")  # it asks the cloud no more
        kept.emulate_media(color_scheme="null")
        kept.set_viewport_size(WIDE)
        kept.context.clear_permissions()
        kept.context.clear_cookies()
        kept.problems, kept.requested = [], []
