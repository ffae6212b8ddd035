"""What the whole range added: the days that begin in it."""

from collections.abc import Sequence
from dataclasses import replace

from dashboards.queries.cells import born_by, logged, or_not_logged, summed
from dashboards.queries.terms import FALLBACK_STEP, Only, Range, Series
from exporter.catalogue import Scope

WHOLE, EVERYTHING = Range(), Only()


def _hold_at(series: Series, at: str, born: str) -> str:
    keys = series.keys
    return (
        f"max by({keys})(max_over_time({series.day}[22h] @ {at} offset -22h2m))"
        f" or 0*({born}>={at})"
        f" or min by({keys})(min_over_time({series.day}[4d] @ {at} offset -4d2m))"
    )


def _growth(series: Series, range_: Range) -> str:
    """What the range added, per key."""
    keys, born = series.keys, born_by(series, range_)
    over_range = f"[{range_.length}:{FALLBACK_STEP}] @ {range_.end}"
    now = f"max by({keys})(last_over_time({series.total}[2d] @ {range_.until}))"
    gone = Series(series.scope, series.measure, replace(series.only, ended=range_.ended))
    ended = f"max by({keys})(max_over_time({gone.total}[{range_.length}] @ {range_.end}))"
    end = f"({_hold_at(series, range_.end, born)}) or {now} or {ended}"
    # The last arm of the begin: Prometheus knows less than the range asks for.
    begin = f"{_hold_at(series, range_.begin, born)} or min by({keys})(min_over_time({series.day}{over_range}))"
    return f"clamp_min(({end})-({begin}),0)"


def total(series: Sequence[Series], by: Sequence[str], range_: Range = WHOLE, *, only_logged: bool = False) -> str:
    """What the range added, summed over the measures, by the labels `by`. Exact.

    `only_logged`: NaN where no server logs the measure.
    """
    cells = [_growth(one, range_) for one in series]
    if not only_logged:
        return summed(cells, by)
    known = f"max by({','.join(by)}){born_by(series[0], range_)}"
    return or_not_logged(summed(logged(cells, series, range_), by), known)


def total_before(series: Sequence[Series], by: Sequence[str], begin: str, range_: Range = WHOLE) -> str:
    """The total of the range from `begin` (a variable or UNIX seconds) to the range's begin; unknown: no row."""

    def growth(one: Series) -> str:
        born = born_by(one, range_)
        return f"clamp_min(({_hold_at(one, range_.begin, born)})-({_hold_at(one, begin, born)}),0)"

    return summed([growth(one) for one in series], by)


def with_change(total: str, before: str) -> str:
    """One row: the total, with its growth against the range before as text in the label `change` (if known)."""
    percent = f'count_values("percent",round(100*({total}/({before}>0)-1)))'
    signed = f'label_replace({percent},"change","+$1 %","percent","([0-9]+)")'
    signed = f'label_replace({signed},"change","-$1 %","percent","-([0-9]+)")'
    return f"({total})*on() group_left(change) {signed} or on() {total}"


def ends(by: Sequence[str], only: Only = EVERYTHING, range_: Range = WHOLE) -> str:
    """Ends of connections in the range by `by` (end, reason); there are no holds: within one scrape at each side."""
    keys = "server,end,reason"
    ends = f"pop3_session_ends_total{{{only.matchers()}}}"
    births = f"{Scope.SERVER.first_seen}{{{only.matchers()}}}"
    now = f"max by({keys})(last_over_time({ends}[2d] @ {range_.until}))"
    begin = f"max by({keys})(last_over_time({ends}[1h] @ {range_.begin}))"
    born = f"max by(server)(last_over_time({births}[4d] @ {range_.until}))>={range_.begin}"
    new = f"0*({now} and on(server) ({born}))"
    known = f"min by({keys})(min_over_time({ends}[{range_.length}:{FALLBACK_STEP}] @ {range_.end}))"
    return f"sum by({','.join(by)})(clamp_min({now}-({begin} or {new} or {known}),0))"


def wide_total(series: Sequence[Series], by: Sequence[str], range_: Range = WHOLE) -> str:
    """The total over thousands of users: windows of 3 hours, exact unless lines or scrapes are that late."""

    def hold(one: Series, at: str) -> str:
        return (
            f"max by({one.keys})(max_over_time({one.day}[3h] @ {at} offset -3h2m))"
            f" or 0*(max by({one.keys})(last_over_time({one.born}[3h] @ {range_.until}))>={at})"
        )

    def growth(one: Series) -> str:
        now = f"max by({one.keys})(last_over_time({one.total}[3h] @ {range_.until}))"
        known = f"min by({one.keys})(min_over_time({one.day}[{range_.length}:{FALLBACK_STEP}] @ {range_.end}))"
        return f"clamp_min((({hold(one, range_.end)}) or {now})-({hold(one, range_.begin)} or {known}),0)"

    return summed([growth(one) for one in series], by)


def top(count: int, values: str) -> str:
    """The largest `count` rows."""
    return f"topk({count},{values})"
