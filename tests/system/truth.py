"""What a log tells, counted by hand: a few lines that share nothing with the exporter."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

LOGIN = re.compile(r"pop3-login: Login: user=<([^>]*)>")
END = re.compile(r"dovecot: pop3\(([^)]*)\).*Disconnected: (.*) top=.* in=(\d+), out=(\d+),")
REFUSED = re.compile(r"pop3-login: Disconnected: (.*): user=<([^>]*)>")

Row = tuple[int, int, int, int, int]
NOTHING: Row = (0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Event:
    """What one line adds to connections, blocked, bad commands, terminations and bytes."""

    day: date
    hour: str
    domain: str
    user: str
    amounts: Row


def events(log: Iterable[str], zone: str) -> list[Event]:
    """All that count, by local time; whose connection it is depends on who has logged in before."""
    found, users, domains = [], set(), set()
    here = ZoneInfo(zone)
    for line in log:
        if login := LOGIN.search(line):
            user, amounts = login[1], (1, 0, 0, 0, 0)
            users.add(user)
            domains.add(user.rpartition("@")[2])
        elif end := END.search(line):
            user, amounts = end[1], (0, 0, 0, int("Inactivity" in end[2]), int(end[3]) + int(end[4]))
        elif refused := REFUSED.search(line):
            bad = int("Too many bad commands" in refused[1])
            user, amounts = refused[2], (1, int("Maximum number" in refused[1]), bad, bad, 0)
        else:
            continue
        domain = user.rpartition("@")[2]
        moment = datetime.fromisoformat(line.partition(" ")[0]).astimezone(here)
        known = domain if domain in domains else "unknown"
        hour = moment.replace(minute=0, second=0, microsecond=0).isoformat()
        found.append(Event(moment.date(), hour, known, user if user in users else "", amounts))
    return found


@cache
def week(day: date) -> str:
    """`2026-W47`."""
    return f"{day.isocalendar().year}-W{day.isocalendar().week:02}"


LABELS: dict[str, Callable[[date], str]] = {
    "day": date.isoformat,
    "week": week,
    "month": lambda day: f"{day.year}-{day.month:02}",
    "quarter": lambda day: f"{day.year}-Q{(day.month - 1) // 3 + 1}",
}


def summed(found: Iterable[Event], label: Callable[[Event], str]) -> dict[str, Row]:
    """Rows that are not 0, by label; no label: counts nowhere."""
    sums: dict[str, list[Row]] = defaultdict(list)
    for event in found:
        sums[label(event)].append(event.amounts)
    rows: dict[str, Row] = {name: tuple(map(sum, zip(*rows, strict=True))) for name, rows in sums.items()}  # type: ignore[misc]
    return {name: row for name, row in rows.items() if name and any(row)}
