"""Values that the queries need: Grafana's hidden variables, each of which may use those before it."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.queries.cells import known_births
from dashboards.queries.holds import DAYS, HOURS, JUST_NOW, LONGEST, NEWEST, Unit, newest
from dashboards.queries.terms import (
    BEGIN,
    CHOSEN_DOMAIN,
    CHOSEN_USER,
    DAY,
    EASTMOST,
    END,
    HOUR,
    LEAD,
    STEPS,
    Only,
    Series,
    quoted,
)
from exporter.catalogue import CONNECTIONS, MEASURES, Scope

MOST_ODD = 3  # servers that are named; if there are more, the longer windows are read for all
MONTHS = 13  # of thirty days, for one selector reads less than 31

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


def newest_sample() -> Lookup:
    """`$until`, the newest sample in the range: `this year` ends months in the future."""
    newest = f"clamp_max(floor({SCRAPED} or {_looks(SCRAPED)}) + 60,{END}-1)"
    return Lookup("until", f"{newest} >= {BEGIN} or vector({END}-1)")  # an older one is not shown as if it were new


def watched() -> tuple[Lookup, ...]:
    """`$watched`, when Prometheus last scraped or evaluated in the range: also without any exporter it goes on."""
    seen = 'max(timestamp(up{job=~"pop3.*"}) or timestamp(ALERTS{alertname=~"POP3.*"}))'
    looked = f"floor({_looks(seen)} or vector($until)) + {6 * HOUR}"
    newest = f"max_over_time(({seen})[6h:1m] @ $looked) or vector($until)"
    inside = f"floor(clamp_max(clamp_min({newest},$until-60),{END}-1))"
    return Lookup("looked", looked), Lookup("watched", inside)


def zone() -> tuple[Lookup, ...]:
    """The variables of the site's zone; without one, those of UTC."""
    smallest = f"min(min_over_time({SMALLEST}[{NEWEST}] @ $until))"
    return (
        Lookup("west", f"{EASTMOST} - {smallest} or vector({EASTMOST})"),
        Lookup("quarter", f"({EASTMOST} - {smallest}) % {HOUR} or vector(0)"),
    )


def known(*, with_hours: bool = True) -> tuple[Lookup, ...]:
    """What is known of the range; `with_hours`: whether hours may be chosen."""
    seen = f"vector($first+{LEAD}+{DAY - HOUR - 120})"
    next_day = f"floor(max(max_over_time({CLOCK}[1d] @ $today offset -1d{DAYS.over})))"
    return (
        Lookup("began", _began()),
        Lookup("through", _through()),
        Lookup("today", f"floor({_clock('$through')}/{DAY})*{DAY}"),
        Lookup("fresh", _fresh(with_hours=with_hours)),
        Lookup("first", _first()),
        Lookup("extent", "clamp_min(vector($today-$first),0) + 1"),
        Lookup("seen", f"clamp_max({seen},$until)"),
        Lookup("after", f"{next_day} + 60 or vector($until)"),
        *_odd("odd", DAYS),
        *_gaps(),
        *(_hours() if with_hours else ()),
    )


def _gaps() -> tuple[Lookup, ...]:
    """How much more must be read because a server was not scraped."""
    running = f"max by(server)(max_over_time({_told(DAYS.odd, DAYS)}[{NEWEST}] @ $after))"
    ended = f"{_over(DAYS, 'max')} unless on(server) {running}"
    return (
        Lookup("gap", _longest(DAYS)),
        Lookup("ago", f"clamp_min($after-min({ended})-({LEAD}),7200) or vector(7200)"),
        Lookup("young", f"(clamp_min(max({_over(DAYS, 'min')})-$first,0) or vector(0))+{LEAD}+{DAY}"),
    )


def range_before() -> tuple[Lookup, ...]:
    """The range of the same length before this one: its first date, and the end of the comparison."""
    begin = f"{BEGIN}-${{__range_s}}"
    over = f"vector({BEGIN}) and on() (vector($until) >= {END}-{HOUR})"
    return (
        Lookup("earlier", f"floor(vector({begin}-({LEAD})+{DAY // 2})/{DAY})*{DAY}"),
        # If this range is not over, up to the same point; else up to its first date, which is 0 if it is not.
        Lookup("then", f"({over}) or vector($until-${{__range_s}})"),
        Lookup("whole", f"vector($first) and on() (vector($then)>={BEGIN}) or vector(0)"),
    )


def bounds() -> str:
    """The measures (label `measure`) of which some server logs only a part: numbers are at least so large.

    If a server logs one of the two halves of the bandwidth, the bandwidth is a bound.
    """

    def told(*matchers: str) -> str:
        return f"max by(server,measure)(last_over_time({INFO}{{{Only().matchers(*matchers)}}}[3h] @ $until))"

    halves = 'measure=~"(received|sent)_bytes"'
    half = f"{told(halves, NO_NONE)} and on(server) ({told(halves, NONE)} unless {told(halves, NO_NONE)})"
    return f"max by(measure)({told(LOWER_BOUND)} or {half})"


def busiest_domains() -> str:
    """All domains (label `domain`), those with the most connections ever first; those of ended servers, too.

    The pseudo-domains come last; the chosen one is always among them.
    """
    series = Series(Scope.DOMAIN, MEASURES[CONNECTIONS])
    known = f"sum by(domain)({newest(series, series.total)} or 0*({known_births(series)}))"
    pseudo = " or ".join(_named("domain", name) for name in PSEUDO)
    return f"sort_desc(({known} unless on(domain) ({pseudo})) or 0*{known}-1 or {_named('domain', CHOSEN_DOMAIN)}-2)"


def busiest_users() -> str:
    """All users of a domain (label `user`), the busiest first; the chosen one too, if it is in that domain."""
    series = Series(Scope.USER, MEASURES[CONNECTIONS], Only(domain=CHOSEN_DOMAIN))
    known = f"sum by(user)({newest(series, series.total)} or 0*({known_births(series)}))"
    without = f'label_replace({_named("user", CHOSEN_USER)},"domain","unknown","","")'
    own = f'label_replace({without},"domain","$1","user",".*@(.*)") and on(domain) {_named("domain", CHOSEN_DOMAIN)}'
    return f"sort_desc({known} or max by(user)({own})-2)"


def text_of(found: Sequence[str], lookup: Lookup) -> str:
    """The values of the rows as text for other queries, if they are numbers or plain names."""
    return "|".join(found) if lookup.many else next(iter(found), "")


def _began() -> str:
    """When the log of the servers begins; for viewers of single domains, when those were born."""
    servers, domains = (Series(scope, MEASURES[CONNECTIONS]) for scope in (Scope.SERVER, Scope.DOMAIN))
    ended = f"max by(server)(max_over_time({servers.born}[{LONGEST}:6h] @ $until))"
    # Of servers that ended earlier: those that existed at the beginning of a month before.
    offsets = (f" offset {30 * months}d" for months in range(1, MONTHS + 1))
    earlier = (f"max by(server)(max_over_time({servers.born}[{NEWEST}] @ $until{offset}))" for offset in offsets)
    of_servers = " or ".join((newest(servers, servers.born), ended, *earlier))
    return f"floor(min({of_servers}) or min({newest(domains, domains.born)}) or vector(0))"


def _through() -> str:
    """The last second of a range that is over: the day after it shows its last hours, scraped or not."""
    is_over = f"max(max_over_time({CLOCK}[1d] @ {END} offset -1d))"
    return f"vector({END}-1) and on() {is_over} or vector($until)"


def _clock(at: str) -> str:
    """What the site's clocks show at that moment, whatever the season, as if it were UTC."""
    return f"({at}+(max(last_over_time({OFFSET}[1h] @ {at})) or vector(-({LEAD}))))"


def _fresh(*, with_hours: bool) -> str:
    """For how long the newest sample has been in the last date of the range, at most two hours; or in the last hour."""
    hour = f"vector(($through-${{quarter}})%{HOUR}) and on() vector($step)=={STEPS['Hour']}"
    begun = f"({f'{hour} or ' if with_hours else ''}{_clock('$through')}%{DAY})"
    return f"clamp_min(clamp_max({begun}+1-($through-$until),{2 * HOUR}),1)"


def asked() -> str:
    """The first date that begins in the range, as 00:00 UTC of it; of a range shorter than a day that of its begin."""
    begin = f"({BEGIN}-({LEAD}))"
    short = f"(${{__range_s}}<bool {DAY - HOUR})"
    # In summer a day begins an hour earlier.
    return f"{begin}+({DAY}-{begin}%{DAY})%{DAY}-{DAY}*({begin}%{DAY}>bool 0)*({begin}%{DAY}<bool {DAY - HOUR})*{short}"


def _first() -> str:
    """The first known date that begins in the range, or in which the range lies, as 00:00 UTC of it."""
    # The oldest sample of the month before the range, or of the first month after its beginning that has one.
    ahead = (f" offset -{30 * months}d" if months else "" for months in range(MONTHS + 1))
    oldest = (f"min_over_time((min(min_over_time({CLOCK}[6h])))[30d:6h] @ {BEGIN}{offset})" for offset in ahead)
    known = f"clamp_min({' or '.join(oldest)} or vector(0),$began)"
    asked_for = f"clamp_max(vector({asked()}),$today)"
    return f"clamp_min(floor(({known}-({LEAD}))/{DAY})*{DAY},scalar({asked_for}))"


def _hours() -> tuple[Lookup, ...]:
    """The hours that begin in the range."""
    begin = f"clamp_min(vector($first+{LEAD}-{HOUR}),{BEGIN})"
    extent = "clamp_min(vector($last_hour-$first_hour),0) + 1"
    return (
        Lookup("first_hour", f"ceil(({begin}-${{quarter}})/{HOUR})*{HOUR}"),
        Lookup("last_hour", f"floor(vector($through-${{quarter}})/{HOUR})*{HOUR}"),
        Lookup("hours", extent),
        *_odd("odd_hours", HOURS),
        Lookup("lull", _longest(HOURS, f"${{gap}}+{DAY}")),
    )


def _odd(name: str, unit: Unit) -> tuple[Lookup, ...]:
    """The servers that were not scraped in each unit of the range, or not after it; all chosen ones if those are many.

    For all others, one window of each unit suffices: a name that such a server did not show then did not exist.
    """

    def seen(window: str) -> str:
        return f"max by(server)(max_over_time({_told('$server', unit)}{window}))"

    runs = f"({seen(JUST_NOW)} and on() vector(time())=={unit.final})"
    later = seen(f"[1d22h] @ {END} offset -1d22h")
    next_unit = seen(unit.end(unit.near, unit.final))
    ever = f"max_over_time(({seen('[6h]')})[{unit.length}{unit.extent}s:6h] @ $until offset -6h) or {later}"
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


def _looks(values: str) -> str:
    """The largest of these values, in steps of six hours over the month before the range's end, or one before that."""
    offsets = (f" offset {30 * months}d" if months else "" for months in range(MONTHS + 1))
    return " or ".join(f"max_over_time(({values})[30d:6h]{offset})" for offset in offsets)
