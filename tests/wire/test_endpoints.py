"""The region of a call, and whether its endpoint serves that region."""

import json

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526.DescribeInstancesRequest import DescribeInstancesRequest
from aliyunsdkecs.request.v20140526.DescribeRegionsRequest import DescribeRegionsRequest
from aliyunsdkecs.request.v20140526.RebootInstanceRequest import RebootInstanceRequest

pytestmark = pytest.mark.ecs_instance("i-there", region_id="ap-southeast-5")


def send(request, region_id, endpoint):
    """Send a request to an endpoint; a client of one region sends that region's id."""
    request.set_endpoint(endpoint)
    return json.loads(AcsClient("ak", "secret", region_id).do_action_with_exception(request))


def describe(region_id, endpoint):
    """Return the ids of the instances that an endpoint lists for a region."""
    reply = send(DescribeInstancesRequest(), region_id, endpoint)
    return [instance["InstanceId"] for instance in reply["Instances"]["Instance"]]


@pytest.mark.parametrize("host", ["ecs.ap-southeast-5.aliyuncs.com", "ecs-vpc.ap-southeast-5.aliyuncs.com"])
def test_a_regions_own_endpoint_serves_it(ecs_events, host):
    """The public one and the one inside a VPC do."""
    assert describe("ap-southeast-5", host) == ["i-there"]


@pytest.mark.parametrize(
    "host",
    [
        "ecs.eu-central-1.aliyuncs.com",
        "ecs-vpc.cn-beijing.aliyuncs.com",
        "ecs-cn-hangzhou.aliyuncs.com",
        "ecs.aliyuncs.com",
    ],
)
def test_an_endpoint_refuses_a_region_that_it_does_not_serve(ecs_events, host):
    """The refusal has the service's words, and the timeline names the right endpoint."""
    with pytest.raises(ServerException) as refused:
        describe("ap-southeast-5", host)
    assert refused.value.http_status == 404
    assert refused.value.error_code == "InvalidOperation.NotSupportedEndpoint"
    assert "Please use API DescribeRegions to get the appropriate endpoint" in refused.value.message
    assert "Its endpoint is ecs.ap-southeast-5.aliyuncs.com" in ecs_events.timeline()


@pytest.mark.parametrize("host", ["ecs-cn-hangzhou.aliyuncs.com", "ecs.aliyuncs.com"])
@pytest.mark.parametrize("region_id", ["cn-hangzhou", "cn-beijing", "ap-southeast-1", "us-east-1", "na-south-1"])
def test_a_central_endpoint_serves_the_regions_of_the_maps(ecs_events, host, region_id):
    """Those are the regions that the SDKs send there, and the newest, which are in no map."""
    ecs_events.instances.add("i-central", region_id=region_id)
    assert describe(region_id, host) == ["i-central"]


def test_a_host_of_another_form_serves_any_region(ecs_events):
    """Its form is unknown, so it refuses no region."""
    assert describe("ap-southeast-5", "ecs-openapi.aliyuncs.com") == ["i-there"]


def test_any_endpoint_lists_the_regions(ecs_events):
    """The refusal advises to call DescribeRegions, so that call is answered."""
    reply = send(DescribeRegionsRequest(), "ap-southeast-5", "ecs.aliyuncs.com")
    regions = {region["RegionId"]: region["RegionEndpoint"] for region in reply["Regions"]["Region"]}
    assert regions["ap-southeast-5"] == "ecs.ap-southeast-5.aliyuncs.com"


def test_an_unknown_region_is_refused_as_such(ecs_events):
    """Its refusal says that the region does not exist."""
    with pytest.raises(ServerException, match=r"InvalidRegionId\.NotFound"):
        describe("ap-southeast-55", "ecs.aliyuncs.com")


class TestNewerSdk:
    """Its RebootInstance has no RegionId."""

    @staticmethod
    def reboot(endpoint):
        models = pytest.importorskip("alibabacloud_ecs20140526.models")
        from alibabacloud_ecs20140526.client import Client
        from alibabacloud_tea_openapi.models import Config

        client = Client(Config(access_key_id="ak", access_key_secret="secret", endpoint=endpoint, protocol="http"))
        client.reboot_instance(models.RebootInstanceRequest(instance_id="i-there"))

    @pytest.mark.parametrize("host", ["ecs.ap-southeast-5.aliyuncs.com", "ecs-cn-hangzhou.aliyuncs.com"])
    def test_the_instance_is_found(self, ecs_events, host):
        """Its region's endpoint finds it, and a central one, wherever it is (a guess)."""
        self.reboot(host)
        assert "Stopping -> Starting" in ecs_events.timeline()

    def test_another_regions_endpoint_does_not_know_it(self, ecs_events):
        """Without RegionId the region of the endpoint counts."""
        with pytest.raises(Exception, match=r"InvalidInstanceId\.NotFound"):
            self.reboot("ecs.cn-beijing.aliyuncs.com")
        assert "Stopping" not in ecs_events.timeline()


def test_over_the_server_any_region_is_served(ecs_events):
    """A client that is pointed at loopback has chosen no endpoint."""
    assert describe("ap-southeast-5", ecs_events.endpoint) == ["i-there"]


def test_a_fault_can_be_this_refusal(ecs_events):
    """A test can have the endpoint refuse a call once."""
    ecs_events.fail("RebootInstance", "InvalidOperation.NotSupportedEndpoint")
    request = RebootInstanceRequest()
    request.set_InstanceId("i-there")
    with pytest.raises(ServerException, match="NotSupportedEndpoint"):
        send(request, "ap-southeast-5", "ecs.ap-southeast-5.aliyuncs.com")
