"""Faults B: truncation."""

import os
import shutil

from tests.faults.logrotate import logrotate, needs_logrotate
from tests.faults.world import World


@needs_logrotate
def b13_copytruncate(w: World) -> None:
    """logrotate with copytruncate, the rest smaller than what was read"""
    w.write(count=50)
    with w.meanwhile():
        w.write()
        logrotate(w, "copytruncate")
        w.write()
    w.write()


def b13b_written_copied_and_truncated_between_two_looks(w: World) -> None:
    """written, copied, truncated and written between two looks: only the copy has the lines"""
    w.write(count=3)
    with w.meanwhile():
        w.write()
        shutil.copy(w.log, w.folder / "mail.log.1")
        os.truncate(w.log, 0)
        w.write(count=100)
    w.write()


@needs_logrotate
def b13c_copies_match_the_pattern(w: World) -> None:
    """copytruncate, compressed, where the pattern also matches the copies; a look while the copy is made"""
    w.patterns = ("mail.log*",)
    w.write(count=50)
    with w.meanwhile():
        for _ in range(2):
            w.write()
            half = w.folder / "mail.log.5"
            half.write_bytes(w.log.read_bytes()[:700])
            w.look()
            half.unlink()
            logrotate(w, "copytruncate", "compress")
            w.look()
            w.write(count=60)
    w.write()


def b13d_copy_grows_under_our_eyes(w: World) -> None:
    """copytruncate seen at every stage: empty copy, half a copy, whole copy, truncated"""
    w.patterns = ("mail.log*",)
    w.write(count=50)
    with w.meanwhile():
        w.write()
        data, copy = w.log.read_bytes(), w.folder / "mail.log.1"
        for size in (0, 100, 1000, 1100, len(data)):
            copy.write_bytes(data[:size])
            w.look()
        os.truncate(w.log, 0)
        w.look()
        w.write()
    w.write()


def b14_refilled_past_the_offset(w: World) -> None:
    """truncated without a copy and refilled past the old offset; all was read before"""
    w.write(count=20)
    with w.meanwhile():
        os.truncate(w.log, 0)
        w.write(count=50)
    w.write()
    w.look()
    assert w.reader.status.truncations >= 1


def b15_rewritten_to_the_same_size(w: World) -> None:
    """truncated and rewritten to the same size"""
    w.write(count=20)
    with w.meanwhile():
        w.log.write_bytes(w.lines(20))
    w.write()


def b16_same_size_and_time(w: World) -> None:
    """truncated and rewritten to the same size with the same modification time"""
    w.write(count=20)
    with w.meanwhile():
        status = w.log.stat()
        w.log.write_bytes(w.lines(20))
        os.utime(w.log, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert status.st_mtime_ns == w.log.stat().st_mtime_ns
    w.look()
    w.write()


def b17_hole_of_a_stale_writer(w: World) -> None:
    """a writer without O_APPEND goes on at its old place after the truncation: a hole of zeros"""
    with w.log.open("wb", buffering=0) as stale:
        stale.write(w.lines(5000))
        w.begin()
        w.away()
        os.truncate(w.log, 0)
        w.look()
        stale.write(w.lines())
        w.look()
        if not w.down:
            os.truncate(w.log, 0)
            w.look()
            stale.write(w.lines())
    w.back()
    w.write()


@needs_logrotate
def b17b_stale_writer_and_copytruncate(w: World) -> None:
    """the same under logrotate: log and copies begin with holes and differ only behind them"""
    w.patterns = ("mail.log*",)
    with w.log.open("wb", buffering=0) as stale:
        stale.write(w.lines(5000))
        w.begin()
        for options in ((), ("compress",), ()):
            w.away()
            stale.write(w.lines())
            logrotate(w, "copytruncate", *options)
            if not w.down:
                w.look()
            stale.write(w.lines())
            w.back()
    w.write()


@needs_logrotate
def b17c_hole_of_any_size(w: World) -> None:
    """holes of 70 MiB and 1 TiB, sparse and written, in the live log, in a rotated file and in a compressed one"""
    w.write()
    with w.meanwhile():
        _hole(w, 70 << 20, sparse=False)
        w.write()
        w.rotate()
        logrotate(w, "compress")
        w.raw(b"begun", b"begun")
        _hole(w, 1 << 40, sparse=True)
        w.write(count=1)
        _hole(w, 70 << 20, sparse=False)
        w.write(count=1)
        if not w.down:
            for _ in range(80):  # a look takes a bounded part of it
                w.look()
        w.rotate()
        w.look()
        w.write()
    for _ in range(80):
        w.look()


def _hole(w: World, size: int, *, sparse: bool) -> None:
    with w.log.open("ab") as file:
        if sparse:
            file.truncate(file.tell() + size)
            return
        for _ in range(size >> 20):
            file.write(bytes(1 << 20))


def b18_cut_back_to_a_part_of_itself(w: World) -> None:
    """truncated to a part of itself: what was counted is not counted again"""
    w.write(count=80)
    with w.meanwhile():
        os.truncate(w.log, w.log.stat().st_size // 2 - 7)
    w.look()
    w.raw(b" is lost\n")
    w.write()


def b18b_cut_back_to_less_than_a_fingerprint(w: World) -> None:
    """truncated to a part that is shorter than the fingerprint"""
    w.write(count=40)
    w.begin()
    if w.down:
        w.restart_begin()
        w.begin()
    w.look()
    os.truncate(w.log, 120)
    w.look()
    w.raw(b" is lost\n")
    w.write()


@needs_logrotate
def b19_copytruncate_while_down(w: World) -> None:
    """copytruncate while the daemon is down, twice, and refilled past the offset"""
    w.write(count=5)
    w.begin()
    w.restart_begin()
    w.write()
    logrotate(w, "copytruncate")
    w.write(count=30)
    logrotate(w, "copytruncate")
    w.write(count=70)
    w.begin()
    w.write()
