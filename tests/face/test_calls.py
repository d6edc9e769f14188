"""The call log, assertions on it, faults and strictness."""

import json

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkecs.request.v20140526.DescribeInstancesFullStatusRequest import DescribeInstancesFullStatusRequest
from clients import acs_client

from pytest_ecsevents import (
    BadArgumentError,
    EcsEvents,
    TextForListWarning,
    UnexpectedCallError,
    UnknownParameterWarning,
    UnusedFaultError,
)
from pytest_ecsevents.services._products import ACTIONS, ECS

ALL = ", ".join(ACTIONS)
OF_ECS = ", ".join(ECS.actions)


@pytest.fixture
def ecs():
    """A cloud with one instance in Hangzhou."""
    with EcsEvents("2018-08-22T10:39:49Z") as ecs_events:
        ecs_events.instances.add("i-web1")
        yield ecs_events


def test_a_call_says_everything_about_itself(ecs, call):
    """Product, version, action, parameters, region, instant, status, code, reply and transport are recorded."""
    reply = call("DescribeInstances", InstanceIds='["i-web1"]', Tag__1__Key="role")
    assert ecs.calls == [ecs.calls[0]]
    seen = ecs.calls[0]
    assert (seen.product, seen.version, seen.action) == ("Ecs", "2014-05-26", "DescribeInstances")
    assert seen.params == {"InstanceIds": '["i-web1"]', "Tag": [{"Key": "role"}]}
    assert seen.region_id == "cn-hangzhou"
    assert seen.at == ecs.now
    assert (seen.http_status, seen.code) == (200, None)
    assert seen.response == reply
    assert seen.transport == "aliyun-python-sdk-core"


def test_a_refused_call_is_recorded_with_its_code(ecs, call):
    """The log has the status and Code of an error reply, and the reason that only the fake knows."""
    with pytest.raises(ServerException):
        call("RebootInstance", InstanceId="i-web2")
    seen = ecs.calls[-1]
    assert (seen.http_status, seen.code) == (404, "InvalidInstanceId.NotFound")
    assert seen.response["Code"] == "InvalidInstanceId.NotFound"
    assert seen.hint.startswith("There is no instance 'i-web2'. Did you mean i-web1?")


def test_calls_are_found_by_action_and_parameters(ecs, call):
    """Parameters have their names on the wire or in snake_case; a list matches as a whole or by one of its values."""
    call("RebootInstance", InstanceId="i-web1", ForceStop="true")
    call("DescribeInstanceStatus", InstanceId__1="i-web1", InstanceId__2="i-web2")
    assert len(ecs.calls_to("RebootInstance")) == 1
    assert ecs.calls_to("RebootInstance", InstanceId="i-web1") == ecs.calls_to("RebootInstance", instance_id="i-web1")
    assert ecs.calls_to("RebootInstance", ForceStop=True) == ecs.calls[:1]
    assert ecs.calls_to("RebootInstance", InstanceId="i-web2") == []
    assert ecs.calls_to("RebootInstance", DryRun=True) == []
    assert ecs.calls_to("DescribeInstanceStatus", InstanceId="i-web2") == ecs.calls[1:]
    assert ecs.calls_to("DescribeInstanceStatus", InstanceId=["i-web1", "i-web2"]) == ecs.calls[1:]
    assert ecs.calls_to("DescribeInstanceStatus", InstanceId=["i-web1"]) == []
    assert ecs.calls_to("DescribeInstanceStatus", region_id="cn-hangzhou") == ecs.calls[1:]
    assert ecs.calls_to("StopInstance") == []


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (
            lambda ecs: ecs.assert_not_called("DescribeDisks"),
            "DescribeDisks is an action of Ecs that is not faked: a call of it fails the test as unexpected. Answer it with "
            'ecs_events.stub("Ecs", "DescribeDisks", {...}); then calls of it can be looked up and can fail.',
        ),
        (
            lambda ecs: ecs.fail("Zzz", "Throttling"),
            f"unknown action 'Zzz': the fake of Ecs and Cms does not have it. Actions are: {ALL}.",
        ),
        (
            lambda ecs: ecs.assert_not_called("RebootInstnce"),
            f"unknown action 'RebootInstnce': the fake of Ecs and Cms does not have it. Did you mean RebootInstance? Actions are: {ALL}.",
        ),
        (
            lambda ecs: ecs.assert_not_called("RebootInstance", Instance="i-web1"),
            "unknown parameter 'Instance' of RebootInstance. Did you mean InstanceId? It has: InstanceId, ForceStop, "
            "DryRun, RegionId.",
        ),
    ],
    ids=["not faked", "unknown to the SDKs", "action", "parameter"],
)
def test_a_misspelt_assertion_is_an_error(ecs, ask, sentence):
    """An assertion about an unknown action or parameter cannot pass by accident."""
    with pytest.raises(BadArgumentError) as error:
        ask(ecs)
    assert str(error.value) == sentence


@pytest.mark.parametrize("name", ["a" * 5000, "../../secret", "Reboot\0", ""], ids=["long", "path", "control", "empty"])
def test_what_is_no_name_of_an_action_is_unknown(ecs, name):
    """No file of the SDKs is looked for under a name that no action can have."""
    with pytest.raises(BadArgumentError, match="unknown action"):
        ecs.fail(name, "Throttling")


def test_a_call_shows_first_what_was_called(ecs, call):
    """The repr of a call begins with product and action, which differ between calls."""
    call("DescribeInstances")
    (seen,) = ecs.calls
    assert repr(seen).startswith("ApiCall(product='Ecs', version='2014-05-26', action='DescribeInstances', ")
    assert "http_status=200" in repr(seen)


def test_assert_called_shows_the_nearest_calls(ecs, call):
    """A failed assertion lists the calls of the action, else the other calls, else says that there were no calls."""
    with pytest.raises(AssertionError) as nothing:
        ecs.assert_called("RebootInstance", InstanceId="i-web1")
    assert str(nothing.value) == (
        "expected a call of RebootInstance(InstanceId='i-web1'), got none. There were no calls at all."
    )
    call("DescribeInstances")
    with pytest.raises(AssertionError) as others:
        ecs.assert_called("RebootInstance", InstanceId="i-web1")
    assert str(others.value) == (
        "expected a call of RebootInstance(InstanceId='i-web1'), got none. Calls of other actions:\n"
        "  - DescribeInstances() -> 200, 1 instance"
    )
    call("RebootInstance", InstanceId="i-web1")
    ecs.assert_called("RebootInstance", InstanceId="i-web1")
    ecs.assert_called("RebootInstance", times=1)
    with pytest.raises(AssertionError) as same:
        ecs.assert_called("RebootInstance", times=2, InstanceId="i-web1")
    assert str(same.value) == (
        "expected 2 calls of RebootInstance(InstanceId='i-web1'), got 1. Calls of RebootInstance:\n"
        "  - RebootInstance(InstanceId=i-web1) -> 200"
    )


def test_assert_called_shows_the_nearest_first(ecs, call):
    """Among many other calls, those of similar actions come first, and equal ones are one line."""
    for number in range(12):
        call("DescribeInstanceStatus", PageSize=str(number + 1))
    call("RebootInstances", **{"InstanceId.1": "i-web1"})
    call("RebootInstances", **{"InstanceId.1": "i-web1"})
    with pytest.raises(AssertionError) as error:
        ecs.assert_called("RebootInstance", InstanceId="i-web1")
    assert str(error.value) == "\n".join(
        [
            "expected a call of RebootInstance(InstanceId='i-web1'), got none. Calls of other actions:",
            "  - RebootInstances(InstanceId=[i-web1]) -> 200, 1 instance (twice)",
            *[f"  - DescribeInstanceStatus(PageSize={number}) -> 200, 1 instance" for number in range(1, 10)],
            "  - ... 3 more",
        ]
    )


def test_assert_not_called_shows_the_calls(ecs, call):
    """A failed assertion lists the unexpected calls, at most the last ten kinds."""
    ecs.assert_not_called("DescribeInstanceStatus")
    for _ in range(2):
        for number in range(12):
            call("DescribeInstanceStatus", PageSize=str(number + 1))
    ecs.assert_not_called("DescribeInstanceStatus", PageSize=50)
    with pytest.raises(AssertionError) as error:
        ecs.assert_not_called("DescribeInstanceStatus")
    assert str(error.value) == "\n".join(
        [
            "expected no calls of DescribeInstanceStatus, got 24:",
            "  - ... 2 earlier ones",
            *[f"  - DescribeInstanceStatus(PageSize={number}) -> 200, 1 instance (twice)" for number in range(3, 13)],
        ]
    )


def test_a_fault_meets_the_next_calls_in_order_of_declaration(ecs, call):
    """Each fault answers its number of calls before they act; then the cloud answers again."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs.fail("RebootInstance", "Throttling.User", times=2)
    ecs.fail("RebootInstance", "IncorrectInstanceStatus")
    codes = []
    for _ in range(3):
        with pytest.raises(ServerException) as error:
            call("RebootInstance", InstanceId="i-web1")
        codes.append((error.value.get_http_status(), error.value.get_error_code(), error.value.get_error_msg()))
    assert codes == [
        (400, "Throttling.User", "Request was denied due to user flow control."),
        (400, "Throttling.User", "Request was denied due to user flow control."),
        (403, "IncorrectInstanceStatus", "The current status of the resource does not support this operation."),
    ]
    assert event.status == "Scheduled"
    call("RebootInstance", InstanceId="i-web1")
    assert event.status == "Avoided"
    assert [seen.fault for seen in ecs.calls] == [True, True, True, False]


def test_a_fault_may_have_words_and_a_status_of_its_own(ecs, call):
    """Message and status can be passed, also for an undocumented code."""
    ecs.fail("RebootInstance", "Throttling.User", message="slow down", http_status=429)
    ecs.fail("RebootInstance", "Strange.Code", message="who knows", http_status=418)
    for expected in ((429, "Throttling.User", "slow down"), (418, "Strange.Code", "who knows")):
        with pytest.raises(ServerException) as error:
            call("RebootInstance", InstanceId="i-web1")
        assert (error.value.get_http_status(), error.value.get_error_code(), error.value.get_error_msg()) == expected


def test_a_fault_may_have_a_window_of_virtual_time(ecs, call):
    """It applies between two instants, both included."""
    ecs.fail("RebootInstance", "ServiceUnavailable", between=("+1h", "+2h"), times=2)
    outcomes = []
    for _ in range(4):
        try:
            call("RebootInstance", InstanceId="i-web1")
            outcomes.append(200)
        except ServerException as error:
            outcomes.append(error.get_http_status())
        ecs.advance("1h")
    assert outcomes == [200, 503, 503, 200]


def test_a_throttled_read_is_retried_by_the_sdk_in_virtual_time(ecs, call):
    """The SDK's own back-off moves the clock instead of waiting, and its retry succeeds."""
    ecs.fail("DescribeInstances", "Throttling", times=2)
    before = ecs.now
    assert call("DescribeInstances")["TotalCount"] == 1
    assert len(ecs.calls) == 3
    assert ecs.now > before


@pytest.mark.parametrize(
    ("args", "kwargs", "sentence"),
    [
        (
            ("RebootInstanc", "Throttling"),
            {},
            f"unknown action 'RebootInstanc': the fake of Ecs and Cms does not have it. Did you mean RebootInstance? Actions are: {ALL}.",
        ),
        (
            ("RebootInstance", "Throttling"),
            {"times": 0},
            "fail('RebootInstance', 'Throttling') got times=0. Pass a whole number of 1 or more, or None for every call.",
        ),
        (
            ("RebootInstance", "Throttling"),
            {"times": True},
            "fail('RebootInstance', 'Throttling') got times=True. Pass a whole number of 1 or more, or None for every call.",
        ),
        (
            ("RebootInstance", "Throttling"),
            {"between": "+1h"},
            'between is \'+1h\'. Pass two instants, such as between=("+1h", "+2h").',
        ),
        (
            ("RebootInstance", "Throttling"),
            {"http_status": 200},
            "fail('RebootInstance', 'Throttling') got http_status=200. Pass one from 300 to 599.",
        ),
        (
            ("RebootInstance", "Throttling"),
            {"between": ("+2h", "+1h")},
            "between ends 1h before it starts. Pass the earlier instant first.",
        ),
    ],
    ids=["action", "times", "no number", "no window", "status", "window"],
)
def test_a_fault_that_cannot_be_is_refused_in_a_sentence(ecs, args, kwargs, sentence):
    """The message has the invalid value and the allowed ones."""
    with pytest.raises(BadArgumentError) as error:
        ecs.fail(*args, **kwargs)
    assert str(error.value) == sentence


def test_a_code_that_the_action_never_answers_is_refused_with_the_nearest(ecs):
    """The error lists the known codes."""
    with pytest.raises(BadArgumentError) as error:
        ecs.fail("CancelSimulatedSystemEvents", "InvalidEventId.NotFond")
    said = str(error.value)
    assert said.startswith("unknown error 'InvalidEventId.NotFond' of CancelSimulatedSystemEvents.")
    assert "Did you mean InvalidEventId.NotFound?" in said
    known = said.partition("Known errors are: ")[2].partition(";")[0].split(", ")
    assert {"EventIdLimitExceeded", "CannotCancelSystemEvent.NotSimulated", "Throttling"} <= set(known)


def test_an_unused_fault_is_an_error_on_leaving():
    """A declared fault that was not used fails the test; the message says which, how often, and how to allow it."""
    with pytest.raises(UnusedFaultError) as error, EcsEvents("2018-08-22T10:39:49Z") as ecs_events:
        ecs_events.fail("RebootInstance", "Throttling", times=2)
        ecs_events.fail("StopInstance", "InternalError", between=("+1h", "+2h"))
    assert str(error.value) == (
        "Faults were declared that the handler did not meet:\n"
        "  - RebootInstance: Throttling, met 0 of 2 times. RebootInstance was not called.\n"
        "  - StopInstance: InternalError, met 0 of 1 times between 2018-08-22T11:39:49Z and 2018-08-22T12:39:49Z. "
        "StopInstance was not called.\n"
        "Let the handler make these calls, or declare fewer; one with optional=True may stay unused. If that is "
        'intended: ecs_events.strict -= {"faults"} in the test, or leave "faults" out of ecs_events_strict in the ini '
        'file; see the manual, "Strictness" (docs/reference/strictness.md).'
    )


def test_an_error_in_the_block_is_not_hidden_by_the_check():
    """The error of the test is raised, not the one about the unused fault."""
    with pytest.raises(ZeroDivisionError), EcsEvents() as ecs_events:
        ecs_events.fail("RebootInstance", "Throttling")
        _ = 1 / 0


UNKNOWN = (
    "The handler called RebootInstnces(InstanceId.1=i-web1) of Ecs, which cannot be answered: Ecs has no such action "
    'here. Did you mean RebootInstances? ecs_events.stub("Ecs", "RebootInstnces", ...) answers it. Supported are: '
    f"{OF_ECS}. To let the handler see the service's own "
    'InvalidAction.NotFound instead: ecs_events.strict -= {"calls"} in the test, or leave "calls" out of '
    'ecs_events_strict in the ini file; see the manual, "Strictness" (docs/reference/strictness.md).'
)


def test_an_unknown_action_is_an_assertion_error_for_the_author(call):
    """The error has the action, the nearest one and how to relax; it is no OSError, so the SDK does not retry."""
    with pytest.raises(AssertionError) as again, EcsEvents() as ecs_events:
        with pytest.raises(UnexpectedCallError) as error:
            call("RebootInstnces", InstanceId__1="i-web1")
        assert not isinstance(error.value, OSError)
        assert len(ecs_events.calls) == 1
    assert str(error.value) == UNKNOWN
    assert again.value is error.value


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        (
            {"action": "CreateRule", "product_host": "eventbridge.cn-hangzhou.aliyuncs.com", "version": "2020-04-01"},
            ("eventbridge is not faked", 'ecs_events.subscribe(handler, format="eventbridge") delivers'),
        ),
        (
            {"action": "CreateSubscription", "product_host": "cms.cn-hangzhou.aliyuncs.com", "version": "2024-03-30"},
            (
                "its version is '2024-03-30'; Cms has 2019-01-01. ecs_events.stub(",
                'ecs_events.subscribe(handler, format="subscription") delivers',
            ),
        ),
        ({"action": "CreateSnapshot"}, ("Ecs has no such action here", "The stub can call ecs_events.announce(")),
    ],
    ids=["product", "version", "action"],
)
def test_the_message_says_what_helps_instead(call, kwargs, words):
    """Of what handlers of events call, too, it names the part of the fake that stands in."""
    with pytest.raises(UnexpectedCallError) as error, EcsEvents():
        call(**kwargs)
    assert [word for word in words if word not in str(error.value)] == []


@pytest.mark.parametrize(
    ("kwargs", "problem"),
    [
        (
            {"action": "DescribeLoadBalancers", "product_host": "slb.aliyuncs.com", "version": "2014-05-15"},
            "The handler called DescribeLoadBalancers() of slb, which cannot be answered: slb is not faked; only Ecs and Cms are.",
        ),
        (
            {"action": "RebootInstance", "version": "2016-03-14"},
            "The handler called RebootInstance() of Ecs, which cannot be answered: its version is '2016-03-14'; Ecs has "
            "2014-05-26.",
        ),
    ],
    ids=["product", "version"],
)
def test_another_product_or_version_is_an_assertion_error_too(call, kwargs, problem):
    """Calls of products and versions that are not faked never reach the network."""
    with pytest.raises(UnexpectedCallError) as error, EcsEvents():
        call(**kwargs)
    assert str(error.value).startswith(problem)


def test_a_swallowed_unexpected_call_is_raised_on_leaving(call):
    """A handler that catches every Exception does not hide its unexpected call."""

    def handler():
        try:
            call("RebootInstnces", InstanceId__1="i-web1")
        except Exception:  # noqa: BLE001  # as handlers do
            return "never mind"
        return "answered"

    with pytest.raises(UnexpectedCallError) as error, EcsEvents():
        assert handler() == "never mind"
    assert str(error.value) == UNKNOWN


def test_strictness_can_be_relaxed_for_one_test(call):
    """With strict = False the handler gets the service's own error, and teardown raises nothing."""
    with EcsEvents() as ecs_events:
        assert ecs_events.strict == {"calls", "faults", "stubs", "receivers", "threads"}
        ecs_events.strict = False
        ecs_events.fail("StopInstance", "InternalError")
        with pytest.raises(ServerException) as error:
            call("RebootInstnces")
        assert error.value.get_http_status() == 404
        assert error.value.get_error_code() == "InvalidAction.NotFound"
        assert error.value.get_error_msg() == "Specified api is not found, please check your url and method."
        assert ecs_events.calls_to("RebootInstnces")[0].code == "InvalidAction.NotFound"


def test_an_unknown_parameter_is_a_warning_at_the_handlers_line(ecs, call):
    """The service ignores it; a warning at the handler's line names the nearest parameter."""
    with pytest.warns(UnknownParameterWarning) as warned:
        call("RebootInstance", InstanceId="i-web1", ForceStp="true")
    assert str(warned[0].message) == (
        "unknown parameter ForceStp of RebootInstance: the service ignores it. Did you mean "
        "ForceStop? Its parameters are: InstanceId, ForceStop, DryRun. "
        "(manual: docs/troubleshooting.md#unknownparameterwarning)"
    )
    assert warned[0].filename.endswith("conftest.py")
    assert ecs.calls[0].params == {"InstanceId": "i-web1", "ForceStp": "true"}


def test_text_that_was_passed_for_a_list_is_a_warning_at_the_handlers_line(ecs):
    """The legacy SDK sends it letter by letter, for which the service finds nothing."""
    request = DescribeInstancesFullStatusRequest()
    request.set_InstanceIds("i-web1")
    with pytest.warns(TextForListWarning) as warned:
        reply = json.loads(acs_client().do_action_with_exception(request))
    assert reply["TotalCount"] == 0
    assert [one.filename for one in warned] == [__file__]
    assert str(warned[0].message) == (
        "InstanceId.N of DescribeInstancesFullStatus is 'i-web1', a letter a value: the handler passed text where a list "
        "is expected. Pass ['i-web1']. (manual: docs/troubleshooting.md#textforlistwarning)"
    )


def test_keys_of_one_letter_are_no_text(ecs, call):
    """A few short values may be keys of tags."""
    call("UntagResources", ResourceType="instance", ResourceId__1="i-web1", TagKey__1="a", TagKey__2="b", TagKey__3="c")
    assert ecs.calls[0].params["TagKey"] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("action", "sent", "meant"),
    [
        ("DescribeInstanceStatus", "InstanceIds.1", "InstanceId.N"),
        ("DescribeInstanceStatus", "InstanceId", "InstanceId.N"),
        ("DescribeInstances", "Tag.1.Kay", "Tag.N.Key"),
        ("DescribeInstances", "Tag.x.Key", "Tag.N.Key"),
        ("DescribeInstanceHistoryEvents", "EventPublishTime.Begin", "EventPublishTime.End"),
    ],
)
def test_a_list_parameter_sent_wrongly_is_a_warning_too(ecs, call, action, sent, meant):
    """A list without its number, or with a wrong name, gets a warning with the right form."""
    with pytest.warns(UnknownParameterWarning, match=rf"unknown parameter {sent} of .* Did you mean {meant}\?"):
        call(action, **{sent.replace(".", "__"): "x"})
