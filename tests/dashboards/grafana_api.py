"""What the browser tests need in a Grafana, made through its HTTP API, and removed afterwards.

All of it lives in organisations of its own: dashboards and data sources that a running Grafana has, even with the same
uids, are neither seen nor touched.
"""

import json
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

FOLDER = "pop3"


@dataclass(frozen=True, slots=True)
class Login:
    """A user, and his number in Grafana."""

    name: str
    password: str
    number: int


class GrafanaApi:
    """The server's administrator. `mark`: ends the name of everything that is made, so that it cannot clash."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url, self.user, self.password = url, user, password
        self.mark = f"-{secrets.token_hex(4)}"
        self._client = httpx.Client(base_url=url, auth=(user, password), timeout=60, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with closing(self._client):
            self._remove_users()

    def answers(self) -> bool:
        """Whether it has started: the administrator can log in."""
        try:
            return self._client.get("/api/org").is_success
        except httpx.TransportError:
            return False

    def ask(self, method: str, path: str, body: object = None, organisation: int | None = None) -> Any:  # noqa: ANN401 - JSON
        """The answer's document. RuntimeError with Grafana's words if it refuses."""
        headers = {"X-Grafana-Org-Id": str(organisation)} if organisation else {}
        answer = self._client.request(method, path, json=body, headers=headers)
        if not answer.is_success:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json()

    @property
    def issuer(self) -> str:
        """Its own address, which stands in the tokens that it signs."""
        return str(self.ask("GET", "/api/frontend/settings")["appUrl"])

    def _remove_users(self) -> None:
        """All that were made with the mark, in whatever organisation they are now."""
        for user in self.ask("GET", f"/api/users/search?query={self.mark}")["users"] if self.answers() else ():
            if user["login"].endswith(self.mark):
                self.ask("DELETE", f"/api/admin/users/{user['id']}")

    @contextmanager
    def organisation(self, name: str) -> Iterator["Organisation"]:
        """A new one, until it is no longer needed."""
        made = Organisation(self, self.ask("POST", "/api/orgs", {"name": name + self.mark})["orgId"])
        try:
            yield made
        finally:
            made.remove()

    def named(self, name: str) -> "Organisation":
        """One that somebody else has made."""
        return Organisation(self, self.ask("GET", f"/api/orgs/name/{quote(name, safe='')}")["id"])


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation of the tests."""

    api: GrafanaApi
    number: int

    def data_source(self, name: str, uid: str, url: str, *, is_default: bool = False) -> None:
        """A Prometheus, or what answers like one."""
        source: dict[str, object] = {"name": name, "uid": uid, "url": url, "isDefault": is_default}
        source |= {"type": "prometheus", "access": "proxy", "jsonData": {"httpMethod": "POST", "timeInterval": "15s"}}
        self.api.ask("POST", "/api/datasources", source, self.number)

    def dashboards(self, directory: Path) -> None:
        """A folder with all dashboards of the directory."""
        self.api.ask("POST", "/api/folders", {"uid": FOLDER, "title": "POP3"}, self.number)
        for path in sorted(directory.glob("*.json")):
            saved = {"dashboard": json.loads(path.read_text("utf-8")), "folderUid": FOLDER}
            self.api.ask("POST", "/api/dashboards/db", saved, self.number)

    def user(self, name: str, role: str = "Viewer") -> Login:
        """Somebody new who is in no other organisation."""
        made = Login(name + self.api.mark, secrets.token_urlsafe(12), 0)
        person = {"login": made.name, "email": f"{made.name}@mail.example", "password": made.password}
        number = self.api.ask("POST", "/api/admin/users", {**person, "OrgId": self.number})["id"]
        self.api.ask("PATCH", f"/api/orgs/{self.number}/users/{number}", {"role": role})
        return Login(made.name, made.password, number)

    def remove(self) -> None:
        """With everything that is in it."""
        for folder in self.api.ask("GET", "/api/folders", organisation=self.number):
            self.api.ask("DELETE", f"/api/folders/{folder['uid']}?forceDeleteRules=true", organisation=self.number)
        for source in self.api.ask("GET", "/api/datasources", organisation=self.number):
            self.api.ask("DELETE", f"/api/datasources/uid/{source['uid']}", organisation=self.number)
        self.api.ask("DELETE", f"/api/orgs/{self.number}")
