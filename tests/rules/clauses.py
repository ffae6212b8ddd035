"""The clauses of a PromQL expression, and the expressions that are left when one of them is taken away.

A clause is the right side of a binary operator, the left side of an `or`, or a label matcher. The grammar is what the
project's rules use: no unary operators, no subquery without brackets.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

TOKEN = re.compile(
    r'\s*(?P<text>"[^"]*"|\{[^}]*\}|\[[^\]]*\]|[\w:.]+|==|!=|>=|<=|[-+*/()><,])',
)
PRECEDENCE = {"or": 1, "and": 2, "unless": 2} | dict.fromkeys(("==", "!=", ">", "<", ">=", "<="), 3)
PRECEDENCE |= {"+": 4, "-": 4, "*": 5, "/": 5}
MODIFIERS = ("on", "ignoring", "group_left", "group_right")


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int


class _Reader:
    """Reads an expression once and notes the spans that can be taken away."""

    def __init__(self, expression: str) -> None:
        found = TOKEN.finditer(expression.rstrip())
        self._tokens = [_Token(match["text"], match.start("text"), match.end("text")) for match in found]
        self._at = 0
        self.spans: list[tuple[int, int]] = []
        self.expression(0)
        if self._at != len(self._tokens):
            raise ValueError(f"not understood from {self._tokens[self._at].text!r} on: {expression}")

    def expression(self, minimum: int) -> tuple[int, int]:
        start, end = self._operand()
        while (precedence := PRECEDENCE.get(self._peek(), 0)) > minimum:
            operator = self._take()
            while self._peek() == "bool" or self._peek() in MODIFIERS:
                if self._take().text != "bool" and self._peek() == "(":
                    self._parentheses()
            right = self.expression(precedence)
            self.spans.append((operator.start, right[1]))
            if operator.text == "or":
                self.spans.append((start, right[0]))
            end = right[1]
        return start, end

    def _operand(self) -> tuple[int, int]:
        first = self._take()
        end = first.end
        if first.text == "(":
            self.expression(0)
            end = self._take().end
        else:
            if self._peek() in ("by", "without"):
                self._take()
                self._parentheses()
            if self._peek() == "(":
                end = self._arguments()
        while self._peek()[:1] in ("{", "[") or self._peek() == "offset":
            token = self._take()
            if token.text.startswith("{"):
                self._matchers(token)
            end = self._take().end if token.text == "offset" else token.end
        return first.start, end

    def _arguments(self) -> int:
        self._take()
        while self._peek() != ")":
            if self._peek() == ",":
                self._take()
            else:
                self.expression(0)
        return self._take().end

    def _matchers(self, token: _Token) -> None:
        for match in re.finditer(r'\w+(=~|!~|!=|=)"[^"]*",?', token.text):
            self.spans.append((token.start + match.start(), token.start + match.end()))

    def _parentheses(self) -> None:
        while self._take().text != ")":
            pass

    def _peek(self) -> str:
        return self._tokens[self._at].text if self._at < len(self._tokens) else ""

    def _take(self) -> _Token:
        token = self._tokens[self._at]
        self._at += 1
        return token


def without_one(expression: str) -> Iterator[tuple[str, str]]:
    """Each clause and what is left without it."""
    for start, end in sorted(set(_Reader(expression).spans)):
        yield expression[start:end], expression[:start] + expression[end:]
