"""The journal changes nothing: whoever reads sees the same, whether or not the tables have been brought up."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from exporter.catalogue import CONNECTIONS, LOGIN_FAILURES, LOGINS, SENT_BYTES, Quality, Reason
from exporter.ledger import Keep, Ledger
from exporter.ledger.reading import Reading
from exporter.model import Charge, SavedSession
from tests.ledger.books import DAY, NOON, checkpoint, contents, crashed, folder, opened

# To make a failing case smaller would take minutes.
slowly = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow], phases=(Phase.reuse, Phase.generate)
)

KEEP = Keep(days=100, hours_days=2, unseen_days=10_000)
USERS = (b"alice@a", b"bob@a", b"carol@b", b"dave")
KEYS = (b"1", b"2", b"\xff3")
# All that a reader asks for; networks are read by the daemon only, which knows what has left them.
QUERIES = {
    table: f"SELECT * FROM {table}"
    for table in ("keys", "book", "hours", "ends", "quality", "failed_names", "last_logins", "positions", "envelopes",
                  "open_sessions", "last_events", "sources")
}  # fmt: skip

# Stamp, user, what happened; of late lines, of such older than what is kept, and of new ones.
stamps = st.one_of(st.integers(-3 * DAY, 0), st.sampled_from([-99 * DAY, -120 * DAY, -49 * 3600]))
events = st.lists(st.tuples(stamps, st.sampled_from(USERS), st.sampled_from(["login", "failure", "bytes"])), max_size=4)
sessions = st.tuples(st.sets(st.sampled_from(KEYS)), st.sets(st.sampled_from(KEYS)))
Step = tuple[list[tuple[int, bytes, str]], tuple[set[bytes], set[bytes]], Quality, int, float]
steps: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(events, sessions, st.sampled_from(list(Quality)), st.integers(0, 3), st.sampled_from([0.0, 1800.0])),
    max_size=12,
)  # fmt: skip


def charges(ledger: Ledger, now: float, told: Iterable[tuple[int, bytes, str]]) -> list[Charge]:
    """What the events come to in this ledger."""
    found = []
    for before, user, kind in told:
        account, stamp = ledger.names.account("mx", user, login=kind == "login"), int(now) + before
        if kind == "login":
            address = b"192.0.%d.1" % (stamp % 5)
            found.append(Charge(account, stamp, ((CONNECTIONS, 1), (LOGINS, 1)), Reason.LOGOUT, address))
        elif kind == "failure":
            amounts = ((CONNECTIONS, 1), (LOGIN_FAILURES, 2))
            found.append(Charge(account, stamp, amounts, Reason.CLOSED, name=user + b"x%d" % (stamp % 3)))
        else:
            found.append(Charge(account, stamp, ((SENT_BYTES, 7),)))
    return found


def read(path: Path, now: float) -> dict[str, object]:
    """What a reader beside the daemon sees of all that is kept."""
    with Reading(path) as reading, reading.unmoving():
        day, hour = reading.calendar.day(int(now)) - KEEP.days, reading.calendar.hour(int(now)) - KEEP.hours_days * DAY
        found = {table: sorted(reading.connection.execute(query), key=repr) for table, query in QUERIES.items()}
    names = [row for row in found["failed_names"] if row[0] >= day]
    return {**found, "book": kept(found["book"], day), "hours": kept(found["hours"], hour), "failed_names": names}


def kept(rows: Iterable[tuple[Any, ...]], since: int) -> dict[int, list[tuple[Any, ...]]]:
    """By key the opening balance, whenever it is from, and the rows of periods from `since` on."""
    found: dict[int, list[tuple[Any, ...]]] = {}
    for period, key, *totals in sorted(rows):
        of_key = found.setdefault(key, [])
        if period < since:
            of_key.clear()
        of_key.append((max(period, since - 1), *totals))
    return found


def shown(ledger: Ledger, now: float) -> tuple[object, ...]:
    """What a scrape shows."""
    view, day, hour = ledger.view, ledger.calendar.day(int(now)), ledger.calendar.hour(int(now))
    rows = [row for scope in view.rows.values() for row in scope.values()]
    holds = {row.labels: (row.first_seen, row.totals, row.day_hold(day), row.hour_hold(hour)) for row in rows}
    return holds, replace(view, rows={})


@slowly
@given(steps, st.integers(2, 60), st.integers(0, 12))
def test_who_reads_sees_the_same_at_every_commit(told: list[Step], rows: int, crash: int) -> None:
    """Tables brought up after each commit, or seldom, or after a crash: scrapes, readers and the closed file agree."""
    with folder() as path:
        (path / "each").mkdir()
        each, seldom = opened(path / "each", keep=KEEP, journal_rows=1), opened(path, keep=KEEP, journal_rows=rows)
        now = float(NOON)
        for number, (happened, (closing, opening), quality, hosts, passed) in enumerate(told):
            now += passed
            for ledger in (each, seldom):
                ledger.book(charges(ledger, now, happened))
                one = checkpoint(
                    number,
                    opened=[SavedSession("mx", key, {"last": number}) for key in sorted(opening)],
                    closed=[("mx", key) for key in sorted(closing)],
                    quality={("mx", "connections"): quality},
                    last_events={"mx": int(now)},
                    open_sessions={(f"mx{host}", "charged"): number for host in range(hosts)},
                )
                ledger.commit(now, {"mail": one})
            assert shown(each, now) == shown(seldom, now)
            assert read(each.path, now) == read(seldom.path, now)
            if number == crash:
                each = opened(crashed(each, path / "each crash"), now=now, keep=KEEP, journal_rows=1)
                seldom = opened(crashed(seldom, path / "crash"), now=now, keep=KEEP, journal_rows=rows)
                assert shown(each, now) == shown(seldom, now)
                assert sessions_of(each) == sessions_of(seldom)
        each.close()
        seldom.close()
        assert read(each.path, now) == read(seldom.path, now)
        assert contents(each.path)["sessions"] == contents(seldom.path)["sessions"]


def sessions_of(ledger: Ledger) -> list[SavedSession]:
    """Those that a restart goes on with."""
    saved = ledger.restored("mail")
    return sorted(saved.sessions) if saved else []
