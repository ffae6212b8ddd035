"""When each user last logged in, by the timestamps of the log: the newest successful login in any order of reading.

One row per user, durable with the commit that brings the login, so that a restart knows what was shown before.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from exporter.model import Account

DAY = 86_400

Labels = tuple[str, ...]

TABLE = "CREATE TABLE last_logins (key INTEGER PRIMARY KEY, stamp INTEGER NOT NULL)"
# What a ledger without the table knows: the newest day that brought a login. Half past ten in the morning, UTC, lies
# in the local day of nearly every zone (west of Greenwich to 10:30, east to 13:30), between birth and last line.
FROM_BOOK = f"""WITH newest AS (SELECT key, max(logins) AS logins FROM book
        WHERE key IN (SELECT id FROM keys WHERE scope = 2) GROUP BY key HAVING max(logins) > 0)
    SELECT keys.id, max(keys.first_seen, min(keys.last_seen, (min(book.day) - 719163) * {DAY} + 37800))
    FROM newest JOIN book ON book.key = newest.key AND book.logins = newest.logins JOIN keys ON keys.id = newest.key
    GROUP BY keys.id"""  # noqa: S608 - a number
MIGRATION = (TABLE, f"INSERT INTO last_logins {FROM_BOOK}")


def load(connection: sqlite3.Connection) -> dict[int, int]:
    """The last login by the user's key, UNIX seconds; of a ledger that is older than the table, right to the day."""
    (known,) = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'last_logins'").fetchone()
    return dict(connection.execute("SELECT key, stamp FROM last_logins" if known else FROM_BOOK))


def put(connection: sqlite3.Connection, stamps: Mapping[int, int]) -> None:
    """Write last logins by key; a newer one stays."""
    connection.executemany(
        "INSERT INTO last_logins VALUES (?, ?) ON CONFLICT DO UPDATE SET stamp = max(stamp, excluded.stamp)",
        list(stamps.items()),
    )


class LastLogin(NamedTuple):
    """A later login of a user (UNIX seconds) than known before."""

    server: str
    domain: str
    user: str
    stamp: int


class LastLogins:
    """Committed last logins, and what a commit changes. `stamps` is never changed, but replaced."""

    def __init__(self, connection: sqlite3.Connection, labels: Mapping[int, Labels]) -> None:
        known = load(connection).items()
        self.stamps: Mapping[Labels, int] = {labels[key]: stamp for key, stamp in known if key in labels}
        self._changed: dict[Labels, int] = {}

    def told(self, logins: Mapping[Account, Mapping[bytes, int]], now: float) -> list[LastLogin]:
        """What is new in the logins of one commit (newest stamp by account and address).

        A stamp more than a day ahead of our clock `now` counts as of a day ahead: else a server whose clock was wrong
        once would make an account look used for years.
        """
        most = int(now) + DAY
        changed: dict[tuple[str, str, str], int] = {}
        for account, addresses in logins.items():
            if account.user is not None:
                user = (account.server, account.domain, account.user)
                stamp = min(max(addresses.values()), most)
                if stamp > changed.get(user, self.stamps.get(user, 0)):
                    changed[user] = stamp
        return [LastLogin(*user, stamp) for user, stamp in changed.items()]

    def apply(self, told: Iterable[LastLogin]) -> None:
        """Apply what is now durable."""
        changed: dict[Labels, int] = {one[:3]: one.stamp for one in told}
        if changed:
            self.stamps = {**self.stamps, **changed}
            self._changed.update(changed)

    def write(self, connection: sqlite3.Connection, keys: Callable[[Labels], int]) -> None:
        """Update the table; `keys` has the ids of users."""
        put(connection, {keys(user): stamp for user, stamp in self._changed.items()})

    def written(self) -> None:
        """Note that the table is up to date."""
        self._changed = {}

    def forget(self, user: Labels) -> None:
        """Remove a user."""
        if user in self.stamps:
            self.stamps = {labels: stamp for labels, stamp in self.stamps.items() if labels != user}
