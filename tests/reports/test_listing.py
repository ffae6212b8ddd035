"""Pages of names are cut out of the whole report, whatever the search, the order and the page."""

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from exporter.catalogue import OTHER, Quality
from exporter.ledger import Keep
from exporter.ledger.reading import Reading
from exporter.reports import By, report, sort_columns
from exporter.reports.listing import Listing, Wanted, listing
from tests.reports.conftest import BERLIN, moment
from tests.reports.ledgers import Commit, charge, filled

CLOCK = moment("2026-11-20T12:00")
FIRST, LAST = date(2026, 11, 7), date(2026, 11, 20)
DOMAINS = ("a.example", "b.example", "%_.example", OTHER)


@pytest.fixture(scope="module", params=[400, 7], ids=["all kept", "a week kept"])
def ledger(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reading]:
    """A month on two servers, one of which logs no bytes."""
    dice = random.Random(3)
    charges = []
    for number in range(600):
        domain = dice.choice(DOMAINS)
        user = f"u{dice.randrange(30)}@{domain}" if domain != OTHER else OTHER
        stamp = CLOCK - dice.randrange(30 * 86_400)
        charges.append(
            charge(
                stamp,
                server=dice.choice(["mx1", "mx2"]),
                domain=domain,
                user=user,
                connections=dice.randrange(1, 4),
                terminations=number % 3,
                sent_bytes=dice.randrange(999),
            )
        )
    charges += [charge(CLOCK, server="mx1", domain="unknown", blocked_connections=4, connections=4)]
    quality = {("mx2", name): Quality.NONE for name in ("sent_bytes", "received_bytes")}
    path = tmp_path_factory.mktemp("listing") / "ledger.sqlite"
    keep = Keep(days=request.param)
    with Reading(filled(path, BERLIN, [Commit(CLOCK, charges, quality), Commit(CLOCK)], keep)) as reading:
        yield reading


def page(ledger: Reading, **wanted: object) -> Listing:
    """A page of the fortnight."""
    return listing(ledger, Wanted(**wanted), FIRST.toordinal(), LAST.toordinal())  # type: ignore[arg-type]


@pytest.mark.parametrize("by", [By.DOMAIN, By.USER])
@pytest.mark.parametrize("sort", range(6))
def test_pages_are_the_report(ledger: Reading, by: By, sort: int) -> None:
    """In every order, page by page, numbers and marks alike; rows that are equal in the column stand by name."""
    whole = report([ledger], by=by, first=FIRST, last=LAST, sort=sort_columns(by)[sort], clock=CLOCK).rows
    pages = [page(ledger, by=by, sort=sort, skipped=skipped, size=7) for skipped in range(0, len(whole), 7)]
    found = [row for one in pages for row in one.rows]
    assert {len(whole)} == {one.number for one in pages}

    def key(row: object) -> tuple[object, ...]:
        value = row.values[sort - 1] if sort else 0  # type: ignore[attr-defined]
        return -(value or 0), row.label  # type: ignore[attr-defined]

    assert sorted(whole, key=key) == found


def test_a_search_finds_what_contains_it(ledger: Reading) -> None:
    """As plain text: signs of patterns have no meaning."""
    whole = report([ledger], by=By.USER, first=FIRST, last=LAST, clock=CLOCK).rows
    for search in ("u1", "@a.ex", "%_.", "nobody", "'"):
        expected = [row for row in whole if search in row.label]
        found = page(ledger, by=By.USER, search=search, size=1000)
        assert (expected, len(expected)) == (list(found.rows), found.number)


def test_one_domain_alone(ledger: Reading) -> None:
    """Its users."""
    whole = report([ledger], by=By.USER, first=FIRST, last=LAST, domain="a.example", clock=CLOCK).rows
    assert whole == page(ledger, by=By.USER, domain="a.example", size=1000).rows


def test_a_page_behind_the_last_is_empty(ledger: Reading) -> None:
    """And a ledger without anything, too."""
    assert Listing((), 0) == page(ledger, by=By.USER, skipped=5000)


def test_an_empty_ledger_has_no_names(tmp_path: Path) -> None:
    """Nothing is divided by nothing."""
    with Reading(filled(tmp_path / "empty", BERLIN, [Commit(CLOCK)])) as reading:
        assert Listing((), 0) == page(reading, by=By.DOMAIN)
