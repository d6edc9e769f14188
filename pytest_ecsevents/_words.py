"""Wording of messages, and finding the name that was meant."""

from collections.abc import Collection, Iterable


def nearest(name: str, names: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """The one of `names` that `name` was probably meant to be, or None when none is as much like it."""
    import difflib  # only ever needed to word an error

    by_folded = {candidate.lower(): candidate for candidate in names}
    found = difflib.get_close_matches(name.lower(), by_folded, n=1, cutoff=likeness)
    return by_folded[found[0]] if found else None


def did_you_mean(name: str, names: Iterable[str], *, likeness: float = 0.6) -> str:
    """` Did you mean X?` with a leading space, or nothing when no name is near."""
    found = nearest(name, names, likeness=likeness)
    return f" Did you mean {found}?" if found else ""


def listed(names: Iterable[object], *, most: int = 40) -> str:
    """`a, b, c`, cut after `most` of them with a count of the rest."""
    words = [str(name) for name in names]
    if len(words) > most:
        words[most:] = [f"and {len(words) - most} more"]
    return ", ".join(words) if words else "none"


def pass_one_of(value: object, allowed: Collection[object]) -> str:
    """`Pass one of: a, b, c.`, and which of them was probably meant."""
    return f"Pass one of: {listed(allowed)}.{did_you_mean(str(value), map(str, allowed))}"
