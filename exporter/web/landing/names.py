"""Domains and users: the busiest on the overview, and all on their own pages."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import tzinfo

from exporter.catalogue import OTHER, UNKNOWN
from exporter.model import View
from exporter.reports.listing import Listing
from exporter.reports.rows import By, ReportRow
from exporter.web.landing.asked import FORTNIGHT, PATHS, TODAY, Asked, address
from exporter.web.landing.document import choices, search, turning
from exporter.web.landing.markup import Html, el, text
from exporter.web.landing.numbers import count, minute, moment, visible
from exporter.web.landing.report import FACES, Table, heads, legend

PERIODS = {TODAY: "Today", FORTNIGHT: "14 days"}
MEANT = {
    UNKNOWN: "connections without a known domain",
    OTHER: "all names beyond the configured limits",
}
NOBODY = {By.DOMAIN: "No domains yet.", By.USER: "No users yet: nobody has logged in, or users.series is off."}


def busiest(by: By, found: Listing, days: int) -> Html:
    """The first rows of a list, with a link to all."""
    asked = Asked(by, days)
    title = f"Busiest {by}s, {'today' if days == TODAY else 'the last 14 days'}"
    if not found.rows:
        return text(el("h2", title), el("p", NOBODY[by], class_="quiet"))
    more = el("a", f"All {by}s ({count(found.number)})", href=asked.link())
    return text(
        el("h2", title, " ", more, class_="with-links"),
        Table(heads(by.heading), lambda row: name(by, row.label, asked.days)).html(found.rows),
    )


def listed(asked: Asked, found: Listing, logins: Mapping[str, int], zone: tzinfo) -> Html:
    """The page of a list; `logins`: the last logins of its users."""
    by = asked.by
    where = f" of {visible(asked.domain)}" if asked.domain else ""
    csv = address("/report.csv", by=by, days=asked.days, domain=asked.domain, bom=1)
    title = el("h2", f"{by.heading}s{where}", " ", el("a", "CSV", href=csv, download=""), class_="with-links")
    parts = [title, el("div", _periods(asked), _search(asked), class_="controls")]
    if not found.rows:
        nothing = "No matches." if asked.search or asked.domain or asked.page > 1 else NOBODY[by]
        return text(*parts, el("p", nothing, class_="quiet"))
    heading = [*_heads(asked), *([el("th", "Last login")] if by is By.USER else ())]
    table = Table(heading, lambda row: name(by, row.label, asked.days), _last_login(by, logins, zone))
    turn = turning(asked.page, found.number, asked.link(page=asked.page - 1), asked.link(page=asked.page + 1))
    return text(*parts, turn, table.html(found.rows), legend(found.rows), turn)


def last_logins(view: View, names: Iterable[str]) -> dict[str, int]:
    """The last logins of these users on any server."""
    wanted, found = frozenset(names), dict[str, int]()
    for (_, _, user), stamp in view.last_logins.items():
        if user in wanted:
            found[user] = max(stamp, found.get(user, 0))
    return found


def name(by: By, label: str, days: int) -> Html:
    """A name as logged, which may be made up; a domain links to its users."""
    shown = el("bdi", visible(label), class_="name")
    if label in MEANT:
        return text(shown, el("small", MEANT[label]))
    return el("a", shown, href=Asked(By.USER, days, domain=label).link()) if by is By.DOMAIN else shown


def _periods(asked: Asked) -> Html:
    return choices("Period", [(title, asked.link(days=days), days == asked.days) for days, title in PERIODS.items()])


def _search(asked: Asked) -> Html:
    kept = {"days": asked.days if asked.days != FORTNIGHT else "", "domain": asked.domain}
    return search(PATHS[asked.by], asked.search, f"Search {asked.by}s", **kept)


def _heads(asked: Asked) -> Sequence[Html]:
    titles = (asked.by.heading, *(face.title for face in FACES))
    return [_head(asked, number, title) for number, title in enumerate(titles)]


def _head(asked: Asked, number: int, title: str) -> Html:
    link = el("a", title, href=asked.link(sort=number))
    if number != asked.sort:
        return el("th", link)
    return el("th", link, aria_sort="descending" if number else "ascending")


def _last_login(by: By, logins: Mapping[str, int], zone: tzinfo) -> Callable[[ReportRow], Iterable[Html]]:
    def cells(row: ReportRow) -> Iterable[Html]:
        stamp = logins.get(row.label)
        shown = (
            el("td", minute(stamp, zone), title=moment(stamp, zone)) if stamp else el("td", "never seen", class_="none")
        )
        return (shown,) if by is By.USER else ()

    return cells
