"""Looking after a ledger: info, check, backup, change of zone, forgetting."""

from dataclasses import replace
from pathlib import Path

import pytest

from exporter.catalogue import Quality, Scope
from exporter.envelopes.state import State
from exporter.ledger import Ledger, LedgerError, schema
from exporter.ledger.care import backup, change_zone, check, info
from exporter.ledger.forget import delete_series, forget
from exporter.model import Record, SavedSession
from exporter.sessions.session import Session, load
from tests.ledger.books import DAY, NOON, Book, amounts, checkpoint, contents, failure, opened, poll, stored


def filled(path: Path) -> Ledger:
    """A ledger with two servers, three domains, three users and a failed name over three days."""
    ledger = opened(path)
    for server in ("mx1", "mx2"):
        for number, user in enumerate((b"alice@a", b"bob@a", b"carol@b")):
            account = ledger.names.account(server, user, login=True)
            ledger.book([poll(account, NOON - number * DAY, 5), poll(account, NOON - DAY, 7)])
            ledger.book([failure(account, NOON, b"x")])
    ledger.commit(NOON)
    return ledger


def test_info_of_a_running_ledger(tmp_path: Path) -> None:
    """Numbers of keys, days, zones and size, while a daemon has it."""
    ledger = filled(tmp_path)
    ledger.commit(NOON, {"mail": checkpoint(last_events={"mx1": NOON - 5})})
    told, today = info(ledger.path), ledger.calendar.day(NOON)
    assert (schema.VERSION, ((0, "UTC"),), today - 2, today) == (told.schema, told.zones, told.first_day, told.last_day)
    assert {Scope.SERVER: 2, Scope.DOMAIN: 8, Scope.USER: 6} == told.keys
    assert {"mail": NOON - 5} == told.last_events
    assert told.size_bytes > 10_000
    ledger.close()


def test_a_sound_ledger_has_no_problems(tmp_path: Path) -> None:
    """The check finds nothing in a ledger as it should be, also while a daemon has it."""
    ledger = filled(tmp_path)
    assert () == check(ledger.path)
    ledger.close()


def test_the_check_says_which_sum_is_off(tmp_path: Path) -> None:
    """Domains that do not add up, totals that fall and laws that do not hold are told in words."""
    ledger = filled(tmp_path)
    ledger.commit(NOON, {"mail": checkpoint(seen=2, charged=1)})
    ledger.close()
    ledger = opened(tmp_path)
    key = "(SELECT id FROM keys WHERE scope = 1 AND server = 'mx1' AND domain = 'a')"
    ledger._connection.execute(
        f"UPDATE book SET sent_bytes = 1 WHERE key = {key} AND day = (SELECT max(day) FROM book)"
    )
    problems = check(ledger.path)
    ledger.close()
    assert "server mx1: sent_bytes is 36, but its domains have 13" in problems
    assert "source mail, connections: 2 seen, but 1 counted + 0 pending" in problems
    assert 1 == sum("a total of key" in problem for problem in problems)


def test_a_backup_is_the_last_commit(tmp_path: Path) -> None:
    """A copy made while a daemon has the ledger opens as a ledger of its own, with the same contents."""
    ledger = filled(tmp_path)
    backup(ledger.path, tmp_path / "copy.sqlite")
    ledger.book([poll(ledger.names.account("mx1", b"alice@a", login=True), NOON)])
    expected = ledger.view
    ledger.close()
    assert ["copy.sqlite", "ledger.sqlite", "ledger.sqlite.lock"] == sorted(file.name for file in tmp_path.iterdir())
    copy = opened(tmp_path / "copy.sqlite")
    assert expected.rows == copy.view.rows
    copy.close()
    assert () == check(copy.path)


def test_a_backup_replaces_nothing(tmp_path: Path) -> None:
    """A file that exists is left alone; a target that cannot be written is told; nothing half is left."""
    ledger = filled(tmp_path)
    ledger.close()
    (tmp_path / "copy").write_text("mine")
    with pytest.raises(LedgerError, match="copy: already exists; name a new file"):
        backup(ledger.path, tmp_path / "copy")
    assert "mine" == (tmp_path / "copy").read_text()
    with pytest.raises(
        LedgerError, match=r"copy: cannot be written: there is no directory .*nowhere; create it: mkdir -m 700"
    ):
        backup(ledger.path, tmp_path / "nowhere" / "copy")


def test_a_change_of_zone_holds_from_its_next_midnight(tmp_path: Path) -> None:
    """Days before it stay in the old zone; afterwards the new zone is the ledger's."""
    ledger = opened(tmp_path, zone="Europe/Berlin")
    ledger.close()
    since = change_zone(ledger.path, "America/New_York", NOON)
    assert NOON // DAY * DAY + 28 * 3600 == since
    again = opened(tmp_path, zone="America/New_York", now=since - 1)
    assert ["Europe/Berlin", "America/New_York"] == [again.view.time_zone, again.commit(since).time_zone]
    day, berlin_midnight = again.calendar.day(NOON), NOON // DAY * DAY + 22 * 3600
    days = [
        again.calendar.day(at) for at in (berlin_midnight - 1, berlin_midnight, since, since + DAY - 1, since + DAY)
    ]
    assert [day, day + 1, day + 1, day + 1, day + 2] == days
    again.close()


def test_a_change_of_zone_still_to_come_is_replaced(tmp_path: Path) -> None:
    """Thinking twice on one day leaves one change, or none."""
    ledger = opened(tmp_path, zone="Europe/Berlin")
    ledger.close()
    change_zone(ledger.path, "America/New_York", NOON)
    change_zone(ledger.path, "Asia/Kolkata", NOON)
    assert ["Europe/Berlin", "Asia/Kolkata"] == [name for _, name in info(ledger.path).zones]
    change_zone(ledger.path, "Europe/Berlin", NOON)
    assert ["Europe/Berlin"] == [name for _, name in info(ledger.path).zones]


def test_a_ledger_in_use_is_not_changed(tmp_path: Path) -> None:
    """Change of zone and forgetting refuse while a daemon has the ledger."""
    ledger = filled(tmp_path)
    with pytest.raises(LedgerError, match="in use by process"):
        change_zone(ledger.path, "Asia/Kolkata", NOON)
    with pytest.raises(LedgerError, match="in use by process"):
        forget(ledger.path, "alice@a")
    ledger.close()


def test_care_makes_no_ledger(tmp_path: Path) -> None:
    """What changes a ledger does not create one, nor a lock beside nothing."""
    with pytest.raises(LedgerError, match="no such ledger"):
        change_zone(tmp_path / "l", "UTC", NOON)
    with pytest.raises(LedgerError, match="no such ledger"):
        forget(tmp_path / "l", "x")
    assert [] == list(tmp_path.iterdir())


def test_forgetting_a_user(tmp_path: Path) -> None:
    """The user leaves all tables of every server; servers and domains stay as they are."""
    ledger = filled(tmp_path)
    ledger.book([failure(ledger.names.account("mx1", b"alice@a", login=True), NOON)])
    ledger.commit(NOON)
    ledger.close()
    before = stored(ledger.path)
    gone = forget(ledger.path, "alice@a")
    assert (Scope.USER, {("mx1", "a", "alice@a"), ("mx2", "a", "alice@a")}) == (gone.scope, set(gone.keys))
    assert {key: rows for key, rows in before.items() if key[-1] != "alice@a"} == stored(ledger.path)
    assert () == check(ledger.path)
    assert not any("alice" in str(row) for rows in contents(ledger.path).values() for row in rows)
    assert b"alice@a" not in ledger.path.read_bytes()


def sessions(ledger: Ledger) -> None:
    """Connections that are open, as the stages before the ledger save them, and the last line of the log."""
    begun = Session("mx1", b"1", NOON, NOON + 60)
    begun.account, begun.user = ledger.names.account("mx1", b"alice@a", login=True), b"Alice@A"
    trying = Session("mx1", b"\0alice\x007", NOON, NOON + 60)
    trying.user, trying.failed, trying.doubtful = b"alice", {b"ALICE@a": 2, b"bob@a": 1, None: 1}, {b"alice@a": 1}
    previous = Record(NOON, b"mx1", b"dovecot", b"", b"pop3-login: Login: user=<Alice@A>", 1)
    state = State(NOON, None, {}, {b"mx1": previous}, "syslog").written()
    told = checkpoint(opened=[begun.save(), trying.save()])
    ledger.commit(NOON, {"mail": replace(told, envelopes={"1": state})})


def test_forgetting_a_user_with_open_connections(tmp_path: Path) -> None:
    """Sessions stay without the name, whatever its case and with or without its domain; so does the last line."""
    ledger = filled(tmp_path)
    sessions(ledger)
    ledger.close()
    forget(ledger.path, "alice@a")
    assert b"alice" not in ledger.path.read_bytes().lower()
    again = opened(tmp_path)
    saved = again.restored("mail")
    assert saved is not None
    trying, begun = (load(one, again.names.intern) for one in saved.sessions)
    assert (again.names.intern("mx1", "a", None), None) == (begun.account, begun.user)
    assert ({None: 3, b"bob@a": 1}, {}, None, b"\0\x007") == (trying.failed, trying.doubtful, trying.user, trying.key)
    assert State(NOON, None, {}, {}, "syslog") == State.read(saved.envelopes["1"])
    again.close()


def test_forgetting_a_domain_with_open_connections(tmp_path: Path) -> None:
    """What they are still charged is `_other`'s, as all that the domain had."""
    ledger = filled(tmp_path)
    sessions(ledger)
    ledger.close()
    forget(ledger.path, "a")
    assert b"@a" not in ledger.path.read_bytes().lower()
    again = opened(tmp_path)
    saved = again.restored("mail")
    assert saved is not None
    trying, begun = (load(one, again.names.intern) for one in saved.sessions)
    assert ({None: 4}, again.names.intern("mx1", "_other", None)) == (trying.failed, begun.account)
    again.close()


def test_forgetting_a_domain_moves_its_rows_to_other(tmp_path: Path) -> None:
    """Day by day and hour by hour `_other` has what the domain had; its users are gone."""
    ledger = filled(tmp_path)
    ledger.close()
    days, hours = stored(ledger.path), stored(ledger.path, hours=True)
    assert Scope.DOMAIN is forget(ledger.path, "a").scope
    assert moved(days) == stored(ledger.path)
    assert moved(hours) == stored(ledger.path, hours=True)
    assert () == check(ledger.path)
    again = opened(tmp_path)
    assert again.view.balanced
    assert amounts(connections=6, sent=24, logins=4, failures=2) == again.view.rows["domain"]["mx1", "_other"].totals
    again.close()


def moved(book: Book) -> Book:
    """The book with domain `a` called `_other`, without its users."""
    names = {
        key: (key[0], "_other") if key[1:] == ("a",) else key for key in book if key[1:2] != ("a",) or len(key) == 2
    }
    return {name: book[key] for key, name in names.items()}


def test_forgetting_a_domain_adds_to_what_other_has(tmp_path: Path) -> None:
    """Running totals of two keys with rows on different days add up on every day."""
    ledger = filled(tmp_path)
    ledger.close()
    forget(ledger.path, "a")
    before = stored(ledger.path)
    forget(ledger.path, "b")
    after = stored(ledger.path)
    assert before["mx1",] == after["mx1",] == after["mx1", "_other"]


def test_forgetting_a_server(tmp_path: Path) -> None:
    """The server goes from all tables with what belongs to it, and the laws hold without it."""
    ledger = filled(tmp_path)
    told = checkpoint(
        opened=[SavedSession("mx1", b"1", {}), SavedSession("mx2", b"1", {})],
        quality={("mx1", "logins"): Quality.EXACT},
        open_sessions={("mx1", "pending"): 2, ("mx2", "pending"): 1},
        last_events={"mx1": NOON, "mx2": NOON},
        seen=10,
        charged=7,
    )
    ledger.commit(NOON, {"mail": told})
    ledger.close()
    assert Scope.SERVER is forget(ledger.path, "mx1").scope
    assert not any("mx1" in row for rows in contents(ledger.path).values() for row in rows)
    assert () == check(ledger.path)
    again = opened(tmp_path)
    assert ({("mx2",)}, True) == (set(again.view.rows["server"]), again.view.balanced)
    again.close()


def test_what_cannot_be_forgotten_is_told(tmp_path: Path) -> None:
    """Unknown names, pseudo-names and names of more than one scope are refused with what to do."""
    ledger = filled(tmp_path)
    ledger.book([poll(ledger.names.account("a", b"x", login=True), NOON)])
    ledger.commit(NOON)
    ledger.close()
    for name, message in {
        "nobody": "no user, domain or server called nobody",
        "unknown": "unknown is not a real name",
        "a": "a is a server and a domain: choose one with --scope",
    }.items():
        with pytest.raises(LedgerError, match=message):
            forget(ledger.path, name)
    assert (("a",),) == forget(ledger.path, "a", Scope.SERVER).keys


@pytest.mark.parametrize(
    ("scope", "name", "selector"),
    [
        (Scope.USER, "alice@a", '{__name__=~"pop3_user_.+",user="alice@a"}'),
        (Scope.DOMAIN, "a", '{__name__=~"pop3_(domain|user)_.+",domain="a"}'),
        (Scope.SERVER, "mx", '{__name__=~"pop3_.+",server="mx"}'),
        (Scope.USER, "o'neil\"@a", '{__name__=~"pop3_user_.+",user="o\'\\\'\'neil\\"@a"}'),
    ],
)
def test_the_call_that_deletes_the_series(scope: Scope, name: str, selector: str) -> None:
    """It selects what was forgotten, safe to paste into a shell."""
    call = "curl -X POST -G 'http://PROMETHEUS/api/v1/admin/tsdb/delete_series' --data-urlencode "
    assert f"{call}'match[]={selector}'" == delete_series(scope, name)
