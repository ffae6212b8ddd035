"""The increase over the whole range: from the beginning of its first day to the end of its last, or to now."""

from collections.abc import Callable, Sequence

from dashboards.queries.cells import known_births, logged, summed
from dashboards.queries.holds import DAYS, LONGEST, NEWEST, born, counter, hold, largest, odd_begin, odd_of
from dashboards.queries.terms import BEGIN, DAY, HOUR, LEAD, Only, Series
from exporter.catalogue import MEASURES, SENT_BYTES, Scope

OTHERS = "others"


def _begin(series: Sequence[Series]) -> str:
    """The counter at the beginning of the range's first day, which may be today; 0 for names born later."""
    odd, label = odd_of(series, DAYS), DAYS.first
    held = hold([one.where(but=DAYS.odd) for one in series], DAYS, f"[{NEWEST}] @ $seen")
    new = f"0*({born(series[0])}>={label}+{LEAD})"
    # Of names that are scraped only since some day of the range, the oldest hold that is known.
    oldest = "+".join(f"min_over_time({one.hold('day')}[${{young}}s] @ {label} offset -${{young}}s)" for one in odd)
    begun = largest(series[0], held, *odd_begin(odd, DAYS, label), new)
    return f"{begun} or min by({series[0].keys})({oldest})"


def _end(series: Sequence[Series]) -> str:
    """The counter at the end of the range: its last day's, or now; or when its server was last scraped."""
    now = counter(series, f"[{NEWEST}] @ $until"), counter(odd_of(series, DAYS), "[${ago}s] @ $until")
    return largest(series[0], *_held(series, DAYS.end, DAYS.final), *now)


def _held(series: Sequence[Series], window: Callable[[str, str], str], label: str) -> tuple[str, str]:
    """Arms: the hold where the day with the label begins, or ends (`window`)."""
    return hold(series, DAYS, window(DAYS.near, label)), hold(odd_of(series, DAYS), DAYS, window(DAYS.wide, label))


def total(series: Sequence[Series], by: Sequence[str], *, only_logged: bool = False) -> str:
    """The increase over the range, summed over the measures, by the labels `by`. Exact.

    `only_logged`: NaN if no server logs the measure.
    """
    cells = f"clamp_min(({_end(series)})-({_begin(series)}),0)"
    if not only_logged:
        return summed(cells, by)
    known = f"max by({','.join(by)})({known_births(series[0])})"
    return f"({summed(logged(cells, series), by)} or ({known})*NaN)"


def total_before(series: Sequence[Series], by: Sequence[str]) -> str:
    """The total of the days from `$earlier` to the range's first day.

    If this range is not over, the same part is compared: up to `$then`, as the scrapes saw it. No row if it is not
    known, or nobody was born when it began: a growth would mean nothing.
    """
    reached = largest(series[0], *_held(series, DAYS.begin, "$whole"), counter(series, "[1d] @ $then"))
    births, since = born(series[0]), f"$earlier+{LEAD}"
    begun = largest(series[0], *_held(series, DAYS.begin, "$earlier"), f"0*({births}>={since})")
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


def shares(series: Sequence[Series], largest: str) -> str:
    """The totals of the domains that match the regular expression, and of all others as the domain `others`."""
    everybody = [one.where(domains=None) for one in series]
    whole = total(everybody, ["domain"])
    named = f'label_replace({whole},"share","{OTHERS}","","")'
    named = f'label_replace({named},"share","$1","domain","({largest})")'
    return f'max by(domain)(label_replace(sum by(share)({named}),"domain","$1","share","(.*)"))>0'


def ends(by: Sequence[str]) -> str:
    """Ends of connections in the range by `by` (end, reason); without holds: exact within one scrape at each side."""
    chosen = Only().matchers()
    ends, births = f"pop3_session_ends_total{{{chosen}}}", f"{Scope.SERVER.first_seen}{{{chosen}}}"
    return summed(_while_scraped(ends, "server,end,reason", births, "server"), by)


def taken(only: Only) -> str:
    """The bytes sent in whole days, exactly; in any other range within one scrape at each side. NaN: not logged."""
    series = Series(Scope.USER, MEASURES[SENT_BYTES], only)
    days = total([series], [], only_logged=True)
    scraped = _while_scraped(series.total, series.keys, series.born, series.keys)
    rest = summed(logged(scraped, [series]), [])
    return f"({days} unless on() {begins_in_a_day()}) or {rest}"


def begins_in_a_day() -> str:
    """A row unless the range begins at midnight: its smallest distance from UTC away, or in summer an hour more."""
    return f"(vector(({BEGIN}-({LEAD}))%{DAY})>0!={DAY - HOUR})"


def _while_scraped(counter: str, keys: str, births: str, whose: str) -> str:
    """What the scrapes of the range saw a counter grow; since 0 if `whose` (labels) birth lies in the range."""
    now = f"max by({keys})(max_over_time({counter}[2d] @ $until))"
    begin = f"max by({keys})(max_over_time({counter}[1d] @ {BEGIN}))"
    born = f"max by({whose})(max_over_time({births}[4d] @ $until))>={BEGIN}"
    new = f"0*({now} and on({whose}) ({born}))"
    known = f"min by({keys})(min_over_time({counter}[{LONGEST}:6h] @ {BEGIN} offset -{LONGEST}))"
    young = f"min by({keys})(min_over_time({counter}[{LONGEST}:6h] @ $until))"
    newly = f"min by({keys})(min_over_time({counter}[6h] @ $until))"
    return f"clamp_min({now}-({begin} or {new} or {known} or {young} or {newly}),0)"


def top(count: int, values: str) -> str:
    """The largest `count` rows."""
    return f"topk({count},{values})"
