"""Renders /metrics from the last committed `View` and the clock, fast enough for 800,000 series.

Within a family only the values change from scrape to scrape. So the lines of a scope are kept as a template, one
piece `{labels} %d` per key; a family is one join with its name and one formatting of all its values.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from exporter.catalogue import MEASURES, SCOPES, Scope
from exporter.exposition.families import SCOPE_FAMILIES, SERVER_FAMILIES, Derived, Family, Group
from exporter.exposition.ownfamilies import OWN_FAMILIES
from exporter.exposition.text import header, label_block, samples
from exporter.model import Row, View
from exporter.periods import Calendar

if TYPE_CHECKING:  # a daemon loads prometheus_client
    from exporter.exposition.selfmetrics import SelfMetrics

ALL_GROUPS = frozenset(Group)
Labels = tuple[str, ...]
Column = Sequence[int]


class _Template:
    """The pieces of one scope: nothing, then `{server="a"} %d` and a line end per key, to be joined by a name.

    Escaping is done once per key; what is kept is bounded by the living keys.
    """

    def __init__(self, scope: Scope) -> None:
        self._names = scope.labels
        self._pieces: dict[Labels, bytes] = {}
        self._keys: list[Labels] = []
        self._joined: list[bytes] = [b""]

    def pieces(self, keys: list[Labels]) -> list[bytes]:
        """The pieces in the order of `keys`; not to be changed."""
        if keys != self._keys:
            known = self._pieces
            self._pieces = {key: known.get(key) or self._piece(key) for key in keys}
            self._joined = [b"", *self._pieces.values()]
            self._keys = keys
        return self._joined

    def _piece(self, key: Labels) -> bytes:
        return label_block(self._names, key).replace(b"%", b"%%") + b" %d\n"


class Exposition:
    """Renders views, and the metrics of the `process` if it is given; keeps label texts only, for one thread."""

    def __init__(self, calendar: Calendar, process: "SelfMetrics | None" = None) -> None:
        self._calendar = calendar
        self._process = process
        self._templates = {scope: _Template(scope) for scope in SCOPES}

    @property
    def calendar(self) -> Calendar:
        """The calendar that determines when days and hours begin."""
        return self._calendar

    def render(self, view: View, now: float, groups: frozenset[Group] = ALL_GROUPS) -> Iterator[bytes]:
        """The families of `groups`, whole families in each piece; `now` in UNIX seconds decides day and hour."""
        for scope in SCOPES:
            if Group(scope) in groups:
                yield from self._scope(scope, view, now)
        if Group.SERVER in groups:
            yield _derived(SERVER_FAMILIES, view, now)
        if Group.EXPORTER in groups:
            yield _derived(OWN_FAMILIES, view, now)
            if self._process:
                yield self._process.render()

    def _scope(self, scope: Scope, view: View, now: float) -> Iterator[bytes]:
        rows = view.rows.get(scope, {})
        pieces = self._templates[scope].pieces(list(rows))
        for family, column in self._columns(scope, rows, view, int(now)):
            head = header(family.name, family.kind, family.help)
            yield head + family.name.encode().join(pieces) % tuple(column)

    def _columns(
        self, scope: Scope, rows: Mapping[Labels, Row], view: View, now: int
    ) -> Iterator[tuple[Family, Column]]:
        families = SCOPE_FAMILIES[scope]
        day, hour = self._calendar.day(now), self._calendar.hour(now)
        yield from _by_measure(families.totals, [row.totals for row in rows.values()])
        days = [row.day_hold(day) if row.days else row.totals for row in rows.values()]
        yield from _by_measure(families.day_holds, days)
        if scope.has_hours:
            hours = [row.hour_hold(hour) if row.hours else row.totals for row in rows.values()]
            yield from _by_measure(families.hour_holds, hours)
        yield families.first_seen, [row.first_seen for row in rows.values()]
        if families.networks:
            yield families.networks, [view.networks.get(labels, 0) for labels in rows]
        if families.last_login:
            yield families.last_login, [view.last_logins.get(labels, 0) for labels in rows]


def _by_measure(families: Sequence[Family], rows: list[tuple[int, ...]]) -> Iterator[tuple[Family, Column]]:
    columns: Iterator[Column] = zip(*rows, strict=True) if rows else iter([()] * len(MEASURES))
    return zip(families, columns, strict=True)


def _derived(families: Sequence[Derived], view: View, now: float) -> bytes:
    return b"".join(
        header(each.family.name, each.family.kind, each.family.help)
        + samples(each.family.name, each.family.labels, each.samples(view, now))
        for each in families
    )
