"""One row per hour, day, week, month or quarter: instant queries at the end of the range."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.queries.cells import known_births, logged, summed
from dashboards.queries.holds import DAYS, HOURS, Unit, added, newest
from dashboards.queries.terms import BEGIN, DAY, LEAD, STEPS, Series


def _if_step(number: str, name: str) -> str:
    """`number` if the chosen step is this one, else nothing: one query serves every step."""
    return f"({number} and on() vector($step)=={STEPS[name]})"


def _day_key() -> str:
    """A number for the period that contains the label at `time()`; of days and weeks their first label."""
    weekday = f"((day_of_week()+6)%7)*{DAY}*($step==bool {STEPS['Week']})"  # 0 for days
    by_day = f"(vector(time())-{weekday} and on() {STEPS['Day']}<=vector($step)<={STEPS['Week']})"
    month, quarter = _if_step("year()*100+month()", "Month"), _if_step("year()*100+ceil(month()/3)", "Quarter")
    return f"{by_day} or {month} or {quarter}"


@dataclass(frozen=True, slots=True)
class Steps:
    """The queries of a step panel; all rows carry the label `period`, by which they are joined.

    `hours`: whether the step may be the hour (server and domain scope only).
    """

    hours: bool = False

    def values(self, series: Sequence[Series], by: Sequence[str] = (), *, only_logged: bool = False) -> str:
        """The sum of the measures (one, or both of the bandwidth) by period and by the labels `by`. Exact.

        `only_logged`: no rows if no server logs the measure, instead of 0.
        """

        def cells(series: Sequence[Series], unit: Unit) -> str:
            found = added(series, unit)
            return summed(logged(found, series) if only_logged else found, by)

        rows = self._by_day(cells(series, DAYS), "sum", by)
        if self.hours:
            of_hours = [one.where(step="$step") for one in series]
            rows = f"{rows} or {self._by_hour(cells(of_hours, HOURS), 'sum', by)}"
        if not only_logged:
            return rows
        # A row of no period, so that there is a column where others have rows.
        born = newest(series[0], series[0].born, "${ago}s", "$after")
        column = f'label_replace(NaN*max({born}),"period","none","","")'
        return f"({rows} or on() {column})"

    def values_at_begin(self, series: Sequence[Series], by: Sequence[str]) -> str:
        """The same by `by`, with the label `begin`: when the period begins, in milliseconds. Exact."""
        begins = f'count_values by(period)("begin",{self.begins()})'
        return f"({self.values(series, by)})*on(period) group_left(begin) {begins}"

    def begins(self, known: Series | None = None) -> str:
        """When each period begins inside the range, in milliseconds: the Period column and the time axis.

        Of a day in which the range begins, its first whole second: a chart draws nothing that comes before.
        `known`: only if any of these series is known in the range.
        """
        day = f"vector(time())+clamp_min(vector({LEAD}),0)"
        rows = self._by_day(f"({day}>={BEGIN} or vector({BEGIN}+1))*1000", "min")
        if self.hours:
            rows = f"{rows} or {self._by_hour(f'vector(time()+{HOURS.lead})*1000', 'min')}"
        return rows if known is None else f"({rows}) and on() max({known_births(known)})"

    def days(self) -> str:
        """How many days of each period lie inside the range and have begun."""
        return self._by_day("vector(1)", "sum")

    def whole_days(self) -> str:
        """How many days each week, month or quarter has in all; no rows for days."""
        month, leap = "month()", "(year()%4==bool 0)"
        quarter = f"90+({month}>bool 3)+({month}>bool 6)+({month}<=bool 3)*{leap}"
        lengths = {"Week": "vector(7)", "Month": "days_in_month()", "Quarter": quarter}
        length = " or ".join(_if_step(days, name) for name, days in lengths.items())
        return self._by_day(f"({length})", "max")

    def coverage(self) -> str:
        """Label `days`: `12 of 30`; value: the fraction of the period that is covered. No rows for hours and days."""
        days, whole = self.days(), self.whole_days()
        covered = f'count_values by(period)("covered",{days})'
        length = f'count_values by(period)("length",{whole})'
        named = f"{covered}*on(period) group_left(length) {length}"
        return (
            f'max by(period,days)(label_join({named},"days"," of ","covered","length"))'
            f"*on(period) group_left() ({days}/on(period) {whole})"
        )

    def _by_day(self, cell: str, how: str, by: Sequence[str] = ()) -> str:
        """Over the dates of the range; evaluated at their labels, which are the steps of the subquery."""
        return _over(cell, _day_key(), DAYS, how, by)

    def _by_hour(self, cell: str, how: str, by: Sequence[str] = ()) -> str:
        """Over the hours that begin in the range, from the first known day on."""
        return _over(cell, _if_step(f"vector(time()+{HOURS.lead})", "Hour"), HOURS, how, by)


def _over(cell: str, key: str, unit: Unit, how: str, by: Sequence[str]) -> str:
    """The cells of each period, whose number is `key`."""
    labels = ",".join((*by, "period"))
    keyed = f'{cell} *on() group_left(period) count_values("period",{key})'
    return f"{how} by({labels})({how}_over_time(({keyed})[{unit.grid}))"
