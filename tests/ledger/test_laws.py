"""What holds for any charges in any order, with any commits, restarts and crashes between them."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.catalogue import MEASURES, SCOPES, ZERO, Reason, Scope
from exporter.ledger import Keep, Ledger
from exporter.ledger.care import change_zone, check
from exporter.model import Charge
from exporter.periods import Calendar
from tests.ledger.books import (
    DAY,
    NOON,
    calendar,
    checkpoint,
    computed,
    crashed,
    folder,
    offset_of,
    opened,
    stored,
    without_users,
)

slowly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Both changes of summer time, and days without a midnight.
ZONES = {
    "Europe/Berlin": [1_774_746_000, 1_792_890_000],
    "America/New_York": [1_772_953_200, 1_793_512_800],
    "Asia/Kolkata": [1_780_000_000],
    "Asia/Kathmandu": [1_780_000_000],
    "Pacific/Auckland": [1_775_311_200, 1_790_431_200],
    "Africa/Cairo": [1_777_068_000 + 3600 * 22, 1_793_307_600],
    "UTC": [1_780_000_000],
}
ALL = Keep(days=400, hours_days=400)
USERS = [None, b"alice@a", b"bob@a", b"carol@b", b"nobody"]

Amounts = tuple[tuple[int, int], ...]
Line = tuple[int, bytes | None, bool, Amounts]

amount_pairs = st.lists(
    st.tuples(st.integers(0, len(MEASURES) - 1), st.integers(1, 1 << 40)), min_size=1, max_size=3
).map(tuple)


def lines(around: list[int], width: int) -> st.SearchStrategy[list[Line]]:
    """What a log says, line by line: stamp, user, whether it logged in, amounts."""
    stamps = st.builds(int.__add__, st.sampled_from(around), st.integers(-width, width))
    return st.lists(st.tuples(stamps, st.sampled_from(USERS), st.booleans(), amount_pairs), max_size=25)


def charge_of(ledger: Ledger, line: Line) -> Charge:
    """The charge of a line, resolved now."""
    stamp, user, login, amounts = line
    account = ledger.names.account("mx", user, login=login)
    return Charge(account, stamp, amounts, Reason.LOGOUT, b"192.0.2.1" if login else None)


@slowly
@given(
    lines([NOON], 3 * DAY),
    st.lists(st.sampled_from(["read", "read", "read", "commit", "close", "crash"]), max_size=40),
)
def test_any_interleaving_equals_booking_once(log: list[Line], steps: list[str]) -> None:
    """Reading, committing, restarting and crashing in any order gives what reading the log once gives."""
    with folder() as path:
        (path / "once").mkdir()
        once = opened(path / "once")
        once.book([charge_of(once, line) for line in log])
        expected = once.commit(NOON)
        once.close()
        ledger, position = opened(path), 0
        shown: dict[tuple[str, ...], tuple[int, ...]] = {}
        for number, step in enumerate([*steps, *["read"] * len(log), "commit", "close"]):
            if step == "read" and position < len(log):
                ledger.book([charge_of(ledger, log[position])])
                position += 1
            elif step == "commit":
                ledger.commit(NOON, {"mail": checkpoint(position)})
            elif step in {"close", "crash"}:
                file = ledger.path
                if step == "crash":
                    file = crashed(ledger, path / f"crash{number}")
                else:
                    ledger.close()
                ledger = opened(file)
                position = offset_of(ledger)
            for scope in SCOPES:
                for labels, row in ledger.view.rows[scope].items():
                    assert all(map(int.__le__, shown.get(labels, ZERO), row.totals))
                    shown[labels] = row.totals
        # A restart that lost lines reads them again, so what is left of the log is read now.
        ledger.book([charge_of(ledger, line) for line in log[position:]])
        ledger.commit(NOON, {"mail": checkpoint(len(log))})
        assert expected.ends == ledger.view.ends
        for scope in SCOPES:
            assert dict(expected.rows[scope]) == dict(ledger.view.rows[scope])
        ledger.close()
        assert stored(once.path) == stored(ledger.path)
        assert stored(once.path, hours=True) == stored(ledger.path, hours=True)
        assert () == check(ledger.path)


@slowly
@given(lines([NOON], 2 * DAY), lines([NOON], 2 * DAY), st.lists(st.booleans(), max_size=60))
def test_totals_of_a_server_do_not_depend_on_the_order_of_its_sources(
    one: list[Line], two: list[Line], turns: list[bool]
) -> None:
    """Two logs of one server, read in any turns: its days, hours and ends are the same; its domains add up to them."""
    books: list[object] = []
    for interleaved in (_merged(one, two, turns), [*two, *one]):
        with folder() as path:
            ledger = opened(path)
            for line in interleaved:
                ledger.book([charge_of(ledger, line)])
            ledger.commit(NOON)
            assert ledger.view.balanced
            ledger.close()
            books.append(
                [stored(ledger.path, hours=hours).get(("mx",)) for hours in (False, True)] + [ledger.view.ends]
            )
    assert books[0] == books[1]


def _merged(one: list[Line], two: list[Line], turns: list[bool]) -> list[Line]:
    """Both logs in their own order, by turns as told."""
    first, second = list(one), list(two)
    merged = [(first if turn else second).pop(0) for turn in turns if (first if turn else second)]
    return [*merged, *first, *second]


@pytest.mark.parametrize("zone", ZONES)
def test_rows_equal_the_charges_in_any_order(zone: str) -> None:
    """In every zone and over its changes of summer time: days, hours and holds equal the charges, late or not."""
    period = calendar(zone)

    @slowly
    @given(lines(ZONES[zone], 2 * DAY), st.lists(st.booleans(), max_size=25), st.data())
    def law(log: list[Line], commits: list[bool], data: st.DataObject) -> None:
        now = max(ZONES[zone]) + 3 * DAY
        order = data.draw(st.permutations(range(len(log))))  # before a ledger is open: a draw may end the example
        with folder() as path:
            ledger = opened(path, zone=zone, now=now, keep=ALL)
            for user in USERS:
                ledger.names.account("mx", user, login=True)
            charges = [charge_of(ledger, line) for line in log]
            for number, place in enumerate(order):
                ledger.book([charges[place]])
                if number < len(commits) and commits[number]:
                    ledger.commit(now)
            view = ledger.commit(now)
            ledger.close()
            assert computed(charges, period.day) == stored(ledger.path)
            assert without_users(computed(charges, period.hour)) == stored(ledger.path, hours=True)
            again = opened(path, zone=zone, now=now, keep=ALL)
            assert view.rows == again.view.rows
            again.close()

    law()


@slowly
@given(st.lists(st.lists(st.tuples(st.sampled_from(USERS), st.booleans(), amount_pairs), max_size=5), max_size=10))
def test_domains_add_up_to_their_server_after_every_commit(
    commits: list[list[tuple[bytes | None, bool, Amounts]]],
) -> None:
    """For every measure the sum over domains equals the server, whatever is charged to whom."""
    with folder() as path:
        ledger = opened(path)
        for booked in commits:
            ledger.book([charge_of(ledger, (NOON, *line)) for line in booked])
            view = ledger.commit(NOON)
            assert view.balanced
            for labels, row in view.rows[Scope.SERVER].items():
                domains = [row.totals for key, row in view.rows[Scope.DOMAIN].items() if key[0] == labels[0]]
                assert row.totals == tuple(map(sum, zip(*domains, strict=True)))
        ledger.close()


def test_days_over_a_change_of_zone_equal_the_charges() -> None:
    """A poll every 17 minutes over 60 days, the site's zone changed in the midst: every day equals the charges."""
    with folder() as path:
        ledger = opened(path, zone="Europe/Berlin", now=NOON)
        ledger.close()
        since = change_zone(ledger.path, "America/New_York", NOON + 30 * DAY)
        assert NOON + 30 * DAY < since <= NOON + 31 * DAY
        zones = Calendar([(0, ZoneInfo("Europe/Berlin")), (since, ZoneInfo("America/New_York"))])
        ledger = opened(path, zone="America/New_York", now=NOON + 60 * DAY)
        account = ledger.names.account("mx", b"alice@a", login=True)
        charges = [Charge(account, stamp, ((0, 1), (5, stamp))) for stamp in range(NOON, NOON + 60 * DAY, 1020)]
        for start in range(0, len(charges), 500):
            ledger.book(charges[start : start + 500])
            ledger.commit(NOON + 60 * DAY)
        ledger.close()
        assert computed(charges, zones.day) == stored(ledger.path)


@slowly
@given(lines([NOON], 3 * DAY), st.lists(st.integers(-5 * DAY, 40 * DAY), max_size=30), st.sampled_from(sorted(ZONES)))
def test_any_clock_gives_the_same_book_and_right_holds(log: list[Line], clocks: list[int], zone: str) -> None:
    """Read by a clock that jumps between commits, days behind the log and ahead of it: days and hours are the log's,
    no counter falls, and the hold of the clock's own day is what all earlier days have added."""
    with folder() as path:
        ledger = opened(path, zone=zone, now=NOON)
        charges = [charge_of(ledger, line) for line in log]
        shown: dict[tuple[str, ...], tuple[int, ...]] = {}
        for number, ahead in enumerate([*clocks, *[0] * len(log)]):
            now = NOON + ahead
            ledger.book(charges[number : number + 1])
            view = ledger.commit(now)
            book, today = computed(charges[: number + 1], ledger.calendar.day), ledger.calendar.day(now)
            for scope in SCOPES[:2]:
                for labels, row in view.rows[scope].items():
                    assert all(map(int.__le__, shown.get(labels, ZERO), row.totals))
                    shown[labels] = row.totals
                    before = [amounts for day, amounts in book.get(labels, {}).items() if day < today]
                    assert tuple(map(sum, zip(ZERO, *before, strict=True))) == row.day_hold(today)
            if number % 7 == 6:
                ledger.close()
                ledger = opened(path, zone=zone, now=now)
        ledger.close()
        assert without_users(computed(charges, calendar(zone).day)) == without_users(
            {key: rows for key, rows in stored(ledger.path).items() if any(map(any, rows.values()))}
        )
        assert () == check(ledger.path)
