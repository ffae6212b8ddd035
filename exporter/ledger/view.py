"""The committed state for scrapes: immutable, rebuilt from what changed."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from exporter.catalogue import SCOPES, Quality, Reason
from exporter.ledger.entries import Entry
from exporter.ledger.logins import Logins
from exporter.ledger.sources import SavedSource
from exporter.model import Row, View
from exporter.names import Names

Labels = tuple[str, ...]


class Views:
    """Creates views; the dictionaries in a view are never changed.

    A commit costs what it changed, plus a flat copy of the dictionary of each scope in which something did.
    """

    def __init__(self, entries: Mapping[Labels, Entry], ends: Mapping[tuple[str, Reason], int]) -> None:
        self._rows: dict[str, dict[Labels, Row]] = {str(scope): {} for scope in SCOPES}
        self._ends: dict[tuple[str, Reason], int] = {}
        self._quality = _Qualities()
        self.change(entries.values(), ends, total=True)

    def change(self, entries: Iterable[Entry], ends: Mapping[tuple[str, Reason], int], *, total: bool = False) -> None:
        """Take over rows, and ends (what was added, or `total` counts); servers are born with all ends at 0."""
        by_scope: dict[str, dict[Labels, Row]] = {}
        for entry in entries:
            labels = entry.row.labels
            by_scope.setdefault(str(SCOPES[len(labels) - 1]), {})[labels] = entry.row
        born = by_scope.get(str(SCOPES[0]), {}).keys() - self._rows[str(SCOPES[0])].keys()
        for scope, rows in by_scope.items():
            self._rows[scope] = self._rows[scope] | rows
        if born or ends:
            zeros = {(labels[0], reason): 0 for labels in sorted(born) for reason in Reason}
            self._ends = zeros | self._ends
        for end, count in ends.items():
            self._ends[end] = count if total else self._ends.get(end, 0) + count

    @property
    def servers(self) -> Iterable[Labels]:
        """All servers."""
        return self._rows[str(SCOPES[0])]

    def remove(self, labels: Iterable[Labels]) -> None:
        """Remove keys."""
        for gone in labels:
            scope = str(SCOPES[len(gone) - 1])
            self._rows[scope] = {known: row for known, row in self._rows[scope].items() if known != gone}

    def make(
        self,
        now: float,
        zone: str,
        sources: Mapping[str, SavedSource],
        logins: Logins,
        names: Names,
        *,
        balanced: bool,
    ) -> View:
        """The view of this moment."""
        return View(
            committed_at=now,
            time_zone=zone,
            rows=MappingProxyType(dict(self._rows)),
            ends=self._ends,
            open_sessions=_open_sessions(sources),
            networks=logins.networks.counts,
            last_logins=logins.last.stamps,
            quality=self._quality.of(sources),
            sources={name: source.counts for name, source in sources.items()},
            last_events={
                (name, server): stamp
                for name, source in sources.items()
                for server, stamp in source.last_events.items()
            },
            folded_users=names.folded_users,
            folded_domains=names.folded_domains,
            balanced=balanced,
        )


def _open_sessions(sources: Mapping[str, SavedSource]) -> dict[tuple[str, str], int]:
    numbers: dict[tuple[str, str], int] = {}
    for source in sources.values():
        for state, number in source.open_sessions.items():
            numbers[state] = numbers.get(state, 0) + number
    return numbers


class _Qualities:
    """What the measures of all sources are worth; put together anew only when that of a source has changed."""

    def __init__(self) -> None:
        self._parts: dict[str, Mapping[tuple[str, str], Quality]] = {}
        self._all: dict[tuple[str, str, str], Quality] = {}

    def of(self, sources: Mapping[str, SavedSource]) -> dict[tuple[str, str, str], Quality]:
        parts = {name: source.quality for name, source in sources.items()}
        if parts.keys() != self._parts.keys() or any(parts[name] is not self._parts[name] for name in parts):
            self._parts = parts
            self._all = {
                (name, server, measure): quality
                for name, qualities in parts.items()
                for (server, measure), quality in qualities.items()
            }
        return self._all
