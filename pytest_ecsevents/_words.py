"""Parts of messages, and suggestions for misspelt names."""

from collections.abc import Collection, Iterable


def nearest(name: str, names: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """The most similar of `names`; None if no similarity reaches `likeness` (0 to 1)."""
    import difflib  # only needed for errors

    by_folded = {candidate.lower(): candidate for candidate in names}
    found = difflib.get_close_matches(name.lower(), by_folded, n=1, cutoff=likeness)
    return by_folded[found[0]] if found else None


def did_you_mean(name: str, names: Iterable[str], *, likeness: float = 0.6) -> str:
    """` Did you mean X?` with a leading space, or "" if no name is similar."""
    found = nearest(name, names, likeness=likeness)
    return f" Did you mean {found}?" if found else ""


def listed(names: Iterable[object], *, most: int = 40) -> str:
    """`a, b, c`; after `most` of them, `and 3 more`."""
    words = [str(name) for name in names]
    if len(words) > most:
        words[most:] = [f"and {len(words) - most} more"]
    return ", ".join(words) if words else "none"


def pass_one_of(value: object, allowed: Collection[object]) -> str:
    """`Pass one of: a, b, c.`, and the most similar one."""
    return f"Pass one of: {listed(allowed)}.{did_you_mean(str(value), map(str, allowed))}"
