"""Small ledgers with known contents, made by the ledger itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from exporter.catalogue import MEASURES, Quality, Reason
from exporter.ledger import Keep, Ledger
from exporter.model import Account, Charge, SourceCheckpoint, SourceCount

POSITION = {measure.name: index for index, measure in enumerate(MEASURES)}
SOURCE = "mail"


def at(zone: str, text: str, fold: int = 0) -> int:
    """The UNIX time of a local date and time in ISO form; `fold` 1: the second of a doubled hour."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp())


def charge(
    stamp: int,
    *,
    server: str = "mx",
    domain: str = "example.com",
    user: str | None = None,
    reason: Reason | None = None,
    **amounts: int,
) -> Charge:
    """One charge; without amounts it is one connection."""
    pairs = tuple((POSITION[name], amount) for name, amount in (amounts or {"connections": 1}).items())
    return Charge(Account(server, domain, user), stamp, pairs, reason, b"" if "logins" in amounts else None)


def told(quality: Mapping[tuple[str, str], Quality], events: Mapping[str, int]) -> SourceCheckpoint:
    """A checkpoint that says what holds of which server and measure, as of the servers' newest events."""
    return SourceCheckpoint((), {}, (), (), SourceCount(), events, {}, quality, 0, 0)


@dataclass(frozen=True)
class Commit:
    """Charges committed together at `now`, and what the log told by then."""

    now: int
    charges: Sequence[Charge] = ()
    quality: Mapping[tuple[str, str], Quality] | None = None


def filled(path: Path, zone: str, commits: Iterable[Commit], keep: Keep | None = None) -> Path:
    """Write a ledger through its own commits and close it; returns its path."""
    ledger: Ledger | None = None
    for commit in commits:
        if ledger is None:
            ledger = Ledger.open(path, zone=zone, keep=keep, now=commit.now)
        ledger.book(commit.charges)
        checkpoints = {}
        if commit.quality is not None:
            servers = {server for server, _ in commit.quality}
            checkpoints = {SOURCE: told(commit.quality, dict.fromkeys(servers, commit.now))}
        ledger.commit(commit.now, checkpoints)
    if ledger is not None:
        ledger.close()
    return path
