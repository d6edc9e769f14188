"""Which regions an endpoint of ECS serves, from the endpoint maps of the SDKs."""

import re
from functools import cache, lru_cache
from typing import Final

from pytest_ecsevents.rpc._action import ServedRegions
from pytest_ecsevents.rpc._error_tables import csv_rows
from pytest_ecsevents.services.ecs._regions import REGIONS

_REGIONAL: Final = re.compile(r"ecs(?:-vpc)?\.([\w-]+)\.aliyuncs\.com")


@cache
def _mapped() -> "dict[str, set[str]]":
    hosts: dict[str, set[str]] = {}
    for host, region_id, _ in csv_rows("pytest_ecsevents.services.ecs", "endpoints.csv"):
        hosts.setdefault(host, set()).add(region_id)
    return hosts


@cache
def _central() -> set[str]:
    """What both central endpoints serve: each SDK has another one for the same regions (a guess).

    The newest regions are in no map. No refusal is invented for them.
    """
    newest = {region.region_id for region in REGIONS.values() if not region.id_prefix}
    return newest.union(*(regions for host, regions in _mapped().items() if not _REGIONAL.fullmatch(host)))


@lru_cache(maxsize=1000)
def served_by(host: str) -> ServedRegions | None:
    """The regions that an endpoint serves, by its host in lower case; None if the SDKs have no host of that form."""
    regional = _REGIONAL.fullmatch(host)
    if regional:
        return ServedRegions(regional[1], frozenset((regional[1], *_mapped().get(host, ()))))
    return ServedRegions("", _central()) if host in _mapped() else None
