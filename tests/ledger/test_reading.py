"""Reading a ledger beside its daemon: keys, totals, rows, failed names."""

from pathlib import Path

import pytest

from exporter.catalogue import ZERO, Scope
from exporter.ledger import failures, journal
from exporter.ledger.reading import FailedName, Reading
from exporter.names import NameRules, Series
from tests.ledger.books import DAY, NOON, crashed, failure, opened, poll


def test_a_reader_sees_the_last_commit_of_a_running_daemon(tmp_path: Path) -> None:
    """What is committed is seen at once; within `unmoving` it stays as it was."""
    ledger = opened(tmp_path)
    alice = ledger.names.account("mx", b"alice@a", login=True)
    ledger.book([poll(alice, NOON)])
    ledger.commit(NOON)
    with Reading(ledger.path) as reading:
        [key] = reading.keys(Scope.USER)
        with reading.unmoving():
            assert 1 == reading.totals(key.id)[0]
            ledger.book([poll(alice, NOON)])
            ledger.commit(NOON)
            assert 1 == reading.totals(key.id)[0]
        assert 2 == reading.totals(key.id)[0]
    ledger.close()


def test_totals_before_a_day_and_an_hour(tmp_path: Path) -> None:
    """The totals at the begin of a period are those of the newest row before it, zeros before the first."""
    ledger = opened(tmp_path)
    alice = ledger.names.account("mx", b"alice@a", login=True)
    ledger.book([poll(alice, NOON - 3 * DAY), poll(alice, NOON - DAY), poll(alice, NOON), poll(alice, NOON - 7200)])
    ledger.commit(NOON)
    today = ledger.calendar.day(NOON)
    ledger.close()
    with Reading(ledger.path) as reading:
        [server] = reading.keys(Scope.SERVER)
        assert [0, 1, 1, 2, 4] == [reading.totals(server.id, before_day=today + day)[0] for day in range(-3, 2)]
        assert [2, 3, 4] == [reading.totals(server.id, before_hour=NOON + hour * 3600)[0] for hour in (-2, 0, 1)]
        assert ZERO == reading.totals(server.id, before_day=0)
        assert [(today - 1, 2), (today, 4)] == [(d, t[0]) for d, t in reading.rows(server.id, today - 2, today)]


def test_keys_by_scope_server_and_domain(tmp_path: Path) -> None:
    """Keys come in the order of their labels, narrowed down as asked."""
    ledger = opened(tmp_path)
    for server, user in (("mx2", b"alice@a"), ("mx1", b"bob@b"), ("mx1", b"alice@a")):
        ledger.book([poll(ledger.names.account(server, user, login=True), NOON)])
    ledger.commit(NOON)
    ledger.close()
    with Reading(ledger.path) as reading:
        assert [("mx1",), ("mx2",)] == [key.labels for key in reading.keys(Scope.SERVER)]
        assert [("mx1", "a"), ("mx2", "a")] == [key.labels for key in reading.keys(Scope.DOMAIN, domain="a")]
        assert [("mx1", "a", "alice@a")] == [key.labels for key in reading.keys(Scope.USER, "mx1", "a")]
        assert {NOON} == {key.first_seen for key in reading.keys(Scope.USER)}


def test_names_that_failed_are_listed_by_day(tmp_path: Path) -> None:
    """Known users and unknown names, as addresses in lower case, most failures first, over the days asked for."""
    ledger = opened(tmp_path)
    alice = ledger.names.account("mx", b"alice@a", login=True)
    unknown = ledger.names.account("mx", b"eve@a", login=False)
    booked = [
        (unknown, -1, b"EVE@a"),
        (unknown, 0, b"eve@A "),
        (unknown, 0, b"\xff"),
        (alice, 0, None),
        (unknown, 0, None),
    ]
    ledger.book(failure(account, NOON + day * DAY, name) for account, day, name in booked)
    ledger.commit(NOON)
    ledger.book([failure(unknown, NOON + 5, b"eve@a")])
    ledger.commit(NOON)
    today = ledger.calendar.day(NOON)
    ledger.close()
    with Reading(ledger.path) as reading:
        assert [
            FailedName("mx", "eve@a", 3, NOON + 5),
            FailedName("mx", "alice@a", 1, NOON),
            FailedName("mx", "�", 1, NOON),
        ] == list(reading.failed_names(today - 1, today))
        assert [2, 1, 1] == [name.failures for name in reading.failed_names(today, today)]
        assert [] == list(reading.failed_names(today, today, server="mx2"))


def test_failed_names_are_bounded_by_day_and_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """New names beyond the bound of a day count as `_other`, known ones go on; long ones are cut."""
    monkeypatch.setattr(failures, "NAMES_PER_DAY", 2)
    ledger = opened(tmp_path)
    unknown = ledger.names.account("mx", b"x", login=False)
    ledger.book(failure(unknown, NOON, name) for name in (b"a" * 999, b"b", b"c", b"d", b"b"))
    ledger.commit(NOON)
    ledger.close()
    with Reading(ledger.path) as reading:
        names = [(found.name, found.failures) for found in reading.failed_names(0, 1 << 40)]
    assert [("_other", 2), ("b", 2), ("a" * 255, 1)] == names


def test_failed_names_are_bounded_by_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also over several commits of a day; the next day has room of its own."""
    monkeypatch.setattr(failures, "BYTES_PER_DAY", 25)
    ledger = opened(tmp_path)
    unknown = ledger.names.account("mx", b"x", login=False)
    for day in (NOON - DAY, NOON):
        for name in (b"a" * 10, b"b" * 10, b"c" * 10, b"d", b"e", b"a" * 10):
            ledger.book([failure(unknown, day, name=name)])
            ledger.commit(NOON)
    today = ledger.calendar.day(NOON)
    ledger.close()
    with Reading(ledger.path) as reading:
        for day in (today - 1, today):
            names = {found.name: found.failures for found in reading.failed_names(day, day)}
            assert {"a" * 10: 2, "b" * 10: 1, "c" * 10: 1, "_other": 2} == names


def test_an_attack_fills_neither_memory_nor_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names without room are told together before the commit, over a crash between two foldings, too."""
    monkeypatch.setattr(failures, "NAMES_PER_DAY", 10)
    ledger = opened(tmp_path)
    unknown = ledger.names.account("mx", b"x", login=False)
    for number in range(300):
        if number == 200:
            ledger = opened(crashed(ledger, tmp_path / "crash"))
            unknown = ledger.names.account("mx", b"x", login=False)
        ledger.book(failure(unknown, NOON, name) for name in (b"name %d" % (number % 100), b"of all"))
        if number % 10 == 9:
            ledger.commit(NOON)
            lines = list(journal.read(ledger._connection))
            failed = [one for line in lines for one in journal.commit_of(line, "x").failed]
            assert len({one.name for one in failed}) <= 11
            assert len(ledger._state.unfolded.failed) <= 11
    ledger.close()
    with Reading(ledger.path) as reading:
        found = {one.name: one.failures for one in reading.failed_names(0, 1 << 40)}
    assert {"of all": 300, "_other": 273} == {name: found.pop(name) for name in ("of all", "_other")}
    assert {f"name {number}": 3 for number in range(9)} == found


def test_names_without_room_in_an_older_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that decided while it brought up the tables has left them there: now it is when they are taken in."""
    ledger = opened(tmp_path)
    unknown = ledger.names.account("mx", b"x", login=False)
    ledger.book(failure(unknown, NOON, b"%d" % number) for number in range(5))
    ledger.commit(NOON)
    path = crashed(ledger, tmp_path / "crash")
    monkeypatch.setattr(failures, "NAMES_PER_DAY", 2)
    with Reading(path) as reading:
        beside = [(one.name, one.failures) for one in reading.failed_names(0, 1 << 40)]
    opened(path).close()
    with Reading(path) as reading:
        after = [(one.name, one.failures) for one in reading.failed_names(0, 1 << 40)]
    assert [("_other", 3), ("0", 1), ("1", 1)] == beside == after


def test_a_failing_name_costs_no_query(tmp_path: Path) -> None:
    """The names of a day are read once between two foldings, however many fail."""
    ledger = opened(tmp_path)
    statements: list[str] = []
    ledger._connection.set_trace_callback(statements.append)
    unknown = ledger.names.account("mx", b"x", login=False)
    for first in (0, 100):
        ledger.book(failure(unknown, NOON, name=b"%d" % number) for number in range(first, first + 100))
        ledger.commit(NOON)
    ledger.close()
    assert 1 == sum("SELECT name FROM failed_names" in statement for statement in statements)


def test_no_failed_names_without_users(tmp_path: Path) -> None:
    """With `users.series: off` no name of anybody is kept."""
    ledger = opened(tmp_path, names=NameRules(series=Series.OFF))
    ledger.book([failure(ledger.names.account("mx", b"x", login=False), NOON, b"x")])
    ledger.commit(NOON)
    ledger.close()
    with Reading(ledger.path) as reading:
        assert [] == list(reading.failed_names(0, 1 << 40))
