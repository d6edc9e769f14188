"""The timeline as a picture: a lane for each instance, bars for its events, marks for calls."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from pytest_ecsevents.clock._times import SECOND, Micros, duration_text
from pytest_ecsevents.report._entries import QUERY_PREFIXES
from pytest_ecsevents.report._story import Story
from pytest_ecsevents.report._svg import shape, svg_document, tag, text_element
from pytest_ecsevents.report._texts import call_text
from pytest_ecsevents.rpc._calls import ApiCall
from pytest_ecsevents.services.ecs._catalogue import FINAL, InstanceStatus
from pytest_ecsevents.services.ecs._model import EventRecord, InstanceRecord, InstanceTransition

MOST_INSTANCES: Final = 50
MOST_EVENTS: Final = 200

_WIDTH: Final = 1000
_LEFT: Final = 190
_RIGHT: Final = 976
_MARGIN: Final = 14
_TOP: Final = 62
_ROW: Final = 18
_DENSE_ROW: Final = 9
_MANY_ROWS: Final = 80
_LINE: Final = 14
_SHAPE: Final = 12
_GAP: Final = 2
_NARROWEST: Final = 3.0
_NEAR: Final = 6
"""Marks of one kind within that many units become one."""

_PER_LETTER: Final = 6.2
_PER_BOLD_LETTER: Final = 7.0
_LONGEST_NAME: Final = 27
_MOST_LISTED: Final = 5

_MINUTE: Final = 60 * SECOND
_DAY: Final = 1440 * _MINUTE
_STEPS: Final = (
    *(SECOND * part // 1000 for part in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(SECOND * part for part in (1, 2, 5, 10, 15, 30)),
    *(_MINUTE * part for part in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)),
    *(_DAY * part for part in (1, 2, 5, 10, 30, 60, 180)),
)
_MOST_TICKS: Final = 8


@dataclass(frozen=True, slots=True)
class Form:
    """A small shape, and what it stands for."""

    outline: str
    colour: str
    filled: bool
    meaning: str

    def at(self, x: float, y: float, title: str = "") -> str:
        return shape(self.outline, x, y, self.colour, filled=self.filled, title=title)


# Each has a shape as well as a colour: not all readers can tell colours apart.
_ENDS: Final = {
    "Executed": Form("M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z", "executed", True, "Executed"),
    "Avoided": Form("M-5 0L-1 4L5-4", "avoided", False, "Avoided"),
    "Canceled": Form("M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0zM-3 3L3-3", "canceled", False, "Canceled"),
    "Failed": Form("M-4-4L4 4M4-4L-4 4", "failed", False, "Failed"),
}
_MARK_FORMS: Final = {
    "look": Form("M-1-4h2v8h-2z", "faint", True, "look"),
    "deed": Form("M0-5L5 4H-5z", "ink", True, "other call"),
    "refused": Form("M0 4L4.5-4H-4.5z", "failed", False, "refused call"),
    "fault": Form("M0-5L5 0L0 5L-5 0z", "fault", True, "fault"),
}
_LASTING: Final = ("Inquiring", "Scheduled", "Executing")

# How an instance's line is drawn while it has a status: colour, dashes, and what the legend says.
_ON_THE_WAY: Final = ("executing", "", "on the way")
_LINES: Final = {
    InstanceStatus.RUNNING: ("faint", "", "Running"),
    InstanceStatus.STOPPED: ("failed", "2 4", "Stopped"),
}


@dataclass(frozen=True, slots=True)
class Scale:
    start: Micros
    end: Micros
    story: Story

    def x(self, at: Micros) -> float:
        """The place of an instant; beyond an edge it is the edge."""
        share = (min(max(at, self.start), self.end) - self.start) / (self.end - self.start)
        return _LEFT + share * (_RIGHT - _LEFT)

    def stamp(self, at: Micros) -> str:
        """`+24:00:00`, as in the timeline."""
        return self.story.stamp(at)


@dataclass(slots=True)
class Lane:
    name: str
    instance: InstanceRecord | None = None
    bars: list[tuple[int, EventRecord]] = field(default_factory=list)
    # Place and text of each call, by kind and neighbourhood.
    marks: dict[tuple[str, int], list[tuple[float, str]]] = field(default_factory=dict)
    steps: list[InstanceTransition] = field(default_factory=list)
    free_from: list[float] = field(default_factory=list)

    def height(self, row: float) -> float:
        """Its height if a row has that height; its name always fits."""
        return max(8 + row * len(self.free_from) + _LINE, 24.0)

    def add_event(self, event: EventRecord, scale: Scale) -> None:
        """Put an event into the first row that has room."""
        start = scale.x(event.transitions[0].at_micros)
        end = scale.x(event.transitions[-1].at_micros) + _SHAPE if event.status in FINAL else float(_RIGHT)
        row = next((row for row, free in enumerate(self.free_from) if free <= start), len(self.free_from))
        self.free_from[row : row + 1] = [max(end, start + _NARROWEST) + _GAP]
        self.bars.append((row, event))

    def add_call(self, call: ApiCall, scale: Scale) -> None:
        """Put a mark where a call was made; near ones of a kind become one."""
        kind = "fault" if call.fault else "refused" if call.http_status != 200 else "deed"
        kind = "look" if kind == "deed" and call.action.startswith(QUERY_PREFIXES) else kind
        x = scale.x(call.at_micros)
        near = self.marks.setdefault((kind, int(x / _NEAR)), [])
        near.append((x, f"{scale.stamp(call.at_micros)}  {call_text(call)}"))


def chart(label: str, events: Sequence[EventRecord], instances: Mapping[str, InstanceRecord], story: Story) -> str:
    """Draw the picture.

    Args:
        label: Its title.
        events: The events, in order of creation.
        instances: Every instance by id, released ones included.
        story: What happened.
    """
    scale = _scale(events, story)
    lanes = _lanes(events, instances, scale)
    row = _ROW if sum(len(lane.free_from) for lane in lanes) <= _MANY_ROWS else _DENSE_ROW
    stripes: list[str] = []
    parts: list[str] = []
    y = float(_TOP)
    for number, lane in enumerate(lanes):
        height = lane.height(row)
        if number % 2:
            stripes.append(tag("rect", x=1, y=y, width=_WIDTH - 2, height=height, fill="stripe"))
        parts.extend(_lane(lane, y, row, scale))
        y += height
    legend, height = _legend(lanes, scale, y + 20)
    note = _note(lanes, events, instances)
    if note:
        legend.append(text_element(note, _MARGIN, height + 4, fill="faint"))
        height += 20
    widest = _WIDTH - 2 * _MARGIN
    squeezed = widest if len(label) * _PER_BOLD_LETTER > widest else None
    head = text_element(label, _MARGIN, 22, also="ecse-head", length=squeezed)
    around = [*stripes, head, *_axis(scale, y)]
    if story.now < scale.end:  # the picture continues beyond the clock's instant
        x = scale.x(story.now)
        around.append(tag("path", d=f"M{x:.1f} {_TOP - 8}V{y:.1f}", stroke="ink", stroke_width=1))
        around.append(text_element("now", x + 3, y + 11, fill="faint"))
    return svg_document(_WIDTH, height, label, [*around, *parts, *legend])


def _scale(events: Sequence[EventRecord], story: Story) -> Scale:
    """From the start to now, and as long again if something is planned for then."""
    start = min((story.started_at, story.now, *(entry.at_micros for entry in story.journal)))
    planned = [event.not_before for event in events if event.status not in FINAL and event.not_before is not None]
    elapsed = story.now - start
    end = max((story.now, *planned))
    end = min(end, story.now + elapsed) if elapsed else end
    return Scale(start, end if end > start else start + _MINUTE, story)


def _lanes(events: Sequence[EventRecord], instances: Mapping[str, InstanceRecord], scale: Scale) -> list[Lane]:
    """A lane for each instance, after one for calls that name no instance."""
    calls = Lane("calls")
    names = dict.fromkeys([*(event.instance_id for event in events[:MOST_EVENTS]), *instances])
    lanes = {name: Lane(name, instances[name]) for name in list(names)[:MOST_INSTANCES]}
    for event in events[:MOST_EVENTS]:
        if event.instance_id in lanes:
            lanes[event.instance_id].add_event(event, scale)
    for entry in scale.story.journal:
        if isinstance(entry, ApiCall):
            for lane in _lanes_of(entry, lanes) or [calls]:
                lane.add_call(entry, scale)
        elif isinstance(entry, InstanceTransition) and entry.record.instance_id in lanes:
            lanes[entry.record.instance_id].steps.append(entry)
    return [calls, *lanes.values()] if calls.marks else list(lanes.values())


def _lanes_of(call: ApiCall, lanes: Mapping[str, Lane]) -> list[Lane]:
    named = call.params.get("InstanceId", ())
    ids = [named] if isinstance(named, str) else named
    return [] if call.action.startswith(QUERY_PREFIXES) else [lanes[str(name)] for name in ids if str(name) in lanes]


# -- one lane


def _lane(lane: Lane, y: float, row: int, scale: Scale) -> Iterator[str]:
    is_long = len(lane.name) > _LONGEST_NAME
    shown = f"{lane.name[: _LONGEST_NAME - 1]}…" if is_long else lane.name
    yield text_element(shown, _MARGIN, y + 16, title=lane.name if is_long else "")
    for number, event in lane.bars:
        yield from _bar(event, y + 4 + number * row, row - row // 5, scale)
    line_at = y + lane.height(row) - _LINE / 2 - 1
    if lane.instance is not None:
        yield from _life(lane, line_at, scale)
    for kind, form in _MARK_FORMS.items():
        for calls in (calls for (of, _), calls in lane.marks.items() if of == kind):
            more = len(calls) - _MOST_LISTED
            texts = [*(text for _, text in calls[:_MOST_LISTED]), *([f"and {more} more"] if more > 0 else [])]
            yield form.at(calls[0][0], line_at, "\n".join(texts))


def _bar(event: EventRecord, y: float, height: int, scale: Scale) -> Iterator[str]:
    """An event: a bar for each status that lasts, and a shape where it ended."""
    what = f"{event.event_id}: {event.event_type} on {event.subject}"
    widest, widest_at = 0.0, 0.0
    ends = [change.at_micros for change in event.transitions[1:]]
    for change, until in zip(event.transitions, [*ends, scale.story.now], strict=True):
        start, at = scale.x(change.at_micros), scale.stamp(change.at_micros)
        if change.to_status in FINAL:
            title = f"{what}\n{change.to_status} at {at}: {change.cause}"
            yield _ENDS[change.to_status].at(start + _SHAPE - 4, y + height / 2, title)
            break
        width = max(scale.x(until) - start, _NARROWEST)
        title = f"{what}\n{change.to_status} from {at} to {scale.stamp(until)}: {change.cause}"
        yield tag("rect", x=start, y=y, width=width, height=height, rx=2, fill=change.to_status.lower(), title=title)
        if width > widest:
            widest, widest_at = width, start
    else:
        if event.not_before is not None and event.not_before > scale.story.now:
            start = scale.x(scale.story.now)
            yield tag(
                "rect",
                x=start,
                y=y + 0.5,
                width=max(scale.x(event.not_before) - start, _NARROWEST),
                height=height - 1,
                rx=2,
                stroke=event.status.lower(),
                stroke_dasharray="3 3",
                fill_opacity=0,
                title=f"{what}\n{event.status}; NotBefore {scale.stamp(event.not_before)}",
            )
    for text in (event.event_type, event.event_type.rpartition(".")[2]):
        if len(text) * _PER_LETTER + 8 < widest and height > _DENSE_ROW:
            yield text_element(text, widest_at + 4, y + 11, fill="white", also="ecse-on")
            break


def _statuses(lane: Lane, scale: Scale) -> Iterator[tuple[InstanceStatus, Micros, Micros]]:
    """Each status of the instance with its start and end."""
    if lane.instance is None:
        return
    status: InstanceStatus | None = lane.steps[0].from_status if lane.steps else lane.instance.status
    since = min(lane.instance.created_at, scale.story.now)
    for step in lane.steps:
        if status is not None and step.at_micros > since:
            yield status, since, step.at_micros
        since, status = step.at_micros, step.to_status
    if status is not None:
        yield status, since, scale.story.now


def _life(lane: Lane, y: float, scale: Scale) -> Iterator[str]:
    """Draw an instance's line, which differs while it was in transition or stopped."""
    for status, since, until in _statuses(lane, scale):
        colour, dashes, _ = _LINES.get(status, _ON_THE_WAY)
        start = scale.x(since)
        yield tag(
            "path",
            d=f"M{start:.1f} {y:.1f}H{max(scale.x(until), start + _NARROWEST):.1f}",
            stroke=colour,
            stroke_width=2,
            stroke_dasharray=dashes,
            title=f"{lane.name}\n{status} from {scale.stamp(since)} to {scale.stamp(until)}",
        )


# -- around the lanes


def _axis(scale: Scale, bottom: float) -> Iterator[str]:
    span = scale.end - scale.start
    step = next((step for step in _STEPS if span <= step * _MOST_TICKS), 365 * _DAY * (1 + span // (2920 * _DAY)))
    at = scale.start + -(scale.start - scale.story.started_at) % step
    while at <= scale.end:
        x = scale.x(at)
        yield tag("path", d=f"M{x:.1f} {_TOP - 8}V{bottom:.1f}", stroke="grid", stroke_width=1)
        since = at - scale.story.started_at
        text = f"{'+' if since > 0 else ''}{duration_text(since)}" if since else "start"
        yield text_element(text, x, _TOP - 14.0, fill="faint", anchor="middle")
        at += step


def _legend(lanes: Sequence[Lane], scale: Scale, y: float) -> tuple[list[str], float]:
    """The legend of the colours and shapes in use, and the height where it ends."""
    parts: list[str] = []
    x = float(_MARGIN)
    for meaning, drawn in _meanings(lanes, scale):
        width = 34 + len(meaning) * _PER_LETTER
        if x + width > _WIDTH:
            x, y = float(_MARGIN), y + 20
        parts += [drawn(x + 6, y + 6), text_element(meaning, x + 18, y + 10, fill="faint")]
        x += width
    return parts, y + 24


def _meanings(lanes: Sequence[Lane], scale: Scale) -> Iterator["tuple[str, Callable[[float, float], str]]"]:
    changes = [change for lane in lanes for _, event in lane.bars for change in event.transitions]
    seen = {str(change.to_status) for change in changes} | {kind for lane in lanes for kind, _ in lane.marks}
    yield from ((name, partial(_swatch, name)) for name in _LASTING if name in seen)
    yield from ((form.meaning, form.at) for name, form in (*_ENDS.items(), *_MARK_FORMS.items()) if name in seen)
    lines = {_LINES.get(status, _ON_THE_WAY) for lane in lanes for status, *_ in _statuses(lane, scale)}
    yield from ((line[2], partial(_sample, line)) for line in (*_LINES.values(), _ON_THE_WAY) if line in lines)


def _swatch(status: str, x: float, y: float) -> str:
    return tag("rect", x=x - 6, y=y - 5, width=12, height=10, rx=2, fill=status.lower())


def _sample(line: tuple[str, str, str], x: float, y: float) -> str:
    colour, dashes, _ = line
    return tag("path", d=f"M{x - 6:.1f} {y:.1f}h14", stroke=colour, stroke_width=2, stroke_dasharray=dashes)


def _note(lanes: Sequence[Lane], events: Sequence[EventRecord], instances: Mapping[str, InstanceRecord]) -> str:
    left = {
        "instance": len(instances) - sum(lane.instance is not None for lane in lanes),
        "event": len(events) - sum(len(lane.bars) for lane in lanes),
    }
    left_out = [f"{number} more {noun}{'' if number == 1 else 's'}" for noun, number in left.items() if number]
    return f"Not shown: {' and '.join(left_out)}." if left_out else ""
