"""Two customers and an operator in a real Grafana and a browser: the same dashboards, each with what is his.

GRAFANA_HOME: an unpacked Grafana, started here; organisation, users and data source are made by deploy/gateway.
"""

import csv
import io
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from dashboards.__main__ import main
from exporter.gateway.config import read
from exporter.gateway.service import Service
from tests.dashboards.grafana_server import START_SECONDS, GrafanaServer
from tests.dashboards.site import stamp
from tests.gateway.world import SECRET, ZONE
from tests.prometheus_server import PrometheusServer

pytestmark = [
    pytest.mark.browser,
    pytest.mark.tool("prometheus", "promtool", "prom-label-proxy", "chromium"),
    pytest.mark.timeout(900),
]

SCRIPT = Path(__file__).parents[2] / "deploy" / "gateway" / "customers.py"
LIST = """
organisation: Our customers
customers:
  - {login: alice, email: alice@a.example, domains: [a.example]}
  - {login: bob, email: bob@b.example, domains: [b.example]}
"""
PASSWORD = "admin"
BETWEEN = f"from={stamp('2026-10-22', ZONE) * 1000}&to={stamp('2026-11-05', ZONE) * 1000 - 1}&timezone={ZONE}"


class LoginGrafana(GrafanaServer):
    """One in which everybody has to log in."""

    def _environment(self, port: int) -> dict[str, str]:
        settings = {"AUTH_ANONYMOUS_ENABLED": "false", "SECURITY_ADMIN_PASSWORD": PASSWORD}
        return super()._environment(port) | {f"GF_{name}": value for name, value in settings.items()}

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                with urlopen(f"{self.url}/api/dashboards/uid/pop3-exporter", timeout=2):
                    return
            except HTTPError as error:
                if error.code == 401:
                    return
            except OSError:
                pass
            time.sleep(0.5)  # another process: it can only be asked
        raise RuntimeError("Grafana did not start")


@dataclass
class Installation:
    """A running Grafana with customers, and what the script said."""

    url: str
    passwords: dict[str, str]
    directory: Path
    gateway: str

    def script(self) -> subprocess.CompletedProcess[str]:
        command = [
            *(sys.executable, str(SCRIPT), "--list", str(self.directory / "customers.yaml")),
            *("--access", str(self.directory / "access.yaml"), "--grafana", self.url, "--gateway", self.gateway),
            *("--dashboards", str(self.directory / "dashboards"), "--wait", "60"),
        ]
        environment = os.environ | {"GRAFANA_ADMIN_PASSWORD": PASSWORD, "PYTHONPATH": str(SCRIPT.parents[2])}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture(scope="module")
def installation(
    full_prometheus: PrometheusServer, enforcing: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    home = os.environ.get("GRAFANA_HOME")
    if not home:
        pytest.skip("GRAFANA_HOME names no Grafana")
    directory = tmp_path_factory.mktemp("grafana")
    main(["--time-zone", ZONE, "--output", str(directory / "dashboards")])
    (directory / "customers.yaml").write_text(LIST)
    (directory / "access.yaml").write_text("access: []\n")
    with LoginGrafana(Path(home), directory, directory / "dashboards", full_prometheus.url) as grafana:
        issuer = grafana.url.replace("127.0.0.1", "localhost") + "/"
        (directory / "gateway.yaml").write_text(
            f"listen: 127.0.0.1:0\nprometheus: {full_prometheus.url}\nlabel_proxy: {enforcing}\n"
            f"grafana: {{url: {grafana.url}, issuer: {issuer}}}\ntime_zone: {ZONE}\n"
        )
        service = Service(read(directory / "gateway.yaml"))
        service.start()
        made = Installation(grafana.url, {"admin": PASSWORD}, directory, service.url)
        done = made.script()
        assert 0 == done.returncode, done.stdout + done.stderr
        made.passwords |= dict(re.findall(r"new user (\w+), initial password (\S+)", done.stdout))
        yield made
        service.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])


def logged_in(installation: Installation, browser: Browser, login: str) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1600, "height": 2400}, accept_downloads=True)
    answer = context.request.post(
        f"{installation.url}/login", data={"user": login, "password": installation.passwords[login]}
    )
    assert answer.ok, answer.text()
    return context


def opened(installation: Installation, context: BrowserContext, path: str) -> tuple[Page, list[str]]:
    """A page with a dashboard, and what went wrong in it."""
    page, troubles = context.new_page(), []
    page.on(
        "response",
        lambda answer: (
            troubles.append(f"{answer.status} {answer.url}: {answer.text()[:300]}")
            if "/api/ds/query" in answer.url and (answer.status >= 400 or '"error"' in answer.text())
            else None
        ),
    )
    page.goto(f"{installation.url}{path}{'&' if '?' in path else '?'}{BETWEEN}")
    page.wait_for_load_state("networkidle")
    expect(page.get_by_label("Panel loading bar")).to_have_count(0, timeout=60_000)
    return page, troubles


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
    context = logged_in(installation, browser, login)
    page, troubles = opened(installation, context, f"{path}?var-user={person}")
    expect(page.get_by_text(person).first).to_be_visible(timeout=30_000)
    text = page.locator("body").inner_text()
    assert ([], []) == (troubles, [word for word in others if word in text])
    context.close()


def test_a_customer_downloads_his_report(installation: Installation, browser: Browser) -> None:
    """One click on CSV: a file with his users' rows."""
    context = logged_in(installation, browser, "alice")
    page, _ = opened(installation, context, "/d/pop3-domain")
    with page.expect_download() as download:  # of a tab of its own, reported to the page that opened it
        page.get_by_role("link", name="CSV").first.click()
    text = Path(download.value.path()).read_text("utf-8")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert "pop-sessions-a.example-2026-10-22_2026-11-04.csv" == download.value.suggested_filename
    assert ["User", "New Connections"] == rows[0][:2]
    assert {"anna@a.example", "'=cmd@a.example", "otto@a.example"} == {row[0] for row in rows[1:]}
    context.close()


def test_the_operator_sees_all(installation: Installation, browser: Browser) -> None:
    """In his organisation, by Prometheus itself."""
    context = logged_in(installation, browser, "admin")
    page, troubles = opened(installation, context, "/d/pop3-domains")
    text = page.locator("body").inner_text()
    assert ([], []) == (troubles, [name for name in ("a.example", "b.example", "c.example") if name not in text])
    source = {"name": "CSV", "uid": "csv", "type": "prometheus", "access": "proxy", "url": installation.gateway}
    assert context.request.post(f"{installation.url}/api/datasources", data=source).ok
    path = "api/datasources/proxy/uid/csv/report.csv?by=domain&from=2026-10-22&to=2026-11-04"
    rows = context.request.get(f"{installation.url}/{path}").text().split("\r\n")
    assert {"Domain", "a.example", "b.example", "c.example", "unknown", ""} == {row.partition(",")[0] for row in rows}
    context.close()


def test_what_a_viewer_may_try_in_grafana_fails(installation: Installation, browser: Browser) -> None:
    """Prometheus's data source by its uid, another organisation, headers of his own, the hidden API."""
    context = logged_in(installation, browser, "alice")
    proxy = f"{installation.url}/api/datasources/proxy/uid"
    query = "api/v1/query?query=pop3_domain_connections_total"

    def got(path: str, **headers: str) -> tuple[int, str]:
        answer = context.request.get(f"{proxy}/{path}", headers=headers)
        return answer.status, answer.text()

    for path, headers in {
        f"prometheus/{query}": {},
        f"pop3-gateway/{query}": {"X-Grafana-Org-Id": "1"},
        f"pop3-gateway/{query}#1": {"X-Pop3-Domains": "b.example"},
        "pop3-gateway/federate?match[]={__name__=~'.%2B'}": {},
        "pop3-gateway/api/v1/status/tsdb": {},
        "pop3-gateway/metrics": {},
        "pop3-gateway/report.csv?by=user&from=2026-10-22&to=2026-11-04&domain=b.example": {},
    }.items():
        status, text = got(path, **headers)
        assert (True, False) == (status >= 400, "ben@" in text), (path, status, text[:300])
    # Grafana writes the real token over whatever a browser sends.
    status, text = got(f"pop3-gateway/{query}", **{"X-Grafana-Id": "forged"})
    assert (200, False) == (status, "b.example" in text)
    context.close()


def test_the_script_may_run_again(installation: Installation) -> None:
    """Nothing changes where the list has not changed."""
    before = (installation.directory / "access.yaml").read_text()
    done = installation.script()
    assert (0, "") == (done.returncode, done.stdout), done.stderr
    assert before == (installation.directory / "access.yaml").read_text()


def test_a_changed_list_changes_rights_and_membership(installation: Installation, browser: Browser) -> None:
    """Who is no longer listed is out at once; somebody with another organisation is told, and gets nothing."""
    alice, bob, admin = (logged_in(installation, browser, login) for login in ("alice", "bob", "admin"))
    query = f"{installation.url}/api/datasources/proxy/uid/pop3-gateway/api/v1/label/domain/values"
    assert {"status": "success", "data": ["b.example"]} == bob.request.get(query).json()
    carol = {"login": "carol", "email": "carol@c.example", "password": "secret-enough", "OrgId": 1}
    assert admin.request.post(f"{installation.url}/api/admin/users", data=carol).ok
    changed = LIST.replace("  - {login: bob, email: bob@b.example, domains: [b.example]}\n", "").replace(
        "domains: [a.example]", "domains: [c.example]"
    )
    more = "  - {login: carol, email: carol@c.example, domains: [c.example]}\n"
    (installation.directory / "customers.yaml").write_text(changed + more)
    done = installation.script()
    assert (1, True) == (done.returncode, "carol is also in organisation 1" in done.stderr), done.stderr
    assert "bob is no longer listed" in done.stdout
    assert {"status": "success", "data": ["c.example"]} == alice.request.get(query).json()
    assert bob.request.get(query).status >= 400
    text = (installation.directory / "access.yaml").read_text()
    assert 2 == text.count("organisation:")


def test_another_data_source_of_the_customers_is_told(installation: Installation, browser: Browser) -> None:
    """It would be open to all of them."""
    admin = logged_in(installation, browser, "admin")
    found = admin.request.get(f"{installation.url}/api/orgs/name/Our%20customers").json()
    source = {"name": "Other", "type": "prometheus", "access": "proxy", "url": "http://127.0.0.1:1"}
    headers = {"X-Grafana-Org-Id": str(found["id"])}
    assert admin.request.post(f"{installation.url}/api/datasources", data=source, headers=headers).ok
    done = installation.script()
    assert (1, True) == (done.returncode, "has other data sources" in done.stderr), done.stderr
