"""What every format owes, whoever wrote it: the list of what is missing when a server is added."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.catalogue import MEASURES, End
from exporter.formats import FORMATS
from exporter.formats.contract import Format
from exporter.formats.wording import MAX_BYTES
from exporter.inputs.lines import MAX_LINE
from exporter.model import Fact, Kind, Record, Verdict
from tests.formats.samples import HERE, records, sample_files

FORMAT = pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
ALL_RECORDS = {
    path: [found for found in records(path) if isinstance(found, Record)] for path in sample_files() if FORMATS
}


def records_of(form: Format) -> list[Record]:
    """All sample lines of one format."""
    return [record for path, found in ALL_RECORDS.items() if path.parent.name == form.name for record in found]


def facts_of(form: Format) -> list[Fact]:
    """What its sample lines say."""
    return [told for told in map(form.read, records_of(form)) if isinstance(told, Fact)]


def test_names_are_distinct() -> None:
    """A name selects one format, and names the folder of its samples; no samples are nobody's."""
    names = [form.name for form in FORMATS]
    assert len(names) == len(set(names))
    assert {path.parent.name for path in sample_files()} <= set(names)


@FORMAT
def test_a_format_has_samples(form: Format) -> None:
    """At least one file in tests/formats/NAME, with logins and ends or what else it has, and ignored lines."""
    assert sample_files(form.name), f"no samples in {HERE / form.name}"
    assert facts_of(form), "no sample line is an event"


@FORMAT
def test_a_format_tells_the_quality_of_every_measure(form: Format) -> None:
    """Nothing may look like a silent zero."""
    assert {measure.name for measure in MEASURES} == set(form.quality)
    for trait, qualities in form.traits.items():
        assert {measure.name for measure in MEASURES} >= set(qualities), trait


@FORMAT
def test_the_traits_that_lines_show_are_described(form: Format) -> None:
    """A trait that no table knows would change nothing."""
    assert {fact.trait for fact in facts_of(form)} - {""} <= set(form.traits)
    assert set(form.documentation.advice) <= set(form.traits) | {""}


@FORMAT
def test_refusals_tell_why(form: Format) -> None:
    """A REFUSAL's reason is one of the class blocked, or the server's own fault."""
    for fact in facts_of(form):
        if fact.kind is Kind.REFUSAL:
            assert fact.reason is not None
            assert fact.reason.end in (End.BLOCKED, End.TERMINATED)


@FORMAT
def test_a_format_is_documented(form: Format) -> None:
    """The tables of the documentation are made of it."""
    assert form.idle_seconds > 0
    assert form.documentation.servers
    assert form.documentation.deciding_lines
    assert form.documentation.bytes_cover


@FORMAT
def test_a_format_survives_everybodys_lines(form: Format) -> None:
    """Lines of other servers never raise, and are recognised as no own ones."""
    for path, found in ALL_RECORDS.items():
        for record in found:
            form.read(record)
            if path.parent.name != form.name:
                assert not form.recognises(record), record


@FORMAT
def test_a_format_recognises_its_own(form: Format) -> None:
    """Some lines of its samples can only be its own."""
    assert any(map(form.recognises, records_of(form)))


@FORMAT
@given(program=st.binary(max_size=20), pid=st.binary(max_size=6), message=st.binary(max_size=200))
@example(program=b"", pid=b"", message=b"")
def test_a_format_survives_any_bytes(form: Format, program: bytes, pid: bytes, message: bytes) -> None:
    """Whatever a line holds, it gets a fact or a verdict."""
    told = form.read(Record(0, b"mx1", program, pid, message))
    assert isinstance(told, Fact | Verdict)


@FORMAT
@given(data=st.data())
def test_a_format_survives_its_own_lines_mutated(form: Format, data: st.DataObject) -> None:
    """Cut, doubled, joined, with bytes exchanged: still a fact or a verdict."""
    found = records_of(form)
    record, other = (data.draw(st.sampled_from(found)) for _ in range(2))
    at = data.draw(st.integers(0, len(record.message)))
    to = data.draw(st.integers(0, len(other.message)))
    noise = data.draw(st.binary(max_size=8))
    told = form.read(record._replace(message=record.message[:at] + noise + other.message[to:]))
    assert isinstance(told, Fact | Verdict)


@FORMAT
@given(data=st.data())
def test_no_format_believes_any_number(form: Format, data: st.DataObject) -> None:
    """What no connection can have, sums cannot take: such a line is malformed where it is read."""
    record = data.draw(st.sampled_from(records_of(form)))
    digits = str(data.draw(st.integers(MAX_BYTES + 1, 10**30))).encode()
    numbers = list(re.finditer(rb"\d+", record.message))
    for number in numbers:
        message = record.message[: number.start()] + digits + record.message[number.end() :]
        told = form.read(record._replace(message=message))
        if isinstance(told, Fact):
            assert max(told.received or 0, told.sent or 0) <= MAX_BYTES, message


@FORMAT
def test_a_format_survives_the_longest_lines(form: Format) -> None:
    """Made of what the format looks for; if reading takes time that grows with the square, this test never ends."""
    found = records_of(form)
    for record in found[:200] + found[200::40]:  # some of every sample file
        message = (record.message * (1 + MAX_LINE // max(len(record.message), 1)))[:MAX_LINE]
        assert isinstance(form.read(record._replace(message=message)), Fact | Verdict)
