"""Domains: who uses it most?"""

from dashboards import links, panels, report, theme, variables
from dashboards.dashboard import Board, Zone
from dashboards.notes import notes
from dashboards.queries import NEAR_WINDOW, Only, Series, Steps, top, total
from dashboards.report import Report
from dashboards.targets import PanelTarget, Quantity, exact
from exporter.catalogue import CONNECTIONS, MEASURES, Scope

TABLE, SHARE, SHARE_BYTES, OVER_TIME, USERS = 3, 4, 5, 6, 7
TOP = 10


def board(zone: Zone) -> Board:
    shown = Report(links.DOMAINS, zone, Scope.DOMAIN, Only())
    connections = [Series(Scope.DOMAIN, MEASURES[CONNECTIONS])]
    users = [Series(Scope.USER, MEASURES[CONNECTIONS])]
    of_users = total(users, ["domain", "user"], window=NEAR_WINDOW)
    return Board(
        links.DOMAINS,
        "Who uses it most? All domains with the whole report, their shares, and the heaviest users.",
        zone,
        [
            variables.datasource(),
            variables.server(),
            variables.step(hours=True),
            variables.chart(),
            variables.newest(),
            *variables.scraped(),
            variables.range_before(),
            variables.hidden_names("top", "domain", top(TOP, total(connections, ["domain"]))),
            variables.hidden_names("topusers", "user", top(2 * TOP, of_users)),
        ],
        [
            report.choices(links.DOMAINS),
            notes(zone, (14, 0, 10, 2)),
            Report(links.DOMAINS, zone, Scope.SERVER, Only()).totals((0, 2, 24, 4)),
            _table(shown, (0, 6, 24, 14)),
            _share(SHARE, "Share of connections", theme.NEW_CONNECTIONS, (0, 20, 12, 10)),
            _share(SHARE_BYTES, "Share of bandwidth", theme.TRAFFIC, (12, 20, 12, 10)),
            _over_time(zone, (0, 30, 24, 11)),
            _users(zone, (0, 41, 24, 13)),
        ],
    )


def _table(shown: Report, place: panels.Place) -> panels.Panel:
    goal = links.url(links.DOMAINS, links.DOMAIN, domain="${__value.text}")
    return panels.table(
        TABLE,
        "Domains",
        place,
        "The totals of the range by domain. `unknown`: connections that named no domain we know; `_other`: domains "
        "beyond the exporter's limit. A click on a name opens the domain.",
        shown.total_targets("domain"),
        sort=(theme.NEW_CONNECTIONS.title, True),
        overrides=[panels.named("Domain", "Open this domain", goal), *shown.looks()],
        transformations=panels.joined("domain", shown.fields(), keep="Domain", filled=theme.NEW_CONNECTIONS.title),
        totals=shown.titles,
    )


def _share(number: int, title: str, column: theme.Column, place: panels.Place) -> panels.Panel:
    """The slices come from the table: nothing is asked twice."""
    return panels.pie(
        number,
        title,
        place,
        "The largest domains of the table above; the rest stands in the table.",
        [PanelTarget(TABLE)],
        unit=column.unit,
        overrides=[panels.by_type("number", {"displayName": "${__data.fields.Domain}"})],
        transformations=[
            report.only("Domain", column.title),
            panels.sorted_by(column.title, descending=True),
            {"id": "limit", "options": {"limitField": str(TOP)}},
        ],
    )


def _over_time(zone: Zone, place: panels.Place) -> panels.Panel:
    series = [Series(Scope.DOMAIN, MEASURES[CONNECTIONS], Only(domains="$top"))]
    steps = Steps(zone.windows, hours=True)
    return panels.lines(
        OVER_TIME,
        f"Connections of the {TOP} largest domains by ${{step:text}}",
        place,
        "New connections by period, for the domains with the most connections in the range.",
        [exact("A", steps.values_at_begin(series, ["domain"]), Quantity.STEPS, series, ["domain"])],
        unit=theme.COUNT,
        overrides=report.any_chart_styles(),
        custom={"barAlignment": 1},
        calcs=["sum", "max"],
        legend="right",
        transformations=[
            {
                "id": "groupingToMatrix",
                "options": {"columnField": "domain", "rowField": "begin", "valueField": "Value", "emptyValue": "null"},
            },
            panels.converted("begin\\domain", "number"),
            panels.converted("begin\\domain", "time"),
            panels.sorted_by("begin\\domain"),
        ],
    )


def _users(zone: Zone, place: panels.Place) -> panels.Panel:
    shown = Report(links.DOMAINS, zone, Scope.USER, Only(users="$topusers"), theme.USERS)
    goal = links.url(links.DOMAINS, links.USER, domain="${__data.fields.Domain}", user="${__value.text}")
    return panels.table(
        USERS,
        f"Top {2 * TOP} users",
        place,
        "The users of all domains with the most connections in the range. A click on a name opens the user.",
        shown.total_targets("domain", "user"),
        sort=(theme.NEW_CONNECTIONS.title, True),
        overrides=[
            panels.named("User", "Open this user", goal),
            panels.by_name("Domain", {"custom.width": 200}),
            *shown.looks(),
        ],
        transformations=panels.merged(
            {"user": "User", "domain": "Domain", **shown.fields()}, filled=theme.NEW_CONNECTIONS.title
        ),
    )
