"""What all pages have in common: head, header, footer, search fields and paging."""

from collections.abc import Sequence
from datetime import tzinfo

from exporter import __version__
from exporter.model import View
from exporter.web.landing.asked import ROWS
from exporter.web.landing.markup import Html, el, text
from exporter.web.landing.numbers import count, duration, moment
from exporter.web.landing.style import STYLE

LINKS = (
    ("Overview", "/"),
    ("Domains", "/domains"),
    ("Users", "/users"),
    ("Unused accounts", "/unused"),
    ("Metrics", "/metrics"),
    ("Health", "/-/healthy"),
    ("Readiness", "/-/ready"),
)
GROUPS = ("server", "domain", "user", "exporter")


def document(title: str, path: str, asof: Html, problems: Sequence[str], *parts: str) -> str:
    """A whole page; `path`: which of the links it is."""
    body = el("body", _header(path, problems), asof, el("main", *parts), _footer())
    return f"<!DOCTYPE html>\n{el('html', _head(title), body, lang='en')}\n"


def _head(title: str) -> Html:
    return el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("title", f"{title} · pop3-exporter" if title else "pop3-exporter"),
        # The content security policy allows exactly this text, so it must not be escaped.
        el("style", Html(STYLE)),
    )


def _header(path: str, problems: Sequence[str]) -> Html:
    state = el("span", "not ready", class_="pill fail") if problems else el("span", "ready", class_="pill good")
    links = (
        el("a", title, href=address, aria_current="page") if address == path else el("a", title, href=address)
        for title, address in LINKS
    )
    version = el("span", __version__, class_="version")
    return el("header", el("h1", "pop3-exporter"), version, state, el("nav", *links))


def as_of(view: View, now: float, zone: tzinfo) -> Html:
    """The time, the time zone of the days, and the age of the numbers."""
    committed = f"last saved {duration(now - view.committed_at)} ago" if view.committed_at else "nothing saved yet"
    books = "" if view.balanced else " · totals do not agree: please report it"
    return el("p", f"{moment(now, zone)} · days begin in {view.time_zone} · {committed}{books}", class_="asof")


def _footer() -> Html:
    links = (text(el("a", group, href=f"/metrics?collect[]={group}"), " ") for group in GROUPS)
    return el("footer", el("p", "Metrics by group: ", *links))


def choices(label: str, options: Sequence[tuple[str, str, bool]]) -> Html:
    """Links, one of them selected: (title, address, selected)."""
    links = (
        el("a", title, href=address, aria_current="true") if chosen else el("a", title, href=address)
        for title, address, chosen in options
    )
    return el("span", *links, class_="choices", role="group", aria_label=label)


def search(action: str, value: str, hint: str, **hidden: str | int) -> Html:
    """A search field for q at `action`, which keeps the hidden parameters."""
    kept = (el("input", type="hidden", name=name, value=kept) for name, kept in hidden.items() if kept)
    field = el("input", type="search", name="q", value=value, placeholder=hint, aria_label=hint, maxlength=255)
    return el("form", field, *kept, el("button", "Search"), action=action, role="search")


def turning(page: int, number: int, previous: str, following: str) -> Html:
    """The range of rows, and links to other pages."""
    first, last = ROWS * (page - 1) + 1, min(ROWS * page, number)
    shown = f"{count(first)} to {count(last)} of {count(number)}" if first <= last else f"none of {count(number)}"
    links = []
    if page > 1:
        links.append(el("a", "← Previous", href=previous, rel="prev"))
    if last < number:
        links.append(el("a", "Next →", href=following, rel="next"))
    return el("p", el("span", shown, class_="quiet"), *links, class_="turning")
