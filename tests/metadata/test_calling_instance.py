"""Which instance a program runs inside."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from pytest_ecsevents import EcsEvents, NoGuestError, UnknownInstanceError

WHO = "http://100.100.100.200/latest/meta-data/instance-id"


def who():
    """Return the instance id that a program reads."""
    return requests.get(WHO, timeout=5).text


@pytest.fixture
def two(ecs_events):
    """Two instances."""
    for name in ("i-a", "i-b"):
        ecs_events.instances.add(name)
    return ecs_events


# -- what is chosen


def test_the_only_instance_need_not_be_chosen(ecs_events, web1):
    """With one instance the caller is clear."""
    assert who() == "i-web1"


def test_a_choice_for_a_block(two):
    """Within the block it is that instance; blocks can be nested."""
    with two.guest("i-a") as guest:
        assert who() == guest.instance_id == "i-a"
        with two.guest(two.instances["i-b"]):
            assert who() == "i-b"
        assert who() == "i-a"
    with pytest.raises(NoGuestError):
        who()
    assert repr(guest) == "<Guest i-a>"
    two.strict = False


def test_a_choice_may_be_entered_again(two):
    """The same object can be used for several blocks."""
    guest = two.guest("i-a")
    for _ in range(2):
        with guest, guest:
            assert who() == "i-a"
        with two.guest("i-b"):
            assert who() == "i-b"


def test_a_choice_for_the_rest_of_the_test(two):
    """Without a block the choice holds until the next one."""
    two.guest("i-a")
    assert (who(), who()) == ("i-a", "i-a")
    two.guest("i-b")
    assert who() == "i-b"


def test_a_thread_is_what_its_starter_was(two):
    """A thread stays inside the instance in which it was started, as do those that it starts."""
    seen = []
    goes = threading.Event()

    def outer():
        goes.wait()
        inner = threading.Thread(target=lambda: seen.append(who()))
        inner.start()
        inner.join()
        seen.append(who())

    with two.guest("i-a"):
        thread = threading.Thread(target=outer)
        thread.start()
    with two.guest("i-b"):
        goes.set()
        thread.join()
        seen.append(who())
    assert seen == ["i-a", "i-a", "i-b"]


def test_each_thread_may_choose_for_itself(two):
    """A thread that chooses does so for itself and the threads that it starts, with a block or without."""
    seen = {}

    def agent(name, other):
        two.guest(name)
        with two.guest(other):
            seen[name, "in the block"] = who()
        thread = threading.Thread(target=lambda: seen.update({(name, "started"): who()}))
        thread.start()
        thread.join()

    with ThreadPoolExecutor(2) as pool:
        for task in [pool.submit(agent, "i-a", "i-b"), pool.submit(agent, "i-b", "i-a")]:
            task.result()
    assert seen == {
        ("i-a", "in the block"): "i-b",
        ("i-a", "started"): "i-a",
        ("i-b", "in the block"): "i-a",
        ("i-b", "started"): "i-b",
    }


def test_a_choice_is_for_threads_that_run_already(two):
    """The choice of the test's own thread applies to every thread without a choice."""
    seen = []
    goes = threading.Event()
    thread = threading.Thread(target=lambda: (goes.wait(), seen.append(who())))
    thread.start()
    with two.guest("i-b"):
        goes.set()
        thread.join()
    assert seen == ["i-b"]


@pytest.mark.ecs_clock(sleep="real")
def test_a_choice_is_for_threads_where_waiting_is_real(two):
    """If the start of threads is not watched, the choice of the test's own thread applies to them while it lasts."""
    seen = []
    with two.guest("i-b"):
        thread = threading.Thread(target=lambda: seen.append(who()))
        thread.start()
        thread.join()
    assert seen == ["i-b"]


def test_each_task_may_choose_for_itself(two):
    """Concurrent tasks of one loop are each inside their own instance."""
    aiohttp = pytest.importorskip("aiohttp")

    async def agent(session, name):
        seen = []
        with two.guest(name):
            for _ in range(3):
                async with session.get(WHO) as reply:
                    seen.append(await reply.text())
                await asyncio.sleep(10)
            with two.guest("i-b"):
                seen.append(await asyncio.to_thread(who))
        return seen

    async def both():
        async with aiohttp.ClientSession() as session:
            return await asyncio.gather(agent(session, "i-a"), agent(session, "i-b"))

    assert asyncio.run(both()) == [[*["i-a"] * 3, "i-b"], ["i-b"] * 4]
    with pytest.raises(NoGuestError):
        who()
    two.strict = False


def test_a_task_without_a_choice_is_the_tests(two):
    """The test's choice before it started a loop applies in the loop."""

    async def agent():
        return await asyncio.to_thread(who)

    with two.guest("i-a"):
        assert asyncio.run(agent()) == "i-a"


def test_a_choice_in_a_task_for_the_rest_of_the_test(two):
    """A choice without a block in a task of the test's own thread applies to all code without a choice."""

    async def chooses():
        two.guest("i-b")
        return await asyncio.to_thread(who)

    assert asyncio.run(chooses()) == "i-b"
    assert who() == "i-b"


# -- unknown callers


def refusal(ecs_events):
    """Return the message for a program that calls."""
    with pytest.raises(NoGuestError) as error:
        who()
    ecs_events.strict = False
    return str(error.value)


ASKED = "The metadata service got GET /latest/meta-data/instance-id, but "


def test_no_instance(ecs_events):
    """Without an instance there is no caller; the message says how to declare one."""
    said = refusal(ecs_events)
    assert said.startswith(f"{ASKED}there is no instance")
    assert '@pytest.mark.ecs_instance("i-web1")' in said
    assert 'ecs_events.instances.add("i-web1")' in said


def test_several_instances(two):
    """With several instances the message says how to choose."""
    said = refusal(two)
    assert said.startswith(f"{ASKED}it is not known which instance")
    assert "Instances are: i-a, i-b." in said
    assert 'ecs_events.guest("i-a")' in said


def test_an_instance_that_does_not_exist(two):
    """The call with an unknown name raises."""
    with pytest.raises(UnknownInstanceError, match=r"There is no instance 'i-c'\. Did you mean i-"):
        two.guest("i-c")


@pytest.mark.parametrize("is_chosen", [True, False])
def test_a_released_instance(ecs_events, web1, is_chosen):
    """Programs inside a released instance have ended."""
    if is_chosen:
        ecs_events.guest("i-web1")
    ecs_events.release("i-web1")

    said = refusal(ecs_events)
    assert said.startswith(f"{ASKED}i-web1 has been released")
    assert "ecs_events.run(..., until=...)" in said


def test_a_stopped_instance(ecs_events):
    """No program runs inside a Stopped instance."""
    ecs_events.instances.add("i-web1", status="Stopped")

    said = refusal(ecs_events)
    assert said.startswith(f"{ASKED}i-web1 is Stopped: ")
    assert "Start it" in said


def test_a_program_that_swallows_the_error_fails_the_test(pytester):
    """Programs catch every error; the test fails anyway, with the line of the request."""
    pytester.makepyfile(
        """
        import requests

        def test_it(ecs_events):
            try:
                requests.get("http://100.100.100.200/latest/meta-data/region-id", timeout=5)
            except Exception:
                pass
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*The metadata service got GET /latest/meta-data/region-id, but there is no instance for*",
            "*+00:00:00  metadata  no instance GET /latest/meta-data/region-id -> no answer*",
        ]
    )


def test_outside_an_instance_the_address_does_not_answer(ecs_events):
    """With the check relaxed, connecting times out, as it does outside an instance."""
    ecs_events.strict -= {"calls"}
    with pytest.raises(requests.exceptions.ConnectTimeout):
        requests.get(WHO, timeout=(3, 5))

    (call,) = ecs_events.metadata.calls
    assert (call.instance_id, call.failure, call.took.total_seconds(), call.fault) == ("", "connect timeout", 3, False)
    assert f"{ecs_events.now:%M:%S}" == "00:03"
    assert "no instance GET /latest/meta-data/instance-id -> connect timeout after 3s" in ecs_events.timeline()


def test_a_choice_needs_a_cloud_that_was_entered():
    """Before its block there are no instances to choose from."""
    with pytest.raises(UnknownInstanceError):
        EcsEvents().guest("i-web1")
