"""Values that the queries need: Grafana's hidden variables, each of which may use those before it."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.queries.cells import known_births
from dashboards.queries.holds import LONGEST, NEWEST, Unit, days, hours, newest
from dashboards.queries.terms import (
    CHOSEN_DOMAIN,
    CHOSEN_USER,
    DAY,
    EASTMOST,
    HOUR,
    Chosen,
    Only,
    Range,
    Series,
    Windows,
    duration,
    quoted,
)
from exporter.catalogue import CONNECTIONS, MEASURES, Scope

WHOLE, EVERYTHING, ZONE = Range(), Only(), Windows()
DAYS, HOURS = days(ZONE, WHOLE), hours(ZONE, WHOLE, Chosen())
MOST_ODD = 3  # servers that are named; if there are more, the longer windows are read for all
MONTH = 30 * DAY  # and six hours more: one selector reads less than 31 days
MONTHS = 13

INFO = "pop3_measure_quality_info"
LOWER_BOUND, NONE, NO_NONE = 'quality="lower_bound"', 'quality="none"', 'quality!="none"'
PSEUDO = ("unknown", "_other")
OFFSET, SMALLEST = "pop3_site_utc_offset_seconds", "pop3_site_utc_offset_smallest_seconds"
CLOCK = "pop3_exporter_time_seconds"
SCRAPED = f"max(max_over_time({CLOCK}[6h]))"  # as long as the steps in which it is looked for


@dataclass(frozen=True, slots=True)
class Lookup:
    """A variable: the value of the only row of `query`, or its label; `many`: of all rows, as one expression."""

    name: str
    query: str
    label: str = ""
    many: bool = False

    @property
    def regex(self) -> str:
        """Extracts the value from a row as Grafana writes it: labels in braces, value, milliseconds."""
        if not self.label:
            return r"/ (\d+) /"
        # A quotation mark inside a name is as it is; in a list, inside other queries, it would be an error.
        return f'/{self.label}="([^"]+)"/' if self.many else rf'/^{{{self.label}="(.+)"}} \S+ \d+$/'


def newest_sample() -> tuple[Lookup, ...]:
    """`$until`, the newest sample in the range, found from one near it: `this year` ends months in the future."""
    looks = (f"max_over_time(({SCRAPED})[30d:6h]{_offset(months * MONTH)})" for months in range(MONTHS + 1))
    around = f"floor({' or '.join(looks)} or vector({WHOLE.end})) + {DAY}"
    newest = f"clamp_max(floor(max(max_over_time({CLOCK}[1d6h] @ $around))) + 60,{WHOLE.end}-1)"
    until = f"{newest} >= {WHOLE.begin} or vector({WHOLE.end}-1)"  # an older sample is not shown as if it were new
    return Lookup("around", around), Lookup("until", until)


def watched() -> tuple[Lookup, ...]:
    """`$watched`, when Prometheus last scraped or evaluated in the range: also without any exporter it goes on."""
    seen = 'max(timestamp(up{job=~"pop3.*"}) or timestamp(ALERTS{alertname=~"POP3.*"}))'
    looks = (f"max_over_time(({seen})[30d:6h]{_offset(months * MONTH)})" for months in range(MONTHS + 1))
    looked = f"floor({' or '.join(looks)} or vector({WHOLE.until})) + {6 * HOUR}"
    newest = f"max_over_time(({seen})[6h:1m] @ $looked) or vector({WHOLE.until})"
    inside = f"floor(clamp_max(clamp_min({newest},{WHOLE.until}-60),{WHOLE.end}-1))"
    return Lookup("looked", looked), Lookup("watched", inside)


def zone() -> tuple[Lookup, ...]:
    """The variables of `Windows`; for a site without a time zone, those of UTC."""
    smallest = f"min(min_over_time({SMALLEST}[{NEWEST}] @ {WHOLE.until}))"
    return (
        Lookup("west", f"{EASTMOST} - {smallest} or vector({EASTMOST})"),
        Lookup("quarter", f"({EASTMOST} - {smallest}) % {HOUR} or vector(0)"),
    )


def known(*, with_hours: bool = True) -> tuple[Lookup, ...]:
    """The variables of `Range`; `with_hours`: whether hours may be chosen."""
    seen = f"vector({WHOLE.first}+{ZONE.lead}+{DAY - HOUR - 120})"
    next_day = f"floor(max(max_over_time({CLOCK}[1d] @ {WHOLE.today} offset -1d{DAYS.over})))"
    return (
        Lookup("began", _began()),
        Lookup("through", _through()),
        Lookup("today", _date(WHOLE.through)),
        Lookup("now", _date(WHOLE.until)),
        Lookup("oldest", _oldest()),
        Lookup("first", _first()),
        Lookup("extent", f"clamp_min(vector({WHOLE.today}-{WHOLE.first}),0) + 1"),
        Lookup("seen", f"clamp_max({seen},{WHOLE.until})"),
        Lookup("after", f"{next_day} + 60 or vector({WHOLE.until})"),
        *_odd("odd", DAYS),
        *_gaps(),
        *(_hours() if with_hours else ()),
    )


def _gaps() -> tuple[Lookup, ...]:
    """The variables of `Range` for how much more must be read because a server was not scraped."""
    running = f"max by(server)(max_over_time({_told(DAYS.odd, DAYS)}[{NEWEST}] @ {WHOLE.after}))"
    ended, grown = f"{_over(DAYS, 'max')} unless on(server) {running}", f"max({_over(DAYS, 'min')})"
    return (
        Lookup("gap", _longest(DAYS)),
        Lookup("ago", f"clamp_min({WHOLE.after}-min({ended})-({ZONE.lead}),7200) or vector(7200)"),
        Lookup("grown", f"{grown}+{ZONE.lead}+{DAY} or vector({WHOLE.after})"),
        Lookup("young", f"clamp_min({grown}-{WHOLE.first},0)+{DAY} or vector({DAY})"),
    )


def range_before() -> tuple[Lookup, ...]:
    """The range of the same length before this one: its beginning, its first date, and the end of the comparison."""
    earlier = f"floor(vector($before-({ZONE.lead})+{DAY // 2})/{DAY})*{DAY}"
    over = f"vector({WHOLE.begin}) and on() (vector({WHOLE.until}) >= {WHOLE.end}-{HOUR})"
    return (
        Lookup("before", f"vector({WHOLE.begin} - {WHOLE.length})"),
        Lookup("earlier", earlier),
        # If this range is not over, up to the same point; else up to its first date, which is 0 if it is not.
        Lookup("then", f"({over}) or vector($before+{WHOLE.until}-{WHOLE.begin})"),
        Lookup("whole", f"vector({WHOLE.first}) and on() (vector($then)>={WHOLE.begin}) or vector(0)"),
    )


def bounds(only: Only = EVERYTHING) -> str:
    """The measures (label `measure`) of which some server logs only a part: numbers are at least so large.

    If a server logs one of the two halves of the bandwidth, the bandwidth is a bound.
    """

    def told(*matchers: str) -> str:
        return f"max by(server,measure)(last_over_time({INFO}{{{only.matchers(*matchers)}}}[3h] @ {WHOLE.until}))"

    halves = 'measure=~"(received|sent)_bytes"'
    half = f"{told(halves, NO_NONE)} and on(server) ({told(halves, NONE)} unless {told(halves, NO_NONE)})"
    return f"max by(measure)({told(LOWER_BOUND)} or {half})"


def busiest_domains(chosen: str = CHOSEN_DOMAIN) -> str:
    """All domains (label `domain`), those with the most connections ever first; those of ended servers, too.

    The pseudo-domains come last; `chosen`, the variable's own value, is always among them.
    """
    series = Series(Scope.DOMAIN, MEASURES[CONNECTIONS])
    known = f"sum by(domain)({newest(series, series.total, WHOLE.until)} or 0*({known_births(series, WHOLE)}))"
    pseudo = " or ".join(_named("domain", name) for name in PSEUDO)
    return f"sort_desc(({known} unless on(domain) ({pseudo})) or 0*{known}-1 or {_named('domain', chosen)}-2)"


def busiest_users(domain: str = CHOSEN_DOMAIN, chosen: str = CHOSEN_USER) -> str:
    """All users of a domain (label `user`), the busiest first; `chosen` among them if it is a name in that domain."""
    series = Series(Scope.USER, MEASURES[CONNECTIONS], Only(domain=domain))
    known = f"sum by(user)({newest(series, series.total, WHOLE.until)} or 0*({known_births(series, WHOLE)}))"
    without = f'label_replace({_named("user", chosen)},"domain","unknown","","")'
    own = f'label_replace({without},"domain","$1","user",".*@(.*)") and on(domain) {_named("domain", domain)}'
    return f"sort_desc({known} or max by(user)({own})-2)"


def text_of(found: Sequence[str], lookup: Lookup) -> str:
    """The values of the rows as text for other queries, if they are numbers or plain names."""
    return "|".join(found) if lookup.many else next(iter(found), "")


def _began() -> str:
    """When the log of the servers begins; for viewers of single domains, when those were born."""
    servers, domains = (Series(scope, MEASURES[CONNECTIONS]) for scope in (Scope.SERVER, Scope.DOMAIN))
    ended = f"max by(server)(max_over_time({servers.born}[{LONGEST}:6h] @ {WHOLE.until}))"
    # Of servers that ended earlier: those that existed at the beginning of a month before.
    offsets = (f" offset {duration(months * MONTH)}" for months in range(1, MONTHS + 1))
    earlier = (f"max by(server)(max_over_time({servers.born}[{NEWEST}] @ {WHOLE.until}{offset}))" for offset in offsets)
    of_servers = " or ".join((newest(servers, servers.born, WHOLE.until), ended, *earlier))
    return f"floor(min({of_servers}) or min({newest(domains, domains.born, WHOLE.until)}) or vector(0))"


def _through() -> str:
    """The last second of a range that is over: the day after it shows its last hours, scraped or not."""
    is_over = f"max(max_over_time({CLOCK}[1d] @ {WHOLE.end} offset -1d))"
    return f"vector({WHOLE.end}-1) and on() {is_over} or vector({WHOLE.until})"


def _date(at: str) -> str:
    """A local date, as 00:00 UTC of it: decided by the clock at that moment, not by the season."""
    offset = f"max(last_over_time({OFFSET}[1h] @ {at})) or vector(-({ZONE.lead}))"
    return f"floor(({at}+({offset}))/{DAY})*{DAY}"


def asked() -> str:
    """The first date that begins in the range, as 00:00 UTC of it; of a range shorter than a day that of its begin."""
    begin = f"({WHOLE.begin}-({ZONE.lead}))"
    short = f"({WHOLE.length}<bool {DAY - HOUR})"
    # In summer a day begins an hour earlier.
    return f"{begin}+({DAY}-{begin}%{DAY})%{DAY}-{DAY}*({begin}%{DAY}>bool 0)*({begin}%{DAY}<bool {DAY - HOUR})*{short}"


def _oldest() -> str:
    """A sample less than six hours after the first that is known of the range, or of the month before it."""
    ahead = (f" offset -{duration(months * MONTH)}" if months else "" for months in range(MONTHS + 1))
    looks = (f"min_over_time(({SCRAPED})[30d:6h] @ {WHOLE.begin}{offset})" for offset in ahead)
    return f"floor({' or '.join(looks)} or vector(0))"


def _first() -> str:
    """The first date that begins in the range and about which something can be known, as 00:00 UTC of it."""
    known = f"clamp_min(min(min_over_time({CLOCK}[8h] @ $oldest)) or vector($oldest),$began)"
    return f"clamp_min(floor(({known}-({ZONE.lead}))/{DAY})*{DAY},{asked()})"


def _hours() -> tuple[Lookup, ...]:
    """The variables of `Range` for the hours that begin in it."""
    begin = f"clamp_min(vector({WHOLE.first}+{ZONE.lead}-{HOUR}),{WHOLE.begin})"
    extent = f"clamp_min(vector({WHOLE.last_hour}-{WHOLE.first_hour}),0) + 1"
    return (
        Lookup("first_hour", f"ceil(({begin}-{ZONE.quarter})/{HOUR})*{HOUR}"),
        Lookup("last_hour", f"floor(vector({WHOLE.through}-{ZONE.quarter})/{HOUR})*{HOUR}"),
        Lookup("this_hour", f"floor(vector({WHOLE.until}-{ZONE.quarter})/{HOUR})*{HOUR}"),
        Lookup("hours", extent),
        *_odd("odd_hours", HOURS),
        Lookup("lull", _longest(HOURS, f"{WHOLE.gap}+{DAY}")),
    )


def _odd(name: str, unit: Unit) -> tuple[Lookup, ...]:
    """The servers that were not scraped in each unit of the range, or not after it; all chosen ones if those are many.

    For all others, one window of each unit suffices: a name that such a server did not show then did not exist.
    """

    def seen(window: str) -> str:
        return f"max by(server)(max_over_time({_told('$server', unit)}{window}))"

    runs = f"({seen(f'[{NEWEST}] @ {WHOLE.until}')} and on() vector(time())=={unit.now})"
    later = seen(f"[1d22h] @ {WHOLE.end} offset -1d22h")
    next_unit = seen(unit.end(unit.near, unit.final))
    ever = f"max_over_time(({seen('[1h]')})[{unit.length}{unit.extent}s:6h] @ {WHOLE.until}) or {later}"
    each = f"count_over_time(({seen(unit.begin(unit.near))} or {runs})[{unit.grid}) or 0*({ever})"
    odd = f"({each}) != ({unit.final}-{unit.first})/{unit.seconds}+1 or ({later} unless {next_unit})"
    # As text: a list with more names than that stands for all.
    named = f'label_replace(label_replace(vector(1),"names","${name}","",""),"odd","none","","")'
    all_odd = f'max by(odd)(label_replace({named},"odd","$server","names","(.*[|]){{{MOST_ODD}}}.*"))'
    return (
        Lookup(name, f"topk({MOST_ODD + 1},{odd})", "server", many=True),
        Lookup(f"all_{name}", all_odd, "odd"),
    )


def _told(servers: str, unit: Unit) -> str:
    """A series that shows that a server was scraped."""
    matchers = Only(servers, step=unit.step).matchers('measure="connections"')
    return f"{INFO}{{{matchers}}}"


def _labels(unit: Unit) -> str:
    """The label of a unit, for each odd server that was scraped in it."""
    return f"0*max by(server)(max_over_time({_told(unit.odd, unit)}{unit.begin(unit.wide)}))+time()"


def _over(unit: Unit, how: str) -> str:
    """Of these labels, up to the unit after the last one, which shows how that ended."""
    return f"{how}_over_time(({_labels(unit)})[{unit.length}{unit.grid} offset -{unit.length})"


def _longest(unit: Unit, most: str = "") -> str:
    """The longest time without a scrape, in whole units and one more; for several gaps inside the range, their sum.

    `most`: no gap inside is longer.
    """
    first, seconds = _over(unit, "min"), unit.seconds
    inside = f"{_over(unit, 'max')}-{first}-({_over(unit, 'count')}-1)*{seconds}"
    before = f"max_over_time(({_labels(unit)})[30d:{unit.length}] @ {unit.first} offset {unit.length})"
    leading = f"{first}-({before} or {first}-{seconds})"
    return f"max({leading}+{f'clamp_max({inside},{most})' if most else inside}) or vector({seconds})"


def _named(label: str, name: str) -> str:
    """One row with this label."""
    return f'label_replace(vector(0),"{label}",{quoted(name)},"","")'


def _offset(seconds: int) -> str:
    return f" offset {duration(seconds)}" if seconds else ""
