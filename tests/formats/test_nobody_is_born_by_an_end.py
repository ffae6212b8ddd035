"""Second law of honesty, for every format: nobody is born by an end.

Without a login that succeeded no user and no domain gets series, and a line after a login that was not seen begins no
connection: it is an orphan, counted as such.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.formats import FORMATS
from exporter.formats.contract import Format
from exporter.model import Kind
from exporter.sessions import Sign
from tests.formats.streams import Line, Site, events, outcome, runs, subsets

FORMAT = pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
# In a dialogue these are what a login is made of.
DIALOGUE = (Kind.COMMAND, Kind.REPLY)
OF_TRANSACTION = (b"STAT", b"LIST", b"RETR", b"DELE", b"TOP", b"UIDL")


def refused(line: Line) -> Line | None:
    """The line without any success; None: it is a login."""
    stamp, fact = line
    if fact.kind is Kind.LOGIN:
        return None
    return (stamp, fact._replace(ok=False)) if fact.kind in DIALOGUE and fact.ok else line


@FORMAT
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_without_a_login_nobody_is_born(form: Format, data: st.DataObject) -> None:
    """Any lines in their order but logins: prefixes, ends, failures and refusals bring no name into being."""
    lines = [line for one in data.draw(subsets(form)) if (line := refused(one)) is not None]
    assert {("unknown", None)} >= outcome(form, lines).born


@FORMAT
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_only_names_that_logged_in_are_born(form: Format, data: st.DataObject) -> None:
    """Any lines: who is born is named by a line of a login, or of the dialogue that is one."""
    lines = data.draw(subsets(form))
    naming = {fact.user for _, fact in lines if fact.user is not None and fact.kind in (Kind.LOGIN, *DIALOGUE)}
    known = {name.decode(errors="replace").strip().lower() for name in naming}
    for domain, user in outcome(form, lines).born - {("unknown", None), ("_other", "_other")}:
        assert user is None or user in known or user == "_other"
        assert domain in ("unknown", "_other") or any(one.endswith("@" + domain) for one in known)


def after_logins(sample: tuple[Line, ...], *, all_show: bool) -> list[Line]:
    """The lines of connections between their login and their end, with the end."""
    inside: set[bytes] = set()
    found = []
    for line in sample:
        key, kind = line[1].key, line[1].kind
        if key is None or line[1].tentative or line[1].failures or kind is Kind.FAILURE:
            continue  # an attempt is before the login, whatever key a hand-made sample gives it
        if key in inside and kind is not Kind.LOGIN and (all_show or shows_login(line)):
            found.append(line)
        if kind is Kind.LOGIN:
            inside.add(key)
        elif kind in (Kind.END, Kind.CONNECT):
            inside.discard(key)
    return found


def shows_login(line: Line) -> bool:
    """Whether the line alone shows that its connection had logged in."""
    fact = line[1]
    if fact.kind is Kind.COMMAND:
        return fact.ok is True and fact.verb.upper() in OF_TRANSACTION
    return fact.ok is True


@FORMAT
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_lines_after_a_login_that_was_not_seen_begin_nothing(form: Format, data: st.DataObject) -> None:
    """Ends without begins, any of them: no connection, nobody is born, and it is seen that they join nothing."""
    found = [after_logins(sample, all_show=False) for sample in events(form)]
    if form.shows_login:
        found += [after_logins(sample, all_show=True) for sample in runs(form)]
    lines = data.draw(st.sampled_from([one for one in found if one] or [[]]))
    left_out = data.draw(st.sets(st.integers(0, max(len(lines) - 1, 0)), max_size=max(len(lines) - 1, 0)))
    orphans = [line for at, line in enumerate(lines) if at not in left_out]
    site = Site(form)
    site.feed(orphans)
    told = site.outcome()
    assert (0, 0) == (told.totals["connections"], told.totals["logins"])
    assert set() == told.born
    assert not orphans or told.signs[Sign.UNJOINED]
