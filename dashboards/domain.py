"""The dashboard Domain: one domain and its users."""

from dashboards import links, names, panels, theme, variables
from dashboards.dashboard import Board, Zone
from dashboards.download import download
from dashboards.notes import notes
from dashboards.queries.terms import CHOSEN_DOMAIN, Only
from dashboards.report import Report
from exporter.catalogue import Scope

USERS, BUSIEST = 6, 7


def board(zone: Zone) -> Board:
    only = Only(domain=CHOSEN_DOMAIN)
    shown = Report(links.DOMAIN, zone, Scope.DOMAIN, only)
    users = Report(links.DOMAIN, zone, Scope.USER, only, theme.USERS)
    return Board(
        links.DOMAIN,
        "One domain: its report by hour, day, week, month or quarter, and its users.",
        zone,
        [
            variables.datasource(),
            variables.server(),
            *variables.newest(),
            *variables.known(zone.values, hours=True),
            variables.domain(),
            variables.step(hours=True),
            variables.chart(),
            *variables.range_before(),
        ],
        [
            *shown.totals((0, 0)),
            _busiest(users, (16, 3, 8, 3)),
            notes(zone, (0, 6, 22, 3), links.DOMAIN),
            download(links.DOMAIN),
            *shown.charts(9),
            _users(users, (0, 19, 24, 13)),
            shown.table(32),
        ],
    )


def _busiest(users: Report, place: panels.Place) -> panels.Panel:
    return names.busiest(
        BUSIEST,
        "User",
        place,
        users.total_targets("user"),
        users.joined("user"),
        goal=links.url(links.DOMAIN, links.USER, user=links.CLICKED),
    )


def _users(users: Report, place: panels.Place) -> panels.Panel:
    goal = links.url(links.DOMAIN, links.USER, user=links.CLICKED)
    return names.table(
        USERS,
        "Known users of $domain",
        place,
        "Totals of the range by user, without connections of unknown users. `_other`: users beyond the"
        " exporter's limit. Click a name to open the user.",
        source=BUSIEST,
        shown=users,
        overrides=[
            panels.named("User", "Open this user", goal),
            *names.beside_users(),
        ],
        empty="No known users in this range; see the remarks above, and users.series in the configuration.",
    )
