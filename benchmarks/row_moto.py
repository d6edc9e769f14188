"""The smallest test of a handler here, and its like with moto."""

from importlib.util import find_spec

from _measure import Row, ratio_row
from _pytest_runs import Suite, costs_in_turn, folder

_OURS = """
from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526.DescribeInstancesRequest import DescribeInstancesRequest

CLIENT = AcsClient("access-key-id", "access-key-secret", "cn-hangzhou")

"""
_OUR_TEST = "def test_{}(ecs_events): CLIENT.do_action_with_exception(DescribeInstancesRequest())\n"

_MOTO = """
import boto3
from moto import mock_aws

CLIENT = boto3.client(
    "ec2", region_name="us-east-1", aws_access_key_id="access-key-id", aws_secret_access_key="access-key-secret"
)

"""
_MOTO_TEST = "@mock_aws\ndef test_{}(): CLIENT.describe_instances()\n"


def rows(quick):
    what = "smallest test / moto's, per test"
    if find_spec("moto") is None:
        yield Row(what, "", "", 'not measured: pip install "moto[ec2]"')
        return
    with folder() as path:
        ours, moto = costs_in_turn(
            [
                Suite(path, "ours", _OURS, _OUR_TEST, 50 if quick else 300, with_plugin=True),
                Suite(path, "moto", _MOTO, _MOTO_TEST, 4 if quick else 20, with_plugin=False),
            ],
            1 if quick else 3,
        )
    yield ratio_row(what, ours, moto)
