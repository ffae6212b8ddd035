"""Logs of servers for Windows, forwarded to a syslog daemon, come to the same as the files themselves."""

from collections.abc import Callable, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from exporter.envelopes.opener import Opener
from exporter.envelopes.tabs import with_tabs
from exporter.formats import FORMATS
from exporter.formats.contract import Format
from exporter.model import Fact, Record

SAMPLES = Path(__file__).parents[1] / "formats"
BY_NAME = {form.name: form for form in FORMATS}
LOGS = [
    pytest.param(BY_NAME[path.parent.name], path, id=path.name)
    for name in ("hmailserver", "mailenable", "smartermail", "exchange")
    for path in sorted((SAMPLES / name).iterdir())
    if path.suffix.lower() == ".log"
]
NOW = 1_795_334_400.0
OLD, ISO = b"Nov 22 08:00:10 win1 ", b"2026-11-22T08:00:10.000000+00:00 win1 "


def escaped(tab: bytes, end: bytes) -> Callable[[bytes], bytes]:
    """What a syslog daemon makes of a row."""
    return lambda line: line.replace(b"\t", tab).replace(b"\r", end)


FORWARDED: dict[str, Callable[[bytes], bytes]] = {
    "tabs": lambda line: OLD + line,
    "tabs, ISO": lambda line: ISO + line,
    "tabs, tag": lambda line: OLD + b"mail: " + line,
    "rsyslog": lambda line: OLD + escaped(b"#011", b"#015")(line),
    "rsyslog, ISO, tag": lambda line: ISO + b"mail[7]: " + escaped(b"#011", b"#015")(line),
    "C style": lambda line: OLD + b"mail: " + escaped(b"\\t", b"\\r")(line),
    "BSD": lambda line: OLD + b"mail: " + escaped(b"^I", b"^M")(line),
}


def facts(form: Format, lines: Sequence[bytes]) -> list[Fact]:
    """The facts of a log's lines, in order."""
    opener = Opener(ZoneInfo("UTC"))
    opener.begin("x.log", NOW, NOW, lines)
    records = [record for record in map(opener.open, lines) if isinstance(record, Record)]
    return [fact for fact in map(form.read, records) if isinstance(fact, Fact)]


@pytest.mark.parametrize("how", FORWARDED)
@pytest.mark.parametrize(("form", "path"), LOGS)
def test_it_comes_to_the_same_as_the_file(form: Format, path: Path, how: str) -> None:
    lines = [line.removesuffix(b"\r") for line in path.read_bytes().split(b"\n") if line.strip()]
    expected = facts(form, lines)
    assert expected
    assert facts(form, [FORWARDED[how](line) for line in lines]) == expected


@pytest.mark.parametrize(
    "message",
    [
        b"pop3-login: Login: user=<a#011b>, session=<1>",
        b'"POP3D"\t1\t2\t"text with #011"',
        b"11/22/26 08:00:00 #011",
    ],
)
def test_nothing_else_is_changed(message: bytes) -> None:
    assert with_tabs(message) is message
