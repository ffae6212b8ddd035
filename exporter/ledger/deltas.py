"""What a commit adds to each key of each scope.

Domains are the sums of their cells and servers those of their domains, which is exact: every cell names its server
and domain, also where it has no user (names that are not known, `users.series: off`). The sum over a domain's *users*
would not be exact for just that reason, so nothing is made of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import add
from typing import NamedTuple

from exporter.catalogue import MEASURES
from exporter.periods import Calendar

SIZE = len(MEASURES)

Labels = tuple[str, ...]
# Amounts by position in MEASURES, then the oldest and the newest stamp.
Cell = list[int]


class Cells(NamedTuple):
    """What an account was charged in a local hour (UNIX time of its begin); a day never begins within one."""

    server: str
    domain: str
    user: str | None
    hour: int
    cell: Cell


@dataclass(slots=True)
class Delta:
    """What one key of one scope has seen: amounts by period, and the oldest and newest stamp."""

    first: int
    last: int
    days: dict[int, list[int]] = field(default_factory=dict)
    hours: dict[int, list[int]] = field(default_factory=dict)


def rolled_up(cells: Iterable[Cells], calendar: Calendar) -> dict[Labels, Delta]:
    """The cells by label tuple (its length tells the scope), by local day and hour; servers first, then domains."""
    in_domains: dict[tuple[Labels, int], list[Cell]] = {}
    in_servers: dict[tuple[Labels, int], list[Cell]] = {}
    users: dict[Labels, Delta] = {}
    for server, domain, user, hour, cell in cells:
        in_domains.setdefault(((server, domain), hour), []).append(cell)
        if user is not None:
            _add(users, (server, domain, user), calendar.day(cell[-1]), None, cell)
    domains: dict[Labels, Delta] = {}
    for (labels, hour), parts in in_domains.items():
        whole = _summed(parts)
        in_servers.setdefault((labels[:1], hour), []).append(whole)
        _add(domains, labels, calendar.day(whole[-1]), hour, whole)
    servers: dict[Labels, Delta] = {}
    for (labels, hour), parts in in_servers.items():
        whole = _summed(parts)
        _add(servers, labels, calendar.day(whole[-1]), hour, whole)
    return servers | domains | users


def _summed(parts: list[Cell]) -> Cell:
    if len(parts) == 1:
        return parts[0]
    *amounts, first, last = zip(*parts, strict=True)
    return [*map(sum, amounts), min(first), max(last)]


def _add(deltas: dict[Labels, Delta], labels: Labels, day: int, hour: int | None, cell: Cell) -> None:
    first, last, amounts = cell[-2], cell[-1], cell[:SIZE]
    delta = deltas.get(labels)
    if delta is None:
        deltas[labels] = Delta(first, last, {day: amounts}, {} if hour is None else {hour: amounts})
        return
    delta.first, delta.last = min(delta.first, first), max(delta.last, last)
    known = delta.days.get(day)
    delta.days[day] = amounts if known is None else list(map(add, known, amounts))
    if hour is not None:
        delta.hours[hour] = amounts
