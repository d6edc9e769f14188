"""CreateInstance."""

import re

import pytest

NEEDED = {"ImageId": "m-1", "InstanceType": "ecs.g7.large"}


@pytest.fixture
def create(call):
    """Call CreateInstance with an image and a type; it returns the id."""
    return lambda raw=None, /, **params: call("CreateInstance", raw, **{**NEEDED, **params})["InstanceId"]


@pytest.fixture
def refuses(refused):
    """Call CreateInstance with an image and a type; it returns the refusal."""
    return lambda raw=None, /, **params: refused("CreateInstance", raw, **{**NEEDED, **params})


@pytest.fixture
def shown_after(call, create):
    """Return what DescribeInstances shows of an instance created with some parameters."""

    def shown_after(raw=None, /, **params):
        instance_id = create(raw, **params)
        return call("DescribeInstances", InstanceIds=[instance_id])["Instances"]["Instance"][0]

    return shown_after


def test_reply(call, ecs_events):
    """The reply has the id, a price and a request id; the instance exists and is Stopped."""
    reply = call("CreateInstance", **NEEDED)

    assert set(reply) == {"InstanceId", "TradePrice", "RequestId"}
    assert re.fullmatch(r"i-bp1[0-9a-z]{17}", reply["InstanceId"])
    assert ecs_events.instances[reply["InstanceId"]].status == "Stopped"


def test_statuses_in_between(call, create, ecs_events):
    """It is Pending, then Stopped, and comes up when it is started."""
    changes = []
    ecs_events.on_change(changes.append)

    instance_id = create()
    call("StartInstance", InstanceId=instance_id)

    assert [(one.from_status, one.to_status, one.cause) for one in changes] == [
        (None, "Pending", "CreateInstance"),
        ("Pending", "Stopped", "CreateInstance"),
        ("Stopped", "Starting", "StartInstance"),
        ("Starting", "Running", "StartInstance"),
    ]
    assert f"{instance_id}  created -> Pending -> Stopped: CreateInstance" in ecs_events.timeline()


@pytest.mark.parametrize(
    ("params", "key", "value"),
    [
        ({"InstanceType": "ecs.c6.xlarge"}, "InstanceType", "ecs.c6.xlarge"),
        ({"InstanceName": "web-[1,2]"}, "InstanceName", "web-[1,2]"),
        ({"HostName": "web-1"}, "HostName", "web-1"),
        ({"ZoneId": "cn-hangzhou-h"}, "ZoneId", "cn-hangzhou-h"),
        ({"SecurityGroupId": "sg-1"}, "SecurityGroupIds", {"SecurityGroupId": ["sg-1"]}),
        ({"ClusterId": "c-1"}, "ClusterId", "c-1"),
        ({"InnerIpAddress": "10.0.0.8"}, "InnerIpAddress", {"IpAddress": ["10.0.0.8"]}),
        ({"IoOptimized": "none"}, "IoOptimized", False),
        ({"InternetMaxBandwidthOut": 5}, "InternetMaxBandwidthIn", 10),
        ({"InternetMaxBandwidthOut": 5}, "PublicIpAddress", {"IpAddress": []}),
        ({"DeletionProtection": True}, "DeletionProtection", True),
        ({"Tags": [{"Key": "role", "Value": "web"}]}, "Tags", {"Tag": [{"TagKey": "role", "TagValue": "web"}]}),
    ],
)
def test_requested_values_are_shown(shown_after, params, key, value):
    """DescribeInstances shows the requested values; a public address is not assigned."""
    assert shown_after(**params)[key] == value


def test_private_address(shown_after):
    """The private address is the requested one."""
    view = shown_after(PrivateIpAddress="10.0.0.7")

    assert view["VpcAttributes"]["PrivateIpAddress"] == {"IpAddress": ["10.0.0.7"]}


def test_subscription(call):
    """A subscription has an order, and ends when its period does."""
    reply = call("CreateInstance", **NEEDED, InstanceChargeType="PrePaid", Period=1, PeriodUnit="Week")

    assert reply["OrderId"].isdigit()
    view = call("DescribeInstances")["Instances"]["Instance"][0]
    assert (view["InstanceChargeType"], view["ExpiredTime"]) == ("PrePaid", "2030-01-08T00:00Z")


@pytest.mark.parametrize("missing", ["ImageId", "InstanceType"])
def test_without_image_or_type(refused, ecs_events, missing):
    """Image and type are required."""
    params = {name: value for name, value in NEEDED.items() if name != missing}

    assert refused("CreateInstance", **params) == (
        400,
        "MissingParameter",
        f"The input parameter {missing} that is mandatory for processing this request is not supplied.",
    )
    assert len(ecs_events.instances) == 0


def test_an_image_family_instead_of_an_image(call):
    """The newest image of a family is used."""
    assert call("CreateInstance", ImageFamily="linux", InstanceType="ecs.g7.large")["InstanceId"]


@pytest.mark.parametrize(
    ("params", "refusal"),
    [
        (
            {"IoOptimized": "true"},
            (400, "InvalidIoOptimizedValue.ValueNotSupported", "IoOptimized value not supported."),
        ),
        (
            {"InstanceChargeType": "PrePaid", "Period": 1, "PeriodUnit": "Year"},
            (400, "InvalidPeriodUnit.ValueNotSupported", "The specified parameter PeriodUnit is not valid."),
        ),
        (
            {"ImageFamily": "linux"},
            (
                400,
                "InvalidParameter.Conflict",
                "ImageId and ImageFamily cannot be specified at the same time.",
            ),
        ),
        ({"ZoneId": "cn-beijing-a"}, (404, "InvalidZoneId.NotFound", "The specified zoneId does not exist.")),
        (
            {"Tags": [{"Key": "role"}, {"Key": "role"}]},
            (400, "Duplicate.TagKey", "The Tag.N.Key contain duplicate key."),
        ),
        ({"DryRun": True}, (400, "DryRunOperation", "Request validation has been passed with DryRun flag set.")),
    ],
)
def test_what_is_refused(refuses, ecs_events, params, refusal):
    """Each invalid value has its own error with the documented message, and no instance is created."""
    assert refuses(**params) == refusal
    assert len(ecs_events.instances) == 0


def test_client_token(create, refuses, ecs_events):
    """A repeated request gets the same instance; another one with its token is refused."""
    instance_id = create(ClientToken="t-1")

    assert create(ClientToken="t-1") == instance_id
    assert list(ecs_events.instances) == [instance_id]
    assert refuses(ClientToken="t-1", InstanceName="web").code == "IdempotentParameterMismatch"
