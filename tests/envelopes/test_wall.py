"""Stamps without year or zone: the laws that hold for every instant, and the cases that cannot be known."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.envelopes import Opener
from exporter.envelopes.wall import DISORDER, named_date
from exporter.model import Record

BERLIN, NEW_YORK, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")
# In a table the stamp is a column.
HMAILSERVER = '"POP3D"\t1\t1\t"%Y-%m-%d %H:%M:%S.123"\t'
TRADITIONAL, OWN, NGINX = "%b %d %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S"
# The first instant of the second pass of the doubled hour (or half hour), and how long it is.
AUTUMN_NIGHTS = [(BERLIN, 1792890000, 3600), (NEW_YORK, 1793512800, 3600), (LORD_HOWE, 1775314800, 1800)]


def shown(instant: int, zone: ZoneInfo, shape: str) -> bytes:
    return f"{datetime.fromtimestamp(instant, zone):{shape}} pop3-login: Info: x".encode()


def stamps(lines: list[bytes], zone: ZoneInfo, *, name: str = "mail.log", modified: float, now: float = 0) -> list[int]:
    opener = Opener(zone)
    opener.begin(name, modified, now)
    return [record.stamp for record in map(opener.open, lines) if isinstance(record, Record)]


@pytest.mark.parametrize("shape", [TRADITIONAL, OWN, NGINX, HMAILSERVER])
@pytest.mark.parametrize(("zone", "back", "doubled"), AUTUMN_NIGHTS)
@given(data=st.data())
def test_autumn_night(zone: ZoneInfo, back: int, doubled: int, shape: str, data: st.DataObject) -> None:
    """Lines in order, none further apart than the doubled hour allows, come back as the instants they were."""
    gaps = data.draw(st.lists(st.integers(0, doubled - DISORDER - 1), min_size=1, max_size=30))
    instants = [back - doubled - 600]
    for gap in gaps:
        instants.append(instants[-1] + gap)
    assert instants == stamps([shown(at, zone, shape) for at in instants], zone, modified=instants[-1])


@pytest.mark.parametrize(("zone", "back", "doubled"), AUTUMN_NIGHTS)
def test_disorder_in_autumn_night(zone: ZoneInfo, back: int, doubled: int) -> None:
    """Two processes whose lines are seconds out of order do not confuse the hours."""
    instants = [back - 4, back - 2, back + 1, back - 1, back + 3, back + 900, back + doubled - 1, back + doubled - 2]
    assert instants == stamps([shown(at, zone, TRADITIONAL) for at in instants], zone, modified=instants[-1])


def test_file_ends_before_second_pass() -> None:
    """What the file's age excludes is not believed: a late line does not move the lines after it by an hour."""
    back = AUTUMN_NIGHTS[0][1]
    instants = [back - 900, back - 1800, back - 890]
    assert instants == stamps([shown(at, BERLIN, TRADITIONAL) for at in instants], BERLIN, modified=back - 890)


def test_skipped_hour() -> None:
    """A reading that summer time skips is that of a clock that was not put forward."""
    # 2026-03-29 02:30 in Berlin does not exist; 02:30 by winter time is 01:30 UTC.
    lines = [b"Mar 29 02:30:00 pop3-login: Info: x", b"Mar 29 03:30:00 pop3-login: Info: x"]
    assert [1774747800, 1774747800] == stamps(lines, BERLIN, modified=1774750000)


@given(
    modified=st.datetimes(datetime(2001, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    age=st.timedeltas(timedelta(hours=-30), timedelta(days=360)),
)
def test_year_by_age(modified: datetime, age: timedelta) -> None:
    """A line up to 360 days older than its file, or a day newer, has its own year, whatever our clock says."""
    instant = int((modified - age).timestamp())
    lines = [shown(instant, ZoneInfo("UTC"), TRADITIONAL)]
    assert [instant] == stamps(lines, ZoneInfo("UTC"), modified=modified.timestamp(), now=4_000_000_000)


@given(
    named=st.dates(date(2001, 1, 1), date(2059, 1, 1)),
    distance=st.timedeltas(timedelta(days=-181), timedelta(days=181)),
)
def test_year_by_name(named: date, distance: timedelta) -> None:
    """Where the file's name has a date, the year is that of the nearest day, though the file was copied since."""
    instant = int((datetime.combine(named, datetime.min.time(), UTC) + distance).timestamp())
    line = shown(instant, ZoneInfo("UTC"), TRADITIONAL)
    name = f"/var/log/mail.log-{named:%Y%m%d}.gz"
    assert [instant] == stamps([line], ZoneInfo("UTC"), name=name, modified=4_000_000_000)


def test_new_year_between_batches() -> None:
    """A followed file goes on into the new year."""
    opener = Opener(ZoneInfo("UTC"))
    # 2026-12-31 23:59:59 and 2027-01-01 00:00:01.
    expected = [1798761599, 1798761601]
    found = []
    for instant in expected:
        opener.begin("mail.log", instant + 1, instant + 1)
        record = opener.open(shown(instant, ZoneInfo("UTC"), TRADITIONAL))
        assert isinstance(record, Record)
        found.append(record.stamp)
    assert expected == found


def test_leap_day() -> None:
    """The 29th of February belongs to the last leap year."""
    # File of 2026-11-22; 2024-02-29 00:00 UTC.
    assert [1709164800] == stamps([b"Feb 29 00:00:00 pop3-login: x"], ZoneInfo("UTC"), modified=1795348800)


def test_day_without_date() -> None:
    """A time of day alone is that of the date in the file's name, else of the file's last day."""
    line = b"15:24:36.585 [192.0.2.7][60044376] connected at 6/6/2024 3:24:36 PM"
    named = stamps([line], BERLIN, name="C:\\SmarterMail\\Logs\\2024.06.06-popLog.log", modified=1795348800)
    # 2026-11-22 12:00 UTC is 13:00 in Berlin: 15:24 was yesterday.
    unnamed = stamps([line], BERLIN, name="popLog.log", modified=1795348800)
    assert [1717680276] == named
    assert [1795271076] == unnamed


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        (date(2024, 6, 6), "2024.06.06-popLog.log"),
        (date(2024, 3, 1), "/var/log/mail.log-20240301.gz"),
        (date(2024, 3, 1), "hmailserver_POP3_2024-03-01.log"),
        (date(2022, 7, 20), "POP32022072021-1.LOG"),
        (None, "/var/log/2024-03-01/mail.log"),
        (None, "mail.log.1"),
        (None, "mail-20240230.log"),
        (None, "mail-202403011234567.log"),
    ],
)
def test_named_date(expected: date | None, name: str) -> None:
    """The date in a file's name, not in its folder's."""
    assert expected == named_date(name)
