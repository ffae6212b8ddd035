"""The words of the queries: windows, range, step and series, with Grafana's variables as defaults."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from exporter.catalogue import MEASURES, RECEIVED_BYTES, SENT_BYTES, Measure, Scope

HOUR = 3_600
DAY = 24 * HOUR
DAY_WINDOW = 22 * HOUR  # the part of a local day in which any scrape shows its hold, late lines included
HOUR_WINDOW = 55 * 60
SEARCH_WINDOW = 4 * DAY  # how far the next known hold is looked for when a day was not scraped at all
SETTLING = 120  # the exporter's clock and the scrape interval: no scrape earlier than this shows the new day for sure
FALLBACK_STEP = "6h"
QUARTER = HOUR // 4
NEAR_WINDOW = 3 * HOUR  # cheap enough for tens of thousands of users, and what counts as scraped at an instant
BANDWIDTH = (MEASURES[RECEIVED_BYTES], MEASURES[SENT_BYTES])

# What the variable `step` holds: the format in which Grafana shows the period's begin, by the step's name.
STEP_FORMATS = {
    "Hour": "YYYY-MM-DD HH:00 z",
    "Day": "ddd YYYY-MM-DD",
    "Week": "GGGG-[W]WW",
    "Month": "YYYY-MM",
    "Quarter": "YYYY-[Q]Q",
}


@dataclass(frozen=True, slots=True)
class Windows:
    """The constants that follow from a site's time zone; `offset` is its smallest distance from UTC in seconds."""

    offset: int

    @classmethod
    def of(cls, zone: str, now: datetime | None = None) -> "Windows":
        """The windows of an IANA zone, by its rules within 400 days of `now`; unknown: ZoneInfoNotFoundError."""
        rules, middle = ZoneInfo(zone), now or datetime.now(UTC)
        instants = (middle + timedelta(days=days) for days in range(-400, 401))
        return cls(min(int((at.astimezone(rules).utcoffset() or timedelta()).total_seconds()) for at in instants))

    @property
    def shift(self) -> int:
        """Seconds from a day's label to the first instant that lies inside the local day, summer and winter."""
        return SETTLING - self.offset

    @property
    def lead(self) -> int:
        """How long after its label a local day has begun at the latest."""
        return max(0, -self.offset)

    @property
    def alignment(self) -> int:
        """How far subqueries by day look back, so that a range from midnight on has just its own labels."""
        return 1800 + self.lead

    @property
    def hour_lead(self) -> int:
        """Seconds from a UTC hour to the local hour that begins next (zones off by 30 or 45 minutes)."""
        return -self.offset % HOUR


@dataclass(frozen=True, slots=True)
class Range:
    """The asked time: `begin`, `end` and `until`, the newest sample in it, as UNIX seconds; lengths as durations.

    `alive`, `steady` and `unbroken`: regular expressions of the servers that were scraped just before `until`, where
    the range begins and ends, and all the time (see `lookups`). Only for others more is read than a few hours.
    """

    begin: str = "${__from:date:seconds}"
    end: str = "${__to:date:seconds}"
    until: str = "$until"
    length: str = "${__range_s}s"
    steps: str = "$__range"  # the same length, as Grafana writes it into subqueries
    alive: str = "$alive"
    steady: str = "$steady"
    unbroken: str = "$unbroken"
    began: str = "$began"  # when the log begins: no period before that has a row

    @classmethod
    def of(cls, begin: int, end: int, until: int) -> "Range":
        """Real numbers instead of Grafana's variables; without names of servers all are looked at closely."""
        length = f"{end - begin}s"
        return cls(str(begin), str(end), str(until), length, length, "", "", "", "0")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The chosen step: its moment format and its name."""

    format: str = "$step"
    name: str = "${step:text}"

    @classmethod
    def of(cls, name: str) -> "Chosen":
        """A step by its name (`Day`) instead of Grafana's variable."""
        return cls(STEP_FORMATS[name], name)


@dataclass(frozen=True, slots=True)
class Only:
    """Which series: `servers`, `domains`, `users` are regular expressions, `domain`, `user` exact; None: all.

    The texts are put into PromQL strings as they are: escape what does not come from Grafana with `literal`.
    """

    servers: str | None = "$server"
    domain: str | None = None
    user: str | None = None
    domains: str | None = None
    users: str | None = None
    but_domains: str | None = None
    but: tuple[str, ...] = ()  # regular expressions of servers that are left out

    def matchers(self, *more: str) -> str:
        """The inside of the braces; `more` stands in front."""
        pairs = (
            ("server=~", self.servers),
            ("domain=", self.domain),
            ("domain=~", self.domains),
            ("domain!~", self.but_domains),
            ("user=", self.user),
            ("user=~", self.users),
            *(("server!~", servers) for servers in self.but),
        )
        return ",".join((*more, *(f'{label}"{value}"' for label, value in pairs if value is not None)))


@dataclass(frozen=True, slots=True)
class Series:
    """One measure of one scope: the selectors of its counter, its holds and its births."""

    scope: Scope
    measure: Measure
    only: Only = Only()

    @property
    def keys(self) -> str:
        """The scope's own labels: replicas and renamed instances fall together under them."""
        return ",".join(self.scope.labels)

    def but(self, servers: str) -> "Series":
        """Without these servers (a regular expression)."""
        return replace(self, only=replace(self.only, but=(*self.only.but, servers)))

    @property
    def total(self) -> str:
        return f"{self.scope.total(self.measure)}{{{self.only.matchers()}}}"

    @property
    def day(self) -> str:
        return f"{self.scope.hold(self.measure, 'day')}{{{self.only.matchers()}}}"

    @property
    def born(self) -> str:
        return f"{self.scope.first_seen}{{{self.only.matchers()}}}"

    def hour(self, chosen: Chosen) -> str:
        """The hold of the hour: selects nothing, and so costs nothing, unless the step is the hour."""
        stem = f"{self.scope.prefix}{self.measure.name}"
        name = (f'__name__=~"(?i){stem}_{chosen.name}_start"', f'__name__!="{stem}_day_start"')
        return f"{{{self.only.matchers(*name)}}}"


def literal(text: str) -> str:
    """`text` for the inside of a PromQL string in double quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def one_of(names: Iterable[str]) -> str:
    """A regular expression for the inside of a PromQL string that matches these names and nothing else."""
    return literal("|".join(re.escape(name) for name in names))


def duration(seconds: int) -> str:
    """`163320` as `1d21h22m`; with a sign in front when negative."""
    rest, parts = abs(seconds), []
    for unit, size in (("d", DAY), ("h", HOUR), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        parts += [f"{count}{unit}"] if count else []
    return ("-" if seconds < 0 else "") + ("".join(parts) or "0s")
