"""The search part of a query of Log Service: `a and (b or c) not d`, as SQLFilter of an event rule has it."""

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final, TypeAlias

Words: TypeAlias = AbstractSet[str]
Search: TypeAlias = Callable[[Words], bool]

_LEXEME: Final = re.compile(r'\s*(?:([()])|"([^"]*)"|([^\s()"]+))')
_DELIMITERS: Final = re.compile(r"""[\s,'";=()\[\]{}?@&<>/:]+""")
_FIELD: Final = re.compile(r"[<>=:]")
_OPERATORS: Final = ("and", "or", "not")
_DEEPEST: Final = 50


class QueryError(Exception):
    """A query that cannot be evaluated here."""


def words_of(text: str) -> frozenset[str]:
    """The words of a text in lower case, between Log Service's usual delimiters (a guess)."""
    return frozenset(filter(None, _DELIMITERS.split(text.lower())))


def search_of(query: str) -> Search:
    """The search part of a query, as a test of a text's words. What follows a bar is analysis, and left out.

    Raises:
        QueryError: It is malformed, or asks for a field: `level:CRITICAL`, `size>3`.
    """
    reader = _Reader(_lexemes(query.partition("|")[0]))
    search = reader.alternatives()
    if reader.rest:
        raise QueryError(f"there is no parenthesis for {reader.rest[0]!r}")
    return search


def _lexemes(text: str) -> list[str]:
    found, at = [], 0
    text = text.strip()
    while at < len(text):
        match = _LEXEME.match(text, at)
        if match is None:
            raise QueryError("a quotation mark has no second one")
        bracket, quoted, word = match.groups()
        if word and _FIELD.search(word):
            raise QueryError(f"{word!r} is about a field")
        found.append(bracket or word or f'"{quoted}"')
        at = match.end()
    return found


@dataclass(slots=True)
class _Reader:
    """Reads a query from left to right; `rest` is what it has not read."""

    rest: list[str]
    depth: int = field(default=0)

    def alternatives(self) -> Search:
        """`a or b`, which binds less than all else."""
        found = [self._conjunction()]
        while self._next() == "or":
            self.rest.pop(0)
            found.append(self._conjunction())
        return found[0] if len(found) == 1 else lambda words: any(one(words) for one in found)

    def _conjunction(self) -> Search:
        """`a and b`, `a b`, or `a not b`."""
        found = [self._operand()]
        while (lexeme := self._next()) not in ("", "or", ")"):
            if lexeme == "and":
                self.rest.pop(0)
            found.append(self._operand())
        return found[0] if len(found) == 1 else lambda words: all(one(words) for one in found)

    def _operand(self) -> Search:
        lexeme = self._next()
        if lexeme in ("", ")", "and", "or"):
            raise QueryError(f"a word is missing before {lexeme!r}" if lexeme else "it ends too early")
        text = self.rest.pop(0)
        if lexeme == "not":
            inner = self._operand()
            return lambda words: not inner(words)
        if lexeme == "(":
            return self._in_parentheses()
        return _word_test(text.strip('"'))

    def _in_parentheses(self) -> Search:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise QueryError("it has too many parentheses")
        inner = self.alternatives()
        if self._next() != ")":
            raise QueryError("a parenthesis is not closed")
        self.rest.pop(0)
        self.depth -= 1
        return inner

    def _next(self) -> str:
        """The next lexeme, operators in lower case; "" at the end."""
        if not self.rest:
            return ""
        return self.rest[0].lower() if self.rest[0].lower() in _OPERATORS else self.rest[0]


def _word_test(text: str) -> Search:
    """A word is in a text if its parts between delimiters are; `*` at the end stands for any letters."""
    parts = words_of(text)
    wholes = {part for part in parts if not part.endswith("*")}
    starts = tuple(part[:-1] for part in parts if part.endswith("*"))
    return lambda words: wholes <= words and all(any(word.startswith(start) for word in words) for start in starts)
