"""Faults G: platforms, and a device number that changed."""

import mmap
import os

from tests.faults.world import World, open_descriptors, with_device


def g52_polling_only(w: World) -> None:
    """no events at all (NFS, SMB): a rotation every few looks"""
    w.write()
    with w.meanwhile():
        for _ in range(3):
            w.write()
            w.look()
            w.rotate()
            w.look()
            w.write()


def g53_nothing_stays_open(w: World) -> None:
    """where an open file could not be renamed or deleted (Windows), nothing stays open between looks"""
    w.patterns = ("*-popLog.log",)
    log = w.folder / "2026.11.22-popLog.log"
    w.write(log)
    w.begin()
    if w.mode == "closed":
        assert [] == open_descriptors(w.folder)
    w.away()
    w.write(log)
    w.look()
    log.rename(w.folder / "2026.11.22-popLog.log.old")
    w.look()
    with (w.folder / "2026.11.22-popLog.log.old").open("ab") as file:
        file.write(w.lines())
    if w.mode == "closed":
        w.look()
        assert [] == open_descriptors(w.folder)
    w.back()


def g54_written_through_memory(w: World) -> None:
    """a file laid out beforehand (zeros) and written through memory: zeros at the end are not yet written"""
    w.log.write_bytes(b"\0" * 400_000)
    w.begin()
    w.away()
    with w.log.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        at = 0
        for _ in range(3):
            data = w.lines(100)
            memory[at : at + len(data)] = data
            at += len(data)
            w.look()
        memory[at : at + 4] = b"half"
        w.look()
        memory[at + 4 : at + 9] = b" one\n"
        w.written.append(b"half one")
        at += 9
        w.back()
        w.look()
        file.truncate(at)
    w.write()


def g54b_space_reserved(w: World) -> None:
    """posix_fallocate reserves space behind the end"""
    w.write()
    with w.log.open("r+b") as file:
        size = w.log.stat().st_size
        os.posix_fallocate(file.fileno(), size, 3_000_000)
        w.begin()
        w.away()
        file.seek(size)
        file.write(w.lines(100))
        file.flush()
        w.back()
        file.write(w.lines(100))
        file.flush()
        w.look()


def g55_device_number_changed(w: World) -> None:
    """the device's number changed over a reboot: the log goes on where it was"""
    w.write(count=100)
    w.begin()
    w.restart_begin()
    w.change_positions(lambda p: with_device(p, p.device + 1))
    w.write()
    w.begin()
    w.restart_begin()
    w.change_positions(lambda p: with_device(p, p.device + 1, p.inode + 1_000_000))
    w.write()
    w.begin()


def g55b_device_number_changed_and_rotated(w: World) -> None:
    """the device's number changed, and the log was rotated and compressed meanwhile"""
    w.write(count=100)
    w.begin()
    w.restart_begin()
    w.change_positions(lambda p: with_device(p, p.device + 1))
    w.write()
    w.rotate()
    w.write(count=50)
    w.begin()
    w.restart_begin()
    w.change_positions(lambda p: with_device(p, p.device + 1))
    w.write()
    w.rotate()
    w.write()
    w.begin()
