"""Masks secrets in texts, because many people can read the reports and logs."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

MASK: Final = "***"

_WORDS: Final = (
    "secret",
    "password",
    "passwd",
    "pwd",
    "token",
    "accesskey",
    "privatekey",
    "signature",
    "authorization",
    "credential",
)
"""Parts of names whose values are secret, without case, `-`, `_` and `.`. A guess: no source lists them."""

_HARMLESS: Final = ("nexttoken", "pagetoken", "clienttoken", "signaturemethod", "signatureversion", "signaturenonce")
"""Names that contain such a part, but whose values are not secret: places in lists, ids of requests, ways to sign."""


class Secrets:
    """Knows the names of secret parameters, headers and members.

    Args:
        more: Further parts of names, in any case.
    """

    def __init__(self, more: Iterable[str] = ()) -> None:
        patterns = _patterns((*_WORDS, *filter(None, map(_folded, more))))
        self._name: Final = patterns[0]
        self._pair: Final = patterns[1]

    def is_secret(self, name: str) -> bool:
        """Whether the values of a name are secret."""
        return self._name.search(name) is not None and not _folded(name).endswith(_HARMLESS)

    def mask_text(self, text: str) -> str:
        """Mask the values of secret names in URLs, forms and JSON, and the passwords of URLs."""
        text = self._pair.sub(self._masked_pair, text)
        return _PASSWORD_OF_URL.sub(rf"\1{MASK}@", text)

    def _masked_pair(self, found: "re.Match[str]") -> str:
        name, between, _ = found.groups()
        return f"{name}{between}{MASK}" if self.is_secret(name) else found[0]

    def masked(self, value: Any, name: str = "") -> Any:
        """A copy of a JSON value with its secret members masked; the value itself if its own name is secret, too."""
        if name and self.is_secret(name):
            return MASK
        if isinstance(value, Mapping):
            return {key: self.masked(inner, str(key)) for key, inner in value.items()}
        return [self.masked(inner) for inner in value] if isinstance(value, list) else value


@cache  # every test makes them of the same words
def _patterns(words: "tuple[str, ...]") -> "tuple[re.Pattern[str], re.Pattern[str]]":
    """What finds a name that contains one of these words, and a name with its value."""
    # The word's letters may have `-`, `_` or `.` in between: access_key, Access-Key.
    parts = "|".join("[-_.]?".join(map(re.escape, word)) for word in words)
    # In a query or form: name=value. In JSON, even if it is cut off: "name": "value".
    pair = rf"""(?<![\w.-])([\w.-]{{0,64}}?(?:{parts})[\w.-]{{0,64}})(=|\\?"\s*:\s*\\?")([^\s"'&\\]+)"""
    return re.compile(parts, re.IGNORECASE), re.compile(pair, re.IGNORECASE)


_PASSWORD_OF_URL: Final = re.compile(r"(://[^\s/:@]{1,200}:)[^\s/@]{1,200}@")


def _folded(name: str) -> str:
    return re.sub(r"[-_.\s]", "", name).lower()
