"""Names of hosts that are too long for the DNS."""

import socket
import urllib.request

import pytest

from pytest_ecsevents import UnexpectedCallError

DOMAIN = ".aliyuncs.com"


@pytest.mark.parametrize("part", ["a", "registry-", "-registry", "a.", "oss-", "a.mns-b", "a.\n"])
def test_a_name_that_is_too_long_is_refused_at_once(ecs, part):
    """No pattern is tried on it: some would take minutes."""
    ecs.strict -= {"calls"}
    with pytest.raises(socket.gaierror, match="Name or service not known"):
        socket.getaddrinfo(part * 10_000 + DOMAIN, 443)


def test_it_is_named_in_the_error(ecs):
    """The longest name that can be is still an API; with one character more it is a name that no host has."""
    longest = "ecs." + "a" * (253 - len("ecs.") - len(DOMAIN)) + DOMAIN
    query = "Action=DescribeRegions&Version=2014-05-26&AccessKeyId=ak"
    with urllib.request.build_opener().open(f"http://{longest}/?{query}", timeout=3) as reply:
        assert reply.status == 200
    with pytest.raises(UnexpectedCallError, match="is a name that is too long for the DNS"):
        urllib.request.build_opener().open(f"http://{longest.replace('a', 'aa', 1)}/?{query}", timeout=3)
    ecs.strict -= {"calls"}  # it would be raised once more
