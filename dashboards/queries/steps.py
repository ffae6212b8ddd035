"""One row per hour, day, week, month or quarter: instant queries at the end of the range."""

from collections.abc import Callable, Sequence
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


def _hour_key() -> str:
    return _if_step(f"vector(time()+{HOURS.lead})", "Hour")


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

        def cells(unit: Unit) -> str:
            chosen = [one.where(step=unit.step) for one in series]
            found = added(chosen, unit)
            return summed(logged(found, chosen) if only_logged else found, by)

        rows = self._rows(cells, by)
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
        begins = {DAYS: f"({day}>={BEGIN} or vector({BEGIN}+1))", HOURS: f"vector(time()+{HOURS.lead})"}
        rows = self._rows(lambda unit: f"{begins[unit]}*1000", how="min")
        return rows if known is None else f"({rows}) and on() max({known_births(known)})"

    @staticmethod
    def coverage() -> str:
        """Label `days`: `12 of 30`; value: the fraction of the period that is covered. No rows for hours and days."""
        # How many days of each period lie inside the range and have begun, and how many it has.
        days, whole = _over("vector(1)", DAYS, "sum"), _over(_whole_days(), DAYS, "max")
        covered = f'count_values by(period)("covered",{days})'
        length = f'count_values by(period)("length",{whole})'
        named = f"{covered}*on(period) group_left(length) {length}"
        return (
            f'max by(period,days)(label_join({named},"days"," of ","covered","length"))'
            f"*on(period) group_left() ({days}/on(period) {whole})"
        )

    def _rows(self, cell: Callable[[Unit], str], by: Sequence[str] = (), how: str = "sum") -> str:
        """Over the days, or the hours, of the range; evaluated at their labels, the steps of the subquery."""
        return " or ".join(_over(cell(unit), unit, how, by) for unit in (DAYS, HOURS) if unit is DAYS or self.hours)


def _whole_days() -> str:
    """How many days the week, month or quarter with the label has; nothing for days."""
    month, leap = "month()", "(year()%4==bool 0)"
    quarter = f"90+({month}>bool 3)+({month}>bool 6)+({month}<=bool 3)*{leap}"
    lengths = {"Week": "vector(7)", "Month": "days_in_month()", "Quarter": quarter}
    return f"({' or '.join(_if_step(days, name) for name, days in lengths.items())})"


def _over(cell: str, unit: Unit, how: str, by: Sequence[str] = ()) -> str:
    """The cells of each period."""
    labels, key = ",".join((*by, "period")), _day_key() if unit is DAYS else _hour_key()
    keyed = f'{cell} *on() group_left(period) count_values("period",{key})'
    return f"{how} by({labels})({how}_over_time(({keyed})[{unit.grid}))"
