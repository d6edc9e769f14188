"""DescribeInstanceStatus."""

import re

import pytest


def listed(reply):
    """Return the instance ids of a reply."""
    return [entry["InstanceId"] for entry in reply["InstanceStatuses"]["InstanceStatus"]]


@pytest.fixture
def many(ecs_events):
    """The ids of 55 instances."""
    return {ecs_events.instances.add(f"i-{number:02}").instance_id for number in range(55)}


def test_no_instances(call):
    """An account without instances gets an empty list and a count of zero."""
    reply = call("DescribeInstanceStatus")

    assert set(reply) == {"InstanceStatuses", "PageNumber", "PageSize", "RequestId", "TotalCount"}
    assert reply["InstanceStatuses"] == {"InstanceStatus": []}
    assert (reply["TotalCount"], reply["PageNumber"], reply["PageSize"]) == (0, 1, 10)
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", reply["RequestId"])


@pytest.mark.parametrize("status", ["Running", "Stopped"])
def test_entry(call, ecs_events, status):
    """An entry holds the id and the status, and nothing else."""
    ecs_events.instances.add("i-web1", status=status)

    reply = call("DescribeInstanceStatus")

    assert reply["InstanceStatuses"]["InstanceStatus"] == [{"InstanceId": "i-web1", "Status": status}]


def test_instance_ids(call, many):
    """InstanceId.N lists these instances."""
    reply = call("DescribeInstanceStatus", InstanceIds=["i-07", "i-03"])

    assert set(listed(reply)) == {"i-03", "i-07"}
    assert reply["TotalCount"] == 2


def test_repeated_instance_id(call, many):
    """An id given twice is one instance."""
    assert listed(call("DescribeInstanceStatus", InstanceIds=["i-03", "i-03"])) == ["i-03"]


def test_gap_in_the_list(call, many):
    """A list whose indices have a gap is read as the ids that are there."""
    reply = call("DescribeInstanceStatus", {"InstanceId.3": "i-03", "InstanceId.40": "i-07"})

    assert set(listed(reply)) == {"i-03", "i-07"}


def test_unknown_instance_ids(call, many):
    """Unknown instances are left out without an error."""
    reply = call("DescribeInstanceStatus", InstanceIds=["i-none", "i-03"])

    assert listed(reply) == ["i-03"]
    assert reply["TotalCount"] == 1


def test_hundred_instance_ids(call, many):
    """InstanceId.N takes 100 members."""
    reply = call("DescribeInstanceStatus", InstanceIds=[*(f"i-none{number}" for number in range(99)), "i-03"])

    assert listed(reply) == ["i-03"]


def test_hundred_and_one_instance_ids(refused, many):
    """101 instance ids are refused."""
    refusal = refused("DescribeInstanceStatus", InstanceIds=[f"i-none{number}" for number in range(101)])

    assert refusal == (403, "InvalidParameter.TooManyInstanceIds", "Instance ids cannot be more than 100.")


def test_zone(call, ecs_events):
    """ZoneId lists the instances of that zone."""
    ecs_events.instances.add("i-a", zone_id="cn-hangzhou-k")
    ecs_events.instances.add("i-b", zone_id="cn-hangzhou-h")

    reply = call("DescribeInstanceStatus", ZoneId="cn-hangzhou-k")

    assert listed(reply) == ["i-a"]
    assert reply["TotalCount"] == 1


def test_unknown_zone(refused, web1):
    """A zone that does not exist is refused."""
    refusal = refused("DescribeInstanceStatus", ZoneId="mars-1")

    assert refusal == (404, "InvalidZoneId.NotFound", "The ZoneId provided does not exist in our records.")


def test_zone_and_ids(call, ecs_events):
    """The filters are ANDed."""
    ecs_events.instances.add("i-a", zone_id="cn-hangzhou-k")
    ecs_events.instances.add("i-b", zone_id="cn-hangzhou-h")

    assert listed(call("DescribeInstanceStatus", ZoneId="cn-hangzhou-k", InstanceIds=["i-b"])) == []


def test_cluster(call, ecs_events):
    """ClusterId, deprecated, lists the instances of that cluster."""
    ecs_events.instances.add("i-a", cluster_id="c-1")
    ecs_events.instances.add("i-b", cluster_id="c-2")

    assert listed(call("DescribeInstanceStatus", ClusterId="c-1")) == ["i-a"]


def test_first_page_by_default(call, many):
    """Without paging parameters ten instances are returned, with the total."""
    reply = call("DescribeInstanceStatus")

    assert len(listed(reply)) == 10
    assert (reply["PageNumber"], reply["PageSize"], reply["TotalCount"]) == (1, 10, 55)


@pytest.mark.parametrize("size", [1, 7, 10, 49, 50])
def test_all_pages(call, many, size):
    """The pages together hold every instance once."""
    seen = []
    for number in range(1, -(-55 // size) + 1):
        reply = call("DescribeInstanceStatus", PageNumber=number, PageSize=size)
        assert (reply["PageNumber"], reply["PageSize"], reply["TotalCount"]) == (number, size, 55)
        seen += listed(reply)

    assert len(seen) == 55
    assert set(seen) == many


def test_page_past_the_end(call, many):
    """A page past the end is empty and has the true count."""
    reply = call("DescribeInstanceStatus", PageNumber=3, PageSize=50)

    assert listed(reply) == []
    assert reply["TotalCount"] == 55


@pytest.mark.parametrize("size", [0, -1, 51, 100, "ten"])
def test_page_size_out_of_range(refused, many, size):
    """PageSize outside 1 to 50 is refused with a message that names it."""
    refusal = refused("DescribeInstanceStatus", PageSize=size)

    assert refusal[:2] == (403, "InvalidParameter")
    assert "PageSize" in refusal.message


@pytest.mark.parametrize("number", [0, -1, "two"])
def test_page_number_out_of_range(refused, many, number):
    """PageNumber below 1 is refused with a message that names it."""
    refusal = refused("DescribeInstanceStatus", PageNumber=number)

    assert refusal[:2] == (403, "InvalidParameter")
    assert "PageNumber" in refusal.message


def test_other_account(other_account, ecs_events, web1):
    """An account sees its own instances only."""
    ecs_events.instances.add("i-theirs", account_id="222")

    assert listed(other_account.call("DescribeInstanceStatus")) == ["i-theirs"]
    assert listed(other_account.call("DescribeInstanceStatus", InstanceIds=["i-web1"])) == []


def test_other_region(new_sdk, ecs_events, web1):
    """A region's instances are found under its RegionId only."""
    ecs_events.instances.add("i-north", region_id="cn-beijing")

    assert listed(new_sdk(region_id="cn-beijing").call("DescribeInstanceStatus")) == ["i-north"]


def test_released_instance(call, ecs_events, web1):
    """A released instance is gone."""
    ecs_events.release(web1)

    assert listed(call("DescribeInstanceStatus", InstanceIds=[web1])) == []
