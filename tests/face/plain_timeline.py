"""The timeline as it was rendered before long stories were: each entry is made, then the middle is left out.

What is compared with it must have the same text, to the letter.
"""

from itertools import groupby, pairwise

from pytest_ecsevents._words import printable
from pytest_ecsevents.clock._times import elapsed_text
from pytest_ecsevents.report import _timeline
from pytest_ecsevents.report._entries import FORMATTERS, PUSH, QUEUE, ManySleeps, Rank, Texts, TimelineEntry
from pytest_ecsevents.report._rounds import LONGEST_ROUND, fold_rounds
from pytest_ecsevents.report._texts import METADATA
from pytest_ecsevents.rpc._calls import ApiCall
from pytest_ecsevents.services.ecs._model import InstanceTransition


def plain_timeline(header, journal, sleeps, secrets, most=None):
    """Return the text of `timeline_text`."""
    entries = _entries(journal, sorted(sleeps))
    has_threads = len({entry.thread for entry in entries if entry.thread}) > 1
    in_a_round = LONGEST_ROUND if most is None else _timeline._MOST_IN_A_ROUND
    shown = [*fold_rounds(entries)]
    if most is not None:
        shown = _shorten(shown, most, header.started_at)
    stamps = [elapsed_text(one.at - header.started_at) if one.kind else "" for one in shown]
    width = max(map(len, stamps), default=0)
    indent = "\n" + " " * (width + 13)
    texts = [
        one.text
        if isinstance(one, _timeline.LeftOut)
        else _timeline._text(one, header.started_at, in_a_round, has_threads=has_threads)
        for one in shown
    ]
    texts = [
        secrets.mask_text(text) if one.kind in (PUSH, QUEUE) else text for one, text in zip(shown, texts, strict=True)
    ]
    lines = (
        f" {stamp:>{width}}  {one.kind:<9} {text}" if one.kind else f" {text}"
        for one, stamp, text in zip(shown, stamps, texts, strict=True)
    )
    return printable("\n".join([_timeline._header_text(header), *(line.replace("\n", indent) for line in lines)]))


def _entries(journal, sleeps):
    entries, texts, place = [], Texts(), 0
    texts.with_regions = len({entry.region_id for entry in journal if isinstance(entry, ApiCall)} - {""}) > 1
    for _, numbered in groupby(enumerate(journal), key=_merge_key):
        group = [entry for _, entry in numbered]
        until = place
        while until < len(sleeps) and sleeps[until].at_micros < group[0].at_micros:
            until += 1
        entries.extend(_sleep_entries(sleeps[place:until]))
        place = until
        entries.append(FORMATTERS[type(group[0])](group, texts))
    entries.extend(_sleep_entries(sleeps[place:]))
    return entries


def _merge_key(numbered):
    number, entry = numbered
    if isinstance(entry, InstanceTransition):
        return id(entry.record), entry.at_micros, entry.cause
    return number


def _sleep_entries(sleeps):
    if len(sleeps) <= 64:
        return [_sleep_entry(sleep.thread, [sleep]) for sleep in sleeps]
    streams = {}
    for sleep in sleeps:
        streams.setdefault(sleep.thread, []).append(sleep)
    entries = [_sleep_entry(thread, stretch) for thread, stream in streams.items() for stretch in _stretches(stream)]
    return sorted(entries, key=lambda entry: entry.at)


def _stretches(stream):
    starts = [0]
    first = stream[0].until - stream[0].at_micros
    for place, sleep in enumerate(stream):
        span = sleep.until - sleep.at_micros
        if span * 2 > first * 3 or first * 2 > span * 3:
            first = span
            starts.append(place)
            if len(starts) > 20:
                return [stream]
    return [stream[start:end] for start, end in pairwise([*starts, len(stream)])]


def _sleep_entry(thread, stretch):
    first, last = stretch[0], stretch[-1]
    many = None
    if len(stretch) > 1:
        spans = [sleep.until - sleep.at_micros for sleep in stretch]
        gaps = [after.at_micros - before.at_micros for before, after in pairwise(stretch)]
        many = ManySleeps(len(stretch), min(gaps), max(gaps), min(spans), max(spans), last)
    return TimelineEntry(
        first.at_micros, "sleep", "", thread=thread, rank=Rank.QUERY, key=-1, until=last.until, sleeps=many
    )


def _shorten(lines, most, started_at):
    left = list(lines)
    ranks = {line.rank for line in left}
    for shown in (20, 5, 1, 0) if Rank.QUERY in ranks else ():
        if len(left) > most:
            left = list(_count_queries(left, shown, started_at))
    for rank in sorted(ranks):
        if len(left) > most:
            left = _drop_middle(left, rank, len(left) - most, started_at)
    return left


def _count_queries(lines, shown, started_at):
    for rank, run in groupby(lines, key=lambda line: line.rank):
        together = list(run)
        counted = together[shown : len(together) - shown]
        if rank != Rank.QUERY or len(counted) < 2:
            yield from together
            continue
        calls, until = sum(line.calls for line in counted), elapsed_text(counted[-1].at - started_at)
        asked = any(line.kind == METADATA for line in counted)
        of_calls = f"{calls} calls, some to the metadata service" if asked else f"{calls} calls answered 200"
        what = of_calls if calls else f"{len(counted)} sleeps"
        yield from together[:shown]
        kind = "call" if calls else "sleep"
        yield _timeline.LeftOut(counted[0].at, kind, f"... {what}, until {until}", rank, calls)
        yield from together[len(together) - shown :]


def _drop_middle(lines, rank, too_many, started_at):
    places = [place for place, line in enumerate(lines) if line.kind and line.rank == rank]
    number = min(len(places), too_many + 1)
    if number < 2:
        return list(lines)
    start = (len(places) - number) // 2
    first, *others = places[start : start + number]
    gone, until = set(others), elapsed_text(lines[others[-1]].at - started_at)
    about = ("calls and sleeps", "calls and instances", "events, faults and errors")[rank]
    text = f"... up to {until}, {number} lines about {about} are left out; ecs_events.timeline() has them"
    return [
        _timeline.LeftOut(line.at, "", text, rank) if place == first else line
        for place, line in enumerate(lines)
        if place not in gone
    ]
