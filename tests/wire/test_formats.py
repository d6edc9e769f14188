"""The forms of requests, and the two formats of replies."""

import json
from xml.etree import ElementTree as ET

import pytest
from aliyunsdkcore.request import CommonRequest

CREATE = {"EventType": "SystemMaintenance.Reboot", "NotBefore": "2030-01-01T01:00:00Z"}


def common(action, *, method="GET", query=None, body=None):
    """A `CommonRequest` of ECS."""
    request = CommonRequest(domain="ecs.aliyuncs.com", version="2014-05-26", action_name=action)
    request.set_method(method)
    for name, value in (query or {}).items():
        request.add_query_param(name, value)
    for name, value in (body or {}).items():
        request.add_body_params(name, value)
    return request


@pytest.fixture
def send(client):
    """Send a `CommonRequest`; it returns the reply."""

    def send(action, **how):
        return json.loads(client.do_action_with_exception(common(action, **how)))

    return send


@pytest.fixture
def plain(client):
    """Send a request with `do_action`, which sets no format; return the bytes of the reply."""

    def send(request):
        with pytest.warns(DeprecationWarning, match="do_action"):
            return client.do_action(request)

    return send


# -- places of parameters


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_parameters_in_the_query(send, ecs_events, web1, method):
    """Parameters are read from the query, of GET and of POST."""
    send("CreateSimulatedSystemEvents", method=method, query={**CREATE, "InstanceId.1": web1})

    assert ecs_events.one().status == "Scheduled"


def test_parameters_in_the_form(send, ecs_events, web1):
    """Parameters are read from a form body."""
    send("CreateSimulatedSystemEvents", method="POST", body={**CREATE, "InstanceId.1": web1})

    assert ecs_events.one().instance_id == web1


def test_parameters_in_both(send, ecs_events, web1):
    """Parameters are read from query and form body together."""
    send("CreateSimulatedSystemEvents", method="POST", query=CREATE, body={"InstanceId.1": web1})

    assert ecs_events.one().instance_id == web1


def test_everything_in_the_form(http, ecs_events, web1):
    """Even the action is read from a form body."""
    body = {"Action": "RebootInstance", "InstanceId": web1, "RegionId": "cn-hangzhou"}

    status, reply = http({}, method="POST", body=body)

    assert status == 200
    assert set(reply) == {"RequestId"}
    ecs_events.assert_called("RebootInstance", times=1, InstanceId=web1)


def test_action_in_a_header(http, ecs_events, web1):
    """The action is read from its header."""
    headers = {"x-acs-action": "RebootInstance", "x-acs-version": "2014-05-26"}

    status, reply = http({"InstanceId": web1}, method="POST", headers=headers)

    assert status == 200
    assert set(reply) == {"RequestId"}
    ecs_events.assert_called("RebootInstance", times=1, InstanceId=web1)


def test_text_outside_ascii(send, ecs_events):
    """Text of any script survives query and form."""
    ecs_events.instances.add("i-a", instance_name="网站 & 一=100%")

    for how in ({"query": {"InstanceName": "网站 & 一=100%"}}, {"body": {"InstanceName": "网站 & 一=100%"}}):
        reply = send("DescribeInstances", method="POST", **how)
        assert [entry["InstanceName"] for entry in reply["Instances"]["Instance"]] == ["网站 & 一=100%"]


@pytest.mark.parametrize("protocol", ["http", "https"])
def test_protocols(sdk, web1, protocol):
    """HTTP and HTTPS are served."""
    request = sdk.request("DescribeInstances")
    request.set_protocol_type(protocol)

    reply = json.loads(sdk.client.do_action_with_exception(request))

    assert reply["TotalCount"] == 1


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_other_methods(http, ecs_events, web1, method):
    """Methods other than GET and POST are refused, and have no effect."""
    ecs_events.strict = False

    status, reply = http({"Action": "StopInstance", "InstanceId": web1}, method=method)

    assert status in {400, 403}
    assert reply["Code"] == "UnsupportedHTTPMethod"
    assert ecs_events.instances[web1].status == "Running"


@pytest.mark.parametrize("flag", ["true", "True", "TRUE", "tRuE"])
@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("RebootInstance", {"InstanceId": "i-web1"}),
        ("RebootInstances", {"InstanceId.1": "i-web1"}),
        ("StopInstance", {"InstanceId": "i-web1"}),
        ("DescribeInstances", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else len(value),
)
def test_true_in_any_case(http, web1, action, params, flag):
    """A boolean is true in any case."""
    status, reply = http({"Action": action, "RegionId": "cn-hangzhou", "DryRun": flag, **params})

    assert status == 400
    assert reply["Code"] in {"DryRunOperation", "DRYRUN.SUCCESS"}


@pytest.mark.parametrize("flag", ["false", "False", "FALSE", "fAlSe"])
def test_false_in_any_case(http, web1, flag):
    """A boolean is false in any case."""
    status, reply = http({"Action": "RebootInstance", "InstanceId": web1, "DryRun": flag})

    assert (status, set(reply)) == (200, {"RequestId"})


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("RebootInstance", {"InstanceId": "i-web1"}),
        ("RebootInstances", {"InstanceId.1": "i-web1"}),
        ("StopInstance", {"InstanceId": "i-web1"}),
    ],
    ids=lambda value: value if isinstance(value, str) else len(value),
)
def test_flag_that_is_no_boolean(http, ecs_events, web1, action, params):
    """A flag that is neither true nor false is refused, and nothing changes."""
    status, reply = http({"Action": action, "RegionId": "cn-hangzhou", "DryRun": "perhaps", **params})

    assert status in {400, 403}
    assert reply["Code"].startswith("InvalidParameter")
    assert "DryRun" in reply["Message"]
    assert ecs_events.instances[web1].status == "Running"


# -- JSON


def test_format_json(sdk, web1):
    """Format=JSON gives JSON, with its content type."""
    request = sdk.request("DescribeInstances")
    request.set_accept_format("JSON")

    status, headers, body = sdk.client.get_response(request)[:3]

    assert status == 200
    assert headers["Content-Type"].split(";")[0] == "application/json"
    assert json.loads(body)["TotalCount"] == 1


@pytest.mark.parametrize("written", ["JSON", "json", "Json"])
def test_format_in_any_case(http, web1, written):
    """Format is read in any case."""
    _, reply = http({"Action": "DescribeInstances", "RegionId": "cn-hangzhou", "Format": written})

    assert reply["TotalCount"] == 1


# -- XML


def test_plain_do_action_gets_xml(sdk, plain, ecs_events, web1):
    """`do_action` sends `Format=None`, which is no format, and gets the default, XML."""
    root = ET.fromstring(plain(sdk.request("RebootInstance", InstanceId=web1)))  # noqa: S314

    assert root.tag == "RebootInstanceResponse"
    assert [child.tag for child in root] == ["RequestId"]
    ecs_events.assert_called("RebootInstance", times=1)


def test_format_xml(sdk, web1):
    """Format=XML gives XML, with its content type."""
    request = sdk.request("DescribeInstances")
    request.set_accept_format("XML")

    status, headers, body = sdk.client.get_response(request)[:3]

    assert status == 200
    assert headers["Content-Type"].split(";")[0] in {"text/xml", "application/xml"}
    assert ET.fromstring(body).tag == "DescribeInstancesResponse"  # noqa: S314


def test_no_format(http_text, web1):
    """Without Format the reply is XML."""
    status, text = http_text({"Action": "DescribeInstances", "RegionId": "cn-hangzhou"})

    assert status == 200
    assert ET.fromstring(text).tag == "DescribeInstancesResponse"  # noqa: S314


def test_lists_in_xml(sdk, plain, ecs_events, web1):
    """A list is a sequence of elements of one name within the list's own element."""
    ecs_events.instances.add("i-web2")
    request = sdk.request("CreateSimulatedSystemEvents", InstanceIds=[web1, "i-web2"], **CREATE)

    root = ET.fromstring(plain(request))  # noqa: S314

    assert [element.text for element in root.findall("EventIdSet/EventId")] == [event.event_id for event in ecs_events]


def test_events_in_xml(sdk, plain, in_status, web1):
    """A list of events has the same names in XML as in JSON."""
    event = in_status("Executed")

    root = ET.fromstring(plain(sdk.request("DescribeInstanceHistoryEvents")))  # noqa: S314

    (entry,) = root.findall("InstanceSystemEventSet/InstanceSystemEventType")
    assert entry.findtext("EventId") == event.event_id
    assert entry.findtext("EventType/Name") == "SystemMaintenance.Reboot"
    assert entry.findtext("EventType/Code") == "1"
    assert entry.findtext("EventCycleStatus/Code") == "0"
    assert entry.findtext("EventFinishTime") == "2030-01-01T01:00:01Z"
    assert root.findtext("TotalCount") == "1"


def test_empty_list_in_xml(sdk, plain, web1):
    """An empty list is an element without members."""
    root = ET.fromstring(plain(sdk.request("DescribeInstanceHistoryEvents")))  # noqa: S314

    (events,) = root.findall("InstanceSystemEventSet")
    assert list(events) == []
    assert root.findtext("TotalCount") == "0"


def test_booleans_in_xml(sdk, plain, web1):
    """Booleans are in lower case."""
    root = ET.fromstring(plain(sdk.request("DescribeInstances")))  # noqa: S314

    assert root.findtext("Instances/Instance/IoOptimized") == "true"


def test_special_characters_in_xml(sdk, plain, ecs_events):
    """Text with the characters of XML itself survives."""
    ecs_events.instances.add("i-a", instance_name='<a href="x">&网站</a>')

    root = ET.fromstring(plain(sdk.request("DescribeInstances")))  # noqa: S314

    assert root.findtext("Instances/Instance/InstanceName") == '<a href="x">&网站</a>'


def test_error_in_xml(sdk, plain, web1):
    """An error in XML has the same members as in JSON."""
    root = ET.fromstring(plain(sdk.request("RebootInstance", InstanceId="i-none")))  # noqa: S314

    assert root.tag == "Error"
    assert {child.tag for child in root} == {"RequestId", "HostId", "Code", "Message", "Recommend"}
    assert root.findtext("Code") == "InvalidInstanceId.NotFound"
    assert root.findtext("Message") == "The specified InstanceId does not exist."
    assert root.findtext("Recommend") == (
        "https://api.aliyun.com/troubleshoot?q=InvalidInstanceId.NotFound&product=Ecs"
        f"&requestId={root.findtext('RequestId')}"
    )


def test_fault_in_xml(sdk, plain, ecs_events, web1):
    """A fault that the test declared is in XML too."""
    ecs_events.fail("RebootInstance", "Throttling.User")

    root = ET.fromstring(plain(sdk.request("RebootInstance", InstanceId=web1)))  # noqa: S314

    assert (root.tag, root.findtext("Code")) == ("Error", "Throttling.User")


def test_do_action_with_a_format(sdk, plain, web1):
    """`do_action` with an accept format of JSON gets JSON."""
    request = sdk.request("DescribeInstances")
    request.set_accept_format("JSON")

    assert json.loads(plain(request))["TotalCount"] == 1
