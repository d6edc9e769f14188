"""The smallest test of a handler here, and its like with the mocks of others: what one more test takes."""

from _measure import ratio_row
from _pytest_runs import Suite, costs_in_turn, folder

_OURS = """
from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526.DescribeInstancesRequest import DescribeInstancesRequest

CLIENT = AcsClient("access-key-id", "access-key-secret", "cn-hangzhou")

"""
_OUR_TEST = "def test_{}(ecs_events): CLIENT.do_action_with_exception(DescribeInstancesRequest())\n"

_BOTO = """
import boto3

CLIENT = boto3.client(
    "ec2", region_name="us-east-1", aws_access_key_id="access-key-id", aws_secret_access_key="access-key-secret"
)

"""
_MOTO_TEST = "@mock_aws\ndef test_{}(): CLIENT.describe_instances()\n"
_STUBBER_TEST = """
def test_{}():
    with Stubber(CLIENT) as stubber:
        stubber.add_response("describe_instances", {{"Reservations": []}})
        CLIENT.describe_instances()
"""

# One client for all tests: to make one takes ten times as long as the test.
_HTTPX = "import httpx\n\nCLIENT = httpx.Client()\n\n"
_HTTPX_TEST = """
def test_{}(httpx_mock):
    httpx_mock.add_response(json={{}})
    CLIENT.get("http://example.com/")
"""
_RESPX_TEST = """
@respx.mock
def test_{}():
    respx.get("http://example.com/").respond(json={{}})
    CLIENT.get("http://example.com/")
"""

# By name: the file's beginning, its test, how many, and the name of a plugin that it needs.
PEERS = {
    "moto's": ("from moto import mock_aws\n" + _BOTO, _MOTO_TEST, 20, None),
    "moto's without default images": (
        "import os\n\nos.environ['MOTO_EC2_LOAD_DEFAULT_AMIS'] = 'false'\nfrom moto import mock_aws\n" + _BOTO,
        _MOTO_TEST,
        60,
        None,
    ),
    "botocore's Stubber": ("from botocore.stub import Stubber\n" + _BOTO, _STUBBER_TEST, 300, None),
    "pytest-httpx, one GET": (_HTTPX, _HTTPX_TEST, 300, "pytest_httpx"),
    "respx, one GET": ("import respx\n" + _HTTPX, _RESPX_TEST, 300, None),
}


def rows(quick):
    with folder() as path:
        suites = [Suite(path, "ours", _OURS, _OUR_TEST, 50 if quick else 300, with_plugin=True)]
        for number, (header, test, count, plugin) in enumerate(PEERS.values()):
            size = max(4, count // 6) if quick else count
            suites.append(Suite(path, f"peer{number}", header, test, size, with_plugin=False, needs=plugin))
        ours, *others = costs_in_turn(suites, 1 if quick else 3)
    for name, other in zip(PEERS, others, strict=True):
        yield ratio_row(f"smallest test / {name}", ours, other)
