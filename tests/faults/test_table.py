"""The documentation's table of faults and the tests are about the same faults."""

import re
from pathlib import Path

from tests.faults.test_faults import faults

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
ROW = re.compile(r"^\| (?P<number>\d+)b? \|", re.MULTILINE)


def test_every_fault_is_in_the_table() -> None:
    """Each test is named in the table, and each name in the table is a test."""
    named = set(re.findall(r"`([a-g]\d\d[a-z]?_\w+)`", PAGE.read_text(encoding="utf-8")))
    assert {name for name, _ in faults()} == named


def test_the_table_is_complete() -> None:
    """All 55 points are there."""
    numbers = {int(number) for number in ROW.findall(PAGE.read_text(encoding="utf-8"))}
    assert set(range(1, 56)) == numbers
