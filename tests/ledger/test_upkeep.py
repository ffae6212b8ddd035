"""What is given up in time: old history, users unseen for long, old failed names."""

from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from exporter.ledger import Keep, Ledger
from exporter.ledger.reading import Reading
from exporter.model import SourceCheckpoint
from exporter.reports import report
from tests.ledger.books import DAY, NOON, checkpoint, failure, opened, poll, stored

KEEP = Keep(days=10, hours_days=2, unseen_days=20)
ALICE = ("mx", "a", "alice@a")


def gone_on(now: float) -> dict[str, SourceCheckpoint]:
    """The log has lines of this time, too."""
    return {"log": checkpoint(last_events={"mx": int(now)})}


def tended(ledger: Ledger, now: float) -> None:
    """Commit until nothing is left to be tended."""
    for _ in range(20):
        ledger.commit(now, gone_on(now))


def test_retention_keeps_the_opening_balance(tmp_path: Path) -> None:
    """Of the rows before the limit each key keeps its newest, so that later differences and totals stay."""
    ledger = opened(tmp_path, keep=KEEP, now=NOON, journal_rows=1)
    alice, bob = (ledger.names.account("mx", name, login=True) for name in (b"alice@a", b"bob@a"))
    ledger.book(
        [poll(alice, NOON - 9 * DAY), poll(alice, NOON - 8 * DAY), poll(alice, NOON), poll(bob, NOON - 5 * DAY)]
    )
    ledger.commit(NOON)
    today = ledger.calendar.day(NOON)
    assert [today - 9, today - 8, today] == list(stored(ledger.path)[ALICE])
    later = NOON + 6 * DAY
    tended(ledger, later)
    assert 3 == ledger.view.rows["user"][ALICE].totals[0]
    ledger.close()
    book = stored(ledger.path)
    assert {today - 8: 2, today: 1} == {day: amounts[0] for day, amounts in book[ALICE].items()}
    assert [today - 5] == list(book["mx", "a", "bob@a"])
    again = opened(tmp_path, keep=KEEP, now=later)
    assert 3 == again.view.rows["user"][ALICE].totals[0]
    again.close()


def test_retention_of_hours(tmp_path: Path) -> None:
    """Hours go before days, and leave their opening balance."""
    ledger = opened(tmp_path, keep=KEEP, now=NOON, journal_rows=1)
    alice = ledger.names.account("mx", b"alice@a", login=True)
    ledger.book(poll(alice, NOON - hour * 3600) for hour in range(40))
    ledger.commit(NOON)
    tended(ledger, NOON + DAY)
    ledger.close()
    hours = {hour: amounts[0] for hour, amounts in stored(ledger.path, hours=True)["mx",].items()}
    kept = NOON + DAY - 2 * DAY
    assert {kept - 3600: 15, **{kept + hour * 3600: 1 for hour in range(25)}} == hours


def test_lines_older_than_what_is_kept_belong_to_the_opening_balance(tmp_path: Path) -> None:
    """A very late line counts in the totals, and changes no day that is kept."""
    ledger = opened(tmp_path, keep=KEEP, now=NOON, journal_rows=1)
    alice = ledger.names.account("mx", b"alice@a", login=True)
    today = ledger.calendar.day(NOON)
    for days in (0, 300, 3, 200, 11):
        ledger.book([poll(alice, NOON - days * DAY)])
        ledger.commit(NOON)
    ledger.close()
    assert {today - 11: 3, today - 3: 1, today: 1} == {
        day: amounts[0] for day, amounts in stored(ledger.path)[ALICE].items()
    }


def test_no_moment_of_tending_makes_reports_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was given up already: what reports tell of a server's days is the sum of what they tell of its domains.

    A very late line makes a row in a period that was tended before, of a key that was not reached then.
    """
    monkeypatch.setattr("exporter.ledger.upkeep.KEYS_A_TIME", 1)
    ledger = opened(tmp_path, keep=KEEP, now=NOON, journal_rows=1)
    for server, user in (("mx1", b"alice@a"), ("mx2", b"carol@c"), ("mx1", b"bob@b")):
        account = ledger.names.account(server, user, login=True)
        ledger.book([poll(account, NOON - 9 * DAY), poll(account, NOON - 8 * DAY)])
        ledger.commit(NOON)
    ledger.book(poll(ledger.names.account("mx2", b"carol@c", login=True), NOON + day * DAY) for day in range(-7, 8))
    for moment, late in ((NOON, 0), (NOON + 8 * DAY, 0), (NOON + 8 * DAY, 1), (NOON + 9 * DAY, 1)):
        ledger.book([poll(ledger.names.account("mx1", b"bob@b", login=True), NOON - 5 * DAY)] * late)
        for _ in range(30):
            ledger.commit(moment)
            assert told(ledger, moment, None) == told(ledger, moment, "a") + told(ledger, moment, "b")
    ledger.close()


def told(ledger: Ledger, now: float, domain: str | None) -> Counter[str]:
    """Connections of mx1 by day, as reports tell them."""
    first, last = (date.fromordinal(ledger.calendar.day(int(at))) for at in (NOON - 10 * DAY, now))
    with Reading(ledger.path) as reading:
        answer = report([reading], first=first, last=last, domain=domain, servers=["mx1"], clock=now)
    return +Counter({row.label: row.values[0] or 0 for row in answer.rows})


def test_midnight_is_tended_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many keys have rows to give up, one commit touches a bounded number of them."""
    monkeypatch.setattr("exporter.ledger.upkeep.KEYS_A_TIME", 3)
    ledger = opened(tmp_path, keep=KEEP, now=NOON, journal_rows=1)
    accounts = [ledger.names.account("mx", b"%d@a" % number, login=True) for number in range(10)]
    ledger.book(poll(account, NOON - day * DAY) for account in accounts for day in (9, 8))
    ledger.commit(NOON)
    counts = []
    for _ in range(13):
        ledger.commit(NOON + 5 * DAY, gone_on(NOON + 5 * DAY))
        counts.append(rows(ledger))
    ledger.close()
    assert all(before - after <= 3 for before, after in pairwise([24, *counts]))
    assert 12 == counts[-1]


def rows(ledger: Ledger) -> int:
    """How many rows the book has."""
    with Reading(ledger.path) as reading, reading.unmoving():
        return int(reading.connection.execute("SELECT count(*) FROM book").fetchone()[0])


def test_users_unseen_for_long_are_forgotten(tmp_path: Path) -> None:
    """They leave all tables and the view and free their place; server and domain keep their totals."""
    ledger = opened(tmp_path, keep=KEEP, now=NOON, journal_rows=1)
    alice, bob = (ledger.names.account("mx", name, login=True) for name in (b"alice@a", b"bob@a"))
    ledger.book([poll(alice, NOON), poll(bob, NOON)])
    ledger.commit(NOON)
    later = NOON + 21 * DAY
    ledger.book([poll(bob, later)])
    view = ledger.commit(later)
    assert ("mx", "a", "bob@a") in view.rows["user"]
    tended(ledger, later)
    view = ledger.view
    assert {("mx", "a", "bob@a")} == set(view.rows["user"])
    assert [3, 3] == [view.rows["server"]["mx",].totals[0], view.rows["domain"]["mx", "a"].totals[0]]
    assert view.balanced
    assert None is ledger.names.account("mx", b"alice@a", login=False).user
    reborn = ledger.names.account("mx", b"alice@a", login=True)
    ledger.book([poll(reborn, later)])
    assert 1 == ledger.commit(later).rows["user"][ALICE].totals[0]
    ledger.close()


def test_a_clock_far_ahead_of_the_log_ends_nothing(tmp_path: Path) -> None:
    """A clock that is wrong by years, with no line of that time, is not believed: users, history, networks stay."""
    ledger = opened(tmp_path, keep=KEEP, now=NOON, journal_rows=1)
    alice = ledger.names.account("mx", b"alice@a", login=True)
    ledger.book([poll(alice, NOON - 3 * DAY), failure(alice, NOON), poll(alice, NOON)])
    ledger.commit(NOON)
    days, hours, networks = stored(ledger.path), stored(ledger.path, hours=True), dict(ledger.view.networks)
    for ahead in (2, 3000):
        for _ in range(20):
            ledger.commit(NOON + ahead * DAY)
        assert {ALICE} == set(ledger.view.rows["user"])
        ledger.close()
        ledger = opened(tmp_path, keep=KEEP, now=NOON + ahead * DAY)
    ledger.book([poll(alice, NOON + 60)])  # a line of that time, while the clock is wrong
    ledger.commit(NOON + 3000 * DAY)
    ledger.commit(NOON + 61)
    assert networks == dict(ledger.view.networks) != {}
    ledger.close()
    today, after = ledger.calendar.day(NOON), stored(ledger.path)
    expected = {day: found[0] for day, found in days[ALICE].items()}
    assert {**expected, today: expected[today] + 1} == {day: found[0] for day, found in after[ALICE].items()}
    assert hours.keys() == stored(ledger.path, hours=True).keys()


def test_failed_names_are_kept_as_long_as_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of days beyond retention go; so do the oldest days beyond the bound."""
    ledger = opened(tmp_path, keep=KEEP, now=NOON, journal_rows=1)
    unknown = ledger.names.account("mx", b"eve", login=False)
    ledger.book(failure(unknown, NOON + day * DAY, b"eve%d" % day) for day in range(4))
    ledger.commit(NOON + 3 * DAY)
    tended(ledger, NOON + 12 * DAY)
    assert ["eve2", "eve3"] == failed(ledger)
    monkeypatch.setattr("exporter.ledger.upkeep.FAILED_NAMES", 1)
    tended(ledger, NOON + 12 * DAY + DAY // 2)
    assert ["eve3"] == failed(ledger)
    ledger.close()


def failed(ledger: Ledger) -> list[str]:
    """All failed names that are kept."""
    with Reading(ledger.path) as reading:
        return sorted(name.name for name in reading.failed_names(0, 1 << 40))
