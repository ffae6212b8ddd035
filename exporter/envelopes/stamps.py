"""The stamps that loggers write before a line: their forms, and their meaning as an instant.

Sources: RFC 3164, RFC 3339, rsyslog and syslog-ng templates, systemd's `journalctl -o`, Dovecot 1.0 to 2.4
`log_timestamp` (any strftime parts, `%{usecs}`), nginx's error_log, SmarterMail's log files and API, MailEnable,
MDaemon, Kerio, multilog, svlogd.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

from exporter.envelopes.months import ENGLISH
from exporter.envelopes.wall import Wall

# Later instants (from 2242) are no stamps: calendars further on cannot show them.
LATEST: Final = 2**33
# TAI64 counts from 2^62, and multilog's clock is ten seconds ahead of UTC.
TAI_EPOCH: Final = 2**62 + 10
# No zone is further from Greenwich, in seconds.
FARTHEST: Final = 16 * 3600

_ENGLISH = {name: month for month, name in enumerate(ENGLISH, start=1)}
_MONTH = rb"(?P<b>" + b"|".join(ENGLISH) + rb")(?:uary|ruary|ch|il|e|y|ust|tember|ober|ember)?"
_FOREIGN = rb"(?P<b> ?\d{1,2}(?:\xe6\x9c\x88|\xec\x9b\x94)|Thg \d{1,2}|(?:de )?[^\s\d:<>(){}\[\]\"'=,]{2,24})"
_WEEKDAY = rb"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:day|sday|nesday|rsday|urday)?,? )?"
_HOUR = rb"(?P<H>[01]\d|2[0-3])"
_FRACTION = rb"(?P<f>[.,]\d{1,9})?"
_TIME = _HOUR + rb":(?P<M>[0-5]\d):(?P<S>[0-5]\d|60)" + _FRACTION + rb"(?: ?(?P<p>[APap][Mm])(?= ))?"
_COMPACT_TIME = _HOUR + rb"(?P<M>[0-5]\d)(?P<S>[0-5]\d|60)" + _FRACTION + rb"(?P<p>)"
# Names of zones are taken for the source's own, because several zones share most of them.
_NAMES = rb"[CEW]ES?T|BST|IST|MSK|SAST|[ECMP][SD]T|[JK]ST|HKT|SGT|A[CEW]ST|A[CE]DT|NZ[SD]T"
_ZONE = rb"(?P<z>Z| ?[+-]\d\d:?\d\d| (?:UTC|GMT)(?= )| (?:" + _NAMES + rb")(?= ))?"
# Dovecot's `log_timestamp` may end without a blank: the process follows at once.
_AT_ONCE = rb"(?=[A-Za-z][\w-]*[:(])"
_END = rb"(?P<e>:? +|\t+|$|" + _AT_ONCE + rb")"
_DAY = rb" {1,4}(?P<d>\d{1,2})"
_YEAR_AFTER = rb"(?: (?P<y>(?:19|20)\d\d)(?= ))?"


class Shape:
    """The form of a stamp; compiled when the first line may have it."""

    def __init__(self, pattern: bytes) -> None:
        self.pattern = pattern

    @cached_property
    def match(self) -> Callable[[bytes], re.Match[bytes] | None]:
        """The result of `re.Pattern.match`."""
        return re.compile(self.pattern).match


# A host may follow only the stamps of syslog daemons and journalctl.
TRADITIONAL = Shape(_WEEKDAY + _MONTH + _DAY + rb"(?: (?P<Y>\d{4}))? " + _TIME + _ZONE + _YEAR_AFTER + _END)
FOREIGN = Shape(_FOREIGN + _DAY + rb" " + _TIME + _ZONE + _YEAR_AFTER + _END)
ISO = Shape(rb"(?P<Y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)[T _]" + _TIME + _ZONE + _END)
# syslog-ng's FULLDATE.
FULL_DATE = Shape(rb"(?P<Y>\d{4}) " + _MONTH + _DAY + rb" " + _TIME + _ZONE + _END)
# `journalctl -o short-full` and `with-unit`: a weekday, and always the name of a zone.
SHORT_FULL = Shape(
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?P<Y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d) " + _TIME
    + rb"(?P<z> (?:[A-Z]{3,5}|[+-]\d\d(?:\d\d)?))(?P<e> )"
)  # fmt: skip
_EPOCH = Shape(rb"(?P<s>[1-9]\d{8,10})(?P<f>\.\d{1,9})?(?P<e>:?[ \t])")
_HOSTED = (TRADITIONAL, FOREIGN, ISO, FULL_DATE, SHORT_FULL, _EPOCH)

_DATES = (
    _WEEKDAY + rb"(?P<Y>\d{4})(?P<s>[-/.])(?P<m>\d\d)(?P=s)(?P<d>\d\d)\]?[T _]",
    _WEEKDAY + rb"(?P<d>\d\d?)[-/. ]" + _MONTH + rb"(?:[-/. ](?P<Y>\d{4}))?[: ]",
    rb"(?P<Y>\d{4})[-/]" + _MONTH + rb"[-/](?P<d>\d\d) ",
    _MONTH + rb"[-/](?P<d>\d\d)[-/](?P<Y>\d{4})[: ]",
    _WEEKDAY + _MONTH + rb" {1,2}(?P<d>\d{1,2})(?:,? (?P<Y>\d{4}))?,? ",
    rb"(?P<d>\d\d?)\.(?P<m>\d\d?)\.(?P<Y>\d{4}|\d\d),? ",
    rb"(?P<n>\d\d?[-/]\d\d?[-/](?:\d{4}|\d\d)),?[T _]",
    rb"(?P<Y>\d{4})(?P<m>\d\d)(?P<d>\d\d)[T _-]",
    rb"(?P<Y>\d\d)(?P<m>\d\d)(?P<d>\d\d) {1,2}",
    rb"",
)
_COMPACT_DATES = (
    rb"(?P<Y>\d{4})(?P<m>\d\d)(?P<d>\d\d)[T _-]?",
    rb"(?P<Y>\d\d)(?P<m>\d\d)(?P<d>\d\d)[T _-]",
)
# The date after the time.
_DATES_BEHIND = (
    rb"(?P<Y>\d{4})(?P<s>[-/.])(?P<m>\d\d)(?P=s)(?P<d>\d\d)",
    rb"(?P<d>\d\d?)[-/. ]" + _MONTH + rb"[-/. ](?P<Y>\d{4})",
    rb"(?P<d>\d\d?)\.(?P<m>\d\d?)\.(?P<Y>\d{4})",
    rb"(?P<n>\d\d?[-/]\d\d?[-/]\d{4})",
)
# MailEnable's header follows its bracket at once.
_ANY_END = rb"(?P<e>\]?:?[ \t]+|\]?:?$|\](?=\*)|" + _AT_ONCE + rb")"
_BEHIND = tuple(Shape(rb"\[?" + _TIME + rb",? " + day + _ZONE + _ANY_END) for day in _DATES_BEHIND)
OTHERS = (
    *_BEHIND,
    *(Shape(rb"\[?" + day + _TIME + _ZONE + _ANY_END) for day in _DATES),
    *(Shape(rb"\[?" + day + _COMPACT_TIME + _ZONE + _ANY_END) for day in _COMPACT_DATES),
)
_EPOCH_INSIDE = Shape(rb"\[(?P<s>[1-9]\d{8,10})(?P<f>\.\d{1,9})?(?P<e>\]:?[ \t])")
_TAI64 = Shape(rb"@(?P<s>4[0-9a-f]{15})(?P<f>[0-9a-f]{8}(?:[0-9a-f]{8})?)?(?P<e> |$)")
_COUNTED = {_EPOCH: (10, 0), _EPOCH_INSIDE: (10, 0), _TAI64: (16, TAI_EPOCH)}
# MailEnable's rows.
_MONTH_FIRST = (b"\t", b"]")
# By the first byte, and in this order: what matches two forms has the first.
_SHAPES = (
    dict.fromkeys((bytes((byte,)) for byte in (*range(97, 123), *range(128, 256), ord(" "))), (FOREIGN,))
    | dict.fromkeys((b"%d" % digit for digit in range(10)), (ISO, FULL_DATE, *OTHERS, _EPOCH, FOREIGN))
    | dict.fromkeys((bytes((byte,)) for byte in range(65, 91)), (TRADITIONAL, SHORT_FULL, *OTHERS, FOREIGN))
    | {b"[": (*OTHERS, _EPOCH_INSIDE), b"@": (_TAI64,)}
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A stamp found at the beginning of a line.

    `line[:seconds]` ends with the whole seconds; then follow a fraction up to `fraction`, and what belongs to the stamp
    (zone, brackets) up to `end`, where the message begins. `steady`: in the same minute, only the last two digits
    before `seconds` differ. `zoned`: it does not depend on the source's zone. `may_have_host`: syslog daemons write
    this form.
    """

    instant: int
    seconds: int
    fraction: int
    end: int
    steady: bool
    zoned: bool
    may_have_host: bool


def find(line: bytes, wall: Wall) -> Stamp | None:
    """The stamp at the beginning of `line`; None: no stamp, no such date, or too long ago for a log."""
    try:
        found = _find(line, wall)
    except (ValueError, OverflowError):
        return None
    return found if found is not None and 0 <= found.instant < LATEST else None


def _find(line: bytes, wall: Wall) -> Stamp | None:
    for shape in _SHAPES.get(line[:1], ()):
        found = shape.match(line)
        if found is None:
            continue
        hosted = shape in _HOSTED and found["e"][:1] in {b" ", b"\t"}
        if shape in _COUNTED:
            base, epoch = _COUNTED[shape]
            instant = int(found["s"], base) - epoch
            return Stamp(instant, found.end("s"), found.start("e"), found.end(), False, True, hosted)
        # Without a date, it means another instant tomorrow, too.
        stamp = _dated(found, wall, hosted)
        return replace(stamp, steady=False) if shape in _BEHIND else stamp
    return None


def _dated(found: re.Match[bytes], wall: Wall, may_have_host: bool) -> Stamp:  # noqa: FBT001 - as in Stamp
    parts = found.groupdict()
    hour, minute, second = int(parts["H"]), int(parts["M"]), int(parts["S"])
    if parts["p"]:
        hour = hour % 12 + (12 if parts["p"] in (b"PM", b"pm") else 0)
    east = offset(parts["z"])
    day = _day(parts, wall)
    if day is None:
        minutes = wall.latest(hour, minute)
    else:
        year = day[0] or (wall.year(day[1], day[2], hour, minute) if east is not None else None)
        if east is not None and year is not None:
            moment = datetime(year, day[1], day[2], hour, minute, tzinfo=UTC)
            minutes = (int(moment.timestamp()) - east,)
        else:
            minutes = wall.minutes(year, day[1], day[2], hour, minute)
    seconds, fraction = found.end("S"), found.end("f" if parts["f"] else "S")
    # A time of day alone means another instant tomorrow.
    steady = len(minutes) == 1 and (wall.near is None or day is not None)
    return Stamp(wall.choose(minutes, second), seconds, fraction, found.end(), steady, east is not None, may_have_host)


def _day(parts: dict[str, bytes | None], wall: Wall) -> tuple[int | None, int, int] | None:
    """Year (None: not logged), month and day of a stamp; None: it has none. ValueError: there is no such day."""
    numbers = parts.get("n")
    if numbers is not None:
        first, second, third = numbers.replace(b"-", b"/").split(b"/")
        end = parts["e"] or b""
        return wall.numbered((first, second, third), "mdy" if end[:1] in _MONTH_FIRST else "")
    day_digits = parts.get("d")
    if day_digits is None:
        return None
    name, year_digits = parts.get("b"), parts.get("Y") or parts.get("y")
    year = None if year_digits is None else int(year_digits) + (2000 if len(year_digits) == 2 else 0)  # noqa: PLR2004
    if name is None:
        return year, int(parts["m"] or b""), int(day_digits)
    return year, _ENGLISH.get(name) or wall.month(name, int(day_digits)), int(day_digits)


def offset(zone: bytes | None) -> int | None:
    """Seconds east of Greenwich of `Z`, `+0100`, `-05:30` or `+03`; None: the stamp has no such zone.

    ValueError: no zone is so far away.
    """
    zone = (zone or b"").strip()
    if zone in (b"Z", b"UTC", b"GMT"):
        return 0
    if zone[:1] not in (b"+", b"-"):
        return None
    digits = zone[1:].replace(b":", b"")
    seconds = int(digits[:2]) * 3600 + int(digits[2:] or b"0") * 60
    if seconds > FARTHEST:
        raise ValueError(zone)
    return -seconds if zone[:1] == b"-" else seconds
