"""How far each measure of a server can be trusted, from what its lines have shown of its logging.

Servers mix lines: a session killed has no statistics, an event comes beside the line that it repeats. So a trait
holds for an hour of log time after the last line that showed it, and of those that hold the best counts; but what
is estimated for some connections is estimated for all.
"""

from collections.abc import Mapping

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
        self._seen: dict[str, dict[str, int]] = {}
        # What held when we stopped holds on like a trait, until lines have had the time to show what they show.
        self._saved: dict[str, dict[str, Quality]] = {}
        for (server, measure), quality in saved.items():
            self._saved.setdefault(server, {})[measure] = quality
        self._saved_until: dict[str, int] = {}

    def meet(self, server: str, form: Format) -> None:
        """The server's first line since the start."""
        self.due.setdefault(server, {})
        for measure, quality in form.quality.items():
            self.qualities.setdefault((server, measure), quality)

    def note(self, server: str, form: Format, trait: str, stamp: int) -> None:
        """A line of `stamp` shows `trait`."""
        self.due[server][trait] = stamp + NOTE_SECONDS
        seen = self._seen.setdefault(server, {})
        seen[trait] = max(stamp, seen.get(trait, stamp))
        newest = max(seen.values())
        holding = [form.traits.get(one, {}) for one, last in seen.items() if newest - last <= HOLD_SECONDS]
        if newest <= self._saved_until.setdefault(server, stamp + HOLD_SECONDS):
            holding.append(self._saved.get(server, {}))
        for measure, base in form.quality.items():
            shown = [qualities[measure] for qualities in holding if measure in qualities]
            self.qualities[server, measure] = max(shown, key=_RANK.__getitem__) if shown else base
