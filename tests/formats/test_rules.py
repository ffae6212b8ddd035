"""Formats made of a table of rules: each rule has its sample, and no line two rules."""

from collections import Counter

import pytest

from exporter.formats import FORMATS
from exporter.formats.contract import Format
from exporter.formats.nginx import Nginx, split
from exporter.formats.wording import Wording
from exporter.inputs.lines import MAX_LINE
from exporter.model import Fact, Record, Verdict
from tests.formats.samples import records, sample_files

TABLED = [(form, table) for form in FORMATS if isinstance(table := getattr(form, "wording", None), Wording)]
TABLE = pytest.mark.parametrize(("form", "wording"), TABLED, ids=[form.name for form, _ in TABLED])


def tried(form: Format) -> list[tuple[Record, bytes]]:
    """The sample lines of a format, with what of them the rules are tried on."""
    found = [record for path in sample_files(form.name) for record in records(path) if isinstance(record, Record)]
    if isinstance(form, Nginx):
        return [(record, rest) for record in found if (rest := split(record.message)[2])]
    return [(record, record.message) for record in found]


def messages(form: Format) -> list[bytes]:
    """What the rules are tried on, of all samples of a format."""
    return [message for _, message in tried(form)]


@TABLE
def test_every_rule_has_a_sample(form: Format, wording: Wording) -> None:
    """What no sample shows, nobody has tried."""
    hit = Counter(wording.rule(message) for message in messages(form))
    assert [] == [rule.name for rule in wording.rules if not hit[rule.name]]


@TABLE
def test_no_line_matches_two_rules(form: Format, wording: Wording) -> None:
    """So the order of the rules never decides."""
    assert [] == [(message, hits) for message in messages(form) if len(hits := wording.matching(message)) > 1]


@TABLE
def test_rules_have_names_of_their_own(form: Format, wording: Wording) -> None:
    """`parse` counts by them."""
    assert form.name
    assert len(wording.rules) == len({rule.name for rule in wording.rules})


@TABLE
def test_a_name_as_long_as_a_line_can_be(form: Format, wording: Wording) -> None:
    """Whatever a client repeats between the true beginning and the true end of a line; see the longest lines."""
    firsts = {wording.rule(message): record for record, message in tried(form)}
    for record in firsts.values():
        message = record.message[:400]
        for cut in range(0, len(message), 29):
            for chunk in (message[cut : cut + 6], message[cut : cut + 40]):
                hostile = message[:cut] + chunk * (MAX_LINE // len(chunk)) + message[cut:]
                assert isinstance(form.read(record._replace(message=hostile)), Fact | Verdict)
