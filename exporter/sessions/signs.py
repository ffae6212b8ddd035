"""Signs that the numbers may be wrong: counted here per server, judged in truth.py."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from enum import StrEnum

# Sessions that began before we read end in the first hour: their ends join nothing, and nothing is wrong.
SETTLING_SECONDS = 3600


class Sign(StrEnum):
    """What is counted; apart from logins, a healthy log shows few."""

    LOGINS = "logins"  # connections that logged in
    EXPIRED = "expired"  # those of them that never logged an end
    UNJOINED = "unjoined"  # lines of a logged-in connection whose login was not seen
    EARLY = "early"  # of these, those in the server's first hour
    DUPLICATES = "duplicates"  # lines that were logged twice, and dropped
    ALIKE = "alike"  # lines that look the same as their copies, logged an even number of times in their second
    SINGLE = "single"  # of the same kind, those logged an odd number of times
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
        # By server, when its log begins for us, UNIX seconds.
        self.first: dict[str, int] = {}
        self._counts: Counter[tuple[str, Sign]] = Counter()

    def count(self, server: str, sign: Sign, number: int = 1) -> None:
        """Count `number` more."""
        self._counts[server, sign] += number

    def count_unjoined(self, server: str, stamp: int, number: int = 1) -> None:
        """Count lines with this stamp that belong to no login that was seen."""
        self.count(server, Sign.UNJOINED, number)
        if stamp < self.first.setdefault(server, stamp) + SETTLING_SECONDS:
            self.count(server, Sign.EARLY, number)

    def of(self, server: str) -> dict[Sign, int]:
        """The counts of a server."""
        return {sign: self._counts[server, sign] for sign in Sign} | {Sign.LOGINS: self.logins.get(server, 0)}

    def servers(self) -> Iterator[str]:
        """The servers that have counts."""
        yield from {server for server, _ in self._counts} | self.logins.keys()

    def total(self, sign: Sign) -> int:
        """The sum over all servers."""
        return sum(number for (_, one), number in self._counts.items() if one is sign)
