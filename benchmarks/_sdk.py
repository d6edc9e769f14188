"""The SDK as an application loads it: a client and twenty request classes of ECS."""

from importlib import import_module

ADAPTER_SEND = "aliyunsdkcore.vendored.requests.adapters.HTTPAdapter.send"

REQUESTS = (
    "AcceptInquiredSystemEvent",
    "CancelSimulatedSystemEvents",
    "CreateSimulatedSystemEvents",
    "DeleteInstance",
    "DescribeDisks",
    "DescribeImages",
    "DescribeInstanceAttribute",
    "DescribeInstanceHistoryEvents",
    "DescribeInstances",
    "DescribeInstancesFullStatus",
    "DescribeInstanceStatus",
    "DescribeRegions",
    "DescribeSecurityGroups",
    "DescribeTags",
    "DescribeZones",
    "RebootInstance",
    "RedeployInstance",
    "RunInstances",
    "StartInstance",
    "StopInstance",
)


def load():
    """Import the client and the request classes."""
    import_module("aliyunsdkcore.client")
    for name in REQUESTS:
        request_class(name)


def request_class(action):
    name = f"{action}Request"
    return getattr(import_module(f"aliyunsdkecs.request.v20140526.{name}"), name)


def client():
    from aliyunsdkcore.client import AcsClient

    return AcsClient("access-key-id", "access-key-secret", "cn-hangzhou")


def history_call(name, value, endpoint=""):
    """A function that calls DescribeInstanceHistoryEvents with one parameter set, and returns the reply's bytes.

    Args:
        name: The parameter's name.
        value: Its value.
        endpoint: Of a server; "" for the cloud's own.
    """
    connection, kind = client(), request_class("DescribeInstanceHistoryEvents")

    def call():
        request = kind()
        getattr(request, f"set_{name}")(value)
        if endpoint:
            request.set_endpoint(endpoint)
        return connection.do_action_with_exception(request)

    return call
