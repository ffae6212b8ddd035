"""Faults A: rotation."""

import os
import zipfile

import pytest

from tests.faults.logrotate import logrotate, needs_logrotate
from tests.faults.world import World


def a01_renamed_and_created_at_once(w: World) -> None:
    """rename, create, the writer reopens at once"""
    w.write()
    with w.meanwhile():
        w.write()
        w.rename("mail.log.1")
        w.write()
    w.write()


def a02_writer_stays_on_the_old_file(w: World) -> None:
    """rename, create, the writer stays on the old file for seconds (logrotate create, then HUP)"""
    w.write()
    with w.meanwhile():
        with w.log.open("ab", buffering=0) as old:
            w.rename("mail.log.1")
            w.log.touch()
            w.look()
            old.write(w.lines())
            w.look()
            w.reader.now += 20
            w.look()
            old.write(w.lines())
        w.write()
    w.write()


def a03_no_new_file_for_seconds(w: World) -> None:
    """rename, no new file for seconds, the writer goes on in the old one"""
    w.write()
    with w.meanwhile():
        with w.log.open("ab", buffering=0) as old:
            w.rename("mail.log.1")
            w.look()
            old.write(w.lines())
            w.look()
            w.reader.now += 3
            old.write(w.lines())
            w.look()
        w.write()


def a04_new_file_has_lines_when_noticed(w: World) -> None:
    """the new file has lines before it is noticed"""
    w.write()
    with w.meanwhile():
        w.rename("mail.log.1")
        w.write(count=500)
    w.write()


def a05_three_rotations_between_two_looks(w: World) -> None:
    """three rotations between two looks"""
    w.write()
    with w.meanwhile():
        for _ in range(3):
            w.write()
            w.rotate()
        w.write()
    w.write()


def a06_the_pattern_matches_rotated_names(w: World) -> None:
    """a chain of renames where the pattern also matches the rotated names"""
    w.patterns = ("mail.log*",)
    w.write()
    with w.meanwhile():
        for _ in range(3):
            w.write()
            w.look()
            w.rotate()
            w.look()
            w.write()
    w.quiet()
    w.rotate()
    w.write()


@needs_logrotate
def a07_dateext(w: World) -> None:
    """logrotate with dateext"""
    w.write()
    with w.meanwhile():
        w.write()
        logrotate(w, "create", "dateext")
        w.write()
    w.write()


@needs_logrotate
def a08_compressed(w: World) -> None:
    """logrotate with compress: the old file becomes .gz at once"""
    w.write(count=100)
    with w.meanwhile():
        w.write()
        logrotate(w, "create", "compress")
        assert (w.folder / "mail.log.1.gz").exists()
        w.write()
        w.look()
        logrotate(w, "create", "compress")
        w.write()
    w.write()


@pytest.mark.tool("logrotate", "bzip2", "xz")
def a08b_compressed_later(w: World) -> None:
    """logrotate with delaycompress: .1 becomes .2.gz at the next rotation; also .bz2, .xz"""
    w.write(count=100)
    with w.meanwhile():
        for program in ("gzip", "bzip2", "xz"):
            w.write()
            ending = {"gzip": ".gz", "bzip2": ".bz2", "xz": ".xz"}[program]
            logrotate(
                w, "create", "compress", "delaycompress", f"compresscmd /usr/bin/{program}", f"compressext {ending}"
            )
            w.look()
            w.write()
    w.write()


@needs_logrotate
def a08c_compressed_while_held_open(w: World) -> None:
    """the old file is compressed while its writer still has it open; the pattern matches both"""
    w.patterns = ("mail.log*",)
    w.write(count=50)
    with w.meanwhile():
        w.write()
        with w.log.open("ab", buffering=0) as old:
            logrotate(w, "create", "compress")
            if w.down or w.mode == "closed":
                w.look()
            else:
                w.look()
                old.write(w.lines())
        w.write()
    w.write()


def a09_renamed_over(w: World) -> None:
    """atomic replacement: another file is renamed over the log"""
    w.write()
    with w.meanwhile():
        new = w.folder / "new"
        w.write(new)
        os.replace(new, w.log)  # noqa: PTH105  (the very call)
    w.write()


def a09b_rewritten_atomically_with_its_content(w: World) -> None:
    """an editor's save: a new file that begins with all of the old one is renamed over it"""
    w.write(count=40)
    with w.meanwhile():
        new = w.folder / "new"
        new.write_bytes(w.log.read_bytes() + w.lines())
        os.replace(new, w.log)  # noqa: PTH105  (the very call)
    w.write()


def a10_daily_names(w: World) -> None:
    """daily file names (SmarterMail): yesterday's is still written after midnight, and zipped later"""
    w.patterns = ("*-popLog.log*",)
    yesterday, today = w.folder / "2026.11.21-popLog.log", w.folder / "2026.11.22-popLog.log"
    w.write(yesterday)
    with w.meanwhile():
        w.write(yesterday)
        w.write(today)
        w.look()
        w.write(yesterday)
        w.write(today)
        w.look()
        with zipfile.ZipFile(f"{yesterday}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(yesterday, yesterday.name)
            w.look()
        w.look()
        yesterday.unlink()
        w.write(today)
    w.write(today)


def a11_symbolic_link_swapped(w: World) -> None:
    """a symbolic link is swapped to another target in another directory"""
    old, new = w.folder / "a" / "pop.out", w.folder / "b" / "pop.out"
    old.parent.mkdir()
    new.parent.mkdir()
    w.write(old)
    w.log.symlink_to(old)
    with w.meanwhile():
        w.write(old)
        w.write(new)
        (w.folder / "link").symlink_to(new)
        os.replace(w.folder / "link", w.log)  # noqa: PTH105  (the very call)
        w.look()
        w.write(old)
        w.write(new)
    w.write(new)


def a11b_target_rotated(w: World) -> None:
    """a symbolic link whose target is rotated in its own directory"""
    target = w.folder / "data" / "pop.out"
    target.parent.mkdir()
    w.write(target)
    w.log.symlink_to(target)
    with w.meanwhile():
        w.write(target)
        target.rename(f"{target}.1")
        w.write(target)
    w.write(target)


def a12_hard_link(w: World) -> None:
    """a hard link: one file under two names that both match"""
    w.patterns = ("*.log",)
    w.write()
    os.link(w.log, w.folder / "same.log")
    with w.meanwhile():
        w.write()
        w.rename("mail.log.1")
        w.write()
    w.write()
    w.write(w.folder / "same.log")
