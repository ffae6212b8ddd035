"""Tokens of PromQL: a small part of the language, refusing anything unknown."""

import re
from dataclasses import dataclass

MAX_TOKENS = 20_000
TOKEN = re.compile(
    r"""
    (?P<blank>[ \t\r\n]+)
  | (?P<duration>(?:[0-9]+(?:ms|[smhdwy]))+(?![\w.]))
  | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w.:]))
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?![\w:]))
  | (?P<string>"(?:[^"\\\n]|\\[^\n])*"|`[^`\\\n]*`)  # engines do not agree on \ between the latter
  | (?P<mark>==|!=|>=|<=|=~|!~|[-+*/%^<>=(){}\[\],@:])
    """,
    re.VERBOSE | re.ASCII,
)


class NotOurs(Exception):  # noqa: N818 - an answer, not an error
    """The text is not in the language that is understood here."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word: `kind` is a group of TOKEN, `start` and `end` its place in the text."""

    kind: str
    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """The words of an expression without blanks. NotOurs where anything else stands between them."""
    found: list[Token] = []
    place = 0
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None or match.lastgroup is None or len(found) >= MAX_TOKENS:
            raise NotOurs
        if match.lastgroup != "blank":
            found.append(Token(match.lastgroup, match.group(), place, match.end()))
        place = match.end()
    return found
