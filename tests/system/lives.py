"""Sixty days of a mail host and of the exporter beside it: the log, what Prometheus scraped, and the ledger."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo

from exporter.config import Config
from exporter.daemon import Daemon
from exporter.demo.traffic import HOST, iso, lines
from exporter.exposition.renderer import Exposition
from exporter.exposition.selfmetrics import SelfMetrics
from exporter.wiring import crew_of, open_ledger
from tests.history.test_seam import labelled
from tests.reports.ledgers import at

DAYS = 60
HOUR = 3600
# The accounts of these domains, and whoever names none, are logged; the others would only take time.
KEPT = ("rip=198.51.102.", "rip=198.51.103.", "rip=198.51.104.", "rip=192.0.2.")
LATE = "rip=198.51.103."
LATE_SECONDS = 2 * HOUR
SCRAPE_SECONDS, SCRAPE_SECONDS_FOR_HOURS = 2 * HOUR, 1500


@dataclass(frozen=True)
class Plan:
    """When what happens; days are numbered from `first`, times are local."""

    zone: str
    first: date
    hours: int  # hours are compared on this day and the next: that of the clock's change where there is one

    @property
    def last(self) -> date:
        return self.day(DAYS - 1)

    @property
    def clock(self) -> int:
        """Now: the afternoon of the last day."""
        return self.at(DAYS - 1, "15:20")

    @property
    def births(self) -> tuple[tuple[str, int], ...]:
        """(user, first login): seconds around midnight, inside the outages, and in a domain unknown until then."""
        return (
            ("newborn@club.example", self.at(5, "23:59:52")),
            ("early@club.example", self.at(6, "00:00:01")),
            ("unscraped@born.example", self.at(22, "23:59:00")),
            ("second@born.example", self.at(23, "00:20")),
            ("unread@away.example", self.at(37, "23:30")),
            ("gap@shop.example", self.at(44, "12:00")),
            ("last@today.example", self.at(DAYS - 1, "00:00")),
        )

    @property
    def late(self) -> tuple[int, int]:
        """Lines of some hosts arrive two hours late."""
        return self.at(9, "00:00"), self.at(14, "00:00")

    @property
    def unscraped(self) -> tuple[tuple[int, int], ...]:
        """Prometheus is away: over a midnight, and for a whole day."""
        return (self.at(22, "21:50"), self.at(23, "01:40")), (
            self.at(self.gap[0], "20:00"),
            self.at(self.gap[2], "05:00"),
        )

    @property
    def gap(self) -> tuple[int, int, int]:
        """Numbers of days, Tuesday to Thursday of one month: in the midst of them there is not one scrape."""
        days = (number for number in range(42, 56) if self.day(number).weekday() == 1)
        tuesday = next(number for number in days if self.day(number).month == self.day(number + 2).month)
        return tuesday, tuesday + 1, tuesday + 2

    @property
    def away(self) -> tuple[int, int]:
        """The exporter does not run."""
        return self.at(37, "18:00"), self.at(38, "20:00")

    def day(self, number: int) -> date:
        return self.first + timedelta(days=number)

    def at(self, number: int, time: str) -> int:
        return at(self.zone, f"{self.day(number)}T{time}")

    def moments(self) -> list[int]:
        """When Prometheus would scrape."""
        begin = self.at(0, "00:00") + 600
        often = range(self.at(self.hours, "00:00") - HOUR, self.at(self.hours + 2, "03:00"), SCRAPE_SECONDS_FOR_HOURS)
        return sorted({*range(begin, self.clock, SCRAPE_SECONDS), *often, self.clock})


def logged(plan: Plan) -> list[tuple[int, str]]:
    """(when it reaches the log, line), in the order of arrival; it begins with connections that begin."""
    begin, (late_since, late_until) = plan.at(0, "00:00"), plan.late
    begun: set[str] = set()
    arrivals = []
    for number, line in enumerate(sorted(chain(lines(begin, plan.clock), born(plan.births, plan.clock)))):
        session = line.rpartition("session=<")[2]
        if "): Disconnected" not in line and ">: Disconnected" not in line:
            begun.add(session)
        elif session not in begun:
            continue
        if not any(address in line for address in KEPT) and "auth: " not in line:
            continue
        stamp = at("UTC", line[:19])
        # The lines of one connection stay together and in order: what is late is late as a whole.
        late = LATE in line and late_since <= stamp < late_until
        arrivals.append((stamp + LATE_SECONDS * late, number, line))
    return [(arrival, line) for arrival, _, line in sorted(arrivals)]


def born(births: Iterable[tuple[str, int]], end: int) -> Iterator[str]:
    """A refused attempt of each (user, first login) who is not born yet, a login, then one every seven hours."""
    for user, first in births:
        peer = "rip=192.0.2.9, lip=192.0.2.1, TLS"
        refused = "Disconnected: Connection closed (auth failed, 1 attempts in 2 secs)"
        yield f"{iso(first - 300)} {HOST} dovecot: pop3-login: {refused}: user=<{user}>, {peer}, session=<no{user}>"
        for stamp in range(first, end, 7 * HOUR):
            session = f"{user.partition('@')[0]}{stamp}"
            begins = f"pop3-login: Login: user=<{user}>, method=PLAIN, {peer}, mpid=1, session=<{session}>"
            ends = f"pop3({user})<1><{session}>: Disconnected: Logged out top=0/0, retr=1/700, del=0/1, size=700"
            yield f"{iso(stamp)} {HOST} dovecot: {begins}"
            if stamp + 1 < end:
                yield f"{iso(stamp + 1)} {HOST} dovecot: {ends}, in=31, out=777, rip=192.0.2.9, session=<{session}>"


class Host:
    """A log that grows and is rotated, and a daemon that reads it while it runs."""

    def __init__(self, folder: Path, zone: str, now: int) -> None:
        self.now = float(now)
        self.log = folder / "mail.log"
        source = {"name": "mail", "paths": [f"{self.log}*"], "format": "dovecot", "start": "beginning"}
        self.config = Config.model_validate(
            {"time_zone": zone, "ledger": str(folder / "ledger.sqlite"), "sources": [source]}
        )
        self.runs = False

    def start(self) -> None:
        """On what the ledger has."""
        self.ledger = open_ledger(self.config, self.now)
        self.daemon = Daemon(
            self.ledger,
            crew_of(self.config, self.ledger, None),
            SelfMetrics(),
            commit_seconds=1,
            clock=lambda: self.now,
            stopwatch=lambda: 0.0,
        )
        self.exposition = Exposition(self.ledger.calendar)
        self.runs = True

    def vanish(self) -> None:
        """As a process that is killed: what was read since the last commit is not written."""
        self.daemon.close()
        self.ledger.close()
        self.runs = False

    def append(self, text: Sequence[str]) -> None:
        with self.log.open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in text)

    def rotate(self) -> None:
        self.log.rename(self.log.with_name(f"mail.log-{int(self.now)}"))
        self.log.touch()

    def turn(self, now: float) -> None:
        """Read all there is."""
        self.now = now
        while self.daemon.turn():
            pass

    def scrape(self) -> Iterator[bytes]:
        """Samples with their time."""
        for line in b"".join(self.exposition.render(self.ledger.view, self.now)).splitlines():
            if not line.startswith(b"#"):
                yield b"%b %d\n" % (labelled(line), int(self.now))


def lived(folder: Path, plan: Plan) -> list[str]:
    """Live through it; leaves `ledger.sqlite` and `scraped.txt` in `folder`, returns the log."""
    host, log = Host(folder, plan.zone, plan.at(0, "00:00")), logged(plan)
    rotated, read = plan.first, 0
    zone = ZoneInfo(plan.zone)
    with (folder / "scraped.txt").open("wb") as scraped:
        for number, moment in enumerate(plan.moments()):
            host.now = float(moment)
            today = datetime.fromtimestamp(moment, zone).date()
            if today >= rotated + timedelta(days=7):
                host.rotate()
                rotated = today
            until = next((place for place in range(read, len(log)) if log[place][0] > moment), len(log))
            host.append([line for _, line in log[read:until]])
            read = until
            if plan.away[0] <= moment < plan.away[1]:
                if host.runs:
                    host.vanish()
                continue
            if not host.runs:
                host.now -= 60
                host.start()
            host.turn(moment)
            if not any(begin <= moment < end for begin, end in plan.unscraped):
                scraped.writelines(host.scrape())
            if number % 50 == 49:
                vanish_while_reading(host, log, read)
                read = min(read + 20, len(log))
        scraped.write(b"# EOF\n")
    host.vanish()
    return [line for _, line in log]


def vanish_while_reading(host: Host, log: list[tuple[int, str]], read: int) -> None:
    """It reads twenty lines more, and is killed before the commit."""
    host.append([line for _, line in log[read : read + 20]])
    host.turn(host.now + 0.4)
    host.vanish()
    host.start()


def scratch() -> Path | None:
    """A folder in memory where there is one: thousands of commits need no disk."""
    memory = Path("/dev/shm")
    return memory if os.access(memory, os.W_OK) else None
