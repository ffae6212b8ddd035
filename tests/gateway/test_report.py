"""The CSV that the dashboards link to: the same rights and, to the cell, the same numbers as the panel."""

import csv
import io
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import cast
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
import pytest
from _pytest.mark import ParameterSet

from dashboards.boards import all_boards
from dashboards.dashboard import Board
from dashboards.download import DOWNLOAD
from exporter.periods import Step, period_of
from tests.dashboards.grafana import ALL, Page
from tests.dashboards.site import Site, stamp
from tests.gateway.world import LAST, ZONE, Door
from tests.prometheus_server import Labels, PrometheusServer

pytestmark = [pytest.mark.tool("prometheus", "promtool", "prom-label-proxy"), pytest.mark.timeout(120)]

TITLES = ("New connections", "Blocked connections", "Bad commands", "Terminations", "Bandwidth")
HEADINGS = ["New Connections", "Blocked Connections", "Bad Commands", "Terminations", "Bandwidth"]
Table = dict[str, list[str]]


@dataclass(frozen=True)
class ThroughGateway:
    """Prometheus as somebody sees it through the gateway."""

    door: Door
    token: str

    def query(self, expression: str, at: float) -> dict[Labels, float]:
        """As PrometheusServer has it."""
        rows = self.door.rows(expression, self.token, at)
        return {tuple(sorted(row["metric"].items())): float(row["value"][1]) for row in rows}


@dataclass(frozen=True)
class Asked:
    """A page of a dashboard: local dates (both inside), the step, the choice of servers, and by whom."""

    uid: str
    first: str = "2026-10-22"
    last: str = "2026-11-04"
    step: str = "Day"
    servers: str | tuple[str, ...] = ALL
    is_operator: bool = True

    @property
    def begin(self) -> int:
        return stamp(self.first, ZONE)

    @property
    def end(self) -> int:
        return stamp(f"{self.last} 23:59:59", ZONE)

    def token(self, door: Door) -> str:
        return door.operator() if self.is_operator else door.token()

    def page(self, door: Door) -> Page:
        """The dashboard as the asking one has it open."""
        servers = self.servers if isinstance(self.servers, str) else list(self.servers)
        chosen = {"server": servers, "step": self.step, "domain": "a.example", "user": "anna@a.example"}
        prometheus = cast("PrometheusServer", ThroughGateway(door, self.token(door)))
        return Page(board(self.uid).json(), prometheus, self.begin, self.end, chosen)

    def link(self) -> str:
        """Where the dashboard's own CSV link leads, below the data source."""
        tile = next(one for one in board(self.uid).json()["panels"] if one["id"] == DOWNLOAD)
        path: str = tile["fieldConfig"]["defaults"]["links"][0]["url"]
        path = path.removeprefix("/api/datasources/proxy/uid/${datasource}")
        servers = ["$__all"] if isinstance(self.servers, str) else self.servers
        values = {
            "${step:text}": self.step,
            "${__from}": str(self.begin * 1000),
            "${__to}": str(self.end * 1000 + 999),
            "${__timezone}": ZONE,
            "${domain:percentencode}": "a.example",
            "${server:queryparam}": "&".join(f"var-server={quote(one)}" for one in servers),
        }
        for name, value in values.items():
            path = path.replace(name, value)
        assert "$" not in path.replace("$__all", "").replace("%24__all", "")
        return path


@cache
def board(uid: str) -> Board:
    return next(one for one in all_boards(ZONE) if one.uid == uid)


def panel(page: Page, title: str) -> dict[str, dict[Labels, float]]:
    """The rows of each query of a panel, by the query's letter."""
    found = next(one for one in page.board["panels"] if one["title"] == title)
    return {target["refId"]: page.rows(target) for target in found["targets"]}


def cell(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else str(int(value))


def by_name(page: Page, title: str, label: str) -> Table:
    """A table of names as the panel shows it: a row for each with a value in the first column."""
    rows = panel(page, title)
    columns = [{dict(labels)[label]: value for labels, value in rows[ref].items()} for ref in "ABCDE"]
    return {name: [cell(column.get(name)) for column in columns] for name in columns[0]}


def by_period(page: Page, step: str) -> Table:
    """A table of periods as the panel shows it, the periods named as in reports, with the column Days."""
    rows = panel(page, "Connections by ${step:text}")
    columns = [{dict(labels)["period"]: value for labels, value in rows[ref].items()} for ref in "ABCDE"]
    begins = {dict(labels)["period"]: value / 1000 for labels, value in rows["P"].items()}
    days = {dict(labels)["period"]: dict(labels)["days"] for labels in rows["Z"]}
    found = {}
    for key in sorted(columns[0], key=lambda key: begins[key]):
        local = datetime.fromtimestamp(begins[key], UTC).astimezone(ZoneInfo(ZONE))
        name = local.isoformat() if step == "Hour" else period_of(local.date(), Step(step.lower())).label
        covered = days.get(key, "1 of 1" if step == "Day" else "")
        found[name] = [*(cell(column.get(key)) for column in columns), covered]
    return found


def read(text: str) -> tuple[list[str], Table]:
    """Headings and rows of a CSV but for its remarks, its names as they were before they were made safe."""
    heading, *rows = csv.reader(io.StringIO(text, newline=""))
    assert "Remarks" == heading[-1]
    return heading[:-1], {row[0].removeprefix("'"): row[1:-1] for row in rows}


def fetched(door: Door, asked: Asked, path: str) -> tuple[list[str], Table]:
    answer = door.client.get(path, headers={"X-Grafana-Id": asked.token(door)})
    assert 200 == answer.status_code, answer.text
    return read(answer.text)


def slow(asked: Asked) -> ParameterSet:
    return pytest.param(asked, marks=pytest.mark.slow)


TREND = [
    Asked("pop3-trend"),
    Asked("pop3-trend", "2026-10-24", "2026-10-26", "Hour", ("mx1", "win1")),
    Asked("pop3-trend", servers=("win1",)),
    *(slow(Asked("pop3-trend", step=step)) for step in ("Week", "Month", "Quarter")),
    slow(Asked("pop3-trend", "2026-10-24", "2026-10-26", "Hour")),
    slow(Asked("pop3-trend", servers=("mx1", "old1"))),
    Asked("pop3-trend", "2026-11-01", "2026-11-30", "Month"),
]


@pytest.mark.parametrize("asked", TREND, ids=str)
def test_the_trend_is_that_of_the_panel(asked: Asked, door: Door) -> None:
    """For every step, chosen servers, and a month that has not ended."""
    heading, rows = fetched(door, asked, asked.link())
    assert ["Period", *HEADINGS, "Days"] == heading
    expected = by_period(asked.page(door), asked.step)
    assert (list(expected), expected) == (list(rows), rows)
    assert len(rows) >= (1 if asked.step in {"Month", "Quarter"} else 2)


DOMAINS = [
    Asked("pop3-domains"),
    slow(Asked("pop3-domains", "2026-10-25", "2026-10-25")),
    slow(Asked("pop3-domains", "2026-10-28", "2026-11-02", servers=("mx1",))),
    Asked("pop3-domains", servers=("win1", "old1")),
    Asked("pop3-domains", is_operator=False),
]


@pytest.mark.parametrize("asked", DOMAINS, ids=str)
def test_the_domains_are_those_of_the_panel(asked: Asked, door: Door) -> None:
    """For an operator and for a domain administrator, who has one row."""
    heading, rows = fetched(door, asked, asked.link())
    assert ["Domain", *HEADINGS] == heading
    assert by_name(asked.page(door), "Busiest domain", "domain") == rows
    assert (rows.keys() == {"a.example"}) is (not asked.is_operator or "win1" in asked.servers)


USERS = [
    *(Asked("pop3-domain", servers=servers, is_operator=False) for servers in (ALL, ("win1",))),
    *(
        slow(Asked("pop3-domain", first, last, servers=servers, is_operator=operator))
        for first, last in (("2026-10-22", "2026-11-04"), ("2026-10-24", "2026-10-26"))
        for servers in (ALL, ("mx1", "win1"))
        for operator in (True, False)
    ),
]


@pytest.mark.parametrize("asked", USERS, ids=str)
def test_the_users_are_those_of_the_panel(asked: Asked, door: Door) -> None:
    """Of one domain, for an operator and for its administrator: the same."""
    heading, rows = fetched(door, asked, asked.link())
    assert ["User", *HEADINGS] == heading
    assert by_name(asked.page(door), "Busiest user", "user") == rows
    assert "anna@a.example" in rows
    if asked.servers == ("win1",):
        assert "" == rows["anna@a.example"][-1]


STEPS = [
    Asked("pop3-domain", step="Week", is_operator=False),
    *(slow(Asked("pop3-domain", step=step, is_operator=False)) for step in ("Day", "Month", "Quarter")),
    slow(Asked("pop3-domain", "2026-10-24", "2026-10-26", "Hour", is_operator=False)),
    Asked("pop3-domain", servers=("win1",), is_operator=False),
]


@pytest.mark.parametrize("asked", STEPS, ids=str)
def test_the_trend_of_a_domain_is_that_of_its_page(asked: Asked, door: Door) -> None:
    """A domain administrator's steps, `not logged` included, equal what his dashboard shows."""
    path = asked.link().replace("by=user", "by=trend")
    expected = by_period(asked.page(door), asked.step)
    assert expected == fetched(door, asked, path)[1]
    if asked.servers == ("win1",):
        assert {""} == {row[4] for row in expected.values()}


def test_one_user_has_a_trend(door: Door) -> None:
    """As on the dashboard User."""
    asked = Asked("pop3-user", is_operator=False)
    path = asked.link().replace("by=user", "by=trend") + "&user=anna@a.example"
    assert by_period(asked.page(door), "Day") == fetched(door, asked, path)[1]


def logged(customers: Site, server: str | None = None) -> dict[str, int]:
    """New connections of a.example by day, out of the events themselves."""
    found: dict[str, int] = {}
    for event in customers.events:
        if event.domain == "a.example" and server in (None, event.server):
            day = datetime.fromtimestamp(event.stamp, UTC).astimezone(ZoneInfo(ZONE)).date().isoformat()
            found[day] = found.get(day, 0) + event.values[0]
    return found


def test_the_numbers_are_those_of_the_log(door: Door, customers: Site) -> None:
    """Panel and CSV could be wrong together: every day of the CSV equals the events."""
    asked = Asked("pop3-domain", is_operator=False)
    rows = fetched(door, asked, asked.link().replace("by=user", "by=trend"))[1]
    expected = logged(customers)
    assert {day: expected.get(day, 0) for day in rows} == {day: int(row[0]) for day, row in rows.items()}
    assert set(expected) <= set(rows)


def test_a_server_that_ended_inside_the_range_counts(door: Door, customers: Site) -> None:
    """The total of a domain by user includes what a server logged before it was switched off."""
    asked = Asked("pop3-domain", is_operator=False)
    rows = fetched(door, asked, asked.link())[1]
    assert sum(logged(customers).values()) == sum(int(row[0]) for row in rows.values())
    assert str(sum(logged(customers, "old1").values())) == rows["otto@a.example"][0]


def asking(door: Door, path: str = "/report.csv", token: str | None = None, **parameters: str) -> httpx.Response:
    days = {"from_": "2026-10-30", "to": "2026-11-02"}
    return door.get(path, token, **(days | parameters))


def remarks(door: Door, **parameters: str) -> set[str]:
    """The column Remarks, and in JSON what it says of the bandwidth."""
    heading, *rows = csv.reader(io.StringIO(asking(door, **parameters).text, newline=""))
    assert "Remarks" == heading[-1]
    told = [row["remarks"] for row in asking(door, "/report.json", **parameters).json()]
    assert [one.get("bandwidth", "") for one in told] == [
        row[-1].partition("Bandwidth: ")[2].partition(";")[0] for row in rows
    ]
    return {row[-1] for row in rows}


def test_numbers_that_are_not_exact_have_a_remark(door: Door) -> None:
    """As in the exporter's own CSV: a server that logs no bytes, some that do, and one that logs all."""
    assert {"Bandwidth: not logged"} == remarks(door, by="user", domain="a.example", server="win1")
    assert {"Bandwidth: in part"} == remarks(door, by="user", domain="a.example")
    assert {""} == remarks(door, by="user", domain="a.example", server="mx1")
    assert {"Bandwidth: not logged"} == remarks(door, server="win1", token=door.operator())


def test_no_cell_begins_a_formula(door: Door) -> None:
    """A user who calls himself =cmd@... is a text for every spreadsheet."""
    answer = asking(door, by="user", domain="a.example")
    assert "'=cmd@a.example" in answer.text
    assert [] == [line for line in answer.text.split("\r\n") if line.startswith(("=", "+", "-", "@"))]


def test_lines_end_as_the_standard_says(door: Door) -> None:
    """RFC 4180: CRLF, and a byte order mark only where it is asked for."""
    plain, marked = asking(door, by="user"), asking(door, by="user", bom="1")
    assert plain.content.count(b"\n") == plain.content.count(b"\r\n") > 2
    assert plain.content.startswith(b"User,")
    assert b"\xef\xbb\xbf" + plain.content == marked.content


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"from_": "2026-11-01", "to": "2026-11-30", "domain": "a.example"}, "pop-sessions-a.example-2026-11.csv"),
        ({"from_": "2026-11-02", "to": "2026-11-02"}, "pop-sessions-a.example-2026-11-02.csv"),
        ({"from_": "2026-10-26", "to": "2026-11-01"}, "pop-sessions-a.example-2026-W44.csv"),
        ({"from_": "2026-10-01", "to": "2026-12-31"}, "pop-sessions-a.example-2026-Q4.csv"),
        ({"from_": "2026-01-01", "to": "2026-12-31"}, "pop-sessions-a.example-2026.csv"),
        ({"from_": "2026-10-22", "to": "2026-11-04"}, "pop-sessions-a.example-2026-10-22_2026-11-04.csv"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_file_is_named_by_domain_and_period(parameters: dict[str, str], name: str, door: Door) -> None:
    """A month by its name, else the dates; the only domain of the one who asks."""
    answer = asking(door, by="user", **parameters)
    assert f'attachment; filename="{name}"' == answer.headers["content-disposition"]
    assert "text/csv; charset=utf-8" == answer.headers["content-type"]


def test_the_operators_file_is_of_all(door: Door) -> None:
    """Without a domain it is not one domain's."""
    answer = asking(door, token=door.operator(), by="domain")
    assert "pop-sessions-all-" in answer.headers["content-disposition"]


def test_json_has_the_same_rows(door: Door) -> None:
    """Names in snake_case, null for what is not logged."""
    rows = asking(door, "/report.json", by="user", server="win1").json()
    table = read(asking(door, by="user", server="win1").text)[1]
    assert {row["user"]: str(row["new_connections"]) for row in rows} == {name: row[0] for name, row in table.items()}
    assert [None] == [row["bandwidth"] for row in rows]


def test_several_domains_are_summed_in_the_trend(door: Door) -> None:
    """Somebody with two domains and no choice of one gets both together, and each by name."""
    token = door.token("dora", number=9)
    both = read(asking(door, token=token).text)[1]
    each = [read(asking(door, token=token, domain=name).text)[1] for name in ("a.example", "c.example")]
    assert {day: int(each[0][day][0]) + int(each[1][day][0]) for day in both} == {
        day: int(row[0]) for day, row in both.items()
    }
    assert {"a.example", "c.example"} == set(read(asking(door, token=token, by="domain").text)[1])


SORTS = [
    *(("new_connections", 1, True), ("blocked connections", 2, True), ("Bandwidth", 5, True)),
    *(("user", 0, False), ("", 1, True), ("connections", 1, True)),
]


@pytest.mark.parametrize(("name", "column", "falls"), SORTS)
def test_rows_are_sorted_as_asked(name: str, column: int, *, falls: bool, door: Door) -> None:
    """Numbers fall, names rise; the most connections first where nothing is said."""
    rows = list(csv.reader(io.StringIO(asking(door, by="user", sort=name).text, newline="")))[1:]
    values = [row[column] if column == 0 else int(row[column] or -1) for row in rows]
    assert sorted(values, reverse=falls) == values


def test_all_users_of_all_domains_are_the_operators(door: Door) -> None:
    """Without a domain: the same connections as domain by domain, and `not logged` where no server has bytes."""
    wide = read(asking(door, token=door.operator(), by="user").text)[1]
    narrow: Table = {}
    for domain in ("a.example", "b.example", "c.example"):
        narrow |= read(asking(door, token=door.operator(), by="user", domain=domain).text)[1]
    assert narrow == wide
    assert {""} == {
        row[4] for row in read(asking(door, token=door.operator(), by="user", server="win1").text)[1].values()
    }


@pytest.mark.parametrize("by", ["trend", "domain", "user"])
def test_another_domain_is_refused_in_words(by: str, door: Door) -> None:
    """403 before Prometheus is asked at all, whether or not there is such a domain."""
    answers = [asking(door, by=by, domain=name) for name in ("b.example", "nowhere.example", "unknown", "A.example")]
    assert {(403, "you have no access to this domain")} == {(one.status_code, one.json()["error"]) for one in answers}


NOBODY = 'x"} or {__name__="pop3_domain_connections_total",domain=~".*'


@pytest.mark.parametrize(
    "parameters",
    [{"domain": NOBODY}, {"by": "trend", "user": NOBODY}, {"server": NOBODY}, {"server": "mx."}, {"domain": "\\"}],
    ids=str,
)
def test_names_are_taken_literally(parameters: dict[str, str], door: Door) -> None:
    """An operator's names, too, are neither PromQL nor patterns: nothing has such a name."""
    answer = asking(door, token=door.operator(), **({"by": "domain"} | parameters))
    assert (200, {}) == (answer.status_code, read(answer.text)[1])


WRONG = [
    ({"by": "server"}, "by: must be one of trend, domain, user"),
    ({"step": "year"}, "step: must be one of hour, day, week, month, quarter"),
    ({"from_": "yesterday"}, "from and to must be dates such as 2026-11-30, or UNIX milliseconds"),
    ({"from_": "1970-01-01"}, "from and to must be between 1990-01-01 and 2200-01-01"),
    ({"from_": "2026-11-05"}, "from must be before to, and the range at most 3700 days long"),
    ({"from_": "2026-01-01", "step": "hour"}, "step=hour is limited to 100 days"),
    ({"user": "anna@a.example", "step": "hour"}, "step=hour is not available for a user: use step=day"),
    ({"user": "anna@a.example", "by": "domain"}, "user requires by=trend"),
    ({"from_": ""}, "from and to must be dates such as 2026-11-30, or UNIX milliseconds"),
    ({"server": "x" * 300}, "server: too many values, or too long"),
    ({"sort": "size"}, "sort: must be one of period, new_connections,"),
    ({"colour": "red"}, "unknown parameter 'colour'; known parameters: bom, by, domain, from,"),
    ({"domain": "x" * 300}, "domain: too long"),
]


@pytest.mark.parametrize(("parameters", "words"), WRONG, ids=[words for _, words in WRONG])
def test_mistakes_are_told(parameters: dict[str, str], words: str, door: Door) -> None:
    """400, in words that say what is possible."""
    answer = asking(door, **parameters)
    assert (400, True) == (answer.status_code, answer.json()["error"].startswith(words)), answer.text


def test_milliseconds_are_a_range(door: Door) -> None:
    """As Grafana writes times, the last millisecond included, and days that have not begun left out."""
    begin, end = stamp("2026-11-03", ZONE), stamp("2026-11-07", ZONE)
    answer = asking(door, from_=str(begin * 1000), to=str(end * 1000 - 1), step="Month")
    assert {"2026-11": "2 of 30"} == {period: row[-1] for period, row in read(answer.text)[1].items()}
    assert begin < LAST < end
