"""Lines that a logger has folded ("message repeated 99 times"): charged as one amount, whatever the number."""

from exporter.model import Charge, Fact, Kind

# Lines without a key are taken singly up to this number, as if they were not folded. The rest is charged as one amount
# and ended at once, because each single login is a session that stays open for hours.
TAKEN_SINGLY = 10
# These can happen many times in one connection; other lines are duplicates.
AMOUNTS_OF_ONE = frozenset((Kind.FAILURE, Kind.BAD_COMMAND))


def scaled(fact: Fact, times: int) -> Fact:
    """A failure or bad command with the number of times that it happened."""
    if fact.kind is Kind.FAILURE:
        return fact._replace(failures=max(fact.failures, 1) * times)
    return fact._replace(bad_commands=max(fact.bad_commands, 1) * times)


def multiplied(charge: Charge, times: int) -> Charge:
    """The charges for `times` connections alike."""
    amounts = tuple((measure, amount * times) for measure, amount in charge.amounts)
    return charge._replace(amounts=amounts, ends=charge.ends * times)
