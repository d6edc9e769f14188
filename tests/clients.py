"""Clients of the real SDK that many calls share."""

import functools

from aliyunsdkcore.client import AcsClient


@functools.cache
def acs_client(access_key="ak", region_id="cn-hangzhou"):
    """A shared `AcsClient`: each new one reads the SDK's table of endpoints from disk, which takes longer than a call.

    Only for requests that name their host: a client keeps the hosts that it has asked the location service for.
    """
    return AcsClient(access_key, "secret", region_id)
