"""The replacements for methods that old SDKs lack send the same as those methods."""

import pytest
from old_sdks import ECS, IS_OLD, LATER, by_name, new_request

LISTS = {
    "AdditionalAttributess": ["META_OPTIONS", "NETWORK_PRIMARY_ENI_IP"],
    "HostNamess": ["web1", "web2"],
    "InstanceIds": ["i-web1", "i-web2"],
    "Ipv6Addresss": ["2001:db8::1"],
    "NetworkInterfaces": [{"InstanceType": "Primary", "VSwitchId": "vsw-1", "SecurityGroupIds": ["sg-1", "sg-2"]}],
    "ResourceIds": ["i-web1"],
    "SecurityGroupIdss": ["sg-1", "sg-2"],
    "Tags": [{"Key": "team", "Value": "web"}, {"Key": "stage", "Value": ""}],
}


@pytest.mark.parametrize(
    ("action", "name"),
    [pytest.param(action, name, id=f"{action}-{name}") for action, names in LATER.items() for name in names],
)
def test_by_name_a_parameter_is_what_its_setter_sends(action, name):
    """A parameter sent by its name on the wire has the form that the setter of a newer SDK writes."""
    request, value = new_request(action), LISTS.get(name, "text")
    setter = getattr(request, f"set_{name}", None)
    if setter is not None:
        setter(value)
    if IS_OLD and request.get_query_params() != by_name(name, value):
        pytest.skip(f"aliyun-python-sdk-ecs {ECS} has no set_{name} for {action}, or one that leaves something out")

    assert request.get_query_params() == by_name(name, value)
