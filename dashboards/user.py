"""The dashboard User: one account."""

from dashboards import links, panels, theme, variables
from dashboards.dashboard import Board, Zone
from dashboards.download import download
from dashboards.notes import notes
from dashboards.queries import accounts
from dashboards.queries.terms import CHOSEN_DOMAIN, CHOSEN_USER, Only
from dashboards.queries.totals import taken
from dashboards.report import Report
from dashboards.targets import WITHIN_A_SCRAPE, Target, now, over_time
from exporter.catalogue import Scope

NETWORKS, RATE, FIRST_FAILURE, TAKEN, ALERTS = 6, 7, 20, 21, 22
ACCOUNT = Only(domain=CHOSEN_DOMAIN, user=CHOSEN_USER)
FIRING = ('alertname=~"POP3.*"', 'alertstate="firing"')
SELECTED = f"{{{ACCOUNT.matchers()}}}"


def board(zone: Zone) -> Board:
    shown = Report(links.USER, zone, Scope.USER, ACCOUNT, theme.ACCOUNT)
    tiles = Report(links.USER, zone, Scope.USER, ACCOUNT, theme.USERS)  # as many as fit side by side
    return Board(
        links.USER,
        "One account: its report by day, week, month or quarter, its logins, failed logins and networks.",
        zone,
        [
            variables.datasource(),
            variables.server(),
            *variables.newest(),
            *variables.known(zone.values),
            variables.domain(),
            variables.user(),
            variables.step(hours=False),
            variables.chart(),
            *variables.range_before(),
        ],
        [
            *tiles.totals((0, 0)),
            notes(zone, (0, 6, 22, 3), links.USER),
            download(links.USER),
            _first_failure((0, 9, 6, 5)),
            _taken((0, 14, 6, 5)),
            _networks((6, 9, 9, 10)),
            _rate((15, 9, 9, 10)),
            _alerts((0, 19, 24, 5)),
            *shown.charts(24),
            shown.table(35),
        ],
    )


def _first_failure(place: panels.Place) -> panels.Panel:
    failed = f"sum(increase(pop3_user_login_failures_total{SELECTED}[$__rate_interval]))>0"
    first = f"min_over_time(timestamp({failed})[${{__range_s}}s:5m] @ $until)*1000"
    return panels.tile(
        FIRST_FAILURE,
        "First failed login",
        place,
        "When failed logins first rose in this range, to five minutes. Late lines count when they are read.",
        now("A", first),
        unit="dateTimeAsIso",
        looks={"noValue": "none while scraped", "color": panels.fixed(theme.GREY)},
    )


def _taken(place: panels.Place) -> panels.Panel:
    target = now("A", taken(ACCOUNT), "$bounds", WITHIN_A_SCRAPE)
    return panels.tile(
        TAKEN,
        "Downloaded",
        place,
        "Bytes sent to the account's clients in the range, that is, the mail that was read. A range that does not begin"
        " at midnight is counted from scrapes; all other numbers of this page are of whole days.",
        target,
        unit=theme.BYTES,
        looks={"noValue": "-", "color": panels.fixed(theme.GREY), "mappings": panels.CALM},
        overrides=panels.lower_bound(r"\bsent_bytes\b", theme.BYTES),
    )


def _alerts(place: panels.Place) -> panels.Panel:
    firing = f"ALERTS{{{ACCOUNT.matchers(*FIRING)}}}"
    return panels.timeline(
        ALERTS,
        "Alerts of this account",
        place,
        "When which alert fired, if Prometheus has loaded the rules. The page Suspicious accounts links to the"
        " runbooks, which say what to do.",
        over_time("A", accounts.fired(firing, "alertname"), "{{alertname}}"),
    )


def _networks(place: panels.Place) -> panels.Panel:
    title = "Networks in 24 h"
    return panels.lines(
        NETWORKS,
        "Networks of successful logins",
        place,
        "Distinct networks (/24, /48) from which the account logged in within 24 hours. A jump is a warning sign.",
        [over_time("A", f"max(max_over_time(pop3_user_client_networks{SELECTED}[$__rate_interval]))", title)],
        unit=theme.COUNT,
        overrides=[panels.by_name(title, {"color": panels.fixed(theme.CYAN), "decimals": 0})],
        custom={"lineInterpolation": "stepAfter", "fillOpacity": 20, "showPoints": "auto"},
        defaults={"noValue": panels.NOT_SCRAPED},
    )


def _rate(place: panels.Place) -> panels.Panel:
    def rate(ref: str, measure: str, title: str) -> Target:
        counter = f"pop3_user_{measure}_total{SELECTED}"
        return over_time(ref, f"sum(max by(server,domain,user)(rate({counter}[$__rate_interval])))*60", title)

    colours = {"Connections": theme.BLUE, "Logins": theme.CYAN, "Login failures": theme.PURPLE}
    return panels.lines(
        RATE,
        "Live rate",
        place,
        "Per minute, computed from scrapes: for watching, not for counting.",
        [
            rate("A", "connections", "Connections"),
            rate("B", "logins", "Logins"),
            rate("C", "login_failures", "Login failures"),
        ],
        unit=theme.PER_MINUTE,
        overrides=[panels.by_name(name, {"color": panels.fixed(colour)}) for name, colour in colours.items()],
        custom={"showPoints": "auto"},
        defaults={"noValue": panels.NOT_SCRAPED},
    )
