"""The dashboard Domains: all domains, the heaviest first."""

from dashboards import frames, links, looks, names, panels, theme, variables
from dashboards.dashboard import Board, Zone
from dashboards.download import download
from dashboards.notes import notes
from dashboards.queries.steps import Steps
from dashboards.queries.terms import BANDWIDTH, Only, Series
from dashboards.queries.totals import shares, top, total, with_total
from dashboards.report import Report
from dashboards.targets import Quantity, exact
from exporter.catalogue import CONNECTIONS, MEASURES, Scope

TABLE, SHARE, SHARE_BYTES, OVER_TIME, USERS, BUSIEST_DOMAIN, BUSIEST_USER = 3, 4, 5, 6, 7, 8, 9
TOP = 10


def board(zone: Zone) -> Board:
    shown = Report(links.DOMAINS, zone, Scope.DOMAIN, Only())
    connections = [Series(Scope.DOMAIN, MEASURES[CONNECTIONS])]
    size = [Series(Scope.DOMAIN, measure) for measure in BANDWIDTH]
    users = Report(links.DOMAINS, zone, Scope.USER, Only(users="$topusers"), theme.USERS)
    of_users = total([Series(Scope.USER, MEASURES[CONNECTIONS])], ["domain", "user"])
    return Board(
        links.DOMAINS,
        "All domains: the whole report, their shares, and the heaviest users.",
        zone,
        [
            variables.datasource(),
            variables.server(),
            variables.step(hours=True),
            variables.chart(),
            *variables.newest(),
            *variables.known(zone.values, hours=True),
            *variables.range_before(),
            variables.hidden_names("top", "domain", top(TOP, total(connections, ["domain"]))),
            variables.hidden_names("topbytes", "domain", f"{top(TOP, total(size, ['domain']))}>0"),
            variables.hidden_names("topusers", "user", top(TOP, of_users)),
        ],
        [
            *Report(links.DOMAINS, zone, Scope.SERVER, Only()).totals((0, 0)),
            _busiest_domain(shown, (16, 3, 8, 3)),
            notes(zone, (0, 6, 22, 3), links.DOMAINS),
            download(links.DOMAINS),
            _table(shown, (0, 9, 24, 17)),
            _share(SHARE, theme.NEW_CONNECTIONS, (0, 26, 12, 10), "Share of connections", "$top"),
            _share(SHARE_BYTES, theme.TRAFFIC, (12, 26, 12, 10), "Share of bandwidth", "$topbytes"),
            _over_time((0, 36, 24, 11)),
            _busiest_user(users, (0, 47, 24, 3)),
            _users(users, (0, 50, 24, 14)),
        ],
    )


def _busiest_domain(shown: Report, place: panels.Place) -> panels.Panel:
    return names.busiest(
        BUSIEST_DOMAIN,
        "Domain",
        place,
        shown.total_targets("domain"),
        shown.joined("domain"),
        goal=links.url(links.DOMAINS, links.DOMAIN, domain=links.CLICKED),
    )


def _table(shown: Report, place: panels.Place) -> panels.Panel:
    goal = links.url(links.DOMAINS, links.DOMAIN, domain=links.CLICKED)
    return names.table(
        TABLE,
        "Domains",
        place,
        "The totals of the range by domain. `unknown`: connections without a known domain; `_other`: domains"
        " beyond the exporter's limit. Click a name to open the domain.",
        source=BUSIEST_DOMAIN,
        shown=shown,
        overrides=[panels.named("Domain", "Open this domain", goal)],
    )


def _share(number: int, column: theme.Column, place: panels.Place, title: str, largest: str) -> panels.Panel:
    series = [Series(Scope.DOMAIN, measure, Only(domains=largest)) for measure in column.measures]
    return panels.pie(
        number,
        title,
        place,
        f"Shares of the {TOP} largest domains and of all others together.",
        [exact("A", shares(series, largest), Quantity.SHARES, series, ["domain"])],
        unit=column.unit,
        overrides=[panels.by_type("number", {"displayName": "${__data.fields.Domain}"})],
        transformations=[
            *frames.columns({"domain": "Domain", "Value": column.title}),
            frames.sorted_by(column.title, descending=True),
        ],
        empty=panels.NO_BYTES if column is theme.TRAFFIC else panels.NOTHING,
    )


def _over_time(place: panels.Place) -> panels.Panel:
    series = [Series(Scope.DOMAIN, MEASURES[CONNECTIONS], Only(domains="$top"))]
    steps = Steps(hours=True)
    rows = with_total(
        steps.values_at_begin(series, ["domain"]),
        total([Series(Scope.DOMAIN, MEASURES[CONNECTIONS])], ["domain"]),
        "domain",
    )
    return panels.lines(
        OVER_TIME,
        f"Top {TOP} domains by ${{step:text}}",
        place,
        "New connections by period, of the domains with the most connections in the range.",
        [exact("A", rows, Quantity.STEPS, series, ["domain"])],
        unit=theme.COUNT,
        overrides=looks.any_chart_styles(theme.NEW_CONNECTIONS),
        custom={"barAlignment": 1},
        calcs=["sum", "max"],
        legend="right",
        transformations=[
            # In the order of the pies, so that a domain has the same colour.
            frames.converted("total", "number"),
            frames.sorted_by("total", descending=True),
            {
                "id": "groupingToMatrix",
                "options": {"columnField": "domain", "rowField": "begin", "valueField": "Value", "emptyValue": "null"},
            },
            frames.converted("begin\\domain", "number"),  # text would be read as a date
            frames.converted("begin\\domain", "time"),
            frames.sorted_by("begin\\domain"),
            frames.following("chart", "bounds"),
        ],
    )


def _busiest_user(users: Report, place: panels.Place) -> panels.Panel:
    return names.busiest(
        BUSIEST_USER,
        "User",
        place,
        users.total_targets("domain", "user"),
        users.merged("user", "domain"),
        goal=_user_of_domain(),
    )


def _users(users: Report, place: panels.Place) -> panels.Panel:
    return names.table(
        USERS,
        f"Top {TOP} users",
        place,
        "The users with the most connections in the range, in all domains. Click a name to open the user.",
        source=BUSIEST_USER,
        shown=users,
        overrides=[
            panels.named("User", "Open this user", _user_of_domain()),
            panels.hidden("Domain"),
            *names.beside_users(),
        ],
        totals=False,
    )


def _user_of_domain() -> str:
    return links.url(links.DOMAINS, links.USER, domain=links.DOMAIN_OF_ROW, user=links.CLICKED)
