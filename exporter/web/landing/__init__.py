"""The landing page: is it well, what did it count, what does it read, what should servers be told to log."""

import logging
from collections.abc import Sequence
from datetime import tzinfo

from exporter import __version__
from exporter.model import View
from exporter.web.landing import report, sources
from exporter.web.landing.markup import Html, each, el, text
from exporter.web.landing.numbers import duration, moment, zone_of
from exporter.web.landing.style import STYLE
from exporter.web.site import ReportLine, Site

LOGGER = logging.getLogger(__name__)
LINKS = (("Metrics", "/metrics"), ("Health", "/-/healthy"), ("Readiness", "/-/ready"))
GROUPS = ("server", "domain", "user", "exporter")


class Landing:
    """Makes the page; remembers the report's rows until something was committed or the hour has turned."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._rows: tuple[tuple[float, int], Sequence[ReportLine]] = ((0.0, 0), ())

    def page(self) -> str:
        """The whole document."""
        site, view, now = self._site, self._site.view(), self._site.clock()
        zone = zone_of(view.time_zone)
        problems = tuple(site.problems())
        body = el(
            "body",
            _header(problems),
            _as_of(view, now, zone),
            _problems(problems),
            el("main", self._numbers(view, now), *self._reading(view, now, zone)),
            _footer(),
        )
        return f"<!DOCTYPE html>\n{el('html', _head(), body, lang='en')}\n"

    def _numbers(self, view: View, now: float) -> Html:
        day = self._site.exposition.calendar.day(int(now))
        parts = [el("h2", "Today, all servers"), report.tiles(view, report.today(view, day))]
        try:
            rows = self._report(view, now)
        except Exception as error:
            # The page that tells of trouble must stand in any trouble.
            LOGGER.warning("the report of the landing page failed", exc_info=True)
            return text(*parts, sources.note("warn", f"The report cannot be read now: {error}"))
        return text(*parts, el("h2", "The last 14 days"), report.table(rows)) if rows else text(*parts)

    def _report(self, view: View, now: float) -> Sequence[ReportLine]:
        key = (view.committed_at, int(now) // 3600)
        if self._rows[0] != key:
            self._rows = (key, tuple(ReportLine(*row) for row in self._site.report()))
        return self._rows[1]

    def _reading(self, view: View, now: float, zone: tzinfo) -> list[Html]:
        reports = {reported.name: reported for reported in self._site.sources()}
        cards = [sources.source(reported, view, now, zone) for reported in reports.values()]
        names = {name: reported.format for name, reported in reports.items()}
        doubted = {(server, name) for name, reported in reports.items() for server, _ in reported.doubts}
        parts = [el("h2", "Logs being read"), el("div", *cards, class_="two")]
        if not reports:
            parts = [el("h2", "Logs being read"), el("p", "No source is configured.", class_="quiet")]
        parts.append(sources.domainless(view, reports))
        if view.quality:
            parts += [
                el("h2", "What each server logs"),
                sources.qualities(view, self._site.formats, names, doubted),
            ]
        return parts


def _head() -> Html:
    return el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("title", "pop3-exporter"),
        # The policy allows exactly this text, so it must not be escaped; it is ours.
        el("style", Html(STYLE)),
    )


def _header(problems: Sequence[str]) -> Html:
    state = el("span", "not ready", class_="pill fail") if problems else el("span", "ready", class_="pill good")
    links = (el("a", title, href=address) for title, address in LINKS)
    version = el("span", __version__, class_="version")
    return el("header", el("h1", "pop3-exporter"), version, state, el("nav", *links))


def _as_of(view: View, now: float, zone: tzinfo) -> Html:
    committed = f"committed {duration(now - view.committed_at)} ago" if view.committed_at else "nothing committed yet"
    books = "" if view.balanced else " · the books do not balance: please report it"
    return el("p", f"{moment(now, zone)} · days begin in {view.time_zone} · {committed}{books}", class_="asof")


def _problems(problems: Sequence[str]) -> Html:
    return (
        sources.note("fail", el("strong", "Not ready"), el("ul", each("li", list(problems)))) if problems else Html("")
    )


def _footer() -> Html:
    links = (text(el("a", group, href=f"/metrics?collect[]={group}"), " ") for group in GROUPS)
    return el("footer", el("p", "Single groups of metrics: ", *links))
