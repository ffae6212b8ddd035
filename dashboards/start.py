"""The dashboard Start: what is happening now; a home page for operators."""

from grafanalib import core

from dashboards import frames, health, links, panels, suspicious, theme, variables
from dashboards.dashboard import Board, Zone
from dashboards.notes import notes
from dashboards.panels import Override, Place
from dashboards.queries import accounts
from dashboards.queries.terms import DAY, Only, Series
from dashboards.queries.totals import top, total
from dashboards.report import Report
from dashboards.targets import Quantity, exact, now, rows
from exporter.catalogue import CONNECTIONS, MEASURES, Scope

SERVERS, DOMAINS, UNUSED, UP, COUNTS = 4, 5, 6, 20, 21
TOP, LISTED = 10, 200
SPANS = (30, 90, 180, 365)  # days without a login
PERSON = ("domain", "user")


def board(zone: Zone) -> Board:
    shown = Report(links.START, zone, Scope.SERVER, Only())
    return Board(
        links.START,
        "What is happening now: all servers, firing alerts, the busiest domains and unused accounts.",
        zone,
        [
            variables.datasource(),
            variables.server(),
            *variables.newest(),
            *variables.known(zone.values),
            *variables.range_before(),
        ],
        [
            *shown.totals((0, 0)),
            health.exporters_up(UP, (16, 3, 8, 3)),
            notes(zone, (0, 6, 24, 3), links.START),
            suspicious.alerts(links.START, (0, 9, 24, 7)),
            _servers(shown, (0, 16, 24, 8)),
            _domains((0, 24, 12, 16)),
            *(_unused(at, days) for at, days in enumerate(SPANS)),
            _accounts((12, 30, 12, 10)),
        ],
        time=core.Time("now/d", "now/d"),
        refresh="1m",
    )


def _servers(shown: Report, place: Place) -> panels.Panel:
    """Today's numbers of each, and when its log last said something."""
    last = "max by(server)(max_over_time(pop3_exporter_last_event_timestamp_seconds[10m] @ $until))"
    fields = {"Value #S": "Last event", **shown.fields()}
    return panels.table(
        SERVERS,
        "Servers",
        place,
        "Totals of the range by server, and how old the newest event in its log is. Click a name to open Trend.",
        [*shown.total_targets("server"), rows("S", f"clamp_min($watched-{last},0)")],
        sort=(shown.titles[0], True),
        overrides=[
            panels.named("Server", "Open Trend", links.url(links.START, links.TREND, server=links.CLICKED)),
            panels.by_name(
                "Last event", {"unit": theme.SECONDS, "decimals": 0, "noValue": "not scraped", "custom.width": 95}
            ),
            *shown.looks(),
            shown.roomy(),
        ],
        transformations=[
            *frames.joined("server", fields, keep="Server"),
            frames.empty_for_nan(shown.titles),
            frames.following("bounds"),
        ],
        totals=shown.titles,
    )


def _domains(place: Place) -> panels.Panel:
    series = [Series(Scope.DOMAIN, MEASURES[CONNECTIONS])]
    title = theme.NEW_CONNECTIONS.title
    return panels.table(
        DOMAINS,
        "Busiest domains",
        place,
        f"The {TOP} domains with the most connections in the range. Click a name to open the domain.",
        [exact("A", f"{top(TOP, total(series, ['domain']))}>0", Quantity.TOP, series, ["domain"])],
        sort=(title, True),
        overrides=[
            panels.named("Domain", "Open this domain", links.url(links.START, links.DOMAIN, domain=links.CLICKED)),
            panels.column(theme.NEW_CONNECTIONS, bar=True),
        ],
        transformations=frames.columns({"domain": "Domain", "Value": title}),
    )


def _unused(at: int, days: int) -> panels.Panel:
    accounts_ = accounts.unused(PERSON)
    return panels.tile(
        COUNTS + at,
        f"Unused {days} d",
        (12 + 6 * (at % 2), 24 + 3 * (at // 2), 6, 3),
        f"Accounts without a login for {days} days; not known as long as the log is shorter.",
        now(
            "A", f"(count({accounts_}>={days}) or 0*count({accounts_})) and on() (vector($until-$began)>={days * DAY})"
        ),
        unit=theme.COUNT,
        looks={"noValue": "not known yet", "color": panels.fixed(theme.GREY)},
    )


def _accounts(place: Place) -> panels.Panel:
    return panels.table(
        UNUSED,
        "Unused accounts",
        place,
        f"Accounts without a login for {SPANS[0]} days or more, longest first; at most {LISTED}. `pop3-exporter"
        " report --by user --inactive DAYS` lists all.",
        [rows("A", f"{top(LISTED, accounts.unused(PERSON))}>={SPANS[0]}")],
        sort=("Days", True),
        overrides=[
            _open_user(),
            panels.hidden("Domain"),
            panels.by_name("Days", {"unit": theme.COUNT, "custom.width": 100}),
        ],
        transformations=frames.columns({"user": "User", "Value": "Days", "domain": "Domain"}),
        empty=f"No account is known to have been unused for {SPANS[0]} days.",
    )


def _open_user() -> Override:
    return panels.named("User", "Open this user", suspicious.user_of_domain(links.START), carry_range=False)
