"""When each user last logged in: durable, right after restarts, imports and upgrades, gone with the user."""

import random
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from exporter.catalogue import OTHER, SCOPES, Scope
from exporter.ledger import Ledger
from exporter.ledger.forget import forget
from exporter.ledger.lastlogins import FROM_BOOK
from exporter.ledger.reading import Reading
from exporter.ledger.upkeep import Keep
from exporter.model import Account, Charge
from exporter.names import NameRules, Series
from tests.ledger.books import DAY, NOON, crashed, failure, opened, poll

ALICE, BOB = ("mx", "a", "alice@a"), ("mx", "a", "bob@a")


def alice(ledger: Ledger) -> Account:
    """Alice, who logs in."""
    return ledger.names.account("mx", b"alice@a", login=True)


def stored(path: Path) -> dict[tuple[str, ...], int]:
    """What a reader of the ledger sees."""
    with Reading(path) as reading:
        stamps = reading.last_logins()
        return {key.labels: stamps[key.id] for key in reading.keys(Scope.USER) if key.id in stamps}


def test_it_is_the_newest_login_whatever_the_order(tmp_path: Path) -> None:
    """Late lines and old logs that are imported do not take it back; bytes, ends and failures do not count."""
    ledger = opened(tmp_path)
    ledger.book([poll(alice(ledger), NOON), failure(alice(ledger), NOON + 50)])
    assert {ALICE: NOON} == ledger.commit(NOON + 60).last_logins
    ledger.book([poll(alice(ledger), stamp) for stamp in (NOON - 300 * DAY, NOON + 5, NOON - 1)])
    assert {ALICE: NOON + 5} == ledger.commit(NOON + 60).last_logins
    ledger.close()
    assert {ALICE: NOON + 5} == stored(ledger.path)


def test_a_login_counts_from_no_address_too(tmp_path: Path) -> None:
    """Some servers do not log where a client came from."""
    ledger = opened(tmp_path)
    ledger.book([poll(alice(ledger), NOON)._replace(address=b"")])
    assert {ALICE: NOON} == ledger.commit(NOON).last_logins
    ledger.close()


def test_it_is_there_after_a_crash(tmp_path: Path) -> None:
    """What a scrape has shown is what the next start shows, and what was not committed is not."""
    (tmp_path / "live").mkdir()
    ledger = opened(tmp_path / "live")
    ledger.book([poll(alice(ledger), NOON)])
    shown = ledger.commit(NOON).last_logins
    ledger.book([poll(alice(ledger), NOON + 60)])
    assert shown == ledger.view.last_logins
    again = opened(crashed(ledger, tmp_path / "after"))
    assert {ALICE: NOON} == shown == again.view.last_logins
    again.close()


def test_what_is_taken_back_was_no_login(tmp_path: Path) -> None:
    """Neither a rehearsal nor a draft that is dropped leaves anything."""
    ledger = opened(tmp_path)
    ledger.book([poll(alice(ledger), NOON)], "mail")
    ledger.rehearse(NOON, {})
    ledger.drop("mail")
    assert {} == ledger.commit(NOON).last_logins
    ledger.close()
    assert {} == stored(ledger.path)


def test_a_stamp_years_ahead_is_not_believed(tmp_path: Path) -> None:
    """A server whose clock was wrong once does not make an account look used for years."""
    ledger = opened(tmp_path)
    ledger.book([poll(alice(ledger), NOON + 900 * DAY)])
    assert {ALICE: NOON + DAY} == ledger.commit(NOON).last_logins
    ledger.book([poll(alice(ledger), NOON + 2 * DAY)])
    assert {ALICE: NOON + 2 * DAY} == ledger.commit(NOON + 2 * DAY).last_logins
    ledger.close()


@pytest.mark.parametrize("scope", SCOPES)
def test_it_is_forgotten_with_its_user(tmp_path: Path, scope: Scope) -> None:
    """Alone, with its domain, or with its server: no row stays."""
    ledger = opened(tmp_path)
    ledger.book([poll(alice(ledger), NOON)])
    ledger.commit(NOON)
    ledger.close()
    forget(ledger.path, ALICE[SCOPES.index(scope)], scope)
    with closing(sqlite3.connect(ledger.path)) as connection:
        assert [] == connection.execute("SELECT * FROM last_logins").fetchall()


def test_it_is_forgotten_with_a_user_unseen_for_long(tmp_path: Path) -> None:
    """In memory and in the file; a user that comes back begins anew."""
    ledger = opened(tmp_path, keep=Keep(unseen_days=10))
    bob = ledger.names.account("mx", b"bob@a", login=True)
    ledger.book([poll(alice(ledger), NOON), poll(bob, NOON + 20 * DAY)])
    ledger.commit(NOON + 20 * DAY)
    assert {BOB: NOON + 20 * DAY} == ledger.commit(NOON + 20 * DAY + 7200).last_logins
    ledger.close()
    assert {BOB: NOON + 20 * DAY} == stored(ledger.path)


def test_without_users_nothing_is_stored(tmp_path: Path) -> None:
    """`users.series: off`."""
    ledger = opened(tmp_path, names=NameRules(series=Series.OFF))
    ledger.book([poll(alice(ledger), NOON)])
    assert {} == ledger.commit(NOON).last_logins
    ledger.close()
    assert {} == stored(ledger.path)


def test_beyond_the_cap_others_share_one(tmp_path: Path) -> None:
    """The newest login of any of them."""
    ledger = opened(tmp_path, names=NameRules(users_max=1))
    for number, name in enumerate((b"alice@a", b"bob@a", b"carol@a")):
        ledger.book([poll(ledger.names.account("mx", name, login=True), NOON + number)])
    assert {ALICE: NOON, ("mx", "a", OTHER): NOON + 2} == ledger.commit(NOON + 9).last_logins
    ledger.close()


def test_a_listed_user_that_never_logged_in_has_none(tmp_path: Path) -> None:
    """It is known from its first failure on."""
    ledger = opened(tmp_path, names=NameRules(listed_users=frozenset({"alice@a"})))
    ledger.book([failure(ledger.names.account("mx", b"alice@a", login=False), NOON)])
    view = ledger.commit(NOON)
    assert ([ALICE], {}) == (list(view.rows["user"]), view.last_logins)
    ledger.close()


def aged(path: Path) -> None:
    """Make the ledger one of the first schema, which knew days only."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE last_logins")
        connection.execute("DROP TABLE journal")
        connection.execute("UPDATE meta SET value = '1' WHERE name = 'schema'")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland", "Asia/Kolkata"])
def test_an_older_ledger_gets_them_right_to_the_day(tmp_path: Path, zone: str) -> None:
    """From the newest day that brought a login, whatever was seen of the user later; read as it is, the same."""
    dice = random.Random(1)
    ledger, tz = opened(tmp_path, zone=zone), ZoneInfo(zone)
    truth: dict[tuple[str, ...], int] = {}
    for number in range(40):
        account = ledger.names.account("mx", b"u%d@a" % number, login=True)
        stamps = [NOON - dice.randrange(60 * DAY) for _ in range(5)]
        charges = [poll(account, stamp) for stamp in stamps] if number else []
        charges += [failure(account, dice.choice([min(stamps), NOON]))]
        ledger.book(charges)
        if number:
            truth["mx", "a", f"u{number}@a"] = max(stamps)
    exact = ledger.commit(NOON).last_logins
    ledger.close()
    assert truth == exact
    aged(ledger.path)
    before = stored(ledger.path)
    ledger = opened(tmp_path, zone=zone)
    assert days(truth, tz) == days(ledger.view.last_logins, tz) == days(before, tz)
    ledger.close()
    assert before == stored(ledger.path)


def days(stamps: Mapping[tuple[str, ...], int], zone: ZoneInfo) -> dict[tuple[str, ...], str]:
    """The local days."""
    return {user: f"{datetime.fromtimestamp(stamp, zone):%F}" for user, stamp in sorted(stamps.items())}


def test_the_days_of_an_older_ledger_are_counted_as_python_does() -> None:
    """The number in the statement is that of 1970-01-01."""
    assert f"- {datetime(1970, 1, 1, tzinfo=UTC).toordinal()})" in FROM_BOOK


def test_thousands_of_logins_write_one_row_each(tmp_path: Path) -> None:
    """However often a mailbox is polled."""
    ledger = opened(tmp_path)
    charges: list[Charge] = [poll(alice(ledger), NOON + second) for second in range(1000)]
    ledger.book(charges)
    ledger.commit(NOON + 1000)
    ledger.close()
    with closing(sqlite3.connect(ledger.path)) as connection:
        assert [(NOON + 999,)] == connection.execute("SELECT stamp FROM last_logins").fetchall()
