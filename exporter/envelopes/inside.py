"""What a message may begin with: a second stamp, a repeat, Solaris's id, metalog's tag, CRI's output, escaped tabs.

A stamp inside (nginx writes its own into syslog, Dovecot in a container into its standard output) is closer to the
event than the one around it. It is used if it can be true: with a zone, within a day of the outer one (relays may have
been cut off); without a zone, within ten minutes, because a container's clock is often in another zone.
"""

import re
from typing import Final
from zoneinfo import ZoneInfo

from exporter.envelopes import tabs
from exporter.envelopes.lines import StampedLines
from exporter.envelopes.months import ENGLISH
from exporter.envelopes.programs import SERVERS
from exporter.envelopes.wall import Wall
from exporter.model import Record

DEEPEST: Final = 4
NEAR_WITH_ZONE: Final = 86_400
NEAR_WITHOUT_ZONE: Final = 600
_MONTHS = tuple(month + b" " for month in ENGLISH)
_WEEKDAYS = (b"Mon ", b"Tue ", b"Wed ", b"Thu ", b"Fri ", b"Sat ", b"Sun ", b"Mon,", b"Tue,", b"Wed,")
_DIGITS = tuple(b"%04d" % digits for digits in range(10_000))  # years, UNIX times, days
_DAYS = tuple(
    (b"%b%b%b" % (day, mark, month))[:4]
    for day in (*(b"%02d" % day for day in range(1, 32)), *(b"%d" % day for day in range(1, 10)))
    for mark in (b"/", b".", b"-")
    for month in (
        *(b"%02d%b" % (month, mark) for month in range(1, 32)),
        *(b"%d%b" % (m, mark) for m in range(1, 10)),
        *ENGLISH,
    )
)
_BRACKETS = (
    *(b"[%02d%b" % (day, mark) for day in range(1, 32) for mark in (b"/", b".", b"-")),
    *(b"[%d" % century for century in (*range(199, 210), *range(100, 200))),
)
_TIMES = tuple(b"%02d:%d" % (hour, tens) for hour in range(24) for tens in range(6))
_PRIORITIES = tuple((b"<%d>" % priority)[:4] for priority in range(10, 192))
_WORDS = (b"mess", b"last", b"Last", b"--- ", b"stdo", b"stde")
_TAGS = (b"[dov", b"[pop", b"[ipo", b"[cou", b"[cyr", b"[per", b"[spo", b"[sol", b"[qpo")
# Only messages that begin with one of these are searched: one test for all, because there are millions.
BEGINS: Final = frozenset(
    (
        *_MONTHS,
        *_WEEKDAYS,
        *_DIGITS,
        *_DAYS,
        *_BRACKETS,
        *_TIMES,
        *_PRIORITIES,
        *_WORDS,
        *_TAGS,
        *tabs.BEGINS,
        b"@400",
        b"[ID ",
    )
)
BEGIN: Final = 4  # bytes

# SmarterMail begins each message with the client's address, whose digits are those of a date.
_ADDRESS = re.compile(rb"\[(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:.]{2,41})\]")
_PRIORITY = re.compile(rb"<\d{2,3}>")
# A container's line that a shipper copied from the file (CRI), after its stamp.
_OUTPUT = re.compile(rb"std(?:out|err) [FP] ")
_METALOG = re.compile(rb"\[(?P<program>" + SERVERS + rb")\] (?=\S)")
_SOLARIS = re.compile(rb"\[ID \d+ [a-z0-9]+\.[a-z]+\] ")
# A line may stand for at most this many others, because its text may come from a client.
_REPEATED = re.compile(rb"message repeated (?P<times>\d{1,5}) times: \[ ?(?P<message>.*?)\]?", re.DOTALL)
_LAST = re.compile(
    rb"(?:--- )?last message repeated (?P<times>\d{1,5}) times?(?: ---)?\s*"
    rb"|Last message '(?P<begin>.*)' repeated (?P<ng_times>\d{1,5}) times, suppressed by syslog-ng on .*",
    re.DOTALL,
)


class Insides:
    """One stream's messages with something inside; `previous` is the last record of each host."""

    def __init__(self, zone: ZoneInfo, previous: dict[bytes, Record]) -> None:
        self._lines = StampedLines(Wall(zone))
        self._previous = previous

    def open(self, record: Record) -> Record | None:
        """The innermost record; None: a repeat of nothing."""
        for _ in range(DEEPEST):
            if record.message[:BEGIN] not in BEGINS:
                break
            inner = self._step(record)
            if inner is None:
                break
            record = inner
        return record if record.times else None

    def _step(self, record: Record) -> Record | None:
        message = tabs.with_tabs(record.message)
        if message is not record.message:
            return record._replace(message=message)
        if message.startswith((b"[ID ", b"std")):
            found = _SOLARIS.match(message) or _OUTPUT.match(message)
            return record._replace(message=message[found.end() :]) if found else None
        if message[:BEGIN] in _TAGS:
            tag = None if record.program else _METALOG.match(message)
            return record._replace(program=tag["program"], message=message[tag.end() :]) if tag else None
        if b"essage " in message[:24]:
            return self._repeat(record)
        return self._stamp(record)

    def _stamp(self, outer: Record) -> Record | None:
        if _ADDRESS.match(outer.message):
            return None
        self._lines.wall.near = outer.stamp
        priority = _PRIORITY.match(outer.message)
        inner = self._lines.open(outer.message[priority.end() :] if priority else outer.message)
        if inner is None:
            return None
        limit = NEAR_WITH_ZONE if self._lines.zoned else NEAR_WITHOUT_ZONE
        stamp = inner.stamp if abs(inner.stamp - outer.stamp) <= limit else outer.stamp
        program, pid = (inner.program, inner.pid) if inner.program else (outer.program, outer.pid)
        return Record(stamp, inner.host or outer.host, program, pid, inner.message, outer.times)

    def _repeat(self, record: Record) -> Record | None:
        """The message that this line repeats, and how often; None: no repeat, or its message is unknown."""
        found = _REPEATED.fullmatch(record.message)
        if found is not None and record.program and record.times == 1:
            return record._replace(message=found["message"], times=int(found["times"]))
        found = _LAST.fullmatch(record.message)
        previous = self._last(record.host)
        if found is None or previous is None:
            return None
        if found["ng_times"] is None:
            # These daemons write no tag: with a tag, it is somebody's text.
            return None if record.program else previous._replace(stamp=record.stamp, times=int(found["times"]))
        if record.program != previous.program or not previous.message.startswith(found["begin"]):
            return None
        return previous._replace(stamp=record.stamp, times=int(found["ng_times"]))

    def _last(self, host: bytes) -> Record | None:
        """The last record of `host`; for a line without a host, only if there is just one."""
        if host:
            return self._previous.get(host)
        records = [record for record in self._previous.values() if record.host or record.program]
        return records[0] if len(records) == 1 else None
