"""Additional facts about successful logins: when the last one was, and from how many networks."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from exporter.ledger.lastlogins import LastLogin, LastLogins
from exporter.ledger.networks import Networks, Seen
from exporter.model import Account

Labels = tuple[str, ...]


class Noted(NamedTuple):
    """What is new in the logins of one commit."""

    last: Sequence[LastLogin]
    networks: Seen


NOTHING = Noted((), {})


class Logins:
    """Both as committed; `labels`: of each user by key."""

    def __init__(self, connection: sqlite3.Connection, labels: Mapping[int, Labels], now: float) -> None:
        self.last = LastLogins(connection, labels)
        self.networks = Networks(connection, labels, now)

    def told(self, logins: Mapping[Account, Mapping[bytes, int]], now: float, believed: float) -> Noted:
        """What is new in the logins of one commit (newest stamp by account and address); `believed`: networks.py."""
        return Noted(self.last.told(logins, now), self.networks.told(logins, believed))

    def apply(self, noted: Noted, now: float, believed: float) -> None:
        """Apply what is now durable."""
        self.last.apply(noted.last)
        self.networks.apply(noted.networks, now, believed)

    def write(self, connection: sqlite3.Connection, keys: Callable[[Labels], int]) -> None:
        """Update the tables; `keys` has the ids of users."""
        self.last.write(connection, keys)
        self.networks.write(connection, keys)

    def written(self) -> None:
        """Note that the tables are up to date."""
        self.last.written()
        self.networks.written()

    def forget(self, user: Labels) -> None:
        """Remove a user."""
        self.last.forget(user)
        self.networks.forget(user)
