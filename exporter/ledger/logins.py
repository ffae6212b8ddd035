"""What successful logins leave beside their numbers: when the last one was, and from how many networks they came."""

import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

from exporter.ledger.lastlogins import LastLogins
from exporter.ledger.networks import Networks
from exporter.model import Account

Labels = tuple[str, ...]


class Noted(NamedTuple):
    """What one commit has written, to be taken over once it is durable."""

    last: dict[Labels, int]
    networks: dict[Labels, dict[bytes, int]]


NOTHING = Noted({}, {})


class Logins:
    """Both as committed; `labels`: of each user by key."""

    def __init__(self, connection: sqlite3.Connection, labels: Mapping[int, Labels], now: float) -> None:
        self.last = LastLogins(connection, labels)
        self.networks = Networks(connection, labels, now)

    def write(
        self,
        connection: sqlite3.Connection,
        logins: Mapping[tuple[Account, bytes], int],
        keys: Mapping[Labels, int],
        now: float,
        believed: float,
    ) -> Noted:
        """Write the logins of one commit (account and address to newest stamp); `believed` as networks.py has it."""
        return Noted(
            self.last.write(connection, logins, keys, now),
            self.networks.write(connection, logins, keys, believed),
        )

    def apply(self, noted: Noted, now: float, believed: float) -> None:
        """Take over what was written."""
        self.last.apply(noted.last)
        self.networks.apply(noted.networks, now, believed)

    def forget(self, user: Labels) -> None:
        """A user that is no more."""
        self.last.forget(user)
        self.networks.forget(user)
