"""Formats made of a table of rules: each rule has its sample, and no line two rules."""

from collections import Counter

import pytest

from exporter.formats import FORMATS
from exporter.formats.contract import Format
from exporter.formats.nginx import Nginx, split
from exporter.formats.wording import Wording
from exporter.model import Record
from tests.formats.samples import records, sample_files

TABLED = [(form, table) for form in FORMATS if isinstance(table := getattr(form, "wording", None), Wording)]
TABLE = pytest.mark.parametrize(("form", "wording"), TABLED, ids=[form.name for form, _ in TABLED])


def messages(form: Format) -> list[bytes]:
    """What the rules are tried on, of all samples of a format."""
    found = [record for path in sample_files(form.name) for record in records(path) if isinstance(record, Record)]
    if isinstance(form, Nginx):
        return [rest for _, _, rest in map(split, (record.message for record in found)) if rest]
    return [record.message for record in found]


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
