"""Stories too long for a report: what it cannot show is not rendered, and the text is the same to the letter."""

from unittest.mock import Mock, patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from plain_timeline import plain_timeline

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.clock._times import SECOND
from pytest_ecsevents.report import _sleeps
from pytest_ecsevents.report._entries import timeline_entries
from pytest_ecsevents.report._sleeps import Sleep, SleepLog
from pytest_ecsevents.report._timeline import Header, timeline_text
from pytest_ecsevents.rpc._calls import ApiCall
from pytest_ecsevents.services.ecs._catalogue import EventStatus, InstanceStatus
from pytest_ecsevents.services.ecs._model import InstanceTransition, Transition


class Thread:
    """A thread of the story; its name may change."""

    def __init__(self, name):
        self.name = name


@pytest.fixture(scope="module")
def cloud():
    """A cloud whose records the stories are about."""
    with EcsEvents(seed="long") as ecs_events:
        for name in ("i-web1", "i-web2"):
            ecs_events.create("SystemMaintenance.Reboot", name, not_before="+1h")
        parts = ecs_events._parts
    return parts.cloud, parts.recorder.secrets


class Story:
    """A journal and a log of sleeps, told step by step."""

    def __init__(self, cloud):
        self.cloud, self.secrets = cloud
        self.events = list(self.cloud.events.by_id.values())
        self.instances = list(self.cloud.instances.existing.values())
        self.journal, self.slept, self.log, self.now, self.calls = [], [], SleepLog(), 0, 0
        self.threads = [Thread("MainThread"), Thread("worker"), Thread("worker")]

    def tell(self, kind, number, pause):
        """Let `number` things of a kind happen, each `pause` seconds after the one before."""
        for turn in range(number):
            self.now += pause * SECOND
            if kind == "events":
                event = self.events[turn % 2]
                self.journal.append(Transition(event, event.last, EventStatus.EXECUTING, self.now, f"cause {turn}"))
            elif kind == "instances":
                record = self.instances[turn // 3 % 2]
                self.journal.append(
                    InstanceTransition(record, InstanceStatus.RUNNING, InstanceStatus.STOPPING, self.now, "cause")
                )
            elif kind == "calls":
                self.calls += 1
                region = ("cn-hangzhou", "cn-beijing")[turn // 20 % 2]
                self.journal.append(
                    ApiCall(
                        transport="test",
                        at_micros=self.now,
                        http_status=200,
                        thread=self.threads[turn % 7 // 6].name,
                        product="Ecs",
                        version="2014-05-26",
                        action=("DescribeInstances", "RebootInstance")[turn % 11 // 10],
                        params={"PageSize": str(turn % 3)},
                        region_id=region,
                    )
                )
            else:
                thread = self.threads["abc".index(kind[-1])]
                span = (pause + 1) * (1 + turn % 3 if kind.startswith("uneven") else 1) * SECOND
                with patch.object(_sleeps, "current_thread", lambda thread=thread: thread):
                    self.log.add(self.now, self.now + span)
                self.slept.append(Sleep(self.now, self.now + span, thread.name))
                if not kind.startswith("beside"):
                    self.now += span

    def compare(self, most):
        """Compare the text with that of the plain rendering."""
        header = Header(0, self.now, "test", len(self.journal), self.calls, 0, 0)
        streams = self.log.streams()
        shown = timeline_text(header, timeline_entries(self.journal, streams, most), self.secrets, most=most)
        assert shown == plain_timeline(header, self.journal, self.slept, self.secrets, most)
        return shown


KINDS = ["events", "instances", "calls"]
SLEEPS = [f"{kind} {thread}" for kind in ("even", "uneven", "beside") for thread in "abc"]
steps = st.tuples(st.sampled_from(KINDS * 4 + SLEEPS), st.integers(1, 90), st.integers(0, 3))


@example([("uneven a", 90, 0)], 20, 1)
@example([("even a", 80, 0), ("even a", 1, 3), ("even a", 80, 0)], 20, 4)
@example([("even a", 40, 1), ("uneven a", 80, 0), ("events", 1, 0)], 20, 4)
@given(st.lists(steps, max_size=8), st.sampled_from([None, 1, 2, 3, 7, 20]), st.sampled_from([1, 4, 512]))
def test_any_story_has_the_text_of_the_plain_rendering(cloud, told, most, block):
    """Events, instances, calls and sleeps of several threads, in any order and number, up to any number of lines."""
    with patch.object(_sleeps, "_BLOCK", block):
        story = Story(cloud)
        for step in told:
            story.tell(*step)
        story.compare(most)


def test_what_a_report_cannot_show_is_not_rendered(cloud):
    """Of 20,000 events it makes as many entries as it has lines from either end, and one for the others."""
    story = Story(cloud)
    story.tell("events", 20_000, 1)
    entries = timeline_entries(story.journal, [], 200)
    assert len(entries) == 401
    assert sum(entry.hides or 1 for entry in entries) == 20_000
    assert "19801 lines about events, faults and errors are left out" in story.compare(200)


def test_many_sleeps_are_counted_as_they_come(cloud):
    """For 20,000 sleeps of ever other lengths the report makes one entry, of figures that were counted before."""
    story = Story(cloud)
    for number in range(4000):
        story.tell("uneven a", 5, number % 7)
    with patch.object(_sleeps, "Sleep", Mock(wraps=Sleep)) as made:
        entries = timeline_entries([], story.log.streams(), 200)
    assert len(entries) == 1
    assert made.call_count < 10
    assert "(20000 times, every " in story.compare(200)
