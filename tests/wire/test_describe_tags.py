"""DescribeTags."""

import pytest


def listed(reply):
    """Return (key, value, number of instances) of each tag of a reply."""
    return [
        (one["TagKey"], one["TagValue"], one["ResourceTypeCount"].get("Instance", 0)) for one in reply["Tags"]["Tag"]
    ]


@pytest.fixture
def tagged(ecs_events):
    """Three instances with tags, one without, and one in another account and one in another region."""
    add = ecs_events.instances.add
    add("i-web1", tags={"role": "web", "team": "a"})
    add("i-web2", tags={"role": "web", "team": "b"})
    add("i-db1", tags={"role": "db"})
    add("i-bare")
    add("i-theirs", account_id="222", tags={"role": "theirs"})
    add("i-north", region_id="cn-beijing", tags={"role": "north"})


def test_no_tags(call):
    """An account without tags gets an empty list and a count of zero; pages are of 50."""
    reply = call("DescribeTags")

    assert set(reply) == {"Tags", "PageNumber", "PageSize", "RequestId", "TotalCount"}
    assert reply["Tags"] == {"Tag": []}
    assert (reply["TotalCount"], reply["PageNumber"], reply["PageSize"]) == (0, 1, 50)


def test_every_tag(call, tagged):
    """Each pair of key and value is listed once, with the number of the account's instances in the region."""
    reply = call("DescribeTags")

    assert reply["Tags"]["Tag"] == [
        {"TagKey": "role", "TagValue": "db", "ResourceTypeCount": {"Instance": 1}},
        {"TagKey": "role", "TagValue": "web", "ResourceTypeCount": {"Instance": 2}},
        {"TagKey": "team", "TagValue": "a", "ResourceTypeCount": {"Instance": 1}},
        {"TagKey": "team", "TagValue": "b", "ResourceTypeCount": {"Instance": 1}},
    ]
    assert reply["TotalCount"] == 4


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"Tags": [{"Key": "role"}]}, [("role", "db", 1), ("role", "web", 2)]),
        ({"Tags": [{"Key": "role", "Value": "web"}]}, [("role", "web", 2)]),
        ({"Tags": [{"Key": "role", "Value": "cache"}]}, []),
        (
            {"Tags": [{"Key": "role", "Value": "web"}, {"Key": "team", "Value": "b"}]},
            [("role", "web", 1), ("team", "b", 1)],
        ),
        ({"Tags": [{"Key": "role", "Value": "db"}, {"Key": "team"}]}, []),
        ({"ResourceId": "i-web1"}, [("role", "web", 1), ("team", "a", 1)]),
        ({"ResourceId": "i-web1", "Tags": [{"Key": "team"}]}, [("team", "a", 1)]),
        ({"ResourceId": "i-none"}, []),
        ({"ResourceId": "i-theirs"}, []),
        ({"ResourceType": "instance", "ResourceId": "i-db1"}, [("role", "db", 1)]),
        ({"ResourceType": "securitygroup"}, []),
        ({"Category": "any", "ResourceId": "i-db1"}, [("role", "db", 1)]),
    ],
)
def test_filters(call, tagged, params, found):
    """Each filter narrows the result; a key without a value matches all its values."""
    assert listed(call("DescribeTags", **params)) == found


def test_other_account_and_region(other_account, new_sdk, tagged):
    """Each account sees its own tags, region by region."""
    assert listed(other_account.call("DescribeTags")) == [("role", "theirs", 1)]
    assert listed(new_sdk(region_id="cn-beijing").call("DescribeTags")) == [("role", "north", 1)]


def test_disks(call, ecs_events):
    """Disks count beside instances, and can be selected by their type and id."""
    disk = {"disk_id": "d-data1", "tags": {"role": "web", "kind": "log"}}
    ecs_events.instances.add("i-web1", tags={"role": "web"}, disks=[disk, "d-bare"])

    assert call("DescribeTags")["Tags"]["Tag"] == [
        {"TagKey": "kind", "TagValue": "log", "ResourceTypeCount": {"Disk": 1}},
        {"TagKey": "role", "TagValue": "web", "ResourceTypeCount": {"Instance": 1, "Disk": 1}},
    ]
    for filters in ({"ResourceType": "disk"}, {"ResourceId": "d-data1"}):
        counts = [one["ResourceTypeCount"] for one in call("DescribeTags", **filters)["Tags"]["Tag"]]
        assert counts == [{"Disk": 1}, {"Disk": 1}]
    assert call("DescribeTags", ResourceType="disk", ResourceId="i-web1")["TotalCount"] == 0


def test_tags_of_new_and_released_instances(call, ecs_events):
    """Instances that the handler creates count, released ones no longer do."""
    call("RunInstances", ImageId="m-1", InstanceType="ecs.g7.large", Amount=2, Tags=[{"Key": "role", "Value": "web"}])
    assert listed(call("DescribeTags")) == [("role", "web", 2)]

    for instance in list(ecs_events.instances.values()):
        ecs_events.release(instance)
    assert listed(call("DescribeTags")) == []


def test_pages(call, ecs_events):
    """Pages have the requested size; one past the end is empty."""
    ecs_events.instances.add("i-web1", tags={f"key-{number:03}": "" for number in range(120)})

    page = call("DescribeTags", PageNumber=2, PageSize=100)
    assert [key for key, _, _ in listed(page)] == [f"key-{number:03}" for number in range(100, 120)]
    assert (page["TotalCount"], page["PageNumber"], page["PageSize"]) == (120, 2, 100)
    assert listed(call("DescribeTags", PageNumber=3, PageSize=100)) == []
    assert len(listed(call("DescribeTags"))) == 50


@pytest.mark.parametrize(
    ("params", "refusal"),
    [
        (
            {"ResourceType": "Instance"},
            (404, "InvalidResourceType.NotFound", "The ResourceType provided does not exist in our records."),
        ),
        (
            {"Tags": [{"Key": str(number)} for number in range(21)]},
            (400, "InvalidTagCount", "The specified tags are beyond the permitted range."),
        ),
        (
            {"Tags": [{"Value": "web"}]},
            (
                400,
                "MissingParameter",
                'The input parameter "Tag.N.Key" that is mandatory for processing this request is not supplied.',
            ),
        ),
        (
            {"PageSize": 101},
            (
                403,
                "InvalidParameter",
                "The specified parameter PageSize is not valid: '101'. It must be a whole number from 1 to 100.",
            ),
        ),
    ],
)
def test_what_is_refused(refused, tagged, params, refusal):
    """Each invalid value has its own error."""
    assert refused("DescribeTags", **params) == refusal


def test_twenty_tags_at_once(call, tagged):
    """Up to 20 tags can be passed."""
    assert call("DescribeTags", Tags=[{"Key": str(number)} for number in range(20)])["TotalCount"] == 0


def test_region_is_needed(http):
    """A request without a region is refused."""
    status, body = http({"Action": "DescribeTags"})

    assert (status, body["Code"]) == (400, "MissingParameter")


def test_unknown_region(new_sdk, ecs_events):
    """An unknown region has the common error."""
    refusal = new_sdk(region_id="cn-nowhere").refused("DescribeTags")

    assert (refusal.status, refusal.code) == (404, "InvalidRegionId.NotFound")


def test_the_timeline_counts_tags(call, tagged, ecs_events):
    """The call's line has the number of results."""
    call("DescribeTags", ResourceId="i-web1")

    assert ecs_events.timeline().splitlines()[-1].endswith("DescribeTags(ResourceId=i-web1) -> 200, 2 tags")
