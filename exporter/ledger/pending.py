"""What was booked and is not yet committed, in memory.

Booking is the hot path: one dictionary look-up and a few additions per charge. Days, hours and scopes come in
when it is rolled up, once per commit.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import add, sub

from exporter.catalogue import LABELS, LOGIN_FAILURES, MEASURES, Reason
from exporter.model import Account, Charge
from exporter.periods import QUARTER_HOUR, Calendar

_SIZE = len(MEASURES)

Labels = tuple[str, ...]


@dataclass(slots=True)
class Delta:
    """What one key of one scope has seen: amounts by period, and the oldest and newest stamp."""

    first: int
    last: int
    days: dict[int, list[int]] = field(default_factory=dict)
    hours: dict[int, list[int]] = field(default_factory=dict)

    def add(self, first: int, last: int, day: int, hour: int | None, amounts: list[int]) -> None:
        """Take in amounts of one period; `hour` None: the scope keeps no hours."""
        self.first = min(self.first, first)
        self.last = max(self.last, last)
        _add(self.days, day, amounts)
        if hour is not None:
            _add(self.hours, hour, amounts)


class Pending:
    """Charges since the last commit."""

    def __init__(self) -> None:
        # Per account and quarter of an hour: the amounts, then the oldest and the newest stamp.
        self._cells: dict[tuple[Account, int], list[int]] = {}
        self.ends: dict[tuple[str, Reason], int] = {}
        self.logins: dict[tuple[Account, bytes], int] = {}  # by address, empty where the log has none
        self.failures: dict[tuple[int, str, bytes | str], tuple[int, int]] = {}

    def book(self, charges: Iterable[Charge]) -> None:
        """Add the charges."""
        cells, logins = self._cells, self.logins
        for charge in charges:
            account, stamp, amounts, reason, address, _, ends = charge
            if amounts:
                key = (account, stamp // QUARTER_HOUR)
                cell = cells.get(key)
                if cell is None:
                    cell = cells[key] = [0] * _SIZE + [stamp, stamp]
                for measure, amount in amounts:
                    cell[measure] += amount
                    if measure == LOGIN_FAILURES:
                        self._note_failure(charge, amount)
                if stamp > cell[-1]:
                    cell[-1] = stamp
                elif stamp < cell[-2]:
                    cell[-2] = stamp
            if reason is not None:
                end = (account.server, reason)
                self.ends[end] = self.ends.get(end, 0) + ends
            if address is not None and account.user is not None:
                login = (account, address)
                logins[login] = max(stamp, logins.get(login, stamp))

    def roll_up(self, calendar: Calendar) -> dict[Labels, Delta]:
        """The cells by label tuple (its length tells the scope), by local day and hour."""
        deltas: dict[Labels, Delta] = {}
        for (account, quarter), cell in self._cells.items():
            begin = quarter * QUARTER_HOUR
            day, hour = calendar.day(begin), calendar.hour(begin)
            first, last, amounts = cell[-2], cell[-1], cell[:_SIZE]
            for labels in _scopes(account):
                delta = deltas.get(labels)
                if delta is None:
                    delta = deltas[labels] = Delta(first, last)
                delta.add(first, last, day, hour if len(labels) < len(LABELS) else None, amounts)
        return deltas

    def bound(self, room: dict[str, list[int]]) -> None:
        """Take out what is beyond the room, per server and measure, of the amounts that are booked for it.

        In all scopes at once, since they come from the same cells: sums stay equal to what they are sums of.
        """
        for (account, _), cell in self._cells.items():
            left = room.get(account.server)
            if left is not None:
                cell[:_SIZE] = map(min, cell[:_SIZE], left)
                left[:] = map(sub, left, cell[:_SIZE])

    def __bool__(self) -> bool:
        return bool(self._cells or self.ends)

    def take(self, other: "Pending") -> None:
        """Add what was booked in `other`, which stays as it is."""
        for key, more in other._cells.items():  # noqa: SLF001 - of the same class
            cell = self._cells.get(key)
            if cell is None:
                self._cells[key] = more.copy()
            else:
                newest, oldest = max(cell[-1], more[-1]), min(cell[-2], more[-2])
                cell[:_SIZE] = map(add, cell[:_SIZE], more[:_SIZE])
                cell[-2:] = oldest, newest
        for end, count in other.ends.items():
            self.ends[end] = self.ends.get(end, 0) + count
        for login, stamp in other.logins.items():
            self.logins[login] = max(stamp, self.logins.get(login, stamp))
        for name, (count, last) in other.failures.items():
            before, newest = self.failures.get(name, (0, last))
            self.failures[name] = (before + count, max(last, newest))

    def _note_failure(self, charge: Charge, amount: int) -> None:
        name = charge.name if charge.name is not None else charge.account.user
        if name is None:
            return
        key = (charge.stamp // QUARTER_HOUR, charge.account.server, name)
        count, last = self.failures.get(key, (0, charge.stamp))
        self.failures[key] = (count + amount, max(last, charge.stamp))


def _scopes(account: Account) -> tuple[Labels, ...]:
    server, domain, user = account.server, account.domain, account.user
    if user is None:
        return (server,), (server, domain)
    return (server,), (server, domain), (server, domain, user)


def _add(periods: dict[int, list[int]], period: int, amounts: list[int]) -> None:
    known = periods.get(period)
    if known is None:
        periods[period] = amounts.copy()
    else:
        known[:] = map(add, known, amounts)
