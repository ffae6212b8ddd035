"""What a format is: the wording of one server family, and nothing else.

A new server is one file with one object that implements this protocol (usually a `Tabled`), one line in
`exporter.formats.FORMATS`, and golden samples; the meta-tests report what is missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from exporter.catalogue import Quality
from exporter.keys import Keys
from exporter.model import Fact, Record, Verdict
from exporter.rows import LineResult

Qualities = Mapping[str, Quality]


@dataclass(frozen=True, slots=True)
class Documentation:
    """What the generated tables of the documentation and the landing page show about a server."""

    servers: str
    measured: bool  # against the real server, not only from its documentation
    deciding_lines: str
    bytes_cover: str
    # trait -> what the server should log, with the exact setting
    advice: Mapping[str, str] = field(default_factory=dict)


class Format(Protocol):
    """The wording of one server family. Stateless: sessions keep what lasts longer than a line."""

    name: str
    # When open sessions expire: seconds of log time without a line.
    idle_seconds: int
    keys: Keys
    # Whether a line that only a logged-in connection writes is never like one from before a login (`Fact.ok`). Where
    # it may be, the end of a session that began before we read counts as a connection without a name.
    shows_login: bool
    # What is known of each measure before any line has shown more.
    quality: Qualities
    # What lines show about the server's logging (`Fact.trait`), and the measures' quality then: formats/judging.py.
    traits: Mapping[str, Qualities]
    documentation: Documentation

    def read(self, record: Record) -> Fact | Verdict:
        """The line's fact, or why it has none: IGNORED, UNMATCHED or MALFORMED. Never raises."""

    def recognises(self, record: Record) -> bool:
        """Whether no other server can have written the line (for `--format auto`)."""


class Sender(Protocol):
    """Who wrote a message."""

    @property
    def program(self) -> bytes:
        """As the envelope names it."""


@runtime_checkable
class Batching(Protocol):
    """A format that reads a whole batch, the plainest lines as rows, because most lines have one of a few forms."""

    def read_batch(self, messages: Sequence[bytes], senders: Sequence[Sender]) -> Sequence[LineResult]:
        """For each message, what `read` would return."""
