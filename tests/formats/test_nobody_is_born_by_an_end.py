"""Second law of honesty, for every format: without a login that succeeded no user and no domain gets series."""

from pathlib import Path

import pytest

from exporter.formats import formats_of
from exporter.model import Charge, Fact, Kind, Record
from exporter.names import NameRules, Names
from exporter.sessions import Sessions
from tests.formats.samples import records, sample_files

# In a dialogue these are what a login is made of.
_OF_A_LOGIN = frozenset((Kind.LOGIN, Kind.COMMAND, Kind.REPLY))


@pytest.mark.parametrize("path", sample_files(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_nobody_is_born_without_a_login(path: Path) -> None:
    """All samples but the lines of logins: ends, bytes, failures and refusals bring no name into being."""
    form = formats_of(path.parent.name)[0]
    names = Names(NameRules())
    sessions = Sessions(lambda server, user, login: names.account(server, user, login=login), form.idle_seconds)
    sessions.use(form.name, form.idle_seconds, keys_are_unique=form.keys_are_unique)
    charges: list[Charge] = []
    for record in records(path):
        fact = form.read(record) if isinstance(record, Record) else None
        if isinstance(record, Record) and isinstance(fact, Fact) and fact.kind not in _OF_A_LOGIN:
            charges += sessions.take("mx1", record.stamp, fact)
    charges += sessions.finish()
    assert {("unknown", None)} >= {(charge.account.domain, charge.account.user) for charge in charges}
