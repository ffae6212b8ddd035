"""What is kept of each source beside its charges, and whether the books balance."""

import json
import logging
import os
import sqlite3
import zlib
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.catalogue import Quality
from exporter.ledger import Ledger, LedgerError
from exporter.ledger.reading import Reading
from exporter.model import Position, SavedSession, SourceCheckpoint, SourceCount
from tests.ledger.books import DAY, NOON, checkpoint, crashed, opened, poll
from tests.ledger.test_files import Failing


def reopened(ledger: Ledger) -> Ledger:
    """The ledger after a restart."""
    ledger.close()
    return opened(ledger.path)


def test_a_new_source_is_unknown(tmp_path: Path) -> None:
    """What never was in a commit has no saved state."""
    ledger = opened(tmp_path)
    assert None is ledger.restored("mail")
    ledger.close()


def test_all_of_a_source_comes_back(tmp_path: Path) -> None:
    """Positions, envelopes, sessions, counters, quality and the rest are after a restart as in the last commit."""
    ledger = opened(tmp_path)
    positions = (Position("a", "/a", 1, 2, 3, "ab", 4, 5.5), Position("b", "", cursor="s=1", skipping=True))
    counts = SourceCount(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, lines=10)
    saved = SourceCheckpoint(
        positions=positions,
        envelopes={"a": "x", "b": "y"},
        opened=(SavedSession("mx", b"\x00\xff", {"last": 1, "user": "\udcff"}),),
        closed=(),
        counts=counts,
        last_events={"mx": NOON},
        open_sessions={("mx", "pending"): 1, ("mx", "charged"): 2},
        quality={("mx", "sent_bytes"): Quality.NONE},
        seen=5,
        charged=4,
    )
    ledger.commit(NOON, {"mail": saved})
    ledger = reopened(ledger)
    restored = ledger.restored("mail")
    assert restored is not None
    assert set(positions) == set(restored.positions)
    for part in ("envelopes", "counts", "last_events", "open_sessions", "quality", "seen", "charged"):
        assert getattr(saved, part) == getattr(restored, part)
    assert saved.opened == restored.sessions
    assert {"mail": counts} == dict(ledger.view.sources)
    assert {("mail", "mx"): NOON} == dict(ledger.view.last_events)
    assert {("mail", "mx", "sent_bytes"): Quality.NONE} == dict(ledger.view.quality)
    assert {("mx", "pending"): 1, ("mx", "charged"): 2} == dict(ledger.view.open_sessions)
    ledger.close()


def test_what_a_source_drops_is_dropped(tmp_path: Path) -> None:
    """Positions and envelopes are complete in every checkpoint; sessions are removed by name."""
    ledger = opened(tmp_path)
    sessions = [SavedSession("mx", b"%d" % number, {}) for number in range(3)]
    ledger.commit(NOON, {"mail": checkpoint(1, opened=sessions, open_sessions={("mx", "pending"): 3}, seen=3)})
    changed = sessions[1]._replace(data={"last": 2})
    last = SourceCheckpoint((), {}, (changed,), (("mx", b"0"),), SourceCount(), {}, {}, {}, 0, 0)
    ledger.commit(NOON, {"mail": last})
    ledger = reopened(ledger)
    restored = ledger.restored("mail")
    assert restored is not None
    assert ((), {}, {}) == (restored.positions, restored.envelopes, restored.open_sessions)
    assert (changed, sessions[2]) == restored.sessions
    ledger.close()


def test_a_key_used_again_in_one_commit_is_a_session(tmp_path: Path) -> None:
    """A key that ended and was opened again between two commits is stored as the new session."""
    ledger = opened(tmp_path)
    ledger.commit(NOON, {"mail": checkpoint(1, opened=[SavedSession("mx", b"1", {"user": "old"})])})
    again = SavedSession("mx", b"1", {"user": "new"})
    ledger.commit(NOON, {"mail": checkpoint(2, opened=[again], closed=[("mx", b"1")])})
    ledger = reopened(ledger)
    restored = ledger.restored("mail")
    assert restored is not None
    assert (again,) == restored.sessions
    ledger.close()


def test_the_journal_of_the_version_before_is_read(tmp_path: Path) -> None:
    """In form 1 each session is a text of its own."""
    ledger = opened(tmp_path)
    session = SavedSession("mx", b"\xff", {"last": 1, "user": "\udcff"})
    ledger.commit(NOON, {"mail": checkpoint(1, opened=[session])})
    path = crashed(ledger, tmp_path / "copy")
    with closing(sqlite3.connect(path)) as connection, connection:
        ((packed,),) = connection.execute("SELECT sessions FROM journal").fetchall()
        found = json.loads(zlib.decompress(packed))
        for _, rows in found["mail"]:
            rows[:] = [[server, key, json.dumps(data)] for server, key, data in rows]
        packed = zlib.compress(json.dumps(found).encode())
        connection.execute("UPDATE journal SET form = 1, sessions = ?", (packed,))
    ledger = opened(path, now=NOON)
    restored = ledger.restored("mail")
    assert restored is not None
    assert (session,) == restored.sessions
    ledger.close()


def test_a_failed_commit_loses_no_sessions(tmp_path: Path) -> None:
    """Sessions that a failed commit opened and closed are in the next, also when that brings a newer checkpoint."""
    ledger = opened(tmp_path)
    one, two, three = (SavedSession("mx", b"%d" % number, {}) for number in range(3))
    ledger.commit(NOON, {"mail": checkpoint(1, opened=[one])})
    plain = ledger._connection
    ledger._connection = Failing(plain, 3)  # type: ignore[assignment]
    with pytest.raises(LedgerError):
        ledger.commit(NOON, {"mail": checkpoint(2, opened=[two], closed=[("mx", b"0")])})
    ledger._connection = plain
    ledger.commit(NOON, {"mail": checkpoint(3, opened=[three], closed=[("mx", b"1")])})
    ledger = reopened(ledger)
    restored = ledger.restored("mail")
    assert restored is not None
    assert (three,) == restored.sessions
    ledger.close()


def test_quality_is_kept_by_day_when_it_changes(tmp_path: Path) -> None:
    """It holds from the first day booked, then from the day of the newest event on which it changed."""
    ledger = opened(tmp_path)
    account = ledger.names.account("mx", b"alice@a", login=True)
    today = ledger.calendar.day(NOON)
    for day, quality in ((-5, Quality.NONE), (-4, Quality.NONE), (-2, Quality.EXACT), (0, Quality.EXACT)):
        stamp = NOON + day * DAY
        ledger.book([poll(account, stamp - (3 * DAY if day == -5 else 0))])
        ledger.commit(NOON, {"mail": checkpoint(quality={("mx", "sent_bytes"): quality}, last_events={"mx": stamp})})
    ledger.close()
    with Reading(ledger.path) as reading:
        assert [
            ("mail", "mx", "sent_bytes", today - 8, Quality.NONE),
            ("mail", "mx", "sent_bytes", today - 2, Quality.EXACT),
        ] == list(reading.quality())


def test_the_newest_quality_of_a_day_holds(tmp_path: Path) -> None:
    """A quality that changes within a day is that of the day's newest line, one row."""
    ledger = opened(tmp_path)
    for quality in (Quality.NONE, Quality.EXACT):
        ledger.commit(NOON, {"mail": checkpoint(quality={("mx", "logins"): quality}, last_events={"mx": NOON})})
    ledger.close()
    with Reading(ledger.path) as reading:
        assert [Quality.EXACT] == [quality for *_, quality in reading.quality()]


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (checkpoint(counts=SourceCount(events=3, ignored=1, lines=5)), "source mail, lines: 5 read, but 4 classified"),
        (
            checkpoint(seen=5, charged=3, open_sessions={("mx", "pending"): 1}),
            "source mail, connections: 5 seen, but 3 counted + 1 pending",
        ),
    ],
)
def test_books_that_do_not_balance_are_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, told: SourceCheckpoint, message: str
) -> None:
    """A law that does not hold is in the view, and once in the log with both numbers; then it may hold again."""
    ledger = opened(tmp_path)
    with caplog.at_level(logging.ERROR):
        assert not ledger.commit(NOON, {"mail": told}).balanced
        assert not ledger.commit(NOON, {"mail": told}).balanced
    assert [f"totals do not agree: {message}"] == caplog.messages
    assert ledger.commit(NOON, {"mail": checkpoint(5)}).balanced
    ledger.close()


def test_domains_that_do_not_add_up_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A ledger whose domains do not add up to their server says so when it is opened."""
    ledger = opened(tmp_path)
    ledger.book([poll(ledger.names.account("mx", b"alice@a", login=True), NOON)])
    ledger.commit(NOON)
    ledger = reopened(ledger)
    ledger._connection.execute("UPDATE book SET logins = 7 WHERE key = (SELECT id FROM keys WHERE scope = 0)")
    with caplog.at_level(logging.ERROR):
        ledger = reopened(ledger)
    assert not ledger.view.balanced
    assert ["totals do not agree: server mx, logins: 7, but its domains have 1"] == caplog.messages
    ledger.close()


def test_open_sessions_are_added_up_over_sources(tmp_path: Path) -> None:
    """Two sources of one server show their open sessions together."""
    ledger = opened(tmp_path)
    one = checkpoint(open_sessions={("mx", "pending"): 1, ("mx", "charged"): 2}, seen=1)
    two = checkpoint(open_sessions={("mx", "charged"): 3})
    assert {("mx", "pending"): 1, ("mx", "charged"): 5} == dict(ledger.commit(NOON, {"a": one, "b": two}).open_sessions)
    ledger.close()


def test_names_of_files_may_be_any_bytes(tmp_path: Path) -> None:
    """Paths that are not UTF-8, and states that hold them, come back as they were, and go when they are gone."""
    path = os.fsdecode(b"/var/log/mail.log-M\xe4rz")
    ledger = opened(tmp_path)
    saved = replace(checkpoint(1), positions=(Position("1", path, offset=1),), envelopes={"1": json.dumps(path)})
    ledger.commit(NOON, {"mail": saved})
    ledger = reopened(ledger)
    restored = ledger.restored("mail")
    assert restored is not None
    assert (saved.positions, saved.envelopes) == (restored.positions, restored.envelopes)
    ledger.commit(NOON, {"mail": replace(saved, positions=())})
    ledger = reopened(ledger)
    restored = ledger.restored("mail")
    assert restored is not None
    assert () == restored.positions
    ledger.close()


def test_a_doubt_touches_the_days_that_it_is_about(tmp_path: Path) -> None:
    """Of an old log that is read at once the doubt is known at its last day; what is known less stays."""
    ledger = opened(tmp_path)
    account, place = ledger.names.account("mx", b"alice@a", login=True), ("mx", "sent_bytes")
    today = ledger.calendar.day(NOON)
    told = ((-5, Quality.EXACT), (-2, Quality.NONE), (-1, Quality.EXACT), (0, Quality.LOWER_BOUND))
    for day, quality in told:
        stamp = NOON + day * DAY
        ledger.book([poll(account, stamp)])
        one = checkpoint(quality={place: quality}, last_events={"mx": stamp})
        since = {place: NOON - 3 * DAY} if day == 0 else {}
        ledger.commit(NOON, {"mail": replace(one, doubted_since=since)})
    ledger.close()
    with Reading(ledger.path) as reading:
        assert [
            (today - 5, Quality.EXACT),
            (today - 3, Quality.LOWER_BOUND),
            (today - 2, Quality.NONE),
            (today - 1, Quality.LOWER_BOUND),
            (today, Quality.LOWER_BOUND),
        ] == [(day, quality) for *_, day, quality in reading.quality()]
