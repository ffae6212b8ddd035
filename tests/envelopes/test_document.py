"""docs/envelopes.md: every example in it is read as it says, at the same moment."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from exporter.envelopes import Opener
from exporter.model import Record

DOCUMENT = (Path(__file__).parents[2] / "docs" / "envelopes.md").read_text(encoding="utf-8")
TEXT = "pop3-login: Login: user=<a@example.com>, session=<x>"
# 2026-03-25 10:31:52 in Berlin
AT = 1_774_431_112
WRITTEN = re.compile(r"`([^`]+)`")


def examples() -> list[str]:
    """The lines in the tables of examples, and the stamps of servers' own files with a line behind them."""
    found = []
    for table in re.findall(r"\| written by \| example \|\n(?:\|.*\n)+", DOCUMENT):
        for row in table.splitlines()[2:]:
            found += [
                one.replace("\\|", "|") for one in WRITTEN.findall(row.replace("\\|", "\\\0").rpartition(" | ")[2])
            ]
    own = DOCUMENT[DOCUMENT.index("## Servers' own files") : DOCUMENT.index("## What to set")]
    found += [one if "..." in one else f"{one} ..." for one in WRITTEN.findall(own) if re.match(r"[\d@d]", one)]
    found = [one for one in found if "repeated" not in one]  # it stands for other lines: test_inside.py
    return [one.replace("\\\0", "|").replace("<tab>", "\t").replace("...", TEXT) for one in found]


@pytest.mark.parametrize("line", examples())
def test_examples(line: str) -> None:
    """Each is the same message of the same second."""
    opener = Opener(ZoneInfo("Europe/Berlin"))
    opener.begin("mail.log", AT, AT, [line.encode()])
    record = opener.open(line.encode())
    assert isinstance(record, Record)
    assert (AT, TEXT) == (record.stamp, record.message.decode().removeprefix("Info: "))


def test_there_are_examples() -> None:
    """The tables are found."""
    assert len(examples()) > 30
