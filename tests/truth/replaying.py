"""What the log of a run says, connection by connection: by the client's address, which is one per connection."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exporter.catalogue import MEASURES, End
from exporter.formats.contract import Format
from exporter.model import Charge, Fact, Record
from exporter.names import NameRules, Names
from exporter.sessions import Sessions
from tests.formats.samples import records


@dataclass
class Charged:
    """What was charged for the connections from one address."""

    measures: Counter[str] = field(default_factory=Counter)
    # By measure, domain and user (None: no user of its own).
    accounts: Counter[tuple[str, str, str | None]] = field(default_factory=Counter)
    ends: Counter[End] = field(default_factory=Counter)

    def book(self, charges: Iterable[Charge]) -> None:
        """Add what was charged."""
        for charge in charges:
            for position, amount in charge.amounts:
                name = MEASURES[position].name
                self.measures[name] += amount
                self.accounts[name, charge.account.domain, charge.account.user] += amount
            if charge.reason is not None:
                self.ends[charge.reason.end] += 1


def names_of(users: Iterable[str]) -> Names:
    """Names that know these users from the beginning, so that the order of the lines decides nothing."""
    known = frozenset(users)
    return Names(NameRules(listed_users=known, listed_domains=frozenset(user.partition("@")[2] for user in known)))


def replayed(form: Format, paths: Sequence[Path], names: Names) -> dict[str, Charged]:
    """What the lines of `paths`, one after the other, come to, by address (`?` where no line has one)."""
    sessions = Sessions(lambda server, user, login: names.account(server, user, login=login), form.idle_seconds)
    told: defaultdict[str, Charged] = defaultdict(Charged)
    found = [record for path in paths for record in records(path) if isinstance(record, Record)]
    facts = [(record.stamp, fact) for record in found if isinstance(fact := form.read(record), Fact)]
    # An end line may stand before the line that has the address.
    addresses = {_key(fact): fact.address.decode() for _, fact in facts if fact.address is not None}
    for stamp, fact in facts:
        told[addresses.get(_key(fact), "?")].book(sessions.take("mx1", stamp, fact))
    for place in list(sessions._memory.open):
        session = sessions._memory.open.pop(place)
        charges: list[Charge] = []
        sessions._give_up(session, charges)
        told[addresses.get(session.key, "?")].book(charges)
    assert sessions.seen == sessions.charged
    return dict(told)


def _key(fact: Fact) -> bytes:
    """What ties the facts of one connection; one without a key is alone."""
    return fact.key or b"%b %b" % (fact.user or b"", fact.address or b"")
