"""The same lines in two files, or in two sources: read once, and told."""

import bz2
import gzip
import lzma
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.inputs.copies import Claims
from exporter.inputs.files import FileInput
from tests.inputs.test_files import NOW, lines

LINES = [
    b"2026-11-22T08:%02d:%02d+00:00 mx1 dovecot: pop3-login: Login: user=<u%d>" % (n // 60, n % 60, n)
    for n in range(200)
]
# As a log is: another program's lines between them.
MIXED = [line if n % 3 else line.replace(b"dovecot: pop3", b"postfix/smtpd: x") for n, line in enumerate(LINES)]
POP3 = [line for line in MIXED if b"dovecot" in line]


def text(*parts: list[bytes]) -> bytes:
    """Lines as a file has them."""
    return b"".join(line + b"\n" for part in parts for line in part)


def told(source: FileInput) -> str:
    """The problems, as an operator sees them."""
    return "\n".join(source.status().problems)


COPIES: dict[str, Callable[[], bytes]] = {
    "mail.log.dovecot": lambda: text(POP3),  # grep
    "mail.log.old": lambda: text(MIXED[-50:]),  # tail
    "mail.info": lambda: text(MIXED[:150]),  # the logger's second file
    "mail.log.save": lambda: text(MIXED[:50]),  # head
    "mail.log.2.gz": lambda: gzip.compress(text(MIXED[40:60])),
}


@pytest.mark.parametrize("name", COPIES)
@pytest.mark.parametrize("when", ["before", "after", "filled"])
def test_a_copy_of_what_is_read_is_left_out(tmp_path: Path, name: str, when: str) -> None:
    """Made before the first start or while it runs, at once or in pieces: no line counts twice, nor after a restart."""
    log, copy = tmp_path / "mail.log", tmp_path / name
    log.write_bytes(text(MIXED))
    if when == "before":
        copy.write_bytes(COPIES[name]())
    source = FileInput("mail", [str(tmp_path / "mail.*")], start="beginning")
    read = lines(source)
    if when == "filled" and not name.endswith(".gz"):
        copy.touch()
        read += lines(source)
    if when != "before":
        copy.write_bytes(COPIES[name]())
    read += lines(source)
    assert sorted(MIXED) == sorted(read)
    with log.open("ab") as file:
        file.write(b"and on it goes, of course, in the log alone\n")
    assert [b"and on it goes, of course, in the log alone"] == lines(source)
    again = FileInput("mail", [str(tmp_path / "mail.*")], source.positions())
    assert [] == lines(again)
    if "save" not in name:  # a copy of its begin is known as a rotation's
        for one in (source, again):
            assert f"{copy}: not read, so that nothing counts twice: {log} has the same lines" in told(one)


def test_the_loggers_second_file_stays_out_when_both_are_rotated(tmp_path: Path) -> None:
    """`mail.info` beside `mail.log`: the next generation of it is not even begun, whichever is written first."""
    log, twin = tmp_path / "mail.log", tmp_path / "mail.info"
    for file in (log, twin):
        file.write_bytes(text(LINES[:100]))
    source = FileInput("mail", [str(tmp_path / "mail.*")], start="beginning")
    read = lines(source)
    for file in (log, twin):
        file.rename(f"{file}.1")
    read += lines(source)
    for file in (twin, log):
        file.write_bytes(text(LINES[100:]))
        read += lines(source)
    assert sorted(LINES) == sorted(read)
    assert "not read, so that nothing counts twice" in told(source)


def test_two_logs_are_two_logs(tmp_path: Path) -> None:
    """Other lines, and the same header: both are read, and nothing is told."""
    header = [b"#Software: Microsoft Exchange Server, a header of its own that every file has", b"#Fields: a,b,c"]
    for number in range(3):
        (tmp_path / f"{number}.log").write_bytes(text(header, LINES[number * 50 : number * 50 + 50]))
    source = FileInput("mail", [str(tmp_path / "*.log")], start="beginning")
    assert sorted([*header * 3, *LINES[:150]]) == sorted(lines(source))
    assert "" == told(source)


def two(tmp_path: Path, *, share: bool = False) -> tuple[FileInput, FileInput]:
    """Two sources over the same directory."""
    claims = Claims(lambda *_: share)
    patterns = (str(tmp_path / "mail.log"), str(tmp_path / "*.log*"))
    one, other = (FileInput(n, [p], start="beginning", claims=claims) for n, p in zip("ab", patterns, strict=True))
    return one, other


def test_a_file_of_another_source_is_left_out(tmp_path: Path) -> None:
    """Whichever sees it first reads it; renamed, copied and rotated it stays with that source."""
    log = tmp_path / "mail.log"
    log.write_bytes(text(LINES[:50]))
    one, other = two(tmp_path)
    assert LINES[:50] == lines(one)
    assert [] == lines(other)
    assert f"{log}: not read, so that nothing counts twice: source a reads it or has read it" in told(other)
    log.rename(tmp_path / "mail.log.1")
    log.write_bytes(text(LINES[50:]))
    assert LINES[50:] == [*lines(one), *lines(other)]
    log.rename(tmp_path / "archive.log")
    assert [] == [*lines(one, NOW + 60), *lines(other, NOW + 60)]
    assert [] == [*lines(one, NOW + 120), *lines(other, NOW + 120)]


def test_sources_that_may_share_both_read(tmp_path: Path) -> None:
    """One log of several hosts, each source with its own."""
    (tmp_path / "mail.log").write_bytes(text(LINES))
    one, other = two(tmp_path, share=True)
    assert (LINES, LINES) == (lines(one), lines(other))
    assert "" == told(one) + told(other)


def zipped(copy: Path, lines_: list[bytes]) -> None:
    """A copy, compressed according to its name."""
    packs: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
    copy.write_bytes(packs.get(copy.suffix, bytes)(text(lines_)))


@pytest.mark.parametrize("rotated", ["mail.log.1", "mail.log.1.gz", "mail.log.1.xz"])
@pytest.mark.parametrize("name", ["mail.log.bak", "mail.log.old", "mail.log.saved.gz", "mail.log.save.bz2"])
@pytest.mark.parametrize("pattern", ["mail.log", "mail.log*"])
def test_an_older_copy_does_not_take_the_place_of_a_rotated_log(
    tmp_path: Path, rotated: str, name: str, pattern: str
) -> None:
    """A copy is made before we stop; the log goes on, and is rotated as a new file (copytruncate, compress)."""
    log, copy = tmp_path / "mail.log", tmp_path / name
    log.write_bytes(text(LINES[:100]))
    source = FileInput("mail", [str(tmp_path / pattern)], start="beginning")
    read = lines(source)
    zipped(copy, LINES[:100])
    os.utime(copy, (NOW - 100, NOW - 100))
    read += lines(source)
    log.unlink()
    zipped(tmp_path / rotated, LINES[:150])
    os.utime(tmp_path / rotated, (NOW - 50, NOW - 50))
    log.write_bytes(text(LINES[150:]))
    again = FileInput("mail", [str(tmp_path / pattern)], source.positions())
    assert sorted(LINES) == sorted(read + lines(again))
    assert 0 == again.status().lines_possibly_lost
    source.close()
    again.close()


def test_a_copy_does_not_take_the_place_of_a_log_with_a_new_inode(tmp_path: Path) -> None:
    """The log was moved to another disk and back while we were not running: nothing counts twice."""
    log, copy = tmp_path / "mail.log", tmp_path / "mail.log.bak"
    log.write_bytes(text(LINES[:100]))
    source = FileInput("mail", [str(tmp_path / "mail.log*")], start="beginning")
    assert LINES[:100] == lines(source)
    copy.write_bytes(text(LINES[:100]))
    log.unlink()
    log.write_bytes(text(LINES[:100]))
    os.utime(copy, (NOW - 100, NOW - 100))
    again = FileInput("mail", [str(tmp_path / "mail.log*")], source.positions())
    assert [] == lines(again)
    with log.open("ab") as file:
        file.write(text(LINES[100:]))
    assert LINES[100:] == lines(again)
    source.close()
    again.close()


@pytest.mark.parametrize("name", ["mail.log.dovecot", "mail.log.old"])
def test_a_copy_stays_left_out_when_its_log_is_compressed_and_we_restart(tmp_path: Path, name: str) -> None:
    """What was not read stays so, though nobody can search its lines any more; another file with its inode is read."""
    log, copy = tmp_path / "mail.log", tmp_path / name
    log.write_bytes(text(MIXED))
    source = FileInput("mail", [str(tmp_path / "mail.*")], start="beginning")
    read = lines(source)
    copy.write_bytes(COPIES[name]())
    read += lines(source)
    (tmp_path / "mail.log.1.gz").write_bytes(gzip.compress(log.read_bytes()))
    log.unlink()
    log.write_bytes(b"and on it goes, of course, in the log alone\n")
    read += lines(source)
    assert len(MIXED) + 1 == len(read)
    again = FileInput("mail", [str(tmp_path / "mail.*")], source.positions())
    assert [] == lines(again)
    assert f"{copy}: not read, so that nothing counts twice: its lines were read from another file" in told(again)
    copy.write_bytes(b"what has taken the place of the copy is another log\n")
    third = FileInput("mail", [str(tmp_path / "mail.*")], again.positions())
    assert [b"what has taken the place of the copy is another log"] == lines(third)
    for one in (source, again, third):
        one.close()
