"""User: what does this account do?"""

from dashboards import links, panels, report, theme, variables
from dashboards.dashboard import Board, Zone
from dashboards.download import download
from dashboards.notes import notes
from dashboards.queries import Only
from dashboards.report import Report
from dashboards.targets import Target, over_time
from exporter.catalogue import Scope

NETWORKS, RATE = 6, 7
SELECTED = '{server=~"$server",domain="$domain",user="$user"}'


def board(zone: Zone) -> Board:
    account = Only(domain="$domain", user="$user")
    shown = Report(links.USER, zone, Scope.USER, account, theme.ACCOUNT)
    tiles = Report(links.USER, zone, Scope.USER, account, theme.USERS)  # as many as fit side by side
    return Board(
        links.USER,
        "What does this account do? Its report by day, week, month or quarter, its logins, failures and networks.",
        zone,
        [
            variables.datasource(),
            variables.server(),
            variables.newest(),
            *variables.scraped(),
            variables.domain(),
            variables.user(),
            variables.step(hours=False),
            variables.chart(),
            *variables.range_before(),
            *variables.known(),
        ],
        [
            report.choices(links.USER),
            download(links.USER),
            notes(zone, (14, 0, 10, 2), links.USER),
            *tiles.totals((0, 2)),
            *shown.charts((0, 6, 16, 14), (16, 6, 8, 14)),
            shown.table((0, 20, 24, 11)),
            _networks(),
            _rate(),
        ],
    )


def _networks() -> panels.Panel:
    return panels.lines(
        NETWORKS,
        "Networks of successful logins",
        (0, 31, 12, 9),
        "Distinct networks (/24, /48) from which the account logged in during 24 hours. One that jumps is a warning.",
        [over_time("A", f"max(pop3_user_client_networks{SELECTED})", "Networks in 24 h")],
        unit=theme.COUNT,
        overrides=[panels.by_name("Networks in 24 h", {"color": panels.fixed(theme.CYAN), "decimals": 0})],
        custom={"lineInterpolation": "stepAfter", "fillOpacity": 20},
    )


def _rate() -> panels.Panel:
    def rate(ref: str, measure: str, title: str) -> Target:
        counter = f"pop3_user_{measure}_total{SELECTED}"
        return over_time(ref, f"sum(max by(server,domain,user)(rate({counter}[$__rate_interval])))*60", title)

    colours = {"Connections": theme.BLUE, "Logins": theme.CYAN, "Login failures": theme.PURPLE}
    return panels.lines(
        RATE,
        "Live rate",
        (12, 31, 12, 9),
        "Per minute, as the scrapes saw it: for watching, not for counting.",
        [
            rate("A", "connections", "Connections"),
            rate("B", "logins", "Logins"),
            rate("C", "login_failures", "Login failures"),
        ],
        unit="cpm",
        overrides=[panels.by_name(name, {"color": panels.fixed(colour)}) for name, colour in colours.items()],
    )
