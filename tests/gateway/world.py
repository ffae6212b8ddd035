"""A small site of three customers, and a gateway in front of it with real programs around."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from exporter.gateway.config import read
from exporter.gateway.service import Service
from tests.dashboards.site import Event, Site, stamp
from tests.gateway.signing import ISSUER, Signer, jwks, viewer

ZONE = "Europe/Berlin"
FIRST, LAST = stamp("2026-10-22 09:00", ZONE), stamp("2026-11-04 18:00", ZONE)
SCRAPE_SECONDS = 1800
SWITCHED_OFF = stamp("2026-10-30 12:00", ZONE)
SECRET = 4_000_000_000_000_000  # a number of b.example; nothing else comes near it
# (server, domain, user, connections a day)
PEOPLE = (
    ("mx1", "a.example", "anna@a.example", 7),
    ("win1", "a.example", "anna@a.example", 3),
    ("mx1", "a.example", "=cmd@a.example", 2),
    ("mx1", "c.example", "cleo@c.example", 5),
    ("old1", "a.example", "otto@a.example", 2),
    ("mx1", "b.example", "ben@b.example", 1),
    ("mxb", "b.example", "ben@b.example", 1),
    ("mx1", "unknown", None, 2),
)
LOOKALIKES = ("aXexample", "a-example", "a.example.b.example", "b.a.example", "A.example", "a.example.")
NO_BYTES = {("win1", "received_bytes"): "none", ("win1", "sent_bytes"): "none"}
RULES = f"""
groups:
  - name: by domain
    interval: 1s
    rules:
      - {{alert: Mine, expr: "vector(1)", labels: {{domain: a.example}}}}
      - {{alert: Theirs, expr: "vector({SECRET})", labels: {{domain: b.example}}, annotations: {{who: ben@b.example}}}}
      - {{alert: Everybody, expr: "vector({SECRET})", annotations: {{who: all of b.example}}}}
      - {{record: mine, expr: 'vector(1) and on() absent(x{{domain="b.example"}})', labels: {{domain: a.example}}}}
      - {{record: theirs, expr: 'vector(1) and on() absent(x{{domain="b.example"}})', labels: {{domain: b.example}}}}
"""
ACCESS = """
access:
  - {organisation: 1, role: Admin, administrator: true}
  - {organisation: 2, login: alice, domains: [a.example]}
  - {organisation: 2, subject: "user:9", domains: [c.example, a.example]}
  - {organisation: 3, login: carol, domains: [b.example]}
"""


def site() -> Site:
    """Two weeks over a change of summer time and the end of a month, in which one server is switched off."""
    return Site(
        ZONE,
        list(_events()),
        list(range(FIRST + SCRAPE_SECONDS, LAST + 1, SCRAPE_SECONDS)),
        NO_BYTES,
        {"old1": SWITCHED_OFF},
        _extra,
    )


def _events() -> Iterator[Event]:
    for number, (server, domain, user, a_day) in enumerate(PEOPLE):
        last = SWITCHED_OFF if server == "old1" else LAST
        for at in range(FIRST + 600 * number, last, 86_400 // a_day):
            yield Event(at + 1, at, server, domain, user, _values(server, domain, at // 60))


def _values(server: str, domain: str, chance: int) -> tuple[int, ...]:
    if domain == "b.example":
        return (SECRET // 100, 0, 0, 0, SECRET // 50, SECRET // 50, 1, 0, 0)
    size = 0 if server == "win1" else 100 + chance % 900
    return (1, chance % 7 == 0, chance % 5 == 0, chance % 11 == 0, size // 10, size, 1, 0, 0)


def _extra(_now: int) -> Iterator[tuple[str, str, float]]:
    for server, domain, user, _ in PEOPLE:
        if user:
            yield "pop3_user_client_networks", f'server="{server}",domain="{domain}",user="{user}"', 2
    # Names that a.example would match if it were a regular expression, or its begin or end were enough.
    for domain in LOOKALIKES:
        yield "pop3_user_client_networks", f'server="mx1",domain="{domain}",user="ben@b.example"', float(SECRET)
    for domain in ("a.example", "b.example"):
        yield "ALERTS", f'alertname="POP3X",alertstate="firing",domain="{domain}",server="mx1"', 1
    yield "pop3_exporter_unread_bytes", 'source="ben@b.example"', float(SECRET)
    yield "up", "", 1


class Grafana:
    """Where the gateway finds the keys: a small HTTP server over `document`."""

    def __init__(self, signer: Signer) -> None:
        self.document = jwks(signer)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(outer.document)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


@dataclass
class Door:
    """A running gateway and tokens for those who knock. `clock` is what it judges tokens by."""

    directory: Path
    prometheus: str
    label_proxy: str
    access: str = ACCESS
    more: str = ""
    clock: float = float(LAST)
    signer: Signer = field(default_factory=Signer)

    @contextmanager
    def open(self) -> Iterator["Door"]:
        self.grafana = grafana = Grafana(self.signer)
        (self.directory / "access.yaml").write_text(self.access)
        path = self.directory / "gateway.yaml"
        path.write_text(
            f"listen: 127.0.0.1:0\nprometheus: {self.prometheus}\nlabel_proxy: {self.label_proxy}\n"
            f"grafana: {{url: {grafana.url}, issuer: {ISSUER}}}\ntime_zone: {ZONE}\n{self.more}"
        )
        service = Service(read(path), lambda: self.clock)
        service.start()
        try:
            with httpx.Client(base_url=service.url, trust_env=False, timeout=60) as self.client:
                yield self
        finally:
            service.stop()
            grafana.stop()

    def token(self, login: str = "alice", organisation: int = 2, number: int = 7, **changed: Any) -> str:
        return self.signer.token(viewer(login, organisation, number, self.clock), **changed)

    def operator(self) -> str:
        return self.token("root", 1, 1, role="Admin")

    def get(self, path: str, token: str | None = None, **parameters: Any) -> httpx.Response:
        """As Alice, who has a.example, if no token is given."""
        names = {"match": "match[]", "from_": "from"}
        asked = {names.get(name, name): value for name, value in parameters.items()}
        return self.client.get(path, params=asked or None, headers={"X-Grafana-Id": token or self.token()})

    def post(self, path: str, token: str | None = None, **parameters: Any) -> httpx.Response:
        return self.client.post(path, data=parameters, headers={"X-Grafana-Id": token or self.token()})

    def rows(self, query: str, token: str | None = None, at: float = LAST) -> list[dict[str, Any]]:
        """The rows of an instant query."""
        answer = self.post("/api/v1/query", token, query=query, time=str(at))
        assert 200 == answer.status_code, answer.text
        return list(answer.json()["data"]["result"])


def numbers(text: str) -> list[float]:
    """All numbers in a JSON document, also those in strings."""
    found: list[float] = []

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for name, inside in value.items():
                walk(name)
                walk(inside)
        elif isinstance(value, list):
            for inside in value:
                walk(inside)
        elif isinstance(value, bool) or value is None:
            return
        else:
            with suppress(ValueError):
                found.append(abs(float(str(value))))

    walk(json.loads(text))
    return found
