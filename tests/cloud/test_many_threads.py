"""Many threads that change one cloud, and the receivers of their changes."""

import select
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread

from pytest_ecsevents import EcsEvents, Transition

THREADS = 8
ROUNDS = 20
EVENTS = 10  # published in each round


def test_each_change_is_delivered_once_and_in_order():
    """In any interleaving, the changes of each event and instance are delivered one by one, in order."""
    received = defaultdict(list)
    with EcsEvents() as ecs_events, ThreadPoolExecutor(THREADS) as pool:

        def receive(change):
            select.select([], [], [], 0)  # another thread continues, as when a receiver sends
            received[_whose(change)].append(str(change.to_status))

        ecs_events.on_change(receive)
        names = [ecs_events.instances.add(f"i-web{number}").instance_id for number in range(THREADS)]
        start = Barrier(THREADS)

        def publish_and_reboot(instance_id):
            start.wait()
            for _ in range(ROUNDS):
                for hours in range(1, EVENTS + 1):
                    ecs_events.create("SystemMaintenance.Reboot", instance_id, not_before=f"+{hours}h")
                # All of them become due together, and are delivered together.
                ecs_events.reboot(instance_id)

        for done in [pool.submit(publish_and_reboot, name) for name in names]:
            done.result()
    assert len(ecs_events) == THREADS * ROUNDS * EVENTS
    assert {id_: steps for id_, steps in received.items() if id_ not in names} == {
        event.event_id: ["Scheduled", "Avoided"] for event in ecs_events
    }
    assert [received[name] for name in names] == [["Stopping", "Starting", "Running"] * ROUNDS] * THREADS


def _whose(change):
    return change.event.event_id if isinstance(change, Transition) else change.instance.instance_id


def test_a_receiver_may_wait_for_a_thread_that_changes_the_cloud():
    """The thread is not blocked; its change is delivered after the receiver has returned."""
    received = []

    def drain(change):
        received.append(str(change.to_status))
        if change.to_status == "Executing":
            thread = Thread(target=ecs_events.stop, args=("i-web2",), daemon=True)
            thread.start()
            thread.join(timeout=10)
            received.append("hung" if thread.is_alive() else "drained")

    with EcsEvents() as ecs_events:
        for instance_id in ("i-web1", "i-web2"):
            ecs_events.instances.add(instance_id)
        ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
        ecs_events.on_change(drain)
        ecs_events.advance(hours=1)
    assert received == ["Executing", "drained", "Stopping", "Stopped"]


def test_operations_come_one_after_the_other():
    """One thread's operation on the cloud completes before another thread's, at one instant."""
    steps = []

    def operate():
        with ecs_events._cloud.changing():
            steps.append("begun")
            select.select([], [], [], 0.001)  # a real wait, so that another thread begins if it can
            steps.append("done")

    with EcsEvents() as ecs_events, ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(operate) for _ in range(THREADS)]:
            done.result()
    assert steps == ["begun", "done"] * THREADS
