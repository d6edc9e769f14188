"""ModifyInstanceMetadataOptions, and the metadata options of new instances."""

import base64

import pytest
import requests

ITEM = "http://100.100.100.200/latest/meta-data/instance-id"


@pytest.fixture
def options(call):
    """Return the metadata options of `i-web1` in DescribeInstances."""

    def options():
        (view,) = call("DescribeInstances", InstanceIds='["i-web1"]')["Instances"]["Instance"]
        return view["MetadataOptions"]

    return options


def status():
    """Return the status of a request without a token inside the only instance."""
    return requests.get(ITEM, timeout=5).status_code


def test_unset_options(web1, options):
    """The unset options of an instance are empty, and no token is required."""
    assert options() == {"HttpTokens": "", "HttpEndpoint": ""}
    assert status() == 200


def test_the_hardened_mode_is_switched_on_and_off(web1, call, options):
    """HttpTokens sets whether a token is required; if omitted it is optional again, as documented."""
    reply = call(
        "ModifyInstanceMetadataOptions",
        InstanceId="i-web1",
        HttpEndpoint="enabled",
        HttpTokens="required",
        HttpPutResponseHopLimit=2,
    )
    assert set(reply) == {"RequestId"}
    assert options() == {"HttpTokens": "required", "HttpEndpoint": "enabled"}
    assert status() == 403

    call("ModifyInstanceMetadataOptions", InstanceId="i-web1", HttpEndpoint="enabled")
    assert options() == {"HttpTokens": "optional", "HttpEndpoint": "enabled"}
    assert status() == 200


def test_the_endpoint_is_switched_off(web1, call, options):
    """With HttpEndpoint disabled every request is refused, with a token or without."""
    call("ModifyInstanceMetadataOptions", InstanceId="i-web1", HttpEndpoint="disabled")

    assert options() == {"HttpTokens": "optional", "HttpEndpoint": "disabled"}
    assert status() == 403
    headers = {"X-aliyun-ecs-metadata-token-ttl-seconds": "60"}
    assert requests.put("http://100.100.100.200/latest/api/token", headers=headers, timeout=5).status_code == 403


def test_filters_follow(ecs_events, web1, call):
    """DescribeInstances filters by the current options."""
    ecs_events.instances.add("i-web2", http_tokens="required", http_endpoint="enabled")
    call("ModifyInstanceMetadataOptions", InstanceId="i-web1", HttpEndpoint="disabled", HttpTokens="required")

    def listed(**filters):
        found = call("DescribeInstances", **filters)["Instances"]["Instance"]
        return sorted(instance["InstanceId"] for instance in found)

    assert listed(HttpTokens="required") == ["i-web1", "i-web2"]
    assert listed(HttpEndpoint="enabled") == ["i-web2"]


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        (
            {"HttpEndpoint": "on"},
            "InvalidHttpEndpoint.NotSupported",
            "The specified HttpEndpoint not supported, you can use enabled(default) or disabled.",
        ),
        (
            {"HttpTokens": "yes"},
            "InvalidHttpTokens.NotSupported",
            "The specified HttpTokens not supported, you can use optional(default) or required.",
        ),
        (
            {"HttpPutResponseHopLimit": 65},
            "InvalidHttpPutResponseHopLimit.NotSupported",
            "The specified HttpPutResponseHopLimit not supported, more than 1 and less than 64 is reasonable.",
        ),
        (
            {"InstanceMetadataTags": "yes"},
            "InvalidInstanceMetadataTags.NotSupported",
            "The specified InstanceMetadataTags not supported.",
        ),
    ],
)
def test_each_bad_value_has_its_own_error(web1, refused, params, code, message):
    """A value outside the documented ones is refused with the documented message."""
    given = {"InstanceId": "i-web1", "HttpEndpoint": "enabled", **params}
    assert refused("ModifyInstanceMetadataOptions", **given) == (400, code, message)


@pytest.mark.parametrize("instance_id", [None, "i-none"])
def test_an_instance_must_be_named(web1, refused, instance_id):
    """Without an instance, or with an unknown one, nothing changes."""
    named = {} if instance_id is None else {"InstanceId": instance_id}
    refusal = refused("ModifyInstanceMetadataOptions", HttpEndpoint="disabled", **named)

    assert refusal == (404, "InvalidInstanceId.NotFound", "The specified InstanceId is not found.")
    assert status() == 200


def test_what_a_new_instance_was_given_is_in_its_metadata(ecs_events, call):
    """The options, RAM role and user data of RunInstances are visible inside the instance."""
    script = "#!/bin/sh\necho hello"
    reply = call(
        "RunInstances",
        ImageId="m-1",
        InstanceType="ecs.g7.large",
        HttpEndpoint="enabled",
        HttpTokens="optional",
        RamRoleName="backup",
        UserData=base64.b64encode(script.encode()).decode(),
    )
    (instance_id,) = reply["InstanceIdSets"]["InstanceIdSet"]

    root = "http://100.100.100.200/latest"
    assert requests.get(f"{root}/meta-data/instance-id", timeout=5).text == instance_id
    assert requests.get(f"{root}/meta-data/ram/security-credentials/", timeout=5).text == "backup"
    assert requests.get(f"{root}/user-data", timeout=5).text == script


def test_user_data_that_is_not_in_base64_stays_as_it_is(ecs_events, call):
    """CreateInstance treats user data that it cannot decode as text."""
    call("CreateInstance", ImageId="m-1", InstanceType="ecs.g7.large", UserData="#!/bin/sh")
    (instance_id,) = ecs_events.instances
    ecs_events.start(instance_id)

    assert requests.get("http://100.100.100.200/latest/user-data", timeout=5).text == "#!/bin/sh"
