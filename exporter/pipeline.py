"""One source's way from batches of lines to charges: the same object for run, replay, import and report.

envelopes -> formats -> sessions, and what is counted on the way. Two laws hold at every moment: lines read =
events + ignored + unmatched + malformed, and connections seen = charged + pending.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from exporter.addresses import is_in
from exporter.context import SourceContext
from exporter.envelopes.columns import Columns, opened
from exporter.envelopes.openers import Openers
from exporter.formats.contract import Batching, Format
from exporter.formats.judging import Judge
from exporter.formats.recognise import Recogniser, Recognition
from exporter.joining import Joining
from exporter.model import (
    Account,
    Batch,
    Charge,
    Fact,
    Position,
    Record,
    SourceCheckpoint,
    SourceCount,
    Verdict,
)
from exporter.periods import Calendar
from exporter.rows import LineResult, fact_of
from exporter.saved import Saved
from exporter.servers import Servers
from exporter.sessions import Behind, Sessions
from exporter.tally import Tally
from exporter.timeliness import Timeliness
from exporter.truth import EVENTS, NOT_UNDERSTOOD, Doubt, TruthMonitor

# The pipeline's own state has its place among the openers', under names that no stream has.
OWN_STATE = ""
OWN_TRUTH = "//truth"


class Pipeline:
    """`account(server, name as logged, login)` and `intern(server, domain, user)` give whom to charge."""

    def __init__(
        self,
        context: SourceContext,
        calendar: Calendar,
        account: Callable[[str, bytes | None, bool], Account],
        intern: Callable[[str, str, str | None], Account],
        saved: Saved | None = None,
    ) -> None:
        self._context = context
        envelopes = dict(saved.envelopes) if saved else {}
        counts = saved.counts if saved else SourceCount()
        self._recognition = Recognition(context.formats, envelopes.pop(OWN_STATE, ""), self._turn_to)
        self._recogniser = Recogniser(context.formats, self._turn_to)  # of the stream that is being read
        self._openers = Openers(context.zone, envelopes)
        self.sessions = Sessions(
            account,
            max(one.idle_seconds for one in context.formats),
            keeps_names=context.keeps_names,
            neighbours=context.neighbours,
            probes=partial(is_in, context.probes) if context.probes else None,
        )
        self._last_events = dict(saved.last_events) if saved else {}
        self._servers = Servers(context, self._last_events, self._meet)
        self._recognition.begin()
        if saved:
            self.sessions.restore(saved.sessions, saved.seen, saved.charged, intern)
            for server in saved.last_events:
                self.sessions.meet(server)
        self._tally = Tally(counts)
        self.timeliness = Timeliness(calendar, counts.late_events, counts.future_events)
        self._truth = TruthMonitor(envelopes.pop(OWN_TRUTH, ""))
        self.sessions.signs.first.update(self._truth.first)
        self.judge = Judge(self._truth.raised(saved.quality) if saved else {})
        self._joining = Joining(
            self.sessions,
            servers=self._servers,
            last_events=self._last_events,
            tally=self._tally,
            timeliness=self.timeliness,
            truth=self._truth,
            judge=self.judge,
            keeps_names=context.keeps_names,
        )
        # For tools that show each line: called with the record (None: it was none) and what it was taken for.
        self.observer: Callable[[bytes, Record | None, Fact | Verdict], None] | None = None

    # ── lines ───────────────────────────────────────────────────────────────────────────────────────────────

    def feed(self, batch: Batch, now: float | None) -> list[Charge]:
        """What the lines of the batch come to. `now`: our clock (UNIX seconds); None: the newest stamp read is it."""
        opener, bounds, lines = self._openers.begin(batch, now), self.timeliness.bounds(now), batch.lines
        self._recogniser = self._recognition.of(batch.stream, batch.name)
        charges: list[Charge] = []
        taken, events = 0, self._tally.verdicts[Verdict.EVENT]
        while taken < len(lines):
            # Alone while the format is not decided: who reads the next line depends on what this one is.
            alone = self.observer is not None or not self._recogniser.decided
            part = lines[taken : taken + 1] if alone else lines[taken:]
            columns = opened(opener, part)
            told = self._understood(columns)
            self._tally.add(columns.without)
            self._joining.form = self._recogniser.chosen
            charges += self._joining.take(columns, told, bounds)
            taken += len(part)
            if self.observer is not None:
                self._show(part[0], columns, told)
        self._tally.lines += len(lines)
        self._joining.close_batch()
        if batch.caught_up and now is not None and self._tally.verdicts[Verdict.EVENT] > events:
            self.timeliness.see(now, self._joining.newest)
        return charges

    def _understood(self, columns: Columns) -> Sequence[LineResult]:
        """What each message says."""
        recogniser, chosen, messages = self._recogniser, self._recogniser.chosen, columns.messages
        if not (isinstance(chosen, Batching) and recogniser.decided and not self._context.hosts):
            read = self._read if chosen is None or recogniser.has_others or self._context.hosts else chosen.read
            return [read(columns.record(row)) for row in range(len(messages))]
        told = chosen.read_batch(messages, columns.senders)
        if not recogniser.has_others:
            return told
        return [
            recogniser.doubt(columns.record(row), said) if isinstance(said, Verdict) else said
            for row, said in enumerate(told)
        ]

    def _show(self, line: bytes, columns: Columns, told: Sequence[LineResult]) -> None:
        """Show the observer a line that was read alone."""
        assert self.observer is not None
        if told:
            said = told[0] if isinstance(told[0], (Fact, Verdict)) else fact_of(told[0])
            self.observer(line, columns.record(0), said)
        else:
            self.observer(line, None, next(iter(columns.without)))

    def _read(self, record: Record) -> Fact | Verdict:
        return self._recogniser.read(record) if self._context.reads(record.host) else Verdict.IGNORED

    def _turn_to(self, form: Format) -> None:
        """Lines are read as `form` from now on."""
        self.sessions.use(form.name, form.idle_seconds, form.keys)
        self._servers.forget()  # each is to be met as a server of this format

    def stand_behind(self, front: "Pipeline") -> None:
        """From now on, tell what happens at the back end of `front`."""
        self._joining.behind = Behind(front.sessions, front.judge.tells_bytes)

    def _meet(self, server: str) -> None:
        """The server's first line; where it is several hosts nothing is known of it."""
        if (
            self._recogniser.chosen is not None
            and self._joining.behind is None
            and not self._servers.are_several(server)
        ):
            self.judge.meet(server, self._recogniser.chosen)
            self.sessions.meet(server)

    # ── time ────────────────────────────────────────────────────────────────────────────────────────────────

    def expire(self, now: float | None, *, caught_up: bool) -> Sequence[Charge]:
        """Give up sessions on the source's log time, which goes on by itself while the source is read to its end."""
        if not caught_up or now is None:
            return self.sessions.expire(self._joining.newest)
        return self.sessions.expire(self.timeliness.all_is_read(self._joining.newest, now))

    def finish(self) -> Sequence[Charge]:
        """Give up all open sessions: the end of a replay."""
        return self.sessions.finish()

    # ── what is known ───────────────────────────────────────────────────────────────────────────────────────

    def checkpoint(
        self,
        positions: Sequence[Position],
        *,
        read_bytes: int = 0,
        rotations: int = 0,
        truncations: int = 0,
        lines_possibly_lost: int = 0,
    ) -> SourceCheckpoint:
        """What one commit stores, with the input's positions and counters, which cover what was fed."""
        streams = {position.stream for position in positions}
        envelopes = self._openers.states(streams, keeps_text=self._context.keeps_names)
        self._recognition.keep(streams)
        envelopes[OWN_STATE] = self._recognition.state()
        opened, closed = self.sessions.changes()
        self._watch()
        quality = self._truth.lowered(self.judge.qualities)
        envelopes[OWN_TRUTH] = self._truth.state()
        of_input = SourceCount(
            read_bytes=read_bytes,
            rotations=rotations,
            truncations=truncations,
            lines_possibly_lost=lines_possibly_lost,
        )
        late, future = self.timeliness.late_events, self.timeliness.future_events
        return SourceCheckpoint(
            positions=tuple(positions),
            envelopes=envelopes,
            opened=opened,
            closed=closed,
            counts=self._tally.stored(self.sessions.signs, of_input, late, future),
            last_events=dict(self._last_events),
            open_sessions=self.sessions.open_sessions(),
            quality=quality,
            doubted_since=self._truth.since(),
            seen=self.sessions.seen,
            charged=self.sessions.charged,
        )

    def told(self, stream: str = "") -> tuple[Mapping[Verdict, int], str, int | None]:
        """What lines were taken for, ever; of a stream, the format (empty: none is recognised) and its newest stamp."""
        return self._tally.verdicts, self._recognition.name(stream), self._openers.newest(stream)

    @property
    def newest(self) -> int:
        """The newest stamp of all servers, as of the last batch (UNIX seconds); 0: there is none."""
        return self._joining.newest

    @property
    def format_name(self) -> str:
        """The format in use, or all of them; empty while none is recognised."""
        return ", ".join(self._recognition.names)

    @property
    def mixed(self) -> str:
        """What to settle where two servers write into one log; empty: nothing."""
        return "; ".join(self._recognition.problems)

    @property
    def problems(self) -> tuple[str, ...]:
        """What an operator should settle, as of the last checkpoint: sentences."""
        doubts = (doubt.problem for doubt in self._truth.doubts)
        behind = self._joining.behind.problem if self._joining.behind else ""
        return tuple(
            filter(None, (*self._recognition.problems, *self._openers.problems, self._servers.problem, behind, *doubts))
        )

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """What makes the numbers doubtful, as of the last checkpoint."""
        return self._truth.doubts

    def _watch(self) -> None:
        """Show the truth monitor what was counted."""
        signs = self.sessions.signs
        for server, stamp in self._last_events.items():
            more = {EVENTS: self._tally.events[server], NOT_UNDERSTOOD: self._tally.not_understood[server]}
            self._truth.see(server, stamp, signs.of(server) | more, signs.twice_with.get(server, ""))
        self._truth.judge()
