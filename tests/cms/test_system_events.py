"""CloudMonitor's queries of past notifications."""

import json

import pytest
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.vendored import requests
from cms_requests import AT, request_of

from pytest_ecsevents import BadArgumentError, UnexpectedCallError
from pytest_ecsevents.services._products import ACTIONS, PRODUCTS

pytest.importorskip("aliyunsdkcms")


def names(reply):
    """Return the names of the notifications of a reply."""
    return [one["Name"].removeprefix("Instance:") for one in reply["SystemEvents"]["SystemEvent"]]


@pytest.fixture
def reboot_history(ecs, ask):
    """Reboot an instance an hour ahead of its maintenance; return the query of the notifications about it."""
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+2h")
    ecs.advance("1h")
    ecs.reboot("i-web1")
    return lambda raw=None, /, **params: ask("DescribeSystemEventAttribute", raw, PageSize=100, **params)


# -- DescribeSystemEventAttribute


def test_a_notification_is_listed_with_the_keys_of_the_reference(ecs, ask):
    """Each key of the documented reply and the model exists; Success is a text, Time a number, Content JSON text."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+2h")
    reply = ask("DescribeSystemEventAttribute", Name="Instance:SystemMaintenance.Reboot:Scheduled")
    (sent,) = [one for one in ecs.notifications if one["name"].endswith(":Scheduled")]
    (shown,) = reply["SystemEvents"]["SystemEvent"]
    content = json.loads(shown.pop("Content"))
    assert content == sent["content"]
    assert content["eventId"] == event.event_id
    assert shown == {
        "Id": sent["id"],
        "GroupId": "0",
        "InstanceName": "web-1",
        "Level": "CRITICAL",
        "Name": "Instance:SystemMaintenance.Reboot:Scheduled",
        "Product": "ECS",
        "RegionId": "cn-hangzhou",
        "ResourceId": "acs:ecs:cn-hangzhou:1000000000000001:instance/i-web1",
        "Status": "Scheduled",
        "Time": AT,
    }
    assert {key: reply[key] for key in reply if key not in ("SystemEvents", "RequestId")} == {
        "Code": "200",
        "Message": "success",
        "Success": "true",
    }


def test_the_newest_is_listed_first(reboot_history):
    """Every notification is there, from the last to the first."""
    assert names(reboot_history()) == [
        "StateChange",
        "StateChange",
        "StateChange",
        "SystemMaintenance.Reboot:Avoided",
        "SystemMaintenance.Reboot:Scheduled",
    ]


def test_pages(ecs, ask, reboot_history):
    """PageSize is 10 by default; pages follow one another, and one past the end is empty."""
    everything = names(reboot_history())
    for _ in range(4):
        ecs.reboot("i-web1")
    everything = names(reboot_history())
    assert len(everything) > 10
    pages = [names(ask("DescribeSystemEventAttribute", PageNumber=number)) for number in (1, 2, 3)]
    assert pages == [everything[:10], everything[10:20], everything[20:30]]
    assert names(ask("DescribeSystemEventAttribute")) == everything[:10]
    assert names(ask("DescribeSystemEventAttribute", PageNumber=1000)) == []


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"Product": "ecs"}, {"Scheduled", "Avoided", "StateChange"}),
        ({"Product": "Ecs", "EventType": "Maintenance"}, {"Scheduled", "Avoided"}),
        ({"Product": "oss"}, set()),
        ({"EventType": "statusnotification"}, {"StateChange"}),
        ({"Name": "Instance:StateChange"}, {"StateChange"}),
        ({"Name": "instance:statechange"}, set()),
        ({"Level": "Critical"}, {"Scheduled", "Avoided"}),
        ({"Level": "INFO"}, {"StateChange"}),
        ({"Status": "avoided"}, {"Avoided"}),
        ({"Status": "normal"}, {"StateChange"}),
        ({"GroupId": "0"}, {"Scheduled", "Avoided", "StateChange"}),
        ({"GroupId": "12345"}, set()),
        ({"SearchKeywords": "notBefore and Scheduled"}, {"Scheduled"}),
        ({"SearchKeywords": "Scheduled or Avoided"}, {"Scheduled", "Avoided"}),
        ({"SearchKeywords": "Avoided and notBefore OR Stopping"}, {"Avoided", "StateChange"}),
        ({"SearchKeywords": "i-web2"}, set()),
        ({"EndTime": str(AT)}, {"Scheduled"}),
        ({"StartTime": str(AT + 3_600_000), "Level": "CRITICAL"}, {"Avoided"}),
        ({"StartTime": str(AT // 1000 + 3600), "Level": "CRITICAL"}, {"Avoided"}),
        ({"StartTime": str(AT + 1), "EndTime": str(AT + 3_599_999)}, set()),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else str(len(value)),
)
def test_filters(reboot_history, filters, found):
    """Each filter selects its notifications: ends of ranges are included, milliseconds and seconds are understood."""
    assert {name.rpartition(":")[2] for name in names(reboot_history(**filters))} == found


@pytest.mark.parametrize(
    ("action", "params", "message"),
    [
        (
            "DescribeSystemEventAttribute",
            {"PageSize": 101},
            "The specified parameter PageSize is not valid: '101'. It must be a whole number from 1 to 100.",
        ),
        (
            "DescribeSystemEventAttribute",
            {"PageNumber": 0},
            "The specified parameter PageNumber is not valid: '0'. It must be a whole number from 1 to 100000000.",
        ),
        (
            "DescribeSystemEventCount",
            {"Level": "CRITCAL"},
            "The specified parameter Level is not valid: 'CRITCAL'. Allowed values are: CRITICAL, WARN, INFO. Did you mean "
            "CRITICAL?",
        ),
        (
            "DescribeSystemEventHistogram",
            {"StartTime": "2030-01-01"},
            "The specified parameter StartTime is not valid: '2030-01-01'. It must be a Unix time in milliseconds or seconds.",
        ),
        (
            "DescribeSystemEventAttribute",
            {"StartTime": str(AT), "EndTime": str(AT - 1)},
            f"The specified parameter EndTime is not valid: {AT - 1}. It must not lie before StartTime, which is {AT}.",
        ),
    ],
)
def test_what_cannot_be_is_refused(refused, action, params, message):
    """An undocumented value is refused in CloudMonitor's code, which is a guess, with the allowed values."""
    assert refused(action, **params) == (400, "ParameterInvalid", message)


def test_another_account_sees_nothing(ecs, ask, reboot_history):
    """Notifications are those of the caller's account."""
    ecs.access_keys["ak-2"] = "222"
    assert names(ask("DescribeSystemEventAttribute", access_key="ak-2")) == []


def test_all_regions_are_found(ecs, ask):
    """A request in one region returns events of all regions."""
    ecs.instances.add("i-2zeweb2")
    ecs.create("SystemFailure.Reboot", "i-2zeweb2", not_before="+1h")
    (shown,) = ask("DescribeSystemEventAttribute", EventType="Exception")["SystemEvents"]["SystemEvent"]
    assert shown["RegionId"] == "cn-beijing"


def test_what_is_announced_and_reclaimed_is_listed_too(ecs, ask):
    """The history equals `notifications`: everything that CloudMonitor sent, also spot interruptions."""
    ecs.instances.add("i-spot", spot_strategy="SpotAsPriceGo")
    ecs.interrupt("i-spot")
    reply = ask("DescribeSystemEventAttribute", Name="Instance:PreemptibleInstanceInterruption")
    (shown,) = reply["SystemEvents"]["SystemEvent"]
    assert json.loads(shown["Content"]) == {"instanceId": "i-spot", "action": "delete"}
    ecs.announce("Snapshot:CreateSnapshotCompleted", "i-web1")
    (shown,) = ask("DescribeSystemEventAttribute", Name="Snapshot:CreateSnapshotCompleted")["SystemEvents"][
        "SystemEvent"
    ]
    assert shown["ResourceId"].partition(":snapshot/")[1]


# -- DescribeSystemEventCount


def test_notifications_of_one_name_and_resource_are_counted(ecs, ask):
    """Each name of each resource has its number, and the content of the last one."""
    ecs.reboot("i-web1")
    ecs.advance("1h")
    ecs.reboot("i-web1")
    ecs.instances.add("i-web2")
    reply = ask("DescribeSystemEventCount", Name="Instance:StateChange")
    counts = {one["ResourceId"].rpartition("/")[2]: one for one in reply["SystemEventCounts"]["SystemEventCount"]}
    of_web1 = [one for one in ecs.notifications if one["content"].get("resourceId") == "i-web1"]
    assert (counts["i-web1"]["Num"], counts["i-web1"]["Time"]) == (len(of_web1), AT + 3_600_000)
    assert json.loads(counts["i-web1"]["Content"])["state"] == "Running"
    assert (reply["Success"], reply["Code"], "Id" in counts["i-web1"]) == ("true", "200", False)


# -- DescribeSystemEventHistogram


def histogram(ask, **params):
    """Return (start, end, count) of each interval, in seconds from the start of the clock."""
    reply = ask("DescribeSystemEventHistogram", **params)
    return [
        ((one["StartTime"] - AT) // 1000, (one["EndTime"] - AT) // 1000, one["Count"])
        for one in reply["SystemEventHistograms"]["SystemEventHistogram"]
    ]


def test_a_histogram_of_nothing_but_itself_is_that_of_the_sample(ecs, ask):
    """Without a range it has the last 15 minutes in half minutes; the first and last are cut off."""
    ecs.advance("16m44s")
    intervals = histogram(ask)
    assert len(intervals) == 31
    assert intervals[0] == (104, 120, 0)
    assert intervals[1] == (120, 150, 0)
    assert intervals[-1] == (990, 1004, 0)


def test_a_histogram_counts_what_is_in_each_interval(ecs, ask):
    """An interval includes its start; the last one includes its end too."""
    ecs.advance("60s")
    ecs.create("SystemFailure.Reboot", "i-web1", not_before="+1h")
    params = {"StartTime": str(AT + 20_000), "EndTime": str(AT + 60_000), "Level": "CRITICAL"}
    assert histogram(ask, **params) == [(20, 30, 0), (30, 60, 1)]
    params["EndTime"] = str(AT + 60_001)
    assert histogram(ask, **params) == [(20, 30, 0), (30, 60, 0), (60, 60, 1)]


@pytest.mark.parametrize(
    ("span", "first", "number"),
    [("1h", 120, 30), ("25h", 3600, 25), ("30d", 86_400, 30), ("365d", 1_123_200, 29), ("0s", None, 0)],
)
def test_a_long_range_has_longer_intervals(ecs, ask, span, first, number):
    """There are at most 30 whole intervals, even for a year."""
    if span != "0s":
        ecs.advance(span)
    intervals = histogram(ask, StartTime=str(AT))
    assert number <= len(intervals) <= number + 2
    if first:
        start, end, _ = intervals[1]
        assert end - start == first


# -- DescribeSystemEventMetaList


def test_every_name_is_in_the_list_of_names(ecs, ask):
    """Each published name is listed with type, level and status; a name that the test adds is too."""
    ecs.notification_names.add("Instance:VSwitchChanged", level="INFO")
    reply = ask("DescribeSystemEventMetaList")
    rows = {row["Name"]: row for row in reply["Data"]["Resource"]}
    assert set(rows) == set(ecs.notification_names)
    assert rows["Instance:SystemMaintenance.Reboot:Scheduled"] == {
        "Product": "ECS",
        "EventType": "Maintenance",
        "Name": "Instance:SystemMaintenance.Reboot:Scheduled",
        "NameDesc": "Instance:SystemMaintenance.Reboot:Scheduled",
        "NameDesc.En": "Instance:SystemMaintenance.Reboot:Scheduled",
        "Level": "CRITICAL",
        "Status": "Scheduled",
        "StatusDesc": "Scheduled",
    }
    assert (reply["Code"], reply["Success"], reply["Message"]) == (200, True, "success")


# -- SendDryRunSystemEvent


def test_a_dry_run_is_in_no_history(ecs, ask, reboot_history):
    """It answers as documented, and changes nothing."""
    before = names(reboot_history())
    reply = ask("SendDryRunSystemEvent", Product="ecs", EventName="Instance:SystemMaintenance.Reboot:Scheduled")
    assert {key: reply[key] for key in reply if key != "RequestId"} == {
        "Code": "200",
        "Message": "success",
        "Success": "true",
    }
    assert names(reboot_history()) == before
    assert len(ecs.notifications) == len(before)


@pytest.mark.parametrize("content", ["{", "[]", "3", "[" * 100_000], ids=["cut", "list", "number", "deep"])
def test_content_that_is_no_json_object_is_refused(refused, content):
    """Any such content is refused."""
    status, code, message = refused(
        "SendDryRunSystemEvent", {"EventContent": content}, Product="ecs", EventName="Instance:StateChange"
    )
    assert (status, code) == (400, "ParameterInvalid")
    assert message.endswith('It must be a JSON object, such as {"product": "ECS"}.')


def test_an_unknown_name_gets_a_hint_in_the_timeline(ecs, ask):
    """A dry run of an unknown name is accepted, and the timeline has the nearest name."""
    ask("SendDryRunSystemEvent", Product="ecs", EventName="Instance:StateChanged")
    assert "ECS has no notification 'Instance:StateChanged'. Did you mean Instance:StateChange?" in ecs.timeline()


@pytest.mark.parametrize("missing", ["Product", "EventName"])
def test_a_dry_run_needs_product_and_name(refused, missing):
    """If either is missing, the gateway's error for missing parameters is returned."""
    params = {"Product": "ecs", "EventName": "Instance:StateChange"}
    del params[missing]
    assert refused("SendDryRunSystemEvent", **params) == (
        400,
        "MissingParameter",
        f'The input parameter "{missing}" that is mandatory for processing this request is not supplied.',
    )


# -- the API as others are


def test_calls_are_recorded_with_the_product(ecs, ask):
    """The log has Cms, and the timeline counts the results."""
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+2h")
    ask("DescribeSystemEventAttribute", Level="CRITICAL")
    (call,) = ecs.calls_to("DescribeSystemEventAttribute", level="CRITICAL")
    assert (call.product, call.version, call.http_status) == ("Cms", "2019-01-01", 200)
    assert "Cms DescribeSystemEventAttribute(Level=CRITICAL) -> 200, 1 notification" in ecs.timeline()
    ecs.assert_called("DescribeSystemEventAttribute", times=1)


def test_a_fault_meets_an_action_of_cms(ecs, refused):
    """`fail` accepts the known errors of CloudMonitor's actions, and those of all actions."""
    ecs.fail("DescribeSystemEventCount", "AccessForbidden")
    assert refused("DescribeSystemEventCount") == (
        403,
        "AccessForbidden",
        "User not authorized to operate on the specified resource.",
    )
    ecs.fail("PutEventRule", "Throttling.User")
    assert refused("PutEventRule")[1] == "Throttling.User"


def test_an_error_recommends_help_with_the_product(ecs, refused):
    """The page that an error recommends is that of Cms."""
    refused("DescribeSystemEventAttribute", PageSize=0)
    assert "&product=Cms&" in ecs.calls[-1].response["Recommend"]
    assert ecs.calls[-1].response["HostId"] == "metrics.cn-hangzhou.aliyuncs.com"


def test_event_rules_may_be_put_by_put(ecs, call):
    """The actions on rules take the method PUT too; those on events do not."""

    def send(action):
        params = {"Action": action, "Version": "2019-01-01", "Format": "JSON", "AccessKeyId": "ak"}
        return requests.put("http://metrics.cn-hangzhou.aliyuncs.com/", params=params, timeout=5).json()

    assert send("DescribeEventRuleList")["Total"] == 0
    assert send("DescribeSystemEventCount")["Code"] == "UnsupportedHTTPMethod"


def test_an_unknown_action_of_cms_names_the_nearest(ecs, call):
    """A call beyond the list is an error for the author, with what was meant among Cms's own actions."""
    with pytest.raises(UnexpectedCallError) as error:
        call("DescribeSystemEventAttributes", product_host="metrics.cn-hangzhou.aliyuncs.com", version="2019-01-01")
    assert str(error.value).startswith(
        "The handler called DescribeSystemEventAttributes() of Cms, which cannot be answered: Cms has no such action here. "
        "Did you mean DescribeSystemEventAttribute? "
        'ecs_events.stub("Cms", "DescribeSystemEventAttributes", ...) answers it. Supported are: DescribeSystemEventAttribute, '
    )
    ecs.strict -= {"calls"}


def test_an_older_version_of_cms_is_not_answered(ecs, call):
    """Each product has its version."""
    with pytest.raises(UnexpectedCallError, match=r"its version is '2018-03-08'; Cms has 2019-01-01\."):
        call("PutEventRule", product_host="metrics.aliyuncs.com", version="2018-03-08")
    ecs.strict -= {"calls"}


def test_xml_of_cms(ecs):
    """What signs by hand and reads XML gets the same."""
    params = {"Action": "DescribeSystemEventMetaList", "Version": "2019-01-01", "AccessKeyId": "ak"}
    text = requests.get("http://metrics.cn-hangzhou.aliyuncs.com/", params=params, timeout=5).text
    assert "<Resource><Product>ECS</Product>" in text
    assert "<NameDesc.En>" in text
    assert "<Code>200</Code><Success>true</Success>" in text


def test_an_action_of_cms_that_is_faked_needs_no_stub(ecs):
    """A stub of a faked action is refused, by each of the product's names; one of any other is taken."""
    for product in ("Cms", "CloudMonitor", "metrics"):
        with pytest.raises(BadArgumentError) as error:
            ecs.stub(product, "PutEventRule", {})
        assert str(error.value) == (
            "PutEventRule of Cms is faked, and needs no stub. Declare instances and events, or use fail() for errors."
        )
    ecs.stub("Cms", "PutCustomEventRule", {"Success": True}, optional=True)


def test_no_two_products_have_an_action_of_one_name():
    """A test names an action by its name alone."""
    assert len(ACTIONS) == sum(len(product.actions) for product in PRODUCTS.values())


@pytest.mark.filterwarnings("ignore::pytest_ecsevents.UnknownRegionWarning")
def test_a_client_in_a_region_that_the_sdk_does_not_know(ecs):
    """The legacy SDK asks the location service for the endpoint, which says one that is answered as Cms."""
    ecs.instances.add("i-moon", region_id="moon-1")
    client = AcsClient("ak", "secret", "moon-1")
    reply = json.loads(client.do_action_with_exception(request_of("DescribeSystemEventAttribute")))
    assert [seen.product for seen in ecs.calls] == ["location", "Cms"]
    assert reply["Code"] == "200"
