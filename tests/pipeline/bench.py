"""One source's pipeline with real names and a book of what it charges."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from exporter.catalogue import MEASURES, Quality
from exporter.context import SourceContext
from exporter.formats.contract import Format
from exporter.formats.dovecot import Dovecot
from exporter.model import Batch, Charge, SavedSession, SourceCheckpoint, SourceCount
from exporter.names import NameRules, Names
from exporter.periods import Calendar
from exporter.pipeline import Pipeline
from exporter.sessions import Neighbours

UTC = ZoneInfo("UTC")
# 22 November 2026, 08:00 UTC.
NOW = 1_795_334_400.0


@dataclass
class Kept:
    """What a ledger would give back: the newest of everything, and the sessions that are still stored."""

    envelopes: Mapping[str, str] = field(default_factory=dict)
    sessions: Sequence[SavedSession] = ()
    counts: SourceCount = field(default_factory=SourceCount)
    last_events: Mapping[str, int] = field(default_factory=dict)
    quality: Mapping[tuple[str, str], Quality] = field(default_factory=dict)
    seen: int = 0
    charged: int = 0


class Bench:
    """Feeds lines; `book` has (scope labels, measure) to amount."""

    def __init__(
        self,
        server: str | None = None,
        formats: tuple[Format, ...] = (Dovecot(),),
        beside: "Bench | None" = None,
        made_by: Callable[..., Any] = Pipeline,
        **more: Any,
    ) -> None:
        """`beside`: another source of the installation; `more`: what else is known of this one."""
        self._made_by = made_by
        self.names: Names = beside.names if beside else Names(NameRules())
        neighbours = beside.context.neighbours if beside else Neighbours()
        self.context: SourceContext = SourceContext(
            formats, UTC, host="thishost", server=server, neighbours=neighbours, **more
        )
        self.book: Counter[tuple[tuple[str, ...], str]] = Counter()
        self.charges: list[Charge] = []
        self._stored: dict[tuple[str, bytes], SavedSession] = {}
        self.pipeline = self._new(None)

    def _new(self, kept: Kept | None) -> Pipeline:
        names = self.names
        pipeline: Pipeline = self._made_by(
            self.context,
            Calendar([(0, UTC)]),
            lambda server, user, login: names.account(server, user, login=login),
            names.intern,
            kept,
        )
        return pipeline

    def feed(self, *lines: bytes, now: float | None = NOW, stream: str = "a", caught_up: bool = True) -> None:
        """One batch."""
        self.note(self.pipeline.feed(Batch(stream, "mail.log", list(lines), NOW, caught_up), now))

    def note(self, charges: Sequence[Charge]) -> None:
        """Book in all scopes."""
        self.charges += charges
        for charge in charges:
            account = charge.account
            for position, amount in charge.amounts:
                name = MEASURES[position].name
                self.book[(account.server,), name] += amount
                self.book[(account.server, account.domain), name] += amount
                if account.user is not None:
                    self.book[(account.server, account.domain, account.user), name] += amount

    def total(self, measure: str) -> int:
        """Of all servers."""
        return sum(amount for (labels, name), amount in self.book.items() if name == measure and len(labels) == 1)

    def checkpoint(self) -> SourceCheckpoint:
        """What a commit stores now, kept as the ledger keeps it."""
        checkpoint = self.pipeline.checkpoint(())
        for place in checkpoint.closed:
            del self._stored[place]
        self._stored.update({(saved.server, saved.key): saved for saved in checkpoint.opened})
        return checkpoint

    def restart(self) -> None:
        """Go on in a new pipeline from what the ledger holds."""
        last = self.checkpoint()
        self.pipeline = self._new(
            Kept(
                last.envelopes,
                tuple(self._stored.values()),
                last.counts,
                last.last_events,
                last.quality,
                last.seen,
                last.charged,
            )
        )
