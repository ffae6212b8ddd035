"""The counter at the beginning and end of a day or hour, exactly, and the increase between (docs/formulas.md).

Holds are read up to the last moment that lies in the local day in summer and winter, or up to two minutes before the
hour ends: there every scrape shows the hold of that day or hour, late lines included. The distance from 00:00 UTC of
the date depends on the zone alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.queries.terms import DAY, HOUR, Chosen, Range, Series, Windows, duration

NEWEST = "2h"  # not older than this counts as current
LONGEST = "31d"  # the most that one selector reads


@dataclass(frozen=True, slots=True)
class Unit:
    """Days or hours of the range; a unit's label is the time of evaluation.

    `near`: the window of holds that is read for every server; `wide`: for those in `odd`, a regular expression.
    """

    name: str  # of the hold: `day` or `hour`
    seconds: int
    near: str
    wide: str
    last: str  # from the label to the last moment inside, as a duration
    over: str  # from the label to two minutes after the end of the unit
    lead: str  # PromQL: how long after the label the unit has begun at the latest
    first: str  # the label of the range's first unit, of its last one, and the seconds between them and one more
    final: str
    extent: str
    now: str  # the label of the current unit
    odd: str
    gap: str  # how many seconds before the unit the last scrape may have been
    step: str | None = None  # see `Only`

    @property
    def length(self) -> str:
        return duration(self.seconds)

    def begin(self, window: str, label: str = "") -> str:
        """The window before the last moment of the unit with the label, or of each: its holds are its beginning."""
        return f"[{window}]{_at(label)} offset -{self.last}"

    def end(self, window: str, label: str = "") -> str:
        """The same of the next unit: its holds are the end of this one."""
        return f"[{window}]{_at(label)} offset -{self.length}{self.last}"

    @property
    def back(self) -> str:
        """The window that ends there and begins at the last scrape before a gap."""
        return f"{self.wide}{self.gap}s"

    @property
    def grid(self) -> str:
        """All units of the range: behind a subquery's bracket."""
        return f"{self.extent}s:{self.length}] @ {self.final}"


def days(windows: Windows, range_: Range) -> Unit:
    """Local days, labelled by 00:00 UTC of their dates."""
    west = f"{windows.west}s"  # 14 hours more than the day's latest beginning
    known = range_.first, range_.today, range_.extent, range_.now, range_.odd, range_.gap
    return Unit("day", DAY, "2h", "22h56m", f"8h58m{west}", f"10h2m{west}", windows.lead, *known)


def hours(windows: Windows, range_: Range, chosen: Chosen) -> Unit:
    """Local hours, labelled by the UTC hour that begins with them or just before."""
    quarter, window = windows.quarter, "56m"
    known = range_.first_hour, range_.last_hour, range_.hours, range_.this_hour, range_.odd_hours, range_.lull
    return Unit("hour", HOUR, window, window, f"58m{quarter}s", f"1h2m{quarter}s", quarter, *known, step=chosen.number)


def _at(label: str) -> str:
    return f" @ {label}" if label else ""


def largest(series: Series, *arms: str) -> str:
    """Per key the first arm that there is; of its copies (replicas, renamed instances, external labels) the largest."""
    return f"max by({series.keys})({' or '.join(arms)})"


def newest(series: Series, selector: str, at: str, window: str = NEWEST) -> str:
    """The largest value just before an instant (UNIX seconds), per key."""
    return largest(series, f"max_over_time({selector}[{window}] @ {at})")


def born(series: Series, range_: Range) -> str:
    """An arm: the births of the names."""
    return f"max_over_time({series.born}[{NEWEST}] @ {range_.after})"


def odd_born(series: Series, range_: Range, servers: str) -> str:
    """The same of odd servers, which may have ended."""
    return f"max_over_time({series.odd(servers).born}[{range_.ago}s] @ {range_.after})"


def counter(series: Sequence[Series], window: str) -> str:
    """An arm: the counter in a window; of several measures their sum."""
    return "+".join(f"max_over_time({one.total}{window})" for one in series)


def hold(series: Sequence[Series], unit: Unit, window: str) -> str:
    """An arm: the hold in a window, likewise."""
    return "+".join(f"max_over_time({one.hold(unit.name)}{window})" for one in series)


@dataclass(frozen=True, slots=True)
class Held:
    """The counter of one measure, or of several together, at the beginnings and ends of days or hours."""

    series: Sequence[Series]
    unit: Unit
    range: Range

    def added(self) -> str:
        """The increase in the unit, per key: the counter at its end (or now) minus that at its beginning."""
        length = self.unit.length
        # The end of a unit is the beginning of the next: where no scrape is missing, each is looked up once.
        regular = f"idelta(({self._regular_end()})[{length}1s:{length}])"
        return f"clamp_min({regular} or ({self._odd_end()})-({self._odd_begin()}),0)"

    def _regular_end(self) -> str:
        """Where the unit ends, and the next one begins; 0 if the name was born later."""
        unit, known = self.unit, [one.without(self.unit.odd) for one in self.series]
        # Of the births only those in the range are compared with each unit.
        new = f"0*({born(known[0], self.range)}-({unit.lead})>={unit.first}>=time()+{unit.seconds})"
        return largest(known[0], hold(known, unit, unit.end(unit.near)), f"({self._now(known)} or {new})")

    def _odd_end(self) -> str:
        """Where the unit ends, and the next one begins; if that was not scraped, the counter itself."""
        unit, odd = self.unit, self._odd
        last = largest(odd[0], counter(odd, f"[{unit.length}] offset -{unit.over}"))
        return f"{largest(odd[0], hold(odd, unit, unit.end(unit.wide)), self._now(odd))} or {last}"

    def _odd_begin(self) -> str:
        """Where the unit begins; after a gap, the counter before it; 0 if the name was born later."""
        unit, odd = self.unit, [one.of_everybody() for one in self._odd]
        new = f"0*({odd_born(odd[0], self.range, unit.odd)}>=time()+{unit.lead}-{unit.gap})"
        now, before = self._if(hold(odd, unit, self._newest), unit.now), counter(odd, unit.begin(unit.back))
        return largest(odd[0], hold(odd, unit, unit.begin(unit.wide)), now, before, new)

    def _now(self, series: Sequence[Series]) -> str:
        """The end of the unit before the current one, and the current one's, which is now."""
        unit = self.unit
        before = self._if(hold(series, unit, self._newest), f"{unit.now}-{unit.seconds}")
        return f"{before} or {self._if(counter(series, self._newest), unit.now)}"

    @property
    def _newest(self) -> str:
        return f"[{self.range.fresh}s] @ {self.range.until}"

    @property
    def _odd(self) -> list[Series]:
        return [one.odd(self.unit.odd) for one in self.series]

    @staticmethod
    def _if(values: str, label: str) -> str:
        """`values` if this is the unit with the label."""
        return f"({values} and on() vector(time())=={label})"
