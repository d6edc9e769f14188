"""Rare requests."""

import pytest

from pytest_ecsevents import EcsEvents, UnexpectedCallError
from pytest_ecsevents.rpc._wire import ApiRequest

pytestmark = pytest.mark.usefixtures("ecs")


@pytest.fixture
def ecs():
    """A cloud with two instances with unusual attributes."""
    with EcsEvents("2018-08-22T10:39:49Z") as ecs_events:
        ecs_events.instances.add("i-web1", ipv6_addresses=["2001:db8::1"], resource_group_id="rg-1")
        ecs_events.instances.add("i-web2", private_ip_addresses=[])
        yield ecs_events


def test_impact_level_is_not_public(refused):
    """A filter by ImpactLevel, which is not publicly available, is refused, not ignored."""
    assert refused("DescribeInstanceHistoryEvents", ImpactLevel="100") == (
        403,
        "OperationDenied.NotInWhiteList",
        "The specified parameter ImpactLevel is not publicly available.",
    )


def test_hibernation_needs_to_be_configured(refused, ecs):
    """Stopping into hibernation is refused if no instance has it configured."""
    assert refused("StopInstance", InstanceId="i-web1", Hibernate="true") == (
        403,
        "HibernationConfigured.NotEnabled",
        "The instance hibernation configured option is not enabled.",
    )
    assert ecs.instances["i-web1"].status == "Running"


def test_an_invalid_escape_in_a_list_is_read_with_any_warning_filters(call):
    """Python's str() of a list can contain escapes that Python warns of; it is still a list."""
    assert call("DescribeInstances", InstanceIds=r"['\d']")["TotalCount"] == 0


def test_a_batch_hides_the_status_of_other_accounts_instances(ecs, call):
    """With SuccessFirst an instance of another account is unknown, and so is its status."""
    ecs.instances.add("i-theirs", account_id="222")
    reply = call("RebootInstances", InstanceId__1="i-theirs", InstanceId__2="i-web1", BatchOptimization="SuccessFirst")
    theirs, mine = reply["InstanceResponses"]["InstanceResponse"]
    assert (theirs["Code"], theirs["CurrentStatus"], theirs["PreviousStatus"]) == ("InvalidInstanceId.NotFound", "", "")
    assert mine["Code"] == "200"


def test_an_unknown_hpc_cluster_is_refused(refused):
    """A filter by a cluster without instances has its own error."""
    assert refused("DescribeInstances", HpcClusterId="hpc-1") == (
        400,
        "InvalidHpcClusterId.NotFound",
        "The specified HpcClusterId is not found.",
    )


def test_ipv6_addresses_are_shown_where_they_are_declared(ecs, call):
    """An instance with IPv6 addresses has them on its interface; another has no such key."""
    first, second = call("DescribeInstances")["Instances"]["Instance"]
    assert first["NetworkInterfaces"]["NetworkInterface"][0]["Ipv6Sets"] == {
        "Ipv6Set": [{"Ipv6Address": "2001:db8::1"}]
    }
    assert "Ipv6Sets" not in second["NetworkInterfaces"]["NetworkInterface"][0]
    assert second["VpcAttributes"]["PrivateIpAddress"] == {"IpAddress": []}


@pytest.mark.parametrize(
    "bend", [lambda token: token + "zz", lambda token: token[:8] + "5b5d"], ids=["no hex", "no key"]
)
def test_a_changed_token_is_refused(ecs, call, refused, bend):
    """A token with a valid beginning and an invalid rest is refused like any other."""
    for _ in range(11):
        ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    page = call("DescribeInstanceHistoryEvents", EventCycleStatus="Scheduled", MaxResults="10")
    token = bend(page["NextToken"])
    assert refused("DescribeInstanceHistoryEvents", EventCycleStatus="Scheduled", NextToken=token) == (
        403,
        "InvalidParameter",
        f"The specified parameter NextToken is not valid: {token!r}. It must be a token that the same query returned.",
    )


@pytest.mark.parametrize(
    ("action", "meant"),
    [
        ("RebotInstance", " Did you mean RebootInstance?"),
        ("DescribeInstanceHistoryEvent", " Did you mean DescribeInstanceHistoryEvents?"),
        ("DescribeTasks", ""),  # similar to DescribeTags
        ("DescribeInstanceTypes", ""),
    ],
)
def test_an_action_that_is_not_faked_is_no_slip_of_the_pen(ecs, refused, action, meant):
    """The message for a misspelt action has the nearest; one for another action of the service says it is not faked."""
    ecs.strict = False
    assert refused(action)[1] == "InvalidAction.NotFound"
    hint = ecs.timeline().splitlines()[-1].strip()
    assert hint.startswith(f'Ecs has no such action here.{meant} ecs_events.stub("Ecs", "{action}", ...) answers it.')


def test_a_call_that_cannot_be_answered_has_no_reply(call):
    """The record of an unexpected call has neither status nor reply, but the reason."""
    with pytest.raises(UnexpectedCallError), EcsEvents() as ecs_events:
        call("DescribeZones")
    seen = ecs_events.calls[0]
    assert (seen.http_status, seen.code, seen.response) == (None, None, None)
    assert ecs_events.timeline().splitlines()[1] == " +00:00:00  call      DescribeZones() -> no answer"
    assert ecs_events.timeline().splitlines()[2].startswith(" " * 24 + "Ecs has no such action here.")


def test_an_xml_reply_is_recorded_as_text(ecs):
    """Without Format=JSON the reply is XML, and the record has its text."""
    params = {"Action": "DescribeInstanceStatus", "Version": "2014-05-26", "RegionId": "cn-hangzhou"}
    reply = ecs._parts.gateway(ApiRequest("GET", "ecs.aliyuncs.com", params, {}, "hand-written"))
    assert reply.headers["Content-Type"] == "text/xml;charset=utf-8"
    assert ecs.calls[0].response == reply.body.decode()
    assert ecs.calls[0].response.startswith('<?xml version="1.0" encoding="UTF-8"?><DescribeInstanceStatusResponse>')


def test_a_request_without_an_action_gets_missing_parameter(ecs):
    """Without Action the reply is the provider's MissingParameter, not an error of the plugin."""
    reply = ecs._parts.gateway(ApiRequest("GET", "ecs.aliyuncs.com", {"Format": "JSON"}, {}, "hand-written"))
    assert reply.http_status == 400
    assert (ecs.calls[0].response["Code"], ecs.calls[0].response["Message"]) == (
        "MissingParameter",
        'The input parameter "Action" that is mandatory for processing this request is not supplied.',
    )


def test_the_action_may_stand_in_the_headers(ecs):
    """Action and version can be in x-acs-action and x-acs-version."""
    headers = {"x-acs-action": "DescribeInstances", "x-acs-version": "2014-05-26"}
    reply = ecs._parts.gateway(
        ApiRequest("GET", "ecs.aliyuncs.com", {"RegionId": "cn-hangzhou"}, headers, "hand-written")
    )
    assert reply.http_status == 200
    assert ecs.calls[0].action == "DescribeInstances"
