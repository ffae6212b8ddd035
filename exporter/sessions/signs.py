"""Signs that the numbers may be wrong: counted here per server, judged in truth.py."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from enum import StrEnum


class Sign(StrEnum):
    """What is counted; apart from logins, a healthy log shows few."""

    LOGINS = "logins"  # connections that logged in
    EXPIRED = "expired"  # those of them that never logged an end
    UNJOINED = "unjoined"  # lines of a logged-in connection whose login was not seen
    DUPLICATES = "duplicates"  # logins and ends that were logged twice, and dropped
    ALIKE = "alike"  # lines without an id or process that equal the one before: two connections, or a duplicate
    TWICE = "twice"  # logins whose session id another server has logged, too: both were counted
    GIVEN_UP = "given_up"  # connections given up because too many were open
    PROBES = "probes"  # connections without a login from `ignore_addresses`, not charged


class Signs:
    """Counts since this object was made; `twice_with`: server to another one that logs the same sessions.

    `logins`: per server, incremented directly where they are charged, because there are millions.
    """

    def __init__(self) -> None:
        self.logins: defaultdict[str, int] = defaultdict(int)
        self.twice_with: dict[str, str] = {}
        self._counts: Counter[tuple[str, Sign]] = Counter()

    def count(self, server: str, sign: Sign, number: int = 1) -> None:
        """Count `number` more."""
        self._counts[server, sign] += number

    def of(self, server: str) -> dict[Sign, int]:
        """The counts of a server."""
        return {sign: self._counts[server, sign] for sign in Sign} | {Sign.LOGINS: self.logins.get(server, 0)}

    def servers(self) -> Iterator[str]:
        """The servers that have counts."""
        yield from {server for server, _ in self._counts} | self.logins.keys()

    def total(self, sign: Sign) -> int:
        """The sum over all servers."""
        return sum(number for (_, one), number in self._counts.items() if one is sign)
