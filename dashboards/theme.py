"""Titles, units and colours, the same on every dashboard."""

from dataclasses import dataclass

from dashboards.queries.terms import BANDWIDTH
from exporter.catalogue import (
    BAD_COMMAND_CONNECTIONS,
    BLOCKED_CONNECTIONS,
    CONNECTIONS,
    LOGIN_FAILURES,
    LOGINS,
    MEASURES,
    TERMINATIONS,
    Measure,
)

BLUE, ORANGE, YELLOW, RED, GREEN = "blue", "orange", "yellow", "red", "green"
PURPLE, CYAN, GREY, DIM = "purple", "super-light-blue", "text", "#6e6e78"

COUNT = "locale"  # whole numbers with separators: reports are exact, so no "1.2 K"
BYTES = "decbytes"
RATE = "suffix:lines/s"
PER_MINUTE = "suffix:/min"
SHARE = "percentunit"
SECONDS = "s"
NONE = "none"

NOT_LOGGED = "not logged"
PART = "≥"  # behind a name whose numbers are lower bounds
AT_LEAST = {COUNT: "prefix:≥ ", BYTES: "si:B or more"}  # the units of what the log has only a part of


@dataclass(frozen=True, slots=True)
class Column:
    """One number of the report: its title, what it is the sum of, its unit and colour, and what it means."""

    title: str
    measures: tuple[Measure, ...]
    unit: str
    colour: str
    meaning: str
    width: int  # in tables, in pixels: with all others it must fit beside Grafana's menu at 1280

    is_error: bool = False


NEW_CONNECTIONS = Column(
    "New connections",
    (MEASURES[CONNECTIONS],),
    COUNT,
    BLUE,
    "TCP connections to the POP3 service, logged in or not.",
    115,
)
BLOCKED = Column(
    "Blocked connections",
    (MEASURES[BLOCKED_CONNECTIONS],),
    COUNT,
    ORANGE,
    "Connections refused for a reason other than the credentials: limits, access lists, policy, disabled accounts.",
    118,
    is_error=True,
)
BAD_COMMANDS = Column(
    "Bad commands",
    (MEASURES[BAD_COMMAND_CONNECTIONS],),
    COUNT,
    YELLOW,
    "Connections with at least one unknown or malformed command.",
    106,
    is_error=True,
)
TERMINATED = Column(
    "Terminations",
    (MEASURES[TERMINATIONS],),
    COUNT,
    RED,
    "Connections that the server ended because of an error, such as a timeout. Clients that disconnect are not"
    " counted.",
    121,
    is_error=True,
)
TRAFFIC = Column("Bandwidth", BANDWIDTH, BYTES, GREEN, "Bytes received and sent, POP3 plaintext.", 136)
LOGGED_IN = Column("Logins", (MEASURES[LOGINS],), COUNT, CYAN, "Successful logins.", 79)
FAILED = Column(
    "Login failures",
    (MEASURES[LOGIN_FAILURES],),
    COUNT,
    PURPLE,
    "Refused login attempts: wrong password, unknown user or malformed command.",
    90,
    is_error=True,
)

REPORT = (NEW_CONNECTIONS, BLOCKED, BAD_COMMANDS, TERMINATED, TRAFFIC)
USERS = (*REPORT, FAILED)
ACCOUNT = (*REPORT, LOGGED_IN, FAILED)

END_COLOURS = {"quit": GREEN, "aborted": GREY, "terminated": RED, "blocked": ORANGE, "unknown": PURPLE}
