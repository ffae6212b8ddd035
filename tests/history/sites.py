"""A ledger with weeks of history: busy and quiet keys, births at all hours, silent days, late lines."""

import random
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from exporter.catalogue import Quality
from exporter.ledger import Keep
from exporter.model import Charge
from exporter.periods import Calendar
from tests.reports.ledgers import Commit, charge, filled

USERS = tuple(
    f"{name}@{domain}" for domain in ("a.example", "b.example", "c.example") for name in ("ann", "ben", "cyd")
)
HOUR, MINUTE = 3600, 60
NO_BYTES = {("mx1", name): Quality.NONE for name in ("received_bytes", "sent_bytes")}


def events(zone: str, first: date, last: date, clock: int) -> list[list[Charge]]:
    """What happens from local date `first` to `clock` on `last`: the charges of each day."""
    chance = random.Random(1)
    calendar = Calendar([(0, ZoneInfo(zone))])
    days = range(first.toordinal(), last.toordinal() + 1)
    return [
        _day(chance, number, calendar.day_start(day), min(calendar.day_start(day + 1) - 1, clock))
        for number, day in enumerate(days)
    ]


def history(path: Path, zone: str, first: date, last: date, clock: int, *, keep: Keep | None = None) -> Path:
    """Fill a new ledger with the events, a commit a day; some lines of the evening come after midnight."""
    chance = random.Random(2)
    calendar = Calendar([(0, ZoneInfo(zone))])
    commits, late = [], list[Charge]()
    for number, charges in enumerate(events(zone, first, last, clock)):
        end = min(calendar.day_start(first.toordinal() + number + 1) - 1, clock)
        delayed = [one for one in charges if end - 3 * HOUR < one.stamp and end < clock and chance.random() < 0.3]
        commits.append(
            Commit(end, [*late, *(one for one in charges if one not in delayed)], None if number else NO_BYTES)
        )
        late = delayed
    return filled(path, zone, commits, keep)


def _day(chance: random.Random, number: int, begin: int, end: int) -> list[Charge]:
    found = [charge(begin + MINUTE * 5, server="mx1", domain="unknown", blocked_connections=1, connections=1)]
    for index, user in enumerate(USERS):
        born = number >= index * 2
        # One user pauses for a fortnight, one domain is seen every ninth day only.
        silent = (index == 1 and 8 <= number < 22) or (user.endswith("c.example") and number % 9)
        if born and not silent:
            found += _user(chance, user, begin, end, "mx2" if index % 3 == 2 and number > 12 else "mx1")
    if number == 15:  # born in the last minute of a day, and in the first one of another
        found.append(charge(end, server="mx1", domain="late.example", user="eve@late.example", connections=3))
    if number == 17:
        found.append(charge(begin, server="mx1", domain="early.example", user="eve@early.example", connections=5))
    return [one for one in found if begin <= one.stamp <= end]


def _user(chance: random.Random, user: str, begin: int, end: int, server: str) -> list[Charge]:
    stamps = (chance.randrange(begin, end + 1) for _ in range(chance.randrange(1, 6)))
    domain = user.partition("@")[2]
    return [
        charge(
            stamp,
            server=server,
            domain=domain,
            user=user,
            connections=chance.randrange(1, 9),
            terminations=int(chance.random() < 0.2),
            bad_command_connections=int(chance.random() < 0.1),
            received_bytes=chance.randrange(500),
            sent_bytes=chance.randrange(10**6),
        )
        for stamp in stamps
    ]
