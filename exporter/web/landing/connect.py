"""How to connect Prometheus and Grafana: scrape configuration, rules, dashboards."""

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from exporter.addresses import is_everywhere, is_loopback
from exporter.catalogue import Scope
from exporter.model import View
from exporter.web.landing.markup import Html, el, text, with_code
from exporter.web.site import Files, Site

HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%]{2,60}\]|[A-Za-z0-9._-]{1,253})(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
# With more users, a separate job scrapes them less often.
MANY_USERS = 5000
TITLES = {
    "rules": ("Rules and alerts", "pop3-exporter files rules /etc/prometheus/rules/pop3"),
    "dashboards": ("Dashboards", "pop3-exporter files dashboards DIRECTORY"),
    "runbooks": ("Runbooks", "pop3-exporter files runbooks DIRECTORY"),
}

DOCS = {
    "All metrics": "metrics.md",
    "Reports and CSV": "reports.md",
    "What is not exact": "not-exact.md",
    "Alerts": "alerts.md",
    "Dashboards": "dashboards.md",
    "TLS and users": "web.md",
    "Old logs": "history.md",
    "Limits": "limits.md",
}


@dataclass(frozen=True, slots=True)
class Reached:
    """How a browser reached the page: the Host header, the server's address, TLS, and whether with a password."""

    host: str = ""
    server: tuple[str, int] = ("127.0.0.1", 10110)
    is_secure: bool = False
    with_password: bool = False


def connect(site: Site, view: View, reached: Reached) -> Html:
    """The section."""
    target, is_local = _target(reached, site.listen)
    many = len(view.rows.get(Scope.USER, {})) > MANY_USERS
    snippet = el("pre", el("code", "\n".join(_jobs(target, reached, many=many))))
    advice = _advice(site.listen, is_local=is_local)
    return text(
        el("h2", "Prometheus and Grafana", id="connect"),
        el(
            "section",
            el("h3", "Scrape configuration"),
            el("p", with_code("For `prometheus.yml`:")),
            snippet,
            el("p", with_code(advice), class_="quiet") if advice else "",
            el("p", f"From {MANY_USERS:,} users on, scrape users once a minute.", class_="quiet") if many else "",
            el("h3", "Rules, dashboards, documentation"),
            _files(site.files),
            class_="card",
        ),
    )


def _target(reached: Reached, listen: Sequence[str]) -> tuple[str, bool]:
    """HOST:PORT for Prometheus, and whether only this machine can reach it."""
    found = HOST.fullmatch(reached.host)
    host, port = (found["host"], found["port"]) if found else _bracketed(*reached.server)
    port = port or ("443" if reached.is_secure else "80")
    if not is_loopback(host):
        return f"{host}:{port}", False
    hosts = [address.rpartition(":")[0] for address in listen]
    others = [other for other in hosts if not is_loopback(other)]
    if not others:
        return f"{host}:{port}", bool(hosts)
    return f"{socket.gethostname() if is_everywhere(others[0]) else others[0]}:{port}", False


def _bracketed(host: str, port: int) -> tuple[str, str]:
    return (f"[{host}]" if ":" in host else host), str(port)


def _advice(listen: Sequence[str], *, is_local: bool) -> str:
    if not is_local:
        return ""
    port = listen[0].rpartition(":")[2]
    return (
        "The exporter listens on this machine only. For Prometheus on another one, set"
        f' `web: {{listen: ":{port}"}}`, open the port in the firewall, and reload this page from there.'
    )


def _jobs(target: str, reached: Reached, *, many: bool) -> list[str]:
    lines = ["scrape_configs:"]
    jobs = {"pop3": ""} if not many else {"pop3": "server, domain, exporter", "pop3-users": "user"}
    for job, groups in jobs.items():
        lines.append(f"  - job_name: {job}")
        if job != "pop3":
            lines.append("    scrape_interval: 1m")
        if reached.is_secure:
            lines.append("    scheme: https")
        if reached.with_password:
            lines.append("    basic_auth: {username: NAME, password_file: FILE}")
        if groups:
            lines.append(f'    params: {{"collect[]": [{groups}]}}')
        lines.append(f'    static_configs: [{{targets: ["{target}"]}}]')
    return lines


def _files(files: Files) -> Html:
    """Downloads, and the commands that write the same files."""
    rows = []
    for kind, (title, command) in TITLES.items():
        saved = (el("a", f"{kind}.zip", href=f"/files/{kind}.zip", download=""), " or ") if kind in files else ()
        rows.append(text(el("dt", title), el("dd", *saved, el("code", command))))
    if "docs" in files:
        pages = (text(el("a", title, href=f"/files/docs/{name}"), " ") for title, name in DOCS.items())
        rows.append(text(el("dt", "Documentation"), el("dd", *pages, class_="links")))
    return el("dl", *rows)
