"""The generated pages about servers are those that the code and the samples give."""

from pathlib import Path

import pytest

from exporter.catalogue import REASONS, Reason
from exporter.formats import FORMATS
from exporter.formats.documentation import deciding_lines, end_reasons
from exporter.model import Fact, Kind, Record
from tests.formats.samples import records, sample_files

TELLING = (Kind.END, Kind.REFUSAL, Kind.REPLY, Kind.COMMAND)
DOCS = Path(__file__).parents[2] / "docs"


def examples() -> dict[Reason, dict[str, bytes]]:
    """The first sample line of each reason and format, real logs before composed ones."""
    found: dict[Reason, dict[str, bytes]] = {reason: {} for reason in REASONS}
    for form in FORMATS:
        for path in sorted(sample_files(form.name), key=lambda path: (path.stem in ("rare", "known"), path.name)):
            for record in records(path):
                if not isinstance(record, Record):
                    continue
                fact = form.read(record)
                if isinstance(fact, Fact) and fact.reason is not None and fact.kind in TELLING:
                    found[fact.reason].setdefault(form.name, record.message)
    return {reason: lines for reason, lines in found.items() if lines}


PAGES = {"deciding-lines.md": lambda: deciding_lines(FORMATS), "end-reasons.md": lambda: end_reasons(examples())}


@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_current(page: str, request: pytest.FixtureRequest) -> None:
    """A change of a wording or a quality shows in the documentation of the same commit."""
    text = PAGES[page]()
    if request.config.getoption("--update-golden"):
        (DOCS / page).write_text(text, encoding="utf-8")
    assert text == (DOCS / page).read_text(encoding="utf-8")


def test_every_reason_of_a_server_has_an_example() -> None:
    """A reason that no sample shows would be in the list for nothing; expiry is ours, and has no line."""
    assert set(REASONS) - {Reason.EXPIRED} == set(examples())


def test_every_format_has_an_end_with_a_reason() -> None:
    """The closed list maps every server's wording."""
    assert {form.name for form in FORMATS} == {name for lines in examples().values() for name in lines}
