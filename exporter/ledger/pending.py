"""What was booked but is not committed yet, in memory.

Booking is the hot path: one dictionary look-up and a few additions per charge. Scopes come in once per commit.
"""

from collections.abc import Iterable
from operator import add, sub

from exporter.catalogue import LOGIN_FAILURES, Reason
from exporter.ledger.deltas import SIZE, Cell, Cells
from exporter.model import Account, Charge
from exporter.periods import QUARTER_HOUR, Calendar


class Pending:
    """Charges since the last commit.

    `cells`: amounts by local hour (UNIX time of its begin) and account, as Cell. `logins`: by account and address
    (empty where the log has none), the newest stamp. `failures`: (quarter of an hour, server, name) to number and
    newest stamp.
    """

    def __init__(self, calendar: Calendar) -> None:
        self._hour = calendar.hour
        self.cells: dict[int, dict[Account, Cell]] = {}
        self.ends: dict[tuple[str, Reason], int] = {}
        self.logins: dict[Account, dict[bytes, int]] = {}
        self.failures: dict[tuple[int, str, bytes | str], tuple[int, int]] = {}

    def cells_at(self, stamp: int) -> dict[Account, Cell]:
        """The cells of the hour of `stamp`; the same until the next multiple of a quarter of an hour."""
        hour = self._hour(stamp)
        cells = self.cells.get(hour)
        if cells is None:
            cells = self.cells[hour] = {}
        return cells

    def book(self, charges: Iterable[Charge]) -> None:  # noqa: C901 - the hot path
        """Add the charges."""
        begin = end = 0
        for charge in charges:
            account, stamp, amounts, reason, address, _, ends = charge
            if amounts:
                if not begin <= stamp < end:
                    cells = self.cells_at(stamp)
                    begin = stamp - stamp % QUARTER_HOUR
                    end = begin + QUARTER_HOUR
                cell = cells.get(account)
                if cell is None:
                    cell = cells[account] = [0] * SIZE + [stamp, stamp]
                elif stamp > cell[-1]:
                    cell[-1] = stamp
                elif stamp < cell[-2]:
                    cell[-2] = stamp
                for measure, amount in amounts:
                    cell[measure] += amount
                    if measure == LOGIN_FAILURES:
                        self._note_failure(charge, amount)
            if reason is not None:
                self._note_end(account.server, reason, ends)
            if address is not None and account.user is not None:
                self._note_login(account, address, stamp)

    def charged(self) -> list[Cells]:
        """All cells; must not be changed."""
        return [
            Cells(account.server, account.domain, account.user, hour, cell)
            for hour, cells in self.cells.items()
            for account, cell in cells.items()
        ]

    def bound(self, room: dict[str, list[int]]) -> None:
        """Remove the amounts that exceed the room left for a server and measure.

        In all scopes at once, since they come from the same cells: sums stay equal to what they are sums of.
        """
        for server, _, _, _, cell in self.charged():
            left = room.get(server)
            if left is not None:
                cell[:SIZE] = map(min, cell[:SIZE], left)
                left[:] = map(sub, left, cell[:SIZE])

    def take(self, other: "Pending") -> None:
        """Add what was booked in `other`, which is not changed."""
        for hour, more in other.cells.items():
            cells = self.cells.setdefault(hour, {})
            for account, cell in more.items():
                known = cells.setdefault(account, [0] * SIZE + cell[-2:])
                oldest, newest = min(known[-2], cell[-2]), max(known[-1], cell[-1])
                known[:SIZE] = map(add, known[:SIZE], cell[:SIZE])
                known[-2:] = oldest, newest
        for (server, reason), count in other.ends.items():
            self._note_end(server, reason, count)
        for account, addresses in other.logins.items():
            for address, stamp in addresses.items():
                self._note_login(account, address, stamp)
        for name, (count, last) in other.failures.items():
            before, newest = self.failures.get(name, (0, last))
            self.failures[name] = (before + count, max(last, newest))

    def _note_login(self, account: Account, address: bytes, stamp: int) -> None:
        addresses = self.logins.get(account)
        if addresses is None:
            self.logins[account] = {address: stamp}
        elif stamp > addresses.get(address, 0):
            addresses[address] = stamp

    def _note_end(self, server: str, reason: Reason, count: int) -> None:
        self.ends[server, reason] = self.ends.get((server, reason), 0) + count

    def _note_failure(self, charge: Charge, amount: int) -> None:
        name = charge.name if charge.name is not None else charge.account.user
        if name is None:
            return
        key = (charge.stamp // QUARTER_HOUR, charge.account.server, name)
        count, last = self.failures.get(key, (0, charge.stamp))
        self.failures[key] = (count + amount, max(last, charge.stamp))
