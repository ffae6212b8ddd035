"""Dates of numbers: which is the day."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.envelopes import Opener
from exporter.envelopes.order import DATES_COMPARED, Order
from exporter.model import Record

UTC_ZONE = ZoneInfo("UTC")
SHAPES = st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d/%m/%y", "%m/%d/%y", "%y/%m/%d"])
YEARS_LATER = timedelta(days=1000)


def lines(days: list[date], shape: str) -> list[bytes]:
    return [f"{day:{shape}} 12:00:00 pop3-login: Info: x".encode() for day in days]


def noon(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp())


def read(found: list[bytes], age: date, *, size: int = 10_000, state: str = "") -> tuple[list[int], Opener]:
    """The stamps of lines that come in batches of `size`, with a restart before each."""
    stamps: list[int] = []
    opener = Opener(UTC_ZONE, state)
    for at in range(0, len(found), size):
        opener = Opener(UTC_ZONE, opener.state()) if at else opener
        batch = found[at : at + size]
        opener.begin("mail.log", noon(age), noon(age), batch)
        stamps += [record.stamp for record in map(opener.open, batch) if isinstance(record, Record)]
    return stamps, opener


@given(
    first=st.dates(date(2001, 1, 1), date(2058, 1, 1)),
    gaps=st.lists(st.integers(0, 3), min_size=1, max_size=40).filter(lambda gaps: sum(gaps) > 0),
    shape=SHAPES,
)
def test_a_log_of_several_days(first: date, gaps: list[int], shape: str) -> None:
    """Days that follow each other tell the order, though the file was copied since and has no age of its own."""
    days = [first]
    for gap in gaps:
        days.append(days[-1] + timedelta(days=gap))
    stamps, opener = read(lines(days, shape), days[-1] + YEARS_LATER)
    assert [noon(day) for day in days] == stamps
    assert "" == opener.problem


@given(first=st.dates(date(2001, 1, 1), date(2058, 1, 1)), count=st.integers(1, 40), shape=SHAPES)
def test_a_followed_log(first: date, count: int, shape: str) -> None:
    """Where lines come as they are written, each is of the file's own day, over any restart."""
    state = ""
    for number in range(count):
        day = first + timedelta(days=number)
        opener = Opener(UTC_ZONE, state)
        (line,) = lines([day], shape)
        opener.begin("mail.log", noon(day), noon(day), [line])
        record = opener.open(line)
        assert isinstance(record, Record)
        assert noon(day) == record.stamp
        assert "" == opener.problem
        state = opener.state()


def test_nothing_tells() -> None:
    """One day in an old copy: the nearest to the file's age that is past, and it is said."""
    stamps, opener = read(lines([date(2026, 3, 4)], "%d/%m/%Y"), date(2026, 11, 22))
    assert [noon(date(2026, 4, 3))] == stamps
    assert (
        "dates such as 04/03/2026 are read as month/day/year, and nothing in the log says so yet: days may be wrong;"
        " let the server write dates as 2026-11-30"
    ) == opener.problem


def test_what_tells_later() -> None:
    """A guess that a later batch proves wrong is given up, and what was booked by it is told."""
    found = lines([date(2026, 3, 4), date(2026, 3, 13), date(2026, 4, 1)], "%d/%m/%Y")
    stamps, opener = read(found, date(2026, 11, 22), size=1)
    assert [noon(date(2026, 4, 3)), noon(date(2026, 3, 13)), noon(date(2026, 4, 1))] == stamps
    assert opener.problem.startswith("dates such as 01/04/2026 are read as day/month/year, and not all dates")
    # Had they come together, nothing would have been wrong.
    stamps, opener = read(found, date(2026, 11, 22))
    assert [noon(date(2026, 3, 4)), noon(date(2026, 3, 13)), noon(date(2026, 4, 1))] == stamps
    assert "" == opener.problem


def test_future_dates_are_not_believed() -> None:
    """An order by which the file would be older than its lines is none."""
    stamps, opener = read(lines([date(2026, 2, 12)], "%d/%m/%Y"), date(2026, 2, 20))
    assert [noon(date(2026, 2, 12))] == stamps
    assert "" == opener.problem


def test_two_orders_in_one_log() -> None:
    """A date that has one reading only has that, whatever the others show; and it is said."""
    found = lines([date(2026, 3, 25)], "%d/%m/%Y") + lines([date(2026, 3, 26)], "%m/%d/%Y")
    stamps, opener = read(found, date(2026, 3, 27))
    assert [noon(date(2026, 3, 25)), noon(date(2026, 3, 26))] == stamps
    assert "not all dates of the log fit that order" in opener.problem


def test_mailenable_needs_no_proof() -> None:
    """MailEnable's rows have the month first, always."""
    stamps, opener = read([b"09/05/18 00:00:53\tPOP-IN\t\t1320\tx"], date(2018, 12, 1))
    assert [int(datetime(2018, 9, 5, 0, 0, 53, tzinfo=UTC).timestamp())] == stamps
    assert "" == opener.problem


def test_inside_another_stamp() -> None:
    """The stamp around it decides alone."""
    line = b'{"log":"04/03/2026 12:00:00 pop3-login: Info: x\\n","stream":"stdout","time":"2026-03-04T12:00:00.5Z"}'
    stamps, opener = read([line], date(2026, 11, 22))
    assert [noon(date(2026, 3, 4))] == stamps
    assert "" == opener.problem


@given(st.lists(st.dates(date(2001, 1, 1), date(2058, 1, 1)), max_size=DATES_COMPARED * 2), SHAPES, SHAPES)
def test_any_dates(days: list[date], shape: str, other: str) -> None:
    """Any dates in any order are dates, of bounded memory, and the same ones mean the same."""
    found = [line for day in days for line in (*lines([day], shape), *lines([day], other))]
    stamps, opener = read(found, date(2026, 11, 22))
    assert len(found) == len(stamps)
    assert len(opener.state()) < 500


@pytest.mark.parametrize(
    "saved",
    [
        None,
        "",
        [],
        [["dmy"], True],
        [["xyz"], "", False, ["1", "2", "26"]],
        [[], "", False, ["1", "2", "26"]],
        [["dmy"], "mdy", False, ["1", "2", "26"]],
        [["dmy"], 1, 2, 3],
        [["dmy"], "", False, ["a", "b", "c"]],
        [["dmy"], "", False, ["99999", "2", "26"]],
        [[{}], "", False, ["1", "2", "26"]],
    ],
)
def test_foreign_state(saved: object) -> None:
    """A state that is not ours counts as nothing known."""
    assert Order(saved).state is None


def test_state() -> None:
    """What is known lasts."""
    saved = [["dmy", "mdy"], "dmy", False, ["04", "03", "2026"]]
    assert saved == Order(saved).state
