"""Every metric family that is rendered from a `View`, in the order of /metrics: name, type, meaning, group.

`collect[]` selects groups; each family belongs to exactly one.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from exporter.catalogue import LAST_LOGIN, MEASURES, REASONS, SCOPES, Measure, Scope
from exporter.model import View

Samples = Iterable[tuple[Sequence[str], float]]


class Group(StrEnum):
    """The groups that `collect[]` selects."""

    SERVER = "server"
    DOMAIN = "domain"
    USER = "user"
    EXPORTER = "exporter"


class UnknownGroupError(ValueError):
    """`collect[]` names an unknown group; the message lists the known ones."""


def choose(names: Sequence[str]) -> frozenset[Group]:
    """The groups that `collect[]` selects: all if it is not given."""
    known = [str(group) for group in Group]
    wrong = [name for name in names if name not in known]
    if wrong:
        # The name comes from the request; as a literal it stays on one line.
        raise UnknownGroupError(f"unknown collect[]={wrong[0][:100]!r}: known are {', '.join(known)}")
    return frozenset(Group(name) for name in names) or frozenset(Group)


@dataclass(frozen=True, slots=True)
class Family:
    """One metric family; `kind` is the TYPE (`counter` or `gauge`)."""

    name: str
    kind: str
    help: str
    group: Group
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Derived:
    """A small family, and how its samples are computed from the view and the clock (UNIX seconds)."""

    family: Family
    samples: Callable[[View, float], Samples]


# ── per key of a scope ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ScopeFamilies:
    """The families of one scope, each with one sample per living key; the first three by position in MEASURES."""

    totals: tuple[Family, ...]
    day_holds: tuple[Family, ...]
    hour_holds: tuple[Family, ...]
    first_seen: Family
    networks: Family | None
    last_login: Family | None

    @property
    def all(self) -> tuple[Family, ...]:
        """In the order of /metrics."""
        of_users = (family for family in (self.networks, self.last_login) if family)
        return (*self.totals, *self.day_holds, *self.hour_holds, self.first_seen, *of_users)


def _hold(scope: Scope, measure: Measure, period: str) -> Family:
    text = f"What {scope.total(measure)} was when the current {period} began, by the timestamps of the log."
    return Family(scope.hold(measure, period), "gauge", text, Group(scope), scope.labels)


def _scope_families(scope: Scope) -> ScopeFamilies:
    group = Group(scope)
    hours = MEASURES if scope.has_hours else ()
    born = f"When the {scope} was first seen, by the timestamps of the log, in UNIX seconds."
    networks = Family(
        "pop3_user_client_networks",
        "gauge",
        "Distinct client networks (/24, /48) of the user's successful logins in the last 24 hours.",
        group,
        scope.labels,
    )
    last_login = Family(
        LAST_LOGIN,
        "gauge",
        "When the user last logged in, by the timestamps of the log, in UNIX seconds; 0 if not since first seen.",
        group,
        scope.labels,
    )
    return ScopeFamilies(
        tuple(Family(scope.total(m), "counter", m.help, group, scope.labels) for m in MEASURES),
        tuple(_hold(scope, measure, "day") for measure in MEASURES),
        tuple(_hold(scope, measure, "hour") for measure in hours),
        Family(scope.first_seen, "gauge", born, group, scope.labels),
        *((networks, last_login) if scope is Scope.USER else (None, None)),
    )


SCOPE_FAMILIES: dict[Scope, ScopeFamilies] = {scope: _scope_families(scope) for scope in SCOPES}


# ── beside them ─────────────────────────────────────────────────────────────────────────────────────────────

OPEN_STATES = ("pending", "charged")


def _servers(view: View) -> list[str]:
    """Servers with counters, and those that so far only have an open session."""
    born = [server for (server,) in view.rows.get(Scope.SERVER, {})]
    return list(dict.fromkeys([*born, *(server for server, _ in view.open_sessions)]))


def _ends(view: View, _now: float) -> Samples:
    for (server,) in view.rows.get(Scope.SERVER, {}):
        for reason, note in REASONS.items():
            yield (server, note.end, reason), view.ends.get((server, reason), 0)


def _open_sessions(view: View, _now: float) -> Samples:
    for server in _servers(view):
        for state in OPEN_STATES:
            yield (server, state), view.open_sessions.get((server, state), 0)


def _quality(view: View, _now: float) -> Samples:
    return (((*key, quality), 1) for key, quality in view.quality.items())


SERVER_FAMILIES: tuple[Derived, ...] = (
    Derived(
        Family(
            "pop3_session_ends_total",
            "counter",
            "Ends of connections by class and reason, each connection once.",
            Group.SERVER,
            ("server", "end", "reason"),
        ),
        _ends,
    ),
    Derived(
        Family(
            "pop3_open_sessions",
            "gauge",
            "Open sessions: charged ones are already counted, pending ones are not.",
            Group.SERVER,
            ("server", "state"),
        ),
        _open_sessions,
    ),
    Derived(
        Family(
            "pop3_measure_quality_info",
            "gauge",
            "How reliable a measure of a server is: exact, lower_bound, estimated, or none (not in its log).",
            Group.SERVER,
            ("source", "server", "measure", "quality"),
        ),
        _quality,
    ),
)
