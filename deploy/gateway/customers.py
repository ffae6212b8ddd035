# noqa: INP001
"""Creates organisation, users, data source and dashboards in Grafana, and access.yaml, from one list of customers.

python customers.py --list customers.yaml --access /etc/pop3-exporter/access.yaml --grafana http://127.0.0.1:3000
The administrator of the Grafana server is GRAFANA_ADMIN_USER (admin) with GRAFANA_ADMIN_PASSWORD. Run it again after
every change of the list: it changes only what differs. Users who are no longer listed lose their rights and membership.
"""

import argparse
import json
import os
import secrets
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import yaml
from pydantic import Field

from exporter.configfile import ConfigError, load
from exporter.gateway.access import AccessList, Domain, Entry
from exporter.gateway.config import Section

UID = "pop3-gateway"
FOLDER = "pop3"
# What a domain administrator can see; the other dashboards are about servers.
DASHBOARDS = ("pop3-domains", "pop3-domain", "pop3-user")
HOME = "pop3-domain"
PASSWORD_BYTES = 15


class Customer(Section):
    """A user of Grafana and their domains."""

    login: Annotated[str, Field(min_length=1, max_length=190)]
    email: str
    name: str = ""
    domains: Annotated[tuple[Domain, ...], Field(min_length=1, max_length=200)]


class Customers(Section):
    """The list. `administrators`: the role in organisation `operators` that sees every domain through the gateway."""

    organisation: str = "POP3 customers"
    operators: Annotated[int, Field(ge=1)] = 1
    administrators: str = "Admin"
    customers: tuple[Customer, ...]


class Problem(Exception):  # noqa: N818
    """A problem that a person must decide."""


class Grafana:
    """Grafana's HTTP API, as the server's administrator."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._client = httpx.Client(base_url=url, auth=(user, password), timeout=30, trust_env=False)

    def wait(self, seconds: float) -> None:
        """Until it answers."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                if self._client.get("/api/health").is_success:
                    return
            except httpx.TransportError:
                pass
            if time.monotonic() >= deadline:
                raise Problem(f"Grafana does not answer: {self._client.base_url}")
            time.sleep(1)

    def ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        organisation: int | None = None,
        missing: bool = False,
    ) -> Any:  # noqa: ANN401
        """The answer; None where nothing is there and that is allowed. Problem with Grafana's words otherwise."""
        headers = {"X-Grafana-Org-Id": str(organisation)} if organisation else {}
        answer = self._client.request(method, path, headers=headers, json=body)
        if missing and answer.status_code == 404:  # noqa: PLR2004
            return None
        if answer.status_code == 401:  # noqa: PLR2004
            raise Problem(
                "Grafana does not accept the administrator's name or password. What it was started with counted at its "
                "very first start: GRAFANA_ADMIN_PASSWORD must be the password that he has in Grafana now"
            )
        if not answer.is_success:
            raise Problem(f"Grafana refuses {method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json()


def organisation(grafana: Grafana, name: str) -> int:
    """The organisation's number; created if missing."""
    found = grafana.ask("GET", f"/api/orgs/name/{quote(name, safe='')}", missing=True)
    return int(found["id"] if found else grafana.ask("POST", "/api/orgs", {"name": name})["orgId"])


def user(grafana: Grafana, customer: Customer, number: int) -> int:
    """The user's number, a Viewer of this organisation and of no other."""
    found = grafana.ask("GET", f"/api/users/lookup?loginOrEmail={quote(customer.login, safe='')}", missing=True)
    is_new = found is None
    if is_new:
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        made = {"login": customer.login, "email": customer.email, "name": customer.name or customer.login}
        found = grafana.ask("POST", "/api/admin/users", {**made, "password": password, "orgId": number})
        say(f"new user {customer.login}, initial password {password}")
    elif found["login"].lower() != customer.login.lower() or found.get("isGrafanaAdmin"):
        raise Problem(
            f"{customer.login}: is {found['login']!r} in Grafana, or administers the server: choose another login"
        )
    one = int(found["id"])
    member = {entry["orgId"]: entry["role"] for entry in grafana.ask("GET", f"/api/users/{one}/orgs")}
    others = sorted(set(member) - {number})
    if others and not is_new:
        raise Problem(
            f"{customer.login} is also in organisation {', '.join(map(str, others))}: there he may query every data "
            "source; remove him there, or from the list"
        )
    if number not in member:
        grafana.ask("POST", f"/api/orgs/{number}/users", {"loginOrEmail": customer.login, "role": "Viewer"})
    elif member[number] != "Viewer":
        grafana.ask("PATCH", f"/api/orgs/{number}/users/{one}", {"role": "Viewer"})
    for other in others:
        # If `auto_assign_org` is off, Grafana has created an organisation for the new user.
        grafana.ask("DELETE", f"/api/orgs/{other}/users/{one}")
    return one


def data_source(grafana: Grafana, number: int, url: str) -> list[str]:
    """The gateway as the organisation's data source; the others, which each Viewer may query as well."""
    wanted = {
        "name": "POP3",
        "uid": UID,
        "type": "prometheus",
        "access": "proxy",
        "url": url,
        "isDefault": True,
        "jsonData": {"httpMethod": "POST", "timeInterval": "15s"},
    }
    found = {one["uid"]: one for one in grafana.ask("GET", "/api/datasources", organisation=number)}
    if UID not in found:
        grafana.ask("POST", "/api/datasources", wanted, organisation=number)
    elif not has(found[UID], wanted):
        grafana.ask("PUT", f"/api/datasources/uid/{UID}", wanted, organisation=number)
    return sorted(one["name"] for uid, one in found.items() if uid != UID)


def has(found: Any, wanted: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether all that is wanted is there; Grafana adds things of its own."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(has(found.get(name), value) for name, value in wanted.items())
    return bool(found == wanted)


def dashboards(grafana: Grafana, number: int, directory: Path) -> None:
    """The dashboards of domains and users, the first page among them; links only to what is there."""
    if grafana.ask("GET", f"/api/folders/{FOLDER}", organisation=number, missing=True) is None:
        grafana.ask("POST", "/api/folders", {"uid": FOLDER, "title": "POP3"}, organisation=number)
    for uid in DASHBOARDS:
        board = json.loads((directory / f"{uid}.json").read_text(encoding="utf-8"))
        board["links"] = [link for link in board["links"] if is_there(link.get("url", ""))]
        saved = {"dashboard": board, "folderUid": FOLDER, "overwrite": True}
        grafana.ask("POST", "/api/dashboards/db", saved, organisation=number)
    grafana.ask("PATCH", "/api/org/preferences", {"homeDashboardUID": HOME}, organisation=number)


def is_there(url: str) -> bool:
    """Whether a link leads to something that this organisation has."""
    return not url.startswith("/d/") or url.removeprefix("/d/").partition("?")[0] in DASHBOARDS


def without_the_others(grafana: Grafana, number: int, listed: Sequence[int]) -> None:
    """Remove Viewers and Editors of the organisation who are not listed."""
    for member in grafana.ask("GET", f"/api/orgs/{number}/users"):
        if member["userId"] not in listed and member["role"] != "Admin":
            grafana.ask("DELETE", f"/api/orgs/{number}/users/{member['userId']}")
            say(f"{member['login']} is no longer listed and has left the organisation")


def write_access(path: Path, entries: Sequence[dict[str, Any]]) -> None:
    """Replace the file in one step, if it differs and is valid."""
    AccessList(access=tuple(Entry(**entry) for entry in entries))
    text = "# Written by customers.py: change the list of customers instead.\n" + yaml.safe_dump(
        {"access": list(entries)}, sort_keys=False, default_flow_style=None, allow_unicode=True, width=120
    )
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.chmod(0o640)
    if path.exists():
        # The gateway reads it through its group; if only root could read it, all requests would be refused.
        old = path.stat()
        new.chmod(old.st_mode & 0o777)
        if (old.st_uid, old.st_gid) != (new.stat().st_uid, new.stat().st_gid):
            os.chown(new, old.st_uid, old.st_gid)
    new.replace(path)
    say(f"{path}: {len(entries)} entries")


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def members_among(grafana: Grafana, number: int, customers: Sequence[Customer]) -> list[Customer]:
    """Those who are in the organisation already."""
    logins = {one["login"].lower() for one in grafana.ask("GET", f"/api/orgs/{number}/users")}
    return [customer for customer in customers if customer.login.lower() in logins]


def users(grafana: Grafana, number: int, customers: Sequence[Customer]) -> tuple[dict[int, Customer], list[str]]:
    """All users by their numbers, and what is wrong with those who are not among them."""
    found, problems = {}, []
    for customer in customers:
        try:
            found[user(grafana, customer, number)] = customer
        except Problem as problem:
            problems.append(str(problem))  # this one gets no rights; the others do
    return found, problems


def run(options: argparse.Namespace) -> None:
    """Make all of it as the list says; rights are withdrawn before anything that can fail for other reasons."""
    listed = load(options.list, Customers)
    grafana = Grafana(
        options.grafana,
        os.environ.get("GRAFANA_ADMIN_USER", "admin"),
        os.environ.get("GRAFANA_ADMIN_PASSWORD", ""),
    )
    grafana.wait(options.wait)
    number = organisation(grafana, listed.organisation)
    if number == listed.operators:
        raise Problem(f"{listed.organisation} is the operators' own organisation: give the customers another one")
    others = data_source(grafana, number, options.gateway)
    customers = members_among(grafana, number, listed.customers) if others else listed.customers
    found, problems = users(grafana, number, customers)
    everybody = {"organisation": listed.operators, "role": listed.administrators, "administrator": True}
    entries = [
        {"organisation": number, "subject": f"user:{one}", "domains": list(customer.domains)}
        for one, customer in found.items()
    ]
    write_access(options.access, [everybody, *entries])
    without_the_others(grafana, number, list(found))
    dashboards(grafana, number, options.dashboards)
    if others:
        problems.append(
            f"organisation {number} has other data sources, which every customer may query: {', '.join(others)}; "
            "nobody new joins it before they are gone"
        )
    if problems:
        raise Problem("\n".join(problems))


def main() -> int:
    """Exit codes: 0, 1 for what Grafana or a person must settle, 2 for mistakes in the list."""
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", type=Path, default=here / "customers.yaml", help="the customers")
    parser.add_argument("--access", type=Path, default=Path("/etc/pop3-exporter/access.yaml"), help="is written")
    parser.add_argument("--grafana", default="http://127.0.0.1:3000", help="its address")
    parser.add_argument("--gateway", default="http://127.0.0.1:10111", help="its address, as Grafana reaches it")
    parser.add_argument("--dashboards", type=Path, default=here.parent / "grafana" / "dashboards")
    parser.add_argument("--wait", type=float, default=0.0, help="seconds to wait for Grafana")
    try:
        run(parser.parse_args())
    except ConfigError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    except (Problem, httpx.HTTPError, OSError, ValueError) as error:
        print(f"customers: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
