"""Numbers and times as people read them."""

from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo

NOT_LOGGED = "not logged"
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_STEPS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def count(number: int) -> str:
    """1,234,567."""
    return f"{number:,}"


def size(number: float) -> str:
    """Bytes with three digits: 999 B, 1.23 MB."""
    unit = 0
    while number >= 999.5 and unit < len(_UNITS) - 1:  # noqa: PLR2004 - what would be rounded to four digits
        number /= 1000
        unit += 1
    digits = 0 if unit == 0 or number >= 99.95 else 1 if number >= 9.995 else 2  # noqa: PLR2004
    return f"{number:.{digits}f} {_UNITS[unit]}"


def duration(seconds: float) -> str:
    """The largest unit of a duration: 3 d, 5 min, 0 s."""
    whole = max(int(seconds), 0)
    for length, unit in _STEPS:
        if whole >= length:
            return f"{whole // length} {unit}"
    return "0 s"


def moment(stamp: float, zone: tzinfo) -> str:
    """2026-11-22 12:34:56 CET."""
    return f"{datetime.fromtimestamp(stamp, zone):%Y-%m-%d %H:%M:%S %Z}"


def minute(stamp: float, zone: tzinfo) -> str:
    """2026-11-22 12:34."""
    return f"{datetime.fromtimestamp(stamp, zone):%Y-%m-%d %H:%M}"


def zone_of(name: str) -> tzinfo:
    """The time zone of that name; UTC if this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def day_of(ordinal: int) -> str:
    """Sun 2026-11-22."""
    return f"{date.fromordinal(ordinal):%a %Y-%m-%d}"


def visible(name: str) -> str:
    """A name as logged, with invisible characters and text direction marks as escapes."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in name)
