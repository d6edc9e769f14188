"""Regions, and the three characters that ids in them begin with."""

import hashlib
import string
from dataclasses import dataclass
from typing import Final

from pytest_ecsevents.rpc._error_tables import csv_rows


@dataclass(frozen=True, slots=True)
class Region:
    """One region.

    Attributes:
        region_id: `cn-beijing`.
        id_prefix: What follows `i-` and `e-` in ids; "" if it is unknown.
        evidence: Evidence of the prefix: "observed" in published replies, or "unverified": seen in public ids only.
        name: `LocalName` in English.
        chinese_name: `LocalName` in Chinese. Names other than Qingdao's are unverified.
    """

    region_id: str
    id_prefix: str
    evidence: str
    name: str
    chinese_name: str


REGIONS: Final = {row[0]: Region(*row) for row in csv_rows("pytest_ecsevents.services.ecs", "regions.csv")}
CLOSED: Final = ("ap-southeast-2", "ap-south-1")
"""Regions that were closed: DescribeRegions does not list them."""

UNLISTED_REGIONS: Final = (
    *("cn-hangzhou-finance", "cn-shanghai-finance-1", "cn-shenzhen-finance-1", "cn-beijing-finance-1"),
    *("cn-north-2-gov-1", "cn-beijing-gov-1"),
)
"""Regions for finance and government: they exist, but most accounts don't see them."""

_BY_PREFIX: Final = {region.id_prefix: region.region_id for region in REGIONS.values() if region.id_prefix}
_ALPHABET: Final = string.digits + string.ascii_lowercase


def id_prefix(region_id: str) -> str:
    """Return the three characters of ids in a region; where they are unknown they are derived from its name."""
    known = REGIONS.get(region_id)
    if known is not None and known.id_prefix:
        return known.id_prefix
    digest = hashlib.sha256(region_id.encode()).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:3])


def region_of_id(resource_id: str) -> str | None:
    """Return the region by the prefix of an id (`i-2ze...` is cn-beijing), or None."""
    return _BY_PREFIX.get(resource_id.partition("-")[2][:3])
