"""Reading a ledger beside its daemon: keys, totals, rows, failed names."""

from pathlib import Path

import pytest

from exporter.catalogue import ZERO, Scope
from exporter.ledger import failures
from exporter.ledger.reading import FailedName, Reading
from exporter.names import NameRules, Series
from tests.ledger.books import DAY, NOON, failure, opened, poll


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


def test_a_failing_name_costs_no_count_of_all(tmp_path: Path) -> None:
    """The names of a day are counted once a commit, however many fail in it."""
    ledger = opened(tmp_path)
    statements: list[str] = []
    ledger._connection.set_trace_callback(statements.append)
    unknown = ledger.names.account("mx", b"x", login=False)
    ledger.book(failure(unknown, NOON, name=b"%d" % number) for number in range(100))
    ledger.commit(NOON)
    ledger.close()
    assert 1 == sum("count(*)" in statement and "failed_names" in statement for statement in statements)


def test_no_failed_names_without_users(tmp_path: Path) -> None:
    """With `users.series: off` no name of anybody is kept."""
    ledger = opened(tmp_path, names=NameRules(series=Series.OFF))
    ledger.book([failure(ledger.names.account("mx", b"x", login=False), NOON, b"x")])
    ledger.commit(NOON)
    ledger.close()
    with Reading(ledger.path) as reading:
        assert [] == list(reading.failed_names(0, 1 << 40))
