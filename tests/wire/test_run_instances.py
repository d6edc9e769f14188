"""RunInstances."""

import re

import pytest

NEEDED = {"ImageId": "m-1", "InstanceType": "ecs.g7.large"}
DRY_RUN = (400, "DryRunOperation", "Request validation has been passed with DryRun flag set.")


@pytest.fixture
def run(call):
    """Call RunInstances with an image and a type; it returns the ids."""

    def run(raw=None, /, **params):
        return call("RunInstances", raw, **{**NEEDED, **params})["InstanceIdSets"]["InstanceIdSet"]

    return run


@pytest.fixture
def refuses(refused):
    """Call RunInstances with an image and a type; it returns the refusal."""
    return lambda raw=None, /, **params: refused("RunInstances", raw, **{**NEEDED, **params})


@pytest.fixture
def shown(call):
    """Return what DescribeInstances shows of an instance."""
    return lambda instance_id: call("DescribeInstances", InstanceIds=[instance_id])["Instances"]["Instance"][0]


@pytest.fixture
def shown_after(run, shown):
    """Return what DescribeInstances shows of the one instance created with some parameters."""

    def shown_after(raw=None, /, **params):
        (instance_id,) = run(raw, **params)
        return shown(instance_id)

    return shown_after


# -- new instances


def test_reply(call, ecs_events):
    """The reply has the ids, a price and a request id; the instance exists and is Running."""
    reply = call("RunInstances", **NEEDED)

    assert set(reply) == {"InstanceIdSets", "TradePrice", "RequestId"}
    assert reply["TradePrice"] == 0.165
    (instance_id,) = reply["InstanceIdSets"]["InstanceIdSet"]
    assert re.fullmatch(r"i-bp1[0-9a-z]{17}", instance_id)
    assert list(ecs_events.instances) == [instance_id]
    assert ecs_events.instances[instance_id].status == "Running"


def test_xml(ecs_events, http_text):
    """In XML each id is an element of its own."""
    status, text = http_text({"Action": "RunInstances", "RegionId": "cn-hangzhou", "Amount": "2", **NEEDED})

    assert status == 200
    first, second = ecs_events.instances
    assert (
        f"<InstanceIdSets><InstanceIdSet>{first}</InstanceIdSet><InstanceIdSet>{second}</InstanceIdSet></InstanceIdSets>"
    ) in text


def test_statuses_in_between(run, ecs_events):
    """Receivers get each status in order, the first without an earlier one, one instance after the other."""
    changes = []
    ecs_events.on_change(changes.append)

    first, second = run(Amount=2)

    way = [(None, "Pending"), ("Pending", "Starting"), ("Starting", "Running")]
    assert [(one.instance.instance_id, one.from_status, one.to_status) for one in changes] == [
        *((first, *step) for step in way),
        *((second, *step) for step in way),
    ]
    assert {(one.at, one.cause) for one in changes} == {(ecs_events.now, "RunInstances")}


def test_timeline(run, ecs_events):
    """The timeline has one line for each new instance."""
    first, second = run(Amount=2)

    assert ecs_events.timeline().splitlines()[1:] == [
        " +00:00:00  call      RunInstances(ImageId=m-1, InstanceType=ecs.g7.large, Amount=2) -> 200, 2 instances",
        f" +00:00:00  instance  {first}  created -> Pending -> Starting -> Running: RunInstances",
        f" +00:00:00  instance  {second}  created -> Pending -> Starting -> Running: RunInstances",
    ]


def test_the_call_in_the_timeline(run, ecs_events):
    """Structs are shown by member, tags as pairs, and a password masked, although the test can read it."""
    run(
        Tags=[{"Key": "role", "Value": "web"}],
        NetworkInterfaces=[{"InstanceType": "Primary", "SecurityGroupIds": ["sg-1", "sg-2"]}],
        DataDisks=[{"Size": 20}, {"Size": 40}],
        Password="EcsV587!",
    )

    story = ecs_events.timeline()
    assert "Tag=[role:web]" in story
    assert "NetworkInterface=[InstanceType=Primary SecurityGroupIds=[sg-1, sg-2]]" in story
    assert "DataDisk=[Size=20, Size=40]" in story
    assert "Password=***" in story
    ecs_events.assert_called("RunInstances", Password="EcsV587!")


@pytest.mark.parametrize("amount", [1, 2, 100])
def test_amount(run, ecs_events, amount):
    """From 1 to 100 instances can be created at once."""
    ids = run(Amount=amount)

    assert len(set(ids)) == amount
    assert list(ecs_events.instances) == ids


def test_enough_is_in_stock(run):
    """With a MinAmount all of Amount are created."""
    assert len(run(Amount=3, MinAmount=2)) == 3


def test_owner_and_region(other_account, new_sdk, ecs_events):
    """An instance belongs to the caller, in the region of the call, whose prefix its id has."""
    theirs = other_account.call("RunInstances", **NEEDED)["InstanceIdSets"]["InstanceIdSet"][0]
    north = new_sdk(region_id="cn-beijing").call("RunInstances", **NEEDED)["InstanceIdSets"]["InstanceIdSet"][0]

    assert (ecs_events.instances[theirs].account_id, ecs_events.instances[theirs].region_id) == ("222", "cn-hangzhou")
    assert ecs_events.instances[north].region_id == "cn-beijing"
    assert north.startswith("i-2ze")


def test_a_new_instance_is_like_any_other(call, run, ecs_events):
    """It can have events, be rebooted and be deleted."""
    (instance_id,) = run()
    event = ecs_events.create("SystemMaintenance.Reboot", instance_id, not_before="+1h")

    call("RebootInstance", InstanceId=instance_id)
    assert event.status == "Avoided"
    call("DeleteInstance", InstanceId=instance_id, Force=True)
    assert instance_id not in ecs_events.instances


# -- values shown afterwards


@pytest.mark.parametrize(
    ("params", "key", "value"),
    [
        ({"ImageId": "m-2"}, "ImageId", "m-2"),
        ({"InstanceType": "ecs.c6.xlarge"}, "InstanceType", "ecs.c6.xlarge"),
        ({"InstanceType": "ecs.c6.xlarge"}, "InstanceTypeFamily", "ecs.c6"),
        ({"InstanceName": "web-1"}, "InstanceName", "web-1"),
        ({"HostName": "web-1.local"}, "HostName", "web-1.local"),
        ({"Description": "stands in"}, "Description", "stands in"),
        ({"ZoneId": "cn-hangzhou-h"}, "ZoneId", "cn-hangzhou-h"),
        ({"SecurityGroupId": "sg-1"}, "SecurityGroupIds", {"SecurityGroupId": ["sg-1"]}),
        ({"SecurityGroupIdss": ["sg-1", "sg-2"]}, "SecurityGroupIds", {"SecurityGroupId": ["sg-1", "sg-2"]}),
        ({"InternetChargeType": "PayByBandwidth"}, "InternetChargeType", "PayByBandwidth"),
        ({"KeyPairName": "key-1"}, "KeyPairName", "key-1"),
        ({"ResourceGroupId": "rg-1"}, "ResourceGroupId", "rg-1"),
        ({"DeletionProtection": True}, "DeletionProtection", True),
        ({"DeletionProtection": False}, "DeletionProtection", False),
        ({"SpotStrategy": "SpotWithPriceLimit", "SpotPriceLimit": 0.98}, "SpotPriceLimit", 0.98),
        ({"SpotStrategy": "SpotAsPriceGo"}, "SpotStrategy", "SpotAsPriceGo"),
        ({"CreditSpecification": "Unlimited"}, "CreditSpecification", "Unlimited"),
        (
            {"HttpTokens": "required", "HttpEndpoint": "enabled"},
            "MetadataOptions",
            {"HttpTokens": "required", "HttpEndpoint": "enabled"},
        ),
        ({"DeploymentSetId": "ds-1"}, "DeploymentSetId", "ds-1"),
        ({"HpcClusterId": "hpc-1"}, "HpcClusterId", "hpc-1"),
        ({"IoOptimized": "none"}, "IoOptimized", False),
        ({"IoOptimized": "optimized"}, "IoOptimized", True),
        ({"InternetMaxBandwidthOut": 5}, "InternetMaxBandwidthOut", 5),
        ({"InternetMaxBandwidthOut": 5}, "InternetMaxBandwidthIn", 10),
        ({"InternetMaxBandwidthOut": 50}, "InternetMaxBandwidthIn", 50),
        ({"InternetMaxBandwidthOut": 50, "InternetMaxBandwidthIn": 20}, "InternetMaxBandwidthIn", 20),
        ({"InternetMaxBandwidthIn": 7}, "InternetMaxBandwidthIn", 7),
        ({}, "InternetMaxBandwidthIn", -1),
    ],
)
def test_requested_values_are_shown(shown_after, params, key, value):
    """DescribeInstances shows the requested values."""
    assert shown_after(**params)[key] == value


@pytest.mark.parametrize(
    ("params", "key", "value"),
    [
        ({"DeploymentSetGroupNo": 3}, "DeploymentSetGroupNo", 3),
        ({"Isp": "BGP"}, "ISP", "BGP"),
        ({"ClockOptions.PtpStatus": "enabled"}, "ClockOptions", {"PtpStatus": "enabled"}),
        ({"SecurityOptions.EnableSecureBoot": True}, "SecurityOptions", {"EnableSecureBoot": True}),
        ({"HibernationOptions.Configured": True}, "HibernationOptions", {"Configured": True}),
        ({"ImageOptions.LoginAsNonRoot": True}, "ImageOptions", {"LoginAsNonRoot": True}),
        (
            {"Tenancy": "host", "Affinity": "host"},
            "DedicatedInstanceAttribute",
            {"Tenancy": "host", "Affinity": "host"},
        ),
        ({"DedicatedHostId": "dh-1"}, "DedicatedHostAttribute", {"DedicatedHostId": "dh-1", "DedicatedHostName": ""}),
        (
            {"PrivatePoolOptions.Id": "eap-1", "PrivatePoolOptions.MatchCriteria": "Target"},
            "EcsCapacityReservationAttr",
            {"CapacityReservationId": "eap-1", "CapacityReservationPreference": "Target"},
        ),
        (
            {
                "CpuOptions.Core": 4,
                "CpuOptions.ThreadsPerCore": 1,
                "CpuOptions.TopologyType": "DiscreteCoreToHTMapping",
            },
            "CpuOptions",
            {"CoreCount": 4, "ThreadsPerCore": 1, "Numa": "ON", "TopologyType": "DiscreteCoreToHTMapping"},
        ),
        (
            {"PrivateDnsNameOptions.HostnameType": "IpBased", "PrivateDnsNameOptions.EnableIpDnsARecord": True},
            "PrivateDnsNameOptions",
            {
                "HostnameType": "IpBased",
                "EnableInstanceIdDnsARecord": False,
                "EnableInstanceIdDnsAAAARecord": False,
                "EnableIpDnsARecord": True,
                "EnableIpDnsPtrRecord": False,
            },
        ),
    ],
)
def test_options_that_are_shown(shown_after, params, key, value):
    """DescribeInstances shows the options of a new instance, whichever SDK has setters for them."""
    assert shown_after(params)[key] == value


def test_what_is_left_out(run, shown):
    """Names, network and the rest have the usual defaults, and other values are not shown."""
    (instance_id,) = run()

    view = shown(instance_id)
    assert view["InstanceName"] == instance_id
    assert view["HostName"] == f"iZ{instance_id[2:]}Z"
    assert view["PublicIpAddress"] == {"IpAddress": []}
    assert view["SecurityGroupIds"]["SecurityGroupId"][0].startswith("sg-bp1")
    assert {"Tags", "KeyPairName"}.isdisjoint(view)


def test_attributes_for_the_test(run, ecs_events):
    """The test sees the same values, in snake_case."""
    (instance_id,) = run(InstanceName="web-1", SecurityGroupId="sg-1", Tags=[{"Key": "role", "Value": "web"}])

    instance = ecs_events.instances[instance_id]
    assert dict(instance.attributes) == {
        "image_id": "m-1",
        "instance_type": "ecs.g7.large",
        "security_group_ids": ("sg-1",),
        "instance_name": "web-1",
    }
    assert dict(instance.tags) == {"role": "web"}


def test_tags(call, run):
    """Tags are shown, and can be used in filters."""
    ids = run(Amount=2, Tags=[{"Key": "role", "Value": "web"}, {"Key": "team"}])
    run()

    listed = call("DescribeInstances", Tags=[{"Key": "role", "Value": "web"}])["Instances"]["Instance"]
    assert [one["InstanceId"] for one in listed] == ids
    assert listed[0]["Tags"]["Tag"] == [
        {"TagKey": "role", "TagValue": "web"},
        {"TagKey": "team", "TagValue": ""},
    ]


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"InstanceName": "web"}, ["web", "web", "web"]),
        ({"InstanceName": "web", "UniqueSuffix": True}, ["web001", "web002", "web003"]),
        ({"InstanceName": "web-[7,3]"}, ["web-007", "web-008", "web-009"]),
        ({"InstanceName": "web-[7,3]", "UniqueSuffix": True}, ["web-007", "web-008", "web-009"]),
        ({"InstanceName": "web-[7,3]-a", "UniqueSuffix": True}, ["web-007-a001", "web-008-a002", "web-009-a003"]),
        ({"InstanceName": "web-[,]"}, ["web-000000", "web-000001", "web-000002"]),
        ({"InstanceName": "web-[]"}, ["web-000000", "web-000001", "web-000002"]),
        ({"InstanceName": "web-[99,2]"}, ["web-99", "web-100", "web-101"]),
        ({"InstanceName": "web-[1234,2]"}, ["web-001234", "web-001235", "web-001236"]),
        ({"InstanceName": "[1,2]"}, ["[1,2]", "[1,2]", "[1,2]"]),
    ],
)
def test_names_of_several(run, shown, params, names):
    """Names are numbered by their own form, or by a suffix of three digits."""
    assert [shown(one)["InstanceName"] for one in run(Amount=3, **params)] == names


def test_a_single_instance_gets_no_suffix(shown_after):
    """UniqueSuffix is for several instances."""
    assert shown_after(InstanceName="web", UniqueSuffix=True)["InstanceName"] == "web"


def test_host_names(run, shown):
    """A host name can contain the instance's id and a number, and each instance can have its own."""
    first, second = run(Amount=2, HostName="k8s-${instance_id}", UniqueSuffix=True)
    assert [shown(one)["HostName"] for one in (first, second)] == [f"k8s-{first}001", f"k8s-{second}002"]

    own = run(Amount=3, HostNamess=["web1", "db1"])
    assert [shown(one)["HostName"] for one in own] == ["web1", "db1", f"iZ{own[2][2:]}Z"]


def test_private_addresses(run, shown):
    """Several instances have addresses that follow each other."""
    views = [shown(one) for one in run(Amount=3, VSwitchId="vsw-1", PrivateIpAddress="10.0.0.254")]

    assert [one["VpcAttributes"]["PrivateIpAddress"]["IpAddress"] for one in views] == [
        ["10.0.0.254"],
        ["10.0.0.255"],
        ["10.0.1.0"],
    ]
    assert views[0]["VpcAttributes"]["VSwitchId"] == "vsw-1"
    assert views[0]["NetworkInterfaces"]["NetworkInterface"][0]["PrimaryIpAddress"] == "10.0.0.254"


def test_public_addresses(run, shown):
    """Each instance with outgoing bandwidth has its own public address, which belongs to no real host."""
    addresses = [shown(one)["PublicIpAddress"]["IpAddress"] for one in run(Amount=2, InternetMaxBandwidthOut=1)]

    assert addresses == [["198.18.0.1"], ["198.18.0.2"]]


def test_ipv6_addresses(run, shown, shown_after):
    """IPv6 addresses are the requested ones, or as many as requested."""

    def addresses(view):
        (interface,) = view["NetworkInterfaces"]["NetworkInterface"]
        return [one["Ipv6Address"] for one in interface["Ipv6Sets"]["Ipv6Set"]]

    assert addresses(shown_after(Ipv6Addresss=["2001:db8::5"])) == ["2001:db8::5"]
    assert [addresses(shown(one)) for one in run(Amount=2, Ipv6AddressCount=2)] == [
        ["2001:db8::2:1", "2001:db8::2:2"],
        ["2001:db8::3:1", "2001:db8::3:2"],
    ]


def test_the_primary_interface(shown_after, ecs_events):
    """Values for the primary interface are shown of the instance, those of others are not."""
    view = shown_after(
        NetworkInterfaces=[
            {"InstanceType": "Secondary", "VSwitchId": "vsw-2", "SecurityGroupId": "sg-9"},
            {
                "InstanceType": "Primary",
                "VSwitchId": "vsw-1",
                "PrimaryIpAddress": "10.0.0.7",
                "SecurityGroupIds": ["sg-1", "sg-2"],
            },
        ]
    )

    assert view["VpcAttributes"]["VSwitchId"] == "vsw-1"
    assert view["VpcAttributes"]["PrivateIpAddress"] == {"IpAddress": ["10.0.0.7"]}
    assert view["SecurityGroupIds"] == {"SecurityGroupId": ["sg-1", "sg-2"]}
    ecs_events.assert_called("RunInstances", times=1)
    assert ecs_events.calls_to("RunInstances")[0].params["NetworkInterface"][1]["SecurityGroupIds"] == ["sg-1", "sg-2"]


def test_auto_release_time(shown_after):
    """It has minutes only."""
    view = shown_after(AutoReleaseTime="2030-01-01T01:00:30Z")

    assert view["AutoReleaseTime"] == "2030-01-01T01:00Z"


@pytest.mark.parametrize(
    ("params", "expires"),
    [
        ({"Period": 1}, "2030-02-28T10:00Z"),
        ({"Period": 2, "PeriodUnit": "Month"}, "2030-03-31T10:00Z"),
        ({"Period": 12}, "2031-01-31T10:00Z"),
        ({"Period": 60}, "2035-01-31T10:00Z"),
        ({"Period": 2, "PeriodUnit": "Week"}, "2030-02-14T10:00Z"),
    ],
)
@pytest.mark.ecs_clock("2030-01-31T10:00:00Z")
def test_subscriptions(call, shown, params, expires):
    """A subscription has an order, and ends when its period does."""
    reply = call("RunInstances", **NEEDED, InstanceChargeType="PrePaid", **params)

    assert re.fullmatch(r"[0-9]{15}", reply["OrderId"])
    view = shown(reply["InstanceIdSets"]["InstanceIdSet"][0])
    assert (view["InstanceChargeType"], view["ExpiredTime"]) == ("PrePaid", expires)


@pytest.mark.ecs_clock("9999-06-01T00:00:00Z")
@pytest.mark.parametrize("unit", ["Week", "Month"])
def test_a_subscription_ends_with_the_calendar(call, unit):
    """One that would last beyond the year 9999 ends with it."""
    period = 4 if unit == "Week" else 12
    call("RunInstances", **NEEDED, InstanceChargeType="PrePaid", Period=period, PeriodUnit=unit)
    (view,) = call("DescribeInstances")["Instances"]["Instance"]
    assert view["ExpiredTime"] == ("9999-06-29T00:00Z" if unit == "Week" else "9999-12-31T23:59Z")


def test_a_period_means_nothing_without_a_subscription(shown_after):
    """Pay-as-you-go instances do not expire."""
    assert shown_after(InstanceChargeType="PostPaid", Period=1)["ExpiredTime"] == "2099-12-31T15:59Z"


def test_disks(call, run):
    """Each instance has a system disk and the requested data disks, with the tags of the instance."""
    first, second = run(
        Amount=2,
        SystemDiskCategory="cloud_essd",
        DataDisks=[{"Category": "local_ssd_pro"}, {"Size": 40}],
        ResourceGroupId="rg-1",
        Tags=[{"Key": "role", "Value": "web"}],
    )
    run()

    reply = call("DescribeDisksFullStatus", Tags=[{"Key": "role", "Value": "web"}], ResourceGroupId="rg-1")
    entries = reply["DiskFullStatusSet"]["DiskFullStatusType"]
    assert [(one["InstanceId"], one["Device"]) for one in entries] == [
        (instance_id, device) for instance_id in (first, second) for device in ("/dev/xvda", "/dev/xvdb", "/dev/xvdc")
    ]
    assert len({one["DiskId"] for one in entries}) == 6
    assert all(re.fullmatch(r"d-bp1[0-9a-z]{17}", one["DiskId"]) for one in entries)


def test_disks_for_the_test(run, ecs_events):
    """The test sees the requested values, and the documented defaults of the rest."""
    (instance_id,) = run(DataDisks=[{"Category": "local_ssd_pro"}])

    assert [(disk.type, disk.category) for disk in ecs_events.instances[instance_id].disks] == [
        ("system", "cloud_efficiency"),
        ("data", "local_ssd_pro"),
    ]


# -- required parameters and refusals


@pytest.mark.parametrize("missing", ["ImageId", "InstanceType"])
def test_without_image_or_type(refused, ecs_events, missing):
    """Without a launch template, image and type are required."""
    params = {name: value for name, value in NEEDED.items() if name != missing}

    assert refused("RunInstances", **params) == (
        400,
        "MissingParameter",
        f"The input parameter {missing} that is mandatory for processing this request is not supplied.",
    )
    assert len(ecs_events.instances) == 0


def test_an_image_family_instead_of_an_image(call):
    """The newest image of a family is used."""
    assert call("RunInstances", ImageFamily="linux", InstanceType="ecs.g7.large")["InstanceIdSets"]


@pytest.mark.parametrize("template", [{"LaunchTemplateId": "lt-1"}, {"LaunchTemplateName": "web"}])
def test_a_launch_template_instead_of_both(call, shown, template):
    """Any launch template is assumed to exist; the instance is like one in a captured reply."""
    (instance_id,) = call("RunInstances", **template)["InstanceIdSets"]["InstanceIdSet"]

    assert shown(instance_id)["InstanceType"] == "ecs.g7.large"


def test_region_is_needed(http):
    """A request without a region is refused."""
    status, body = http({"Action": "RunInstances", **NEEDED})

    assert (status, body["Code"]) == (400, "MissingParameter")


@pytest.mark.parametrize("amount", ["0", "101", "-1", "two", "1.5"])
def test_bad_amount(refuses, ecs_events, amount):
    """An invalid amount, and one over the limit, have their own errors."""
    assert refuses({"Amount": amount}) == (
        403,
        "InvalidParam.Amount",
        f"The specified parameter Amount is not valid: {amount!r}. It must be a whole number from 1 to 100.",
    )
    assert len(ecs_events.instances) == 0


TAG = {"Key": "role", "Value": "web"}
CONFLICT = "{} and {} cannot be specified at the same time."


@pytest.mark.parametrize(
    ("params", "refusal"),
    [
        (
            {"InstanceType": "g7.large"},
            (
                400,
                "InvalidInstanceType.ValueNotSupported",
                "The specified InstanceType does not exist or beyond the permitted range.",
            ),
        ),
        ({"MinAmount": 2}, (400, "InvalidMinAmount.Malformed", "The specified parameter MinAmount is not valid.")),
        ({"MinAmount": 0}, (400, "InvalidMinAmount.Malformed", "The specified parameter MinAmount is not valid.")),
        (
            {"Amount": 2, "Ipv6Addresss": ["2001:db8::1"]},
            (403, "InvalidParam.Amount", "With Ipv6Address.N Amount can only be 1, not 2."),
        ),
        (
            {"InstanceName": "w"},
            (400, "InvalidInstanceName.Malformed", 'The specified parameter "InstanceName" is not valid.'),
        ),
        (
            {"InstanceName": "http://web"},
            (400, "InvalidInstanceName.Malformed", 'The specified parameter "InstanceName" is not valid.'),
        ),
        (
            {"InstanceName": "w" * 126, "UniqueSuffix": True},
            (
                403,
                "InvalidParams.InstanceNameExceed",
                "The uniqueSuffix takes three naming places, please shorten your InstanceName.",
            ),
        ),
        (
            {"HostName": "w" * 62, "UniqueSuffix": True},
            (
                403,
                "InvalidParams.HostnameExceed",
                "The uniqueSuffix takes three naming places, please shorten your Hostname.",
            ),
        ),
        *(
            (
                params,
                (400, "InvalidHostName.Malformed", 'The specified parameter "HostName" is not valid.'),
            )
            for params in (
                {"HostName": "-web"},
                {"HostName": "web."},
                {"HostName": "we--b"},
                {"HostName": "w"},
                {"HostName": "web_1"},
                {"HostNamess": ["web1", "web..1"]},
            )
        ),
        *(
            (
                {"Description": description},
                (400, "InvalidDescription.Malformed", 'The specified parameter "Description" is not valid.'),
            )
            for description in ("d", "d" * 257, "https://web")
        ),
        (
            {"ZoneId": "cn-beijing-a"},
            (404, "InvalidZoneId.NotFound", "The specified zoneId does not exist."),
        ),
        (
            {"ImageFamily": "linux"},
            (400, "InvalidParameter.Conflict", CONFLICT.format("ImageId", "ImageFamily")),
        ),
        (
            {"SecurityGroupId": "sg-1", "SecurityGroupIdss": ["sg-2"]},
            (400, "InvalidParameter.Conflict", CONFLICT.format("SecurityGroupId", "SecurityGroupIds.N")),
        ),
        (
            {"HostName": "web", "HostNamess": ["web"]},
            (400, "InvalidParameter.Conflict", CONFLICT.format("HostName", "HostNames.N")),
        ),
        (
            {"Ipv6Addresss": ["2001:db8::1"], "Ipv6AddressCount": 1},
            (400, "InvalidParameter.Conflict", CONFLICT.format("Ipv6Address.N", "Ipv6AddressCount")),
        ),
        *(
            (
                {"PrivateIpAddress": address, "Amount": amount},
                (400, "InvalidPrivateIpAddress.Malformed", "Specified private IP address is malformed."),
            )
            for address, amount in (("10.0.0.256", 1), ("2001:db8::1", 1), ("255.255.255.255", 2))
        ),
        (
            {"InternetMaxBandwidthOut": 101},
            (400, "InvalidParameter", 'The specified parameter "InternetMaxBandwidthOut" is not valid.'),
        ),
        (
            {"InternetMaxBandwidthOut": 20, "InternetMaxBandwidthIn": 21},
            (
                400,
                "InvalidParameter",
                "The specified parameter InternetMaxBandwidthIn is not valid: 21. It must be from 1 to 20.",
            ),
        ),
        (
            {"InternetChargeType": "PayPerView"},
            (400, "InvalidInternetChargeType.ValueNotSupported", "The specified InternetChargeType is not valid."),
        ),
        (
            {"InstanceChargeType": "Prepaid"},
            (
                404,
                "InvalidInstanceChargeType.NotFound",
                "The InstanceChargeType does not exist in our records",
            ),
        ),
        (
            {"InstanceChargeType": "PrePaid"},
            (400, "MissingParamter", 'The specified parameter "Period" is not null.'),
        ),
        (
            {"InstanceChargeType": "PrePaid", "Period": 10},
            (400, "InvalidPeriod", "The specified period is not valid."),
        ),
        (
            {"InstanceChargeType": "PrePaid", "Period": 5, "PeriodUnit": "Week"},
            (400, "InvalidPeriod", "The specified period is not valid."),
        ),
        (
            {"InstanceChargeType": "PrePaid", "Period": 1, "PeriodUnit": "Year"},
            (400, "InvalidPeriodType.ValueNotSupported", "The specified parameter PeriodType is invalid."),
        ),
        (
            {"InstanceChargeType": "PrePaid", "Period": 1, "SpotStrategy": "SpotAsPriceGo"},
            (400, "InvalidSpotPrepaid", "The specified Spot type is not support PrePay Instance."),
        ),
        ({"SpotStrategy": "Spot"}, (400, "InvalidSpotStrategy", "The specified SpotStrategy is not valid.")),
        (
            {"SpotDuration": 7, "SpotStrategy": "SpotAsPriceGo"},
            (400, "InvalidSpotDuration", "The specified SpotDuration is not valid."),
        ),
        (
            {"SpotPriceLimit": "0.1234"},
            (400, "InvalidSpotPriceLimit", "The specified SpotPriceLimitis not valid."),
        ),
        (
            {"HttpTokens": "yes"},
            (
                400,
                "InvalidHttpTokens.NotSupported",
                "The specified HttpTokens not supported, you can use optional(default) or required.",
            ),
        ),
        (
            {"IoOptimized": "true"},
            (400, "InvalidIoOptimize.ValueNotSupported", "The specified IoOptimize is not valid."),
        ),
        (
            {"Password": "EcsV587!", "PasswordInherit": True},
            (
                400,
                "InvalidPasswordParam.Mismatch",
                "The input password should be null when passwdInherit is true.",
            ),
        ),
        *(
            (
                {"AutoReleaseTime": when},
                (400, "InvalidAutoReleaseTime.Malformed", "The specified parameter AutoReleaseTime is not valid."),
            )
            for when in ("2030-01-01", "2030-01-01T00:29:59Z", "2033-01-02T00:00:00Z")
        ),
        *(
            ({"Tags": [tag]}, (400, "InvalidTagKey.Malformed", "The specified Tag.n.Key is not valid."))
            for tag in (
                {"Value": "web"},
                {"Key": "acs:role"},
                {"Key": "aliyun-role"},
                {"Key": "see http://web"},
                {"Key": "k" * 129},
            )
        ),
        *(
            (
                {"Tags": [{"Key": "role", "Value": value}]},
                (400, "InvalidTagValue.Malformed", "The specified Tag.n.Value is not valid."),
            )
            for value in ("https://web", "v" * 129)
        ),
        ({"Tags": [TAG, TAG]}, (400, "Duplicate.TagKey", "The Tag.N.Key contain duplicate key.")),
        (
            {"Tags": [{"Key": str(number)} for number in range(21)]},
            (400, "InvalidTagCount", "The specified tags are beyond the permitted range."),
        ),
        (
            {"SystemDiskCategory": "floppy"},
            (
                400,
                "InvalidSystemDiskCategory.ValueNotSupported",
                'The specified parameter "SystemDisk.Category" is not valid.',
            ),
        ),
        (
            {"DataDisks": [{"Category": "cloud"}, {"Category": "floppy"}]},
            (
                400,
                "InvalidDataDiskCategory.ValueNotSupported",
                'The specified parameter "DataDisk.n.Category" is not valid.',
            ),
        ),
        *(
            (
                {"ClientToken": token},
                (400, "InvalidClientToken.ValueNotSupported", "The ClientToken provided is invalid."),
            )
            for token in ("t" * 65, "é")
        ),
        (
            {"DeletionProtection": "yes"},
            (
                400,
                "InvalidParameter",
                "The specified parameter DeletionProtection is not valid: 'yes'. It must be true or false.",
            ),
        ),
    ],
)
def test_what_is_refused(refuses, ecs_events, params, refusal):
    """Each invalid value has its own error with the documented message, and no instance is created."""
    assert refuses(**params) == refusal
    assert len(ecs_events.instances) == 0


def test_the_timeline_says_why(refuses, ecs_events):
    """If the cloud's own message lacks the reason, the timeline has it."""
    refuses(InstanceType="g7.large")

    assert ecs_events.timeline().splitlines()[2] == (
        "                        InstanceType is 'g7.large'. It must be like ecs.g7.large."
    )


def test_dry_run(refuses, ecs_events):
    """A dry run returns its own error after all other checks, and creates nothing."""
    assert refuses(DryRun=True) == DRY_RUN
    assert refuses(DryRun=True, Tags=[TAG, TAG]).code == "Duplicate.TagKey"
    assert len(ecs_events.instances) == 0


def test_client_token(run, refuses, ecs_events):
    """A repeated request gets the same instances; another one with its token is refused."""
    ids = run(Amount=2, ClientToken="t-1")

    assert run(Amount=2, ClientToken="t-1") == ids
    assert list(ecs_events.instances) == ids
    assert refuses(Amount=1, ClientToken="t-1") == (
        400,
        "IdempotentParameterMismatch",
        "The request is retried with updated parameters.",
    )


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("OperationDenied.NoStock", 403),
        ("QuotaExceed.ElasticQuota", 403),
        ("InvalidVSwitchId.NotFound", 404),
        ("Account.Arrearage", 400),
    ],
)
def test_faults(refuses, run, ecs_events, code, status):
    """A fault can produce errors that the fake does not produce itself; the next call succeeds."""
    ecs_events.fail("RunInstances", code)

    assert refuses()[:2] == (status, code)
    assert run()


def test_nested_lists_without_their_number(sdk, ecs_events):
    """A nested list needs both numbers; the warning has the right form."""
    with pytest.warns(match=r"Did you mean NetworkInterface\.N\.SecurityGroupIds?(\.N)?\?"):
        sdk.call("RunInstances", {"NetworkInterface.1.SecurityGroupIds": "sg-1"}, **NEEDED)
    with pytest.warns(match=r"unknown parameter NetworkInterface\.1\.SecurityGroupIds\.N of"):
        sdk.call("RunInstances", {"NetworkInterface.1.SecurityGroupIds.N": "sg-1"}, **NEEDED)
    with pytest.warns(match=r"unknown parameter Tag\.1\.Key\.1 of"):
        sdk.call("RunInstances", {"Tag.1.Key.1": "role"}, **NEEDED)


def test_nested_lists_with_gaps(sdk, ecs_events):
    """Numbers order the values at both levels, and gaps are closed."""
    raw = {
        "NetworkInterface.7.SecurityGroupIds.10": "sg-3",
        "NetworkInterface.7.SecurityGroupIds.9": "sg-2",
        "NetworkInterface.7.securityGroupIds.2": "sg-1",
        "NetworkInterface.2.InstanceType": "Secondary",
    }
    sdk.call("RunInstances", raw, **NEEDED)

    assert ecs_events.calls[0].params["NetworkInterface"] == [
        {"InstanceType": "Secondary"},
        {"SecurityGroupIds": ["sg-1", "sg-2", "sg-3"]},
    ]


@pytest.mark.parametrize(("name", "most"), [("DataDisk", 16), ("NetworkInterface", 100)])
def test_too_many_structs(refuses, name, most):
    """A list of structs has its limit."""
    raw = {f"{name}.{number}.Description": "one" for number in range(1, most + 2)}

    assert refuses(raw) == (
        400,
        "InvalidParameter",
        f"The specified parameter {name}.N is not valid: {most + 1} values. It takes at most {most}.",
    )


# -- parameters that concern another kind of instance


@pytest.mark.parametrize("action", ["RunInstances", "CreateInstance"])
@pytest.mark.parametrize(
    "params",
    [
        {"Period": 1, "PeriodUnit": "Hourly"},
        {"Period": 77, "PeriodUnit": "Year"},
        {"SpotDuration": 7},
        {"SpotDuration": 7, "SpotStrategy": "NoSpot", "InstanceChargeType": "PostPaid"},
    ],
    ids=str,
)
def test_what_concerns_another_kind_of_instance_has_no_effect(call, ecs_events, action, params):
    """The terms of a subscription, and of preemptible instances, are not checked for others."""
    call(action, **NEEDED, **params)

    (instance,) = call("DescribeInstances")["Instances"]["Instance"]
    assert (instance["InstanceChargeType"], instance["ExpiredTime"]) == ("PostPaid", "2099-12-31T15:59Z")
    assert "SpotDuration" not in instance


@pytest.mark.parametrize("action", ["RunInstances", "CreateInstance"])
def test_a_random_zone_is_one_of_the_region(call, ecs_events, action):
    """ZoneId "random" leaves the zone to the service, and is shown nowhere."""
    call(action, **NEEDED, ZoneId="random")

    (instance,) = call("DescribeInstances")["Instances"]["Instance"]
    assert instance["ZoneId"] == "cn-hangzhou-a"


def test_the_call_that_the_console_generates(call, ecs_events):
    """The console's own sample of RunInstances sends terms of a subscription with PostPaid, and any zone."""
    call(
        "RunInstances",
        ImageId="aliyun_3_x64_20G_alibase_20240528.vhd",
        InstanceType="ecs.g7.large",
        InstanceChargeType="PostPaid",
        InternetChargeType="PayByTraffic",
        InternetMaxBandwidthOut=5,
        IoOptimized="optimized",
        Period=1,
        PeriodUnit="Hourly",
        SecurityGroupId="sg-1",
        SpotStrategy="NoSpot",
        SystemDiskCategory="cloud_essd",
        VSwitchId="vsw-1",
        ZoneId="random",
    )

    assert len(ecs_events.instances) == 1


# -- economical mode


@pytest.fixture
def addresses(call):
    """The public addresses of the only instance, as DescribeInstances shows them."""
    return lambda: call("DescribeInstances")["Instances"]["Instance"][0]["PublicIpAddress"]["IpAddress"]


def test_a_stop_in_economical_mode_takes_the_public_address(call, ecs_events, addresses):
    """The instance has none while it is Stopped, and another one from its start on."""
    (instance_id,) = call("RunInstances", **NEEDED, InternetMaxBandwidthOut=5)["InstanceIdSets"]["InstanceIdSet"]
    received = []
    ecs_events.subscribe(received.append)
    (before,) = addresses()

    call("StopInstance", InstanceId=instance_id, StoppedMode="StopCharging")
    assert addresses() == []
    call("StartInstance", InstanceId=instance_id)
    (after,) = addresses()

    assert before != after
    assert [one["content"]["publicIpAddress"] for one in received][-1] == after
    call("RebootInstance", InstanceId=instance_id)
    assert addresses() == [after]


def test_two_instances_get_different_addresses_again(call, ecs_events):
    """No address is given twice."""
    ids = call("RunInstances", **NEEDED, Amount=2, InternetMaxBandwidthOut=5)["InstanceIdSets"]["InstanceIdSet"]
    for action, params in (("StopInstance", {"StoppedMode": "StopCharging"}), ("StartInstance", {})):
        for instance_id in ids:
            call(action, InstanceId=instance_id, **params)

    shown = [one["PublicIpAddress"]["IpAddress"][0] for one in call("DescribeInstances")["Instances"]["Instance"]]
    assert len(set(shown)) == 2


@pytest.mark.parametrize("mode", [{"StoppedMode": "KeepCharging"}, {}])
def test_another_stop_keeps_the_public_address(call, ecs_events, addresses, mode):
    """Only economical mode gives it up."""
    (instance_id,) = call("RunInstances", **NEEDED, InternetMaxBandwidthOut=5)["InstanceIdSets"]["InstanceIdSet"]
    before = addresses()

    call("StopInstance", InstanceId=instance_id, **mode)

    assert addresses() == before


def test_an_instance_without_a_public_address_gets_none(call, ecs_events, addresses):
    """An EIP, which is no address of the instance's own, stays."""
    ecs_events.instances.add("i-web1", eip_address="203.0.113.7")

    call("StopInstance", InstanceId="i-web1", StoppedMode="StopCharging")
    call("StartInstance", InstanceId="i-web1")

    assert addresses() == []
    (instance,) = call("DescribeInstances")["Instances"]["Instance"]
    assert instance["EipAddress"]["IpAddress"] == "203.0.113.7"


# -- AutoReleaseTime


@pytest.fixture
def released(ecs_events):
    """The instants of day and minute at which instances are released, with the cause."""
    seen = []
    ecs_events.on_change(
        lambda change: seen.append((f"{change.at:%d %H:%M:%S}", change.cause)) if change.to_status is None else None
    )
    return seen


def test_an_auto_release_time_releases(call, ecs_events, released):
    """It counts to the minute, rounded down, and the release is notified as any other."""
    received = []
    ecs_events.subscribe(received.append)
    call("RunInstances", **NEEDED, AutoReleaseTime="2030-01-01T01:00:30Z")

    ecs_events.advance("1d")

    assert released == [("01 01:00:00", "AutoReleaseTime")]
    assert received[-1]["content"]["state"] == "Deleted"
    assert call("DescribeInstances")["TotalCount"] == 0


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"AutoReleaseTime": "2030-01-01T03:00:59Z"}, [("01 03:00:00", "AutoReleaseTime")]),
        ({"AutoReleaseTime": "2030-01-01T00:45:00Z"}, [("01 00:45:00", "AutoReleaseTime")]),
        ({}, []),
    ],
    ids=["later", "earlier", "canceled"],
)
def test_an_auto_release_time_is_modified(call, ecs_events, released, said, expected):
    """ModifyInstanceAutoReleaseTime moves the release, and without a time it cancels it."""
    reply = call("RunInstances", **NEEDED, AutoReleaseTime="2030-01-01T02:00:00Z")
    (instance_id,) = reply["InstanceIdSets"]["InstanceIdSet"]

    assert set(call("ModifyInstanceAutoReleaseTime", InstanceId=instance_id, **said)) == {"RequestId"}
    (instance,) = call("DescribeInstances")["Instances"]["Instance"]
    assert instance["AutoReleaseTime"] == (f"{said['AutoReleaseTime'][:16]}Z" if said else "")
    ecs_events.advance("1d")

    assert released == expected


def test_an_instance_gets_an_auto_release_time_later(call, ecs_events, released):
    """One that had none is released too, in whatever status it is."""
    ecs_events.instances.add("i-web1", status="Stopped")
    call("ModifyInstanceAutoReleaseTime", InstanceId="i-web1", AutoReleaseTime="2030-01-01T00:30:00Z")

    ecs_events.advance("1d")

    assert released == [("01 00:30:00", "AutoReleaseTime")]


@pytest.mark.parametrize(("declared", "count"), [("2030-01-01T01:00Z", 0), ("2029-12-31T00:00Z", 1), ("soon", 1)])
def test_a_declared_auto_release_time_releases(ecs_events, declared, count):
    """An attribute that lies ahead acts as the parameter does; one of the past, or another text, is only shown."""
    ecs_events.instances.add("i-web1", auto_release_time=declared)

    ecs_events.advance("1d")

    assert len(ecs_events.instances) == count


def test_an_instance_that_is_gone_is_not_released_again(call, ecs_events, released):
    """Who deletes the instance first is all that is seen."""
    ecs_events.instances.add("i-web1", auto_release_time="2030-01-01T01:00Z")
    call("DeleteInstance", InstanceId="i-web1", Force=True)

    ecs_events.advance("1d")

    assert released == [("01 00:00:00", "DeleteInstance")]


@pytest.mark.parametrize("when", ["2030-01-01T00:29:59Z", "2033-01-02T00:00:00Z", "tomorrow"])
def test_an_auto_release_time_out_of_range_is_refused(refused, ecs_events, when):
    """It lies from half an hour to three years from now."""
    ecs_events.instances.add("i-web1")

    assert refused("ModifyInstanceAutoReleaseTime", InstanceId="i-web1", AutoReleaseTime=when) == (
        400,
        "InvalidAutoReleaseTime.Malformed",
        "The specified parameter AutoReleaseTime is not valid.",
    )


def test_a_subscription_is_not_released_by_itself(refused, ecs_events):
    """The action is for pay-as-you-go and preemptible instances."""
    ecs_events.instances.add("i-paid", instance_charge_type="PrePaid")

    assert refused("ModifyInstanceAutoReleaseTime", InstanceId="i-paid")[:2] == (403, "ChargeTypeViolation")
