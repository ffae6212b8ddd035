"""The commonest kind of format: names of programs and a table of rules; and the meanings that many formats share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from exporter.catalogue import Reason
from exporter.formats.contract import Documentation, Qualities
from exporter.formats.wording import Meaning, Outcome, Wording
from exporter.keys import Keys
from exporter.model import Fact, Kind, Record, Verdict

# A client's address, version 4 or 6.
IP = rb"([0-9A-Fa-f:.]{2,45})"


@dataclass(slots=True)
class Tabled:
    """A `Format` (which explains its attributes) made of data.

    `programs`: the names that its lines come under; empty: any. `telling`: the names of the rules whose lines no other
    server writes; None: all of them.
    """

    name: str
    wording: Wording
    idle_seconds: int
    quality: Qualities
    documentation: Documentation
    programs: frozenset[bytes] = frozenset()
    telling: frozenset[str] | None = None
    traits: Mapping[str, Qualities] = field(default_factory=dict)
    keys: Keys = field(default_factory=Keys)
    shows_login: bool = True

    def read(self, record: Record) -> Outcome:
        """The line's fact; lines of other programs are ignored."""
        if self.programs and record.program not in self.programs:
            return Verdict.IGNORED
        return self.wording.read(record) or Verdict.UNMATCHED

    def recognises(self, record: Record) -> bool:
        """Whether the program is the server's, and a telling rule matches."""
        if self.programs and record.program not in self.programs:
            return False
        rule = self.wording.rule(record.message)
        return rule is not None and (self.telling is None or rule in self.telling)


def connect(groups: Sequence[bytes | None], record: Record) -> Outcome:
    """A connection to a process of its own; the pattern has one group, the address."""
    return Fact(Kind.CONNECT, record.pid, address=groups[0])


def login(groups: Sequence[bytes | None], record: Record) -> Outcome:
    """A login to a process that serves one connection; the groups are user and address."""
    user, address = groups
    return Fact(Kind.LOGIN, record.pid, user, address)


def whole(reason: Reason) -> Meaning:
    """A line that is a whole connection; its one group is the address."""
    return lambda groups, _: Fact(Kind.END, address=groups[0], reason=reason)
