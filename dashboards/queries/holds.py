"""The counter at the begin of a day or hour, exactly, and what that day or hour added (docs/formulas.md).

All windows end at the last moment that lies in the local day, summer and winter, or two minutes before the hour ends:
there every scrape shows the hold of just that day or hour, late lines included. How far that is from 00:00 UTC of the
date follows from the zone alone.
"""

from dataclasses import dataclass

from dashboards.queries.terms import DAY, HOUR, Chosen, Range, Series, Windows, duration

NEWEST = "2h"  # what counts as scraped just now
LONGEST = "31d"  # the most that one selector reads


@dataclass(frozen=True, slots=True)
class Unit:
    """Days or hours; a unit's label is the time of evaluation.

    `near`: the window that is read of every server; `wide`: of those that were not scraped in it, "" if `near` is all.
    """

    seconds: int
    near: str
    wide: str
    last: str  # from the label to the last moment inside, as a duration
    over: str  # from the label to the end of the unit, as a duration
    begin: str  # PromQL scalar: when the unit has begun at the latest, UNIX seconds
    now: str  # the label of the unit that runs


def days(windows: Windows, range_: Range) -> Unit:
    """Local days, labelled by 00:00 UTC of their dates."""
    west = f"{windows.west}s"  # 14 hours more than the day's latest begin
    return Unit(DAY, "2h", "22h56m", f"8h58m{west}", f"10h{west}", f"(time()+{windows.lead})", range_.today)


def hours(windows: Windows, range_: Range) -> Unit:
    """Local hours, labelled by the UTC hour that begins with them or just before."""
    quarter, until = windows.quarter, range_.until
    now = f"{until}-({until}-{quarter})%{HOUR}-{quarter}"
    return Unit(HOUR, "56m", "", f"58m{quarter}s", f"1h{quarter}s", f"(time()+{quarter})", now)


def newest(series: Series, selector: str, at: str) -> str:
    """The largest value just before an instant (UNIX seconds), per key."""
    return f"max by({series.keys})(max_over_time({selector}[{NEWEST}] @ {at}))"


@dataclass(frozen=True, slots=True)
class Held:
    """The counter of a series at the begins and ends of days or hours (`chosen`: for hours)."""

    series: Series
    unit: Unit
    range: Range
    chosen: Chosen | None = None

    def added(self) -> str:
        """What the unit added, per key: the counter at its end (now, if it runs) less that at its begin."""
        return f"clamp_min(({self._end()})-({self._begin()}),0)"

    def _begin(self) -> str:
        """At the begin of the unit; 0 if the name was born later."""
        births, until = self.series.born, self.range.until
        born = f"{self._max(births, self.unit.near, 1)} or {newest(self.series, births, until)}"
        arms = [
            self._max(self._hold(self.series), self.unit.near, 0),
            self._if(newest(self.series, self._hold(self.series), self.range.until), self.unit.now),
            *self._wide(0),
            f"0*(({born})>={self.unit.begin})",
        ]
        return " or ".join(arms)

    def _end(self) -> str:
        """At the end of the unit, which is the begin of the next one; the counter itself where that has not come."""
        odd, length = self.series.odd(self.range.odd), duration(self.unit.seconds)
        arms = [
            self._max(self._hold(self.series), self.unit.near, 1),
            self._if(
                newest(self.series, self._hold(self.series), self.range.until), f"{self.unit.now}-{self.unit.seconds}"
            ),
            self._if(newest(self.series, self.series.total, self.range.until), self.unit.now),
            *self._wide(1),
            f"max by({odd.keys})(max_over_time({odd.total}[{length}] offset -{self.unit.over}))",
        ]
        return " or ".join(arms)

    def _wide(self, ahead: int) -> list[str]:
        odd = self.series.odd(self.range.odd)
        return [self._max(self._hold(odd), self.unit.wide, ahead)] if self.unit.wide else []

    def _hold(self, series: Series) -> str:
        return series.day if self.chosen is None else series.hour(self.chosen)

    def _max(self, selector: str, window: str, ahead: int) -> str:
        """In the window before the last moment of the unit that comes so many later."""
        offset = f"{duration(ahead * self.unit.seconds) if ahead else ''}{self.unit.last}"
        return f"max by({self.series.keys})(max_over_time({selector}[{window}] offset -{offset}))"

    @staticmethod
    def _if(values: str, label: str) -> str:
        """`values` if this is the unit with the label."""
        return f"({values} and on() vector(time())=={label})"
