"""Time zones and since when they apply: stored in the ledger, because booked days never change."""

import os
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from exporter.ledger.errors import LedgerError
from exporter.periods import Calendar

# Names of the same zone: dashboards compare names.
_UTC = frozenset(("Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "UCT", "Universal", "Zulu"))

# The first zone also applies to everything older.
BEGINNING = 0


def machine_zone() -> str:
    """The machine's time zone; UTC if it has no name, or is an alias of UTC."""
    name = _machine_zone()
    return "UTC" if name in _UTC else name


def _machine_zone() -> str:
    name = os.environ.get("TZ", "").removeprefix(":")
    if name and _is_zone(name):
        return name
    link = Path("/etc/localtime")
    target = os.path.realpath(link) if link.exists() else ""
    name = target.partition("zoneinfo/")[2].removeprefix("posix/").removeprefix("right/")
    if name and _is_zone(name):
        return name
    return time.tzname[0] if _is_zone(time.tzname[0]) else "UTC"


def load(connection: sqlite3.Connection) -> tuple[tuple[int, str], ...]:
    """The zones (from instant, name), ascending."""
    return tuple(connection.execute("SELECT since, name FROM zones ORDER BY since"))


def calendar_of(zones: tuple[tuple[int, str], ...]) -> Calendar:
    """The calendar of the zones; LedgerError if this machine does not know one."""
    return Calendar([(since, zone_named(name)) for since, name in zones])


def zone_named(name: str) -> ZoneInfo:
    """The zone; LedgerError if this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise LedgerError(f"unknown time zone {name!r}; install tzdata or correct the name") from error


def settle(connection: sqlite3.Connection, path: str, wanted: str | None) -> tuple[tuple[int, str], ...]:
    """The ledger's zones, the first one set if it has none; LedgerError if another one is wanted."""
    zones = load(connection)
    if not zones:
        name = wanted or machine_zone()
        zone_named(name)
        connection.execute("INSERT INTO zones VALUES (?, ?)", (BEGINNING, name))
        return ((BEGINNING, name),)
    newest = zones[-1][1]
    if wanted is not None and wanted != newest:
        raise LedgerError(
            f"{path}: its days are those of {newest}, not {wanted}; confirm the change with"
            f" `pop3-exporter ledger zone {wanted}` (it holds from the next midnight there), or correct time_zone"
        )
    return zones


def change(connection: sqlite3.Connection, name: str, now: float) -> int:
    """Use `name` from its next midnight after `now`; returns that instant. Replaces a scheduled change."""
    zone = zone_named(name)
    midnight = next_midnight(zone, now)
    connection.execute("DELETE FROM zones WHERE since > ?", (int(now),))
    zones = load(connection)
    if zones[-1][1] != name:
        connection.execute("INSERT INTO zones VALUES (?, ?)", (midnight, name))
    return midnight


def next_midnight(zone: ZoneInfo, now: float) -> int:
    """The first instant of tomorrow's date in `zone`."""
    tomorrow = datetime.fromtimestamp(now, UTC).astimezone(zone).date() + timedelta(days=1)
    return Calendar([(BEGINNING, zone)]).day_start(tomorrow.toordinal())


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
