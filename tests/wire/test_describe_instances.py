"""DescribeInstances."""

import json
import re

import pytest

KEYS = {
    "AutoReleaseTime",
    "ClusterId",
    "Cpu",
    "CpuOptions",
    "CreationTime",
    "CreditSpecification",
    "DedicatedInstanceAttribute",
    "DeletionProtection",
    "DeploymentSetId",
    "Description",
    "DeviceAvailable",
    "EipAddress",
    "ExpiredTime",
    "GPUAmount",
    "GPUSpec",
    "HibernationOptions",
    "HostName",
    "ImageId",
    "ImageOptions",
    "InnerIpAddress",
    "InstanceChargeType",
    "InstanceId",
    "InstanceName",
    "InstanceNetworkType",
    "InstanceType",
    "InstanceTypeFamily",
    "InternetChargeType",
    "InternetMaxBandwidthIn",
    "InternetMaxBandwidthOut",
    "IoOptimized",
    "Memory",
    "MetadataOptions",
    "NetworkInterfaces",
    "OSName",
    "OSNameEn",
    "OSType",
    "OperationLocks",
    "PublicIpAddress",
    "Recyclable",
    "RegionId",
    "ResourceGroupId",
    "SaleCycle",
    "SecurityGroupIds",
    "SerialNumber",
    "SpotPriceLimit",
    "SpotStrategy",
    "StartTime",
    "Status",
    "StoppedMode",
    "VlanId",
    "VpcAttributes",
    "ZoneId",
}


def listed(reply):
    """Return the instance ids of a reply."""
    return [instance["InstanceId"] for instance in reply["Instances"]["Instance"]]


@pytest.fixture
def ids(call):
    """Query instances; it returns their ids as a set."""

    def query(raw=None, **params):
        reply = call("DescribeInstances", raw, **params)
        assert reply["TotalCount"] == len(listed(reply)) == len(set(listed(reply)))
        return set(listed(reply))

    return query


# -- the reply


def test_no_instances(call):
    """An account without instances gets an empty list and a count of zero."""
    reply = call("DescribeInstances")

    assert reply["Instances"] == {"Instance": []}
    assert (reply["TotalCount"], reply["PageNumber"], reply["PageSize"]) == (0, 1, 10)
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", reply["RequestId"])


def test_entry_has_every_key(call, web1):
    """An instance has all the keys of a reply of the real service."""
    (instance,) = call("DescribeInstances")["Instances"]["Instance"]

    assert set(instance) >= KEYS


def test_entry(call, web1):
    """The values of an instance have the types of the real service."""
    (instance,) = call("DescribeInstances")["Instances"]["Instance"]

    assert instance["InstanceId"] == "i-web1"
    assert instance["RegionId"] == "cn-hangzhou"
    assert instance["Status"] == "Running"
    assert instance["InstanceNetworkType"] == "vpc"
    assert instance["IoOptimized"] is True
    assert instance["OperationLocks"] == {"LockReason": []}
    assert isinstance(instance["Cpu"], int)
    assert isinstance(instance["Memory"], int)
    assert isinstance(instance["SecurityGroupIds"]["SecurityGroupId"], list)
    assert isinstance(instance["VpcAttributes"]["PrivateIpAddress"]["IpAddress"], list)
    assert isinstance(instance["PublicIpAddress"]["IpAddress"], list)
    assert set(instance["EipAddress"]) == {"AllocationId", "IpAddress", "InternetChargeType"}
    assert set(instance["VpcAttributes"]) == {"PrivateIpAddress", "VpcId", "VSwitchId", "NatIpAddress"}


@pytest.mark.parametrize("name", ["CreationTime", "StartTime", "ExpiredTime"])
def test_minute_precision(call, ecs_events, web1, name):
    """Times of this action have no seconds."""
    ecs_events.advance(hours=1, minutes=2, seconds=3)
    ecs_events.stop(web1)
    ecs_events.start(web1)

    (instance,) = call("DescribeInstances")["Instances"]["Instance"]

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", instance[name])


def test_attributes(call, ecs_events):
    """Declared attributes have the names of the real service."""
    ecs_events.instances.add(
        "i-web1",
        instance_name="web",
        zone_id="cn-hangzhou-k",
        instance_type="ecs.g7.large",
        private_ip_addresses=["10.0.0.1"],
        public_ip_addresses=["1.2.3.4"],
        security_group_ids=["sg-1", "sg-2"],
        vpc_id="vpc-1",
        vswitch_id="vsw-1",
    )

    (instance,) = call("DescribeInstances")["Instances"]["Instance"]

    assert instance["InstanceName"] == "web"
    assert instance["ZoneId"] == "cn-hangzhou-k"
    assert instance["InstanceType"] == "ecs.g7.large"
    assert instance["VpcAttributes"]["PrivateIpAddress"] == {"IpAddress": ["10.0.0.1"]}
    assert instance["VpcAttributes"]["VpcId"] == "vpc-1"
    assert instance["VpcAttributes"]["VSwitchId"] == "vsw-1"
    assert instance["PublicIpAddress"] == {"IpAddress": ["1.2.3.4"]}
    assert instance["SecurityGroupIds"] == {"SecurityGroupId": ["sg-1", "sg-2"]}


@pytest.mark.parametrize(("limit", "kind"), [(1, int), (1.0, int), (0.5, float)])
def test_spot_price_limit(call, ecs_events, limit, kind):
    """A whole price is a number without a point, as in captured replies, however it was declared."""
    ecs_events.instances.add("i-web1", spot_price_limit=limit)

    price = call("DescribeInstances")["Instances"]["Instance"][0]["SpotPriceLimit"]

    assert (price, type(price)) == (limit, kind)


def test_an_elastic_address(call, ecs_events):
    """An instance with an EIP has its id, bandwidth, billing and whether it can be taken away; the id is the address's."""
    ecs_events.instances.add("i-web1", eip_address="203.0.113.7")
    ecs_events.instances.add(
        "i-web2",
        eip_address="203.0.113.8",
        eip_allocation_id="eip-2",
        eip_bandwidth=100,
        eip_internet_charge_type="PayByBandwidth",
        eip_is_support_unassociate=False,
    )

    one, other = (instance["EipAddress"] for instance in call("DescribeInstances")["Instances"]["Instance"])

    assert re.fullmatch(r"eip-bp1[0-9a-f]{17}", one.pop("AllocationId"))
    assert one == {
        "IpAddress": "203.0.113.7",
        "InternetChargeType": "PayByTraffic",
        "Bandwidth": 5,
        "IsSupportUnassociate": True,
    }
    assert other == {
        "AllocationId": "eip-2",
        "IpAddress": "203.0.113.8",
        "InternetChargeType": "PayByBandwidth",
        "Bandwidth": 100,
        "IsSupportUnassociate": False,
    }


OPTIONAL = {
    "AdditionalInfo",
    "ClockOptions",
    "DeploymentSetGroupNo",
    "HpcClusterId",
    "ISP",
    "KeyPairName",
    "LocalStorageAmount",
    "LocalStorageCapacity",
    "PrivateDnsNameOptions",
    "RdmaIpAddress",
    "SecurityOptions",
}


def test_what_is_not_set_is_left_out(call, ecs_events):
    """Members that no captured reply has are there only where they are set."""
    ecs_events.instances.add("i-plain")
    ecs_events.instances.add(
        "i-full",
        enable_high_density_mode=True,
        ptp_status="enabled",
        deployment_set_group_no=3,
        hpc_cluster_id="hpc-1",
        isp="BGP",
        key_pair_name="key-1",
        local_storage_amount=2,
        local_storage_capacity=1788,
        enable_ip_dns_a_record=True,
        rdma_ip_addresses=["10.0.0.9"],
        enable_secure_boot=True,
    )

    plain, full = call("DescribeInstances")["Instances"]["Instance"]

    assert OPTIONAL & set(plain) == set()
    assert set(full) - set(plain) == OPTIONAL
    assert (full["ISP"], full["LocalStorageAmount"], full["LocalStorageCapacity"]) == ("BGP", 2, 1788)
    assert full["AdditionalInfo"] == {"EnableHighDensityMode": True}
    assert full["PrivateDnsNameOptions"]["EnableIpDnsARecord"] is True


def test_tags_of_an_entry(call, ecs_events):
    """Tags have TagKey and TagValue."""
    ecs_events.instances.add("i-web1", tags={"env": "prod"})

    (instance,) = call("DescribeInstances")["Instances"]["Instance"]

    assert instance["Tags"] == {"Tag": [{"TagKey": "env", "TagValue": "prod"}]}


@pytest.mark.parametrize("reason", ["financial", "security", "Recycling"])
def test_locks_of_an_entry(call, ecs_events, reason):
    """Locks are a list of reasons."""
    ecs_events.instances.add("i-web1", operation_locks=[reason])

    (instance,) = call("DescribeInstances")["Instances"]["Instance"]

    assert [lock["LockReason"] for lock in instance["OperationLocks"]["LockReason"]] == [reason]


@pytest.mark.parametrize("status", ["Running", "Stopped"])
def test_status_of_an_entry(call, ecs_events, status):
    """An instance has the status that it was declared with."""
    ecs_events.instances.add("i-web1", status=status)

    assert call("DescribeInstances")["Instances"]["Instance"][0]["Status"] == status


# -- InstanceIds


@pytest.fixture
def three(ecs_events):
    """The ids of three instances."""
    return [ecs_events.instances.add(name).instance_id for name in ("i-a", "i-b", "i-c")]


@pytest.mark.parametrize("write", [json.dumps, str], ids=["json", "single-quotes"])
@pytest.mark.parametrize("wanted", [["i-a"], ["i-a", "i-c"], ["i-a", "i-b", "i-c"]], ids=len)
def test_instance_ids(ids, three, write, wanted):
    """InstanceIds is a JSON array, or the same as Python writes it."""
    assert ids(InstanceIds=write(wanted)) == set(wanted)


@pytest.mark.parametrize("text", ["[]", "[ ]"])
def test_empty_array(call, three, text):
    """An empty array is a filter that lets nothing pass."""
    reply = call("DescribeInstances", InstanceIds=text)

    assert reply["Instances"] == {"Instance": []}
    assert reply["TotalCount"] == 0


def test_unknown_instance_ids(ids, three):
    """Unknown instances are left out without an error."""
    assert ids(InstanceIds='["i-none"]') == set()
    assert ids(InstanceIds='["i-none", "i-b"]') == {"i-b"}


def test_repeated_instance_id(ids, three):
    """An id given twice is one instance."""
    assert ids(InstanceIds='["i-b", "i-b"]') == {"i-b"}


def test_hundred_instance_ids(ids, three):
    """InstanceIds takes 100 ids."""
    assert ids(InstanceIds=json.dumps([*(f"i-{number}" for number in range(99)), "i-b"])) == {"i-b"}


def test_hundred_and_one_instance_ids(refused, three):
    """101 instance ids are refused."""
    refusal = refused("DescribeInstances", InstanceIds=json.dumps([f"i-{number}" for number in range(101)]))

    assert refusal[:2] == (403, "InvalidParameter")


@pytest.mark.parametrize("text", ["i-a", "i-a,i-b", '{"a": 1}', '["i-a"', "[1]", '[["i-a"]]'])
def test_instance_ids_that_are_no_array(refused, three, text):
    """InstanceIds that is no array of strings is refused with a message that names it."""
    refusal = refused("DescribeInstances", InstanceIds=text)

    assert refusal[:2] == (403, "InvalidParameter")
    assert "InstanceIds" in refusal.message


# -- other filters

PAIRS = [
    ("ZoneId", "zone_id", ("cn-hangzhou-k", "cn-hangzhou-h")),
    ("VpcId", "vpc_id", ("vpc-1", "vpc-2")),
    ("VSwitchId", "vswitch_id", ("vsw-1", "vsw-2")),
    ("InstanceType", "instance_type", ("ecs.g7.large", "ecs.g6.large")),
    ("InstanceTypeFamily", "instance_type_family", ("ecs.g7", "ecs.g6")),
    ("ImageId", "image_id", ("m-1", "m-2")),
    ("KeyPairName", "key_pair_name", ("key-1", "key-2")),
    ("ResourceGroupId", "resource_group_id", ("rg-1", "rg-2")),
    ("InstanceChargeType", "instance_charge_type", ("PrePaid", "PostPaid")),
    ("InternetChargeType", "internet_charge_type", ("PayByBandwidth", "PayByTraffic")),
    ("InstanceNetworkType", "instance_network_type", ("classic", "vpc")),
    ("InstanceName", "instance_name", ("web", "db")),
]


@pytest.mark.parametrize(("parameter", "attribute", "values"), PAIRS, ids=[pair[0] for pair in PAIRS])
def test_filter(ids, ecs_events, parameter, attribute, values):
    """Each filter lists the instances that have its value."""
    mine, other = values
    ecs_events.instances.add("i-a", **{attribute: mine})
    ecs_events.instances.add("i-b", **{attribute: other})

    assert ids(**{parameter: mine}) == {"i-a"}
    assert ids(**{parameter: other}) == {"i-b"}


@pytest.mark.parametrize("parameter", ["ZoneId", "VpcId", "VSwitchId", "InstanceType", "ImageId", "KeyPairName"])
def test_filter_without_a_match(call, three, parameter):
    """A value that no instance has returns an empty list and is no error."""
    reply = call("DescribeInstances", **{parameter: "nobody"})

    assert reply["Instances"] == {"Instance": []}
    assert reply["TotalCount"] == 0


@pytest.mark.parametrize("status", ["Running", "Stopped"])
def test_status(ids, ecs_events, status):
    """Status lists the instances in that status."""
    ecs_events.instances.add("i-Running")
    ecs_events.instances.add("i-Stopped", status="Stopped")

    assert ids(Status=status) == {f"i-{status}"}


@pytest.mark.parametrize("status", ["Pending", "Starting", "Stopping"])
def test_passing_statuses(ids, three, status):
    """Statuses that instances only pass through can be used in a filter."""
    assert ids(Status=status) == set()


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("web-1", {"i-a"}),
        ("web-*", {"i-a", "i-b"}),
        ("*-1", {"i-a", "i-c"}),
        ("*", {"i-a", "i-b", "i-c"}),
        ("w*1", {"i-a"}),
        ("web", set()),
        ("web-?", set()),
        ("[w]eb-1", set()),
    ],
    ids=lambda value: value if isinstance(value, str) else len(value),
)
def test_instance_name_wildcard(ids, ecs_events, pattern, found):
    """InstanceName matches in full; `*` stands for any text, and no other character is special."""
    for instance_id, name in {"i-a": "web-1", "i-b": "web-2", "i-c": "db-1"}.items():
        ecs_events.instances.add(instance_id, instance_name=name)

    assert ids(InstanceName=pattern) == found


def test_security_group(ids, ecs_events):
    """SecurityGroupId lists the instances that are in that group among others."""
    ecs_events.instances.add("i-a", security_group_ids=["sg-1", "sg-2"])
    ecs_events.instances.add("i-b", security_group_ids=["sg-3"])

    assert ids(SecurityGroupId="sg-2") == {"i-a"}
    assert ids(SecurityGroupId="sg-3") == {"i-b"}


@pytest.mark.parametrize("write", [json.dumps, str], ids=["json", "single-quotes"])
@pytest.mark.parametrize(
    ("parameter", "attribute"),
    [
        ("PrivateIpAddresses", "private_ip_addresses"),
        ("PublicIpAddresses", "public_ip_addresses"),
        ("InnerIpAddresses", "inner_ip_addresses"),
    ],
)
def test_addresses(ids, ecs_events, parameter, attribute, write):
    """The address filters are arrays, and list the instances that have any of them."""
    for name, address in {"i-a": "10.0.0.1", "i-b": "10.0.0.2", "i-c": "10.0.0.3"}.items():
        ecs_events.instances.add(name, **{attribute: [address]})

    assert ids(**{parameter: write(["10.0.0.1"])}) == {"i-a"}
    assert ids(**{parameter: write(["10.0.0.1", "10.0.0.3"])}) == {"i-a", "i-c"}
    assert ids(**{parameter: write(["10.9.9.9"])}) == set()


def test_eip_addresses(ids, ecs_events):
    """EipAddresses lists the instances that have any of these elastic addresses."""
    ecs_events.instances.add("i-a", eip_address="47.1.1.1")
    ecs_events.instances.add("i-b", eip_address="47.1.1.2")

    assert ids(EipAddresses='["47.1.1.2"]') == {"i-b"}


def test_hundred_and_one_addresses(refused, three):
    """An address filter takes no more than 100 members."""
    text = json.dumps([f"10.0.0.{number}" for number in range(101)])

    assert refused("DescribeInstances", PrivateIpAddresses=text)[:2] == (403, "InvalidParameter")


@pytest.mark.parametrize("flag", ["true", "TRUE", True])
def test_io_optimized(ids, ecs_events, flag):
    """IoOptimized is a boolean in any case."""
    ecs_events.instances.add("i-a", io_optimized=True)
    ecs_events.instances.add("i-b", io_optimized=False)

    assert ids(IoOptimized=flag) == {"i-a"}


def test_io_optimized_false(ids, ecs_events):
    """IoOptimized=false lists the others."""
    ecs_events.instances.add("i-a", io_optimized=True)
    ecs_events.instances.add("i-b", io_optimized=False)

    assert ids(IoOptimized="false") == {"i-b"}


def test_lock_reason(ids, ecs_events):
    """LockReason lists the instances that are locked for that reason."""
    ecs_events.instances.add("i-a", operation_locks=["security"])
    ecs_events.instances.add("i-b", operation_locks=["financial"])
    ecs_events.instances.add("i-c")

    assert ids(LockReason="security") == {"i-a"}


def test_hpc_cluster(ids, ecs_events):
    """HpcClusterId lists the instances of that cluster."""
    ecs_events.instances.add("i-a", hpc_cluster_id="hpc-1")
    ecs_events.instances.add("i-b")

    assert ids(HpcClusterId="hpc-1") == {"i-a"}


def test_http_options(ids, ecs_events):
    """HttpEndpoint and HttpTokens list the instances with that metadata option."""
    ecs_events.instances.add("i-a", http_endpoint="enabled", http_tokens="required")
    ecs_events.instances.add("i-b", http_endpoint="disabled", http_tokens="optional")

    assert ids(HttpEndpoint="enabled") == {"i-a"}
    assert ids(HttpTokens="optional") == {"i-b"}


def test_rdma_addresses(ids, ecs_events):
    """RdmaIpAddresses lists the instances that have any of these addresses."""
    ecs_events.instances.add("i-a", rdma_ip_addresses=["10.1.0.1"])
    ecs_events.instances.add("i-b", rdma_ip_addresses=["10.1.0.2"])

    assert ids(RdmaIpAddresses='["10.1.0.2"]') == {"i-b"}


@pytest.fixture
def tagged(ecs_events):
    """Three instances with tags."""
    ecs_events.instances.add("i-a", tags={"env": "prod", "tier": "web"})
    ecs_events.instances.add("i-b", tags={"env": "prod", "tier": "db"})
    ecs_events.instances.add("i-c")


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ([{"Key": "env", "Value": "prod"}], {"i-a", "i-b"}),
        ([{"Key": "env", "Value": "prod"}, {"Key": "tier", "Value": "db"}], {"i-b"}),
        ([{"Key": "tier"}], {"i-a", "i-b"}),
        ([{"Key": "env", "Value": "test"}], set()),
        ([{"Key": "none"}], set()),
    ],
    ids=["one", "both", "key-alone", "other-value", "other-key"],
)
def test_tags(ids, tagged, tags, found):
    """Tag.N lists the instances that have all these tags."""
    assert ids(Tags=tags) == found


def test_tags_with_small_names(ids, tagged):
    """Tag.N.key and Tag.N.value are read too."""
    assert ids({"Tag.1.key": "tier", "Tag.1.value": "db"}) == {"i-b"}


def test_gap_in_the_tags(ids, tagged):
    """Tags whose indices have a gap are read as those that are there."""
    assert ids({"Tag.2.Key": "env", "Tag.2.Value": "prod", "Tag.9.Key": "tier", "Tag.9.Value": "db"}) == {"i-b"}


def test_tags_limit(ids, refused, tagged):
    """20 tags are taken, 21 are refused."""
    tags = [{"Key": f"k{number}", "Value": "v"} for number in range(21)]

    assert ids(Tags=tags[:20]) == set()
    assert refused("DescribeInstances", Tags=tags) == (
        400,
        "InvalidTagCount",
        "The specified tags are beyond the permitted range.",
    )


def test_tag_value_without_key(refused, tagged):
    """A tag's value without its key is refused."""
    assert refused("DescribeInstances", {"Tag.1.Value": "prod"}) == (
        400,
        "InvalidTag.Mismatch",
        "The specified Tag.n.Key and Tag.n.Value are not match.",
    )


@pytest.fixture
def aged(ecs_events):
    """Two instances created at 00:00 and 02:00."""
    ecs_events.instances.add("i-old", expired_time="2031-01-01T00:00Z")
    ecs_events.advance(hours=2)
    ecs_events.instances.add("i-new", expired_time="2032-01-01T00:00Z")


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([("CreationStartTime", "2030-01-01T01:00Z")], {"i-new"}),
        ([("CreationStartTime", "2030-01-01T02:00Z")], {"i-new"}),
        ([("CreationStartTime", "2030-01-01T02:01Z")], set()),
        ([("CreationEndTime", "2030-01-01T01:00Z")], {"i-old"}),
        ([("CreationEndTime", "2030-01-01T00:00Z")], {"i-old"}),
        ([("CreationStartTime", "2030-01-01T00:00Z"), ("CreationEndTime", "2030-01-01T02:00Z")], {"i-old", "i-new"}),
        ([("ExpiredStartTime", "2031-06-01T00:00Z")], {"i-new"}),
        ([("ExpiredEndTime", "2031-06-01T00:00Z")], {"i-old"}),
        ([("ExpiredStartTime", "2030-06-01T00:00Z"), ("ExpiredEndTime", "2031-06-01T00:00Z")], {"i-old"}),
    ],
    ids=lambda value: "-".join(" ".join(pair) for pair in value) if isinstance(value, list) else len(value),
)
def test_time_filters(ids, aged, filters, found):
    """Filter.N limits the times of creation and expiry, both ends included."""
    params = {}
    for number, (key, value) in enumerate(filters, 1):
        params |= {f"Filter{number}Key": key, f"Filter{number}Value": value}

    assert ids(**params) == found


def test_time_filter_of_exactly_the_printed_minute(ids, call, ecs_events):
    """A range from an instance's printed creation time to the same printed time contains the instance."""
    ecs_events.advance(minutes=3, seconds=45)
    ecs_events.instances.add("i-a")
    created = call("DescribeInstances")["Instances"]["Instance"][0]["CreationTime"]

    assert ids(
        Filter1Key="CreationStartTime", Filter1Value=created, Filter2Key="CreationEndTime", Filter2Value=created
    ) == {"i-a"}


# -- filters together, and errors


def test_filters_together(ids, ecs_events):
    """All filters are ANDed."""
    ecs_events.instances.add("i-a", zone_id="cn-hangzhou-k", tags={"env": "prod"})
    ecs_events.instances.add("i-b", zone_id="cn-hangzhou-k", tags={"env": "prod"}, status="Stopped")
    ecs_events.instances.add("i-c", zone_id="cn-hangzhou-h", tags={"env": "prod"})
    tags = [{"Key": "env", "Value": "prod"}]

    assert ids(ZoneId="cn-hangzhou-k", Tags=tags, Status="Running") == {"i-a"}
    assert ids(ZoneId="cn-hangzhou-k", Tags=tags, InstanceIds='["i-c"]') == set()


@pytest.mark.parametrize(
    ("parameter", "value", "error"),
    [
        (
            "InstanceChargeType",
            "Free",
            (404, "InvalidInstanceChargeType.NotFound", "The InstanceChargeType does not exist in our records"),
        ),
        (
            "InternetChargeType",
            "Free",
            (
                404,
                "InvalidInternetChargeType.ValueNotSupported",
                "The specified InternetChargeType is not valid",
            ),
        ),
        ("LockReason", "lost", (404, "InvalidLockReason.NotFound", "The specified LockReason is not found")),
        (
            "InstanceNetworkType",
            "wifi",
            (404, "InvalidNetworkType.NotFound", "The specified InstanceNetworkType is not found"),
        ),
        ("Status", "Sleeping", (404, "InvalidStatus.NotFound", "The specified Status is not found")),
    ],
    ids=lambda value: value if isinstance(value, str) else value[1],
)
def test_values_that_do_not_exist(refused, web1, parameter, value, error):
    """A value outside a filter's documented ones is refused with the filter's own error."""
    assert refused("DescribeInstances", **{parameter: value}) == error


def test_unknown_filter_key(refused, web1):
    """A Filter.N.Key that does not exist is refused."""
    refusal = refused("DescribeInstances", Filter1Key="Colour", Filter1Value="2030-01-01T00:00Z")

    assert refusal[:2] == (404, "InvalidFilterKey.NotFound")


@pytest.mark.parametrize("value", ["yesterday", "2030-01-01"])
def test_filter_value_that_is_no_time(refused, web1, value):
    """A Filter.N.Value that is no time is refused."""
    refusal = refused("DescribeInstances", Filter1Key="CreationStartTime", Filter1Value=value)

    assert refusal[:2] == (404, "InvalidFilterValue")


@pytest.mark.parametrize("flag", ["true", True])
def test_dry_run(refused, web1, flag):
    """DryRun answers with the error that says all is well."""
    assert refused("DescribeInstances", DryRun=flag) == (
        400,
        "DryRunOperation",
        "Request validation has been passed with DryRun flag set.",
    )


@pytest.mark.parametrize("flag", ["false", False])
def test_no_dry_run(ids, web1, flag):
    """DryRun=false is the default."""
    assert ids(DryRun=flag) == {"i-web1"}


# -- accounts and regions


def test_other_account(other_account, ids, ecs_events, web1):
    """An account sees its own instances only."""
    ecs_events.instances.add("i-theirs", account_id="222")

    assert listed(other_account.call("DescribeInstances")) == ["i-theirs"]
    assert listed(other_account.call("DescribeInstances", InstanceIds='["i-web1"]')) == []
    assert ids() == {"i-web1"}


def test_other_region(new_sdk, ids, ecs_events, web1):
    """A region's instances are found under its RegionId only."""
    ecs_events.instances.add("i-north", region_id="cn-beijing")
    north = new_sdk(region_id="cn-beijing").call("DescribeInstances")

    assert listed(north) == ["i-north"]
    assert north["Instances"]["Instance"][0]["RegionId"] == "cn-beijing"
    assert ids() == {"i-web1"}


def test_region_of_the_request(call, ecs_events, web1):
    """RegionId of the request counts, whatever the client's region is."""
    ecs_events.instances.add("i-north", region_id="cn-beijing")

    assert listed(call("DescribeInstances", {"RegionId": "cn-beijing"})) == ["i-north"]


def test_additional_attributes(ids, web1):
    """AdditionalAttributes.N is accepted and filters nothing."""
    assert ids(AdditionalAttributess=["META_OPTIONS"]) == {"i-web1"}


def test_released_instance(ids, ecs_events, three):
    """A released instance is gone."""
    ecs_events.release("i-b")

    assert ids() == {"i-a", "i-c"}
    assert ids(InstanceIds='["i-b"]') == set()


# -- pages


@pytest.fixture
def many(ecs_events):
    """The ids of 25 instances."""
    return {ecs_events.instances.add(f"i-{number:02}").instance_id for number in range(25)}


def test_first_page_by_default(call, many):
    """Without paging parameters ten instances are returned, with the total."""
    reply = call("DescribeInstances")

    assert len(listed(reply)) == 10
    assert (reply["PageNumber"], reply["PageSize"], reply["TotalCount"]) == (1, 10, 25)


@pytest.mark.parametrize("size", [1, 7, 10, 24, 25, 100])
def test_all_pages(call, many, size):
    """The pages together hold every instance once."""
    seen = []
    for number in range(1, -(-25 // size) + 1):
        reply = call("DescribeInstances", PageNumber=number, PageSize=size)
        assert (reply["PageNumber"], reply["PageSize"], reply["TotalCount"]) == (number, size, 25)
        seen += listed(reply)

    assert len(seen) == 25
    assert set(seen) == many


def test_page_past_the_end(call, many):
    """A page past the end is empty and has the true count."""
    reply = call("DescribeInstances", PageNumber=4, PageSize=10)

    assert reply["Instances"] == {"Instance": []}
    assert reply["TotalCount"] == 25


@pytest.mark.parametrize("size", [0, -1, 101, "ten"])
def test_page_size_out_of_range(refused, many, size):
    """PageSize outside 1 to 100 is refused with a message that names it."""
    refusal = refused("DescribeInstances", PageSize=size)

    assert refusal[:2] == (403, "InvalidParameter")
    assert "PageSize" in refusal.message


@pytest.mark.parametrize("number", [0, -1, "two"])
def test_page_number_out_of_range(refused, many, number):
    """PageNumber below 1 is refused with a message that names it."""
    refusal = refused("DescribeInstances", PageNumber=number)

    assert refusal[:2] == (403, "InvalidParameter")
    assert "PageNumber" in refusal.message


def walk(call, **params):
    """Return all pages by NextToken, as lists of instance ids."""
    reply = call("DescribeInstances", **params)
    pages = [listed(reply)]
    while reply["NextToken"]:
        reply = call("DescribeInstances", **params, NextToken=reply["NextToken"])
        pages.append(listed(reply))
    assert reply["NextToken"] == ""
    return pages


@pytest.mark.parametrize(
    ("asked", "sizes"),
    [(1, [10, 10, 5]), (10, [10, 10, 5]), (12, [12, 12, 1]), (24, [24, 1]), (25, [25]), (100, [25])],
    ids=lambda value: value if isinstance(value, int) else "+".join(map(str, value)),
)
def test_walk_by_token(call, many, asked, sizes):
    """Following NextToken gives every instance once, and the last page's token is empty."""
    pages = walk(call, MaxResults=asked)

    assert [len(page) for page in pages] == sizes
    assert {instance for page in pages for instance in page} == many


def test_max_results_above_a_hundred(call, ecs_events):
    """MaxResults above 100 counts as 100."""
    for number in range(101):
        ecs_events.instances.add(f"i-{number:03}")

    assert [len(page) for page in walk(call, MaxResults=1000)] == [100, 1]


def test_max_results_that_is_no_number(refused, many):
    """MaxResults that is no number is refused with a message that names it."""
    refusal = refused("DescribeInstances", MaxResults="ten")

    assert refusal[:2] == (403, "InvalidParameter")
    assert "MaxResults" in refusal.message


def test_walk_with_filters(call, ecs_events, many):
    """A walk by token keeps its filters."""
    for number in range(12):
        ecs_events.instances.add(f"i-stopped{number}", status="Stopped")

    pages = walk(call, MaxResults=10, Status="Stopped")

    assert [len(page) for page in pages] == [10, 2]
    assert not many & {instance for page in pages for instance in page}


def test_token_wins_over_page_number(call, many):
    """With NextToken or MaxResults the page number is not read."""
    first = call("DescribeInstances", MaxResults=10, PageNumber=2, PageSize=5)
    second = call("DescribeInstances", MaxResults=10, PageNumber=1, PageSize=5, NextToken=first["NextToken"])

    assert len(listed(first)) == len(listed(second)) == 10
    assert not set(listed(first)) & set(listed(second))


def test_instances_added_during_a_walk(call, ecs_events, many):
    """An instance added during a walk neither duplicates nor displaces the others."""
    first = call("DescribeInstances", MaxResults=10)
    ecs_events.instances.add("i-0")
    second = call("DescribeInstances", MaxResults=10, NextToken=first["NextToken"])
    third = call("DescribeInstances", MaxResults=10, NextToken=second["NextToken"])
    seen = [*listed(first), *listed(second), *listed(third)]

    assert len(seen) == len(set(seen))
    assert many <= set(seen)


@pytest.mark.parametrize("token", ["garbage", "1", "ffffffff", "AAAA", "10"])
def test_garbage_token(refused, many, token):
    """An unknown token is refused."""
    refusal = refused("DescribeInstances", MaxResults=10, NextToken=token)

    assert refusal[:2] == (403, "InvalidParameter")
    assert "NextToken" in refusal.message


def test_token_of_another_query(call, refused, many):
    """A token is refused by a query with other filters."""
    token = call("DescribeInstances", MaxResults=10)["NextToken"]

    refusal = refused("DescribeInstances", MaxResults=10, NextToken=token, Status="Running")

    assert refusal[:2] == (403, "InvalidParameter")


def test_token_of_another_account(call, other_account, many):
    """A token is refused when another account presents it."""
    token = call("DescribeInstances", MaxResults=10)["NextToken"]

    refusal = other_account.refused("DescribeInstances", MaxResults=10, NextToken=token)

    assert refusal[:2] == (403, "InvalidParameter")


@pytest.mark.parametrize("key", ["DedicatedHostAttribute", "EcsCapacityReservationAttr"])
def test_objects_that_every_captured_reply_has(call, ecs_events, key):
    """They are there, empty, where nothing is set."""
    ecs_events.instances.add("i-web1")

    (instance,) = call("DescribeInstances")["Instances"]["Instance"]

    assert set(instance[key].values()) == {""}


def test_a_next_token_of_zero_begins(call, ecs_events):
    """Some programs send it with their first query (a guess: the service takes it)."""
    for number in range(12):
        ecs_events.instances.add(f"i-{number:02}")

    first = call("DescribeInstances", {"NextToken": "0", "MaxResults": 10})
    rest = call("DescribeInstances", {"NextToken": first["NextToken"], "MaxResults": 10})

    assert [len(page["Instances"]["Instance"]) for page in (first, rest)] == [10, 2]


def test_the_other_spelling_of_the_timestamp(call, ecs_events, recwarn):
    """TimeStamp is read as a common parameter by the service: it is no unknown one."""
    ecs_events.instances.add("i-web1")

    assert call("DescribeInstances", {"TimeStamp": "2030-01-01T00:00:00Z"})["TotalCount"] == 1
    assert list(recwarn) == []


@pytest.mark.parametrize("region_id", ["na-south-1", "cn-fuzhou", "cn-hangzhou-finance"])
def test_regions_of_the_sdks_endpoint_maps(ecs_events, recwarn, region_id):
    """A region that an SDK knows is a region here: declaring an instance in it warns of nothing."""
    assert ecs_events.instances.add("i-web1", region_id=region_id).region_id == region_id
    assert list(recwarn) == []
