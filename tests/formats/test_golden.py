"""Every sample line is taken for what is written beside it; `pytest --update-golden` writes it anew, for review."""

from pathlib import Path

import pytest

from exporter.formats import FORMATS
from exporter.formats.contract import Format
from tests.formats.samples import events, sample_files

CASES = [
    pytest.param(form, path, id=f"{form.name}-{path.stem}") for form in FORMATS for path in sample_files(form.name)
]


@pytest.mark.parametrize(("form", "path"), CASES)
def test_samples_are_taken_for_what_is_written_beside_them(
    form: Format, path: Path, request: pytest.FixtureRequest
) -> None:
    """Line N of the events file is the verdict of line N of the log."""
    told = events(form, path)
    golden = path.with_suffix(".events.jsonl")
    if request.config.getoption("--update-golden"):
        golden.write_text("".join(f"{line}\n" for line in told), encoding="utf-8")
    lines = path.read_bytes().splitlines()
    written = golden.read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(written)
    for number, (line, expected, found) in enumerate(zip(lines, written, told, strict=True), 1):
        assert expected == found, f"{path.name}:{number}: {line!r}"
