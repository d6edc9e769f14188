"""The environment that points another process at the cloud of a test.

Each variable is one that some client reads: its reader stands beside it. There is none that the SDKs for Python read an
endpoint from, so those that speak HTTP are led here as through a proxy.
"""

from typing import Final

from pytest_ecsevents.clock._times import SECOND
from pytest_ecsevents.clock._zone import LOCAL
from pytest_ecsevents.face._wiring import Parts

_KEY: Final = "ecsevents"
_SECRET: Final = "ecsevents"  # noqa: S105  # any secret will do


def environment(parts: Parts, endpoint: str) -> dict[str, str]:
    """The variables; `endpoint` is the server's host and port."""
    variables = {
        # alibabacloud_credentials, which the newer SDK uses, and aliyun CLI.
        "ALIBABA_CLOUD_ACCESS_KEY_ID": _KEY,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": _SECRET,
        "ALIBABA_CLOUD_SECURITY_TOKEN": "",
        # aliyun-python-sdk-core.
        "ALIYUN_ACCESS_KEY_ID": _KEY,
        "ALIYUN_ACCESS_KEY_SECRET": _SECRET,
        # aliyun CLI and its plugins; many programs take region and endpoint from them by hand.
        "ALIBABA_CLOUD_IGNORE_PROFILE": "TRUE",
        "ALIBABA_CLOUD_REGION_ID": parts.settings.region,
        "ALIBABA_CLOUD_ENDPOINT": endpoint,
        # Every client, for http:// URLs; some read the name in lower case alone.
        **dict.fromkeys(("HTTP_PROXY", "http_proxy"), f"http://{endpoint}"),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost"),
    }
    roles = {role for record in parts.cloud.instances.existing.values() if (role := record.texts["ram_role_name"])}
    if len(roles) == 1:
        variables["ALIBABA_CLOUD_ECS_METADATA"] = roles.pop()  # alibabacloud_credentials, asked for a role's key
    if parts.settings.tz != LOCAL:
        variables["TZ"] = parts.settings.tz
    ahead = parts.clock.ahead_of_machine()
    if ahead >= SECOND:
        variables["FAKETIME"] = f"+{ahead // SECOND}"  # libfaketime, if it is preloaded
    elif ahead <= -SECOND:
        variables["FAKETIME"] = f"-{-ahead // SECOND}"
    return variables
