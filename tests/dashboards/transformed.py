"""What panels must show of a dashboard as a viewer has it open: complaints about tables, CSV, charts and tiles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from exporter.periods import Step
from tests.dashboards.grafana import Json
from tests.dashboards.grafana_data import Answers, Opened, Shown
from tests.dashboards.site import Event, Site, local
from tests.dashboards.tables import ACCOUNT, REPORT, USERS, Columns, Table, bounds, by_hour, by_name, by_step
from tests.dashboards.test_numbers import LAST_30_DAYS, Asked

BY_STEP, COUNTS, BANDWIDTH = "Report by ${step:text}", "Connections by ${step:text}", "Bandwidth by ${step:text}"
ERRORS = "Errors by ${step:text}"
ERROR_TITLES = ("Blocked connections", "Bad commands", "Terminations", "Login failures")
LARGEST = "Top 10 domains by ${step:text}"
# The columns that are labels, by these.
NAMES = {
    "alertname": "Alert",
    "place": "Server",
    **{name: name.capitalize() for name in ("severity", "user", "domain", "server", "end", "reason", "source")},
}
# What a link from an alert shows around its start, in milliseconds.
AROUND = {"From": -6 * 3_600_000, "To": 2 * 3_600_000}
# The queries' labels and the columns of the tables that are no reports.
OTHERS = {
    title: (labels.split(), columns.split("|"))
    for title, (labels, columns) in {
        "Ends by reason, while scraped": ("end reason", "End|Reason|Connections"),
        "Firing alerts": ("alertname severity user domain place", "Alert|Severity|User|Domain|Server|Since|From|To"),
        "Most networks": ("user domain", "User|Networks|Domain"),
        "Most login failures": ("user domain", "User|Login failures|Domain"),
        "Growth compared with their own history": (
            "user domain",
            "User|Domain|Last hour|Usual hour|Times usual|Busiest hour, 14 d|Networks, 24 h|Failures, last hour",
        ),
        "Sources": (
            "source",
            "Source|Last event|Unread|Lines|Not understood|Late|From the future|Clock skew|Rotations|Truncations|"
            "Possibly lost|Read errors",
        ),
    }.items()
}
CONNECTIONS: Columns = {"Connections": ("connections",)}
GROWTH_SOURCE = "Busiest user"
# What a choice draws: style, stacking, whether it is filled; and of parts of a whole.
CHARTS = {
    "bars": ("bars", "none", True),
    "stacked": ("bars", "normal", True),
    "lines": ("line", "none", False),
    "area": ("line", "none", True),
    "points": ("points", "none", False),
}
PARTS = CHARTS | {"bars": ("bars", "normal", True), "area": ("line", "normal", True)}


@dataclass(frozen=True)
class Case:
    """A dashboard, and what a viewer asks it for."""

    uid: str
    asked: Asked = LAST_30_DAYS
    step: str = "Day"
    chart: str = "bars"

    def __str__(self) -> str:
        return f"{self.uid} {self.asked.first} {self.asked.last} {self.step} {self.chart}"

    def counts(self, event: Event) -> bool:
        """Whether what the dashboard is about has this event."""
        domain = self.uid not in {"pop3-domain", "pop3-user"} or event.domain == "a.example"
        user = self.uid != "pop3-user" or event.user == "anna@a.example"
        return domain and user and (isinstance(self.asked.servers, str) or event.server in self.asked.servers)

    @property
    def columns(self) -> Columns:
        return ACCOUNT if self.uid == "pop3-user" else REPORT

    def steps(self, site: Site, columns: Columns) -> Table:
        if self.step == "Hour":
            return by_hour(site, self.asked, columns, self.counts)
        return by_step(site, self.asked, Step(self.step.lower()), columns, self.counts)

    def tables(self, site: Site) -> dict[str, Table]:
        """What each table of a report must show."""
        match self.uid:
            case "pop3-trend":
                servers = by_name(site, self.asked, "server", REPORT)
                asked = [
                    row for row in servers.rows if isinstance(self.asked.servers, str) or row[0] in self.asked.servers
                ]
                return {BY_STEP: self.steps(site, self.columns), "Servers": replace(servers, rows=asked)}
            case "pop3-domains":
                people = by_name(site, self.asked, "user", USERS)
                # Of who is beyond the exporter's limit the domain is no part of the name.
                rows = [[row[0], str(row[0]).partition("@")[2] or row[0], *row[1:]] for row in people.rows]
                users = replace(people, titles=["User", "Domain", *USERS], rows=rows)
                return {"Domains": by_name(site, self.asked, "domain", REPORT), "Top 10 users": users}
            case "pop3-domain":
                users = by_name(site, self.asked, "user", USERS, "a.example")
                return {BY_STEP: self.steps(site, self.columns), "Known users of $domain": users}
            case "pop3-user":
                return {BY_STEP: self.steps(site, self.columns)}
        return {}


def complaints(case: Case, opened: Opened, panels: dict[str, Shown], site: Site) -> list[str]:
    """Everything that is wrong with what the panels show; empty: nothing."""
    found = [f"{title}: {panel.frames} frames" for title, panel in panels.items() if panel.frames > 1]
    if found:
        return found
    # Pages show two blanks as one, CSV does not.
    found += [f"{title}: {row}" for title, panel in panels.items() for row in panel.table if "  " in "".join(row)]
    for title, table in case.tables(site).items():
        found += _table(title, case, _most(title, table, panels[title]), panels[title], site)
        if title != BY_STEP:
            name, tile = table.titles[0], f"Busiest {table.titles[0].lower()}"
            found += _differences(tile, [[name, table.rows[0][0]]], panels[tile].tiles)
    if BY_STEP in panels:
        found += _charts(case, panels, site)
    if case.uid == "pop3-domains":
        domains = case.tables(site)["Domains"]
        found += _largest(case, domains, panels[LARGEST], site)
        found += _shares(domains, panels)
    for title, (labels, titles) in OTHERS.items():
        source = GROWTH_SOURCE if title not in opened.answers else title
        if title in panels:
            found += _other(title, _rows(opened.answers[source], labels, titles), titles, panels[title])
    return found


def _most(title: str, table: Table, panel: Shown) -> Table:
    """Of a table of the first 10 these; of those with as many connections as the tenth, any may be among them."""
    if not title.startswith("Top 10 "):
        return table
    at, shown = table.titles.index("New connections"), {row[0] for row in panel.csv(formats=False)[1:]}
    chosen = [row for row in table.rows if row[0] in shown]
    are_most = [row[at] for row in chosen] == [row[at] for row in table.rows[:10]]
    return replace(table, rows=chosen if are_most else table.rows[:10])


def _differences(what: str, expected: Sequence[Any], found: Sequence[Any]) -> list[str]:
    if list(expected) == list(found):
        return []
    pairs = [f"{one} instead of {other}" for other, one in zip(expected, found, strict=False) if one != other]
    return [f"{what}: {len(found)} of {len(expected)}; {'; '.join(pairs[:3])}"]


def _table(title: str, case: Case, table: Table, panel: Shown, site: Site) -> Iterator[str]:
    raw = _begins(panel.csv(formats=False), case, site) if title == BY_STEP else panel.csv(formats=False)
    if title != BY_STEP:
        at = table.titles.index("New connections")
        counts = [int(row[at]) for row in raw[1:]]
        yield from _differences(f"{title}, order", sorted(counts, reverse=True), counts)
    for what, expected, found in (
        ("CSV", table.raw(), raw),
        ("formatted CSV", table.formatted(), panel.csv(formats=True)),
        ("as shown", [list(table.titles), *map(table.texts, table.rows)], panel.table),
    ):
        # Names with as many connections may change places.
        pair = (expected, found) if title == BY_STEP else (_by_name(expected), _by_name(found))
        yield from _differences(f"{title}, {what}", *pair)


def _by_name(rows: list[list[str]]) -> list[list[str]]:
    return [*rows[:1], *sorted(rows[1:])]


def _begins(cells: list[list[str]], case: Case, site: Site) -> list[list[str]]:
    """Any instant of its first hour or day stands for a period: which one depends on the zone."""

    def begin(text: str) -> str:
        if not text.isdecimal():
            return text
        at = int(text) // 1000
        day = site.midnight(local(at, site.zone).date())
        return str(1000 * (site.calendar.hour(at) if case.step == "Hour" else day))

    return [*cells[:1], *([begin(first), *others] for first, *others in cells[1:])]


def _charts(case: Case, panels: dict[str, Shown], site: Site) -> Iterator[str]:
    """Each column under its own name in the chosen form; hidden those that would cover the others."""
    days = [] if case.step in {"Hour", "Day"} else ["Days"]
    yield from _differences("Titles", ["Period", *days, *case.columns], panels[COUNTS].titles)
    parts = bounds(site, case.asked)
    size = f"Bandwidth{' ≥' * ('Bandwidth' in parts)}"
    yield from _differences("Titles of bandwidth", ["Period", size], panels[BANDWIDTH].titles)
    wrong = [title for title in ERROR_TITLES if title in case.columns]
    for chart, titles in ((COUNTS, case.columns), (ERRORS, wrong), (BANDWIDTH, ["Bandwidth"])):
        yield from _axis(panels[chart])
        elsewhere = {"Bandwidth", "Logins", *wrong} if chart == COUNTS else set()
        styles = PARTS if chart == ERRORS else CHARTS
        for title in titles:
            name = f"{title} ≥" if title in parts and title not in elsewhere else title
            if name not in panels[chart].titles:
                yield f"{chart} has no {name}"
                continue
            custom = panels[chart].config(name)["custom"]
            hidden = custom.get("hideFrom", {}).get("viz", False)
            yield from _differences(f"{title}, hidden", [title in elsewhere], [hidden])
            yield from [] if hidden else _differences(title, styles[case.chart], _drawn(custom))


def _axis(panel: Shown) -> Iterator[str]:
    """A chart needs a time that grows."""
    yield from _differences("Type of the axis", ["time"], [field["type"] for field in panel.fields[:1]])
    times = [row[0] for row in panel.csv(formats=False)[1:]]
    yield from _differences("Order of the axis", sorted(times, key=int), times)


def _drawn(custom: Json) -> tuple[str, str, bool]:
    return custom.get("drawStyle", ""), custom["stacking"]["mode"], custom["fillOpacity"] >= 40


def _largest(case: Case, domains: Table, panel: Shown, site: Site) -> Iterator[str]:
    """A series per domain, the largest first, each cell of which is the log's; what is empty is 0."""
    yield from _axis(panel)
    counts = {str(row[0]): row[1] for row in domains.rows}
    largest = [row[1] for row in domains.rows[:10]]  # the last of them may be as large as others
    yield from _differences("Domains", largest, [counts.get(name) for name in panel.titles[1:]])
    cells = _begins(panel.csv(formats=False), case, site)
    for column, name in enumerate(panel.titles[1:], 1):
        events = replace(site, events=[event for event in site.events if event.domain == name])
        expected = [(row[0], row[-1]) for row in case.steps(events, CONNECTIONS).raw()[1:]]
        yield from _differences(name, expected, [(row[0], row[column] or "0") for row in cells[1:]])
        yield from _differences(name, PARTS[case.chart], _drawn(panel.config(name)["custom"]))


def _shares(domains: Table, panels: dict[str, Shown]) -> Iterator[str]:
    """Slices of the largest domains, and one of all others, so that they are shares of all; of 0 there is none."""
    for title, column in (("Share of connections", "New connections"), ("Share of bandwidth", "Bandwidth")):
        at = domains.titles.index(column)
        rows = sorted(((str(row[0]), int(row[at] or 0)) for row in domains.rows if row[at]), key=lambda row: -row[1])
        others = ("others", sum(size for _, size in rows[10:]))
        expected = sorted([*rows[:10], *([others] if others[1] else [])], key=lambda row: -row[1])
        found = [(name, int(size)) for name, size in panels[title].csv(formats=False)[1:]]
        sizes = dict(rows) | dict([others])
        yield from _differences(title, [(name, sizes.get(name)) for name, _ in found], found)
        yield from _differences(f"{title}, order", [size for _, size in expected], [size for _, size in found])
        yield from _differences(
            f"{title}, slices", [name for name, _ in found], [name for name, _ in panels[title].tiles]
        )


def _rows(answers: Answers, labels: Sequence[str], titles: Sequence[str]) -> list[list[str | float]]:
    """The first query's rows with the values of all, by labels, in the columns' order."""
    keyed = [
        {tuple(dict(row).get(label, "") for label in labels): value for row, value in rows.items()}
        for rows in answers.values()
    ]
    values = [title for title in titles if title not in {*NAMES.values(), *AROUND}]
    found = []
    for key in sorted(keyed[0]):
        cells: dict[str, str | float] = {NAMES[label]: name for label, name in zip(labels, key, strict=True)}
        cells |= dict(zip(values, (rows[key] for rows in keyed), strict=True))
        cells |= {title: cells["Since"] + apart for title, apart in AROUND.items() if title in titles}  # type: ignore[operator]
        found.append([cells[title] for title in titles])
    return found


def _other(title: str, expected: list[list[str | float]], titles: list[str], panel: Shown) -> Iterator[str]:
    """A table of what Prometheus answers, whatever it says."""
    rows = panel.csv(formats=False)
    if not expected:
        yield from _differences(title, [], rows)
        return
    found = [
        [cell if name in NAMES.values() else float(cell) for name, cell in zip(rows[0], row, strict=True)]
        for row in rows[1:]
    ]
    yield from _differences(title, [titles, *sorted(expected, key=str)], [*rows[:1], *sorted(found, key=str)])
