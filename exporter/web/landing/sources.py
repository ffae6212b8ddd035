"""Sources and how far they are read, how complete each server's log is, and what it should log in addition."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import tzinfo

from exporter.catalogue import UNKNOWN, Quality, Scope
from exporter.exposition.sources import SourceReport
from exporter.formats.advice import advice
from exporter.formats.contract import Format
from exporter.model import SourceCount, View
from exporter.web.landing.markup import Html, each, el, text, with_code
from exporter.web.landing.numbers import count, duration, moment, size

QUALITIES = {
    Quality.EXACT: "exact",
    Quality.LOWER_BOUND: "at least",
    Quality.ESTIMATED: "estimated",
    Quality.NONE: "not in the log",
}
COLOURS = {Quality.EXACT: "good", Quality.LOWER_BOUND: "warn", Quality.ESTIMATED: "warn", Quality.NONE: "fail"}


def source(report: SourceReport, view: View, now: float, zone: tzinfo) -> Html:
    """The card of one source."""
    counted = view.sources.get(report.name, SourceCount())
    pairs = [
        ("Reads", text(*(text(el("code", item), " ") for item in report.inputs)) if report.inputs else "nothing"),
        ("Format", report.format or "auto (not recognised yet)"),
        ("Lines", _lines(counted)),
        ("Read", f"{size(counted.read_bytes)}, {_unread(report)}"),
        *(("Last event", f"{server}: {_since(stamp, now, zone)}") for server, stamp in _last_events(report, view)),
        *_troubles(counted, report),
    ]
    head = el("header", el("h3", report.name), _state(report))
    notes = text(
        *(note("fail", problem) for problem in report.problems), *(note("warn", told) for told in report.set_aside)
    )
    return el("section", head, notes, el("dl", *(text(el("dt", k), el("dd", v)) for k, v in pairs)), class_="card")


def _state(report: SourceReport) -> Html:
    if report.problems:
        return el("span", "has problems", class_="pill fail")
    if report.catching_up:
        return el("span", "catching up", class_="pill warn")
    return el("span", "read to the end", class_="pill good") if not report.unread_bytes else Html("")


def _lines(counted: SourceCount) -> str:
    numbers = {
        "events": counted.events,
        "ignored": counted.ignored,
        "unmatched": counted.unmatched,
        "malformed": counted.malformed,
    }
    return ", ".join(f"{count(number)} {name}" for name, number in numbers.items())


def _unread(report: SourceReport) -> str:
    return f"{size(report.unread_bytes)} unread" if report.unread_bytes else "nothing unread"


def _last_events(report: SourceReport, view: View) -> list[tuple[str, int]]:
    return [(server, stamp) for (name, server), stamp in sorted(view.last_events.items()) if name == report.name]


def _since(stamp: int, now: float, zone: tzinfo) -> str:
    ahead = stamp > now + 60
    return f"{moment(stamp, zone)} ({'in the future' if ahead else duration(now - stamp) + ' ago'})"


def _troubles(counted: SourceCount, report: SourceReport) -> list[tuple[str, str]]:
    """Rare counts, shown only if there are any."""
    numbers = {
        "rotations": counted.rotations,
        "truncations": counted.truncations,
        "lines possibly lost": counted.lines_possibly_lost,
        "late events": counted.late_events,
        "events in the future": counted.future_events,
    }
    rare = ", ".join(f"{name} {count(number)}" for name, number in numbers.items() if number)
    errors = ", ".join(f"{errno} {count(number)}" for errno, number in sorted(report.read_errors.items()) if number)
    faults = ", ".join(f"{kind} {count(number)}" for kind, number in report.faults.items() if number)
    return [pair for pair in (("Seen", rare), ("Read errors", errors), ("Faults", faults)) if pair[1]]


def note(colour: str, *children: str) -> Html:
    """A highlighted box."""
    return el("div", el("div", *children), class_=f"note {colour}")


# ── quality ─────────────────────────────────────────────────────────────────────────────────────────────────


def qualities(
    view: View, formats: Mapping[str, Format], names: Mapping[str, str], doubted: AbstractSet[tuple[str, str]]
) -> Html:
    """A card per server and source; `names`: source to the name of its format.

    `doubted`: servers and sources whose quality is lowered by a doubt, which no setting of the server would fix.
    """
    told: dict[tuple[str, str], dict[str, Quality]] = {}
    for (name, server, measure), quality in sorted(view.quality.items()):
        told.setdefault((server, name), {})[measure] = quality
    cards = (
        _quality(*key, measures, formats.get(names.get(key[1], "")), in_doubt=key in doubted)
        for key, measures in sorted(told.items())
    )
    return el("div", *cards, class_="two")


def _quality(
    server: str, name: str, measures: Mapping[str, Quality], wording: Format | None, *, in_doubt: bool
) -> Html:
    rows = []
    for quality, title in QUALITIES.items():
        found = [measure.replace("_", " ") for measure, told in measures.items() if told is quality]
        if found:
            pill = el("span", title, class_=f"pill {COLOURS[quality]}")
            rows.append(text(el("dt", pill), el("dd", ", ".join(found))))
    if wording and wording.documentation.bytes_cover:
        rows.append(text(el("dt", "bytes counted"), el("dd", with_code(wording.documentation.bytes_cover))))
    head = el("header", el("h3", server), el("span", f"from {name}", class_="quiet"))
    return el("section", head, el("dl", *rows), _more(measures, wording, in_doubt=in_doubt), class_="card")


def _more(measures: Mapping[str, Quality], wording: Format | None, *, in_doubt: bool) -> Html:
    if in_doubt:
        return el("p", "These numbers may be wrong: see the problem shown at the source above.", class_="quiet")
    if wording is None or set(measures.values()) == {Quality.EXACT}:
        return Html("")
    sentences = advice(wording, measures)
    if not sentences:
        return el("p", "No setting is known that adds the rest to this log.", class_="quiet")
    return text(
        el("p", el("strong", "To log the rest as well:")),
        el("ul", each("li", tuple(with_code(sentence) for sentence in sentences))),
    )


def domainless(view: View) -> Html:
    """What to set if users have no domain."""
    users: dict[str, int] = {}
    for server, domain, user in view.rows.get(Scope.USER, {}):
        if domain == UNKNOWN and user != UNKNOWN:
            users[server] = users.get(server, 0) + 1
    notes = [
        f"{count(number)} user names of {server} have no domain and are counted as `{UNKNOWN}`."
        for server, number in sorted(users.items())
    ]
    hint = with_code(" Set `default_domain` in the source, for example `default_domain: example.com`.")
    return text(*(note("warn", with_code(sentence), hint) for sentence in notes))
