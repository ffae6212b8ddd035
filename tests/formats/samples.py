"""The samples of the formats: real lines, with what each is taken for in the file beside them.

`tests/formats/NAME/*.log` belong to the format NAME; line N of `X.events.jsonl` is the verdict of line N of `X.log`.
"""

import json
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from zoneinfo import ZoneInfo

from exporter.envelopes import Opener
from exporter.formats.contract import Format
from exporter.model import Fact, Record, Verdict

HERE = Path(__file__).parent
# When the samples are read (23 November 2026), for stamps without a year.
NOW = 1_795_392_000.0


def sample_files(name: str | None = None) -> list[Path]:
    """The sample logs of one format, or of all."""
    return sorted(HERE.glob(f"{name or '*'}/*.log"))


def records(path: Path) -> Iterator[Record | Verdict | None]:
    """The lines of a sample out of their envelopes, one item a line."""
    opener = Opener(ZoneInfo("UTC"))
    opener.begin(path.name, 0.0, NOW)
    for line in path.read_bytes().splitlines():
        yield opener.open(line)


def events(form: Format, path: Path) -> list[str]:
    """What `form` says of each line of `path`, as the golden file has it."""
    told = (form.read(found) if isinstance(found, Record) else found for found in records(path))
    return [json.dumps(described(outcome), ensure_ascii=False) for outcome in told]


def described(outcome: Fact | Verdict | None) -> object:
    """A fact as its kind and what differs from a bare one; a verdict as its name; null: no line of its own."""
    if not isinstance(outcome, Fact):
        return outcome
    fields: dict[str, object] = {"kind": outcome.kind.name.lower()}
    for name, value, default in zip(Fact._fields, outcome, Fact(outcome.kind), strict=True):
        if value != default:
            fields[name] = _plain(value)
    return fields


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value.value if isinstance(value, Enum) else value
