"""Two customers and an operator in a real Grafana and a browser: the same dashboards, each with what is his.

GRAFANA_URL: a running Grafana; or GRAFANA_HOME: an unpacked one, started here. Organisation, users and data source of
the customers are made by deploy/gateway.
"""

import csv
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from dashboards.__main__ import main
from exporter.gateway.config import read
from exporter.gateway.service import Service
from tests.dashboards import grafana_server
from tests.dashboards.grafana_api import GrafanaApi, Login, Organisation
from tests.dashboards.site import stamp
from tests.dashboards.viewer import Viewer, chromium, logged_in
from tests.gateway.world import SECRET, ZONE
from tests.prometheus_server import PrometheusServer

pytestmark = [
    pytest.mark.browser,
    pytest.mark.tool("prometheus", "promtool", "prom-label-proxy", "chromium"),
    pytest.mark.timeout(900),
]

SCRIPT = Path(__file__).parents[2] / "deploy" / "gateway" / "customers.py"
BETWEEN = f"from={stamp('2026-10-22', ZONE) * 1000}&to={stamp('2026-11-05', ZONE) * 1000 - 1}&timezone={ZONE}"


@dataclass
class Installation:
    """A Grafana with customers and operators. All names in it end with the API's mark."""

    api: GrafanaApi
    operators: Organisation
    directory: Path
    gateway: str
    logins: dict[str, Login]

    def customers(self, *domains: tuple[str, str]) -> None:
        """Write the list: names and their domains."""
        mark = self.api.mark
        lines = [
            f"  - {{login: {name}{mark}, email: {name}{mark}@{domain}, domains: [{domain}]}}\n"
            for name, domain in domains
        ]
        head = f"organisation: Our customers{mark}\noperators: {self.operators.number}\ncustomers:\n"
        (self.directory / "customers.yaml").write_text("".join([head, *lines]))

    def script(self) -> subprocess.CompletedProcess[str]:
        command = [
            *(sys.executable, str(SCRIPT), "--list", str(self.directory / "customers.yaml")),
            *("--access", str(self.directory / "access.yaml"), "--grafana", self.api.url, "--gateway", self.gateway),
            *("--dashboards", str(self.directory / "dashboards"), "--wait", "60"),
        ]
        environment = {"GRAFANA_ADMIN_USER": self.api.user, "GRAFANA_ADMIN_PASSWORD": self.api.password}
        environment |= {"PYTHONPATH": str(SCRIPT.parents[2])}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)

    def looking(self, browser: Browser, name: str) -> AbstractContextManager[BrowserContext]:
        """Somebody's browser, logged in."""
        return logged_in(browser, self.api.url, self.logins[name])


@pytest.fixture(scope="module")
def installation(
    full_prometheus: PrometheusServer, enforcing: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    if not grafana_server.is_there():
        pytest.skip("neither GRAFANA_URL nor GRAFANA_HOME names a Grafana")
    directory = tmp_path_factory.mktemp("grafana")
    main(["--time-zone", ZONE, "--output", str(directory / "dashboards")])
    (directory / "access.yaml").write_text("access: []\n")
    with grafana_server.some_grafana(directory) as api, api.organisation("POP3 operators") as operators:
        operators.data_source("Prometheus", "prometheus", full_prometheus.url, is_default=True)
        operators.dashboards(directory / "dashboards")
        (directory / "gateway.yaml").write_text(
            f"listen: 127.0.0.1:0\nprometheus: {full_prometheus.url}\nlabel_proxy: {enforcing}\n"
            f"grafana: {{url: {api.url}, issuer: {api.issuer}}}\ntime_zone: {ZONE}\n"
        )
        service = Service(read(directory / "gateway.yaml"))
        service.start()
        made = Installation(api, operators, directory, service.url, {"admin": operators.user("admin", "Admin")})
        operators.data_source("CSV", "csv", service.url)
        made.customers(("alice", "a.example"), ("bob", "b.example"))
        try:
            done = made.script()
            assert 0 == done.returncode, done.stdout + done.stderr
            for name, password in re.findall(r"new user (\S+), initial password (\S+)", done.stdout):
                made.logins[name.removesuffix(api.mark)] = Login(name, password, 0)
            yield made
        finally:
            service.stop()
            api.named(f"Our customers{api.mark}").remove()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def opened(installation: Installation, context: BrowserContext, path: str) -> Viewer:
    """A page with a dashboard."""
    viewer = Viewer(context.new_page(), installation.api.url)
    viewer.visit(f"{path}{'&' if '?' in path else '?'}{BETWEEN}")
    return viewer


STRANGERS = {
    "alice": ("anna@a.example", ("b.example", "c.example", "ben@", str(SECRET))),
    "bob": ("ben@b.example", ("a.example", "c.example", "anna@")),
}


@pytest.mark.parametrize("login", STRANGERS)
@pytest.mark.parametrize("path", ["/d/pop3-domain", "/d/pop3-domains", "/d/pop3-user"])
def test_each_customer_sees_his_domain_only(
    login: str, path: str, installation: Installation, browser: Browser
) -> None:
    """The pages are about his domain, without an error; no name of another one is in them."""
    person, others = STRANGERS[login]
    with installation.looking(browser, login) as context:
        viewer = opened(installation, context, f"{path}?var-user={person}")
        expect(viewer.page.get_by_text(person).first).to_be_visible(timeout=30_000)
        text = viewer.page.locator("body").inner_text()
        assert ([], []) == (viewer.troubles, [word for word in others if word in text])


def saved(viewer: Viewer) -> tuple[str, list[list[str]]]:
    """One click on CSV: the file's name and its rows."""
    with viewer.page.expect_download() as download:  # of a tab of its own, reported to the page that opened it
        viewer.csv_links.first.click()
    text = Path(download.value.path()).read_text("utf-8")
    return download.value.suggested_filename, list(csv.reader(io.StringIO(text, newline="")))


def test_a_customer_downloads_his_report(installation: Installation, browser: Browser) -> None:
    """One click on CSV: a file with his users' rows."""
    with installation.looking(browser, "alice") as context:
        name, rows = saved(opened(installation, context, "/d/pop3-domain"))
        assert "pop-sessions-a.example-2026-10-22_2026-11-04.csv" == name
        assert ["User", "New Connections"] == rows[0][:2]
        assert {"anna@a.example", "'=cmd@a.example", "otto@a.example"} == {row[0] for row in rows[1:]}


@pytest.mark.parametrize(
    ("uid", "heading", "count"), [("pop3-trend", "Period", 2), ("pop3-domains", "Domain", 4), ("pop3-user", "User", 3)]
)
def test_the_link_is_there_where_the_gateway_is(
    uid: str, heading: str, count: int, installation: Installation, browser: Browser
) -> None:
    """An operator who changes the data source sees the link come, and gets the page's choices by one click."""
    with installation.looking(browser, "admin") as context:
        viewer = opened(installation, context, f"/d/{uid}?var-domain=a.example&var-step=30")
        assert 0 == viewer.csv_links.count()
        viewer.page.get_by_text("Prometheus", exact=True).first.click(force=True)  # its input lies over it
        viewer.page.get_by_role("option", name="CSV").click()
        expect(viewer.csv_links.first).to_be_visible(timeout=30_000)
        viewer.settle()
        _, rows = saved(viewer)
        assert (heading, count) == (rows[0][0], len(rows) - 1)
        assert [] == viewer.troubles


def test_the_operator_sees_all(installation: Installation, browser: Browser) -> None:
    """In his organisation, by Prometheus itself, and by a gateway beside it."""
    with installation.looking(browser, "admin") as context:
        viewer = opened(installation, context, "/d/pop3-domains")
        text = viewer.page.locator("body").inner_text()
        missing = [name for name in ("a.example", "b.example", "c.example") if name not in text]
        assert ([], []) == (viewer.troubles, missing)
        path = "api/datasources/proxy/uid/csv/report.csv?by=domain&from=2026-10-22&to=2026-11-04"
        rows = context.request.get(f"{installation.api.url}/{path}").text().split("\r\n")
        names = {"Domain", "a.example", "b.example", "c.example", "unknown", ""}
        assert names == {row.partition(",")[0] for row in rows}


def test_what_a_viewer_may_try_in_grafana_fails(installation: Installation, browser: Browser) -> None:
    """Prometheus's data source by its uid, another organisation, headers of his own, the hidden API."""
    proxy = f"{installation.api.url}/api/datasources/proxy/uid"
    query = "api/v1/query?query=pop3_domain_connections_total"
    with installation.looking(browser, "alice") as context:

        def got(path: str, **headers: str) -> tuple[int, str]:
            answer = context.request.get(f"{proxy}/{path}", headers=headers)
            return answer.status, answer.text()

        for path, headers in {
            f"prometheus/{query}": {},
            f"pop3-gateway/{query}": {"X-Grafana-Org-Id": str(installation.operators.number)},
            f"pop3-gateway/{query}#1": {"X-Pop3-Domains": "b.example"},
            "pop3-gateway/federate?match[]={__name__=~'.%2B'}": {},
            "pop3-gateway/api/v1/status/tsdb": {},
            "pop3-gateway/metrics": {},
            "pop3-gateway/report.csv?by=user&from=2026-10-22&to=2026-11-04&domain=b.example": {},
        }.items():
            status, text = got(path, **headers)
            assert (True, False) == (status >= 400, "ben@" in text), (path, status, text[:300])
        resources = f"{installation.api.url}/api/datasources/uid/pop3-gateway/resources"
        for path in ("metrics", "federate?match[]=up", "api/v1/targets", "api/v1/query/../../../metrics", "-/reload"):
            answer = context.request.get(f"{resources}/{path}")
            assert 400 <= answer.status, (path, answer.text()[:300])
        # A header that Grafana drops on the way takes the identity with it: then there is nobody to answer, which
        # Grafana tells with a status of its own.
        cookies = {one["name"]: one["value"] for one in context.cookies() if "name" in one and "value" in one}
        dropped = {"Connection": "X-Grafana-Id"}
        for path, expected in {
            "metrics": 403,
            query: 400,
            "report.csv?from=2026-10-22&to=2026-11-04": 400,
        }.items():
            address = f"{proxy}/pop3-gateway/{path}"
            found = httpx.get(address, headers=dropped, cookies=cookies, trust_env=False)
            assert expected == found.status_code, (path, found.text[:300])
        # Grafana writes the real token over whatever a browser sends.
        status, text = got(f"pop3-gateway/{query}", **{"X-Grafana-Id": "forged"})
        assert (200, False) == (status, "b.example" in text)


def in_grafana(installation: Installation) -> tuple[Any, dict[str, int]]:
    """What the script made there: the data source, and the dashboards' versions."""
    number = installation.api.named(f"Our customers{installation.api.mark}").number
    source = installation.api.ask("GET", "/api/datasources/uid/pop3-gateway", organisation=number)
    boards = {
        uid: installation.api.ask("GET", f"/api/dashboards/uid/{uid}", organisation=number)["dashboard"]["version"]
        for uid in ("pop3-domains", "pop3-domain", "pop3-user")
    }
    return {name: value for name, value in source.items() if name != "version"}, boards


def test_the_script_may_run_again(installation: Installation) -> None:
    """Nothing changes where the list has not changed."""
    before, made = (installation.directory / "access.yaml").read_text(), in_grafana(installation)
    done = installation.script()
    assert (0, "") == (done.returncode, done.stdout), done.stderr
    assert before == (installation.directory / "access.yaml").read_text()
    assert made == in_grafana(installation)


def test_the_script_repairs_what_somebody_changed(installation: Installation) -> None:
    """The data source and its method, and a dashboard."""
    number = installation.api.named(f"Our customers{installation.api.mark}").number
    made = in_grafana(installation)
    source = installation.api.ask("GET", "/api/datasources/uid/pop3-gateway", organisation=number)
    source["jsonData"]["httpMethod"] = "GET"
    installation.api.ask("PUT", "/api/datasources/uid/pop3-gateway", source, organisation=number)
    board = installation.api.ask("GET", "/api/dashboards/uid/pop3-domain", organisation=number)["dashboard"]
    saved = {"dashboard": board | {"title": "Mine"}, "folderUid": "pop3", "overwrite": True}
    installation.api.ask("POST", "/api/dashboards/db", saved, organisation=number)
    done = installation.script()
    assert (0, "") == (done.returncode, done.stdout), done.stderr
    again = in_grafana(installation)
    assert (made[0], made[1]["pop3-user"]) == (again[0], again[1]["pop3-user"])
    assert made[1]["pop3-domain"] < again[1]["pop3-domain"]


def test_a_changed_list_changes_rights_and_membership(installation: Installation, browser: Browser) -> None:
    """Who is no longer listed is out at once; somebody with another organisation is told, and gets nothing."""
    query = f"{installation.api.url}/api/datasources/proxy/uid/pop3-gateway/api/v1/label/domain/values"
    with installation.looking(browser, "alice") as alice, installation.looking(browser, "bob") as bob:
        assert {"status": "success", "data": ["b.example"]} == bob.request.get(query).json()
        carol = installation.operators.user("carol").name
        installation.customers(("alice", "c.example"), ("carol", "c.example"))
        done = installation.script()
        told = f"{carol} is also in organisation {installation.operators.number}"
        assert (1, True) == (done.returncode, told in done.stderr), done.stderr
        assert f"bob{installation.api.mark} is no longer listed" in done.stdout
        assert {"status": "success", "data": ["c.example"]} == alice.request.get(query).json()
        assert bob.request.get(query).status >= 400
    text = (installation.directory / "access.yaml").read_text()
    assert 2 == text.count("organisation:")


def test_the_operators_are_no_customers(installation: Installation) -> None:
    """Their organisation cannot be the customers' one: a role in it sees everything."""
    path = installation.directory / "customers.yaml"
    text = path.read_text()
    number = installation.api.named(f"Our customers{installation.api.mark}").number
    path.write_text(text.replace(f"operators: {installation.operators.number}", f"operators: {number}"))
    done = installation.script()
    path.write_text(text)
    assert (1, True) == (done.returncode, "give the customers another one" in done.stderr), done.stderr


def test_another_data_source_of_the_customers_is_told(installation: Installation) -> None:
    """It would be open to all of them: nobody new joins; who is no longer listed leaves all the same."""
    mark = installation.api.mark
    customers = installation.api.named(f"Our customers{mark}")
    customers.data_source("Other", "other", "http://127.0.0.1:1")
    installation.customers(("dora", "b.example"))
    done = installation.script()
    assert (1, True) == (done.returncode, "has other data sources" in done.stderr), done.stderr
    assert f"alice{mark} is no longer listed and has left the organisation\n" in done.stdout
    members = installation.api.ask("GET", f"/api/orgs/{customers.number}/users")
    assert {"Admin"} == {member["role"] for member in members}
    assert 1 == (installation.directory / "access.yaml").read_text().count("organisation:")
