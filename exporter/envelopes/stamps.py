"""The stamps that loggers write before a line: shapes, and their meaning as an instant.

Sources: RFC 3164, RFC 3339, rsyslog and syslog-ng templates, Dovecot 1.0 to 2.4 `log_timestamp` (any strftime
parts, `%{usecs}`), nginx's error_log, SmarterMail's log files and API, MailEnable, MDaemon, Kerio, multilog.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from exporter.envelopes.wall import Wall

MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")
# What is beyond (in 2242) is no stamp: calendars further on could not show it.
LATEST = 2**33
# TAI64 counts from 2^62, and multilog's clock is ten seconds ahead of UTC.
TAI_EPOCH = 2**62 + 10

_MONTH = rb"(?P<b>" + b"|".join(MONTHS) + rb")"
_WEEKDAY = rb"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?"
_TIME = rb"(?P<H>[01]\d|2[0-3]):(?P<M>[0-5]\d):(?P<S>[0-5]\d|60)(?P<f>[.,]\d{1,9})?(?: ?(?P<p>[APap][Mm])(?= ))?"
# Names of zones are taken for the source's own: several zones share most of them.
_NAMES = rb"[CEW]ES?T|BST|IST|MSK|SAST|[ECMP][SD]T|[JK]ST|HKT|SGT|A[CEW]ST|A[CE]DT|NZ[SD]T"
_ZONE = rb"(?P<z>Z| ?[+-]\d\d:?\d\d| (?:UTC|GMT)(?= )| (?:" + _NAMES + rb")(?= ))?"

# A host may follow only the stamps that syslog daemons write.
TRADITIONAL = re.compile(_WEEKDAY + _MONTH + rb" {1,2}(?P<d>\d{1,2})(?: (?P<Y>\d{4}))? " + _TIME + _ZONE
                         + rb"(?: (?P<y>(?:19|20)\d\d)(?= ))?(?P<e>:? |\t|$)")  # fmt: skip
ISO = re.compile(rb"(?P<Y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)[T ]" + _TIME + _ZONE + rb"(?P<e>:? |\t|$)")
_DATES = (
    _WEEKDAY + rb"(?P<Y>\d{4})(?P<s>[-/.])(?P<m>\d\d)(?P=s)(?P<d>\d\d)\]?[T ]",
    _WEEKDAY + rb"(?P<d>\d\d?)[-/. ]" + _MONTH + rb"[-/. ](?P<Y>\d{4})[: ]",
    _WEEKDAY + _MONTH + rb" {1,2}(?P<d>\d{1,2})(?: (?P<Y>\d{4}))? ",
    rb"(?P<d>\d\d)\.(?P<m>\d\d)\.(?P<Y>\d{4}) ",
    rb"(?P<m>\d\d)/(?P<d>\d\d)/(?P<Y>\d\d) ",
    rb"(?P<Y>\d{4})(?P<m>\d\d)(?P<d>\d\d)[T ]",
    rb"",
)
_END = rb"(?P<e>\]?:?[ \t]|\]?:?$)"
OTHERS = tuple(re.compile(rb"\[?" + day + _TIME + _ZONE + _END) for day in _DATES)
_EPOCH = re.compile(rb"\[?(?P<s>\d{9,11})(?P<f>\.\d{1,9})?(?P<e>\]?:?[ \t])")
_TAI64 = re.compile(rb"@(?P<s>4[0-9a-f]{15})(?P<f>[0-9a-f]{8}(?:[0-9a-f]{8})?)?(?P<e> |$)")
# By the first byte, and in this order: what fits two shapes is of the first.
_SHAPES = (
    dict.fromkeys((b"%d" % digit for digit in range(10)), (ISO, *OTHERS, _EPOCH))
    | dict.fromkeys((bytes((byte,)) for byte in range(65, 91)), (TRADITIONAL, *OTHERS))
    | {b"[": (*OTHERS, _EPOCH), b"@": (_TAI64,)}
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A stamp found at the begin of a line.

    The line is `line[:seconds]` up to and with the whole seconds, then a fraction up to `fraction`, then what
    belongs to the stamp (zone, brackets) up to `end`, where the message begins. `steady`: in the same minute the
    last two digits before `seconds` tell the rest. `zoned`: it does not depend on the source's zone.
    `may_have_host`: syslog daemons write this shape.
    """

    instant: int
    seconds: int
    fraction: int
    end: int
    steady: bool
    zoned: bool
    may_have_host: bool


def find(line: bytes, wall: Wall) -> Stamp | None:
    """The stamp at the begin of `line`; None: there is none, or no such date exists, or nobody had logs then."""
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
        if shape in (_EPOCH, _TAI64):
            base, epoch = (10, 0) if shape is _EPOCH else (16, TAI_EPOCH)
            end = found.end()
            return Stamp(int(found["s"], base) - epoch, found.end("s"), found.start("e"), end, False, True, False)
        return _dated(found, wall, may_have_host=shape in (TRADITIONAL, ISO) and found["e"][:1] != b":")
    return None


def _dated(found: re.Match[bytes], wall: Wall, *, may_have_host: bool) -> Stamp:
    parts = found.groupdict()
    hour, minute, second = int(parts["H"]), int(parts["M"]), int(parts["S"])
    if parts["p"] is not None:
        hour = hour % 12 + (12 if parts["p"] in (b"PM", b"pm") else 0)
    east = offset(parts["z"])
    if parts.get("d") is None:
        minutes = wall.latest(hour, minute)
    else:
        month = MONTHS.index(parts["b"]) + 1 if parts.get("b") else int(parts["m"])
        digits = parts.get("Y") or parts.get("y")
        year = None if digits is None else int(digits) + (2000 if len(digits) == 2 else 0)  # noqa: PLR2004
        if east is not None:
            year = year or wall.year(month, int(parts["d"]), hour, minute)
            moment = datetime(year, month, int(parts["d"]), hour, minute, tzinfo=UTC)
            minutes = (int(moment.timestamp()) - east,)
        else:
            minutes = wall.minutes(year, month, int(parts["d"]), hour, minute)
    seconds, fraction = found.end("S"), found.end("f" if parts["f"] else "S")
    # A time of day alone means another instant tomorrow.
    steady = len(minutes) == 1 and (wall.near is None or parts.get("d") is not None)
    zoned = east is not None
    return Stamp(wall.choose(minutes, second), seconds, fraction, found.end(), steady, zoned, may_have_host)


def offset(zone: bytes | None) -> int | None:
    """Seconds east of Greenwich of `Z`, `+0100` or `-05:30`; None: a stamp without a zone that tells."""
    zone = (zone or b"").strip()
    if zone in (b"Z", b"UTC", b"GMT"):
        return 0
    if zone[:1] not in (b"+", b"-"):
        return None
    seconds = int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
    return -seconds if zone[:1] == b"-" else seconds
