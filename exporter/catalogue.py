"""The measures, and the metric families made from them (design section 3).

Everything that depends on the list of measures - columns of the ledger, families of the exposition,
targets of the dashboards, columns of reports - is generated from here.
"""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Measure:
    """One number: `name` as in the metric names, `help` as in its HELP line."""

    name: str
    help: str


MEASURES: tuple[Measure, ...] = (
    Measure("connections", "TCP connections to the POP3 service, logged in or not."),
    Measure("blocked_connections", "Connections refused for a reason other than the credentials."),
    Measure("bad_command_connections", "Connections with at least one unknown or malformed POP3 command."),
    Measure("terminations", "Connections that the server ended because of an error."),
    Measure("received_bytes", "Bytes from clients, POP3 plaintext, as logged by the server."),
    Measure("sent_bytes", "Bytes to clients, POP3 plaintext, as logged by the server."),
    Measure("logins", "Successful logins."),
    Measure("login_failures", "Login attempts refused because of wrong credentials or wrong syntax."),
    Measure("bad_commands", "Unknown or malformed POP3 commands."),
)

# Positions in MEASURES, for the hot paths.
(
    CONNECTIONS,
    BLOCKED_CONNECTIONS,
    BAD_COMMAND_CONNECTIONS,
    TERMINATIONS,
    RECEIVED_BYTES,
    SENT_BYTES,
    LOGINS,
    LOGIN_FAILURES,
    BAD_COMMANDS,
) = range(len(MEASURES))

ZERO: tuple[int, ...] = (0,) * len(MEASURES)


class Scope(StrEnum):
    """The three levels at which every measure is counted."""

    SERVER = "server"
    DOMAIN = "domain"
    USER = "user"

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names of the scope's families, in order."""
        return LABELS[: SCOPES.index(self) + 1]

    @property
    def prefix(self) -> str:
        """The prefix of the scope's metric names: `pop3_`, `pop3_domain_` or `pop3_user_`."""
        return "pop3_" if self is Scope.SERVER else f"pop3_{self}_"

    @property
    def has_hours(self) -> bool:
        """Whether the scope has hours as well as days (users do not, because there are too many)."""
        return self is not Scope.USER

    def total(self, measure: Measure) -> str:
        """The counter's name: `pop3_domain_connections_total`."""
        return f"{self.prefix}{measure.name}_total"

    def hold(self, measure: Measure, period: str) -> str:
        """The hold gauge's name; `period` is `day` or `hour`: `pop3_domain_connections_day_start`."""
        return f"{self.prefix}{measure.name}_{period}_start"

    @property
    def first_seen(self) -> str:
        """The name of the birth gauge."""
        return f"{self.prefix}first_seen_timestamp_seconds"


LABELS = ("server", "domain", "user")
LAST_LOGIN = "pop3_user_last_login_timestamp_seconds"
SCOPES: tuple[Scope, ...] = (Scope.SERVER, Scope.DOMAIN, Scope.USER)

# Pseudo-names: connections without a known domain, and names beyond the limits.
UNKNOWN = "unknown"
OTHER = "_other"


class End(StrEnum):
    """How a connection ended (design section 2)."""

    QUIT = "quit"
    ABORTED = "aborted"
    TERMINATED = "terminated"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a connection ended: a closed list, each reason belongs to one end."""

    __hash__ = str.__hash__  # the same, but faster: the one of enums is Python code, and this is the hot path

    LOGOUT = "logout"
    CLOSED = "closed"
    RESET = "reset"
    TLS_FAILED = "tls_failed"
    TIMEOUT = "timeout"
    BAD_COMMANDS = "bad_commands"
    LINE_TOO_LONG = "line_too_long"
    LOGIN_FAILURES = "login_failures"
    MAILBOX_ERROR = "mailbox_error"
    MAILBOX_LOCKED = "mailbox_locked"
    BACKEND_DOWN = "backend_down"
    INTERNAL_ERROR = "internal_error"
    KILLED = "killed"
    SHUTDOWN = "shutdown"
    CONNECTION_LIMIT = "connection_limit"
    RATE_LIMIT = "rate_limit"
    ACCESS_LIST = "access_list"
    POLICY = "policy"
    ACCOUNT_DISABLED = "account_disabled"
    TLS_REQUIRED = "tls_required"
    QUEUE_FULL = "queue_full"
    EXPIRED = "expired"
    UNSPECIFIED = "unspecified"

    @property
    def end(self) -> End:
        """The class of end that the reason belongs to."""
        return END_OF[self]


@dataclass(frozen=True, slots=True)
class ReasonNote:
    """One row of the documented table of end reasons."""

    end: End
    meaning: str


REASONS: dict[Reason, ReasonNote] = {
    Reason.LOGOUT: ReasonNote(End.QUIT, "The client sent QUIT, before or after its login."),
    Reason.CLOSED: ReasonNote(End.ABORTED, "The client closed the connection without QUIT."),
    Reason.RESET: ReasonNote(End.ABORTED, "The client's connection was reset or broke."),
    Reason.TLS_FAILED: ReasonNote(End.ABORTED, "The TLS handshake was not completed."),
    Reason.TIMEOUT: ReasonNote(End.TERMINATED, "No command, or no progress, for longer than the server waits."),
    Reason.BAD_COMMANDS: ReasonNote(End.TERMINATED, "Too many bad commands."),
    Reason.LINE_TOO_LONG: ReasonNote(End.TERMINATED, "A command line longer than the server accepts."),
    Reason.LOGIN_FAILURES: ReasonNote(End.TERMINATED, "The server hung up after failed logins."),
    Reason.MAILBOX_ERROR: ReasonNote(End.TERMINATED, "The mailbox or its storage could not be used."),
    Reason.MAILBOX_LOCKED: ReasonNote(End.TERMINATED, "The mailbox was locked by another session."),
    Reason.BACKEND_DOWN: ReasonNote(End.TERMINATED, "A proxy could not reach or use its backend."),
    Reason.INTERNAL_ERROR: ReasonNote(End.TERMINATED, "The server failed internally."),
    Reason.KILLED: ReasonNote(End.TERMINATED, "The server process was killed, or the session was kicked."),
    Reason.SHUTDOWN: ReasonNote(End.TERMINATED, "The server was shutting down."),
    Reason.CONNECTION_LIMIT: ReasonNote(End.BLOCKED, "A limit on connections: per user, per address or in total."),
    Reason.RATE_LIMIT: ReasonNote(End.BLOCKED, "Logins too frequent (poll interval, brute-force or abuse detection)."),
    Reason.ACCESS_LIST: ReasonNote(End.BLOCKED, "An access list refused the client's address."),
    Reason.POLICY: ReasonNote(End.BLOCKED, "A policy refused the login regardless of the password."),
    Reason.ACCOUNT_DISABLED: ReasonNote(End.BLOCKED, "The account is disabled, expired or not allowed to log in."),
    Reason.TLS_REQUIRED: ReasonNote(End.BLOCKED, "The server requires TLS before a login."),
    Reason.QUEUE_FULL: ReasonNote(End.BLOCKED, "The server's own queue or process limit was reached."),
    Reason.EXPIRED: ReasonNote(End.UNKNOWN, "The log has no end line; the session was closed after its timeout."),
    Reason.UNSPECIFIED: ReasonNote(End.UNKNOWN, "The server logs the end but not its kind."),
}
END_OF: dict[Reason, End] = {reason: note.end for reason, note in REASONS.items()}


class Quality(StrEnum):
    """How reliable a measure of a server is, from best to worst."""

    EXACT = "exact"
    LOWER_BOUND = "lower_bound"
    ESTIMATED = "estimated"
    NONE = "none"

    def at_most(self, other: "Quality") -> "Quality":
        """What can be claimed where neither of them must be exceeded."""
        return max(self, other, key=tuple(Quality).index)
