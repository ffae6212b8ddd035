"""Suspicious accounts: who may be stolen?"""

from grafanalib import core

from dashboards import frames, links, names, panels, theme, variables
from dashboards.dashboard import Board, Zone
from dashboards.panels import Override, Place
from dashboards.queries import Only, accounts, top
from dashboards.targets import WITHIN_A_SCRAPE, PanelTarget, Target, now, over_time, rows

ALERTS, GROWTH, NETWORKS, FAILURES, OVER_TIME, BUSIEST_ACCOUNT, TILES = 3, 4, 5, 6, 7, 8, 10
EVERYBODY = Only()
SUSPECTS = Only(users="$suspects")
BLUE, CYAN, PURPLE = ({"color": panels.fixed(colour)} for colour in (theme.BLUE, theme.CYAN, theme.PURPLE))
PLACES = ((0, 5), (5, 5), (10, 4), (14, 5))  # of the tiles: x, width
PERSON = ("domain", "user")
TOP = 20
HOUR, USUAL, FACTOR, BUSIEST = "Last hour", "Usual hour", "Times usual", "Busiest hour, 14 d"
NETWORKS_NOW, FAILURES_NOW = "Networks, 24 h", "Failures, last hour"
GROWTH_TITLES = {
    f"Value #{ref}": title
    for ref, title in zip("ABCDEF", (HOUR, USUAL, FACTOR, BUSIEST, NETWORKS_NOW, FAILURES_NOW), strict=True)
}


def board(zone: Zone) -> Board:
    busy = top(TOP, f"{accounts.recent(accounts.users('connections', EVERYBODY), PERSON, 1)}>0")
    return Board(
        links.SUSPICIOUS,
        "Who may be stolen? Firing alerts, accounts that do far more than they used to, many networks, many failures.",
        zone,
        [
            variables.datasource(),
            variables.server(),
            variables.newest(),
            variables.hidden_names("suspects", "user", busy),
        ],
        [
            *_tiles(),
            _busiest((19, 0, 5, 4)),
            _alerts((0, 4, 24, 8)),
            _growth((0, 12, 24, 12)),
            _networks((0, 24, 12, 11)),
            _failures((12, 24, 12, 11)),
            _over_time((0, 35, 24, 10)),
        ],
        time=core.Time("now-24h", "now"),
        refresh="1m",
    )


def _tiles() -> list[panels.Panel]:
    alerts = f"count({accounts.firing(EVERYBODY)}) or vector(0)"
    busiest = f"max({accounts.recent(accounts.users('connections', EVERYBODY), PERSON, 1)})"
    most = f"max({accounts.networks(EVERYBODY, PERSON)})"
    failures = accounts.recent(accounts.users("login_failures", EVERYBODY), (), 1)
    warn = {"thresholds": panels.thresholds((None, theme.GREEN), (1, theme.RED)), "color": {"mode": "thresholds"}}
    return [
        _tile(0, "Firing alerts", "POP3 alerts that fire", now("A", alerts), warn),
        _tile(1, "Most connections, last hour", "Of one account", now("A", busiest, meaning=WITHIN_A_SCRAPE), BLUE),
        _tile(2, "Most networks, 24 h", "Of one account's successful logins (/24, /48)", now("A", most), CYAN),
        _tile(3, "Login failures, last hour", "Of known users", now("A", failures, meaning=WITHIN_A_SCRAPE), PURPLE),
    ]


def _tile(number: int, title: str, meaning: str, target: Target, looks: panels.Properties) -> panels.Panel:
    x, width = PLACES[number]
    description = f"{meaning}, as of the newest scrape in the range."
    return panels.tile(TILES + number, title, (x, 0, width, 4), description, target, unit=theme.COUNT, looks=looks)


def _alerts(place: Place) -> panels.Panel:
    titles = {"alertname": "Alert", "severity": "Severity", "user": "User", "domain": "Domain", "server": "Server"}
    colours = [("critical", theme.RED), ("warning", theme.ORANGE)]
    severity = {word: {"text": word, "color": colour, "index": at} for at, (word, colour) in enumerate(colours)}
    return panels.table(
        ALERTS,
        "Firing alerts",
        place,
        "POP3 alerts that fire as of the newest scrape. Each has a runbook in deploy/runbooks.",
        [rows("A", accounts.firing(EVERYBODY))],
        sort=("Severity", False),
        overrides=[
            _open_user(),
            panels.by_name("Alert", {"custom.minWidth": 220}),
            panels.by_name(
                "Severity",
                {
                    "mappings": [{"type": "value", "options": severity}],
                    "custom.cellOptions": {"type": "color-text"},
                    "custom.width": 110,
                },
            ),
            panels.by_name("Since", {"unit": "dateTimeFromNow", "custom.minWidth": 130, "mappings": panels.UNKNOWN}),
        ],
        transformations=frames.columns(titles | {"Value": "Since"}),
        empty="No POP3 alert is firing. (The rules in deploy/prometheus must be loaded for that to mean something.)",
    )


def _busiest(place: Place) -> panels.Panel:
    """Who that is, and all that the table of growth shows."""
    series = accounts.users("connections", SUSPECTS)
    hour, usual = accounts.recent(series, PERSON, 1), accounts.usual_hour(series, PERSON)
    failures = accounts.recent(accounts.users("login_failures", SUSPECTS), PERSON, 1)
    return names.busiest(
        BUSIEST_ACCOUNT,
        "User",
        place,
        [
            rows("A", hour, WITHIN_A_SCRAPE),
            rows("B", usual, WITHIN_A_SCRAPE),
            rows("C", f"{hour}/({usual}>0)", WITHIN_A_SCRAPE),
            rows("D", accounts.busiest_hour(SUSPECTS, PERSON)),
            rows("E", accounts.networks(SUSPECTS, PERSON)),
            rows("F", failures, WITHIN_A_SCRAPE),
        ],
        frames.merged({"user": "User", "domain": "Domain"} | GROWTH_TITLES, filled=HOUR),
        by=HOUR,
        goal=_user_of_domain(),
        carry_range=False,
    )


def _growth(place: Place) -> panels.Panel:
    factor = panels.thresholds((None, theme.GREY), (4, theme.ORANGE), (20, theme.RED))
    return panels.table(
        GROWTH,
        "Growth against their own history",
        place,
        f"The {TOP} accounts with the most connections in the last hour, against their average hour of 14 days and, "
        "where the recording rule kept it, their busiest one. Ten or more times usual deserves a look.",
        [PanelTarget(BUSIEST_ACCOUNT)],
        sort=(HOUR, True),
        overrides=[
            _open_user(),
            panels.by_name("Domain", {"custom.width": 170}),
            _bar(HOUR, theme.BLUE),
            panels.by_name(USUAL, {"decimals": 1, "custom.minWidth": 110}),
            panels.by_name(
                FACTOR,
                {
                    "decimals": 1,
                    "unit": "suffix:x",
                    "custom.minWidth": 110,
                    "thresholds": factor,
                    "custom.cellOptions": {"type": "color-text"},
                },
            ),
            *(
                panels.by_name(title, {"unit": theme.COUNT, "noValue": "-", "custom.minWidth": 110})
                for title in (BUSIEST, NETWORKS_NOW, FAILURES_NOW)
            ),
        ],
        empty="No account has connected in the last hour.",
    )


def _networks(place: Place) -> panels.Panel:
    title = "Networks"
    return panels.table(
        NETWORKS,
        "Most networks",
        place,
        "Distinct networks (/24, /48) of successful logins in 24 hours. People have a few; thieves have many.",
        [rows("A", top(TOP, accounts.networks(EVERYBODY, PERSON)))],
        sort=(title, True),
        overrides=[_open_user(), panels.by_name("Domain", {"custom.width": 170}), _bar(title, theme.CYAN)],
        transformations=frames.columns({"user": "User", "domain": "Domain", "Value": title}),
    )


def _failures(place: Place) -> panels.Panel:
    title = "Login failures"
    failures = accounts.recent(accounts.users("login_failures", EVERYBODY), PERSON, 24)
    return panels.table(
        FAILURES,
        "Most login failures",
        place,
        "Refused logins of known users in the 24 hours before the newest scrape: guessing, or a forgotten device.",
        [rows("A", f"{top(TOP, failures)}>0", WITHIN_A_SCRAPE)],
        sort=(title, True),
        overrides=[_open_user(), panels.by_name("Domain", {"custom.width": 170}), _bar(title, theme.PURPLE)],
        transformations=frames.columns({"user": "User", "domain": "Domain", "Value": title}),
        empty="No login of a known user was refused.",
    )


def _over_time(place: Place) -> panels.Panel:
    counter = f"pop3_user_connections_total{{{SUSPECTS.matchers()}}}"
    hour = f"sum by(user)(max by(server,domain,user)(increase({counter}[1h])))"
    return panels.lines(
        OVER_TIME,
        "Connections of the busiest accounts in the hour before",
        place,
        "The accounts of the table above over time, each point the hour before it, as the scrapes saw them.",
        [over_time("A", hour, "{{user}}")],
        unit=theme.COUNT,
        calcs=["lastNotNull", "max"],
        legend="right",
        custom={"fillOpacity": 0},
        defaults={"decimals": 0},
    )


def _open_user() -> Override:
    return panels.named("User", "Open this user (30 days)", _user_of_domain(), carry_range=False)


def _user_of_domain() -> str:
    return links.url(links.SUSPICIOUS, links.USER, domain="${__data.fields.Domain}", user="${__value.text}")


def _bar(title: str, colour: str) -> Override:
    cell = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
    looks = {"unit": theme.COUNT, "min": 0, "fieldMinMax": True, "color": panels.fixed(colour), "noValue": "-"}
    return panels.by_name(title, {**looks, "custom.cellOptions": cell})
