"""One source's way from batches of lines to charges: the same object for run, replay, import and report.

envelopes -> formats -> sessions, and what is counted on the way. Two laws hold at every moment: lines read =
events + ignored + unmatched + malformed, and connections seen = charged + pending.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from exporter.addresses import is_in
from exporter.context import SourceContext
from exporter.envelopes.opener import Opener
from exporter.envelopes.openers import Openers
from exporter.formats.contract import Format
from exporter.formats.judging import Judge
from exporter.formats.recognise import Recogniser, Recognition
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
from exporter.saved import Saved
from exporter.servers import Servers
from exporter.sessions import LONGEST, Behind, apart, shortened
from exporter.tally import Tally
from exporter.timeliness import Timeliness
from exporter.truth import EVENTS, NOT_UNDERSTOOD, Doubt, TruthMonitor
from tests.oracle.sessions import General

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
        self.sessions = General(
            account,
            max(one.idle_seconds for one in context.formats),
            keeps_names=context.keeps_names,
            neighbours=context.neighbours,
            probes=partial(is_in, context.probes) if context.probes else None,
        )
        # Set where this source stands behind another one: then it adds to that one's sessions.
        self._behind: Behind | None = None
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
        self.judge = Judge(self._truth.raised(saved.quality) if saved else {})
        self._newest = max(self._last_events.values(), default=0)
        # For tools that show each line: called with the record (None: it was none) and what it was taken for.
        self.observer: Callable[[bytes, Record | None, Fact | Verdict], None] | None = None

    # ── lines ───────────────────────────────────────────────────────────────────────────────────────────────

    def feed(self, batch: Batch, now: float | None) -> list[Charge]:
        """What the lines of the batch come to. `now`: our clock (UNIX seconds); None: the newest stamp read is it."""
        opener, bounds, lines = self._openers.begin(batch, now), self.timeliness.bounds(now), batch.lines
        self._recogniser = self._recognition.of(batch.stream, batch.name)
        charges: list[Charge] = []
        events = self._tally.verdicts[Verdict.EVENT]
        self._feed(lines, opener, bounds, charges)
        self._tally.lines += len(lines)
        self._newest = max(self._last_events.values(), default=self._newest)
        if batch.caught_up and now is not None and self._tally.verdicts[Verdict.EVENT] > events:
            self.timeliness.see(now, self._newest)
        return charges

    def _feed(self, lines: Sequence[bytes], opener: Opener, bounds: tuple[float, int], charges: list[Charge]) -> None:
        """Any lines, the general way.

        The loop is dense because every line goes through it: tests/bench/lines.py.
        """
        open_line, read, verdicts = opener.open, self._read, self._tally.verdicts
        for line in lines:
            record = open_line(line)
            if not isinstance(record, Record):
                verdicts[record or Verdict.IGNORED] += 1
                if self.observer is not None:
                    self.observer(line, None, record or Verdict.IGNORED)
                continue
            taken = read(record)
            if self.observer is not None:
                self.observer(line, record, taken)
            if isinstance(taken, Fact):
                self._take(record, taken, bounds, charges)
            elif taken is Verdict.IGNORED:
                verdicts[taken] += 1
            else:
                self._tally.count(taken, self._servers.by_host.get(record.host, ""))

    def _take(self, record: Record, fact: Fact, bounds: tuple[float, int], charges: list[Charge]) -> None:
        """What the fact of a record comes to."""
        self._tally.verdicts[Verdict.EVENT] += 1
        stamp, host, _, pid, message, times = record
        if not bounds[0] <= stamp <= bounds[1]:
            stamp = self.timeliness.count(stamp, bounds[1], self._newest)
        server = self._servers.by_host.get(host) or self._servers.of(host)
        self._tally.events[server] += 1
        if stamp > self._last_events.get(server, 0):
            if server not in self._last_events:
                self._truth.begin(server, stamp)
            # One line from the future must not make the log's time, by which sessions expire, jump ahead.
            self._last_events[server] = max(min(stamp, bounds[1]), self._last_events.get(server, 0))
        trait, chosen = fact.trait, self._recogniser.chosen
        if len(message) + len(pid) > LONGEST:
            fact = shortened(fact)
        if self._behind is not None:
            charges += self._behind.take(self.sessions.form, stamp, fact)
            return
        if self._servers.are_several(server):
            fact, trait = apart(fact, host), ""
        if trait and chosen is not None and stamp >= self.judge.due[server].get(trait, 0):
            self.judge.note(server, chosen, trait, stamp)
        charges += self.sessions.take(server, stamp, fact, times)

    def _read(self, record: Record) -> Fact | Verdict:
        return self._recogniser.read(record) if self._context.reads(record.host) else Verdict.IGNORED

    def _turn_to(self, form: Format) -> None:
        """Lines are read as `form` from now on."""
        self.sessions.use(form.name, form.idle_seconds, form.keys)
        self._servers.forget()  # each is to be met as a server of this format

    def stand_behind(self, front: "Pipeline") -> None:
        """From now on, tell what happens at the back end of `front`."""
        self._behind = Behind(front.sessions, front.judge.tells_bytes)

    def _meet(self, server: str) -> None:
        """The server's first line; where it is several hosts nothing is known of it, and it has no express lane."""
        if self._recogniser.chosen is not None and self._behind is None and not self._servers.are_several(server):
            self.judge.meet(server, self._recogniser.chosen)
            self.sessions.meet(server)

    # ── time ────────────────────────────────────────────────────────────────────────────────────────────────

    def expire(self, now: float | None, *, caught_up: bool) -> Sequence[Charge]:
        """Give up sessions on the source's log time, which goes on by itself while the source is read to its end."""
        if not caught_up or now is None:
            return self.sessions.expire(self._newest)
        return self.sessions.expire(self.timeliness.all_is_read(self._newest, now))

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
        return tuple(filter(None, (self.mixed, *self._openers.problems, self._servers.problem, *doubts)))

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
