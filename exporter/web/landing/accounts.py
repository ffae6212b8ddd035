"""Accounts without recent logins."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo

from exporter.catalogue import Scope
from exporter.model import View
from exporter.reports.unused import DAY, Unused, UnusedAccount
from exporter.web.landing.asked import ROWS, UNUSED_DAYS, address, number
from exporter.web.landing.document import choices, search, turning
from exporter.web.landing.markup import Html, el, text
from exporter.web.landing.numbers import count, minute, moment, visible
from exporter.web.landing.report import notes

PATH = "/unused"


def days_of(given: Mapping[str, str]) -> int:
    """For how many days unused: as requested, else the second shortest choice."""
    return number(given["days"], 100_000) if given.get("days", "").isdigit() else UNUSED_DAYS[1]


def summary(view: View, now: float) -> Html:
    """How many accounts are unused for how long, from the view in memory."""
    last: dict[str, int] = {}
    for (_, _, user), stamp in view.last_logins.items():
        last[user] = max(stamp, last.get(user, 0))
    if not last:
        return Html("")
    begin = min((row.first_seen for row in view.rows.get(Scope.SERVER, {}).values()), default=now)
    tiles = (_tile(days, [stamp <= now - days * DAY for stamp in last.values()], now - begin) for days in UNUSED_DAYS)
    return text(el("h2", "Unused accounts"), el("div", *tiles, class_="tiles"))


def _tile(days: int, unused: Sequence[bool], known: float) -> Html:
    """A log of 35 days cannot show accounts that are unused for 90."""
    if known < days * DAY:
        words = el("b", "not known yet", class_="none"), el("span", f"unused for {days} days (the log is shorter)")
    else:
        words = el("b", count(sum(unused))), el("span", f"unused for {days} days")
    return el("a", *words, href=address(PATH, days=days), class_="tile")


def listed(found: Unused, given: Mapping[str, str], zone: tzinfo) -> Html:
    """The page of the list."""
    days, page, wanted = found.days, number(given.get("page", ""), 1_000_000), given.get("q", "").strip().lower()[:255]
    accounts = [one for one in found.accounts if wanted in one.user]
    csv = el("a", "CSV", href=address("/unused.csv", days=days, bom=1), download="")
    options = [(f"{each} days", address(PATH, days=each, q=wanted), each == days) for each in UNUSED_DAYS]
    parts = [
        el("h2", f"Accounts unused for {count(days)} days or longer ", csv, class_="with-links"),
        el("p", f"{count(len(found.accounts))} of {count(found.known)} known accounts", class_="quiet"),
        el("div", choices("Unused for", options), search(PATH, wanted, "Search users", days=days), class_="controls"),
    ]
    shown = accounts[ROWS * (page - 1) : ROWS * page]
    if shown:
        turn = turning(
            page,
            len(accounts),
            address(PATH, days=days, q=wanted, page=page - 1),
            address(PATH, days=days, q=wanted, page=page + 1),
        )
        parts += [turn, _table(shown, zone), turn]
    else:
        parts.append(el("p", "No accounts." if not found.accounts else "No matches.", class_="quiet"))
    return text(*parts, notes(found.notes))


def _table(accounts: Sequence[UnusedAccount], zone: tzinfo) -> Html:
    head = el("tr", *(el("th", title) for title in ("User", "Last login", "Days unused")))
    rows = (
        el(
            "tr",
            el("th", el("bdi", visible(one.user), class_="name"), scope="row"),
            el("td", minute(one.last_login, zone), title=moment(one.last_login, zone))
            if one.last_login
            else el("td", "never seen", class_="none"),
            el("td", "" if one.days is None else count(one.days)),
        )
        for one in accounts
    )
    return el("div", el("table", el("thead", head), el("tbody", *rows)), class_="card scroll")
