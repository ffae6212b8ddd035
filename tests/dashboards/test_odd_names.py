"""Names as attackers and people have them: each account and domain shows its own numbers."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.dashboards import scenario
from tests.dashboards.grafana import ALL, Page
from tests.dashboards.site import Event, Site
from tests.dashboards.test_numbers import LAST_30_DAYS, boards
from tests.dashboards.test_remarks import remarks
from tests.prometheus_server import PrometheusServer

pytestmark = [pytest.mark.tool("prometheus", "promtool"), pytest.mark.timeout(300)]

DOMAIN = "odd.example"
USERS = tuple(
    f"{name}@{DOMAIN}"
    for name in (
        "o'neill+x&y#z", 'a"b', "back\\slash", "pipe|a.*", "comma,{brace}=", "ümläut", "50%", "a b", "<b>", "l" * 230
    )
)  # fmt: skip
DOMAINS = ("d'or.example", 'we"ird.example', "back\\slash.example", "a|b.example", ".*", "müller.example")


@pytest.fixture(scope="module")
def odd(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, PrometheusServer]]:
    """A day of each, one event more of each than of the one before."""
    scrapes = [at for at in site.scrapes if at >= scenario.NOW - 40_000]
    first, people = scrapes[0] + 1, [(DOMAIN, user) for user in USERS] + [(name, f"u@{name}") for name in DOMAINS]
    values = site.events[0].values
    events = [
        Event(first + 60 * at, first + 60 * at, 'mx"1\\', domain, user, values)
        for number, (domain, user) in enumerate(people)
        for at in range(number + 1)
    ]
    found = replace(site, events=events, scrapes=scrapes, gone={}, extra=lambda _: ())
    with found.served(tmp_path_factory.mktemp("odd")) as server:
        yield found, server


def page(uid: str, server: PrometheusServer, **chosen: str) -> Page:
    values: dict[str, str | list[str]] = {"server": ALL, "step": "Day", **chosen}
    return Page(boards()[uid].json(), server, LAST_30_DAYS.begin, LAST_30_DAYS.end, values)


@pytest.mark.parametrize("user", [*USERS, *(f"u@{name}" for name in DOMAINS)])
def test_each_account_shows_its_own_numbers(user: str, odd: tuple[Site, PrometheusServer]) -> None:
    """Those of its tile are those of its log."""
    site, server = odd
    tile = next(target for title, target in boards()["pop3-user"].targets() if title == "New connections")
    found = page("pop3-user", server, domain=user.partition("@")[2], user=user).rows(tile.to_json_data())
    assert [sum(event.user == user for event in site.events)] == list(found.values())


@pytest.mark.parametrize("domain", DOMAINS)
def test_each_domain_shows_its_own_numbers(domain: str, odd: tuple[Site, PrometheusServer]) -> None:
    site, server = odd
    tile = next(target for title, target in boards()["pop3-domain"].targets() if title == "New connections")
    found = page("pop3-domain", server, domain=domain).rows(tile.to_json_data())
    assert [sum(event.domain == domain for event in site.events)] == list(found.values())


def test_each_name_is_offered(odd: tuple[Site, PrometheusServer]) -> None:
    """Whole, in the lists above the panels."""
    opened = page("pop3-user", odd[1], domain=DOMAIN)
    lists = {one["name"]: one for one in opened.board["templating"]["list"]}
    assert set(USERS) == set(opened.offered(lists["user"]))
    assert {*DOMAINS, DOMAIN} == set(opened.offered(lists["domain"]))


def test_a_name_that_no_list_can_have_is_told(odd: tuple[Site, PrometheusServer], prometheus: PrometheusServer) -> None:
    """Where the largest ones are listed, and only if there is such a name."""
    told = "A name with a quotation mark is missing in the top 10: look for it in the tables of all"
    assert told in remarks(boards()["pop3-domains"], LAST_30_DAYS, odd[1])
    assert told not in remarks(boards()["pop3-domains"], LAST_30_DAYS, prometheus)


def test_a_name_that_is_not_there_is_named(odd: tuple[Site, PrometheusServer]) -> None:
    """As it is; and without a name nothing is said of one."""
    said = remarks(boards()["pop3-user"], LAST_30_DAYS, odd[1], user="o'n\"obody@odd.example")
    assert "No user o'n\"obody@odd.example in this range: it logged in later, or you have no access to it" in said
    assert not [words for words in remarks(boards()["pop3-user"], LAST_30_DAYS, odd[1], user="") if "No user" in words]
