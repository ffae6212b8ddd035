"""Distinct networks (/24, /48) from which each user logged in during the last 24 hours.

Kept to the hour: a network counts in the hour of its last login and the 24 after it. So a mailbox that is
polled every few minutes writes one row an hour, and a restart knows exactly what was known before.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv6Address

from exporter.addresses import parsed
from exporter.model import Account

HOUR = 3_600
WINDOW_HOURS = 24
# An account used from more networks than this is stolen anyway; the oldest are forgotten first.
NETWORKS_PER_USER = 256

Labels = tuple[str, ...]


@lru_cache(maxsize=65_536)
def network_of(address: bytes) -> bytes | None:
    """The /24 or /48 of an address as logged; None if it is no address of the internet protocol."""
    found = parsed(address)
    if found is None:
        return None
    return found.packed[:6] if isinstance(found, IPv6Address) else found.packed[:3]


class Networks:
    """Committed networks per user, and what a commit changes."""

    def __init__(self, connection: sqlite3.Connection, labels: Mapping[int, Labels], now: float) -> None:
        self._known: dict[Labels, dict[bytes, int]] = {}
        for key, network, hour in connection.execute("SELECT key, network, hour FROM networks"):
            if key in labels:
                self._known.setdefault(labels[key], {})[network] = hour
        self._counted_at, self._kept_since = _oldest(now), 0
        self.counts: dict[Labels, int] = {}
        self._count(self.counts, tuple(self._known), self._counted_at)

    def write(
        self,
        connection: sqlite3.Connection,
        logins: Mapping[tuple[Account, bytes], int],
        keys: Mapping[Labels, int],
        believed: float,
    ) -> dict[Labels, dict[bytes, int]]:
        """Write the logins of one commit (account and address to newest stamp); returns what `apply` needs.

        `believed`: our clock, but not ahead of the log: what was kept until then is not given up for a clock that
        is ahead for a moment.
        """
        since = _oldest(believed)
        changed: dict[Labels, dict[bytes, int]] = {}
        rows: list[tuple[int, bytes, int]] = []
        for (account, address), stamp in logins.items():
            network, hour = network_of(address), stamp // HOUR
            if network is None or hour < since or account.user is None:
                continue
            user: Labels = (account.server, account.domain, account.user)
            known = changed[user] if user in changed else self._known.get(user, {})
            if known.get(network, -1) < hour:
                changed[user] = {**known, network: hour}
                rows.append((keys[user], network, hour))
        connection.executemany(
            "INSERT INTO networks VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET hour = max(hour, excluded.hour)", rows
        )
        for user, known in changed.items():
            self._evict(connection, keys[user], known)
        if since > self._kept_since:
            connection.execute("DELETE FROM networks WHERE hour < ?", (since,))
        return changed

    def apply(self, changed: Mapping[Labels, dict[bytes, int]], now: float, believed: float) -> None:
        """Take over what was written, count what the window has, and forget what is older."""
        since, self._kept_since = _oldest(now), _oldest(believed)
        self._known.update(changed)
        counts = self.counts.copy()
        self._count(counts, changed if since == self._counted_at else tuple(self._known), since)
        self._counted_at = since
        self.counts = counts

    def forget(self, user: Labels) -> None:
        """A user that is no more."""
        if self._known.pop(user, None) is not None:
            self.counts = {labels: count for labels, count in self.counts.items() if labels != user}

    def _count(self, counts: dict[Labels, int], users: Iterable[Labels], since: int) -> None:
        for user in users:
            kept = {network: hour for network, hour in self._known[user].items() if hour >= self._kept_since}
            if kept:
                self._known[user] = kept
            else:
                del self._known[user]
            living = sum(hour >= since for hour in kept.values())
            if living:
                counts[user] = living
            else:
                counts.pop(user, None)

    @staticmethod
    def _evict(connection: sqlite3.Connection, key: int, known: dict[bytes, int]) -> None:
        for network in sorted(known, key=known.__getitem__)[: max(len(known) - NETWORKS_PER_USER, 0)]:
            del known[network]
            connection.execute("DELETE FROM networks WHERE key = ? AND network = ?", (key, network))


def _oldest(now: float) -> int:
    return int(now) // HOUR - WINDOW_HOURS
