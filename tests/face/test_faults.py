"""Faults, quotas and delays: which calls they apply to, and their effect."""

import asyncio
import contextlib
import json
import threading
import time

import pytest
import requests
from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

from pytest_ecsevents import BadArgumentError, EcsEvents, EndlessCallError, UnusedFaultError
from pytest_ecsevents.rpc._errors import ApiError
from pytest_ecsevents.rpc._network_faults import NETWORK_FAULTS

URL = "http://ecs.aliyuncs.com/?Action={}&Version=2014-05-26&RegionId=cn-hangzhou&Format=JSON"
RELAX = (
    'If that is intended: ecs_events.strict -= {"faults"} in the test, or leave "faults" out of ecs_events_strict in '
    'the ini file; see the manual, "Strictness" (docs/reference/strictness.md).'
)
REMEDY = f"Let the handler make these calls, or declare fewer; one with optional=True may stay unused. {RELAX}"


@pytest.fixture
def ecs():
    """A cloud with two instances in Hangzhou."""
    with EcsEvents("2018-08-22T10:39:30Z") as ecs_events:
        ecs_events.instances.add("i-web1")
        ecs_events.instances.add("i-web2")
        yield ecs_events


@pytest.fixture
def code(call):
    """Return the error code of a call, or "" without an error."""

    def code(action, **params):
        try:
            call(action, **params)
        except (ServerException, ClientException) as error:
            return error.get_error_code()
        return ""

    return code


@pytest.mark.parametrize(
    ("action", "code", "tries"),
    [
        ("DescribeInstanceHistoryEvents", "Throttling", 4),
        ("DescribeInstanceHistoryEvents", "read timeout", 4),
        ("DescribeInstanceHistoryEvents", "bad gateway", 4),
        ("DescribeInstanceHistoryEvents", "Throttling.User", 1),
        ("DescribeInstanceHistoryEvents", "truncated body", 1),
        ("RebootInstance", "Throttling", 1),
        ("RebootInstance", "read timeout", 1),
    ],
)
def test_what_the_legacy_sdk_tries_again_is_a_call_each(ecs, action, code, tries):
    """Its default settings send queries again at some faults, and what changes something never."""
    ecs.fail(action, code, times=None)
    request = CommonRequest("ecs.aliyuncs.com", "2014-05-26", action, product="ecs")
    request.set_method("POST")
    request.add_query_param("InstanceId", "i-web1")
    with contextlib.suppress(ServerException, ClientException):  # it raises for no body that it cannot read
        AcsClient("any", "key", "cn-hangzhou").do_action_with_exception(request)
    ecs.assert_called(action, times=tries)


# -- which calls


def test_a_fault_may_be_for_every_action(ecs, code):
    """A star stands for each action that is answered, in the order of the calls."""
    ecs.fail("*", "Throttling.User", times=2)
    assert [code("RebootInstance", InstanceId="i-web1"), code("DescribeRegions"), code("DescribeRegions")] == [
        "Throttling.User",
        "Throttling.User",
        "",
    ]


@pytest.mark.parametrize("params", [{"InstanceId": "i-web1"}, {"instance_id": "i-web1"}], ids=["wire", "snake"])
def test_a_fault_may_be_for_certain_parameters(ecs, code, params):
    """It does not apply to other instances; names are those of the wire or in snake_case."""
    ecs.fail("RebootInstance", "Throttling.User", **params)
    assert code("RebootInstance", InstanceId="i-web2") == ""
    assert code("RebootInstance", InstanceId="i-web1") == "Throttling.User"
    assert code("RebootInstance", InstanceId="i-web1") == ""


def test_parameters_match_as_they_do_in_questions_about_calls(ecs, code):
    """One value can be any of a list's, a list must be the whole list, and "*" accepts parameters of any action."""
    ecs.fail("DescribeInstanceStatus", "Throttling.User", InstanceId="i-web2")
    ecs.fail("DescribeInstanceStatus", "Forbidden.RAM", InstanceId=["i-web1"], RegionId="cn-hangzhou")
    ecs.fail("*", "OperationConflict", instance_id="i-web2")
    assert code("DescribeInstanceStatus", InstanceId__1="i-web1", InstanceId__2="i-web2") == "Throttling.User"
    assert code("DescribeInstanceStatus", InstanceId__1="i-web1", InstanceId__2="i-web3") == ""
    assert code("DescribeInstanceStatus", InstanceId__1="i-web1") == "Forbidden.RAM"
    assert code("DescribeRegions") == ""
    assert code("RebootInstance", InstanceId="i-web2") == "OperationConflict"


def test_a_fault_may_apply_to_every_call(ecs, code):
    """times=None means without limit, or as long as the window lasts."""
    ecs.fail("RebootInstance", "Throttling.User", times=None)
    ecs.fail("DescribeRegions", "Throttling.User", times=None, between=("+1h", "+2h"))
    assert {code("RebootInstance", InstanceId="i-web1") for _ in range(5)} == {"Throttling.User"}
    codes = []
    for _ in range(4):
        codes.append(code("DescribeRegions"))
        codes.append(code("DescribeRegions"))
        ecs.advance("1h")
    assert codes == ["", "", *["Throttling.User"] * 4, "", ""]


def test_several_faults_are_a_sequence(ecs, code):
    """They apply in order of declaration, each to its number of calls."""
    ecs.fail("RebootInstance", "Throttling.User")
    ecs.fail("RebootInstance", "connection reset", times=2)
    ecs.fail("*", "Forbidden.RAM")
    assert [code("RebootInstance", InstanceId="i-web1") for _ in range(5)] == [
        "Throttling.User",
        "SDK.HttpError",
        "SDK.HttpError",
        "Forbidden.RAM",
        "",
    ]


def affected(probability, seed, **kwargs):
    """Return which of a hundred calls a fault with a probability applies to."""
    with EcsEvents(seed=seed) as ecs_events:
        ecs_events.fail("*", "bad gateway", probability=probability, **kwargs)
        replies = [requests.get(URL.format("DescribeRegions"), timeout=5) for _ in range(100)]
        return [number for number, reply in enumerate(replies) if reply.status_code == 502]


def test_a_fault_may_have_a_probability(ecs):
    """The random numbers belong to the test: equal on every run, different in another test."""
    met = affected(0.2, "one test")
    assert 10 <= len(met) <= 30
    assert affected(0.2, "one test") == met != affected(0.2, "another test")
    assert affected(0.2, "one test", times=3) == met[:3]
    assert len(affected(1, "any")) == 100


def test_dice_do_not_depend_on_other_faults(ecs, code):
    """Two faults with a probability have separate random numbers."""
    for _ in range(2):
        ecs.fail("RebootInstance", "Throttling.User", probability=0.5)
    codes = [code("RebootInstance", InstanceId="i-web1") for _ in range(60)]
    assert 5 <= codes.count("") <= 28


def test_a_quota_ends_with_the_minute(ecs, code):
    """The given number of calls per minute passes, the rest are throttled until the clock's minute ends."""
    ecs.quota("RebootInstance", per_minute=2)
    codes = []
    for _ in range(3):
        codes.append([code("RebootInstance", InstanceId="i-web1") for _ in range(3)])
        ecs.advance("20s")
    assert codes == [["", "", "Throttling"], ["Throttling"] * 3, ["", "", "Throttling"]]


def test_a_quota_may_be_for_all_actions_and_of_any_code(ecs, code):
    """All actions share it; code, message and status are the test's."""
    ecs.quota("*", per_minute=2, code="Throttling.Mine", message="wait", http_status=429)
    assert code("DescribeRegions") == code("RebootInstance", InstanceId="i-web1") == ""
    assert code("DescribeRegions") == "Throttling.Mine"
    assert ecs.calls[-1].http_status == 429


def test_a_quota_may_be_for_certain_parameters(ecs, code):
    """Calls for other instances do not count."""
    ecs.quota("RebootInstance", per_minute=1, code="Throttling.User", InstanceId="i-web1")
    codes = [code("RebootInstance", InstanceId=name) for name in ("i-web2", "i-web2", "i-web1", "i-web1")]
    assert codes == ["", "", "", "Throttling.User"]


def test_stubs_meet_faults_and_delays_too(ecs, call, code):
    """Answers of the test's own can fail, and be delayed; their parameters are not checked."""
    ecs.stub("Slb", "DescribeLoadBalancers", {"TotalCount": 0})
    ecs.fail("DescribeLoadBalancers", "Throttling.User", LoadBalancerId="lb-1")
    ecs.delay("*", "30s")
    there = {"product_host": "slb.aliyuncs.com", "version": "2014-05-15"}
    before = ecs.now
    assert code("DescribeLoadBalancers", LoadBalancerId="lb-2", **there) == "SDK.HttpError"
    assert (ecs.now - before).total_seconds() == 10
    ecs.advance("1m")
    assert ecs.calls[-1].lost == "200"
    assert code("DescribeLoadBalancers", LoadBalancerId="lb-1", **there) == "SDK.HttpError"


def test_faults_do_not_apply_to_unanswered_actions(ecs, code):
    """A call of an action that is not faked is still an error."""
    ecs.strict -= {"calls"}
    ecs.fail("*", "Throttling.User", optional=True)
    assert code("DescribeZones") == "InvalidAction.NotFound"
    assert code("DescribeRegions", version="2016-03-14") == "InvalidAction.NotFound"


def test_faults_apply_to_the_declared_number_of_calls_from_many_threads(ecs):
    """Eight threads call together, and a fault applies exactly as often as declared."""
    ecs.fail("*", "bad gateway", times=20)
    statuses = []

    def handler():
        statuses.extend(requests.get(URL.format("DescribeRegions"), timeout=5).status_code for _ in range(10))

    threads = [threading.Thread(target=handler) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (statuses.count(502), statuses.count(200)) == (20, 60)


# -- whether they act


def test_a_provider_error_can_follow_a_call_that_has_acted(ecs, call, code):
    """With acted=True the reboot happens; the log has the lost reply."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs.fail("RebootInstance", "InternalError", acted=True, times=2)
    assert code("RebootInstance", InstanceId="i-web1") == "InternalError"
    assert event.status == "Avoided"
    assert code("RebootInstance", InstanceId="i-none") == "InternalError"
    assert [seen.lost for seen in ecs.calls] == ["200", "404 InvalidInstanceId.NotFound"]
    assert (
        ecs.timeline()
        .splitlines()[-1]
        .endswith("RebootInstance(InstanceId=i-none) -> 500 InternalError, answer lost: 404 InvalidInstanceId.NotFound")
    )


def test_a_client_token_gets_the_answer_that_was_lost(ecs, call):
    """A handler that repeats a lost RunInstances with its ClientToken gets the instances of the first call only."""
    ecs.fail("RunInstances", "connection reset", acted=True)
    params = {"ImageId": "m-1", "InstanceType": "ecs.g7.large", "ClientToken": "once"}
    reply = call("RunInstances", **params)
    assert len(ecs.calls) == 2
    assert list(ecs.instances)[2:] == reply["InstanceIdSets"]["InstanceIdSet"]


# -- delays


def test_a_delayed_call_acts_when_its_time_has_passed(ecs, call):
    """Everything due in between happens at its own instant, before the call acts."""
    seen = []
    ecs.on_change(lambda change: seen.append((str(change.to_status), ecs.now.second)))
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+5s", executing_for="1s")
    ecs.delay("RebootInstance", "8s", times=1)
    call("RebootInstance", InstanceId="i-web1")
    assert event.status == "Executed"
    assert seen == [
        ("Scheduled", 30),
        ("Executing", 35),
        ("Executed", 36),
        ("Stopping", 38),
        ("Starting", 38),
        ("Running", 38),
    ]
    assert ecs.calls[0].took.total_seconds() == 8
    assert "RebootInstance(InstanceId=i-web1) -> 200 after 8s" in ecs.timeline()
    call("RebootInstance", InstanceId="i-web1")
    assert ecs.calls[1].took.total_seconds() == 0


def test_a_call_acts_at_its_time_though_its_client_has_given_up(ecs, code):
    """The client's read timeout passes first; the reboot happens later, and avoids the event."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs.delay("RebootInstance", "45s")
    assert code("RebootInstance", InstanceId="i-web1") == "SDK.HttpError"
    assert (ecs.calls[0].failure, ecs.calls[0].took.total_seconds(), ecs.calls[0].lost) == ("read timeout", 27, "")
    assert event.status == "Scheduled"
    changes = ecs.advance("20s")
    assert [(str(change.to_status), change.at.isoformat()) for change in changes] == [
        ("Avoided", "2018-08-22T10:40:15+00:00")
    ]
    line = next(line for line in ecs.timeline().splitlines() if "call " in line)
    assert line.endswith("RebootInstance(InstanceId=i-web1) -> read timeout after 27s, answer lost: 200")


def test_a_delay_equal_to_the_clients_timeout_is_answered(ecs, call):
    """Only a longer delay exceeds the client's timeout."""
    ecs.delay("DescribeRegions", "10s")
    assert call("DescribeRegions")["Regions"]


def test_a_client_without_a_timeout_waits_as_long_as_it_takes(ecs):
    """Without a timeout an hour passes."""
    ecs.delay("DescribeRegions", "1h")
    assert requests.get(URL.format("DescribeRegions")).status_code == 200  # noqa: S113  # that is the point
    assert ecs.calls[0].took.total_seconds() == 3600


def test_a_delay_may_have_a_window_and_a_sequence(ecs):
    """The first declared delay that still applies counts; each has its calls or its window."""
    ecs.delay("DescribeRegions", "1s", times=1)
    ecs.delay("*", "2s", between=("+0s", "+3s"))
    ecs.delay("DescribeRegions", "4s", times=2)
    took = []
    for _ in range(6):
        requests.get(URL.format("DescribeRegions"), timeout=60)
        took.append(ecs.calls[-1].took.total_seconds())
    assert took == [1, 2, 2, 4, 4, 0]


@pytest.mark.parametrize(
    ("fault", "acted", "outcome"),
    [
        ("Throttling.User", None, (8, "Scheduled", "")),
        ("Throttling.User", True, (8, "Avoided", "200")),
        ("bad gateway", None, (8, "Scheduled", "")),
        ("bad gateway", True, (8, "Avoided", "200")),
        ("garbled body", None, (8, "Avoided", "")),
        ("connection reset", None, (8, "Scheduled", "")),
        ("connection reset", True, (8, "Avoided", "200")),
        ("read timeout", None, (20, "Scheduled", "")),
        ("read timeout", True, (20, "Avoided", "200")),
        ("connect timeout", None, (3, "Scheduled", "")),
        ("connection refused", None, (0, "Scheduled", "")),
    ],
)
def test_a_call_may_be_slow_and_fail(ecs, fault, acted, outcome):
    """A fault follows the delay, unless the call does not arrive or gets no response."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs.fail("RebootInstance", fault, acted=acted)
    ecs.delay("RebootInstance", "8s", optional=True)
    with contextlib.suppress(requests.RequestException):
        requests.get(URL.format("RebootInstance") + "&InstanceId=i-web1", timeout=(3, 20))
    assert (ecs.calls[0].took.total_seconds(), str(event.status), ecs.calls[0].lost) == outcome
    requests.get(URL.format("RebootInstance") + "&InstanceId=i-web1", timeout=(3, 20))
    assert ecs.calls[1].took.total_seconds() == 8


def test_a_slow_fault_outlasts_the_client_like_any_slow_call(ecs):
    """A fault after the client's timeout becomes a read timeout."""
    ecs.fail("*", "bad gateway")
    ecs.delay("*", "1m")
    with pytest.raises(requests.ReadTimeout):
        requests.get(URL.format("DescribeRegions"), timeout=5)
    assert (ecs.calls[0].failure, ecs.calls[0].lost) == ("read timeout", "")


def test_other_threads_go_on_while_a_call_takes_its_time(ecs):
    """A thread that sleeps in between wakes at its instant, before the slow call is answered."""
    ecs.delay("DescribeRegions", "30s")
    woken = []

    def sleeper():
        for _ in range(5):
            time.sleep(10)
            woken.append((ecs.now.minute, ecs.now.second, ecs.calls[0].http_status))

    thread = threading.Thread(target=sleeper)
    thread.start()
    time.sleep(1)
    requests.get(URL.format("DescribeRegions"), timeout=60)
    answered_at = ecs.now
    thread.join()
    assert (answered_at.minute, answered_at.second) == (40, 1)
    assert woken == [(39, 40, None), (39, 50, None), (40, 0, None), (40, 10, 200), (40, 20, 200)]


def test_other_tasks_go_on_while_a_call_takes_its_time(ecs):
    """A slow call does not block the event loop: two calls overlap, and another task goes on."""
    aiohttp = pytest.importorskip("aiohttp")
    ecs.delay("DescribeRegions", "30s")
    ticks = []

    async def tick():
        while True:
            await asyncio.sleep(10)
            ticks.append(ecs.now.second)

    async def handler():
        ticking = asyncio.ensure_future(tick())
        async with aiohttp.ClientSession() as session:
            replies = await asyncio.gather(*(session.get(URL.format("DescribeRegions")) for _ in range(2)))
        ticking.cancel()
        return [reply.status for reply in replies]

    before = ecs.now
    assert asyncio.run(handler()) == [200, 200]
    assert (ecs.now - before).total_seconds() == 30
    assert ticks[:2] == [40, 50]


def test_a_handler_may_give_up_by_itself(ecs):
    """The log marks a task cancelled while it waits, and its call acts at its time."""
    aiohttp = pytest.importorskip("aiohttp")
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs.delay("RebootInstance", "30s")

    async def handler():
        async with aiohttp.ClientSession() as session:
            await asyncio.wait_for(session.post(URL.format("RebootInstance") + "&InstanceId=i-web1"), 5)

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(handler())
    assert (ecs.calls[0].failure, ecs.calls[0].took.total_seconds(), ecs.calls[0].lost) == ("given up", 5, "")
    ecs.advance("1m")
    assert (str(event.status), ecs.calls[0].lost) == ("Avoided", "200")


def test_run_ends_a_handler_that_waits_for_a_slow_call(ecs, call):
    """A call under way does not extend the run."""
    ecs.delay("DescribeRegions", "10s")

    def serve_for_ever():
        while True:
            call("DescribeRegions")

    stopped = ecs.run(serve_for_ever, until="35s")
    assert stopped.at.isoformat() == "2018-08-22T10:40:05+00:00"
    assert [seen.failure for seen in ecs.calls] == ["", "", "", "given up"]


@pytest.mark.parametrize("sleep", ["virtual", "real"])
@pytest.mark.parametrize("kind", ["thread", "loop"])
def test_time_passes_for_slow_calls_wherever_they_are_made(sleep, kind):
    """If sleeping does not move the clock, or in the loop of another thread, the call itself moves it."""
    aiohttp = pytest.importorskip("aiohttp")
    with EcsEvents(sleep=sleep) as ecs_events:
        ecs_events.delay("DescribeRegions", "30s")
        before = ecs_events.now

        async def handler():
            async with aiohttp.ClientSession() as session:
                await session.get(URL.format("DescribeRegions"))

        if kind == "loop":
            asyncio.run(handler())
        else:
            requests.get(URL.format("DescribeRegions"), timeout=60)
        assert (ecs_events.now - before).total_seconds() == 30


def test_a_time_out_passes_where_sleeping_does_not_move_the_clock_too():
    """This is so although nothing is due in between."""
    with EcsEvents(sleep="real") as ecs_events:
        ecs_events.fail("DescribeRegions", "read timeout")
        before = ecs_events.now
        with pytest.raises(requests.ReadTimeout):
            requests.get(URL.format("DescribeRegions"), timeout=60)
        assert (ecs_events.now - before).total_seconds() == 60


def test_an_answer_of_the_authors_own_may_take_time_and_go_wrong(ecs, call):
    """An error of the stub's function is raised by the call if that still waits, else the log has its name."""

    def answer(seen):
        if seen.params["Status"] == "locked":
            raise ApiError("OperationDenied", 403, "It is locked.")
        raise ZeroDivisionError(seen.params["Status"])

    ecs.stub("Slb", "DescribeLoadBalancers", answer)
    ecs.delay("DescribeLoadBalancers", "5s", times=2)
    ecs.delay("DescribeLoadBalancers", "50s")
    there = {"product_host": "slb.aliyuncs.com", "version": "2014-05-15"}
    with pytest.raises(ServerException):
        call("DescribeLoadBalancers", Status="locked", **there)
    with pytest.raises(ZeroDivisionError):
        call("DescribeLoadBalancers", Status="active", **there)
    with pytest.raises(ClientException):
        call("DescribeLoadBalancers", Status="active", **there)
    ecs.advance("1m")
    assert [seen.lost for seen in ecs.calls] == ["", "", "ZeroDivisionError"]


def test_a_slow_call_acts_once_though_two_threads_find_it_due(ecs, monkeypatch):
    """The second thread, the caller or the one that moved the clock, does not repeat it."""
    ecs.delay("RebootInstance", "5s")
    later = ecs._clock.later
    monkeypatch.setattr(ecs._clock, "later", lambda at, act: (later(at, act), later(at, act)))
    requests.get(URL.format("RebootInstance") + "&InstanceId=i-web1", timeout=60)
    assert sum(line.split()[1] == "instance" for line in ecs.timeline().splitlines()[1:]) == 1


def test_a_method_that_the_service_refuses_is_refused_in_its_time(ecs):
    """PUT is not supported by the service, delayed or not."""
    ecs.delay("DescribeRegions", "5s")
    assert requests.put(URL.format("DescribeRegions"), timeout=60).json()["Code"] == "UnsupportedHTTPMethod"
    assert ecs.calls[0].took.total_seconds() == 5


# -- clients that would hang


@pytest.mark.parametrize(("fault", "limit"), [("read timeout", "read timeout"), ("connect timeout", "connect timeout")])
def test_a_client_without_a_timeout_that_would_hang_is_an_error(fault, limit):
    """A client without a timeout would hang, so it is an error in the test, even if the handler catches it."""
    sentence = (
        f'DescribeRegions() met "{fault}", and its client has no {limit}, so it would hang. Give the client one '
        '(timeout=10 of requests), or declare another fault, such as "connection reset".'
    )
    with pytest.raises(EndlessCallError) as again, EcsEvents() as ecs_events:
        ecs_events.fail("*", fault)
        with pytest.raises(EndlessCallError) as error:
            requests.get(URL.format("DescribeRegions"))  # noqa: S113  # that is the point
    assert str(error.value) == sentence
    assert again.value is error.value


# -- unused faults


def unused(declare, handler):
    """Return the error at the end of a test, or None."""
    try:
        with EcsEvents("2018-08-22T10:39:49Z") as ecs_events:
            ecs_events.instances.add("i-web1")
            ecs_events.instances.add("i-web2")
            declare(ecs_events)
            handler(ecs_events)
    except UnusedFaultError as error:
        return str(error)
    return None


def reboots(*instance_ids):
    """Return a handler that reboots these instances."""

    def handler(ecs_events):
        for instance_id in instance_ids:
            requests.get(URL.format("RebootInstance") + f"&InstanceId={instance_id}", timeout=60)

    return handler


@pytest.mark.parametrize(
    ("declare", "handler", "expected"),
    [
        (
            lambda ecs: ecs.fail("RebootInstance", "Throttling", InstanceId="i-web1"),
            reboots("i-web2"),
            "Faults were declared that the handler did not meet:\n"
            "  - RebootInstance(InstanceId='i-web1'): Throttling, met 0 of 1 times. Nearest call: "
            "RebootInstance(InstanceId=i-web2) -> 200.",
        ),
        (
            lambda ecs: ecs.fail("RebootInstances", "Throttling", times=None),
            reboots("i-web1", "i-web2"),
            "Faults were declared that the handler did not meet:\n"
            "  - RebootInstances: Throttling, not met. Nearest call: RebootInstance(InstanceId=i-web2) -> 200.",
        ),
        (
            lambda ecs: ecs.fail("StopInstance", "connection reset", between=("+1h", "+2h")),
            reboots("i-web1"),
            "Faults were declared that the handler did not meet:\n"
            "  - StopInstance: connection reset, met 0 of 1 times between 2018-08-22T11:39:49Z and "
            "2018-08-22T12:39:49Z. Nearest call: RebootInstance(InstanceId=i-web1) -> 200 at 2018-08-22T10:39:49Z.",
        ),
        (
            lambda ecs: ecs.fail("DescribeTags", "connection reset"),
            reboots("i-web1"),
            "Faults were declared that the handler did not meet:\n"
            "  - DescribeTags: connection reset, met 0 of 1 times. DescribeTags was not called.",
        ),
        (
            lambda ecs: ecs.fail("*", "Throttling", probability=0.5),
            reboots(),
            "Faults were declared that the handler did not meet:\n"
            "  - any action: Throttling, not met. Nothing was called.",
        ),
        (
            lambda ecs: ecs.quota("RebootInstance", per_minute=5),
            reboots(),
            "Faults were declared that the handler did not meet:\n"
            "  - RebootInstance: quota of 5 a minute, then Throttling, not met. RebootInstance was not called.",
        ),
        (
            lambda ecs: ecs.delay("RebootInstance", "1m30s", times=2),
            reboots("i-web1"),
            "Delays were declared that the handler did not meet:\n"
            "  - RebootInstance: delay of 1m30s, met 1 of 2 times. Nearest call: RebootInstance(InstanceId=i-web1) -> "
            "read timeout after 1m.",
        ),
        (
            lambda ecs: (ecs.delay("StopInstance", "1s"), ecs.fail("StartInstance", "InternalError")),
            reboots(),
            "Faults and delays were declared that the handler did not meet:\n"
            "  - StartInstance: InternalError, met 0 of 1 times. StartInstance was not called.\n"
            "  - StopInstance: delay of 1s, not met. StopInstance was not called.",
        ),
    ],
    ids=["parameters", "another action", "window", "nothing near", "probability", "quota", "delay", "both"],
)
def test_an_unused_fault_is_reported_with_the_nearest_call(declare, handler, expected):
    """The message says which fault, how often it applied, and which call came nearest."""

    def patient(ecs_events):
        with contextlib.suppress(requests.ReadTimeout):
            handler(ecs_events)

    assert unused(declare, patient) == f"{expected}\n{REMEDY}"


@pytest.mark.parametrize(
    "declare",
    [
        lambda ecs: ecs.fail("RebootInstance", "bad gateway", times=None),
        lambda ecs: ecs.fail("RebootInstance", "bad gateway", probability=0.000001),
        lambda ecs: ecs.fail("RebootInstance", "bad gateway", probability=0.000001, times=5),
        lambda ecs: ecs.quota("RebootInstance", per_minute=100),
        lambda ecs: ecs.delay("*", "1s"),
        lambda ecs: ecs.fail("StopInstance", "bad gateway", optional=True),
        lambda ecs: ecs.quota("StopInstance", per_minute=1, optional=True),
        lambda ecs: ecs.delay("StopInstance", "1s", optional=True),
    ],
)
def test_faults_that_could_have_applied_are_not_reported(declare):
    """Faults without a number, those with a probability, and quotas need only one call that they could apply to."""
    assert unused(declare, reboots("i-web1")) is None


# -- invalid arguments


@pytest.mark.parametrize(
    ("declare", "sentence"),
    [
        (
            lambda ecs: ecs.fail("RebootInstance", "Throttling", Instance="i-web1"),
            "unknown parameter 'Instance' of RebootInstance. Did you mean InstanceId? It has: InstanceId, ForceStop, DryRun, "
            "RegionId.",
        ),
        (
            lambda ecs: ecs.fail("RebootInstance", "Throttling", time=2),
            "unknown parameter 'time' of RebootInstance. Did you mean times? It has: InstanceId, ForceStop, DryRun, RegionId.",
        ),
        (
            lambda ecs: ecs.delay("*", "1s", InstnceId="i-web1"),
            "unknown parameter 'InstnceId': no action has it. Did you mean InstanceId?",
        ),
        (
            lambda ecs: ecs.fail("RebootInstance", "Throttling", probability=20),
            "fail('RebootInstance', 'Throttling') got probability=20. Pass a number above 0 and up to 1.",
        ),
        (
            lambda ecs: ecs.fail("RebootInstance", "Throttling", probability="often"),
            "fail('RebootInstance', 'Throttling') got probability='often'. Pass a number above 0 and up to 1.",
        ),
        (
            lambda ecs: ecs.fail("RebootInstance", "bad gateway", http_status=500),
            "fail('RebootInstance', 'bad gateway') got message= or http_status=, which only the cloud's own errors have. "
            "Omit them for a network fault (bad gateway: HTTP 502 with a proxy's HTML page).",
        ),
        (
            lambda ecs: ecs.fail("RebootInstance", "connect timeout", acted=True),
            "fail('RebootInstance', 'connect timeout') got acted=True. Omit it: the request acts never, since "
            "it does not arrive.",
        ),
        (
            lambda ecs: ecs.fail("RebootInstance", "garbled body", acted=False),
            "fail('RebootInstance', 'garbled body') got acted=False. Omit it: the request acts always, since "
            "only the reply is damaged.",
        ),
        (
            lambda ecs: ecs.fail("RebootInstance", "SignatureDoesNotMatch", message="no"),
            "fail('RebootInstance', 'SignatureDoesNotMatch') got message='no'. Keep a colon in it, as the service does: "
            "without one the legacy SDK crashes.",
        ),
        (
            lambda ecs: ecs.quota("RebootInstance", per_minute=0),
            "quota('RebootInstance') got per_minute=0. Pass a whole number of 1 or more.",
        ),
        (
            lambda ecs: ecs.delay("RebootInstance", "0s"),
            "delay('RebootInstance') got a duration of zero. Pass a longer one, such as \"30s\".",
        ),
        (
            lambda ecs: ecs.delay("RebootInstance", "1s", times=0),
            "delay('RebootInstance') got times=0. Pass a whole number of 1 or more, or None for every call.",
        ),
        (
            lambda ecs: ecs.quota("RebootInstanc", per_minute=1),
            "unknown action 'RebootInstanc': the fake of Ecs and Cms does not have it. Did you mean RebootInstance? Actions are: ",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(ecs, declare, sentence):
    """The message has the invalid value of the fault, quota or delay, and the allowed ones."""
    with pytest.raises(BadArgumentError) as error:
        declare(ecs)
    assert str(error.value) == sentence or (sentence.endswith(": ") and str(error.value).startswith(sentence))


@pytest.mark.parametrize("code", [502, ["bad gateway"], None])
def test_a_code_that_is_no_text_is_refused_like_any_other(ecs, code):
    """A status or a list is no code."""
    with pytest.raises(BadArgumentError) as error:
        ecs.fail("RebootInstance", code)
    assert str(error.value).startswith(f"unknown error {code!r} of RebootInstance.")


@pytest.mark.parametrize(("action", "whose"), [("*", "any action"), ("RebootInstance", "RebootInstance")])
def test_a_misspelt_fault_is_refused_with_the_nearest(ecs, action, whose):
    """The message lists the network faults beside the codes."""
    with pytest.raises(BadArgumentError) as error:
        ecs.fail(action, "conection reset")
    assert str(error.value).startswith(
        f"unknown error 'conection reset' of {whose}. Did you mean connection reset? For an error of your "
        "own pass message= and http_status= too. Known errors are: "
    )
    assert str(error.value).endswith(f"; of the network: {', '.join(NETWORK_FAULTS)}.")


def test_a_code_of_one_action_is_no_error_of_every_action(ecs, code):
    """Faults for all actions accept the common errors, or any code with a message and a status."""
    with pytest.raises(BadArgumentError):
        ecs.fail("*", "InvalidInstanceId.NotFound")
    ecs.fail("*", "InvalidInstanceId.NotFound", message="gone", http_status=404)
    assert code("RebootInstance", InstanceId="i-web1") == "InvalidInstanceId.NotFound"


def test_a_reply_that_is_no_json_is_its_text(ecs):
    """The log has the readable part of a broken reply; bytes that are no text are replaced."""
    for fault in ("truncated body", "garbled body"):
        ecs.fail("DescribeRegions", fault)
        with contextlib.suppress(requests.exceptions.ChunkedEncodingError), pytest.raises(ValueError, match=r"."):
            json.loads(requests.get(URL.format("DescribeRegions"), timeout=5).content)
    assert all(seen.response.startswith('{"Regions"') for seen in ecs.calls)
