"""The data that flows between the stages; imports nothing of ours but the catalogue.

The records of the hot path (one or more per log line) are named tuples: creating one costs a third of a
frozen dataclass (tests/bench), and there are millions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from typing import Any, NamedTuple

from exporter.catalogue import Quality, Reason


class Verdict(StrEnum):
    """What a line was taken for; every line read gets exactly one."""

    EVENT = "event"
    IGNORED = "ignored"
    UNMATCHED = "unmatched"
    MALFORMED = "malformed"


# ── inputs ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Batch:
    """Complete lines from one stream (a file's generation, a journal, standard input), in order.

    `stream` identifies what envelopes keep state for (repeats, the doubled hour) and survives a rename;
    `name` is the path as an operator knows it; `modified` is the file's own age (UNIX seconds), against which
    stamps without a year are resolved; `caught_up` says that the stream had no more when this was read.
    Lines have no line end and are at most 1 MiB long. `offset`: of the first line in the stream (for a compressed file
    in its text), for people; None: not told.
    """

    stream: str
    name: str
    lines: list[bytes]
    modified: float
    caught_up: bool
    offset: int | None = None


# ── envelopes ───────────────────────────────────────────────────────────────────────────────────────────────


class Record(NamedTuple):
    """One line out of its envelope: `stamp` in UNIX seconds, `times` > 1 for "message repeated N times"."""

    stamp: int
    host: bytes
    program: bytes
    pid: bytes
    message: bytes
    times: int = 1


# ── formats ─────────────────────────────────────────────────────────────────────────────────────────────────


class Kind(Enum):
    """What a line says about its connection."""

    __hash__ = object.__hash__  # the one of enums is Python code, and this is the hot path

    CONNECT = auto()  # the connection exists
    LOGIN = auto()  # `user` is logged in
    FAILURE = auto()  # an attempt of `user` was refused for its credentials or form
    REFUSAL = auto()  # an attempt of `user` was refused for another reason (`reason`: blocked, or the server's fault)
    BAD_COMMAND = auto()  # `bad_commands` unknown or malformed commands
    TRAFFIC = auto()  # bytes; may come after the end
    COMMAND = auto()  # the client sent `verb`; `ok` None: the answer is a line of its own
    REPLY = auto()  # the server answered the last command with `ok`
    END = auto()  # the connection ended for `reason`; with what the line sums up
    RESTART = auto()  # the server started: what was open before has ended
    NOTE = auto()  # tells something about the server's logging (`trait`), nothing about a connection


class Fact(NamedTuple):
    """What one line says about one connection; names and keys are bytes as logged.

    `key` joins the lines of one connection within a server; None: this line is the whole connection.
    `tentative`: the line does not name the service (Dovecot's `auth:`), so it waits for one that does.
    `verb`: of a COMMAND; on an END, its bytes are those of the dialogue's last line, and not the connection's.
    `failures`: on an END, the failed attempts that the server itself counted for the whole connection; on a FAILURE,
    how many attempts the line stands for (0: one).
    `received`, `sent`: bytes; None: the line does not tell. `trait`: what the line shows about the server's
    logging, a key of the format's `traits`. `ok` on an END: the line shows that `user` was logged in;
    False on a FAILURE: one database did not know `user`, so a login of the same name takes it back.
    True on an END, TRAFFIC or REFUSAL: only a connection that had logged in brings the line, so it never begins one.
    `reason` on a LOGIN: the credentials were right, and the server could not serve the user for it.
    True on a LOGIN: the server writes it again while the session lasts, as a reminder, which is no duplicate.
    `likely`: on an END found by its address: it may be of another connection, so an open one goes on, and ends
    for `reason` if no line of its own ends it; where none is open the line is a whole connection. `ok` False on it:
    the connection had not logged in.
    `former`: on a LOGIN, the key of the connection's earlier lines, which told less: a session open under it that
    has not logged in goes on under `key`.
    `process`: the server's process that serves the connection once it is logged in (Dovecot's `mpid=` on the login,
    the process id in the prefix later): it joins lines of which only some, or none, have a key.
    `by_user`: the line names no connection, only its user (Dovecot 2.2's mail process).
    `by_address`: on a CONNECT, later lines may name the connection by its address alone; on other lines, an
    unknown `key` means the connection last begun from `address` that is not logged in, if there is one.
    `reuses_key`: on an END, the key serves other connections from now on, and only TRAFFIC still belongs to this
    one; where no line has shown the connection before, TRAFFIC of no bytes says that there was none.
    `mark`: what no other line of the connection has (a number, a finer time): an equal line is the same one.
    """

    kind: Kind
    key: bytes | None = None
    user: bytes | None = None
    address: bytes | None = None
    reason: Reason | None = None
    failures: int = 0
    bad_commands: int = 0
    received: int | None = None
    sent: int | None = None
    tentative: bool = False
    verb: bytes = b""
    ok: bool | None = None
    trait: str = ""
    by_user: bool = False
    by_address: bool = False
    reuses_key: bool = False
    process: bytes | None = None
    likely: bool = False
    former: bytes | None = None
    mark: bytes = b""


# ── sessions, ledger ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, eq=False)
class Account:
    """Whom a connection is charged to: one interned object per triple, compared by identity.

    `user` is None where nothing is charged in the user scope (unknown users, `users.series: off`).
    """

    server: str
    domain: str
    user: str | None


class Charge(NamedTuple):
    """Amounts to be booked at once in all scopes of `account`, at `stamp` (UNIX seconds, log time).

    `amounts`: pairs (position in MEASURES, amount > 0). `reason`: this charge also is the end of a connection, or of
    as many alike as `ends` says.
    `address`: the client's, on every successful login and on nothing else; empty where the log does not tell it.
    `name`: whom failed attempts named, as logged, on a charge of login failures (for the list of names that failed; it
    never becomes a label).
    """

    account: Account
    stamp: int
    amounts: tuple[tuple[int, int], ...]
    reason: Reason | None = None
    address: bytes | None = None
    name: bytes | None = None
    ends: int = 1


@dataclass(frozen=True, slots=True)
class Position:
    """How far one stream was read: identity, fingerprint of its first bytes, offset of the next unread line.

    `head_begin`: where the fingerprint begins; not at 0 where the file begins with a hole of zeros.
    `stream` is the Batch's. `cursor` is the journal's own position (then the file fields are 0 and empty).
    `skipping`: the offset is inside a line that was given already. `finished`: the file was read to its end and
    nobody writes to it any more. A position without a path and a cursor says that the source was seen before.
    """

    stream: str
    path: str
    device: int = 0
    inode: int = 0
    head_length: int = 0
    head_digest: str = ""
    offset: int = 0
    modified: float = 0.0
    cursor: str = ""
    skipping: bool = False
    finished: bool = False
    head_begin: int = 0


class SavedSession(NamedTuple):
    """An open session as the ledger keeps it; `data` are values for JSON that only the sessions stage reads."""

    server: str
    key: bytes
    data: Mapping[str, Any]


class SourceCount(NamedTuple):
    """The counters of one source that live in the ledger's transaction.

    `lines`: lines read, counted where they are read and not where they are judged, for the first law; 0: not told.
    The last six are the sessions stage's signs: exporter/sessions/signs.py.
    """

    events: int = 0
    ignored: int = 0
    unmatched: int = 0
    malformed: int = 0
    read_bytes: int = 0
    late_events: int = 0
    future_events: int = 0
    rotations: int = 0
    truncations: int = 0
    lines_possibly_lost: int = 0
    lines: int = 0
    expired_logins: int = 0
    unjoined_lines: int = 0
    duplicate_lines: int = 0
    shared_sessions: int = 0
    given_up_sessions: int = 0
    ignored_probes: int = 0


@dataclass(frozen=True, slots=True)
class SourceCheckpoint:
    """What one commit stores of one source, beside its charges.

    `positions` and `envelopes` (stream to the opener's state) are complete, `opened` and `closed` are what
    changed since the last commit: sessions to be stored, and (server, key) to be removed. `quality`: (server,
    measure name) to what holds now. `open_sessions`: (server, `pending` or `charged`) to number. `seen` and
    `charged`: connections, ever, for the second law. `doubted_since`: as `quality`, when the log began to show the
    doubt for which it is lowered, UNIX seconds.
    """

    positions: tuple[Position, ...]
    envelopes: Mapping[str, str]
    opened: tuple[SavedSession, ...]
    closed: tuple[tuple[str, bytes], ...]
    counts: SourceCount
    last_events: Mapping[str, int]
    open_sessions: Mapping[tuple[str, str], int]
    quality: Mapping[tuple[str, str], Quality]
    seen: int
    charged: int
    doubted_since: Mapping[tuple[str, str], int] = field(default_factory=dict)


class Row(NamedTuple):
    """One key of one scope as committed.

    `totals` by position in MEASURES. `days` and `hours` hold what newer periods have added: pairs (period,
    amounts), period = ordinal of the local date or UNIX time of the hour's begin; only those not yet over when
    the row was made. The hold of period p is totals minus all amounts of periods >= p.
    """

    labels: tuple[str, ...]
    first_seen: int
    totals: tuple[int, ...]
    days: tuple[tuple[int, tuple[int, ...]], ...] = ()
    hours: tuple[tuple[int, tuple[int, ...]], ...] = ()

    def day_hold(self, day: int) -> tuple[int, ...]:
        """The totals at the begin of local date `day` (an ordinal)."""
        return _before(self.totals, self.days, day)

    def hour_hold(self, hour: int) -> tuple[int, ...]:
        """The totals at the begin of the hour that began at `hour` (UNIX seconds)."""
        return _before(self.totals, self.hours, hour)


def _before(totals: tuple[int, ...], added: tuple[tuple[int, tuple[int, ...]], ...], period: int) -> tuple[int, ...]:
    for begin, amounts in added:
        if begin >= period:
            totals = tuple(total - amount for total, amount in zip(totals, amounts, strict=True))
    return totals


@dataclass(frozen=True, slots=True)
class View:
    """The last committed state: immutable, swapped by reference, all that a scrape or report page reads.

    `rows`: per scope name, the rows of every living key. `ends`: (server, reason) to count.
    `open_sessions`: (server, state) to number, state `pending` or `charged`. `networks`: labels of a user to its
    distinct client networks in the last 24 hours. `last_logins`: to the stamp of its newest login, UNIX seconds.
    `quality`: (source, server, measure name) to quality.
    """

    committed_at: float
    time_zone: str
    rows: Mapping[str, Mapping[tuple[str, ...], Row]]
    ends: Mapping[tuple[str, Reason], int]
    open_sessions: Mapping[tuple[str, str], int]
    networks: Mapping[tuple[str, ...], int]
    last_logins: Mapping[tuple[str, ...], int]
    quality: Mapping[tuple[str, str, str], Quality]
    sources: Mapping[str, SourceCount]
    last_events: Mapping[tuple[str, str], int]
    folded_users: Mapping[str, int]
    folded_domains: Mapping[str, int]
    balanced: bool
