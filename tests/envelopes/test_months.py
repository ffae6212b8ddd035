"""Months in other languages, as `journalctl > file` has them."""

# ruff: noqa: RUF001 - letters of other alphabets are what this is about

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.envelopes import Opener
from exporter.envelopes.months import ENGLISH, months
from exporter.model import Record, Verdict

# glibc 2.36's `abmon`: some of each alphabet, with blanks as they are there.
ABBREVIATIONS = {
    "de_DE": ("Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"),
    "et_EE": ("jaan ", "veebr", "märts", "apr  ", "mai  ", "juuni", "juuli", "aug  ", "sept ", "okt  ", "nov  ", "dets "),  # noqa: E501
    "fr_FR": ("janv.", "févr.", "mars", "avril", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
    "pl_PL": ("sty", "lut", "mar", "kwi", "maj", "cze", "lip", "sie", "wrz", "paź", "lis", "gru"),
    "el_GR": ("Ιαν", "Φεβ", "Μαρ", "Απρ", "Μαΐ", "Ιουν", "Ιουλ", "Αυγ", "Σεπ", "Οκτ", "Νοε", "Δεκ"),
    "ru_RU": ("янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"),
    "tr_TR": ("Oca", "Şub", "Mar", "Nis", "May", "Haz", "Tem", "Ağu", "Eyl", "Eki", "Kas", "Ara"),
    "ca_ES": ("de gen.", "de febr.", "de març", "d’abr.", "de maig", "de juny", "de jul.", "d’ag.", "de set.", "d’oct.", "de nov.", "de des."),  # noqa: E501
    "ja_JP": (" 1月", " 2月", " 3月", " 4月", " 5月", " 6月", " 7月", " 8月", " 9月", "10月", "11月", "12月"),
    "zh_CN": ("1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月"),
    "ko_KR": (" 1월", " 2월", " 3월", " 4월", " 5월", " 6월", " 7월", " 8월", " 9월", "10월", "11월", "12월"),
    "vi_VN": tuple(f"Thg {month}" for month in range(1, 13)),
}  # fmt: skip


def opened(line: bytes, modified: datetime) -> Record | Verdict | None:
    opener = Opener(ZoneInfo("UTC"))
    opener.begin("journal.txt", modified.timestamp(), modified.timestamp())
    return opener.open(line)


@pytest.mark.parametrize("language", ABBREVIATIONS)
@given(at=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)), has_host=st.booleans())  # noqa: DTZ001
def test_any_day_of_any_language(language: str, at: datetime, has_host: bool) -> None:  # noqa: FBT001 - drawn
    """journalctl's short form means the same day in every language, with a host and without."""
    name = ABBREVIATIONS[language][at.month - 1]
    host = "mx1 " if has_host else ""
    line = f"{name} {at:%d %H:%M:%S} {host}dovecot[12]: pop3-login: Login: x".encode()
    expected = Record(int(at.timestamp()), host.strip().encode(), b"dovecot", b"12", b"pop3-login: Login: x")
    assert expected == opened(line, at)


def test_other_encodings() -> None:
    """Before UTF-8, a byte was a letter."""
    at = datetime(2026, 3, 25, 10, 31, 52, tzinfo=UTC)
    expected = Record(int(at.timestamp()), b"mail", b"dovecot", b"", b"x")
    assert expected == opened(b"M\xe4r 25 10:31:52 mail dovecot: x", at)
    assert expected == opened("Mär 25 10:31:52 mail dovecot: x".encode(), at)


def test_a_name_of_two_months() -> None:
    """`lip` is Polish for July and Croatian for June: the newest day that the file is old enough for."""
    july, june = datetime(2026, 7, 3, 9, 0, tzinfo=UTC), datetime(2026, 6, 3, 9, 0, tzinfo=UTC)
    line = b"lip 03 09:00:00 mail dovecot: x"
    for at in (july, june):
        record = opened(line, at + timedelta(hours=1))
        assert isinstance(record, Record)
        assert int(at.timestamp()) == record.stamp


@pytest.mark.parametrize("gap", [1, 3, 30])
@pytest.mark.parametrize(
    "names",
    [
        ("sij", "velj", "ožu", "tra", "svi", "lip", "srp", "kol", "ruj", "lis", "stu", "pro"),
        ABBREVIATIONS["pl_PL"],
        ("led", "úno", "bře", "dub", "kvě", "čen", "čec", "srp", "zář", "říj", "lis", "pro"),
    ],
)
def test_a_year_of_a_language(names: tuple[str, ...], gap: int) -> None:
    """The names of other months tell the language, and so the month."""
    days = [datetime(2026, 2, 1, 12, tzinfo=UTC) + timedelta(days=gap * number) for number in range(330 // gap)]
    opener = Opener(ZoneInfo("UTC"))
    opener.begin("journal.txt", days[-1].timestamp(), days[-1].timestamp())
    found = [opener.open(f"{names[day.month - 1]} {day:%d %H:%M:%S} mx1 dovecot: x".encode()) for day in days]
    assert [int(day.timestamp()) for day in days] == [one.stamp for one in found if isinstance(one, Record)]


def test_all_names_are_of_one_month() -> None:
    """But for the three that Croatian shares with its neighbours."""
    shared = {name for names in ABBREVIATIONS.values() for name in names if len(months(name.encode())) > 1}
    assert {"lip", "lis"} == shared
    assert [[month] for month in range(1, 13)] == [list(months(name)) for name in ENGLISH]


@pytest.mark.parametrize("name", [b"Foo", b"M\xc3r", b"13\xe6\x9c\x88", b"0\xe6\x9c\x88", b"Thg 13", b""])
def test_no_month(name: bytes) -> None:
    """What no language calls a month is no stamp."""
    assert {} == months(name)
    assert Verdict.MALFORMED is opened(name + b" 07 10:31:52 mail dovecot: x", datetime(2026, 11, 22, tzinfo=UTC))


def test_no_such_day() -> None:
    """Nor is a day that the month has not, in any language."""
    line = "Φεβ 30 10:31:52 mail dovecot: x".encode()
    assert Verdict.MALFORMED is opened(line, datetime.combine(date(2026, 11, 22), datetime.min.time(), UTC))
