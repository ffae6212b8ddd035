"""Views for tests: small ones by hand, hostile ones by Hypothesis, large ones for measuring."""

import random
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from exporter.catalogue import MEASURES, ZERO, Quality, Reason, Scope
from exporter.model import Row, SourceCount, View
from exporter.periods import Calendar

BERLIN = Calendar([(0, ZoneInfo("Europe/Berlin"))])
# Sunday 2026-11-22, 12:34:56 in Berlin.
NOW = 1_795_347_296
Labels = tuple[str, ...]


def view(rows: Mapping[Scope, Sequence[Row]] | None = None, **fields: Any) -> View:
    """A view with these rows and fields, the others empty."""
    empty: dict[str, Any] = {
        "committed_at": float(NOW),
        "time_zone": "Europe/Berlin",
        "ends": {},
        "open_sessions": {},
        "networks": {},
        "last_logins": {},
        "quality": {},
        "sources": {},
        "last_events": {},
        "folded_users": {},
        "folded_domains": {},
        "balanced": True,
    }
    by_key = {str(scope): {row.labels: row for row in (rows or {}).get(scope, ())} for scope in Scope}
    return View(rows=by_key, **(empty | fields))


def amounts(**named: int) -> tuple[int, ...]:
    """Amounts by position in MEASURES, the ones not named are 0."""
    return tuple(named.get(measure.name, 0) for measure in MEASURES)


# Whatever a log can hold and a label must bear: the format's own signs, controls, other scripts.
hostile_text = st.text(
    st.one_of(st.sampled_from('\\"\n\r\t{}=,# %\x00\x85\u2028'), st.characters(exclude_categories=["Cs"])), max_size=30
)
counts = st.integers(0, 2**53)


def _rows(scope: Scope) -> st.SearchStrategy[list[Row]]:
    names = st.tuples(*[hostile_text] * len(scope.labels))
    totals = st.tuples(*[counts] * len(MEASURES))
    rows = st.builds(Row, names, counts, totals, st.just(()), st.just(()))
    return st.lists(rows, max_size=4, unique_by=lambda row: row.labels)


@st.composite
def hostile_views(draw: st.DrawFn) -> View:
    """Views whose every label is hostile text."""
    rows = {scope: draw(_rows(scope)) for scope in Scope}
    servers = [row.labels[0] for row in rows[Scope.SERVER]]
    users = [row.labels for row in rows[Scope.USER]]
    return view(
        rows,
        time_zone=draw(st.sampled_from(("UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"))),
        ends={(server, reason): draw(counts) for server in servers for reason in Reason},
        open_sessions=draw(st.dictionaries(st.tuples(hostile_text, st.sampled_from(["pending", "charged"])), counts)),
        networks={labels: draw(counts) for labels in users},
        last_logins={labels: draw(counts) for labels in users},
        quality=draw(
            st.dictionaries(
                st.tuples(hostile_text, hostile_text, st.sampled_from([m.name for m in MEASURES])),
                st.sampled_from(Quality),
                max_size=3,
            )
        ),
        sources=draw(st.dictionaries(hostile_text, st.builds(SourceCount, *[counts] * 10), max_size=3)),
        last_events=draw(st.dictionaries(st.tuples(hostile_text, hostile_text), counts, max_size=3)),
        balanced=draw(st.booleans()),
    )


def large_view(users: int, domains: int) -> View:
    """One server, all measures of all keys in use, a tenth of the users active today."""
    dice = random.Random(users)

    def totals() -> tuple[int, ...]:
        return tuple(dice.randrange(10**9) + 9 for _ in MEASURES)

    today = ((BERLIN.day(NOW), tuple(range(len(MEASURES)))),)
    rows: dict[Scope, list[Row]] = {Scope.SERVER: [Row(("mx1.example.org",), NOW, totals(), today)]}
    names = [f"customer-{number}.example" for number in range(domains)]
    rows[Scope.DOMAIN] = [Row(("mx1.example.org", name), NOW, totals(), today) for name in names]
    rows[Scope.USER] = [
        Row(
            ("mx1.example.org", names[number % domains], f"user{number}@{names[number % domains]}"),
            NOW - number,
            totals(),
            today if number % 10 == 0 else (),
        )
        for number in range(users)
    ]
    known = rows[Scope.USER]
    return view(rows, networks={row.labels: 1 for row in known}, last_logins={row.labels: NOW - 60 for row in known})


__all__ = ["BERLIN", "NOW", "ZERO", "amounts", "hostile_text", "hostile_views", "large_view", "view"]
