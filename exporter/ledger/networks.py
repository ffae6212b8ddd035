"""Distinct networks (/24, /48) from which each user logged in within the last 24 hours.

Kept to the hour: a network counts in the hour of its last login and the 24 after it. So a mailbox that is
polled every few minutes writes one row an hour, and a restart knows exactly what was known before.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv6Address
from socket import AF_INET, inet_pton

from exporter.addresses import parsed
from exporter.model import Account

HOUR = 3_600
WINDOW_HOURS = 24
# An account used from more networks than this is stolen anyway; the oldest are dropped first.
NETWORKS_PER_USER = 256

Labels = tuple[str, ...]


@lru_cache(maxsize=65_536)
def network_of(address: bytes) -> bytes | None:
    """The /24 or /48 of an address as logged; None if it is not an IP address."""
    with suppress(OSError, ValueError):
        return inet_pton(AF_INET, address.decode("ascii"))[:3]  # nearly all are: a tenth of the cost
    found = parsed(address)
    if found is None:
        return None
    return found.packed[:6] if isinstance(found, IPv6Address) else found.packed[:3]


# By user and network, the hour (since 1970) of a login, in which that was not known yet.
Seen = Mapping[Labels, Mapping[bytes, int]]


class Networks:
    """Committed networks per user, and what a commit changes.

    `changed`: what the table does not have yet, by user and network: the hour of the newest login; None: no row.
    """

    def __init__(self, connection: sqlite3.Connection, labels: Mapping[int, Labels], now: float) -> None:
        self._known: dict[Labels, dict[bytes, int]] = {}
        for key, network, hour in connection.execute("SELECT key, network, hour FROM networks"):
            if key in labels:
                self._known.setdefault(labels[key], {})[network] = hour
        self._counted_at, self._kept_since, self._given_up = _oldest(now), 0, 0
        self.changed: dict[Labels, dict[bytes, int | None]] = {}
        self.counts: dict[Labels, int] = {}
        self._count(self.counts, tuple(self._known), self._counted_at)

    def told(self, logins: Mapping[Account, Mapping[bytes, int]], believed: float) -> Seen:
        """What is new in the logins of one commit (newest stamp by account and address).

        `believed`: our clock, but not ahead of the log: what was kept until then is not given up for a clock that
        is ahead for a moment.
        """
        since = _oldest(believed)
        found: dict[Labels, dict[bytes, int]] = {}
        for account, addresses in logins.items():
            if account.user is None:
                continue
            user = (account.server, account.domain, account.user)
            known, new = self._known.get(user, {}), dict[bytes, int]()
            for address, stamp in addresses.items():
                hour = stamp // HOUR
                if hour < since or (network := network_of(address)) is None:
                    continue
                if hour > known.get(network, -1) and hour > new.get(network, -1):
                    new[network] = hour
            if new:
                found[user] = {**found[user], **new} if user in found else new
        return found

    def apply(self, told: Seen, now: float, believed: float) -> None:
        """Take over what is durable, count what the window has, and forget what is older."""
        since, self._kept_since = _oldest(now), _oldest(believed)
        for user, hours in told.items():
            self._known.setdefault(user, {}).update(hours)
            self.changed.setdefault(user, {}).update(hours)
            self._evict(user)
        counts = self.counts.copy() if told or since != self._counted_at else self.counts
        self._count(counts, told if since == self._counted_at else tuple(self._known), since)
        self._counted_at = since
        self.counts = counts

    def write(self, connection: sqlite3.Connection, keys: Callable[[Labels], int]) -> None:
        """Update the table; `keys` has the ids of users."""
        by_key = [(keys(user), hours) for user, hours in self.changed.items()]
        put = ((key, network, hour) for key, hours in by_key for network, hour in hours.items() if hour is not None)
        gone = ((key, network) for key, hours in by_key for network, hour in hours.items() if hour is None)
        connection.executemany("REPLACE INTO networks VALUES (?, ?, ?)", put)
        connection.executemany("DELETE FROM networks WHERE key = ? AND network = ?", gone)
        if self._kept_since > self._given_up:
            connection.execute("DELETE FROM networks WHERE hour < ?", (self._kept_since,))

    def written(self) -> None:
        """Note that the table is up to date."""
        self.changed.clear()
        self._given_up = self._kept_since

    def forget(self, user: Labels) -> None:
        """Remove a user."""
        if self._known.pop(user, None) is not None:
            self.counts = {labels: count for labels, count in self.counts.items() if labels != user}

    def _count(self, counts: dict[Labels, int], users: Iterable[Labels], since: int) -> None:
        for user in users:
            hours = self._known[user]
            if min(hours.values()) < self._kept_since:
                hours = {network: hour for network, hour in hours.items() if hour >= self._kept_since}
                if hours:
                    self._known[user] = hours
                else:
                    del self._known[user]
            living = len([hour for hour in hours.values() if hour >= since])
            if living:
                counts[user] = living
            else:
                counts.pop(user, None)

    def _evict(self, user: Labels) -> None:
        known = self._known[user]
        if len(known) <= NETWORKS_PER_USER:
            return
        for network in sorted(known, key=known.__getitem__)[: len(known) - NETWORKS_PER_USER]:
            del known[network]
            self.changed.setdefault(user, {})[network] = None


def _oldest(now: float) -> int:
    return int(now) // HOUR - WINDOW_HOURS
