"""How exact each measure of a server is, judging by what its lines have shown of its logging.

Lines of one server differ: a killed session has no statistics, an event repeats what a line has. So a trait holds for
an hour of log time after the last line that showed it, and of those that hold the best counts; but a measure that is
estimated for some connections is estimated for all. If two servers' software logs under one host, the quality is that
of the sum: what only one of them logs is a lower bound.
"""

from collections.abc import Collection, Mapping

from exporter.catalogue import Quality
from exporter.formats.contract import Format

HOLD_SECONDS = 3600
# How often a trait that holds is noted again, in log time.
NOTE_SECONDS = 600

_RANK = {Quality.NONE: 0, Quality.LOWER_BOUND: 1, Quality.EXACT: 2, Quality.ESTIMATED: 3}


class Judge:
    """`qualities`: (server, measure) to the current quality. `due`: server to trait to the stamp to note it from."""

    def __init__(self, saved: Mapping[tuple[str, str], Quality]) -> None:
        self.qualities: dict[tuple[str, str], Quality] = dict(saved)
        self.due: dict[str, dict[str, int]] = {}
        self._seen: dict[tuple[str, str], dict[str, int]] = {}
        # Server to format to measure.
        self._shown: dict[str, dict[str, dict[str, Quality]]] = {}
        # What held when we stopped continues to hold like a trait, until lines have had the time to show their traits.
        self._saved: dict[str, dict[str, Quality]] = {}
        for (server, measure), quality in saved.items():
            self._saved.setdefault(server, {})[measure] = quality
        self._saved_until: dict[str, int] = {}

    def meet(self, server: str, form: Format) -> None:
        """The server's first line since the start."""
        self.due.setdefault(server, {})
        shown = self._shown.setdefault(server, {})
        if form.name not in shown:
            shown[form.name] = {**form.quality, **self._saved.get(server, {})}
            self._combine(server)

    def tells_bytes(self, server: str) -> bool:
        """Whether lines of the server have the number of bytes sent."""
        return self.qualities.get((server, "sent_bytes"), Quality.NONE) is not Quality.NONE

    def note(self, server: str, form: Format, trait: str, stamp: int) -> None:
        """A line of `stamp` shows `trait`."""
        self.due[server][trait] = stamp + NOTE_SECONDS
        seen = self._seen.setdefault((server, form.name), {})
        seen[trait] = max(stamp, seen.get(trait, stamp))
        newest = max(seen.values())
        holding = [form.traits.get(one, {}) for one, last in seen.items() if newest - last <= HOLD_SECONDS]
        if newest <= self._saved_until.setdefault(server, stamp + HOLD_SECONDS):
            holding.append(self._saved.get(server, {}))
        found = self._shown.setdefault(server, {}).setdefault(form.name, {})
        for measure, base in form.quality.items():
            shown = [qualities[measure] for qualities in holding if measure in qualities]
            found[measure] = max(shown, key=_RANK.__getitem__) if shown else base
        self._combine(server)

    def _combine(self, server: str) -> None:
        """The quality over all software that logs under the server's name."""
        forms = self._shown[server].values()
        for measure in dict.fromkeys(measure for one in forms for measure in one):
            self.qualities[server, measure] = _of_a_sum([one[measure] for one in forms if measure in one])


def _of_a_sum(parts: Collection[Quality]) -> Quality:
    """The quality of a sum, from the quality of each part."""
    if len(set(parts)) == 1:
        return next(iter(parts))
    return Quality.ESTIMATED if Quality.ESTIMATED in parts else Quality.LOWER_BOUND
