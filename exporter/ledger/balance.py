"""Checks that the totals agree: the two laws, and that domains add up to their server.

Every commit checks what it changed, from sums kept in addition to the rows; opening checks everything.
"""

import logging
from collections.abc import Iterable, Mapping
from operator import sub

from exporter.catalogue import MEASURES, ZERO
from exporter.ledger.entries import MOST, Amounts, Entry, added
from exporter.ledger.sources import SavedSource

log = logging.getLogger(__name__)

Labels = tuple[str, ...]


class Balance:
    """Logs which sum is wrong, once per change."""

    def __init__(self) -> None:
        self._domain_sums: dict[str, Amounts] = {}
        self._known: set[str] = set()

    def recount(self, entries: Mapping[Labels, Entry]) -> None:
        """Add up all domains again."""
        self._domain_sums = {}
        for labels, entry in entries.items():
            if len(labels) == 2:  # noqa: PLR2004 - a domain's labels
                self._domain_sums[labels[0]] = added(self._domain_sums.get(labels[0], ZERO), entry.row.totals)

    def move(self, before: Entry | None, after: Entry) -> None:
        """A domain's row has changed."""
        labels = after.row.labels
        if len(labels) == 2:  # noqa: PLR2004 - a domain's labels
            old = before.row.totals if before else ZERO
            difference = tuple(map(sub, after.row.totals, old))
            self._domain_sums[labels[0]] = added(self._domain_sums.get(labels[0], ZERO), difference)

    def check(self, entries: Mapping[Labels, Entry], sources: Mapping[str, SavedSource]) -> bool:
        """Whether all totals agree; differences are logged when they change."""
        problems = dict((*self._servers_off(entries), *sources_off(sources)))
        for sum_, problem in problems.items():
            if sum_ not in self._known:
                log.error("totals do not agree: %s: %s", sum_, problem)
        self._known = set(problems)
        return not problems

    def _servers_off(self, entries: Mapping[Labels, Entry]) -> Iterable[tuple[str, str]]:
        for server, domains in self._domain_sums.items():
            totals = entries[(server,)].row.totals
            for measure, total, domain_sum in zip(MEASURES, totals, domains, strict=True):
                if total != domain_sum:
                    yield f"server {server}, {measure.name}", f"{total}, but its domains have {domain_sum}"
                if total >= MOST:
                    yield (
                        f"server {server}, {measure.name}",
                        f"{total} is the largest value that can be stored; it no longer grows",
                    )


def sources_off(sources: Mapping[str, SavedSource]) -> Iterable[tuple[str, str]]:
    """By source, the law that is violated, and the two numbers."""
    for name, source in sources.items():
        counts = source.counts
        verdicts = counts.events + counts.ignored + counts.unmatched + counts.malformed
        if counts.lines and counts.lines != verdicts:
            yield f"source {name}, lines", f"{counts.lines} read, but {verdicts} classified"
        if source.seen != source.charged + source.pending:
            yield (
                f"source {name}, connections",
                f"{source.seen} seen, but {source.charged} counted + {source.pending} pending",
            )
