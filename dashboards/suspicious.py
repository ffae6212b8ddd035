"""The dashboard Suspicious accounts: which accounts may be compromised."""

from typing import Any

from grafanalib import core

from dashboards import frames, links, names, panels, theme, variables
from dashboards.dashboard import Board, Zone
from dashboards.notes import notes
from dashboards.panels import Override, Place
from dashboards.queries import accounts
from dashboards.queries.terms import Only
from dashboards.queries.totals import top
from dashboards.targets import WITHIN_A_SCRAPE, PanelTarget, Target, now, over_time, rows

ALERTS, GROWTH, NETWORKS, FAILURES, OVER_TIME, BUSIEST_ACCOUNT, WHEN, TILES = 3, 4, 5, 6, 7, 8, 9, 10
EVERYBODY = accounts.EVERYBODY
SUSPECTS = Only(users="$suspects")
BLUE, CYAN, PURPLE = ({"color": panels.fixed(colour)} for colour in (theme.BLUE, theme.CYAN, theme.PURPLE))
PLACES = ((0, 0, 8, 3), (8, 0, 8, 3), (16, 0, 8, 3), (0, 3, 12, 3))
PERSON = ("domain", "user")
TOP = 20
HOUR, USUAL, FACTOR, BUSIEST = "Last hour", "Usual hour", "Times usual", "Busiest hour, 14 d"
NETWORKS_NOW, FAILURES_NOW = "Networks, 24 h", "Failures, last hour"
NARROW = {"custom.width": 82, "custom.filterable": False}
AROUND = (("From", "-", 6 * 3600), ("To", "+", 2 * 3600))  # the hours around the start of an alert, in seconds
GROWTH_TITLES = {
    f"Value #{ref}": title
    for ref, title in zip("ABCDEF", (HOUR, USUAL, FACTOR, BUSIEST, NETWORKS_NOW, FAILURES_NOW), strict=True)
}


def board(zone: Zone) -> Board:
    busy = top(TOP, f"{accounts.recent(accounts.users('connections', EVERYBODY), PERSON, 1)}>0")
    return Board(
        links.SUSPICIOUS,
        "Which accounts may be compromised? Firing alerts, unusual growth, many networks and many failed logins.",
        zone,
        [
            variables.datasource(),
            variables.server(),
            *variables.newest(),
            variables.hidden_names("suspects", "user", busy),
        ],
        [
            *_tiles(),
            _busiest((12, 3, 12, 3)),
            notes(zone, (0, 6, 24, 3), links.SUSPICIOUS),
            alerts(links.SUSPICIOUS, (0, 9, 24, 8)),
            _growth((0, 17, 24, 12)),
            _networks((0, 29, 12, 11)),
            _failures((12, 29, 12, 11)),
            _when((0, 40, 24, 6)),
            _over_time((0, 46, 24, 10)),
        ],
        time=core.Time("now-24h", "now"),
        refresh="1m",
    )


def _tiles() -> list[panels.Panel]:
    alerts = f"count({accounts.firing(EVERYBODY)}) or vector(0)"
    busiest = f"max({accounts.recent(accounts.users('connections', EVERYBODY), PERSON, 1)})"
    most = f"max({accounts.networks(EVERYBODY, PERSON)})"
    failures = accounts.recent(accounts.users("login_failures", Only()), (), 1)
    warn = {"thresholds": panels.thresholds((None, theme.GREY), (1, theme.RED)), "color": {"mode": "thresholds"}}
    return [
        _tile(0, "Firing alerts", "Firing POP3 alerts", now("A", alerts), warn),
        _tile(1, "Most connections in 1 h", "By one account", now("A", busiest, meaning=WITHIN_A_SCRAPE), BLUE),
        _tile(2, "Most networks in 24 h", "Networks (/24, /48) from which one account logged in", now("A", most), CYAN),
        _tile(
            3, "Failures in 1 h", "Failed logins of known users", now("A", failures, meaning=WITHIN_A_SCRAPE), PURPLE
        ),
    ]


def _tile(number: int, title: str, meaning: str, target: Target, looks: panels.Properties) -> panels.Panel:
    description = f"{meaning}, as of the newest scrape in the range."
    return panels.tile(
        TILES + number, title, PLACES[number], description, target, unit=theme.COUNT, looks={"noValue": "-", **looks}
    )


def alerts(here: str, place: Place) -> panels.Panel:
    """The firing alerts; each opens its account in the hours around its start, and its runbook."""
    titles = {"alertname": "Alert", "severity": "Severity", "user": "User", "domain": "Domain", "place": "Server"}
    colours = [("critical", theme.RED), ("warning", theme.ORANGE)]
    severity = {word: {"text": word, "color": colour, "index": at} for at, (word, colour) in enumerate(colours)}
    return panels.table(
        ALERTS,
        "Firing alerts",
        place,
        "Firing POP3 alerts. The name opens the runbook: what it means and what to do; the "
        "user opens the account in the hours around the start.",
        [rows("A", accounts.firing(EVERYBODY))],
        sort=("Severity", False),
        overrides=[
            _open_around(here),
            panels.by_name("Domain", {"custom.width": 115}),
            panels.by_name("Server", {"custom.width": 100}),
            panels.by_name("Alert", {"custom.width": 250, "links": [_runbook()]}),
            *(panels.hidden(name) for name, _, _ in AROUND),
            panels.by_name(
                "Severity",
                {
                    "mappings": [{"type": "value", "options": severity}],
                    "custom.cellOptions": {"type": "color-text"},
                    "custom.width": 112,
                },
            ),
            panels.by_name("Since", {"unit": "dateTimeFromNow", "custom.width": 135, "mappings": panels.UNKNOWN}),
        ],
        transformations=[
            *frames.columns(titles | {"Value": "Since"}),
            *(frames.moved("Since", sign, 1000 * seconds, name) for name, sign, seconds in AROUND),
        ],
        empty="No POP3 alert is firing, provided that Prometheus has loaded the rules.",
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
        frames.merged({"user": "User", "domain": "Domain"}, GROWTH_TITLES, filled=HOUR),
        by=HOUR,
        goal=user_of_domain(links.SUSPICIOUS),
        carry_range=False,
    )


def _growth(place: Place) -> panels.Panel:
    factor = panels.thresholds((None, theme.GREY), (4, theme.ORANGE), (20, theme.RED))
    return panels.table(
        GROWTH,
        "Growth compared with their own history",
        place,
        f"The {TOP} accounts with the most connections in the last hour, compared with their average hour of 14"
        " days and, if the recording rule has it, their busiest one. Ten or more times the usual number"
        " deserves a look.",
        [PanelTarget(BUSIEST_ACCOUNT)],
        sort=(HOUR, True),
        overrides=[
            _open_user(),
            _bar(HOUR, theme.BLUE),
            panels.by_name(HOUR, {"custom.width": 125}),
            panels.hidden("Domain"),
            panels.by_name(USUAL, {"decimals": 1, **NARROW}),
            panels.by_name(
                FACTOR,
                {
                    "decimals": 1,
                    "unit": "suffix:x",
                    **NARROW,
                    "thresholds": factor,
                    "custom.cellOptions": {"type": "color-text"},
                },
            ),
            *(
                panels.by_name(title, {"unit": theme.COUNT, "noValue": "-", **NARROW})
                for title in (BUSIEST, NETWORKS_NOW, FAILURES_NOW)
            ),
        ],
        empty="No account connected in the last hour, as far as Prometheus has samples.",
    )


def _networks(place: Place) -> panels.Panel:
    title = "Networks"
    return panels.table(
        NETWORKS,
        "Most networks",
        place,
        "Distinct networks (/24, /48) of successful logins in 24 hours. People use a few, attackers many.",
        [rows("A", top(TOP, accounts.networks(EVERYBODY, PERSON)))],
        sort=(title, True),
        overrides=[_open_user(), *_beside(title, theme.CYAN)],
        transformations=frames.columns({"user": "User", "Value": title, "domain": "Domain"}),
        empty="No networks are known. Imported history has none.",
    )


def _failures(place: Place) -> panels.Panel:
    title = "Login failures"
    failures = accounts.recent(accounts.users("login_failures", EVERYBODY), PERSON, 24)
    return panels.table(
        FAILURES,
        "Most login failures",
        place,
        "Failed logins of known users in the 24 hours before the newest scrape. Someone is guessing, or a"
        " device has an old password.",
        [rows("A", f"{top(TOP, failures)}>0", WITHIN_A_SCRAPE)],
        sort=(title, True),
        overrides=[_open_user(), *_beside(title, theme.PURPLE)],
        transformations=frames.columns({"user": "User", "Value": title, "domain": "Domain"}),
        empty="No failed login of a known user in these 24 hours, as far as Prometheus has samples.",
    )


def _over_time(place: Place) -> panels.Panel:
    counter = f"pop3_user_connections_total{{{SUSPECTS.matchers()}}}"
    hour = f"sum by(user)(max by(server,domain,user)(increase({counter}[1h])))"
    return panels.lines(
        OVER_TIME,
        "Busiest accounts by hour",
        place,
        "Connections of the accounts in the table above. Each point is the hour before it, computed from scrapes.",
        [over_time("A", hour, "{{user}}")],
        unit=theme.COUNT,
        calcs=["lastNotNull", "max"],
        legend="right",
        custom={"fillOpacity": 0, "showPoints": "auto"},
        defaults={"decimals": 0, "noValue": panels.NOT_SCRAPED},
    )


def _when(place: Place) -> panels.Panel:
    firing = 'ALERTS{alertname=~"POP3.*",alertstate="firing",server=~"$server|"}'
    return panels.timeline(
        WHEN,
        "When alerts fired",
        place,
        "Each alert and its subject, while it fired, if Prometheus had loaded the rules.",
        over_time(
            "A", accounts.fired(firing, "alertname,server,domain,user", subject=True), "{{alertname}} {{subject}}"
        ),
    )


def _runbook() -> dict[str, Any]:
    return {"title": "Open the runbook", "url": f"{links.RUNBOOKS}${{__value.text}}.md", "targetBlank": True}


def _open_around(here: str) -> Override:
    goal = f"{user_of_domain(here)}&from=${{__data.fields.From.numeric}}&to=${{__data.fields.To.numeric}}"
    return panels.named("User", "Open this user in the hours around the start", goal, carry_range=False)


def _open_user() -> Override:
    return panels.named("User", "Open this user (30 days)", user_of_domain(links.SUSPICIOUS), carry_range=False)


def user_of_domain(here: str) -> str:
    return links.url(here, links.USER, domain=links.DOMAIN_OF_ROW, user=links.CLICKED)


def _beside(title: str, colour: str) -> list[Override]:
    """The columns beside a name, which needs the most room, and has the domain in it."""
    return [
        _bar(title, colour),
        panels.by_name(title, {"custom.width": 125}),
        panels.hidden("Domain"),
    ]


def _bar(title: str, colour: str) -> Override:
    cell = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
    looks = {"unit": theme.COUNT, "min": 0, "fieldMinMax": True, "color": panels.fixed(colour), "noValue": "-"}
    return panels.by_name(title, {**looks, "custom.cellOptions": cell})
