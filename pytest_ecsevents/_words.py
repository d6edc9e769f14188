"""Parts of messages, and suggestions for misspelt names."""

import re
from collections.abc import Collection, Iterable
from typing import Final


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


def sendable(text: str) -> str:
    """A text with escapes for lone surrogates, which UTF-8 cannot encode; in JSON they stand for the same."""
    return text.encode(errors="backslashreplace").decode()


def error_text(error: BaseException) -> str:
    """The message of an error, even if its own `__str__` fails."""
    try:
        return str(error)
    except Exception as problem:  # noqa: BLE001  # it is the user's code
        return f"(its message cannot be made: __str__ raised {type(problem).__name__})"


def repr_text(value: object) -> str:
    """`repr(value)`, even if that fails."""
    try:
        return repr(value)
    except Exception as problem:  # noqa: BLE001  # it is the user's code
        return f"<{type(value).__name__}, whose __repr__ raised {type(problem).__name__}>"


_UNPRINTABLE: Final = re.compile("[\0-\t\v-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """Escape control characters, text directions and lone surrogates: terminals obey them, and logs refuse them."""
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text)
