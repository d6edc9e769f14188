"""A test's own answers, and the legacy SDK's search for endpoints."""

import datetime as dt
import json

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from aliyunsdkecs.request.v20140526.DescribeZonesRequest import DescribeZonesRequest

from pytest_ecsevents import ApiError, BadArgumentError, EcsEvents, UnexpectedCallError, UnknownRegionWarning


@pytest.fixture
def ecs():
    """A cloud with nothing in it."""
    with EcsEvents() as ecs_events:
        yield ecs_events


@pytest.fixture
def balancers(call):
    """Call the API of the load balancers."""
    return lambda **params: call(
        "DescribeLoadBalancers", product_host="slb.aliyuncs.com", version="2014-05-15", **params
    )


def test_a_stub_answers_another_product(ecs, balancers):
    """A dict is the reply, each time with a new RequestId; the calls are recorded as usual."""
    ecs.stub("Slb", "DescribeLoadBalancers", {"TotalCount": 0, "LoadBalancers": {"LoadBalancer": []}})
    ecs.assert_not_called("DescribeLoadBalancers")
    for _ in range(2):
        reply = balancers(Status="active")
        assert (reply["TotalCount"], len(reply["RequestId"])) == (0, 36)
    ecs.assert_called("DescribeLoadBalancers", times=2, Status="active")
    assert ecs.calls[0].product == "slb"


def test_a_stub_may_be_a_function_of_the_call(ecs, balancers):
    """The function gets the call, and can raise an ApiError."""

    def answer(call):
        if call.params.get("Status") == "locked":
            raise ApiError("OperationDenied", 403, "It is locked.")
        return {"seen": call.params["Status"]}

    ecs.stub("slb", "DescribeLoadBalancers", answer)
    assert balancers(Status="active")["seen"] == "active"
    with pytest.raises(ServerException) as refused:
        balancers(Status="locked")
    assert (refused.value.get_http_status(), refused.value.get_error_code()) == (403, "OperationDenied")


def test_a_stub_may_be_an_error(ecs, balancers):
    """An ApiError answers every call."""
    ecs.stub("Slb", "DescribeLoadBalancers", ApiError("Throttling.User", 400, "slow down"))
    with pytest.raises(ServerException) as refused:
        balancers()
    assert refused.value.get_error_msg() == "slow down"


def test_an_action_of_ecs_that_is_not_faked_can_be_stubbed(ecs, call):
    """DescribeZones, which is not faked, returns the answer of the test."""
    ecs.stub("Ecs", "DescribeZones", {"Zones": {"Zone": [{"ZoneId": "cn-hangzhou-k"}]}})
    assert call("DescribeZones")["Zones"]["Zone"][0]["ZoneId"] == "cn-hangzhou-k"


def test_cloudmonitor_is_known_by_its_product_name(ecs, call):
    """Host names contain metrics; a stub for Cms answers them."""
    ecs.stub("Cms", "DescribeMetricList", {"Datapoints": "[]"})
    host = "metrics.cn-hangzhou.aliyuncs.com"
    assert call("DescribeMetricList", product_host=host, version="2019-01-01")["Datapoints"] == "[]"


def test_a_stub_that_gives_no_dict_is_an_error_for_the_author(ecs, balancers):
    """The error has the function's result."""
    ecs.stub("Slb", "DescribeLoadBalancers", lambda _: None)
    with pytest.raises(BadArgumentError) as error:
        balancers()
    assert str(error.value) == "the stub of slb DescribeLoadBalancers returned None. Return a dict."


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (
            ("Ecs", "RebootInstance", {}),
            "RebootInstance of Ecs is faked, and needs no stub. Declare instances and events, or use fail() for errors.",
        ),
        (
            ("Slb", "DescribeLoadBalancers", "ok"),
            "stub('Slb', 'DescribeLoadBalancers') got 'ok'. Pass a dict, an ApiError, or a function of the call.",
        ),
    ],
)
def test_a_stub_that_cannot_be_is_refused_in_a_sentence(ecs, args, sentence):
    """For a faked action, or without an answer, the message says how to go on."""
    with pytest.raises(BadArgumentError) as error:
        ecs.stub(*args)
    assert str(error.value) == sentence


def test_a_call_beside_the_stubs_names_the_nearest(balancers):
    """The message of the unexpected call names a misspelt stub."""
    with pytest.raises(UnexpectedCallError) as error, EcsEvents() as ecs_events:
        ecs_events.stub("Slb", "DescribeLoadBalancer", {})
        balancers()
    assert str(error.value).startswith(
        "The handler called DescribeLoadBalancers() of slb, which cannot be answered: slb is not faked; only Ecs and Cms are. "
        'ecs_events.stub("slb", "DescribeLoadBalancers", ...) answers it. Did you mean slb DescribeLoadBalancer? '
    )


def test_a_region_that_the_sdk_does_not_know_is_found(ecs):
    """The SDK asks the location service for the endpoint, and then calls it."""
    with pytest.warns(UnknownRegionWarning, match="moon-1"):
        ecs.instances.add("i-moon", region_id="moon-1")
    request = CommonRequest(version="2014-05-26", action_name="DescribeInstances", product="Ecs")
    request.set_location_service_code("ecs")
    reply = json.loads(AcsClient("ak", "secret", "moon-1").do_action_with_exception(request))
    assert reply["TotalCount"] == 1
    assert [seen.action for seen in ecs.calls] == ["DescribeEndpoints", "DescribeInstances"]


LOOP = {}
LOOP["itself"] = LOOP


@pytest.mark.parametrize("value", [{"at": dt.date(2030, 1, 1)}, {"a": b"x"}, {"a": {1, 2}}, {("a",): 1}, LOOP])
def test_a_response_that_json_cannot_represent_is_refused_in_a_sentence(ecs, value):
    """As an argument when it is declared, as the result of a function in the call."""
    with pytest.raises(BadArgumentError, match="which JSON cannot represent"):
        ecs.stub("Ecs", "DescribeZones", value)
    ecs.stub("Ecs", "DescribeZones", lambda _call: value)
    with pytest.raises(
        BadArgumentError, match=r"the stub of Ecs DescribeZones returned .*, which JSON cannot represent"
    ):
        AcsClient("id", "key", "cn-hangzhou").do_action_with_exception(DescribeZonesRequest())


@pytest.mark.parametrize(
    "parts",
    [(None, 400, "No."), ("Mine", "400", "No."), ("Mine", 400, b"No."), ("Mine", 200, "No."), ("Mine", None, "")],
)
def test_the_parts_of_an_error_are_checked(parts):
    """Where it is made, not where the reply is encoded."""
    with pytest.raises(BadArgumentError, match=r"Pass a code, an HTTP status from 300 to 599 and a message"):
        ApiError(*parts)
