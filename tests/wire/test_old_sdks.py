"""What stands in for the methods that old SDKs lack is what those methods send."""

import re
from importlib.metadata import version

import pytest
from old_sdks import LATER, by_name, new_request

ECS = version("aliyun-python-sdk-ecs")
COMPLETE = (4, 24, 79)  # the oldest with all of them

LISTS = {
    "AdditionalAttributess": ["META_OPTIONS", "NETWORK_PRIMARY_ENI_IP"],
    "InstanceIds": ["i-web1", "i-web2"],
    "ResourceIds": ["i-web1"],
    "Tags": [{"Key": "team", "Value": "web"}, {"Key": "stage", "Value": ""}],
}


@pytest.mark.parametrize(
    ("action", "name"),
    [pytest.param(action, name, id=f"{action}-{name}") for action, names in LATER.items() for name in names],
)
def test_by_name_a_parameter_is_what_its_setter_sends(action, name):
    """A parameter that is sent by its name on the wire stands there as the setter of a newer SDK writes it."""
    request, value = new_request(action), LISTS.get(name, "text")
    if not hasattr(request, f"set_{name}") and tuple(map(int, re.findall(r"\d+", ECS))) < COMPLETE:
        pytest.skip(f"aliyun-python-sdk-ecs {ECS} has no set_{name} for {action}")

    getattr(request, f"set_{name}")(value)

    assert request.get_query_params() == by_name(name, value)
