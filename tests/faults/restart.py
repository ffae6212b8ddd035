"""Faults D: stop, kill, restart."""

from dataclasses import fields

from exporter.model import Position
from tests.faults.world import World


def d27_clean_stop(w: World) -> None:
    """a clean stop, lines while down"""
    w.write()
    w.begin()
    w.restart_begin()
    w.write()
    w.begin()
    w.write()


def d28_killed_at_any_point(w: World) -> None:
    """killed at any point: what was not committed is read again, what was committed is not"""
    w.write(count=30_000)
    w.begin()
    for kept in (0, 1, 2, 3):
        w.restart_begin()
        w.write(count=30_000)
        positions = w.reader.positions
        w.reader.start()
        source = w.reader.source
        assert source is not None
        if w.mode == "woken":
            w.reader.stop()  # whatever its thread has read by now is committed
        else:
            for _, batch in zip(range(kept), source.read(w.reader.now, 1 << 30), strict=False):
                w.reader.lines += batch.lines  # committed with the positions, the rest of the look is not
                positions = source.positions()
            w.reader.positions = positions
            w.reader.stop()
        w.begin()


def d29_rotated_while_down(w: World) -> None:
    """rotated once while down, then twice"""
    w.write()
    w.begin()
    for times in (1, 2):
        w.restart_begin()
        for _ in range(times):
            w.write()
            w.rotate()
        w.write()
        w.begin()
        w.write()


def d30_saved_by_an_older_version(w: World) -> None:
    """positions saved by a version that knew fewer fields"""
    w.write(count=30)
    w.begin()
    w.restart_begin()
    older = {field.name for field in fields(Position)} - {"skipping", "finished"}
    w.change_positions(lambda p: Position(**{name: getattr(p, name) for name in older}))
    w.write()
    w.rotate()
    w.write()
    w.begin()
    w.write()


def d31_partial_line_at_the_stop(w: World) -> None:
    """a part of a line at the stop, its rest after the start: one line, even if it was rotated meanwhile"""
    w.write()
    w.raw(b"half a li")
    w.begin()
    w.restart_begin()
    w.raw(b"ne\nanother ha", b"half a line")
    w.begin()
    w.restart_begin()
    w.raw(b"lf\n", b"another half")
    w.rotate()
    w.write()
    w.begin()


def d32_clock_set_back(w: World) -> None:
    """the clock is set back by hours while a rotated file is read on"""
    w.write()
    with w.meanwhile(), w.log.open("ab", buffering=0) as old:
        w.rotate()
        w.write()
        w.reader.now -= 7200
        w.look()
        old.write(w.lines())
    w.write()


def d33_pattern_added(w: World) -> None:
    """a pattern is added: the new file is read whole, the old one goes on"""
    w.write()
    w.begin()
    w.restart_begin()
    w.patterns = ("mail.log", "pop*.log")
    w.write()
    w.write(w.folder / "pop3.log")
    w.begin()
    w.write()
    w.write(w.folder / "pop3.log")
