"""The Simple Message Queue of a test: its queues and topics, and what CloudMonitor sends to them."""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Final

from pytest_ecsevents._words import BadArgumentError, did_you_mean, hidden_in_reports, listed
from pytest_ecsevents.channels import FORMATS, LEVELS, CloudMonitor, Notification, Queues, SmqRefusal, Topics
from pytest_ecsevents.clock import Clock
from pytest_ecsevents.face._queues import Queue, Topic, queue_attributes, smq_error
from pytest_ecsevents.face._serving import Serving
from pytest_ecsevents.server import EndpointPusher, SmqApp, TopicRoutes

__tracebackhide__ = hidden_in_reports


class Messaging:
    """The queues and topics of one test.

    Args:
        clock: The test's.
        monitor: Whose notifications they get.
        serving: Through which they are reached.
        owner: The account that they belong to.
        seed: What makes their ids this test's own.
    """

    def __init__(self, clock: Clock, monitor: CloudMonitor, serving: Serving, owner: str, seed: str) -> None:
        self._monitor: Final = monitor
        self._serving: Final = serving
        self._queues: Final = Queues(clock, seed)
        self._topics: Final = Topics(clock, self._queues, owner, seed, EndpointPusher(seed))
        serving.add_smq(SmqApp(self._queues, clock, seed, TopicRoutes(self._topics)))
        self._made: Final[dict[str, Queue]] = {}
        self._made_topics: Final[dict[str, Topic]] = {}

    def queue(
        self,
        name: str,
        *,
        format: str | None,  # noqa: A002  # the word of the field
        names: "Iterable[str] | str | None",
        levels: "Iterable[str] | str | None",
        attributes: "dict[str, object]",
    ) -> Queue:
        """A queue that gets notifications; asked for again, the same one."""
        self._serving.check("ecs_events.queue")
        found = self._made.get(name)
        if found is not None:
            _check_same("queue", name, given=bool(format or names or levels or attributes))
            return found
        wire = queue_attributes(attributes, "A queue")
        wants = self._wants(names, levels)
        form = _form(format)
        try:
            state, _ = self._queues.create(_text(name, "A queue"), wire)
        except SmqRefusal as refusal:
            raise smq_error(refusal, f"The queue {name!r}") from None
        made = self._made[name] = Queue(state, self._serving.address)
        self._listen(wants, lambda notification: made.send(_json(form(notification))))
        return made

    def topic(
        self,
        name: str,
        *,
        format: str | None,  # noqa: A002  # the same
        names: "Iterable[str] | str | None",
        levels: "Iterable[str] | str | None",
    ) -> Topic:
        """A topic in which notifications are published; asked for again, the same one."""
        self._serving.check("ecs_events.topic")
        found = self._made_topics.get(name)
        if found is not None:
            _check_same("topic", name, given=bool(format or names or levels))
            return found
        wants = self._wants(names, levels)
        form = _form(format)
        try:
            state, _ = self._topics.create(_text(name, "A topic"), {})
        except SmqRefusal as refusal:
            raise smq_error(refusal, f"The topic {name!r}") from None
        made = self._made_topics[name] = Topic(state, self._topics, self._serving.address)
        self._listen(wants, lambda notification: made.publish(_json(form(notification))))
        return made

    def _listen(self, wants: Callable[[Notification], bool], take: Callable[[Notification], object]) -> None:
        def heard(notification: Notification) -> None:
            if wants(notification):
                with suppress(BadArgumentError):  # what a queue or topic refuses, or what is no longer there, gets lost
                    take(notification)

        self._monitor.listeners.append(heard)

    def _wants(
        self, names: "Iterable[str] | str | None", levels: "Iterable[str] | str | None"
    ) -> Callable[[Notification], bool]:
        patterns, wanted = _several(names, "names"), _several(levels, "levels")
        known = tuple(self._monitor.names)
        for pattern in patterns or ():
            if not any(fnmatchcase(name, pattern) for name in known):
                raise BadArgumentError(
                    f"names has {pattern!r}, and no notification is called that.{did_you_mean(pattern, known)} "
                    'ecs_events.notification_names has them all; "*" stands for any letters.'
                )
        for level in wanted or ():
            if level not in LEVELS:
                raise BadArgumentError(
                    f"levels has {level!r}. Levels are: {listed(LEVELS)}.{did_you_mean(level, LEVELS)}"
                )

        def wants(notification: Notification) -> bool:
            is_named = patterns is None or any(fnmatchcase(notification.name, pattern) for pattern in patterns)
            return is_named and (wanted is None or notification.row.level in wanted)

        return wants


def _several(given: "Iterable[str] | str | None", what: str) -> tuple[str, ...] | None:
    if given is None:
        return None
    several = (given,) if isinstance(given, str) else tuple(given)
    if not several or not all(isinstance(one, str) for one in several):
        raise BadArgumentError(f"{what} is {given!r}. Pass a name or a list of names; leave it out for all.")
    return several


def _form(name: str | None) -> Callable[[Notification], "dict[str, object]"]:
    wanted = "cloudmonitor" if name is None else name
    if wanted not in FORMATS:
        raise BadArgumentError(f"format is {name!r}. Pass one of: {listed(FORMATS)}.{did_you_mean(str(name), FORMATS)}")
    return FORMATS[wanted]


def _text(name: object, what: str) -> str:
    if not isinstance(name, str):
        raise BadArgumentError(f'{what} was called {name!r}. Pass its name, such as "ecs-cms-event".')
    return name


def _check_same(kind: str, name: str, *, given: bool) -> None:
    if given:
        raise BadArgumentError(
            f"The {kind} {name!r} is there already. ecs_events.{kind}({name!r}) alone returns it; what it gets was said when "
            "it was first asked for."
        )


def _json(payload: "dict[str, object]") -> str:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
