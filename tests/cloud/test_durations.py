"""Instance operations that take time."""

import datetime as dt
import time

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException

from pytest_ecsevents import BadArgumentError, EcsEvents, StandingClockError


@pytest.fixture
def ecs():
    """A cloud whose instance takes 30 s to stop and a minute to start."""
    with EcsEvents("2018-08-22T10:00:00Z") as ecs_events:
        ecs_events.instances.add("i-web1", stopping_takes="30s", starting_takes="1m")
        yield ecs_events


@pytest.fixture
def status(call):
    """The instance's status as the API shows it."""
    return lambda: call("DescribeInstanceStatus")["InstanceStatuses"]["InstanceStatus"][0]["Status"]


def test_a_reboot_shows_every_state_on_the_way(ecs, call, status):
    """The event is avoided when the call is accepted; the instance is Stopping, Starting, then Running."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    call("RebootInstance", InstanceId="i-web1")
    assert event.status == "Avoided"
    seen = [status()]
    for _ in range(3):
        ecs.advance("30s")
        seen.append(status())
    assert seen == ["Stopping", "Starting", "Starting", "Running"]
    lines = [line for line in ecs.timeline().splitlines() if "instance  " in line]
    assert lines == [
        " +00:00:00  instance  i-web1  Running -> Stopping: RebootInstance",
        " +00:00:30  instance  i-web1  Stopping -> Starting: RebootInstance",
        " +00:01:30  instance  i-web1  Starting -> Running: RebootInstance",
    ]


def test_an_instance_in_transition_refuses_operations(ecs, call, status):
    """While it is Stopping it can neither be started nor rebooted; once Stopped it can be started."""
    call("StopInstance", InstanceId="i-web1")
    for action in ("StartInstance", "RebootInstance", "StopInstance"):
        with pytest.raises(ServerException) as refused:
            call(action, InstanceId="i-web1")
        assert refused.value.get_error_code() == "IncorrectInstanceStatus"
    ecs.advance("30s")
    assert status() == "Stopped"
    call("StartInstance", InstanceId="i-web1")
    assert status() == "Starting"
    ecs.advance("1m")
    assert status() == "Running"


def test_a_handler_that_sleeps_between_its_polls_succeeds(ecs, call, status):
    """Sleeping moves the clock, and the instance makes progress."""
    call("RebootInstance", InstanceId="i-web1")
    looks = 0
    while status() != "Running":
        time.sleep(10)
        looks += 1
    assert looks == 9


@pytest.mark.usefixtures("call_limit")
def test_a_handler_that_polls_without_sleeping_gets_an_error(call):
    """A busy loop ends with a message instead of hanging, also when the handler swallows the error."""

    def handler():
        call("StopInstance", InstanceId="i-web1")
        try:
            while call("DescribeInstances")["Instances"]["Instance"][0]["Status"] != "Stopped":
                pass
        except Exception:  # noqa: BLE001  # as handlers do
            return "gave up"
        return "stopped"

    with pytest.raises(StandingClockError) as error, EcsEvents("2018-08-22T10:00:00Z") as ecs_events:
        ecs_events.instances.add("i-web1", stopping_takes="30s")
        assert handler() == "gave up"
    assert str(error.value) == (
        "The handler called DescribeInstances again and again while the clock stands at 2018-08-22T10:00:00Z. It waits "
        "for i-web1, whose status changes at 2018-08-22T10:00:30Z, but time does not pass by itself: sleep in the loop "
        "(time.sleep moves the clock), or remove the instance's pending_takes, starting_takes or stopping_takes."
    )


def test_advance_to_next_stops_at_events_not_at_instances(ecs):
    """Transitions of instances happen in between; the clock stops at the next event."""
    event = ecs.create("SystemMaintenance.Stop", "i-web1", not_before="+1h")
    ecs.reboot("i-web1")
    assert [change.event for change in ecs.advance_to_next()] == [event]
    assert ecs.now == event.not_before
    assert ecs.instances["i-web1"].status == "Running"


def test_advance_to_next_ends_when_only_instances_are_on_their_way(ecs):
    """If no event is due, instances finish their operations, and nothing is returned."""
    ecs.stop("i-web1")
    assert ecs.advance_to_next() == []
    assert ecs.instances["i-web1"].status == "Stopped"


def test_an_instance_released_on_its_way_does_not_go_on(ecs):
    """The rest of its operation is discarded."""
    changes = []
    ecs.reboot("i-web1")
    ecs.release("i-web1")
    ecs.on_change(changes.append)
    ecs.advance("1h")
    assert changes == []


def test_real_events_take_the_instances_time(ecs):
    """A real reboot event keeps the instance Stopping and Starting for the declared durations."""
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h", simulated=False)
    ecs.advance("1h")
    assert ecs.instances["i-web1"].status == "Stopping"
    ecs.advance("90s")
    assert ecs.instances["i-web1"].status == "Running"


def test_many_operations_at_one_instant_are_no_busy_loop(ecs, call, call_limit):
    """A handler that works on more instances than the limit of polls is not interrupted."""
    ecs.reboot("i-web1")
    for number in range(call_limit + 1):
        ecs.instances.add(f"i-{number}", status="Stopped")
        call("StartInstance", InstanceId=f"i-{number}")
    ecs.assert_called("StartInstance", times=call_limit + 1)


def test_an_instance_declared_again_with_other_durations_is_refused(ecs):
    """The error of the second declaration says what differs."""
    with pytest.raises(BadArgumentError) as error:
        ecs.instances.add("i-web1", stopping_takes="30s", starting_takes="2m")
    assert str(error.value) == (
        "instances.add declares i-web1 with other stopping_takes or starting_takes than it was declared with. Declare it "
        "once."
    )


def test_a_wrong_duration_is_refused_in_a_sentence(ecs):
    """The error names the argument."""
    with pytest.raises(BadArgumentError) as error:
        ecs.instances.add("i-web2", starting_takes="long")
    assert str(error.value) == (
        "instances.add's starting_takes is 'long', which is not a duration. Pass a timedelta or text such as \"90s\", "
        '"2h30m" or "1d".'
    )


# -- instances that the handler creates


@pytest.fixture
def new(ecs):
    """A cloud whose new instances take 5 s to be created, a minute to start and 20 s to stop."""
    ecs.instances.pending_takes = "5s"
    ecs.instances.starting_takes = dt.timedelta(minutes=1)
    ecs.instances.stopping_takes = "20s"
    return ecs.instances


@pytest.fixture
def run(call):
    """Let the handler create an instance that starts by itself; return the id."""
    return lambda: call("RunInstances", ImageId="m-1", InstanceType="ecs.g7.large")["InstanceIdSets"]["InstanceIdSet"][
        0
    ]


def test_a_new_instance_shows_every_state_on_the_way(ecs, new, call, run):
    """It is Pending, Starting, then Running, over the API and in the timeline."""
    instance_id = run()

    def shown():
        return call("DescribeInstances", InstanceIds=f'["{instance_id}"]')["Instances"]["Instance"][0]["Status"]

    seen = [shown()]
    for seconds in (5, 59, 1):
        ecs.advance(seconds=seconds)
        seen.append(shown())
    assert seen == ["Pending", "Starting", "Starting", "Running"]
    ecs.stop(instance_id)
    assert shown() == "Stopping"
    ecs.advance("20s")
    lines = [line for line in ecs.timeline().splitlines() if "instance  " in line]
    assert lines == [
        f" +00:00:00  instance  {instance_id}  created -> Pending: RunInstances",
        f" +00:00:05  instance  {instance_id}  Pending -> Starting: RunInstances",
        f" +00:01:05  instance  {instance_id}  Starting -> Running: RunInstances",
        f" +00:01:05  instance  {instance_id}  Running -> Stopping: stop by the test",
        f" +00:01:25  instance  {instance_id}  Stopping -> Stopped: stop by the test",
    ]


def test_a_new_instance_that_does_not_start_by_itself(ecs, new, call):
    """It is Pending, then Stopped; starting it takes its duration too."""
    instance_id = call("CreateInstance", ImageId="m-1", InstanceType="ecs.g7.large")["InstanceId"]
    assert new[instance_id].status == "Pending"
    ecs.advance("5s")
    assert new[instance_id].status == "Stopped"
    call("StartInstance", InstanceId=instance_id)
    assert new[instance_id].status == "Starting"
    ecs.advance("1m")
    assert new[instance_id].status == "Running"


@pytest.mark.parametrize("action", ["DeleteInstance", "DeleteInstances"])
def test_a_pending_instance_is_not_deleted(new, call, run, refused, action):
    """The refusal has its own code, with Force or without; after Pending the instance can be deleted."""
    instance_id = run()
    name = "InstanceId" if action == "DeleteInstance" else "InstanceId__1"
    for force in ("false", "true"):
        assert refused(action, Force=force, **{name: instance_id}) == (
            403,
            "IncorrectInstanceStatus.Initializing",
            "The specified instance status does not support this operation.",
        )
    time.sleep(5)
    call(action, Force="true", **{name: instance_id})
    assert instance_id not in new


@pytest.mark.parametrize("action", ["StartInstance", "StopInstance", "RebootInstance"])
def test_a_pending_instance_refuses_operations(new, run, refused, action):
    """It can be neither started, stopped nor rebooted."""
    assert refused(action, InstanceId=run())[:2] == (403, "IncorrectInstanceStatus")


@pytest.mark.usefixtures("call_limit")
def test_a_handler_that_polls_a_new_instance_without_sleeping_gets_an_error(call):
    """A busy loop that polls a Pending instance ends with a message."""
    with pytest.raises(StandingClockError) as error, EcsEvents("2018-08-22T10:00:00Z") as ecs_events:
        ecs_events.instances.pending_takes = "5s"
        call("RunInstances", ImageId="m-1", InstanceType="ecs.g7.large")
        while call("DescribeInstances")["Instances"]["Instance"][0]["Status"] != "Running":
            pass
    assert "whose status changes at 2018-08-22T10:00:05Z" in str(error.value)


def test_a_handler_that_sleeps_until_a_new_instance_is_there(ecs, new, run):
    """Sleeping moves the clock, and the instance makes progress."""
    instance_id = run()
    looks = 0
    while new[instance_id].status != "Running":
        time.sleep(13)
        looks += 1
    assert looks == 5


def test_a_pending_instance_that_is_released_does_not_go_on(ecs, new, run):
    """The test can release it at any time."""
    instance_id = run()
    ecs.release(instance_id)
    ecs.advance("1h")
    assert instance_id not in new
    assert "Starting" not in ecs.timeline()


def test_what_instances_take_can_be_read_and_changed(ecs, new, run):
    """The settings are durations; a change applies to later operations, also of declared instances."""
    assert (new.pending_takes, new.starting_takes, new.stopping_takes) == (
        dt.timedelta(seconds=5),
        dt.timedelta(minutes=1),
        dt.timedelta(seconds=20),
    )
    first = run()
    new.pending_takes = new.starting_takes = "0s"
    assert [new[one].status for one in (first, run())] == ["Pending", "Running"]
    new.starting_takes = "1m"
    ecs.instances.add("i-web3", status="Stopped")
    ecs.instances.add("i-web4", status="Stopped", starting_takes="0s")
    ecs.start("i-web3")
    ecs.start("i-web4")
    assert [new[one].status for one in ("i-web3", "i-web4")] == ["Starting", "Running"]


def test_by_default_new_instances_take_no_time(ecs):
    """No duration is set by default."""
    zero = dt.timedelta(0)
    takes = ecs.instances
    assert (takes.pending_takes, takes.starting_takes, takes.stopping_takes) == (zero, zero, zero)


@pytest.mark.parametrize("name", ["pending_takes", "starting_takes", "stopping_takes"])
def test_a_wrong_duration_of_new_instances_is_refused_in_a_sentence(ecs, name):
    """The error names the setting, and the setting does not change."""
    with pytest.raises(BadArgumentError) as error:
        setattr(ecs.instances, name, "long")
    assert str(error.value) == (
        f"instances.{name} is 'long', which is not a duration. Pass a timedelta or text such as \"90s\", "
        '"2h30m" or "1d".'
    )
    with pytest.raises(BadArgumentError) as error:
        setattr(ecs.instances, name, dt.timedelta(seconds=-1))
    assert str(error.value) == f"instances.{name} is -1s, a negative duration. Pass one of zero or more."
    assert getattr(ecs.instances, name) == dt.timedelta(0)
