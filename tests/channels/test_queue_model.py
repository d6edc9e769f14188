"""Queues, compared with a model that looks at every message each time."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ecsevents import ApiError, EcsEvents
from pytest_ecsevents.clock._times import SECOND

RETENTION = 90


@dataclass
class Model:
    """One message, as the service documents it."""

    number: int
    priority: int
    ends_at: int
    visible_at: int
    handle: str = ""
    is_deleted: bool = False

    def is_left(self, now):
        """Return whether it is neither deleted nor expired."""
        return not self.is_deleted and now < self.ends_at


def visible(models, now):
    """Return the numbers of those that can be received, in order."""
    found = [one for one in models if one.is_left(now) and one.visible_at <= now]
    return sorted(found, key=lambda one: (one.priority, one.number))


seconds = st.integers(1, 45)
steps = st.one_of(
    st.tuples(st.just("send"), st.integers(0, 40), st.integers(1, 3)),
    st.tuples(st.just("receive"), st.integers(1, 3)),
    st.tuples(st.just("peek"), st.integers(1, 3)),
    st.tuples(st.just("delete"), st.integers(0, 9)),
    st.tuples(st.just("hide"), st.integers(0, 9), st.sampled_from([1, 20, 30, 40])),
    st.tuples(st.just("wait"), seconds),
)


class Pair:
    """A queue and its model; each step is applied to both."""

    def __init__(self, ecs):
        self.ecs = ecs
        self.queue = ecs.queue("q", message_retention_period=RETENTION)._state
        self.models = []
        self.handles = []

    @property
    def now(self):
        """The clock, in microseconds."""
        return self.ecs._clock.now()

    def send(self, delay, priority):
        """Send a message."""
        number, now = len(self.models), self.now
        self.queue.send("x", delay_seconds=delay, priority=priority)
        self.models.append(Model(number, priority, now + RETENTION * SECOND, now + delay * SECOND))

    def receive(self, most):
        """Receive some messages: both return the same ones, each once."""
        expected = visible(self.models, self.now)[:most]
        receipts = self.queue.receive(most)
        assert [receipt.message.number for receipt in receipts] == [one.number for one in expected]
        for one, receipt in zip(expected, receipts, strict=True):
            one.visible_at, one.handle = self.now + 30 * SECOND, receipt.handle
            self.handles.append((receipt.handle, one))

    def peek(self, most):
        """Peek at some messages: both return the same ones."""
        seen = [receipt.message.number for receipt in self.queue.peek(most)]
        assert seen == [one.number for one in visible(self.models, self.now)[:most]]

    def delete(self, place):
        """Delete by a receipt handle if it is still valid."""
        self._with_handle(place, self.queue.delete, lambda one, _: setattr(one, "is_deleted", True))

    def hide(self, place, span):
        """Hide by a receipt handle if it is still valid."""

        def hidden(one, result):
            one.handle, one.visible_at = result
            self.handles.append((one.handle, one))

        self._with_handle(place, lambda handle: self.queue.hide(handle, span), hidden)

    def _with_handle(self, place, act, then):
        if place >= len(self.handles):
            return
        handle, one = self.handles[place]
        holds = one.is_left(self.now) and one.handle == handle and one.visible_at > self.now
        if holds:
            then(one, act(handle))
        else:
            with pytest.raises(ApiError, match="MessageNotExist"):
                act(handle)

    def wait(self, span):
        """Let time pass."""
        self.ecs.advance(seconds=span)

    def check(self):
        """Compare counts and the next instant with the model."""
        left = [one for one in self.models if one.is_left(self.now)]
        active = len(visible(self.models, self.now))
        assert sum(self.queue.counts()) == len(left)
        assert self.queue.counts()[0] == active
        assert self.queue.next_visible_at() == min((one.visible_at for one in left), default=None)


@given(st.lists(steps, max_size=30))
def test_a_queue_is_its_model(todo):
    """They agree after any steps in any order."""
    with EcsEvents() as ecs:
        pair = Pair(ecs)
        for name, *arguments in todo:
            getattr(pair, name)(*arguments)
            pair.check()
