"""A server's wording as a table of rules, compiled to one alternation in the order of the table.

Each rule is a pattern for the whole message and a function of its groups. The tests check every rule against its own
sample, and that no line matches two rules, so the order never decides. Patterns stay linear in the length of a line:
what a client may choose is one greedy `.*`, and everything right of it is bounded.
"""

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

from exporter.catalogue import Quality
from exporter.formats.contract import Qualities
from exporter.model import Fact, Record, Verdict

Outcome = Fact | Verdict
# The groups of the rule's own pattern (None: not matched), and the record.
Meaning = Callable[[Sequence[bytes | None], Record], Outcome]


class Rule(NamedTuple):
    """One wording: `name` for `parse` and the tests, `pattern` for a whole message, `meaning` of its groups."""

    name: str
    pattern: bytes
    meaning: Meaning | Outcome


class Wording:
    """All rules of one server; no state except what it has compiled."""

    def __init__(self, *rules: Rule) -> None:
        """Groups in a rule's pattern are numbered from its own beginning."""
        self.rules = rules

    # Compiled when the first line is read: a command knows all servers and usually meets one.
    @cached_property
    def _match(self) -> Callable[[bytes], re.Match[bytes] | None]:
        return re.compile(b"|".join(b"(" + rule.pattern + b")" for rule in self.rules), re.DOTALL).fullmatch

    @cached_property
    def _by_group(self) -> dict[int, tuple[Rule, int]]:
        found: dict[int, tuple[Rule, int]] = {}
        group = 1
        for rule in self.rules:
            inner = re.compile(rule.pattern).groups
            found[group] = (rule, group + inner)
            group += inner + 1
        return found

    def read(self, record: Record) -> Outcome | None:
        """The fact of the record's message, or None if no rule matches."""
        match = self._match(record.message)
        if match is None:
            return None
        # The rule's own group closes last, so it is the last one matched.
        group = match.lastindex or 1
        rule, last = self._by_group[group]
        meaning = rule.meaning
        if not callable(meaning):
            return meaning
        try:
            return meaning(match.groups()[group:last], record)
        except OutOfRangeError:
            return Verdict.MALFORMED

    def matching(self, message: bytes) -> list[str]:
        """The names of all rules that match `message` when each is tried alone: for the tests, one at most."""
        return [rule.name for rule in self.rules if re.compile(rule.pattern, re.DOTALL).fullmatch(message)]

    def rule(self, message: bytes) -> str | None:
        """The name of the rule that matches `message`."""
        match = self._match(message)
        return None if match is None else self._by_group[match.lastindex or 1][0].name


# No connection has more bytes: sums stay far below the ledger's 64-bit integers.
MAX_BYTES = 2**50
# Nor has one command or answer, for servers that log each.
MAX_ROW_BYTES = 2**40
_MAX_DIGITS = 16


class OutOfRangeError(ValueError):
    """A number that no server can mean."""


def number(digits: bytes | None, limit: int = MAX_BYTES) -> int | None:
    """A count of bytes of one connection as logged; None if there is none. OutOfRangeError above `limit`."""
    if digits is None or not digits.isdigit():
        return None
    count = int(digits) if len(digits) <= _MAX_DIGITS else limit + 1
    if count > limit:
        raise OutOfRangeError
    return count


def qualities(
    *,
    connections: Quality,
    blocked: Quality,
    bad_commands: Quality,
    terminations: Quality,
    logins: Quality,
    failures: Quality,
    bytes_: Quality,
) -> Qualities:
    """The quality of each measure of a server; what is logged together has one quality."""
    return MappingProxyType(
        {
            "connections": connections,
            "blocked_connections": blocked,
            "bad_command_connections": bad_commands,
            "terminations": terminations,
            "received_bytes": bytes_,
            "sent_bytes": bytes_,
            "logins": logins,
            "login_failures": failures,
            "bad_commands": bad_commands,
        }
    )
