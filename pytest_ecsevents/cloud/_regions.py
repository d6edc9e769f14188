"""Regions, and the three characters with which ids made in them begin."""

import hashlib
import string
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Region:
    """One region.

    Attributes:
        region_id: `cn-beijing`.
        id_prefix: What follows `i-` and `e-` in ids made there.
        evidence: "observed" in published replies, or "unverified": seen in public ids, in no document.
    """

    region_id: str
    id_prefix: str
    evidence: str


_TABLE: Final = (
    Region("cn-hangzhou", "bp1", "observed"),
    Region("cn-beijing", "2ze", "observed"),
    Region("cn-shanghai", "uf6", "observed"),
    Region("cn-hongkong", "j6c", "observed"),
    Region("ap-southeast-1", "t4n", "observed"),
    Region("cn-shenzhen", "wz9", "unverified"),
    Region("cn-qingdao", "m5e", "unverified"),
    Region("cn-zhangjiakou", "8vb", "unverified"),
    Region("cn-huhehaote", "hp3", "unverified"),
    Region("cn-wulanchabu", "0jl", "unverified"),
    Region("cn-heyuan", "f8z", "unverified"),
    Region("cn-guangzhou", "7xv", "unverified"),
    Region("cn-chengdu", "2vc", "unverified"),
    Region("cn-nanjing", "gc7", "unverified"),
    Region("ap-northeast-1", "6we", "unverified"),
    Region("ap-northeast-2", "mj7", "unverified"),
    Region("ap-southeast-2", "p0w", "unverified"),
    Region("ap-southeast-3", "8ps", "unverified"),
    Region("ap-southeast-5", "k1a", "unverified"),
    Region("ap-southeast-6", "5ts", "unverified"),
    Region("ap-southeast-7", "0jo", "unverified"),
    Region("ap-south-1", "a2d", "unverified"),
    Region("us-west-1", "rj9", "unverified"),
    Region("us-east-1", "0xi", "unverified"),
    Region("eu-central-1", "gw8", "unverified"),
    Region("eu-west-1", "d7o", "unverified"),
    Region("me-east-1", "eb3", "unverified"),
    Region("me-central-1", "l4v", "unverified"),
)

REGIONS: Final = {region.region_id: region for region in _TABLE}
_BY_PREFIX: Final = {region.id_prefix: region.region_id for region in _TABLE}
_ALPHABET: Final = string.digits + string.ascii_lowercase


def id_prefix(region_id: str) -> str:
    """The three characters of ids in a region; invented from its name for a region that the table does not hold."""
    known = REGIONS.get(region_id)
    if known is not None:
        return known.id_prefix
    digest = hashlib.sha256(region_id.encode()).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:3])


def region_of_id(resource_id: str) -> str | None:
    """The region that the prefix of a full-length id tells (`i-2ze...` is cn-beijing), or None."""
    return _BY_PREFIX.get(resource_id.partition("-")[2][:3])
