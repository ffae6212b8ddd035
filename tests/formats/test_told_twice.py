"""Third law of honesty, for every format: one session is one connection, however often its lines are told.

What tells a line from another one that says the same is the session's id, a number or time of the line's own, or that
the session can have only one such line. Where a server writes nothing of that, two equal lines of a second may be two
connections: they count, and the truth monitor sees that lines come in pairs (docs/not-exact.md).
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.formats import FORMATS
from exporter.formats.contract import Format
from exporter.model import Kind
from exporter.sessions import Sign
from exporter.sessions.told import names_itself
from tests.formats.streams import Line, Outcome, Site, echoed, events, outcome, subsets

FORMAT = pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
ONCE = ("connections", "logins", "terminations", "blocked_connections")
EXAMPLES = 40


def is_known(form: Format, line: Line) -> bool:
    """Whether a line is known to be told again, or at least of which connection it is: then it begins none."""
    fact = line[1]
    return bool(fact.mark) or names_itself(fact) or (bool(fact.key) and not form.keys.are_passed_on)


def check(form: Format, lines: list[Line], twice: Outcome) -> None:
    """The numbers are those of the lines told once, or there are lines that may be two, and no more connections."""
    once = outcome(form, lines)
    unknown = [line for line in lines if not is_known(form, line)]
    for measure in ONCE:
        more = twice.totals[measure] - once.totals[measure]
        assert more == 0 or (unknown and abs(more) <= len(unknown)), measure
    assert once.born >= twice.born or unknown


@FORMAT
@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data())
def test_each_line_told_again_by_the_logger(form: Format, data: st.DataObject) -> None:
    """At once, or some lines later."""
    lines = data.draw(subsets(form))
    check(form, lines, outcome(form, echoed(lines, data.draw(st.integers(0, 30)))))


@FORMAT
@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data())
def test_two_files_of_one_source(form: Format, data: st.DataObject) -> None:
    """The second is read after the first, in whole."""
    lines = data.draw(subsets(form))
    check(form, lines, outcome(form, [*lines, *lines]))


@FORMAT
@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data())
def test_two_sources_of_one_server(form: Format, data: st.DataObject) -> None:
    """Part by part, one behind the other: nothing at all is counted twice."""
    lines, size = data.draw(subsets(form)), data.draw(st.integers(1, 60))
    site = Site(form, sources=2)
    for begin in range(0, len(lines), size):
        for source in (0, 1):
            site.feed(lines[begin : begin + size], source)
    check(form, lines, site.outcome())


@FORMAT
def test_a_repeated_login_is_dropped_and_counted(form: Format) -> None:
    """Of a session that is open: each login line of the samples, told again at once."""
    for sample in events(form):
        for at, (_, fact) in enumerate(sample):
            if fact.kind is Kind.LOGIN and is_known(form, sample[at]) and fact.ok is not True and not fact.tentative:
                site = Site(form)
                site.feed([sample[at]] * 2)
                found = site.outcome()
                assert (1, 1, 1) == (found.totals["connections"], found.totals["logins"], found.signs[Sign.DUPLICATES])
