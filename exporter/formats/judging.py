"""How far each measure of a server can be trusted, from what its lines have shown of its logging.

Servers mix lines: a session killed has no statistics, an event comes beside the line that it repeats. So a trait
holds for an hour of log time after the last line that showed it, and of those that hold the best counts; but what
is estimated for some connections is estimated for all. Where two servers' software logs under one host, the sum of
both is claimed: what only one of them logs is a lower bound.
"""

from collections.abc import Collection, Mapping

from exporter.catalogue import Quality
from exporter.formats.contract import Format

HOLD_SECONDS = 3600
# A trait that holds is noted again this often, in log time.
NOTE_SECONDS = 600

_RANK = {Quality.NONE: 0, Quality.LOWER_BOUND: 1, Quality.EXACT: 2, Quality.ESTIMATED: 3}


class Judge:
    """`qualities`: (server, measure) to what holds now. `due`: server to trait to the stamp to note it again from."""

    def __init__(self, saved: Mapping[tuple[str, str], Quality]) -> None:
        self.qualities: dict[tuple[str, str], Quality] = dict(saved)
        self.due: dict[str, dict[str, int]] = {}
        self._seen: dict[tuple[str, str], dict[str, int]] = {}
        # Server to format to measure.
        self._shown: dict[str, dict[str, dict[str, Quality]]] = {}
        # What held when we stopped holds on like a trait, until lines have had the time to show what they show.
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
        """Whether lines of the server tell how many bytes were sent."""
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
        """What holds of all software that logs under the server's name."""
        forms = self._shown[server].values()
        for measure in dict.fromkeys(measure for one in forms for measure in one):
            self.qualities[server, measure] = _of_a_sum([one[measure] for one in forms if measure in one])


def _of_a_sum(parts: Collection[Quality]) -> Quality:
    """How far a sum can be trusted of which this is known of each part."""
    if len(set(parts)) == 1:
        return next(iter(parts))
    return Quality.ESTIMATED if Quality.ESTIMATED in parts else Quality.LOWER_BOUND
