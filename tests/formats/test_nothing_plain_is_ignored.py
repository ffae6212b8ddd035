"""The first law of honesty: what carries the mark of a known POP3 server is an event or unmatched, never ignored.

Only a rule that knows a wording may ignore it. So whatever happens to the wording of a line that is an event, as long
as the server's mark stays, the line is never ignored: another version's new words show, and are not lost in silence.
"""

import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.formats import FORMATS
from exporter.formats.contract import Format
from exporter.formats.cyrus import PROGRAMS as CYRUS_PROGRAMS
from exporter.model import Fact, Record, Verdict
from tests.formats.samples import records, sample_files

FORMAT = pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
# Dovecot writes an error of its storage under the same mark, in words without number: their level is the rule.
LEVELLED = re.compile(rb".*?[:)] ?(?:Error|Warning|Fatal|Panic|Debug): ", re.DOTALL)
# Where the mark is in the message: what of it must stay, at the message's begin. Elsewhere the program is the mark.
MARKS = {
    "dovecot": rb"pop3(?:-login)?(?:[(:]|$)",
    "nginx": rb".{0,30}\[[a-z]+\] \d+#\d+: (?:\*\d+ )?",
    "smartermail": rb"\[[^]]+\]\[\d+\] (?:cmd:|rsp:)?",
    "hmailserver": rb"\"POP3D\"\t",
    "mailenable": rb"(?:[\d.]+ )?POP[A-Z0-9-]*[\t ]",
}
# Where the wording ends and elements begin: without the session, an attempt is known, and of no use.
ELEMENTS = {"dovecot": b": user=<"}
# Lines of programs that serve other protocols too have no mark of POP3 but their wording.
MARKED: dict[str, Callable[[Record], bool]] = {
    "cyrus": lambda record: record.program in CYRUS_PROGRAMS or record.program.startswith(b"cyrus/pop3"),
    "dovecot": lambda record: LEVELLED.match(record.message) is None,
}
LONGEST = 300


def events_of(form: Format) -> Iterator[tuple[Record, int, int]]:
    """One sample line of each look that is an event and has the mark; where its wording begins and ends."""
    mark = re.compile(MARKS.get(form.name, b""), re.DOTALL)
    seen = set()
    for path in sample_files(form.name):
        for record in records(path):
            if not isinstance(record, Record) or not MARKED.get(form.name, bool)(record):
                continue
            found, told = mark.match(record.message), form.read(record)
            if found is None or not isinstance(told, Fact):
                continue
            look = (told.kind, told.reason, re.sub(rb"[^A-Za-z ]+", b"#", record.message[found.end() :])[:12])
            if look not in seen:
                seen.add(look)
                end = record.message.find(ELEMENTS.get(form.name, b"\0"), found.end())
                yield record, found.end(), min(found.end() + LONGEST, len(record.message) if end < 0 else end)


EVENTS = {form.name: list(events_of(form)) for form in FORMATS}


@FORMAT
def test_a_wrong_letter_never_hides_a_line(form: Format) -> None:
    """Each letter of the wording, one at a time: the line is still an event, or it is seen that it is not."""
    assert EVENTS[form.name]
    for record, begin, end in EVENTS[form.name]:
        message = record.message
        for at in range(begin, end):
            if message[at : at + 1].isalpha():
                damaged = message[:at] + b"~" + message[at + 1 :]
                assert Verdict.IGNORED != form.read(record._replace(message=damaged)), damaged


@FORMAT
@given(data=st.data())
def test_no_damage_hides_a_line(form: Format, data: st.DataObject) -> None:
    """Cut off, or with words in it that nobody knows."""
    record, begin, end = data.draw(st.sampled_from(EVENTS[form.name]))
    at = data.draw(st.integers(begin, end))
    noise = data.draw(st.text("QXYZqxyz~", min_size=1, max_size=12)).encode()
    rest = record.message[data.draw(st.integers(at, end)) :]
    damaged = record.message[:at] + noise + rest
    assert Verdict.IGNORED != form.read(record._replace(message=damaged)), damaged


@FORMAT
@given(data=st.data())
def test_nobody_ignores_words_that_nobody_knows(form: Format, data: st.DataObject) -> None:
    """A line under the server's mark that says something entirely new."""
    record, begin, _ = data.draw(st.sampled_from(EVENTS[form.name]))
    words = data.draw(st.lists(st.text("qxyzQXYZ", min_size=1, max_size=9), min_size=1, max_size=6))
    told = form.read(record._replace(message=record.message[:begin] + " ".join(words).encode()))
    # A command of a dialogue may be anything.
    assert isinstance(told, Fact) or told in (Verdict.UNMATCHED, Verdict.MALFORMED)
