"""What a format is: the wording of one server family, and nothing else (design section 4).

A new server is one file with one object that keeps this promise (mostly a `Tabled`), one line in
`exporter.formats.FORMATS`, and golden samples; the meta-tests tell what is missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from exporter.catalogue import Quality
from exporter.keys import Keys
from exporter.model import Fact, Record, Verdict
from exporter.rows import Told

Qualities = Mapping[str, Quality]


@dataclass(frozen=True, slots=True)
class Documentation:
    """What the generated tables of the documentation and the landing page say about a server."""

    servers: str
    measured: bool  # against the real server, or only from its documentation
    deciding_lines: str
    bytes_cover: str
    # trait -> what the server should be told to log, with the exact setting
    advice: Mapping[str, str] = field(default_factory=dict)


class Format(Protocol):
    """The wording of one server family. Stateless: what lasts longer than a line belongs to sessions."""

    name: str
    # Expiry of open sessions, seconds of log time without a line.
    idle_seconds: int
    keys: Keys
    # Whether a line that only a logged-in connection writes is never like one from before a login (`Fact.ok`). Where
    # it may be, the end of a session that began before we read counts as a connection without a name.
    shows_login: bool
    # What is known of each measure before any line has shown more.
    quality: Qualities
    # What lines show about the server's logging (`Fact.trait`), and what follows for measures: formats/judging.py.
    traits: Mapping[str, Qualities]
    documentation: Documentation

    def read(self, record: Record) -> Fact | Verdict:
        """What the line says, or why it says nothing: IGNORED, UNMATCHED or MALFORMED. Never raises."""

    def recognises(self, record: Record) -> bool:
        """Whether the line can only be from this server (for `--format auto`)."""


class Sender(Protocol):
    """Who wrote a message."""

    @property
    def program(self) -> bytes:
        """As the envelope names it."""


@runtime_checkable
class Batching(Protocol):
    """A format that reads a batch at once, the plainest lines as rows, because most are of a few forms."""

    def read_batch(self, messages: Sequence[bytes], senders: Sequence[Sender]) -> Sequence[Told]:
        """What each message says, as `read` says it."""
