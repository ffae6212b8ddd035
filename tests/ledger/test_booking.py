"""What a commit makes of charges, and what a view shows of them."""

from pathlib import Path

import pytest

from exporter.catalogue import SCOPES, ZERO, Reason
from exporter.ledger.entries import MOST
from exporter.model import Charge
from tests.ledger.books import (
    DAY,
    NOON,
    amounts,
    calendar,
    checkpoint,
    computed,
    failure,
    opened,
    poll,
    stored,
    without_users,
)

ALICE = ("mx", "example.com", "alice@example.com")


def test_nothing_is_seen_before_the_commit(tmp_path: Path) -> None:
    """A charge is visible after the commit, in a new view; the old view stays as it was."""
    ledger = opened(tmp_path)
    empty = ledger.view
    ledger.book([poll(ledger.names.account("mx", b"alice@example.com", login=True), NOON)])
    assert empty is ledger.view
    assert {} == dict(ledger.view.rows["server"])
    view = ledger.commit(NOON)
    assert view is ledger.view
    assert {} == dict(empty.rows["server"])
    assert amounts(connections=1, logins=1) == view.rows["server"]["mx",].totals
    ledger.close()


def test_a_charge_counts_in_all_scopes(tmp_path: Path) -> None:
    """Server, domain and user get the same amounts; births bring all measures, ends and pseudo-domains at 0."""
    ledger = opened(tmp_path)
    ledger.book([poll(ledger.names.account("mx", b"alice@example.com", login=True), NOON, sent=7)])
    view = ledger.commit(NOON)
    expected = amounts(connections=1, logins=1, sent=7)
    assert [expected] * 3 == [view.rows[scope][ALICE[: len(scope.labels)]].totals for scope in SCOPES]
    assert {("mx", "unknown"), ("mx", "_other"), ALICE[:2]} == set(view.rows["domain"])
    assert ZERO == view.rows["domain"]["mx", "unknown"].totals
    assert {("mx", reason): int(reason is Reason.LOGOUT) for reason in Reason} == dict(view.ends)
    assert view.balanced
    ledger.close()


def test_who_is_unknown_has_no_user_scope(tmp_path: Path) -> None:
    """A name that only failed counts for the server and for `unknown`."""
    ledger = opened(tmp_path)
    ledger.book([failure(ledger.names.account("mx", b"eve@example.com", login=False), NOON)])
    view = ledger.commit(NOON)
    assert {} == dict(view.rows["user"])
    assert amounts(connections=1, failures=1) == view.rows["domain"]["mx", "unknown"].totals
    ledger.close()


def test_holds_are_what_was_before_the_day_and_the_hour(tmp_path: Path) -> None:
    """The hold of a period is the total without what that and newer periods have added."""
    ledger = opened(tmp_path)
    alice = ledger.names.account("mx", b"alice@example.com", login=True)
    ledger.book([poll(alice, NOON - DAY), poll(alice, NOON - 3600), poll(alice, NOON)])
    row = ledger.commit(NOON).rows["domain"][ALICE[:2]]
    today, hour = ledger.calendar.day(NOON), ledger.calendar.hour(NOON)
    assert [3, 1, 0] == [row.totals[0], row.day_hold(today)[0], row.day_hold(today - 1)[0]]
    assert [2, 1] == [row.hour_hold(hour)[0], row.hour_hold(hour - 3600)[0]]
    assert 3 == row.day_hold(today + 1)[0]
    ledger.close()


def test_a_late_line_raises_counter_and_hold(tmp_path: Path) -> None:
    """A line of yesterday raises yesterday's row and all later ones, and today's difference stays."""
    ledger = opened(tmp_path)
    alice = ledger.names.account("mx", b"alice@example.com", login=True)
    charges = [poll(alice, NOON - 3 * DAY), poll(alice, NOON), poll(alice, NOON - DAY), poll(alice, NOON - 9 * DAY)]
    for charge in charges:
        ledger.book([charge])
        ledger.commit(NOON)
    row = ledger.view.rows["user"][ALICE]
    assert [4, 3] == [row.totals[0], row.day_hold(ledger.calendar.day(NOON))[0]]
    assert NOON - 9 * DAY == row.first_seen
    ledger.close()
    assert computed(charges, calendar("UTC").day) == stored(ledger.path)
    assert without_users(computed(charges, calendar("UTC").hour)) == stored(ledger.path, hours=True)


def test_a_view_shares_what_did_not_change(tmp_path: Path) -> None:
    """A commit makes new rows for what changed only."""
    ledger = opened(tmp_path)
    alice, bob = (ledger.names.account("mx", name, login=True) for name in (b"alice@a", b"bob@b"))
    ledger.book([poll(alice, NOON), poll(bob, NOON)])
    old = ledger.commit(NOON)
    ledger.book([poll(alice, NOON)])
    new = ledger.commit(NOON + 1)
    assert old.rows["user"]["mx", "b", "bob@b"] is new.rows["user"]["mx", "b", "bob@b"]
    assert 1 == old.rows["user"]["mx", "a", "alice@a"].totals[0]
    assert 2 == new.rows["user"]["mx", "a", "alice@a"].totals[0]
    ledger.close()


def test_an_end_without_amounts_makes_no_row(tmp_path: Path) -> None:
    """An end on the day after its connection counts as an end, and its day has no row for it."""
    ledger = opened(tmp_path)
    alice = ledger.names.account("mx", b"alice@example.com", login=True)
    ledger.book([poll(alice, NOON - DAY)])
    ledger.commit(NOON - DAY)
    ledger.book([Charge(alice, NOON, (), Reason.TIMEOUT)])
    assert 1 == ledger.commit(NOON).ends["mx", Reason.TIMEOUT]
    ledger.close()
    assert 1 == len(stored(ledger.path)[ALICE])


def test_a_reopened_ledger_shows_the_same(tmp_path: Path) -> None:
    """After closing and opening the view is the same, holds, ends and networks included."""
    ledger = opened(tmp_path)
    for user in (b"alice@a", b"bob@a", b"carol@b"):
        account = ledger.names.account("mx", user, login=True)
        ledger.book([poll(account, NOON - DAY), poll(account, NOON - 3600, 5), poll(account, NOON, 6)])
    before = ledger.commit(NOON)
    ledger.close()
    ledger = opened(tmp_path)
    for part in ("rows", "ends", "networks", "time_zone"):
        assert getattr(before, part) == getattr(ledger.view, part)
    ledger.close()


def test_an_idle_commit_changes_nothing_but_its_time(tmp_path: Path) -> None:
    """With nothing booked a commit shows when it was made, and the rest as before."""
    ledger = opened(tmp_path)
    ledger.book([poll(ledger.names.account("mx", b"alice@a", login=True), NOON)])
    before = ledger.commit(NOON)
    after = ledger.commit(NOON + 60)
    assert (NOON + 60, before.rows) == (after.committed_at, after.rows)
    ledger.close()


def test_a_clock_set_back_finds_its_holds(tmp_path: Path) -> None:
    """A clock that was a week ahead and comes back finds today's hold as it would have been."""
    ledger = opened(tmp_path)
    alice = ledger.names.account("mx", b"alice@a", login=True)
    ledger.book([poll(alice, NOON - DAY), poll(alice, NOON)])
    ledger.commit(NOON)
    ledger.book([poll(alice, NOON + 7 * DAY)])
    ledger.commit(NOON + 7 * DAY)
    ledger.book([poll(alice, NOON + 1)])
    row = ledger.commit(NOON + 1).rows["user"]["mx", "a", "alice@a"]
    assert [4, 1] == [row.totals[0], row.day_hold(ledger.calendar.day(NOON))[0]]
    ledger.close()


def test_a_clock_set_back_by_hours_finds_the_holds_of_that_hour(tmp_path: Path) -> None:
    """A clock that was hours ahead and comes back finds the hour's hold as it would have been."""
    ledger = opened(tmp_path)
    alice = ledger.names.account("mx", b"alice@a", login=True)
    ledger.book([poll(alice, NOON - 3600), poll(alice, NOON)])
    ledger.commit(NOON)
    for ahead in (1, 2, 3, 9):
        ledger.book([poll(alice, NOON + ahead * 3600)])
        ledger.commit(NOON + ahead * 3600)
        ledger.book([poll(alice, NOON + 1)])
        row = ledger.commit(NOON + 1).rows["server"]["mx",]
        assert 1 == row.hour_hold(ledger.calendar.hour(NOON))[0]
    assert 10 == row.totals[0]
    ledger.close()


def test_a_total_ends_at_the_most_that_can_be_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Byte counts beyond all reason: no commit fails, all scopes stay equal, other measures go on, and it is told."""
    ledger = opened(tmp_path)
    alice, bob = (ledger.names.account("mx", name, login=True) for name in (b"alice@a", b"bob@b"))
    rows = ledger.view.rows
    for turn in range(3):
        ledger.book([poll(alice, NOON - DAY, sent=(1 << 62) - 9), poll(bob, NOON, sent=(1 << 62) - 1)])
        rows = ledger.commit(NOON, {"mail": checkpoint(turn)}).rows
    assert amounts(connections=6, logins=6, sent=MOST) == rows["server"]["mx",].totals
    for scope in ("domain", "user"):
        sums = [sum(column) for column in zip(*(row.totals for row in rows[scope].values()), strict=True)]
        assert [*rows["server"]["mx",].totals] == sums
    assert not ledger.view.balanced
    assert (
        "server mx, sent_bytes: 4611686018427387904 is the largest value that can be stored; it no longer grows"
        in caplog.text
    )
    ledger.close()
    again = opened(tmp_path)
    assert dict(rows["server"]) == dict(again.view.rows["server"])
    assert not again.view.balanced
    again.close()
