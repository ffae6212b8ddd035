"""The commonest kind of format: names of programs and a table of rules; and the meanings that many formats share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from exporter.catalogue import Quality, Reason
from exporter.formats.contract import Documentation, Qualities
from exporter.formats.wording import Meaning, Outcome, Wording
from exporter.keys import ANY, Keys
from exporter.model import Fact, Kind, Record, Verdict

# A client's address, version 4 or 6.
IP = rb"([0-9A-Fa-f:.]{2,45})"
# The trait of lines that should have a process id, and have none. Their connections are joined as if the server served
# one after the other, which is about right where few are open at once.
NO_PROCESS: Final = "no_process"
_ADVICE: Final = "make the logger write process ids (`%s[123]:`), without which connections look alike"


@dataclass(slots=True)
class Tabled:
    """A `Format` (which explains its attributes) made of data.

    `programs`: the names that its lines come under; empty: any. `telling`: the names of the rules whose lines no other
    server writes; None: all of them. `by_process`: whether the process id joins the lines of a connection.
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
    by_process: bool = False

    def __post_init__(self) -> None:
        if self.by_process:
            self.traits = {**self.traits, NO_PROCESS: about(self.quality)}
            self.documentation = advised(self.documentation, self.name)

    def read(self, record: Record) -> Outcome:
        """The line's fact; lines of other programs are ignored, and of no program unless a rule matches."""
        if self.programs and record.program not in self.programs and record.program:
            return Verdict.IGNORED
        if self.by_process and not record.pid:
            return without_process(self._read(record._replace(pid=ANY)))
        return self._read(record)

    def _read(self, record: Record) -> Outcome:
        unknown = Verdict.UNMATCHED if record.program or not self.programs else Verdict.IGNORED
        return self.wording.read(record) or unknown

    def recognises(self, record: Record) -> bool:
        """Whether the program is the server's, and a telling rule matches."""
        if self.programs and record.program not in self.programs:
            return False
        rule = self.wording.rule(record.message)
        return rule is not None and (self.telling is None or rule in self.telling)


def about(quality: Qualities) -> Qualities:
    """All that is logged, at best estimated."""
    return {measure: Quality.ESTIMATED for measure, one in quality.items() if one is not Quality.NONE}


def advised(documentation: Documentation, program: str) -> Documentation:
    """With the advice to log process ids."""
    return replace(documentation, advice={**documentation.advice, NO_PROCESS: _ADVICE % program})


def without_process(outcome: Outcome) -> Outcome:
    """The fact of a line without a process id, read as if `ANY` had written it."""
    return outcome._replace(trait=NO_PROCESS) if isinstance(outcome, Fact) and outcome.key else outcome


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
