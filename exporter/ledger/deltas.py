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
    users: dict[Labels, Delta] = {}
    in_domains: dict[tuple[str, str, int], Cell] = {}
    for server, domain, user, hour, cell in cells:
        place = (server, domain, hour)
        known = in_domains.get(place)
        if known is None:
            in_domains[place] = cell.copy()
        else:
            _join(known, cell)
        if user is not None:
            _add(users, (server, domain, user), calendar.day(cell[-1]), None, cell)
    in_servers: dict[tuple[str, int], Cell] = {}
    servers: dict[Labels, Delta] = {}
    domains: dict[Labels, Delta] = {}
    for (server, domain, hour), cell in in_domains.items():
        _add(domains, (server, domain), calendar.day(cell[-1]), hour, cell)
        whole = in_servers.get((server, hour))
        if whole is None:
            in_servers[server, hour] = cell.copy()
        else:
            _join(whole, cell)
    for (server, hour), cell in in_servers.items():
        _add(servers, (server,), calendar.day(cell[-1]), hour, cell)
    return servers | domains | users


def _join(known: Cell, cell: Cell) -> None:
    first, last = min(known[-2], cell[-2]), max(known[-1], cell[-1])
    known[:] = map(add, known, cell)
    known[-2:] = first, last


def _add(deltas: dict[Labels, Delta], labels: Labels, day: int, hour: int | None, cell: Cell) -> None:
    first, last, amounts = cell[-2], cell[-1], cell[:SIZE]
    delta = deltas.get(labels)
    if delta is None:
        deltas[labels] = Delta(first, last, {day: amounts}, {} if hour is None else {hour: amounts})
        return
    delta.first, delta.last = min(delta.first, first), max(delta.last, last)
    _sum(delta.days, day, amounts)
    if hour is not None:
        _sum(delta.hours, hour, amounts)


def _sum(periods: dict[int, list[int]], period: int, amounts: list[int]) -> None:
    known = periods.get(period)
    periods[period] = amounts if known is None else list(map(add, known, amounts))
