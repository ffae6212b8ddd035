"""The state of a source that is not in the ledger: from the daemon, for scrapes and the landing page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class SourceReport:
    """One source as of the last pass of the loop.

    `inputs`: what it reads, as configured (paths, globs, `journal: dovecot.service`, `standard input`).
    `format`: the name of the format in use; empty while it is still to be recognised. `read_errors`: by errno name
    (`EACCES`), since the start. `clock_skew_seconds`: our clock minus the stamp of the newest event, when it was
    read at once; None: not known. `catching_up`: there is more to read than one turn's worth. `problems`: sentences for
    people; `unreadable`: those of them for which something is not read now. `doubts`: (server, sign) that makes its
    numbers doubtful, each also a problem. `faults`: errors of the exporter's own since the start, by kind. `set_aside`:
    the newest lines and files that are not counted because of one, as sentences.
    """

    name: str
    inputs: tuple[str, ...] = ()
    format: str = ""
    unread_bytes: int = 0
    read_errors: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    clock_skew_seconds: float | None = None
    catching_up: bool = False
    problems: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    doubts: tuple[tuple[str, str], ...] = ()
    faults: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    set_aside: tuple[str, ...] = ()
