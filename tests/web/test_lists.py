"""Domains, users, unused accounts and CSV of the landing page, against what was booked."""

import csv
import io
import sqlite3
import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from exporter import shipped
from exporter.catalogue import Quality, Scope
from exporter.ledger import Ledger
from exporter.ledger.reading import Reading
from exporter.model import Row
from exporter.reports.rows import By
from exporter.web.landing import Landing
from tests.exposition.views import BERLIN, NOW, amounts
from tests.reports.ledgers import Commit, charge, filled
from tests.web.conftest import World
from tests.web.pages import Seen

DAY = 86_400
ZONE = "Europe/Berlin"
HOSTILE = ("<script>alert(1)</script>", "\u202egro.live", "x" * 200, "a b&c=d%26?#", "'\"--", "=1+1")


def booked(folder: Path) -> Path:
    """Three domains over 40 days; 60 users in one of them; logs without what clients sent."""
    found = [charge(NOW - 40 * DAY, domain="old.example", user="ann@old.example", connections=1, logins=1)]
    for number in range(60):
        user = f"u{number:02}@big.example"
        found.append(charge(NOW - 3600, domain="big.example", user=user, connections=number + 1, logins=1))
        found.append(charge(NOW - 5 * DAY, domain="big.example", user=user, connections=1000, terminations=2, logins=1))
    found.append(
        charge(
            NOW - 2 * DAY, domain="small.example", user="ben@small.example", connections=7, logins=1, sent_bytes=9400
        )
    )
    found.append(charge(NOW - 20 * DAY, domain="small.example", user="cyd@small.example", connections=50, logins=1))
    quality = {("mx", "sent_bytes"): Quality.LOWER_BOUND, ("mx", "received_bytes"): Quality.NONE}
    return filled(folder / "ledger.sqlite", ZONE, [Commit(NOW, found, quality)])


@pytest.fixture
def world(tmp_path: Path) -> World:
    """With a ledger, whose view is the daemon's."""
    path = booked(tmp_path)
    ledger = Ledger.open(path, now=NOW)
    ledger.close()
    return World(view=ledger.view, ledger=path)


def seen(client: httpx.Client, address: str) -> Seen:
    """A page as it is read."""
    answer = client.get(address)
    assert 200 == answer.status_code, answer.text
    return Seen(answer.text)


def table(page: Seen, first: str) -> dict[str, list[str]]:
    """Cells by the row's name, of the table whose first heading this is."""
    [found] = [rows for rows in page.tables if rows[0][0] == first]
    return {row[0]: row[1:] for row in found[1:]}


def test_the_overview_has_the_days_of_the_log(client: httpx.Client) -> None:
    """Newest first, with marks in the cells; the busiest domains and users of the same days."""
    page = seen(client, "/")
    days = table(page, "Day")
    assert ["Sun 2026-11-22", "Mon 2026-11-09"] == [next(iter(days)), list(days)[-1]]
    assert ["1,830", "0", "0", "0", "≥ 0 B"] == days["Sun 2026-11-22"]
    assert ["7", "0", "0", "0", "≥ 9.40 kB"] == days["Fri 2026-11-20"]
    assert ["60,000", "0", "0", "120", "≥ 0 B"] == days["Tue 2026-11-17"]
    domains = table(page, "Domain")
    assert ["61,830", "0", "0", "120", "≥ 0 B"] == domains["big.example"]
    assert ["big.example", "small.example", "old.example"] == list(domains)
    assert [f"u{number}@big.example" for number in (59, 58, 57, 56, 55)] == list(table(page, "User"))
    assert "≥ at least" in page.text
    assert {"/domains", "/users"} <= {page.links["All domains (3)"], page.links["All users (63)"]}


def test_days_before_the_log_are_no_zeros(client: httpx.Client, world: World, tmp_path: Path) -> None:
    """A daemon that is an hour old has one day, and says since when."""
    (tmp_path / "young").mkdir()
    world.ledger = filled(tmp_path / "young" / "ledger", ZONE, [Commit(NOW, [charge(NOW - 3600)])])
    with httpx.Client() as asking, closing_server(world) as url:
        page = Seen(asking.get(url).text)
    assert {"Sun 2026-11-22": ["1", "0", "0", "0", "0 B"]} == table(page, "Day")
    assert "mx: the log begins on 2026-11-22 at 11:34" in page.text
    del client


class closing_server:  # noqa: N801 - used as a function
    """A server over a world, for a while."""

    def __init__(self, world: World) -> None:
        self._server = world.start()

    def __enter__(self) -> str:
        return self._server.url

    def __exit__(self, *_: object) -> None:
        self._server.stop()


@pytest.mark.parametrize(("days", "first", "numbers"), [("1", "u59", ["60", "0"]), ("14", "u59", ["1,060", "2"])])
def test_users_are_listed_page_by_page(client: httpx.Client, days: str, first: str, numbers: list[str]) -> None:
    """Fifty a page, by connections of today or of 14 days, with their last login."""
    page = seen(client, f"/users?days={days}")
    rows = table(page, "User")
    assert (50, f"{first}@big.example") == (len(rows), next(iter(rows)))
    cells = rows[f"{first}@big.example"]
    assert [*numbers, "2026-11-22 11:34"] == [cells[0], cells[3], cells[5]]
    assert "1 to 50 of 63" in page.text
    rest = seen(client, page.links["Next →"])
    assert 63 == len(rows.keys() | table(rest, "User").keys())
    assert "51 to 63 of 63" in rest.text
    assert seen(client, rest.links["← Previous"]).tables == page.tables
    assert "Next →" not in rest.links


def test_lists_sort_by_every_column(client: httpx.Client) -> None:
    """A click on the heading; names rise, numbers fall, and other choices stay."""
    page = seen(client, "/users?days=1&q=u")
    by_name = seen(client, page.links["User"])
    assert ["u00@big.example", "u01@big.example"] == list(table(by_name, "User"))[:2]
    assert {"days": ["1"], "q": ["u"], "sort": ["name"]} == parse_qs(urlsplit(page.links["User"]).query)
    by_size = seen(client, seen(client, "/domains").links["Bandwidth"])
    assert "small.example" == next(iter(table(by_size, "Domain")))


def test_a_search_and_a_domain_narrow_the_list(client: httpx.Client) -> None:
    """The choices are kept in the form, and what matches nothing says so."""
    assert ["u07@big.example"] == list(table(seen(client, "/users?q=U07"), "User"))
    page = seen(client, seen(client, "/domains").links["small.example"])
    assert ["cyd@small.example", "ben@small.example"] == list(
        table(seen(client, "/users?domain=small.example&sort=name"), "User")
    )[::-1]
    assert "Users of small.example" in page.text
    assert {"q": "", "domain": "small.example"} == {str(one["name"]): one["value"] for one in page.fields}
    assert "No matches." in seen(client, "/users?q=nobody").text
    assert "No matches." in seen(client, "/users?page=99").text


@pytest.mark.parametrize(
    "query", ["days=x", "page=-1", "page=99999999999999", "sort=%00", "q=%ff%00%27", "days=1&days=2"]
)
@pytest.mark.parametrize("path", ["/", "/users", "/domains", "/unused"])
def test_what_cannot_be_understood_is_not_there(client: httpx.Client, path: str, query: str) -> None:
    """Nobody gets an error for an address that he was sent."""
    assert "The report cannot be read" not in seen(client, f"{path}?{query}").text


def test_unused_accounts_are_counted_and_listed(client: httpx.Client) -> None:
    """As many as `report --inactive` has; where the log is shorter, nobody knows, and nobody says 0."""
    page = seen(client, "/")
    assert "1 unused for 30 days" in page.text
    assert "not known yet unused for 90 days (the log is shorter)" in page.text
    rows = table(seen(client, "/unused?days=15"), "User")
    assert {"ann@old.example": ["2026-10-13 13:34", "40"], "cyd@small.example": ["2026-11-02 12:34", "20"]} == rows
    page = seen(client, "/unused?days=90")
    assert "the log covers only 40 days: no login in it can be 90 days old" in page.text
    assert {"30 days", "90 days", "180 days", "365 days"} <= page.links.keys()
    assert ["ann@old.example"] == list(table(seen(client, "/unused?days=15&q=ann"), "User"))


def rows_of(answer: httpx.Response) -> list[list[str]]:
    """The cells of a CSV file."""
    assert 200 == answer.status_code, answer.text
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))


def test_csv_is_one_click(client: httpx.Client) -> None:
    """Raw numbers, true columns, and a column for what is a lower bound."""
    answer = client.get(seen(client, "/").links["CSV"])
    assert 'attachment; filename="pop3-sessions-2026-11-09-to-2026-11-22.csv"' == answer.headers["content-disposition"]
    assert answer.text.startswith("\ufeffPeriod,")
    assert ["2026-11-20", "7", "0", "0", "0", "9400", "1 of 1", "Bandwidth: at least"] in rows_of(answer)
    users = rows_of(client.get(seen(client, "/users").links["CSV"]))
    assert (64, ["u59@big.example", "1060", "0", "0", "2", "0", "Bandwidth: at least"]) == (len(users), users[1])
    small = rows_of(client.get(seen(client, "/users?domain=small.example").links["CSV"]))
    assert ["User", "ben@small.example", "cyd@small.example"] == [row[0] for row in small]
    unused = rows_of(client.get(seen(client, "/unused?days=15").links["CSV"]))
    assert [["ann@old.example", "2026-10-13T13:34:56+02:00", "40"]] == unused[1:2]


def test_csv_of_any_days_and_step(client: httpx.Client) -> None:
    """By date, as the command has it; what cannot be answered says why."""
    months = rows_of(client.get("/report.csv?step=month&from=2026-01-01&to=2026-12-31"))
    assert [["2026-10", "19 of 31"], ["2026-11", "22 of 30"]] == [[row[0], row[6]] for row in months[1:]]
    hours = rows_of(client.get("/report.csv?step=hour&domain=big.example&from=2026-11-22&to=2026-11-22"))
    assert ["2026-11-22T11:00:00+01:00", "1830"] == next(row[:2] for row in hours[1:] if row[1] != "0")
    for wrong, message in (
        ("by=planet", "by: must be one of trend, domain, user"),
        ("from=yesterday", "must be dates such as 2026-11-22"),
        ("from=2026-11-22&to=2026-11-01", "from (2026-11-22) is after to (2026-11-01)"),
        ("step=hour", "step=hour requires by=trend and a domain"),
        ("colour=red", "unknown parameter 'colour'"),
    ):
        answer = client.get(f"/report.csv?{wrong}")
        assert (400, True) == (answer.status_code, message in answer.text)


def test_hostile_names_stay_names(world: World, tmp_path: Path) -> None:
    """HTML, letters that turn a line round, names of 200 letters: seen as they are, on every page, and led to."""
    (tmp_path / "hostile").mkdir()
    domains = [f"{name}.example" for name in HOSTILE]
    found = [charge(NOW, domain=name, user=f"{name}@{name}", connections=5, logins=1) for name in domains]
    world.ledger = filled(tmp_path / "hostile" / "ledger", ZONE, [Commit(NOW, found)])
    landing = Landing(world.site())
    with httpx.Client() as client, closing_server(world) as url:
        pages = [Seen(client.get(f"{url}{path}").text) for path in ("/", "/domains", "/users", "/unused?days=1")]
        for page in pages:
            assert set() == {"script", "img", "iframe"} & set(page.elements)
            assert "\u202e" not in page.text
        shown = table(pages[1], "Domain")
        assert {name.replace("\u202e", "\\u202e") for name in domains} == set(shown)
        for name in shown:
            [user] = table(Seen(client.get(f"{url}{pages[1].links[name]}").text), "User")
            assert f"{name}@{name}" == user
    assert "<script>" not in landing.page()


def test_a_ledger_that_cannot_be_read_spoils_nothing_else(world: World) -> None:
    """The pages that would say so still stand, and CSV is no empty file."""
    site = world.site()

    def failing() -> Reading:
        raise sqlite3.OperationalError("disk I/O error")

    landing, told = Landing(replace(site, reading=failing)), "The report is unavailable: disk I/O error"
    assert told not in Landing(site).page()
    for page in (landing.page(), landing.unused({}), landing.names(By.USER, {})):
        assert told in page
    assert "/var/log/mail.log*" in landing.page()
    world.ledger = world.ledger and world.ledger.with_name("elsewhere")
    with httpx.Client() as client, closing_server(world) as url:
        answer = client.get(f"{url}/report.csv")
    assert (503, True) == (answer.status_code, "no such ledger" in answer.text)


def test_the_overview_is_read_once_per_commit(world: World) -> None:
    """Looking at it again reads nothing of what it has; a new commit does."""
    site, read = world.site(), list[str]()

    def reading() -> Reading:
        assert site.reading is not None
        opened = site.reading()
        opened.connection.set_trace_callback(read.append)
        return opened

    landing = Landing(replace(site, reading=reading))
    landing.page()
    first = len(read)
    landing.page()
    assert len(read) - first < first / 2
    again = len(read)
    world.view = replace(world.view, committed_at=NOW + 1.0)
    landing.page()
    assert len(read) - again > first / 2


def test_the_scrape_snippet_has_the_address_that_reached_it(world: World) -> None:
    """That of the browser; on loopback, what is configured for others, or what to configure."""
    for listen, host, target in (
        ((":10110",), "mx1.example.com:10110", "mx1.example.com:10110"),
        ((":10110",), "[2001:db8::1]:10110", "[2001:db8::1]:10110"),
        (("192.0.2.7:10110",), "localhost:10110", "192.0.2.7:10110"),
        (("127.0.0.1:10110",), "127.0.0.1:10110", "127.0.0.1:10110"),
        ((":10110",), "mx1.example.com", "mx1.example.com:80"),
    ):
        world.listen = listen
        with httpx.Client() as client, closing_server(world) as url:
            text = Seen(client.get(url, headers={"host": host}).text).text
        assert f'static_configs: [{{targets: ["{target}"]}}]' in text
        assert ("listens on this machine only" in text) is (target.startswith("127."))
    world.listen = (":10110",)
    with httpx.Client() as client, closing_server(world) as url:
        text = client.get(url, headers={"host": '"><script>'}).text
    assert "<script>" not in text
    assert 'targets: ["' in Seen(text).text.replace("&quot;", '"')


def test_large_sites_scrape_users_in_a_job_of_their_own(world: World) -> None:
    """Beyond some thousand."""
    users = [Row(("mx", "a", f"u{number}@a"), NOW, amounts()) for number in range(5001)]
    rows = {**world.view.rows, str(Scope.USER): {row.labels: row for row in users}}
    text = Seen(Landing(world.site()).page()).text
    assert "pop3-users" not in text
    world.view = replace(world.view, rows=rows)
    text = Seen(Landing(world.site()).page()).text
    assert 'job_name: pop3-users scrape_interval: 1m params: {"collect[]": [user]}' in text


def test_rules_and_dashboards_are_saved_at_once(world: World) -> None:
    """Where they come with the program; the command that writes them stands beside."""
    world.files = {"rules": lambda: {"alerts.yml": "groups: []\n"}}
    with httpx.Client() as client, closing_server(world) as url:
        page = Seen(client.get(url).text)
        answer = client.get(f"{url}{page.links['rules.zip']}")
        assert "groups: []\n" == client.get(f"{url}/files/rules/alerts.yml").text
        for missing in ("passwords.zip", "rules/passwords", "etc/passwd", "rules/..%2f..%2fetc%2fpasswd"):
            assert 404 == client.get(f"{url}/files/{missing}").status_code
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert b"groups: []\n" == archive.read("rules/alerts.yml")
    assert "pop3-exporter files dashboards DIRECTORY" in page.text


def test_what_comes_with_the_program_is_there(world: World) -> None:
    """Each link of the page leads to a file of this very version."""
    world.files = shipped.KINDS
    with httpx.Client() as client, closing_server(world) as url:
        page = Seen(client.get(url).text)
        for address in page.links.values():
            assert 200 == client.get(f"{url}{address}").status_code, address
    assert {"rules.zip", "dashboards.zip", "runbooks.zip", "What is not exact", "Alerts"} <= page.links.keys()


def test_days_are_those_of_the_site(client: httpx.Client) -> None:
    """Today is the day in the zone of the ledger."""
    assert f"{datetime.fromtimestamp(NOW, BERLIN.zone(NOW)):%a %Y-%m-%d}" in seen(client, "/").text


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback is asked directly."""
    monkeypatch.setenv("NO_PROXY", "*")
