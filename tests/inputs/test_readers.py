"""A compressed file reads like the plain one; what cannot be decompressed is told, whatever is wrong with it."""

import bz2
import gzip
import hashlib
import io
import lzma
import struct
import tempfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.inputs import inflating, readers
from exporter.inputs.files import FileInput
from exporter.inputs.inflating import Refused
from exporter.inputs.readers import StillSkipping, Torn, open_reader

NOW = 2_000_000_000.0
TEXT = b"".join(b"line %d of a log\n" % number for number in range(5_000))


def _zip(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mail.log", data)
    return file.getvalue()


COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zip": _zip,
}
ENDING = pytest.mark.parametrize("ending", COMPRESSORS)


@ENDING
@given(reads=st.lists(st.tuples(st.integers(0, len(TEXT) + 9), st.integers(0, 9_000)), max_size=12))
def test_any_reads_give_what_the_plain_file_holds(ending: str, reads: list[tuple[int, int]]) -> None:
    """Forth and back, over the end, again: the bytes at an offset are the bytes at that offset."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"mail.log.1{ending}"
        path.write_bytes(COMPRESSORS[ending](TEXT))
        with closing(open_reader(str(path))) as reader:
            for offset, size in reads:
                assert TEXT[offset : offset + size] == reader.read(offset, size)


@ENDING
def test_reading_on_never_begins_again(ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rest of a line is read again with what follows it, and must not cost the whole file."""
    monkeypatch.setattr(readers, "_SKIP_MOST", 0)  # so that a new begin would be told
    path = tmp_path / f"mail.log.1{ending}"
    path.write_bytes(COMPRESSORS[ending](TEXT))
    with closing(open_reader(str(path))) as reader:
        offset = 0
        while data := reader.read(offset, 1_000):
            assert TEXT[offset : offset + 1_000] == data
            offset += max(len(data) - 7, 1)
        with pytest.raises(StillSkipping):
            reader.read(5_000, 10)


def _encrypted(data: bytearray) -> None:
    data[6] |= 1
    data[data.find(b"PK\1\2") + 8] |= 1


def _of_unknown_method(data: bytearray) -> None:
    data[8] = data[data.find(b"PK\1\2") + 10] = 9


@pytest.mark.parametrize("spoil", [_encrypted, _of_unknown_method])
def test_an_archive_that_cannot_be_opened_is_told(spoil: Callable[[bytearray], None], tmp_path: Path) -> None:
    """Encrypted, or in a method that Python does not know: a problem of that file, and of no other."""
    data = bytearray(_zip(TEXT))
    spoil(data)
    (tmp_path / "mail.log.1.zip").write_bytes(data)
    (tmp_path / "mail.log").write_bytes(b"new\n")
    with closing(FileInput("mail", [str(tmp_path / "mail.log*")], start="beginning")) as source:
        assert [b"new"] == [line for batch in source.read(NOW, 1 << 30) for line in batch.lines]
        assert 1 == len(source.status().problems)
        assert {"DAMAGED": 1} == source.status().read_errors


def test_an_archive_of_several_files_is_told(tmp_path: Path) -> None:
    """Which of them continues the log nobody knows; to read one and say nothing would lose the others."""
    path = tmp_path / "logs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("logs/", "logs/a.log", "logs/b.log"):
            archive.writestr(name, b"" if name.endswith("/") else b"line\n")
    with closing(open_reader(str(path))) as reader, pytest.raises(Torn, match="an archive of 2 files"):
        reader.read(0, 1)


@ENDING
@given(changes=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=4), cut=st.data())
def test_a_damaged_file_is_torn_or_read(ending: str, changes: list[tuple[int, int]], cut: st.DataObject) -> None:
    """Whatever bytes are wrong, and wherever the file ends: no other error than Torn."""
    data = bytearray(COMPRESSORS[ending](TEXT[:2_000]))
    for at, value in changes:
        data[at % len(data)] = value
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"mail.log.1{ending}"
        path.write_bytes(data[: cut.draw(st.integers(0, len(data)))])
        with closing(open_reader(str(path))) as reader:
            with suppress(Torn):
                reader.read(0, 4_096)
            with suppress(Torn):
                reader.size_inside()


@pytest.mark.parametrize("hold_open", [True, False])
def test_a_long_compressed_file_is_read_to_its_end(
    hold_open: bool,  # noqa: FBT001 - a parameter
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where getting to its unread rest takes several looks, and where nothing may stay open."""
    monkeypatch.setattr(readers, "_SKIP_MOST", 10_000)
    monkeypatch.setattr(readers, "_SKIP_BLOCK", 1_000)
    log = tmp_path / "mail.log"
    log.write_bytes(TEXT[:50_000])
    with closing(FileInput("mail", [str(log)], start="beginning", hold_open=hold_open)) as source:
        found = [line for batch in source.read(NOW, 1 << 30) for line in batch.lines]
        log.unlink()
        (tmp_path / "mail.log.1.gz").write_bytes(gzip.compress(TEXT + b"without an end"))
        for look in range(60):
            found += [line for batch in source.read(NOW + 2 * look, 1 << 30) for line in batch.lines]
        assert [*TEXT.splitlines(), b"without an end"] == found


@pytest.mark.parametrize(
    "empty", [gzip.compress(b"", mtime=0), bz2.compress(b""), lzma.compress(b"")], ids=("gz", "bz2", "xz")
)
def test_an_archive_of_empty_members_takes_turns(empty: bytes, tmp_path: Path) -> None:
    """Millions of members with nothing in them do not hold anybody up, and what follows them is found."""
    ending = {b"\x1f": ".gz", b"B": ".bz2", b"\xfd": ".xz"}[empty[:1]]
    path = tmp_path / f"mail.log.1{ending}"
    path.write_bytes(empty * 10_000 + COMPRESSORS[ending](b"line\n"))
    with closing(open_reader(str(path))) as reader:
        turns = 0
        while True:
            try:
                assert b"line\n" == reader.read(0, 100)
                break
            except StillSkipping:
                turns += 1
    assert turns >= 10_000 // inflating.MEMBERS_MOST - 1


def test_a_list_of_many_files_is_not_taken_apart(tmp_path: Path) -> None:
    """An archive of 20,000 files is refused by the length of its list, forged numbers notwithstanding."""
    path = tmp_path / "mail.log.1.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{number}", b"")
    data = bytearray(path.read_bytes())
    for number in (1, 20_000):
        data[-14:-10] = struct.pack("<HH", number & 0xFFFF, number & 0xFFFF)
        path.write_bytes(data)
        tracemalloc.start()
        with closing(open_reader(str(path))) as reader, pytest.raises(Refused, match="unpack it"):
            reader.read(0, 1)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2_000_000


def test_an_archive_that_asks_for_much_memory_is_told(tmp_path: Path) -> None:
    """The dictionary of an .xz file may be of 1.5 GiB; more than 128 MiB are not given."""
    path = tmp_path / "mail.log.1.xz"
    small = lzma.compress(b"line\n", filters=[{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 20}])
    path.write_bytes(_with_dictionary(small, 1 << 28))
    with closing(open_reader(str(path))) as reader, pytest.raises(Torn, match=r"[Mm]emory"):
        reader.read(0, 1)


def _with_dictionary(data: bytes, size: int) -> bytes:
    """The .xz file as if its dictionary had this size, a power of two (the xz file format, 5.3.1)."""
    header = bytearray(data[12 : 12 + 4 * (data[12] + 1)])
    at = header.index(b"\x21\x01") + 2
    header[at] = 2 * (size.bit_length() - 1 - 12)
    header[-4:] = struct.pack("<I", zlib.crc32(header[:-4]))
    return data[:12] + bytes(header) + data[12 + len(header) :]


@ENDING
def test_what_stands_before_a_tear_is_read_and_the_tear_is_told(ending: str, tmp_path: Path) -> None:
    """A torn archive gives the lines before the tear; what is behind it may be lost, and that is told."""
    lines = [b"%d %s" % (number, hashlib.sha256(b"%d" % number).hexdigest().encode()) for number in range(9_000)]
    data = COMPRESSORS[ending](b"\n".join(lines) + b"\n")
    (tmp_path / "mail.log").write_bytes(b"live\n")
    with closing(FileInput("mail", [str(tmp_path / "mail.log")], start="beginning")) as source:
        assert [b"live"] == [line for batch in source.read(NOW, 1 << 30) for line in batch.lines]
        torn = data[: len(data) // 2] if ending != ".zip" else data[:60_000] + b"\xff" * 50 + data[60_050:]
        (tmp_path / f"mail.log.1{ending}").write_bytes(torn)
        read = [line for batch in source.read(NOW + 1, 1 << 30) for line in batch.lines]
        assert ending == ".zip" or lines[: len(read)] == read  # of a .zip only its end tells what is wrong
        for look in range(3):
            read += [line for batch in source.read(NOW + 40 * (look + 1), 1 << 30) for line in batch.lines]
        assert 1 == source.status().lines_possibly_lost
