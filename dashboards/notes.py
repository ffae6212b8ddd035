"""The remarks: why numbers are missing or not exact."""

from collections.abc import Sequence

from dashboards import links, panels, theme
from dashboards.dashboard import Zone
from dashboards.panels import Place
from dashboards.queries.lookups import asked
from dashboards.queries.terms import CHOSEN_DOMAIN, CHOSEN_USER, LEAD, Only, quoted
from dashboards.queries.totals import begins_in_a_day
from dashboards.targets import now
from exporter.catalogue import Scope

NOTES = 50
FINE = "No remarks: all numbers below are logged, and Prometheus has the whole range"
SCRAPED = "No remarks: Prometheus has samples of the last 24 hours"
NONE = "No remarks"
NOTHING = "No POP3 exporter was scraped in this range, and no history was imported"
IMPORTED = "Imported history only: the exporter was not scraped, so there are no live numbers"
AT_LEAST = "Numbers with ≥ or “or more” are lower bounds: the log has only part of what they count"
WHOLE_DAYS = (
    "Only whole days are counted, and this range does not begin at midnight in $1: choose whole days and that time zone"
)
SEEN = "last_over_time(pop3_exporter_time_seconds[1h] @ $until)"  # through a gateway, too
BYTES = 'measure=~"(received|sent)_bytes"'
SERVERS = 'server=~"$server"'
WHOSE = {
    links.DOMAIN: ("domain", CHOSEN_DOMAIN, Scope.DOMAIN, Only(domain=CHOSEN_DOMAIN)),
    links.USER: ("user", CHOSEN_USER, Scope.USER, Only(domain=CHOSEN_DOMAIN, user=CHOSEN_USER)),
}


DAYS_AWAY = "Days without a scrape: the last day of each gap has the numbers of the whole gap (see Exporter health)"
HOURS_AWAY = "Hours without a scrape: the last hour of each gap has the numbers of the whole gap (see Exporter health)"
QUOTED = "A name with a quotation mark is missing in the top 10: look for it in the tables of all"
AWAY = "No exporter was scraped in the $1 before now, or before the end of the range: the numbers are that old"
YOUNG = "Prometheus has no samples from a day ago: numbers for 24 hours begin with its first sample after that"


def notes(zone: Zone, place: Place, here: str = "") -> panels.Panel:
    """`here`: the dashboard; without one what is said of every log."""
    fine = FINE
    if here == links.SUSPICIOUS:
        said, fine = [*_zones(zone), _imported(), _young(), _away()], SCRAPED
    elif here:
        said = [*_zones(zone), _unlogged(), _begins(), _forgotten(), _whole_days(), _imported(), _at_least(), _gaps()]
        said.append(f"({_away()}) and on() (vector($through)<=$until)")  # else the day after has told the rest
        said += {links.USER: [], links.START: [_young()], links.DOMAINS: [_lulls(), _quotes()]}.get(here, [_lulls()])
    else:
        said, fine = [*_zones(zone), _unlogged(), _imported(), _away()], NONE
    return panels.stat(
        NOTES,
        "",
        place,
        "What to know about the numbers below, and why some are missing.",
        [
            *(now(ref, expr, "{{note}}") for ref, expr in zip("BCDEFGHIJKL", said, strict=False)),
            now("A", _fine(said, fine), "{{note}}"),
            now("N", f'label_replace(absent(max({SEEN})),"note","{NOTHING}","","")', "{{note}}"),
            *([now("W", _unknown(here), "{{note}}")] if here in WHOSE else []),
        ],
        unit=theme.NONE,
        options={
            "textMode": "name",
            "colorMode": "value",
            "orientation": "horizontal",
            "text": {"titleSize": 14, "valueSize": 13},
        },
        overrides=[panels.by_query("A", {"color": panels.fixed(theme.GREY)})],
        defaults={"noValue": " ", "color": panels.fixed(theme.ORANGE)},
        transparent=True,
    )


def _fine(said: Sequence[str], text: str) -> str:
    other = " or ".join(f"count({expr})" for expr in said)
    return f'label_replace(max({SEEN}) unless on() ({other}),"note","{text}","","")'


def _note(expr: str, text: str, label: str = "") -> str:
    """`expr` with the text in the label `note`, where $1 is the label's value."""
    return f'label_replace({expr},"note",{quoted(text)},"{label}","{"(.+)" if label else ""}")'


def _zones(zone: Zone) -> list[str]:
    """Of dashboards for one zone: that the exporter's is another."""
    if not zone.name:
        return []
    other = f'max by(time_zone)(last_over_time(pop3_site_info{{time_zone!="{zone.name}"}}[1h] @ $until))'
    text = f"These dashboards are for {zone.name}, but the exporter's days begin in $1: run `make dashboards`"
    return [_note(other, text, "time_zone")]


def _unlogged() -> str:
    none, some = _told(f'{BYTES},quality="none"'), _told(f'{BYTES},quality!="none"')
    return _note(
        f"{none} unless on(server) {some}",
        "$1 logs no bytes, so its bandwidth is missing (Dovecot: set pop3_logout_format)",
        "server",
    )


def _begins() -> str:
    """The log is younger than the range; half a day of patience, for servers that are quiet in the night."""
    began = f"vector($began-({LEAD}))"  # as the clocks of the site show it
    date = f"year({began})*10000+month({began})*100+day_of_month({began})"
    born = "(vector($began)>=${__from:date:seconds}+43200) and on() (vector($began)<${__to:date:seconds})"
    after = "(vector($began)>=${__to:date:seconds})"
    text = "The log begins on $1-$2-$3: nothing is known about earlier days"
    digits = f'count_values("date",{date} and on() ({born} or {after}))'
    return f'label_replace({digits},"note","{text}","date","(....)(..)(..)")'


def _forgotten() -> str:
    since = f"vector($first)>clamp_min(vector($began)-({LEAD}),{asked()})"
    missing = f"{since} and on() max({SEEN})"
    text = "Prometheus has no samples from the start of this range: earlier periods are missing (see Exporter health)"
    return _note(missing, text)


def _whole_days() -> str:
    zone = "max by(time_zone)(last_over_time(pop3_site_info[1h] @ $until))"
    return _note(f"{zone} and on() {begins_in_a_day()}", WHOLE_DAYS, "time_zone")


def _gaps() -> str:
    return _note("vector($gap)>86400", DAYS_AWAY)


def _lulls() -> str:
    return _note("vector($lull)>3600", HOURS_AWAY)


def _quotes() -> str:
    """Grafana (12.4) puts names into lists inside queries, where a quotation mark would be an error."""
    domains = f"max by(domain)(max_over_time({Scope.DOMAIN.first_seen}{{{SERVERS}}}[1h] @ $until))"
    # By a label of its own: a proxy that adds a matcher for `domain` refuses another one.
    marked = f'label_replace({domains},"quoted","yes","domain",`.*".*`)'
    odd = f'max by(quoted)({marked}) and on(quoted) label_replace(vector(1),"quoted","yes","","")'
    users = f'max(max_over_time({Scope.USER.first_seen}{{{SERVERS},user=~`.*".*`}}[1h] @ $until))'
    return _note(f"max({odd} or {users})", QUOTED)


def _young() -> str:
    yesterday = "max(last_over_time(pop3_exporter_time_seconds[1h] @ $until offset 24h))"
    return _note(f"max({SEEN}) unless on() {yesterday}", YOUNG)


def _away() -> str:
    """For how long, in minutes or, from three hours on, in hours."""
    told = (("minutes", 60, "> 5 < 180"), ("hours", 3600, ">= 3"))
    return " or ".join(
        _note(
            f'count_values("{unit}",floor(vector($watched-$until)/{size}) {bounds})',
            AWAY.replace("$1", f"$1 {unit}"),
            unit,
        )
        for unit, size, bounds in told
    )


def _imported() -> str:
    scraped = SEEN.replace("seconds[", 'seconds{instance!=""}[')
    return _note(f"max({SEEN}) unless on() max({scraped})", IMPORTED)


def _at_least() -> str:
    part, none, some = (
        _told('quality="lower_bound"'),
        _told(f'{BYTES},quality="none"'),
        _told(f'{BYTES},quality!="none"'),
    )
    return _note(f"max({part} or {none} and on(server) {some})", AT_LEAST)


def _told(matchers: str) -> str:
    """The servers of which this is said."""
    return f"max by(server)(last_over_time(pop3_measure_quality_info{{{SERVERS},{matchers}}}[1h] @ $until))"


def _unknown(here: str) -> str:
    """Of the chosen name, if any, there is no sample: not his, not there, or not yet."""
    label, name, scope, only = WHOSE[here]
    text = f"No {label} {name} in this range: it logged in later, or you have no access to it"
    chosen = f'(label_replace(vector(1),"name",{quoted(name)},"","") unless on(name) vector(1))'
    absent = f"absent(max(max_over_time({scope.first_seen}{{{only.matchers()}}}[4h] @ $until)))"
    return _note(f"{absent} and on() {chosen}", text)
