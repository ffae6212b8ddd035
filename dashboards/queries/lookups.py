"""Texts of Grafana's hidden query variables, with the regular expression that takes their value."""

from dashboards.queries.cells import born_by, counted
from dashboards.queries.terms import NEAR_WINDOW, QUARTER, SETTLING, Only, Range, Series, duration
from exporter.catalogue import CONNECTIONS, MEASURES, Scope

WHOLE, EVERYTHING = Range(), Only()
NEAR, LATER = duration(NEAR_WINDOW), duration(NEAR_WINDOW + SETTLING)

VARIABLE_NUMBER = r"/ (\d+) /"


def until(range_: Range = WHOLE) -> str:
    """The newest sample in the range: `this month` ends in the future, and holds are looked up by it."""
    newest = f"max(max_over_time(pop3_exporter_time_seconds[{range_.length}]))"
    return f"query_result(floor({newest}) + 60 or vector({range_.end}))"


def before(seconds: str = "${__range_s}", range_: Range = WHOLE) -> str:
    """The begin of the range of the same length before this one (a whole range ends one second before midnight)."""
    return f"query_result(vector({range_.begin} - {seconds} - 1))"


def alive(only: Only = EVERYTHING, range_: Range = WHOLE) -> str:
    """The servers (label `server`) that were scraped in the hours before the newest sample: none of them has ended."""
    return _scraped(only, f"{NEAR}] @ {range_.until}")


def steady(only: Only = EVERYTHING, range_: Range = WHOLE) -> str:
    """The servers that were scraped in the hours after the range's begin and, if at all later, after its end.

    Who was scraped then and did not show a name did not know it: what is missing in his samples is 0.
    """
    at_begin = _scraped(only, f"{NEAR}] @ {range_.begin} offset -{LATER}")
    at_end = _scraped(only, f"{NEAR}] @ {range_.end} offset -{LATER}")
    after_end = _scraped(only, f"4d] @ {range_.end} offset -4d2m")
    return f"{at_begin} unless on(server) ({after_end} unless on(server) {at_end})"


def unbroken(only: Only = EVERYTHING, range_: Range = WHOLE) -> str:
    """The servers that were scraped in each quarter of an hour of the range (but perhaps two), and just after its end.

    Where the range has not ended, up to its newest sample.
    """
    quarters = f"count_over_time({_scraped(only, '15m]')}[{range_.steps}:15m] @ {range_.end})"
    after_end = _scraped(only, f"15m] @ {range_.end} offset -17m")
    known = _scraped(only, f"4d] @ {range_.end} offset -4d2m")
    whole, begun = (f"({quarters} > ({end}-{range_.begin})/{QUARTER}-1" for end in (range_.end, range_.until))
    return f"{whole} and on(server) {after_end}) or {begun} unless on(server) {known})"


def _scraped(only: Only, window: str) -> str:
    """The servers of which a scrape in the window told what they log; everybody may ask that (see the gateway)."""
    told = only.matchers('measure="connections"')
    return f"max by(server)(last_over_time(pop3_measure_quality_info{{{told}}}[{window}))"


def busiest_domains(only: Only = EVERYTHING, range_: Range = WHOLE) -> str:
    """All domains (label `domain`), those with the most connections ever first; of servers that ended those known."""
    series = Series(Scope.DOMAIN, MEASURES[CONNECTIONS], only)
    return f"sort_desc(sum by(domain)({counted(series, range_)} or 0*{born_by(series, range_)}))"


def names(label: str, rows: str) -> tuple[str, str]:
    """A hidden variable of the values that `label` has in `rows`: query and regular expression."""
    return f"query_result({rows})", f'/{label}="([^"]+)"/'
