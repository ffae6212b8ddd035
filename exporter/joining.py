"""The third stage: what the messages of a batch say, in order, to the sessions that they are of.

It knows which server each sender is, and how far the log has come; the sessions know the rest.
"""

from collections.abc import Sequence

from exporter.envelopes.columns import Columns
from exporter.envelopes.lines import Sender
from exporter.formats.contract import Format
from exporter.formats.judging import Judge
from exporter.model import Charge, Fact, Verdict
from exporter.rows import BYTES, NO_BYTES, REASONS, Row, fact_of
from exporter.servers import Servers
from exporter.sessions import Behind, Sessions, apart
from exporter.tally import Tally
from exporter.timeliness import Timeliness
from exporter.truth import TruthMonitor

Told = Row | Fact | Verdict


class Joining:
    """`newest`: the newest stamp of all servers, as of the last batch; `behind`: set where another source is the front.

    `last_events`: by server, the newest stamp of an event. `keeps_names`: whether names of users may be stored.
    """

    def __init__(
        self,
        sessions: Sessions,
        *,
        servers: Servers,
        last_events: dict[str, int],
        tally: Tally,
        timeliness: Timeliness,
        truth: TruthMonitor,
        judge: Judge,
        keeps_names: bool,
    ) -> None:
        self.behind: Behind | None = None
        self.newest = max(last_events.values(), default=0)
        self._keeps_names = keeps_names
        self._sessions = sessions
        self._servers = servers
        self._last_events = last_events
        self._tally = tally
        self._timeliness = timeliness
        self._truth = truth
        self._judge = judge
        self._form: Format | None = None

    def take(
        self, columns: Columns, told: Sequence[Told], form: Format | None, bounds: tuple[float, int]
    ) -> list[Charge]:
        """What the messages come to, which say what is `told`, in the words of `form`.

        `bounds`: stamps before the first are late, those after the second in the future.
        """
        self._form = form
        login, end, count, events = self._sessions.login, self._sessions.end, self._tally.count, self._tally.events
        by_host, (midnight, limit), timely = self._servers.by_host, bounds, columns.are_within(bounds)
        charges: list[Charge] = []
        others = newest = 0
        by, server, are_plain, due = None, "", False, dict[str, int]()
        for at, sender, said in zip(columns.stamps, columns.senders, told, strict=True):
            if isinstance(said, Verdict):
                count(said, by_host.get(sender.host, ""))
                others += 1
                continue
            stamp = at if timely or midnight <= at <= limit else self._timeliness.count(at, limit, self.newest)
            if sender is not by:
                by, server = sender, by_host.get(sender.host) or self._servers.of(sender.host)
                newest = self._last_events.get(server, 0)
                due = self._judge.due.get(server, {})
                are_plain = sender.times == 1 and self._takes_rows_of(server)
            events[server] += 1
            if stamp > newest:
                newest = self._go_on(server, stamp, limit)
            charge = None
            if are_plain and not isinstance(said, Fact):
                user, address, served, key, _, process, closing, why, top, retr, received, sent = said
                if key:
                    charge = login(server, stamp, key, user, address, served or None)
                elif received:
                    charge = end(server, stamp, closing, process, REASONS[why], int(received), int(sent))
                else:
                    charge = end(server, stamp, closing, process, REASONS[why], 0, int(top) + int(retr))
                if closing and stamp >= due.get(BYTES if received else NO_BYTES, 0):
                    self._note(server, BYTES if received else NO_BYTES, stamp)
            if charge is None:
                charges += self._take(server, stamp, sender, said if isinstance(said, Fact) else fact_of(said))
            else:
                charges.append(charge)
        self._tally.verdicts[Verdict.EVENT] += len(told) - others
        return charges

    def close_batch(self) -> None:
        """The lines that follow were read later."""
        self.newest = max(self._last_events.values(), default=self.newest)

    def _takes_rows_of(self, server: str) -> bool:
        """Whether plain lines go to the sessions as they are."""
        return self._keeps_names and self.behind is None and not self._servers.are_several(server)

    def _take(self, server: str, stamp: int, sender: Sender, fact: Fact) -> Sequence[Charge]:
        """What one fact comes to."""
        if self.behind is not None:
            return self.behind.take(self._sessions.form, stamp, fact)
        if self._servers.are_several(server):
            return self._sessions.take(server, stamp, apart(fact, sender.host), sender.times)
        if fact.trait and stamp >= self._judge.due[server].get(fact.trait, 0):
            self._note(server, fact.trait, stamp)
        return self._sessions.take(server, stamp, fact, sender.times)

    def _note(self, server: str, trait: str, stamp: int) -> None:
        assert self._form is not None
        self._judge.note(server, self._form, trait, stamp)

    def _go_on(self, server: str, stamp: int, limit: int) -> int:
        """The newest stamp of the server's events, to which `stamp` is one more."""
        if server not in self._last_events:
            self._truth.begin(server, stamp)
        # One line from the future must not make the log's time, by which sessions expire, jump ahead.
        newest = self._last_events[server] = max(min(stamp, limit), self._last_events.get(server, 0))
        return newest
