"""The counter at the beginning and end of a day or hour, exactly, and the increase between (docs/formulas.md).

Holds are read up to the last moment that lies in the local day in summer and winter, or up to two minutes before the
hour ends: there every scrape shows the hold of that day or hour, late lines included. The distance from 00:00 UTC of
the date depends on the zone alone.
"""

from dataclasses import dataclass

from dashboards.queries.terms import DAY, HOUR, Range, Series, Windows, duration

NEWEST = "2h"  # not older than this counts as current
LONGEST = "31d"  # the most that one selector reads


@dataclass(frozen=True, slots=True)
class Unit:
    """Days or hours; a unit's label is the time of evaluation.

    `near`: the window of holds that is read for every server; `wide`: for servers that were not scraped in it, "" if
    `near` is enough. `back`: from the last moment inside to the last scrape before a gap.
    """

    seconds: int
    near: str
    wide: str
    back: str
    last: str  # from the label to the last moment inside, as a duration
    over: str  # from the label to two minutes after the end of the unit
    begin: str  # PromQL scalar: when the unit has begun at the latest, UNIX seconds
    gap: str  # PromQL scalar: how long before that the last scrape may have been
    now: str  # the label of the current unit


def days(windows: Windows, range_: Range) -> Unit:
    """Local days, labelled by 00:00 UTC of their dates."""
    west, wide = f"{windows.west}s", "22h56m"  # west: 14 hours more than the day's latest beginning
    back, begin = f"{wide}{range_.gap}s", f"time()+{windows.lead}"
    return Unit(DAY, "2h", wide, back, f"8h58m{west}", f"10h2m{west}", begin, range_.gap, range_.now)


def hours(windows: Windows, range_: Range) -> Unit:
    """Local hours, labelled by the UTC hour that begins with them or just before."""
    quarter, until, near = windows.quarter, range_.until, "56m"
    now = f"{until}-({until}-{quarter})%{HOUR}-{quarter}"
    last, over, begin = f"58m{quarter}s", f"1h2m{quarter}s", f"time()+{quarter}"
    return Unit(HOUR, near, "", f"{near}{range_.lull}s", last, over, begin, range_.lull, now)


def newest(series: Series, selector: str, at: str, window: str = NEWEST) -> str:
    """The largest value just before an instant (UNIX seconds), per key."""
    return f"max by({series.keys})(max_over_time({selector}[{window}] @ {at}))"


def births(series: Series, range_: Range) -> tuple[str, str]:
    """The births of the names; for odd servers, which may have ended, separately."""
    odd = series.odd(range_.odd)
    return newest(series, series.born, range_.after), newest(odd, odd.born, range_.after, f"{range_.ago}s")


@dataclass(frozen=True, slots=True)
class Held:
    """The counter of a series at the beginnings and ends of days or hours."""

    series: Series
    unit: Unit
    range: Range

    def added(self) -> str:
        """The increase in the unit, per key: the counter at its end (or now) minus that at its beginning."""
        return f"clamp_min(({self._end()})-({self._begin()}),0)"

    def _begin(self) -> str:
        """At the beginning of the unit; after a gap, the counter before it; 0 if the name was born later."""
        unit, rest = self.unit, self._rest
        arms = [
            self._hold(self.series, unit.near, 0),
            self._if(newest(self.series, self._day_or_hour(self.series), self.range.until), unit.now),
            *self._wide(0),
            f"max by({rest.keys})(max_over_time({rest.total}[{unit.back}] offset -{unit.last}))",
            *self._births(),
        ]
        return " or ".join(arms)

    def _end(self) -> str:
        """At the end of the unit, where the next one begins; if that was not scraped, the counter itself."""
        unit, rest = self.unit, self._rest
        arms = [
            self._hold(self.series, unit.near, 1),
            self._if(
                newest(self.series, self._day_or_hour(self.series), self.range.until), f"{unit.now}-{unit.seconds}"
            ),
            *self._wide(1),
            self._if(newest(self.series, self.series.total, self.range.until), unit.now),
            f"max by({rest.keys})(max_over_time({rest.total}[{duration(unit.seconds)}] offset -{unit.over}))",
        ]
        return " or ".join(arms)

    @property
    def _rest(self) -> Series:
        """The servers for which more is read: for hours all, because any may lack a scrape."""
        return self.series.odd(self.range.odd) if self.unit.wide else self.series

    def _births(self) -> list[str]:
        known, odd = births(self.series.of_everybody(), self.range)
        begin, gap = self.unit.begin, self.unit.gap
        if not self.unit.wide:
            return [f"0*({known}>={begin}-{gap})"]
        return [f"0*({known}>={begin})", f"0*({odd}>={begin}-{gap})"]

    def _wide(self, ahead: int) -> list[str]:
        return [self._hold(self._rest, self.unit.wide, ahead)] if self.unit.wide else []

    def _day_or_hour(self, series: Series) -> str:
        return series.day if self.unit.seconds == DAY else series.hour

    def _hold(self, series: Series, window: str, ahead: int) -> str:
        """In the window before the last moment of the unit that comes this many later."""
        offset = f"{duration(ahead * self.unit.seconds) if ahead else ''}{self.unit.last}"
        return f"max by({series.keys})(max_over_time({self._day_or_hour(series)}[{window}] offset -{offset}))"

    @staticmethod
    def _if(values: str, label: str) -> str:
        """`values` if this is the unit with the label."""
        return f"({values} and on() vector(time())=={label})"
