"""Whether the numbers of a source are true, judged from what its sessions stage sees while it runs.

A healthy log shows none of these signs, or few. In the logs of nine real servers that the tests hold, sessions told
twice and lines that joined nothing were 0; logins without an end at most 14 % (Courier, which writes no end line for a
client that it loses while it sends); lines not understood at most 1.2 % (Courier cuts long names); in pairs, of lines
that look the same as their copies, 11 % (Cyrus, with every command). The bounds below lie above these. Where much
happens in a second, equal lines are even in number about half of the time, and where each is written twice, always.
Beyond them the source has a problem, and what it touches is no longer called exact.
"""

import json
from collections import deque
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from exporter.catalogue import MEASURES, Quality
from exporter.errors import Problem
from exporter.sessions import Sign

HOUR = 3600
WINDOW_HOURS = 24

_ALL = tuple(measure.name for measure in MEASURES)
_BYTES = ("received_bytes", "sent_bytes")
Counts = Mapping[str, int]


class Bound(NamedTuple):
    """How many of a sign there may be: below `least` in a day, or a `share` of them and `among`.

    `touches`: the measures that are in doubt beyond it, which then are of `quality` at best.
    """

    sign: str
    among: str
    share: float
    least: int
    quality: Quality
    touches: tuple[str, ...]
    sentence: str


# What is counted beside the signs of the sessions stage: lines of the server's own that mean nothing to us.
NOT_UNDERSTOOD = "not_understood"
EVENTS = "events"

BOUNDS: tuple[Bound, ...] = (
    Bound(
        Sign.EXPIRED, Sign.LOGINS, 0.20, 10, Quality.LOWER_BOUND, ("terminations", *_BYTES),
        "{number:,} of {among:,} logins have no end line. Are end lines missing from this log, or in another file?",
    ),
    Bound(
        Sign.UNJOINED, Sign.LOGINS, 0.02, 5, Quality.LOWER_BOUND, ("connections", "logins", "terminations", *_BYTES),
        "{number:,} end lines have no login ({among:,} logins were read)."
        " Are login lines missing from this log, or in another file?",
    ),
    Bound(
        Sign.DUPLICATES, Sign.LOGINS, 0.01, 3, Quality.ESTIMATED,
        ("connections", "blocked_connections", "bad_command_connections", "logins", "login_failures", "bad_commands",
         "terminations", *_BYTES),
        "{number:,} lines repeat earlier lines and were dropped ({among:,} logins were counted)."
        " Do two files of the source hold the same lines, or does the logger write each line twice? Read only one copy",
    ),
    Bound(
        Sign.ALIKE, Sign.SINGLE, 0.80, 10, Quality.ESTIMATED,
        _ALL,
        "{number:,} lines come in pairs, {among:,} that could do not. They may be counted twice: a copy of such a line"
        " looks the same. Does the logger write each line twice?",
    ),
    Bound(
        Sign.TWICE, Sign.LOGINS, 0.01, 3, Quality.ESTIMATED, ("connections", "logins", "terminations", *_BYTES),
        "{number:,} of {among:,} logins were already logged by server {other} with the same session id and are"
        " counted for both. If one server is a proxy for the other, see docs/behind-a-proxy.md",
    ),
    Bound(
        NOT_UNDERSTOOD, EVENTS, 0.02, 10, Quality.LOWER_BOUND, _ALL,
        "{number:,} lines of the server were not understood, {among:,} were."
        " pop3-exporter parse --unknown --masked FILE shows them",
    ),
)  # fmt: skip
_SIGNS = frozenset(bound.sign for bound in BOUNDS)


class Doubt(NamedTuple):
    """A sign beyond its bound, at a server; what it counts, the log told from `since` to `until`, UNIX seconds."""

    server: str
    bound: Bound
    number: int
    among: int
    since: int
    until: int
    quality: Quality
    other: str = ""

    @property
    def problem(self) -> str:
        """What is wrong, in a sentence."""
        told = self.bound.sentence.format(number=self.number, among=self.among, other=self.other)
        # Of old logs many days are seen at once.
        days = -(-(self.until - self.since) // (WINDOW_HOURS * HOUR))
        span = f"{days} days" if days > 1 else f"{WINDOW_HOURS} hours"
        sentence = f"server {self.server}: in the last {span} of the log, {told}"
        return Problem(sentence, f"{self.bound.sign} {self.server}")


class _Window:
    """The counts of one server over the last hours of its log, by hour."""

    def __init__(self, hours: Iterator[tuple[int, Counts]] | None = None, first: int | None = None) -> None:
        self.hours: deque[tuple[int, dict[str, int]]] = deque((hour, dict(counts)) for hour, counts in hours or ())
        self.first = first
        self.newest = 0
        self._begins: deque[int] = deque(hour * HOUR for hour, _ in self.hours)
        self.changed = False  # since the last was stored an hour has begun, or a sign was seen
        self._last: Counts = {}

    def see(self, stamp: int, counts: Counts) -> None:
        """The server's counts since the start, at log time `stamp`."""
        hour = stamp // HOUR
        if self.first is None:
            self.first = min(stamp, self.hours[0][0] * HOUR) if self.hours else stamp
        if not self.hours or hour > self.hours[-1][0]:
            self.hours.append((hour, {}))
            # What is counted now was logged since the last look.
            self._begins.append(min(hour * HOUR, self.newest or self.first))
            self.changed = True
        self.newest = max(stamp, self.newest)
        newest = self.hours[-1][1]
        for name, number in counts.items():
            if more := number - self._last.get(name, 0):
                newest[name] = newest.get(name, 0) + more
                self.changed |= name in _SIGNS
        self._last = dict(counts)
        while self.hours[0][0] <= self.hours[-1][0] - WINDOW_HOURS:
            self.hours.popleft()
            self._begins.popleft()

    def since(self, name: str) -> int:
        """When the log began to tell what is counted."""
        found = (begin for begin, (_, counts) in zip(self._begins, self.hours, strict=True) if counts.get(name))
        return next(found, self.newest)

    def total(self, name: str) -> int:
        found = sum(counts.get(name, 0) for _, counts in self.hours)
        # A log without any login is no log that began in the middle of sessions.
        if name == Sign.UNJOINED and self.total(Sign.LOGINS):
            found -= self.total(Sign.EARLY)
        return found


class TruthMonitor:
    """Watches one source; `state` is what `state()` of an earlier one said."""

    def __init__(self, state: str = "") -> None:
        self.doubts: tuple[Doubt, ...] = ()
        self._windows: dict[str, _Window] = {}
        self._others: dict[str, str] = {}
        saved = json.loads(state) if state else {}
        first = saved.get("first", {})
        for server, hours in saved.get("hours", {}).items():
            self._windows[server] = _Window(iter(hours), first.get(server))
        # What doubted measures were before, because only what is stored lowered can be raised again.
        self._before = {(server, measure): Quality(quality) for server, measure, quality in saved.get("before", ())}
        self._stored_before, self._stored_doubts, self._stored = self._before, self._beyond(), state

    @property
    def first(self) -> dict[str, int]:
        """By server, when its log begins for us, UNIX seconds."""
        return {server: window.first for server, window in self._windows.items() if window.first is not None}

    def begin(self, server: str, stamp: int) -> None:
        """The first event of the server."""
        window = self._windows.setdefault(server, _Window())
        window.first = min(stamp, window.first or stamp)

    def see(self, server: str, stamp: int, counts: Counts, other: str = "") -> None:
        """What was counted of the server since the start, up to `stamp`; `other`: who tells the same sessions."""
        self._windows.setdefault(server, _Window()).see(stamp, counts)
        if other:
            self._others[server] = other

    def judge(self) -> None:
        """Find what is beyond its bound."""
        self.doubts = tuple(doubt for server, window in self._windows.items() for doubt in self._of(server, window))

    def _of(self, server: str, window: _Window) -> Iterator[Doubt]:
        beyond = [bound for bound in BOUNDS if _is_beyond(bound, window)]
        signs = {bound.sign for bound in beyond}
        for bound in beyond:
            number, among = window.total(bound.sign), window.total(bound.among)
            # Ends that join nothing may be ends told twice: then there are too many of them, not too few.
            twice = bound.sign == Sign.UNJOINED and Sign.DUPLICATES in signs
            quality = Quality.ESTIMATED if twice else bound.quality
            since = window.since(bound.sign)
            yield Doubt(server, bound, number, among, since, window.newest, quality, self._others.get(server, ""))

    def since(self) -> dict[tuple[str, str], int]:
        """By server and measure in doubt, since when."""
        found: dict[tuple[str, str], int] = {}
        for doubt in self.doubts:
            for measure in doubt.bound.touches:
                place = (doubt.server, measure)
                found[place] = min(doubt.since, found.get(place, doubt.since))
        return found

    def lowered(self, qualities: Mapping[tuple[str, str], Quality]) -> dict[tuple[str, str], Quality]:
        """The qualities as they can be claimed: what is in doubt is no longer exact."""
        found = dict(qualities)
        for doubt in self.doubts:
            for measure in doubt.bound.touches:
                place = (doubt.server, measure)
                if place in found:
                    found[place] = found[place].at_most(doubt.quality)
        self._before = {place: quality for place, quality in qualities.items() if found[place] is not quality}
        return found

    def raised(self, saved: Mapping[tuple[str, str], Quality]) -> dict[tuple[str, str], Quality]:
        """Saved qualities as they were before they were lowered."""
        return {**saved, **{place: quality for place, quality in self._before.items() if place in saved}}

    def state(self) -> str:
        """What the next monitor must know, `lowered` being called first.

        Written once an hour, and when a sign is seen or a doubt ends: neither must be forgotten by a restart.
        """
        changed, beyond = [window for window in self._windows.values() if window.changed], self._beyond()
        if changed or self._before != self._stored_before or beyond != self._stored_doubts:
            for window in changed:
                window.changed = False
            self._stored_before, self._stored_doubts, self._stored = self._before, beyond, self._written()
        return self._stored

    def _beyond(self) -> set[tuple[str, str]]:
        return {(doubt.server, doubt.bound.sign) for doubt in self.doubts}

    def _written(self) -> str:
        hours = {server: [entry for entry in window.hours if entry[1]] for server, window in self._windows.items()}
        before = [[server, measure, str(quality)] for (server, measure), quality in sorted(self._before.items())]
        hours = {server: entries for server, entries in hours.items() if entries}
        first = {server: self._windows[server].first for server in hours}
        return json.dumps({"hours": hours, "first": first, "before": before}) if hours or before else ""


def _is_beyond(bound: Bound, window: _Window) -> bool:
    number = window.total(bound.sign)
    return number >= bound.least and number > bound.share * (number + window.total(bound.among))
