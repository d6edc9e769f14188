"""TagResources, UntagResources and ListTagResources."""

import pytest


@pytest.fixture
def two(ecs_events):
    """Two instances; the first has a tag and a disk with one."""
    disk = {"disk_id": "d-1", "tags": {"role": "data"}}
    first = ecs_events.instances.add("i-a", tags={"role": "web"}, disks=[disk])
    return first, ecs_events.instances.add("i-b")


def tags(*pairs):
    """Return the parameters of tags."""
    return {
        f"Tag.{n}.{kind}": word
        for n, pair in enumerate(pairs, 1)
        for kind, word in zip(("Key", "Value"), pair, strict=False)
    }


def of(*ids, kind="instance", **params):
    """Return the parameters that name resources."""
    return {"ResourceType": kind, **{f"ResourceId.{n}": one for n, one in enumerate(ids, 1)}, **params}


def listed(reply):
    """Return what a reply lists: ids, keys and values."""
    rows = reply["TagResources"]["TagResource"]
    return [(row["ResourceId"], row["TagKey"], row["TagValue"]) for row in rows]


# -- TagResources


def test_instances_get_tags(call, two):
    """Each gets all of them; a tag replaces the one with its key."""
    call("TagResources", {**of("i-a", "i-b"), **tags(("role", "db"), ("drained",))})
    assert [dict(one.tags) for one in two] == [{"role": "db", "drained": ""}] * 2
    assert [tag["TagKey"] for tag in call("DescribeInstances")["Instances"]["Instance"][0]["Tags"]["Tag"]] == [
        "role",
        "drained",
    ]


def test_new_tags_count_in_filters(call, ecs_events, two):
    """The queries of events and instances find them at once."""
    ecs_events.create("SystemMaintenance.Reboot", "i-b", not_before="+1h")
    call("TagResources", {**of("i-b"), **tags(("team", "ops"))})
    reply = call("DescribeInstanceHistoryEvents", {"InstanceEventCycleStatus.1": "Scheduled", **tags(("team", "ops"))})
    assert [one["InstanceId"] for one in reply["InstanceSystemEventSet"]["InstanceSystemEventType"]] == ["i-b"]


@pytest.mark.parametrize("place", [0, 1])
def test_disks_get_tags(call, two, place):
    """The system disk, which was never declared, too; the others keep theirs."""
    disks = two[0].disks
    call("TagResources", {**of(disks[place].disk_id, kind="disk"), **tags(("team", "ops"))})
    expected = [{}, {"role": "data"}]
    expected[place] = {**expected[place], "team": "ops"}
    assert [dict(one.tags) for one in two[0].disks] == expected
    assert [one.disk_id for one in two[0].disks] == [one.disk_id for one in disks]


@pytest.mark.parametrize(
    ("params", "refusal"),
    [
        ({**of("i-a", "i-none"), **tags(("k", "v"))}, (404, "InvalidResourceId.NotFound")),
        ({**of("i-a", kind="disk"), **tags(("k", "v"))}, (404, "InvalidResourceId.NotFound")),
        ({**of("s-1", kind="snapshot"), **tags(("k", "v"))}, (404, "InvalidResourceId.NotFound")),
        ({**of("i-a", kind="house"), **tags(("k", "v"))}, (404, "InvalidResourceType.NotFound")),
        ({**of("i-a", kind=""), **tags(("k", "v"))}, (404, "MissingParameter.ResourceType")),
        ({**of(), **tags(("k", "v"))}, (404, "InvalidResourceId.NotFound")),
        ({**of(*(f"i-{n}" for n in range(51))), **tags(("k", "v"))}, (400, "NumberExceed.ResourceIds")),
        (of("i-a"), (404, "MissingParameter.Tags")),
        ({**of("i-a"), **tags(*((f"k{n}", "v") for n in range(21)))}, (400, "NumberExceed.Tags")),
        ({**of("i-a"), **tags(*((f"k{n}", "v") for n in range(20)))}, (400, "OperationDenied.QuotaExceed")),
        ({**of("i-a"), **tags(("k", "v"), ("k", "w"))}, (400, "Duplicate.TagKey")),
        ({**of("i-a"), **tags(("acs:k", "v"))}, (400, "InvalidTagKey.Malformed")),
        ({**of("i-a"), **tags(("k", "http://v"))}, (400, "InvalidTagValue.Malformed")),
    ],
)
def test_what_is_refused(refused, two, params, refusal):
    """Nothing gets a tag then."""
    assert refused("TagResources", params)[:2] == refusal
    assert [dict(one.tags) for one in two] == [{"role": "web"}, {}]


# -- UntagResources


@pytest.mark.parametrize(
    ("params", "left"),
    [
        ({"TagKey.1": "role", "TagKey.2": "none"}, {"team": "ops"}),
        ({"TagKey.1": "role", "All": "true"}, {"team": "ops"}),
        ({"All": "true"}, {}),
    ],
)
def test_tags_are_removed(call, ecs_events, params, left):
    """By their keys, or all; All has no effect beside keys."""
    instance = ecs_events.instances.add("i-c", tags={"role": "web", "team": "ops"})
    call("UntagResources", {**of("i-c"), **params})
    assert dict(instance.tags) == left


def test_something_must_be_removed(refused, two):
    """Neither keys nor All is an error."""
    assert refused("UntagResources", of("i-a"))[:2] == (404, "MissingParameter.Tags")
    assert refused("UntagResources", {**of("i-none"), "All": "true"})[:2] == (404, "InvalidResourceId.NotFound")
    assert refused("UntagResources", {**of("i-a"), "All": "perhaps"})[:2] == (403, "InvalidParameter")


# -- ListTagResources

WEB, DATA = ("i-a", "role", "web"), ("d-1", "role", "data")


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        (of("i-a", "i-b"), [WEB]),
        (of("i-b", "i-none"), []),
        (of(**tags(("role",))), [WEB]),
        (of(**tags(("role", "web"))), [WEB]),
        (of(**tags(("role", "db"))), []),
        (of("i-b", **tags(("role",))), []),
        (of(**{"TagFilter.1.TagKey": "ro*"}), [WEB]),
        (of(**{"TagFilter.1.TagKey": "*ol*"}), [WEB]),
        (of(**{"TagFilter.1.TagKey": "rol"}), []),
        (of(**{"TagFilter.1.TagKey": "rol?"}), []),
        (
            of(**{"TagFilter.1.TagKey": "role", "TagFilter.1.TagValues.1": "d*", "TagFilter.1.TagValues.2": "we*"}),
            [WEB],
        ),
        (of(**{"TagFilter.1.TagKey": "role", "TagFilter.2.TagKey": "team"}), []),
        (of("d-1", kind="disk"), [DATA]),
        (of(kind="disk", **tags(("role",))), [DATA]),
        (of("s-1", kind="snapshot"), []),
    ],
)
def test_listing(call, two, params, expected):
    """All that is sent must fit; only the tags that were asked for are listed."""
    assert listed(call("ListTagResources", params)) == expected


def test_only_the_wanted_tags_of_a_resource_are_listed(call, ecs_events):
    """The others are left out."""
    ecs_events.instances.add("i-c", tags={"role": "web", "team": "ops"})
    assert listed(call("ListTagResources", of(**tags(("team",))))) == [("i-c", "team", "ops")]
    assert listed(call("ListTagResources", of(**{"TagFilter.1.TagKey": "t*"}))) == [("i-c", "team", "ops")]


def test_pages(call, ecs_events):
    """Fifty tags are on a page."""
    for number in range(6):
        ecs_events.instances.add(f"i-{number}", tags={f"k{n}": str(number) for n in range(10)})
    ids = of(*(f"i-{number}" for number in range(6)))
    first = call("ListTagResources", ids)
    second = call("ListTagResources", {**ids, "NextToken": first["NextToken"]})
    assert (len(listed(first)), len(listed(second)), second["NextToken"]) == (50, 10, "")
    assert len({*listed(first), *listed(second)}) == 60


@pytest.mark.parametrize(
    ("params", "refusal"),
    [
        (of(), (404, "MissingParameter.Tags")),
        (of(**{"Tag.1.Value": "web"}), (400, "InvalidTag.Mismatch")),
        (of(**tags(("role",)), **{"TagFilter.1.TagKey": "role"}), (400, "InvalidTag.Mismatch")),
        (of(**{f"TagFilter.{n}.TagKey": "role" for n in range(1, 7)}), (400, "NumberExceed.Tags")),
        (of("i-a", NextToken="wrong"), (403, "InvalidParameter")),
    ],
)
def test_what_cannot_be_listed(refused, two, params, refusal):
    """The filters must be complete."""
    assert refused("ListTagResources", params)[:2] == refusal
