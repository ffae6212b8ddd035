"""A small site, written without the exporter: its events, what its exporter would have shown, and the truth.

`Site.openmetrics` writes what each scrape would have seen - counters, holds, births, self-metrics - as history for
promtool; `Site.between` gives events by their own stamps and knows nothing of scrapes. Both come from one list.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

from dashboards.queries.terms import literal
from exporter.catalogue import MEASURES, SCOPES, ZERO, Scope
from exporter.periods import Calendar, smallest_offset, utc_offset
from tests.prometheus_server import PrometheusServer

NAMES = tuple(measure.name for measure in MEASURES)
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One charge: `stamp` by the log, `arrival` when its line was read (UNIX seconds); values as in MEASURES."""

    arrival: int
    stamp: int
    server: str
    domain: str
    user: str | None
    values: tuple[int, ...]

    def key(self, scope: Scope) -> Key | None:
        if scope is Scope.USER:
            return (self.server, self.domain, self.user) if self.user is not None else None
        return (self.server, self.domain)[: SCOPES.index(scope) + 1]


@dataclass(slots=True)
class _Book:
    """One key's counters and holds as they stand after the lines read so far."""

    first_seen: int
    total: list[int] = field(default_factory=lambda: list(ZERO))
    day: list[int] = field(default_factory=lambda: list(ZERO))
    hour: list[int] = field(default_factory=lambda: list(ZERO))


@dataclass
class Site:
    """The events of a site in `zone`, scraped at `scrapes` (UNIX seconds, ascending)."""

    zone: str
    events: list[Event]
    scrapes: Sequence[int]
    quality: dict[tuple[str, str], str] = field(default_factory=dict)  # (server, measure): other than exact
    gone: dict[str, int] = field(default_factory=dict)  # server: when its exporter was switched off for good
    extra: Callable[[int], Iterable[tuple[str, str, float]]] = lambda _: ()  # (family, labels, value) at a scrape
    instance: str = "mx:10110"  # of the scrapes; imported history has none
    silent: dict[str, tuple[int, int]] = field(default_factory=dict)  # server: from when to when it was not scraped

    def __post_init__(self) -> None:
        self.events.sort(key=lambda event: (event.arrival, event.stamp))
        self.calendar = Calendar([(0, ZoneInfo(self.zone))])
        self._by_stamp = sorted(self.events, key=lambda event: event.stamp)
        self._stamps = [event.stamp for event in self._by_stamp]

    def logs(self, server: str, measure: str) -> bool:
        """Whether the server's log has the measure, all of it or a part."""
        return self.quality.get((server, measure)) != "none"

    def is_scraped(self, server: str, now: int) -> bool:
        """Whether a scrape at `now` would reach the server's exporter."""
        begin, end = self.silent.get(server, (now, now))
        return self.gone.get(server, now) >= now and not begin < now < end

    def midnight(self, day: date) -> int:
        """The first instant of a local date."""
        return self.calendar.day_start(day.toordinal())

    def between(self, begin: int, end: int) -> list[Event]:
        """The events stamped from `begin` until before `end`."""
        return self._by_stamp[bisect_left(self._stamps, begin) : bisect_left(self._stamps, end)]

    @staticmethod
    def value(event: Event, measure: str) -> int:
        return event.values[NAMES.index(measure)]

    @contextmanager
    def served(self, directory: Path) -> Iterator[PrometheusServer]:
        """A real Prometheus over `directory` that holds it."""
        history = directory / "history.txt"
        self.openmetrics(history)
        with PrometheusServer(directory) as server:
            server.load_blocks(history)
            history.unlink()
            yield server

    def openmetrics(self, path: Path) -> None:
        """Everything that the scrapes saw, in the OpenMetrics form that promtool reads."""
        samples: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        books: dict[tuple[Scope, Key], _Book] = {}
        arrived, day, hour = 0, 0, 0
        for now in self.scrapes:
            while arrived < len(self.events) and self.events[arrived].arrival <= now:
                event = self.events[arrived]
                arrived += 1
                day, hour = self._turn(books, event.arrival, day, hour)
                self._charge(books, event, day, hour)
            day, hour = self._turn(books, now, day, hour)
            self._show(samples, books, now)
        with path.open("w") as file:
            _write(file, samples, self.instance)

    def _turn(self, books: dict[tuple[Scope, Key], _Book], now: int, day: int, hour: int) -> tuple[int, int]:
        """Begin a new local day or hour: the hold is what the counter has reached."""
        today, this_hour = self.calendar.day_start(self.calendar.day(now)), self.calendar.hour(now)
        for book in books.values() if (today, this_hour) != (day, hour) else ():
            if today != day:
                book.day = list(book.total)
            if this_hour != hour:
                book.hour = list(book.total)
        return today, this_hour

    @staticmethod
    def _charge(books: dict[tuple[Scope, Key], _Book], event: Event, day: int, hour: int) -> None:
        for scope in SCOPES:
            key = event.key(scope)
            if key is None:
                continue
            book = books.setdefault((scope, key), _Book(event.stamp))
            book.first_seen = min(book.first_seen, event.stamp)
            for column, value in enumerate(event.values):
                book.total[column] += value
                book.day[column] += value if event.stamp < day else 0
                book.hour[column] += value if event.stamp < hour else 0

    def _show(self, samples: dict[str, dict[str, list[str]]], books: dict[tuple[Scope, Key], _Book], now: int) -> None:
        def put(family: str, labels: str, value: float) -> None:
            samples[family][labels].append(f"{value} {now}")

        for (scope, key), book in books.items():
            if not self.is_scraped(key[0], now):
                continue
            labels = ",".join(f'{name}="{literal(value)}"' for name, value in zip(scope.labels, key, strict=True))
            put(scope.first_seen, labels, book.first_seen)
            for column, measure in enumerate(MEASURES):
                put(scope.total(measure), labels, book.total[column])
                put(scope.hold(measure, "day"), labels, book.day[column])
                if scope.has_hours:
                    put(scope.hold(measure, "hour"), labels, book.hour[column])
        for server in {key[0] for scope, key in books if scope is Scope.SERVER and self.is_scraped(key[0], now)}:
            for name in NAMES:
                quality = self.quality.get((server, name), "exact")
                put(
                    "pop3_measure_quality_info",
                    f'measure="{name}",quality="{quality}",server="{literal(server)}",source="log"',
                    1,
                )
        put("pop3_site_info", f'time_zone="{self.zone}"', 1)
        put("pop3_exporter_time_seconds", "", now)
        zone = ZoneInfo(self.zone)
        put("pop3_site_utc_offset_seconds", "", utc_offset(zone, now))
        put("pop3_site_utc_offset_smallest_seconds", "", smallest_offset(zone, now))
        for family, labels, value in self.extra(now):
            put(family, labels, value)


def _write(file: TextIO, samples: dict[str, dict[str, list[str]]], instance: str) -> None:
    scraped = (f'instance="{instance}"', 'job="pop3"') if instance else ()
    for family, series in samples.items():
        counter = family.endswith("_total")
        file.write(f"# TYPE {family.removesuffix('_total')} {'counter' if counter else 'gauge'}\n")
        for labels, values in series.items():
            name = f"{family}{{{','.join((*scraped, *([labels] if labels else [])))}}} "
            file.writelines(f"{name}{value}\n" for value in values)
    file.write("# EOF\n")


def stamp(text: str, zone: str = "UTC") -> int:
    """`2026-11-22 14:30` in a zone as UNIX seconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


def dates(first: str, last: str) -> list[date]:
    """All dates from `first` to `last`, both inside."""
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    return [begin + timedelta(days=count) for count in range((end - begin).days + 1)]


def local(seconds: int, zone: str) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).astimezone(ZoneInfo(zone))
