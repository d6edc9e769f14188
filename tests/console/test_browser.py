"""The console in a real browser."""

import contextlib
import http.client
import json
import re
from urllib.parse import urlencode

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")

expect = playwright.expect
expect.set_options(timeout=20_000)

PAGES = ("/events?show=all", "/instances", "/instances/i-web1", "/timeline", "/clock", "/faults", "/queues")


def create(page, planned=None, instance="i-web1"):
    """Fill in the form for simulated events, and send it."""
    form = page.locator("#simulate")
    page.get_by_role("link", name="Create events").click()  # it opens the form
    form.get_by_label(instance).check()
    if planned is not None:
        form.get_by_label("Planned time").fill(planned)
    form.get_by_role("button", name="Create").click()


def status(page):
    """The status of the only event in the list."""
    return page.locator("#live-events .pill")


def in_header(page, name, by=None):
    """Move the clock with the form in the header."""
    form = page.get_by_role("form", name="Move the clock")
    if by is not None:
        form.get_by_label("Move the clock forward by").fill(by)
    form.get_by_role("button", name=name).click()


def act(page, name):
    """Choose from the menu of the first row, by keyboard."""
    page.locator(".menu summary").first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name=name).first.focus()
    page.keyboard.press("Enter")


def test_an_event_of_the_form_is_avoided_without_a_reload(opened):
    """It is Scheduled once it is created, and Avoided once the instance was restarted."""
    page = opened("/events?show=all")
    page.evaluate("window.isTheSame = true")
    create(page)
    expect(status(page)).to_have_text("Scheduled")
    expect(page.locator("#note")).to_contain_text("Created e-")
    act(page, "Restart instance")
    expect(status(page)).to_have_text("Avoided")
    expect(page.locator("nav .badge")).to_have_count(0)
    assert page.evaluate("window.isTheSame")
    assert page.problems == []


def test_the_clock_executes_it(opened, cloud):
    """At NotBefore it is Executing, and a second later Executed."""
    page = opened("/events?show=all")
    create(page)
    expect(status(page)).to_have_text("Scheduled")
    in_header(page, "Advance", "1d")
    expect(status(page)).to_have_text("Executing")
    in_header(page, "To next event")
    expect(status(page)).to_have_text("Executed")
    assert cloud.ecs_events.now.isoformat() == "2030-01-02T00:00:01+00:00"


def test_a_bad_time_is_refused_in_the_words_of_the_api(opened, cloud):
    """What was filled in stays."""
    page = opened()
    asked = {
        "Action": "CreateSimulatedSystemEvents",
        "Version": "2014-05-26",
        "Format": "JSON",
        "AccessKeyId": "any",
        "RegionId": "cn-hangzhou",
        "EventType": "SystemMaintenance.Reboot",
        "InstanceId.1": "i-web1",
    }
    for bad in ("2029-12-31T00:00:00Z", "tomorrow"):
        with contextlib.closing(http.client.HTTPConnection(cloud.address)) as connection:
            connection.request("GET", f"/?{urlencode({**asked, 'NotBefore': bad})}")
            refused = json.loads(connection.getresponse().read())
        create(page, bad)
        expect(page.locator("#note")).to_contain_text(f"{refused['Code']}: {refused['Message']}")
        expect(page.get_by_label("Planned time").first).to_have_value(bad)
    assert len(cloud.ecs_events) == 0


def test_the_payloads_are_those_that_functions_got(opened, cloud):
    """Of each form, and of each notification; the API's reply is the API's."""
    forms = {"flat": "cloudmonitor", "nested": "subscription", "eventbridge": "eventbridge"}
    got = {key: [] for key in forms}
    for key, form in forms.items():
        cloud.ecs_events.subscribe(got[key].append, format=form)
    event = cloud.ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    cloud.ecs_events.advance("1h")
    page = opened(f"/events/{event.event_id}")

    def shown(key):
        return json.loads(page.locator(f"#p-{key}").text_content())

    for number, name in enumerate(("Scheduled", "Executing")):
        page.get_by_role("link", name=name).click()
        for key in forms:
            assert shown(key) == got[key][number]
    assert shown("api")["InstanceSystemEventSet"]["InstanceSystemEventType"][0]["EventId"] == event.event_id
    expect(page.locator("#live-deliveries tbody tr")).to_have_count(6)


def test_a_thousand_events_page_and_filter(opened, standing):
    """By status and instance; the rest of the filters stay while paging."""

    def seed(ecs_events):
        for number in range(1000):
            ecs_events.create("SystemMaintenance.Reboot", f"i-web{number % 4}", not_before=f"+{number + 1}h")
        ecs_events.reboot("i-web3")

    page = opened("/events", address=standing(seed).address)
    rows = page.locator("#live-events tbody tr")
    expect(page.locator("nav .badge")).to_have_text("750 pending")
    expect(rows).to_have_count(50)
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".pages")).to_contain_text("51–100 of 750")
    page.goto(page.url.partition("?")[0] + "?show=all")
    filters = page.get_by_role("form", name="Filters")
    filters.get_by_label("Status").select_option("Avoided")
    filters.get_by_label("Per page").select_option("100")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".pages")).to_contain_text("1–100 of 250")
    page.get_by_role("link", name="Next").click()
    page.get_by_role("link", name="Next").click()
    expect(rows).to_have_count(50)
    filters.get_by_label("Instance").fill("i-web0")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".empty")).to_have_text("No event matches the filters.")
    page.get_by_role("link", name="Clear").click()
    expect(page.locator(".pages")).to_contain_text("1–50 of 1,000")


def test_two_tabs_agree(opened):
    """What one does, the other shows; what is being typed there stays."""
    first, second = opened("/events?show=all"), opened("/events?show=all")
    second.get_by_label("Move the clock forward by").fill("25h")
    create(first)
    expect(status(second)).to_have_text("Scheduled")
    in_header(second, "Advance")
    expect(status(first)).to_have_text("Executed")
    expect(first.locator("#now")).to_have_text("2030-01-02 01:00:00")


def test_the_timeline_grows(opened, cloud):
    """As calls come in, and as time passes."""
    page = opened("/timeline")
    with contextlib.closing(http.client.HTTPConnection(cloud.address)) as connection:
        connection.request("GET", "/?Action=DescribeRegions&Version=2014-05-26&AccessKeyId=any")
        connection.getresponse().read()
    expect(page.locator("#live-story")).to_contain_text("DescribeRegions")
    cloud.ecs_events.create("SystemMaintenance.Reboot", "i-web1")
    expect(page.locator("#live-chart")).to_contain_text("SystemMaintenance.Reboot")


def test_an_open_menu_stays_open(opened, cloud):
    """While the list around it changes."""
    cloud.ecs_events.create("SystemMaintenance.Reboot", "i-web1")
    page = opened()
    page.locator(".menu summary").click()
    page.get_by_label("New planned time").fill("+3h")
    page.keyboard.press("Tab")
    cloud.ecs_events.create("SystemMaintenance.Reboot", "i-web2")
    expect(page.locator("#live-events tbody tr")).to_have_count(2)
    expect(page.get_by_role("button", name="Change time")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#live-events")).to_contain_text("in 3h")
    page.locator(".menu summary").first.click()
    page.keyboard.press("Escape")
    expect(page.locator(".menu[open]")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_screen_reader_has_what_it_needs(opened, cloud, scheme):
    """The checker axe finds nothing serious, and the policy of the page stops nothing, on any page."""
    ecs_events = cloud.ecs_events
    ecs_events.queue("q")
    ecs_events.fail("RebootInstance", "Throttling")
    event = ecs_events.create("SystemMaintenance.Reboot", "i-web1")
    ecs_events.create("SystemMaintenance.Redeploy", "i-web1", simulated=False, status="Inquiring")
    ecs_events.advance("1h")
    page, checks = opened("/events"), axe.Axe()
    page.emulate_media(color_scheme=scheme)
    paths, options = (*PAGES, f"/events/{event.event_id}", "/nothing"), {"resultTypes": ["violations"]}
    if scheme == "dark":  # which changes colours only
        paths, options["runOnly"] = (PAGES[0], f"/events/{event.event_id}", "/queues"), ["color-contrast"]
    for path in paths:
        page.goto(f"http://{cloud.address}/console{path}")
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        found = checks.run(page, options=options).response["violations"]
        assert [
            (path, one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")
        ] == []
    assert [problem for problem in page.problems if "404" not in problem] == []
    assert {re.match(r"http://([^/]+)/", url)[1] for url in page.requested} == {cloud.address}


def test_all_of_it_works_without_script(opened, cloud):
    """Create, restart, move the clock."""
    page = opened("/events?show=all", javascript=False)
    create(page)
    expect(status(page)).to_have_text("Scheduled")
    page.locator(".menu summary").click()
    page.get_by_role("button", name="Restart instance").click()
    expect(status(page)).to_have_text("Avoided")
    in_header(page, "Advance", "2h")
    expect(page.locator("#note")).to_contain_text("It is 2030-01-01T02:00:00Z.")
    assert page.url.startswith(f"http://{cloud.address}/console/events?show=all")


def test_a_narrow_screen_needs_no_sideways_scrolling(opened, cloud):
    """A row becomes a list."""
    cloud.ecs_events.queue("ecs-events")
    event = cloud.ecs_events.create("SystemMaintenance.RebootAndIsolateErrorDisk", "i-web1", simulated=False)
    page = opened("/events")
    page.set_viewport_size({"width": 360, "height": 700})
    for path in ("/events", f"/events/{event.event_id}", "/instances/i-web1", "/queues", "/timeline"):
        page.goto(f"http://{cloud.address}/console{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path


def test_payloads_are_copied(opened, cloud):
    """As they are."""
    event = cloud.ecs_events.create("SystemMaintenance.Reboot", "i-web1")
    page = opened(f"/events/{event.event_id}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy Flat").click()
    expect(page.get_by_role("button", name="Copied Flat")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert json.loads(copied) == cloud.ecs_events.notifications[0]


def test_a_server_that_has_ended_is_noticed(opened, standing):
    """What it last said stays."""
    cloud = standing()
    page = opened("/instances", address=cloud.address)
    expect(page.locator("#lost")).to_be_hidden()
    cloud.__exit__(None, None, None)
    expect(page.get_by_role("alert")).to_have_text("The cloud does not answer. This is what it last said.")
    expect(page.locator("#live-instances")).to_contain_text("i-web1")
