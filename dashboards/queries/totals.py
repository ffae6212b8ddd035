"""What the whole range added: the days that begin in it."""

from collections.abc import Sequence
from dataclasses import replace

from dashboards.queries.cells import NEAR, born_by, counted, logged, or_not_logged, summed
from dashboards.queries.terms import DAY_WINDOW, FALLBACK_STEP, SETTLING, Only, Range, Series, duration
from exporter.catalogue import Scope

WHOLE, EVERYTHING = Range(), Only()
OTHERS = "others"


def _held(series: Series, at: str, window: int = DAY_WINDOW) -> str:
    """The hold as any scrape of the day that begins there shows it."""
    hold = f"{series.day}[{duration(window)}] @ {at} offset {duration(-window - SETTLING)}"
    return f"max by({series.keys})(max_over_time({hold}))"


def _searched(series: Series, at: str, born: str) -> str:
    """Where nothing was scraped that day: 0 for who was not born, else the next hold that is known."""
    hold = f"{series.day}[4d] @ {at} offset -4d2m"
    return f"0*({born}>={at}) or min by({series.keys})(min_over_time({hold}))"


def _growth(series: Series, range_: Range, window: int) -> str:
    """What the range added, per key."""
    keys, born = series.keys, born_by(series, range_)
    gone, missed = series.but(range_.alive), series.but(range_.steady)
    missed_born = born_by(missed, range_)
    now = counted(series, range_)
    ended = f"max by({keys})(max_over_time({gone.total}[{range_.length}] @ {range_.end}))"
    end = f"{_held(series, range_.end, window)} or {_searched(missed, range_.end, missed_born)} or {now} or {ended}"
    # Prometheus may know less than the range asks for: the oldest hold it has, on its first hours the only one.
    oldest = f"min by({keys})(min_over_time({missed.day}[{range_.length}:{FALLBACK_STEP}] @ {range_.end}))"
    only = f"min by({keys})(min_over_time({missed.day}[{NEAR}] @ {range_.until}))"
    begin = f"{_held(series, range_.begin, window)} or {_searched(missed, range_.begin, missed_born)}"
    return f"clamp_min(({end})-({begin} or {oldest} or {only} or 0*{born}),0)"


def total(
    series: Sequence[Series],
    by: Sequence[str],
    range_: Range = WHOLE,
    *,
    only_logged: bool = False,
    window: int = DAY_WINDOW,
) -> str:
    """What the range added, summed over the measures, by the labels `by`. Exact.

    `only_logged`: NaN where no server logs the measure. `window`: how many seconds of the days at the range's begin
    and end are read; with NEAR_WINDOW lines more than 3 hours late count for the day they came in.
    """
    cells = [_growth(one, range_, window) for one in series]
    if not only_logged:
        return summed(cells, by)
    known = f"max by({','.join(by)}){born_by(series[0], range_)}"
    return or_not_logged(logged(cells, series, by, range_), known)


def total_before(
    series: Sequence[Series], by: Sequence[str], begin: str, then: str = "$then", range_: Range = WHOLE
) -> str:
    """The total of the range from `begin` (a variable or UNIX seconds) to the range's begin.

    `then`: where it ends, if earlier, as the scrapes saw it: this range is not over, and the same part is compared.
    No row where it is not known, or nobody was born when it began: growth since then would say nothing.
    """

    def held(one: Series, at: str) -> str:
        return f"({_held(one, at)} or {_searched(one, at, born_by(one, range_))})"

    def reached(one: Series) -> str:
        over = f"({held(one, range_.begin)} and on() (vector({then})>={range_.begin}))"
        counter = f"max by({one.keys})(last_over_time({one.total}[1d] @ {then}))"
        return f"({over} or {counter} and on() (vector({then})<{range_.begin}))"

    added = summed([f"clamp_min({reached(one)}-{held(one, begin)},0)" for one in series], by)
    return f"({added} and on() (min({born_by(series[0], range_)})<={begin}))"


def with_change(total: str, before: str) -> str:
    """One row: the total, with its growth against the range before as text in the label `change` (if known)."""
    percent = f'count_values("percent",round(100*({total}/({before}>0)-1)))'
    signed = f'label_replace({percent},"change","+$1 % vs. before","percent","([0-9]+)")'
    signed = f'label_replace({signed},"change","-$1 % vs. before","percent","-([0-9]+)")'
    return f"({total})*on() group_left(change) ({signed} or on() vector(1))"


def with_total(rows: str, total: str, by: str) -> str:
    """The rows with the label `total`, that of their name in the label `by`: to sort by."""
    return f'({rows})*on({by}) group_left(total) count_values by({by})("total",{total})'


def shares(series: Sequence[Series], largest: str, range_: Range = WHOLE) -> str:
    """The totals of the domains that the regular expression names, and of all others as the domain `others`."""

    def of(domains: str | None, but: str | None) -> list[Series]:
        return [replace(one, only=replace(one.only, domains=domains, but_domains=but)) for one in series]

    named, rest = total(of(largest, None), ["domain"], range_), total(of(None, largest), [], range_)
    return f'({named} or label_replace({rest},"domain","{OTHERS}","",""))>0'


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
    young = f"min by({keys})(min_over_time({ends}[{FALLBACK_STEP}] @ {range_.until}))"
    return f"sum by({','.join(by)})(clamp_min({now}-({begin} or {new} or {known} or {young}),0))"


def top(count: int, values: str) -> str:
    """The largest `count` rows."""
    return f"topk({count},{values})"
