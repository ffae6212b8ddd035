"""Faults E: content."""

import gzip
import tracemalloc

from exporter.daemon import TURN_BYTES
from exporter.inputs.lines import MAX_LINE
from exporter.inputs.stepping import CHUNK
from tests.faults.world import World


def e34_partial_line_for_long(w: World) -> None:
    """a line without an end at the end of the log, for long"""
    w.write()
    w.raw(b"slow")
    with w.meanwhile():
        for part in (b"ly", b" wri", b"tten"):
            w.reader.now += 3600
            w.look()
            w.raw(part)
            w.look()
        w.raw(b"\n", b"slowly written")


def e35_partial_line_of_a_rotated_file(w: World) -> None:
    """the last line of the rotated file has no end: given when nobody writes there any more"""
    w.write()
    with w.meanwhile():
        w.raw(b"without an end", b"without an end")
        w.rotate()
        w.look()
        w.write()


def e36_carriage_returns(w: World) -> None:
    """CRLF, and a lone CR at the edge of a buffer"""
    with w.meanwhile():
        w.raw(b"dos\r\nlone\rcr\r\n", b"dos", b"lone\rcr")
        edge = b"x" * (CHUNK - w.log.stat().st_size - 1)
        w.raw(edge + b"\r\n" + b"next\r\n", edge, b"next")
        w.raw(b"pending\r")
        w.look()
        w.raw(b"\n", b"pending")


def e37_invalid_utf8(w: World) -> None:
    """bytes that are not UTF-8, in a user's name too"""
    with w.meanwhile():
        w.write()
        w.raw(b"Login: user=<j\xf6rg\xff\xfe>, lip=::1\n", b"Login: user=<j\xf6rg\xff\xfe>, lip=::1")
        w.write()


def e38_zero_bytes(w: World) -> None:
    """zeros inside a line, and a line of zeros"""
    with w.meanwhile():
        w.write()
        w.raw(b"a\0b\n\0\0\0\n", b"a\0b", b"")
        w.write()


def e39_long_lines(w: World) -> None:
    """lines of 1 MiB, a longer one (given once, cut), and reading goes on"""
    with w.meanwhile():
        longest = b"L" * (MAX_LINE - 1)
        w.raw(b"a\n" + longest + b"\nb\n", b"a", longest, b"b")
        w.raw(b"M" * (3 * MAX_LINE + 5) + b"\n", b"M" * MAX_LINE)
        w.write()


def e39b_line_without_end(w: World) -> None:
    """a line that grows without end: bounded memory, given once, and reading goes on when it ends"""
    with w.meanwhile():
        tracemalloc.start()
        w.written.append(b"e" * MAX_LINE)
        for _ in range(20):
            w.raw(b"e" * 700_000)
            w.look()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 16 * MAX_LINE
        w.raw(b"end\n")
        w.write()


def e39c_endless_line_in_an_archive(w: World) -> None:
    """a line of 256 MiB in an archive of 1 MB: the live log is read in turns beside it"""
    w.write()
    w.begin()
    w.away()
    w.write()
    with gzip.open(w.folder / "mail.log.2.gz", "wb", compresslevel=1) as archive:
        for _ in range(256):
            archive.write(b"e" * (1 << 20))
        archive.write(b"\n" + w.lines())
    w.written.append(b"e" * MAX_LINE)
    if w.mode != "woken":
        if w.down:
            w.reader.start()
        source = w.reader.source
        assert source is not None
        for turn in range(100):
            w.write(count=1)
            w.reader.lines += [line for b in source.read(w.reader.now + turn, TURN_BYTES) for line in b.lines]
            assert source.status().worked <= 8 * TURN_BYTES
        assert not source.status().caught_up
        assert w.written[-1] == w.reader.lines[-1]
        w.reader.positions = source.positions()
        if w.down:
            w.reader.stop()
    w.back()
    w.write()


def e40_byte_order_marks(w: World) -> None:
    """UTF-16 with byte order mark in both orders (Windows), UTF-8 with byte order mark"""
    w.patterns = ("mail.log", "be.log", "utf8.log")
    utf16, be, utf8 = w.log, w.folder / "be.log", w.folder / "utf8.log"
    with w.meanwhile():
        w.raw("\ufeffJörg ĊĊ\u0a0a\r\n".encode("utf-16-le"), "Jörg ĊĊ\u0a0a".encode(), path=utf16)
        w.raw("\ufeffhello\r\n".encode("utf-16-be"), b"hello", path=be)
        w.raw(b"\xef\xbb\xbffirst\r\n", b"first", path=utf8)
        w.look()
        for path, codec in ((utf16, "utf-16-le"), (be, "utf-16-be")):
            data = "ഊਊ second line\r\n".encode(codec)
            w.raw(data[:7], path=path)
            w.look()
            w.raw(data[7:-1], path=path)
            w.look()
            w.raw(data[-1:], "ഊਊ second line".encode(), path=path)
        w.raw("\ufeffsecond\n".encode(), "\ufeffsecond".encode(), path=utf8)


def e41_character_at_the_edge(w: World) -> None:
    """a character of several bytes is split at the edge of a buffer"""
    with w.meanwhile():
        line = b"y" * (CHUNK - 2) + "€uro".encode()
        w.raw(line + b"\n", line)
        w.raw("€".encode()[:1])
        w.look()
        w.raw("€".encode()[1:] + b"\n", "€".encode())


def e42_blank_lines(w: World) -> None:
    """blank lines are given as such"""
    with w.meanwhile():
        w.raw(b"\n\r\na\n\n", b"", b"", b"a", b"")
        w.write()


def e43_header_lines_repeated(w: World) -> None:
    """files that begin with the same header lines (W3C) are told apart as soon as they differ"""
    w.patterns = ("mail.log*",)
    header = b"#Software: POP3\n#Version: 1.0\n#Fields: date time c-ip cs-username sc-bytes\n"
    expected = header.splitlines()
    w.raw(header, *expected)
    with w.meanwhile():
        w.write()
        w.rotate()
        w.raw(header, *expected)
        w.look()
        w.write()
        w.look()
        w.rotate()
        w.raw(header, *expected)
    w.write()
