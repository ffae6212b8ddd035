"""One row per hour, day, week, month or quarter: instant queries at the end of the range."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.queries.cells import born_by, logged, or_not_logged, summed
from dashboards.queries.terms import (
    DAY,
    DAY_WINDOW,
    HOUR,
    HOUR_WINDOW,
    SEARCH_WINDOW,
    STEP_FORMATS,
    Chosen,
    Range,
    Series,
    Windows,
    duration,
)

WHOLE, CHOSEN = Range(), Chosen()


def _clock(seconds: int) -> str:
    return f"(time(){seconds:+d})" if seconds else "time()"


def _ahead(seconds: int) -> str:
    """An offset into the future, left out when there is none."""
    return f" offset {duration(-seconds)}" if seconds else ""


def _held(series: Series, hold: str, window: int, shift: int) -> str:
    """The counter at the begin of a day or hour, relative to the evaluation time: as any scrape in it shows it."""
    return f"max by({series.keys})(max_over_time({hold}[{duration(window)}]{_ahead(window + shift)}))"


def _searched(series: Series, hold: str, shift: int, since: str) -> str:
    """Where nothing was scraped in it: 0 for who was not born, else the next hold that is known."""
    keys, ahead = series.keys, _ahead(SEARCH_WINDOW + shift)
    born = f"max by({keys})(last_over_time({series.born}[4d]{ahead}))"
    return f"0*({born}>={since}) or min by({keys})(min_over_time({hold}[4d]{ahead}))"


def _newest(series: Series, sample: str, window: int, shift: int) -> str:
    return f"max by({series.keys})(last_over_time({sample}[{duration(window)}]{_ahead(window + shift)}))"


def _day(series: Series, windows: Windows, range_: Range) -> str:
    """What one local day added, per key: next day's hold (today: the counter) minus the day's."""
    begin, shift, missed = -windows.offset, windows.shift, series.but(range_.unbroken)
    start, end = (
        f"{_held(series, series.day, DAY_WINDOW, at + shift)} or "
        f"{_searched(missed, missed.day, at + shift, _clock(at + begin))}"
        for at in (0, DAY)
    )
    now = f"{_newest(series, series.total, DAY, begin)} or {_newest(missed, missed.total, 3 * DAY, begin)}"
    return f"clamp_min(({end} or {now})-({start} or 0*{_newest(series, series.born, 2 * DAY, begin)}),0)"


def _hour(series: Series, windows: Windows, range_: Range, chosen: Chosen) -> str:
    """What one local hour added, per key."""
    begin, missed = windows.hour_lead, series.but(range_.unbroken)
    start, end = (
        f"{_held(series, series.hour(chosen), HOUR_WINDOW, at)} or "
        f"{_searched(missed, missed.hour(chosen), at, _clock(at))}"
        for at in (begin, begin + HOUR)
    )
    now = f"{_newest(series, series.total, HOUR, begin)} or {_newest(missed, missed.total, DAY, begin)}"
    return f"clamp_min(({end} or {now})-({start} or 0*{_newest(series, series.born, 2 * HOUR, begin)}),0)"


def _if_step(number: str, name: str, chosen: Chosen) -> str:
    """`number` if the chosen step is this one, else nothing: lets one query serve every step."""
    return (
        f'{number} and on() (label_replace(vector(1),"step","{chosen.format}","","")'
        f' and on(step) label_replace(vector(1),"step","{STEP_FORMATS[name]}","",""))'
    )


def _date(at: str, day: str) -> str:
    return f"year({at})*10000+month({at})*100+{day}"


def _day_key(chosen: Chosen) -> str:
    """The number of the period that holds the label at `time()`: its first date as YYYYMMDD."""
    now = "vector(time())"
    monday = f"({now}-((day_of_week({now})+6)%7)*86400)"
    keys = {
        "Day": _date(now, f"day_of_month({now})"),
        "Week": _date(monday, f"day_of_month({monday})"),
        "Month": _date(now, "1"),
        "Quarter": f"year({now})*10000+(3*ceil(month({now})/3)-2)*100+1",
    }
    return " or ".join(f"({_if_step(key, name, chosen)})" for name, key in keys.items())


def _hour_key(windows: Windows, chosen: Chosen) -> str:
    """The local hour's begin as UNIX time."""
    return _if_step(f"vector({_clock(windows.hour_lead)})", "Hour", chosen)


@dataclass(frozen=True, slots=True)
class Steps:
    """The queries of a step panel; all give rows that carry the label `period`, to be joined by it.

    `hours`: whether the step may be the hour (server and domain scope only).
    """

    windows: Windows
    range: Range = WHOLE
    chosen: Chosen = CHOSEN
    hours: bool = False

    def values(self, series: Sequence[Series], by: Sequence[str] = (), *, only_logged: bool = False) -> str:
        """The sum of the measures (one, or both of the bandwidth) by period and by the labels `by`. Exact.

        `only_logged`: NaN where no server logs the measure (without `by` only).
        """

        def part(cells: list[str]) -> str:
            return logged(cells, series, by, self.range) if only_logged else summed(cells, by)

        rows = self._by_day(part([_day(one, self.windows, self.range) for one in series]), "sum", by)
        if self.hours:
            hours = part([_hour(one, self.windows, self.range, self.chosen) for one in series])
            rows = f"{rows} or {self._by_hour(hours, 'sum', by)}"
        return or_not_logged(rows, self.begins(series[0])) if only_logged else rows

    def values_at_begin(self, series: Sequence[Series], by: Sequence[str]) -> str:
        """The same by `by`, with the label `begin`: when the period begins, in milliseconds. Exact."""
        begins = f'count_values by(period)("begin",{self.begins()})'
        return f"({self.values(series, by)})*on(period) group_left(begin) {begins}"

    def begins(self, known: Series | None = None) -> str:
        """When each period begins inside the range, in milliseconds: the Period column and the time axis.

        `known`: only if any of these series is known in the range.
        """
        days = self._by_day(f"vector({_clock(self.windows.lead)})*1000", "min", until=True)
        rows = days
        if self.hours:
            hours = self._by_hour(f"vector({_clock(self.windows.hour_lead)})*1000", "min", until=True)
            rows = f"{days} or {hours}"
        return rows if known is None else f"({rows}) and on() max({born_by(known, self.range)})"

    def days(self) -> str:
        """How many days of each period lie inside the range and have begun."""
        return self._by_day("vector(1)", "sum", until=True)

    def whole_days(self) -> str:
        """How many days each week, month or quarter has in all; no rows for days."""
        now = "vector(time())"
        month, leap = f"month({now})", f"(year({now})%4==bool 0)"
        quarter = f"90+({month}>bool 3)+({month}>bool 6)+({month}<=bool 3)*{leap}"
        lengths = {"Week": "vector(7)", "Month": f"days_in_month({now})", "Quarter": quarter}
        length = " or ".join(f"({_if_step(days, name, self.chosen)})" for name, days in lengths.items())
        return self._by_day(f"({length})", "max", until=True)

    def coverage(self) -> str:
        """Label `days`: `12 of 30`; value: the covered part of the period. No rows for hours and days."""
        days, whole = self.days(), self.whole_days()
        covered = f'count_values by(period)("covered",{days})'
        length = f'count_values by(period)("length",{whole})'
        named = f"{covered}*on(period) group_left(length) {length}"
        return (
            f'max by(period,days)(label_join({named},"days"," of ","covered","length"))'
            f"*on(period) group_left() ({days}/on(period) {whole})"
        )

    def _by_day(self, cell: str, how: str, by: Sequence[str] = (), *, until: bool = False) -> str:
        if until:
            cell = f"({cell} and on() (vector({_clock(-self.windows.offset)})<={self.range.until}))"
        cell = f"({cell} and on() (vector({_clock(DAY - self.windows.offset)})>{self.range.began}))"
        keyed = f'{cell} *on() group_left(period) count_values("period",{_day_key(self.chosen)})'
        return self._over(keyed, "1d", self.windows.alignment, how, by)

    def _by_hour(self, cell: str, how: str, by: Sequence[str] = (), *, until: bool = False) -> str:
        if until:
            cell = f"({cell} and on() (vector({_clock(self.windows.hour_lead)})<={self.range.until}))"
        cell = f"({cell} and on() (vector({_clock(HOUR + self.windows.hour_lead)})>{self.range.began}))"
        keyed = f'{cell} *on() group_left(period) count_values("period",{_hour_key(self.windows, self.chosen)})'
        return self._over(keyed, "1h", 60 + self.windows.hour_lead, how, by)

    def _over(self, keyed: str, step: str, shift: int, how: str, by: Sequence[str]) -> str:
        labels = ",".join((*by, "period"))
        return f"{how} by({labels})({how}_over_time(({keyed})[{self.range.steps}:{step}] offset {duration(shift)}))"
