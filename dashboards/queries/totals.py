"""The increase over the whole range: from the beginning of its first day to the end of its last, or to now."""

from collections.abc import Sequence
from dataclasses import replace

from dashboards.queries.cells import known_births, logged, or_not_logged, summed
from dashboards.queries.holds import LONGEST, NEWEST, born, counter, days, hold, largest, odd_born
from dashboards.queries.terms import DAY, HOUR, Only, Range, Series, Windows
from exporter.catalogue import MEASURES, SENT_BYTES, Scope

WHOLE, EVERYTHING, ZONE = Range(), Only(), Windows()
OTHERS = "others"


def _held(series: Sequence[Series], label: str, range_: Range, windows: Windows) -> tuple[str, str]:
    """The hold of the day with the label, if it is known."""
    unit = days(windows, range_)
    # The first day may be today.
    near = f"[{NEWEST}] @ {range_.seen}" if label == range_.first else unit.begin(unit.near, label)
    regular = [one.without(range_.odd) for one in series]
    return hold(regular, unit, near), hold(_odd(series, range_), unit, unit.begin(unit.wide, label))


def _begin(series: Sequence[Series], range_: Range, windows: Windows) -> str:
    """The counter at the beginning of the range's first day; 0 for names born later."""
    odd, unit, label = _odd(series, range_), days(windows, range_), range_.first
    # If that day lies in a gap, the counter before it.
    before = counter(odd, unit.begin(unit.back, label))
    begun, gap = f"{label}+{unit.lead}", f"-{unit.gap}"
    new = f"0*({born(series[0], range_)}>={begun})", f"0*({odd_born(series[0], range_, range_.odd)}>={begun}{gap})"
    # Of names that are scraped only since some day of the range, the oldest hold that is known.
    oldest = "+".join(f"min_over_time({one.hold('day')}[{range_.young}s] @ {range_.grown})" for one in odd)
    arms = (*_held(series, label, range_, windows), before, *new)
    return f"{largest(series[0], *arms)} or min by({series[0].keys})({oldest})"


def _end(series: Sequence[Series], range_: Range, windows: Windows) -> str:
    """The counter at the end of the range: its last day's, or now; or when its server was last scraped."""
    odd, unit, label = _odd(series, range_), days(windows, range_), range_.today
    return largest(
        series[0],
        hold(series, unit, unit.end(unit.near, label)),
        hold(odd, unit, unit.end(unit.wide, label)),
        counter(series, f"[{NEWEST}] @ {range_.until}"),
        counter(odd, f"[{range_.ago}s] @ {range_.until}"),
    )


def _odd(series: Sequence[Series], range_: Range) -> list[Series]:
    return [one.odd(range_.odd) for one in series]


def _growth(series: Sequence[Series], range_: Range, windows: Windows) -> str:
    """The increase over the range, per key."""
    return f"clamp_min(({_end(series, range_, windows)})-({_begin(series, range_, windows)}),0)"


def total(
    series: Sequence[Series],
    by: Sequence[str],
    range_: Range = WHOLE,
    windows: Windows = ZONE,
    *,
    only_logged: bool = False,
) -> str:
    """The increase over the range, summed over the measures, by the labels `by`. Exact.

    `only_logged`: NaN if no server logs the measure.
    """
    cells = _growth(series, range_, windows)
    if not only_logged:
        return summed(cells, by)
    known = f"max by({','.join(by)})({known_births(series[0], range_)})"
    return or_not_logged(summed(logged(cells, series, range_), by), known)


def total_before(
    series: Sequence[Series],
    by: Sequence[str],
    begin: str = "$earlier",
    *,
    range_: Range = WHOLE,
    windows: Windows = ZONE,
) -> str:
    """The total of the days from `begin` (a variable or label) to the range's first day.

    If this range is not over, the same part is compared: up to `$then`, as the scrapes saw it. No row if it is not
    known, or nobody was born when it began: a growth would mean nothing.
    """
    reached = largest(series[0], *_held(series, "$whole", range_, windows), counter(series, "[1d] @ $then"))
    births, since = born(series[0], range_), f"{begin}+{windows.lead}"
    begun = largest(series[0], *_held(series, begin, range_, windows), f"0*({births}>={since})")
    return f"({summed(f'clamp_min({reached}-{begun},0)', by)} and on() (min({births})<={since}))"


def with_change(shown: str, total: str, before: str) -> str:
    """One row: the total, with its growth over the range before as text in the label `change`."""
    percent = f'count_values("percent",floor(100*({total}/({before}>0)-1)+0.5))'
    signed = f'label_replace({percent},"change","+$1 % vs. before","percent","([0-9]+)")'
    signed = f'label_replace({signed},"change","-$1 % vs. before","percent","-([0-9]+)")'
    return f"({shown})*on() group_left(change) ({signed} or on() vector(1))"


def with_total(rows: str, total: str, by: str) -> str:
    """The rows with the label `total`, that of their name in the label `by`: to sort by."""
    return f'({rows})*on({by}) group_left(total) count_values by({by})("total",{total})'


def shares(series: Sequence[Series], largest: str, range_: Range = WHOLE, windows: Windows = ZONE) -> str:
    """The totals of the domains that match the regular expression, and of all others as the domain `others`."""
    everybody = [replace(one, only=replace(one.only, domains=None)) for one in series]
    whole = total(everybody, ["domain"], range_, windows)
    named = f'label_replace({whole},"share","{OTHERS}","","")'
    named = f'label_replace({named},"share","$1","domain","({largest})")'
    return f'max by(domain)(label_replace(sum by(share)({named}),"domain","$1","share","(.*)"))>0'


def ends(by: Sequence[str], only: Only = EVERYTHING, range_: Range = WHOLE) -> str:
    """Ends of connections in the range by `by` (end, reason); without holds: exact within one scrape at each side."""
    ends = f"pop3_session_ends_total{{{only.matchers()}}}"
    births = f"{Scope.SERVER.first_seen}{{{only.matchers()}}}"
    return summed(_while_scraped(ends, "server,end,reason", births, "server", range_), by)


def taken(only: Only, range_: Range = WHOLE, windows: Windows = ZONE) -> str:
    """The bytes sent in whole days, exactly; in any other range within one scrape at each side. NaN: not logged."""
    series = Series(Scope.USER, MEASURES[SENT_BYTES], only)
    days = total([series], [], range_, windows, only_logged=True)
    scraped = _while_scraped(series.total, series.keys, series.born, series.keys, range_)
    rest = summed(logged(scraped, [series], range_), [])
    return f"({days} unless on() {begins_in_a_day(range_, windows)}) or {rest}"


def begins_in_a_day(range_: Range = WHOLE, windows: Windows = ZONE) -> str:
    """A row unless the range begins at midnight: its smallest distance from UTC away, or in summer an hour more."""
    return f"(vector(({range_.begin}-({windows.lead}))%{DAY})>0!={DAY - HOUR})"


def _while_scraped(counter: str, keys: str, births: str, whose: str, range_: Range) -> str:
    """What the scrapes of the range saw a counter grow; since 0 if `whose` (labels) birth lies in the range."""
    now = f"max by({keys})(max_over_time({counter}[2d] @ {range_.until}))"
    begin = f"max by({keys})(max_over_time({counter}[1d] @ {range_.begin}))"
    born = f"max by({whose})(max_over_time({births}[4d] @ {range_.until}))>={range_.begin}"
    new = f"0*({now} and on({whose}) ({born}))"
    known = f"min by({keys})(min_over_time({counter}[{LONGEST}:6h] @ {range_.begin} offset -{LONGEST}))"
    young = f"min by({keys})(min_over_time({counter}[{LONGEST}:6h] @ {range_.until}))"
    newly = f"min by({keys})(min_over_time({counter}[6h] @ {range_.until}))"
    return f"clamp_min({now}-({begin} or {new} or {known} or {young} or {newly}),0)"


def top(count: int, values: str) -> str:
    """The largest `count` rows."""
    return f"topk({count},{values})"
