"""What is counted of a source beside its charges, and stored with them."""

from collections import Counter

from exporter.model import SourceCount, Verdict
from exporter.sessions import Sign, Signs

# The field of SourceCount that counts each verdict, and each sign.
VERDICTS = {
    Verdict.EVENT: "events",
    Verdict.IGNORED: "ignored",
    Verdict.UNMATCHED: "unmatched",
    Verdict.MALFORMED: "malformed",
}
SIGNS = {
    Sign.EXPIRED: "expired_logins",
    Sign.UNJOINED: "unjoined_lines",
    Sign.DUPLICATES: "duplicate_lines",
    Sign.TWICE: "shared_sessions",
    Sign.GIVEN_UP: "given_up_sessions",
    Sign.PROBES: "ignored_probes",
}


class Tally:
    """`verdicts` and `lines` of all times; `events` and `not_understood`: lines per server since the start."""

    def __init__(self, saved: SourceCount) -> None:
        self.verdicts = Counter({verdict: getattr(saved, field) for verdict, field in VERDICTS.items()})
        self.lines = saved.lines
        self.events: Counter[str] = Counter()
        self.not_understood: Counter[str] = Counter()
        self._saved = saved

    def add(self, verdicts: Counter[Verdict]) -> None:
        """What so many lines were taken for."""
        self.verdicts.update(verdicts)

    def count(self, verdict: Verdict, server: str) -> None:
        """A line that was not understood; `server` is empty where its host has told of no event yet."""
        self.verdicts[verdict] += 1
        self.not_understood[server] += 1

    def stored(self, signs: Signs, of_input: SourceCount, late_events: int, future_events: int) -> SourceCount:
        """All counts: ours, and in `of_input` those that the input has."""
        own = {field: self.verdicts[verdict] for verdict, field in VERDICTS.items()}
        own |= {field: getattr(self._saved, field) + signs.total(sign) for sign, field in SIGNS.items()}
        return of_input._replace(lines=self.lines, late_events=late_events, future_events=future_events, **own)
