"""Expressions over metrics without a domain that everyone may read.

A grammar of what is allowed, not a list of what is forbidden: every word of the expression must have its place in it,
every selector must begin with the name of one of the metrics, and what is sent on is written anew from the words
that were understood. Whatever is not understood is left to prom-label-proxy, which hides these metrics.
"""

from collections.abc import Sequence

from dashboards.queries.terms import one_of
from exporter.gateway.tokens import NotOurs, Token, tokens

QUALITY = "pop3_measure_quality_info"
EXEMPT = frozenset(
    {
        *(QUALITY, "pop3_site_info", "pop3_exporter_time_seconds"),
        *("pop3_site_utc_offset_seconds", "pop3_site_utc_offset_smallest_seconds"),
    }
)
MAX_DEPTH = 40
OPERATORS = frozenset({"+", "-", "*", "/", "%", "^", "==", "!=", ">", "<", ">=", "<=", "and", "or", "unless"})
MATCHING = frozenset({"on", "ignoring"})
GROUPING = frozenset({"group_left", "group_right"})
AGGREGATIONS = frozenset({"sum", "min", "max", "avg", "count", "group", "topk", "bottomk", "count_values"})
FUNCTIONS = frozenset(
    {
        *("abs", "ceil", "floor", "round", "clamp", "clamp_min", "clamp_max", "scalar", "vector", "time", "timestamp"),
        *("absent", "absent_over_time", "count_over_time", "last_over_time", "max_over_time", "min_over_time"),
        *("present_over_time", "changes", "label_replace", "label_join", "sort", "sort_desc"),
    }
)


def admitted(text: str, servers: Sequence[str] | None = None) -> str | None:
    """The expression, rebuilt, if it reads only these metrics, and at least one of them; else None.

    `servers`: of the logs' quality only what is told of these.
    """
    try:
        words = tokens(text)
        grammar = _Grammar(words)
        grammar.whole()
    except NotOurs:
        return None
    if not grammar.selectors:
        return None
    written = [word.text for word in words]
    if servers is not None:
        for place in reversed(grammar.selectors):
            if written[place] == QUALITY:
                _restrict(written, place + 1, servers)
    return " ".join(written)


def _restrict(words: list[str], place: int, servers: Sequence[str]) -> None:
    """Add a matcher for the servers to the selector whose braces may stand at `place`."""
    matcher = f'server=~"{one_of(servers)}"'
    if words[place : place + 1] != ["{"]:
        words[place:place] = ["{", matcher, "}"]
    else:
        words[place + 1 : place + 1] = [matcher] if words[place + 1] == "}" else [matcher, ","]


class _Grammar:
    """Recursive descent that builds nothing; raises NotOurs at the first word without a place."""

    def __init__(self, words: Sequence[Token]) -> None:
        self._words = words
        self._next = 0
        self._depth = 0
        self.selectors: list[int] = []  # the places of their names

    def whole(self) -> None:
        self._expression()
        if self._next != len(self._words):
            raise NotOurs

    def _expression(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise NotOurs
        self._operand()
        while self._peek() in OPERATORS:
            self._advance()
            self._modifiers()
            self._operand()
        self._depth -= 1

    def _modifiers(self) -> None:
        self._take("bool")
        if self._peek() in MATCHING:
            self._advance()
            self._labels()
            if self._peek() in GROUPING:
                self._advance()
                if self._peek() == "(":
                    self._labels()

    def _operand(self) -> None:
        while self._peek() in {"+", "-"}:
            self._advance()
        word = self._word()
        if word.kind == "number" or word.text in {"NaN", "Inf"}:
            return
        if word.text == "(":
            self._expression()
            self._expect(")")
        elif word.kind != "name":
            raise NotOurs
        elif word.text in EXEMPT:
            self.selectors.append(self._next - 1)
            if self._peek() == "{":
                self._matchers()
        elif word.text in AGGREGATIONS:
            self._aggregation()
        elif word.text in FUNCTIONS:
            self._arguments()
        else:
            raise NotOurs
        self._range_and_time()

    def _aggregation(self) -> None:
        is_grouped = self._grouping()
        self._arguments()
        if not is_grouped:
            self._grouping()

    def _grouping(self) -> bool:
        if self._peek() not in {"by", "without"}:
            return False
        self._advance()
        self._labels()
        return True

    def _arguments(self) -> None:
        self._expect("(")
        while self._peek() != ")":
            if self._kind() == "string":
                self._advance()
            else:
                self._expression()
            if not self._take(","):
                break
        self._expect(")")

    def _labels(self) -> None:
        self._expect("(")
        while self._peek() != ")":
            self._label()
            if not self._take(","):
                break
        self._expect(")")

    def _matchers(self) -> None:
        self._expect("{")
        while self._peek() != "}":
            self._label()
            if self._word().text not in {"=", "!=", "=~", "!~"} or self._word().kind != "string":
                raise NotOurs
            if not self._take(","):
                break
        self._expect("}")

    def _label(self) -> None:
        word = self._word()
        if word.kind != "name" or word.text == "__name__":
            raise NotOurs

    def _range_and_time(self) -> None:
        if self._take("["):
            self._duration()
            if self._take(":") and self._kind() == "duration":
                self._advance()
            self._expect("]")
        while self._peek() in {"@", "offset"}:
            if self._word().text == "offset":
                self._take("-")
                self._duration()
            elif self._word().kind != "number":
                raise NotOurs

    def _duration(self) -> None:
        if self._word().kind != "duration":
            raise NotOurs

    def _peek(self) -> str:
        """The next word; nothing at the end, and nothing that a string could be mistaken for."""
        return self._words[self._next].text if self._next < len(self._words) else ""

    def _kind(self) -> str:
        return self._words[self._next].kind if self._next < len(self._words) else ""

    def _advance(self) -> None:
        self._next += 1

    def _word(self) -> Token:
        if self._next >= len(self._words):
            raise NotOurs
        self._next += 1
        return self._words[self._next - 1]

    def _take(self, text: str) -> bool:
        if self._peek() != text:
            return False
        self._advance()
        return True

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise NotOurs
