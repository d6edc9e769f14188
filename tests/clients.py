"""Clients of the real SDK that many calls share."""

import functools

from aliyunsdkcore.client import AcsClient


@functools.cache
def acs_client(access_key="ak", region_id="cn-hangzhou"):
    """A shared `AcsClient`: each new one reads the SDK's endpoint table from disk, which takes longer than a call.

    Use it only for requests that name their host: a client keeps the hosts that the location service returned.
    """
    return AcsClient(access_key, "secret", region_id)
