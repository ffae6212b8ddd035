"""Lines that a logger has folded ("message repeated 99 times"): booked by amount, so that none swells anything."""

from exporter.model import Charge, Fact, Kind

# Of lines without a key so many are taken one by one, as if they stood there; the rest is booked by amount, ended at
# once: each login taken singly is a session that stays open for hours.
TAKEN_SINGLY = 10
# Of one connection these can happen many times; the others tell the same once more.
AMOUNTS_OF_ONE = frozenset((Kind.FAILURE, Kind.BAD_COMMAND))


def scaled(fact: Fact, times: int) -> Fact:
    """The fact of a failure or bad command that happened so often."""
    if fact.kind is Kind.FAILURE:
        return fact._replace(failures=max(fact.failures, 1) * times)
    return fact._replace(bad_commands=max(fact.bad_commands, 1) * times)


def multiplied(charge: Charge, times: int) -> Charge:
    """The charges of so many connections alike."""
    amounts = tuple((measure, amount * times) for measure, amount in charge.amounts)
    return charge._replace(amounts=amounts, ends=charge.ends * times)
