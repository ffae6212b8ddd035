"""The third stage: what the messages of a batch say, in order, to the sessions that they are of.

It knows which server each sender is, and how far the log has come; the sessions know the rest.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from exporter.envelopes.columns import Columns
from exporter.envelopes.lines import Sender
from exporter.formats.contract import Format
from exporter.formats.judging import Judge
from exporter.model import Charge, Fact, Verdict
from exporter.rows import BYTES, NO_BYTES, REASONS, LineResult, fact_of
from exporter.servers import Servers
from exporter.sessions import LONGEST, Behind, Sessions, apart, shortened
from exporter.tally import Tally
from exporter.timeliness import Timeliness
from exporter.truth import TruthMonitor

_NOTHING_DUE: Final[Mapping[str, int]] = {}


class Joining:
    """`form`: the format of the lines; `newest`: the newest stamp of all servers, as of the last batch.

    `behind`: set where another source is the front. `last_events`: by server, the newest stamp of an event.
    `keeps_names`: whether names of users may be stored.
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
        self.form: Format | None = None
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

    def take(self, columns: Columns, told: Sequence[LineResult], bounds: tuple[float, int]) -> list[Charge]:  # noqa: C901 - the hot path
        """What the messages, which say what is `told`, come to; stamps before and behind the bounds are counted."""
        login, end, tally, last_events = self._sessions.login, self._sessions.end, self._tally, self._last_events
        by_host, (midnight, limit), timely = self._servers.by_host, bounds, columns.are_within(bounds)
        charges: list[Charge] = []
        ignored = others = number = newest = 0
        by, server, are_plain, due = None, "", False, _NOTHING_DUE
        for at, sender, message, said in zip(columns.stamps, columns.senders, columns.messages, told, strict=True):
            if said is Verdict.IGNORED:
                ignored += 1
                continue
            if isinstance(said, Verdict):
                tally.count(said, by_host.get(sender.host, ""))
                others += 1
                continue
            stamp = at if timely or midnight <= at <= limit else self._timeliness.count(at, limit, self.newest)
            if sender is not by:
                tally.events[server] += number
                by, server, number = sender, by_host.get(sender.host) or self._servers.of(sender.host), 0
                newest, due = self._begin(server, stamp)
                are_plain = sender.times == 1 and self._takes_rows_of(server)
            number += 1
            if stamp > newest:
                # One line from the future must not make the log's time, by which sessions expire, jump ahead.
                newest = last_events[server] = max(newest, min(stamp, limit))
            charge = None
            if are_plain and not isinstance(said, Fact):
                user, address, served, key, _, process, closing, why, top, retr, received, sent = said
                if user:
                    charge = login(server, stamp, key, user, address, served or None)
                elif received:
                    charge = end(server, stamp, closing, process, REASONS[why], int(received), int(sent))
                else:
                    charge = end(server, stamp, closing, process, REASONS[why], 0, int(top) + int(retr))
                trait = BYTES if received else NO_BYTES
                if closing and stamp >= due.get(trait, 0):
                    self._note(server, trait, stamp)
            if charge is None:
                fact = said if isinstance(said, Fact) else fact_of(said)
                charges += self._take(server, stamp, sender, fact, len(message))
            else:
                charges.append(charge)
        tally.events[server] += number
        tally.add(Counter({Verdict.IGNORED: ignored, Verdict.EVENT: len(told) - ignored - others}))
        return charges

    def _begin(self, server: str, stamp: int) -> tuple[int, Mapping[str, int]]:
        """The newest stamp of the server's events, of which one is at `stamp`, and when its traits are to be noted."""
        if server not in self._last_events:
            self._truth.begin(server, stamp)
            self._sessions.signs.first[server] = stamp
        return self._last_events.get(server, 0), self._judge.due.get(server, {})

    def close_batch(self) -> None:
        """The lines that follow were read later."""
        self.newest = max(self._last_events.values(), default=self.newest)

    def _takes_rows_of(self, server: str) -> bool:
        """Whether plain lines go to the sessions as they are."""
        return self._keeps_names and self.behind is None and not self._servers.are_several(server)

    def _take(self, server: str, stamp: int, sender: Sender, fact: Fact, length: int) -> Sequence[Charge]:
        """What one fact comes to, of a message of so many bytes."""
        if length + len(sender.pid) > LONGEST:
            fact = shortened(fact)
        if self.behind is not None:
            return self.behind.take(self._sessions.form, stamp, fact)
        if self._servers.are_several(server):
            return self._sessions.take(server, stamp, apart(fact, sender.host), sender.times)
        if fact.trait and stamp >= self._judge.due[server].get(fact.trait, 0):
            self._note(server, fact.trait, stamp)
        return self._sessions.take(server, stamp, fact, sender.times)

    def _note(self, server: str, trait: str, stamp: int) -> None:
        assert self.form is not None
        self._judge.note(server, self.form, trait, stamp)
