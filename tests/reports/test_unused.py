"""Accounts that nobody logs in to, against the logins that were booked."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from exporter.ledger.reading import Reading
from exporter.reports import (
    Unused,
    UnusedAccount,
    unused,
    write_unused_csv,
    write_unused_json,
)
from exporter.reports.table import write_unused_table
from tests.reports.conftest import BERLIN, moment
from tests.reports.ledgers import Commit, charge, filled

NOW = moment("2026-10-27T12:00")
DAY = 86_400


def login(days: float, user: str, server: str = "mx") -> object:
    """So many days ago."""
    return charge(
        NOW - int(days * DAY), server=server, domain=user.partition("@")[2], user=user, logins=1, connections=1
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Reading]:
    """Logins of long ago and of today, on two servers; a failure does not count."""
    found = [
        *(login(days, "ann@a.example") for days in (300, 0.1, 40)),
        *(login(days, "ben@a.example") for days in (200, 90)),
        login(89.99, "cyd@a.example"),
        login(200, "dan@b.example"),
        login(2, "dan@b.example", "mx2"),
        login(31, "eve@b.example", "mx2"),
        charge(NOW - 60, domain="a.example", user="ben@a.example", login_failures=1),
    ]
    path = filled(tmp_path / "ledger.sqlite", BERLIN, [Commit(NOW, found)])  # type: ignore[arg-type]
    with Reading(path) as reading:
        yield reading


def test_it_is_the_last_login_on_any_server_that_counts(ledger: Reading) -> None:
    """The longest unused first; exactly so many days are long enough."""
    found = unused([ledger], days=90, clock=NOW)
    assert [UnusedAccount("ben@a.example", NOW - 90 * DAY, 90)] == list(found.accounts)
    found = unused([ledger], days=30, clock=NOW)
    assert ["ben@a.example", "cyd@a.example", "eve@b.example"] == [one.user for one in found.accounts]
    assert [90, 89, 31] == [one.days for one in found.accounts]
    assert 5 == found.known
    assert () == unused([ledger], days=365, clock=NOW).accounts


def test_one_domain_or_server_alone(ledger: Reading) -> None:
    """On one of two servers an account may be unused for longer."""
    assert ["eve@b.example"] == [one.user for one in unused([ledger], days=30, clock=NOW, domain="b.example").accounts]
    alone = unused([ledger], days=180, clock=NOW, servers=["mx"])
    assert [("dan@b.example", 200)] == [(one.user, one.days) for one in alone.accounts]


def test_what_cannot_be_known_is_told(ledger: Reading, tmp_path: Path) -> None:
    """Who has not logged in since the log begins is in no list."""
    [note] = unused([ledger], days=30, clock=NOW).notes
    assert note.startswith("accounts that have not logged in since the log begins (2025-12-31) are not listed")
    with Reading(filled(tmp_path / "empty", BERLIN, [Commit(NOW)])) as reading:
        assert ("no users: nobody has logged in yet, or users.series is off",) == unused(
            [reading], days=30, clock=NOW
        ).notes


def test_it_is_written_in_three_forms() -> None:
    """Hostile names stay text; who was never seen to log in has an empty cell."""
    zone = ZoneInfo(BERLIN)
    found = Unused(90, (UnusedAccount("=1+1@a", None, None), UnusedAccount("a\x1b[2J@b", NOW, 1234)), 7, ("a note",))
    stream = io.StringIO(newline="")
    write_unused_csv(found, zone, stream)
    assert [
        ["User", "Last Login", "Days Unused"],
        ["'=1+1@a", "", ""],
        ["a\x1b[2J@b", "2026-10-27T12:00:00+01:00", "1234"],
    ] == list(csv.reader(io.StringIO(stream.getvalue(), newline="")))
    stream = io.StringIO()
    write_unused_json(found, zone, stream)
    assert [
        {"user": "=1+1@a", "last_login": None, "days_unused": None},
        {"user": "a\x1b[2J@b", "last_login": "2026-10-27T12:00:00+01:00", "days_unused": 1234},
    ] == json.loads(stream.getvalue())
    stream = io.StringIO()
    write_unused_table(found, zone, Console(file=stream, width=80))
    for part in ("unused for 90 days or longer: 2 of 7", "never seen", "a\\x1b[2J@b", "1,234", "a note"):
        assert part in stream.getvalue()
