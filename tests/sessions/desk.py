"""A sessions stage over one source, with the book that its charges make."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from exporter.catalogue import MEASURES, Reason
from exporter.model import Account, Charge, Fact
from exporter.sessions import Sessions, Sign

IDLE = 600
_OF_A_HEALTHY_LOG = (Sign.LOGINS, Sign.SINGLE, Sign.EARLY)


@dataclass
class Desk:
    """Feeds facts; remembers what was charged to whom."""

    born: set[bytes] = field(default_factory=set)
    accounts: dict[tuple[str, str, str | None], Account] = field(default_factory=dict)
    book: Counter[tuple[str, str, str | None, str]] = field(default_factory=Counter)
    ends: Counter[Reason] = field(default_factory=Counter)
    charges: list[Charge] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sessions = Sessions(self.resolve, IDLE)

    def intern(self, server: str, domain: str, user: str | None) -> Account:
        """The one account of the triple."""
        return self.accounts.setdefault((server, domain, user), Account(server, domain, user))

    def resolve(self, server: str, name: bytes | None, login: bool) -> Account:  # noqa: FBT001 - the stage's API
        """Users are born by their logins; the domain of an unborn user is known when anyone of it is."""
        if name is None:
            return self.intern(server, "unknown", None)
        if login:
            self.born.add(name)
        domain = name.decode(errors="replace").partition("@")[2]
        if name in self.born:
            return self.intern(server, domain, name.decode(errors="replace"))
        known = any(one.endswith(b"@" + domain.encode()) for one in self.born)
        return self.intern(server, domain if known else "unknown", None)

    def note(self, charges: Sequence[Charge]) -> None:
        """Book what was charged."""
        self.charges += charges
        for account, _, amounts, reason, _, _, ends in charges:
            for position, amount in amounts:
                self.book[account.server, account.domain, account.user, MEASURES[position].name] += amount
            if reason is not None:
                self.ends[reason] += ends

    def take(self, *facts: Fact, stamp: int = 1000, server: str = "mx1") -> None:
        """Feed facts, all with one stamp."""
        for fact in facts:
            self.note(self.sessions.take(server, stamp, fact))

    def total(self, measure: str, **where: str | None) -> int:
        """The sum of a measure over what fits `where` (server, domain, user)."""
        found = 0
        for (server, domain, user, name), amount in self.book.items():
            place = {"server": server, "domain": domain, "user": user}
            if name == measure and all(place[label] == value for label, value in where.items()):
                found += amount
        return found

    @property
    def signs(self) -> dict[str, int]:
        """What was counted of signs that numbers may be wrong, over all servers."""
        counts = {str(sign): self.sessions.signs.total(sign) for sign in Sign if sign not in _OF_A_HEALTHY_LOG}
        return {sign: number for sign, number in counts.items() if number}

    def restart(self) -> None:
        """As after a stop: a new stage restored from what the ledger would hold."""
        opened, _ = self.sessions.changes()
        fresh = Sessions(self.resolve, IDLE)
        fresh.restore(opened, self.sessions.seen, self.sessions.charged, self.intern)
        self.sessions = fresh
