"""An installation without inputs: sources that are fed any bytes, over one real ledger, and what must hold of it."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from exporter.catalogue import MEASURES, Scope
from exporter.config import Config
from exporter.exposition.renderer import Exposition
from exporter.ledger import Ledger
from exporter.model import Batch, Position, Row, SourceCheckpoint, SourceCount, View
from exporter.names import LABEL_BYTES
from exporter.pipeline import Pipeline
from exporter.wiring import Pipelines, fronts_first, open_ledger

# 23 November 2026, when the samples of the formats are read.
NOW = 1_795_392_000.0
# A sample line with a negative value; no value at all exposed here may be one.
BELOW_ZERO = re.compile(rb"^[^#\n][^\n]* -[^ \n]+$", re.MULTILINE)

Counters = dict[tuple[object, ...], int]


class World:
    """The sources of `settings` (the configuration file's) at work; `step` is followed by all the laws."""

    def __init__(self, folder: Path, settings: Mapping[str, object]) -> None:
        values = {"time_zone": "UTC", **settings, "ledger": str(folder / "ledger.sqlite")}
        self.config = Config.model_validate(values)
        self.names = [source.name for source in fronts_first(self.config)]
        self.clock = NOW
        self._streams: dict[str, dict[str, int]] = {name: {} for name in self.names}
        self._read_bytes = dict.fromkeys(self.names, 0)
        self._seen: Counters = {}
        self._begin()

    def _begin(self) -> None:
        self.ledger: Ledger = open_ledger(self.config, self.clock)
        made = Pipelines(self.config, self.ledger).make({name: self.ledger.restored(name) for name in self.names})
        self.pipelines: dict[str, Pipeline] = made
        self.exposition = Exposition(self.ledger.calendar)

    def format(self, source: str) -> str:
        """The name of the source's format."""
        return next(one.format for one in self.config.sources if one.name == source)

    def feed(self, source: str, stream: str, lines: list[bytes], *, caught_up: bool = True) -> None:
        """A batch of one source; expiry follows, as in the daemon."""
        offset = self._streams[source].get(stream, 0)
        batch = Batch(stream, f"{stream}.log", lines, NOW, caught_up, offset)
        self.ledger.book(self.pipelines[source].feed(batch, self.clock), source)
        size = sum(map(len, lines)) + len(lines)
        self._streams[source][stream] = offset + size
        self._read_bytes[source] += size
        self.ledger.book(self.pipelines[source].expire(self.clock, caught_up=caught_up), source)

    def commit(self) -> View:
        """Write it down; the laws hold in what is shown."""
        checkpoints = {name: self._checkpoint(name) for name in self.names}
        view = self.ledger.commit(self.clock, checkpoints)
        for name, checkpoint in checkpoints.items():
            check_source(name, checkpoint)
        self._check(view)
        return view

    def restart(self) -> None:
        """As after a kill: what was not committed is forgotten, and what is shown is what was shown.

        But users that were not seen for so long that they are forgotten are so when the tables are brought up.
        """
        before = self.ledger.view
        self.ledger.close()
        self._begin()
        after = self.ledger.view
        self._check(after)
        unseen_since = self.clock - self.config.history.keep_days * 86_400
        for scope in Scope:
            shown = {labels: row.totals for labels, row in before.rows.get(scope, {}).items()}
            found = {labels: row.totals for labels, row in after.rows.get(scope, {}).items()}
            gone = shown.keys() - found.keys() if scope is Scope.USER else set()
            assert all(before.last_logins.get(labels, 0) < unseen_since for labels in gone), gone
            assert {labels: totals for labels, totals in shown.items() if labels not in gone} == found
        assert dict(before.ends) == dict(after.ends)
        assert dict(before.sources) == dict(after.sources)

    def close(self) -> None:
        self.ledger.close()

    def _checkpoint(self, name: str) -> SourceCheckpoint:
        positions = tuple(
            Position(stream, f"{stream}.log", 1, number, 4, "00", offset, NOW)
            for number, (stream, offset) in enumerate(self._streams[name].items())
        )
        return self.pipelines[name].checkpoint(positions, read_bytes=self._read_bytes[name])

    def _check(self, view: View) -> None:
        assert view.balanced, "the books do not balance"
        check_scopes(view)
        now = dict(counters(view))
        fell = {key: (count, now[key]) for key, count in self._seen.items() if now.get(key, count) < count}
        assert not fell, f"fell: {fell}"
        self._seen |= now
        for piece in self.exposition.render(view, self.clock):
            below = BELOW_ZERO.search(piece)
            assert below is None, below


def check_source(name: str, told: SourceCheckpoint) -> None:
    """The two laws of a source, and that it counts nothing below zero."""
    counts = told.counts
    assert counts.lines == counts.events + counts.ignored + counts.unmatched + counts.malformed, name
    pending = sum(number for (_, state), number in told.open_sessions.items() if state == "pending")
    assert told.seen == told.charged + pending, name
    assert min(told.open_sessions.values(), default=0) >= 0
    assert min(counts) >= 0, f"{name}: {counts}"


def check_scopes(view: View) -> None:
    """Domains sum to their server, users to no more than their domain; holds lie between nothing and all."""
    sums: dict[tuple[str, ...], list[int]] = {}
    for scope in (Scope.DOMAIN, Scope.USER):
        for labels, row in view.rows.get(scope, {}).items():
            mother = sums.setdefault(labels[:-1], [0] * len(MEASURES))
            sums[labels[:-1]] = [one + other for one, other in zip(mother, row.totals, strict=True)]
    for labels, row in view.rows.get(Scope.SERVER, {}).items():
        assert list(row.totals) == sums.get(labels, [0] * len(MEASURES)), labels
    for labels, row in view.rows.get(Scope.DOMAIN, {}).items():
        below = zip(sums.get(labels, ()), row.totals, strict=False)
        assert all(user <= domain for user, domain in below), labels
    for rows in view.rows.values():
        for labels, row in rows.items():
            check_row(labels, row)


def check_row(labels: tuple[str, ...], row: Row) -> None:
    """Its labels may be exposed, and no amount is below zero."""
    assert all(len(label.encode()) <= LABEL_BYTES for label in labels), labels
    assert min(row.totals) >= 0, labels
    for _, amounts in (*row.days, *row.hours):
        assert min(amounts) >= 0, labels
    for holds in (row.day_hold(0), row.hour_hold(-(2**62))):
        assert min(holds, default=0) >= 0, labels


def counters(view: View) -> Iterator[tuple[tuple[object, ...], int]]:
    """All that may never fall."""
    for rows in view.rows.values():
        for labels, row in rows.items():
            for measure, total in zip(MEASURES, row.totals, strict=True):
                yield (labels, measure.name), total
    yield from (((server, reason), count) for (server, reason), count in view.ends.items())
    for source, counts in view.sources.items():
        yield from (((source, field), count) for field, count in zip(SourceCount._fields, counts, strict=True))
