"""The landing page: state, numbers, sources, and what the servers should log.

Also the lists of domains, users and unused accounts. Only one thread renders at a time.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import date, timedelta, tzinfo

from exporter.ledger.reading import Reading
from exporter.model import View
from exporter.reports import Report, ReportRow, unused
from exporter.reports import report as reported
from exporter.reports.listing import Listing, Wanted, listing
from exporter.reports.rows import By
from exporter.web.landing import accounts, connect, document, names, report, sources
from exporter.web.landing.asked import FORTNIGHT, TODAY, Asked, address
from exporter.web.landing.connect import Reached
from exporter.web.landing.markup import Html, each, el, text
from exporter.web.landing.numbers import day_of, zone_of
from exporter.web.site import Site

LOGGER = logging.getLogger(__name__)
# How many of the busiest domains and users are on the overview.
SHOWN = 5
Given = Mapping[str, str]
Lists = dict[By, Listing]


class Landing:
    """Renders the pages; caches the reports of the overview until the next commit or hour."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._read: dict[tuple[float, int, int], tuple[Report, Lists]] = {}

    def page(self, given: Given | None = None, reached: Reached | None = None) -> str:
        """The overview."""
        days = TODAY if (given or {}).get("days") == str(TODAY) else FORTNIGHT
        site, view, now, zone = self._state()
        problems = tuple(site.problems())
        parts = [*self._numbers(view, now, days), *self._reading(view, now, zone)]
        parts.append(connect.connect(site, view, reached or Reached()))
        return self._document("", "/", _problems(problems), *parts)

    def names(self, by: By, given: Given) -> str:
        """A list of domains or users."""
        asked = Asked.of(by, given)

        def found(reading: Reading, view: View, zone: tzinfo) -> Html:
            last = self._today()
            rows = listing(reading, asked.wanted, last - asked.days + 1, last)
            logins = names.last_logins(view, (row.label for row in rows.rows)) if by is By.USER else {}
            return names.listed(asked, rows, logins, zone)

        return self._document(f"{by.heading}s", f"/{by}s", self._from_ledger(found))

    def unused(self, given: Given) -> str:
        """Accounts without recent logins."""

        def found(reading: Reading, _: View, zone: tzinfo) -> Html:
            days = accounts.days_of(given)
            return accounts.listed(unused([reading], days=days, clock=self._site.clock()), given, zone)

        return self._document("Unused accounts", accounts.PATH, self._from_ledger(found))

    def _state(self) -> tuple[Site, View, float, tzinfo]:
        view = self._site.view()
        return self._site, view, self._site.clock(), zone_of(view.time_zone)

    def _today(self) -> int:
        return self._site.exposition.calendar.day(int(self._site.clock()))

    def _document(self, title: str, path: str, *parts: str) -> str:
        site, view, now, zone = self._state()
        return document.document(title, path, document.as_of(view, now, zone), tuple(site.problems()), *parts)

    def _from_ledger(self, made: Callable[[Reading, View, tzinfo], Html]) -> Html:
        site, view, _, zone = self._state()
        if site.reading is None:
            return el("p", "No reports available.", class_="quiet")
        try:
            with closing(site.reading()) as reading:
                return made(reading, view, zone)
        except Exception as error:
            # The page that shows problems must work despite them.
            LOGGER.warning("a report of the landing page failed", exc_info=True)
            return sources.note("warn", f"The report is unavailable: {error}")

    # ── the overview ────────────────────────────────────────────────────────────────────────────────────────

    def _numbers(self, view: View, now: float, days: int) -> list[Html]:
        today = self._today()
        row = report.today(view, today)
        parts = [el("h2", "Today, all servers"), report.tiles(row)]
        if self._site.reading is None:
            parts.append(report.legend([row]))
        else:
            parts.append(self._from_ledger(lambda reading, view, _: self._reports(reading, view, now, days)))
        return [*parts, accounts.summary(view, now)]

    def _reports(self, reading: Reading, view: View, now: float, days: int) -> Html:
        key = (view.committed_at, int(now) // 3600, days)
        if key not in self._read:
            self._read = {key: self._gathered(reading, now, days)}
        found, lists = self._read[key]
        options = [(title, address("/", days=each), each == days) for each, title in names.PERIODS.items()]
        search = document.search("/users", "", "Search users", days=TODAY if days == TODAY else "")
        today = report.today(view, self._today())
        return text(
            _fortnight(found),
            el("div", document.choices("Period", options), search, class_="controls"),
            *(names.busiest(by, one, days) for by, one in lists.items()),
            report.legend([today, *found.rows, *(row for one in lists.values() for row in one.rows)]),
        )

    def _gathered(self, reading: Reading, now: float, days: int) -> tuple[Report, Lists]:
        last = self._today()
        day = date.fromordinal(last)
        trend = reported([reading], first=day - timedelta(days=FORTNIGHT - 1), last=day, clock=now)
        first = last - days + 1
        lists = {by: listing(reading, Wanted(by, size=SHOWN), first, last) for by in (By.DOMAIN, By.USER)}
        return trend, lists

    def _reading(self, view: View, now: float, zone: tzinfo) -> list[Html]:
        reports = {one.name: one for one in self._site.sources()}
        cards = [sources.source(one, view, now, zone) for one in reports.values()]
        formats = {name: one.format for name, one in reports.items()}
        doubted = {(server, name) for name, one in reports.items() for server, _ in one.doubts}
        parts = [el("h2", "Sources"), el("div", *cards, class_="two")]
        if not reports:
            parts = [el("h2", "Sources"), el("p", "No sources are configured.", class_="quiet")]
        parts.append(sources.domainless(view))
        if view.quality:
            parts += [
                el("h2", "What the logs contain"),
                sources.qualities(view, self._site.formats, formats, doubted),
            ]
        return parts


def _fortnight(found: Report) -> Html:
    csv = el("a", "CSV", href=address("/report.csv", by=By.TREND, bom=1), download="")
    title = el("h2", "The last 14 days ", csv, class_="with-links")
    if not found.rows:
        return text(title, report.notes(found.notes))
    return text(title, report.Table(report.heads("Day"), _day).html(found.rows[::-1]), report.notes(found.notes))


def _day(row: ReportRow) -> str:
    return day_of(date.fromisoformat(row.label).toordinal())


def _problems(problems: Sequence[str]) -> Html:
    return (
        sources.note("fail", el("strong", "Not ready"), el("ul", each("li", list(problems)))) if problems else Html("")
    )
