"""What a small test costs with this plugin and with its neighbours, for the manual's page that compares them.

Each figure is the processor time that one more such test takes: a file of many, less a file of one, divided by their
number. Prints the rows of a table in Markdown. moto is measured if it is installed: pip install "moto[ec2]".
"""

import argparse
from importlib.util import find_spec
from statistics import median

from _pytest_runs import folder, run, spent

_SDK = """
from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526.DescribeInstancesRequest import DescribeInstancesRequest

CLIENT = AcsClient("any", "key", "cn-hangzhou")


def call():
    return CLIENT.do_action_with_exception(DescribeInstancesRequest())


"""
_PATCH = """
from unittest.mock import patch
"""
_RESPONSES = """
import responses

TARGET = "aliyunsdkcore.vendored.requests.adapters.HTTPAdapter.send"
"""
_RESPONSES_TEST = """
def test_{}():
    with responses.RequestsMock(target=TARGET) as mock:
        mock.post("http://ecs-cn-hangzhou.aliyuncs.com/", json={{}})
        call()
"""
_DAY = """
import time


def poll_hourly():
    while True:
        call()
        time.sleep(3600)


"""
_MOTO = """
import boto3
from moto import mock_aws

CLIENT = boto3.client("ec2", region_name="us-east-1", aws_access_key_id="any", aws_secret_access_key="key")


"""

_MOTO_TEST = "@mock_aws\ndef test_{}(): CLIENT.describe_instances()\n"

# What is measured: the file's beginning, a test by its number, how many, and whether it needs this plugin.
KINDS = {
    "an empty test": (_SDK, "def test_{}(): pass\n", 400, False),
    "`patch.object` of the client's method, one call": (
        _PATCH + _SDK,
        "@patch.object(AcsClient, 'do_action_with_exception')\ndef test_{}(mock): call()\n",
        400,
        False,
    ),
    "`responses`, one call of the legacy SDK": (
        _RESPONSES + _SDK,
        _RESPONSES_TEST,
        200,
        False,
    ),
    "`freeze_time`, no call": (
        "from freezegun import freeze_time\n" + _SDK,
        "@freeze_time('2030-01-01')\ndef test_{}(): pass\n",
        200,
        False,
    ),
    "`time_machine.travel`, no call": (
        "import time_machine\n" + _SDK,
        "@time_machine.travel(0)\ndef test_{}(): pass\n",
        400,
        False,
    ),
    "moto, one call of boto3, without its default images (`MOTO_EC2_LOAD_DEFAULT_AMIS=false`)": (
        "import os\n\nos.environ['MOTO_EC2_LOAD_DEFAULT_AMIS'] = 'false'\n" + _MOTO,
        _MOTO_TEST,
        60,
        False,
    ),
    "moto, one call of boto3": (_MOTO, _MOTO_TEST, 10, False),
    "this plugin, one call": (_SDK, "def test_{}(ecs_events): call()\n", 200, True),
    "this plugin on time-machine, one call": (
        "import pytest\n\npytestmark = pytest.mark.ecs_clock(backend='time-machine')\n" + _SDK,
        "def test_{}(ecs_events): call()\n",
        200,
        True,
    ),
    "this plugin, a day of hourly polls": (
        _SDK + _DAY,
        "def test_{}(ecs_events): ecs_events.run(poll_hourly, until='1d')\n",
        30,
        True,
    ),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured; the median counts")
    rounds = parser.parse_args().rounds
    kinds = {what: kind for what, kind in KINDS.items() if find_spec("moto") or not what.startswith("moto")}
    taken = {what: [] for what in kinds}
    for _ in range(rounds):
        for what, kind in kinds.items():
            taken[what].append(cost(*kind))
    print("| one more test with | takes |\n| --- | --- |")
    for what, seconds in taken.items():
        print(f"| {what} | {median(seconds) * 1e3:.1f} ms |")


def cost(header, test, count, with_plugin):
    """Seconds of processor time that each further test takes."""
    with folder() as path:
        one, many = path / "test_one.py", path / "test_many.py"
        for file, times in (one, 1), (many, count):
            file.write_text(header + "".join(test.format(number) for number in range(times)))
        alone, all_together = (spent(lambda file=file: run(file, with_plugin=with_plugin)) for file in (one, many))
        return (all_together - alone) / (count - 1)


if __name__ == "__main__":
    main()
