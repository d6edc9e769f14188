"""Regions, and the three characters with which ids in them begin."""

import hashlib
import string
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Region:
    """One region.

    Attributes:
        region_id: `cn-beijing`.
        id_prefix: What follows `i-` and `e-` in ids.
        evidence: Evidence of the prefix: "observed" in published replies, or "unverified": seen in public ids only.
        name: `LocalName` in English.
        chinese_name: `LocalName` in Chinese. Names other than Qingdao's are unverified.
    """

    region_id: str
    id_prefix: str
    evidence: str
    name: str
    chinese_name: str


_TABLE: Final = (
    Region("cn-hangzhou", "bp1", "observed", "China (Hangzhou)", "华东1（杭州）"),
    Region("cn-beijing", "2ze", "observed", "China (Beijing)", "华北2（北京）"),
    Region("cn-shanghai", "uf6", "observed", "China (Shanghai)", "华东2（上海）"),
    Region("cn-hongkong", "j6c", "observed", "China (Hong Kong)", "中国香港"),
    Region("ap-southeast-1", "t4n", "observed", "Singapore", "新加坡"),
    Region("cn-shenzhen", "wz9", "unverified", "China (Shenzhen)", "华南1（深圳）"),
    Region("cn-qingdao", "m5e", "unverified", "China (Qingdao)", "华北1（青岛）"),
    Region("cn-zhangjiakou", "8vb", "unverified", "China (Zhangjiakou)", "华北3（张家口）"),
    Region("cn-huhehaote", "hp3", "unverified", "China (Hohhot)", "华北5（呼和浩特）"),
    Region("cn-wulanchabu", "0jl", "unverified", "China (Ulanqab)", "华北6（乌兰察布）"),
    Region("cn-heyuan", "f8z", "unverified", "China (Heyuan)", "华南2（河源）"),
    Region("cn-guangzhou", "7xv", "unverified", "China (Guangzhou)", "华南3（广州）"),
    Region("cn-chengdu", "2vc", "unverified", "China (Chengdu)", "西南1（成都）"),
    Region("cn-nanjing", "gc7", "unverified", "China (Nanjing - Local Region)", "华东5（南京-本地地域）"),
    Region("ap-northeast-1", "6we", "unverified", "Japan (Tokyo)", "日本（东京）"),
    Region("ap-northeast-2", "mj7", "unverified", "South Korea (Seoul)", "韩国（首尔）"),
    Region("ap-southeast-2", "p0w", "unverified", "Australia (Sydney)", "澳大利亚（悉尼）"),
    Region("ap-southeast-3", "8ps", "unverified", "Malaysia (Kuala Lumpur)", "马来西亚（吉隆坡）"),
    Region("ap-southeast-5", "k1a", "unverified", "Indonesia (Jakarta)", "印度尼西亚（雅加达）"),
    Region("ap-southeast-6", "5ts", "unverified", "Philippines (Manila)", "菲律宾（马尼拉）"),
    Region("ap-southeast-7", "0jo", "unverified", "Thailand (Bangkok)", "泰国（曼谷）"),
    Region("ap-south-1", "a2d", "unverified", "India (Mumbai)", "印度（孟买）"),
    Region("us-west-1", "rj9", "unverified", "US (Silicon Valley)", "美国（硅谷）"),
    Region("us-east-1", "0xi", "unverified", "US (Virginia)", "美国（弗吉尼亚）"),
    Region("eu-central-1", "gw8", "unverified", "Germany (Frankfurt)", "德国（法兰克福）"),
    Region("eu-west-1", "d7o", "unverified", "UK (London)", "英国（伦敦）"),
    Region("me-east-1", "eb3", "unverified", "UAE (Dubai)", "阿联酋（迪拜）"),
    Region("me-central-1", "l4v", "unverified", "Saudi Arabia (Riyadh)", "沙特（利雅得）"),
)

REGIONS: Final = {region.region_id: region for region in _TABLE}
_BY_PREFIX: Final = {region.id_prefix: region.region_id for region in _TABLE}
_ALPHABET: Final = string.digits + string.ascii_lowercase


def id_prefix(region_id: str) -> str:
    """Return the three characters of ids in a region; for an unknown region they are derived from its name."""
    known = REGIONS.get(region_id)
    if known is not None:
        return known.id_prefix
    digest = hashlib.sha256(region_id.encode()).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:3])


def region_of_id(resource_id: str) -> str | None:
    """Return the region by the prefix of an id (`i-2ze...` is cn-beijing), or None."""
    return _BY_PREFIX.get(resource_id.partition("-")[2][:3])
