"""Texts of Grafana's hidden query variables, with the regular expression that takes their value."""

from dashboards.queries.cells import born_by, counted
from dashboards.queries.terms import HOUR, NEAR_WINDOW, QUARTER, SETTLING, Only, Range, Series, duration
from exporter.catalogue import CONNECTIONS, MEASURES, Scope

WHOLE, EVERYTHING = Range(), Only()
NEAR, LATER = duration(NEAR_WINDOW), duration(NEAR_WINDOW + SETTLING)

LOWER_BOUND, NONE, NO_NONE = 'quality="lower_bound"', 'quality="none"', 'quality!="none"'
PSEUDO = ("unknown", "_other")
VARIABLE_NUMBER = r"/ (\d+) /"


def until(range_: Range = WHOLE) -> str:
    """The newest sample in the range: `this month` ends in the future, and holds are looked up by it."""
    newest = f"max(max_over_time(pop3_exporter_time_seconds[{range_.length}]))"
    return f"query_result(floor({newest}) + 60 or vector({range_.end}))"


def before(seconds: str = "${__range_s}", range_: Range = WHOLE) -> str:
    """The begin of the range of the same length before this one (a whole range ends one second before midnight)."""
    return f"query_result(vector({range_.begin} - {seconds} - 1))"


def then(range_: Range = WHOLE, start: str = "$before") -> str:
    """Up to when the range before is compared: to its end; if this one is not over, as far as that has come."""
    over = f"vector({range_.begin}) and on() (vector({range_.until}) >= {range_.end}-{HOUR})"
    return f"query_result(({over}) or vector({start}+{range_.until}-{range_.begin}))"


def began(only: Only = EVERYTHING, range_: Range = WHOLE) -> str:
    """When the log of the servers begins; whoever sees single domains only, sees when theirs were born."""
    servers, domains = (Series(scope, MEASURES[CONNECTIONS], only) for scope in (Scope.SERVER, Scope.DOMAIN))
    return f"query_result(floor(min({born_by(servers, range_)}) or min({born_by(domains, range_)}) or vector(0)))"


def bounds(only: Only = EVERYTHING, range_: Range = WHOLE) -> str:
    """The measures (label `measure`) of which the log of some server has only a part: numbers are at least so large.

    Where a server logs one of the two halves of the bandwidth, that one is called a bound.
    """
    info, window = "pop3_measure_quality_info", f"[{NEAR}] @ {range_.until}"

    def told(*matchers: str) -> str:
        return f"max by(server,measure)(last_over_time({info}{{{only.matchers(*matchers)}}}{window}))"

    halves = 'measure=~"(received|sent)_bytes"'
    half = f"{told(halves, NO_NONE)} and on(server) ({told(halves, NONE)} unless {told(halves, NO_NONE)})"
    return f"max by(measure)({told(LOWER_BOUND)} or {half})"


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


def busiest_domains(only: Only = EVERYTHING, range_: Range = WHOLE, chosen: str = "$domain") -> str:
    """All domains (label `domain`), those with the most connections ever first; of servers that ended those known.

    The pseudo-domains come last; `chosen`, which the variable asks of itself, is always among them.
    """
    series = Series(Scope.DOMAIN, MEASURES[CONNECTIONS], only)
    known = f"sum by(domain)({counted(series, range_)} or 0*{born_by(series, range_)})"
    pseudo = " or ".join(_named("domain", name) for name in PSEUDO)
    return f"sort_desc(({known} unless on(domain) ({pseudo})) or 0*{known}-1 or {_named('domain', chosen)}-2)"


def busiest_users(range_: Range = WHOLE, domain: str = "$domain", chosen: str = "$user") -> str:
    """All users of a domain (label `user`), the busiest first; `chosen` among them if it is a name of that domain."""
    series = Series(Scope.USER, MEASURES[CONNECTIONS], Only(domain=domain))
    known = f"sum by(user)({counted(series, range_)} or 0*{born_by(series, range_)})"
    without = f'label_replace({_named("user", chosen)},"domain","unknown","","")'
    own = f'label_replace({without},"domain","$1","user",".*@(.*)") and on(domain) {_named("domain", domain)}'
    return f"sort_desc({known} or max by(user)({own})-2)"


def _named(label: str, name: str) -> str:
    """One row with this label."""
    return f'label_replace(vector(0),"{label}","{name}","","")'


def names(label: str, rows: str) -> tuple[str, str]:
    """A hidden variable of the values that `label` has in `rows`: query and regular expression."""
    return f"query_result({rows})", f'/{label}="([^"]+)"/'
