"""Faults F: rights and limits."""

import contextlib
import errno
import logging
import os
import resource
from collections.abc import Iterator

from exporter.inputs.notifier import Notifier
from exporter.inputs.readers import PlainFile
from tests.faults.world import BUDGET, World

NOBODY = 65534


@contextlib.contextmanager
def as_nobody(w: World) -> Iterator[None]:
    """root may read everything: take its power away for a while (all threads of the process)."""
    if os.geteuid():
        yield
        return
    os.chown(w.folder, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def f44_permission_lost_and_regained(w: World) -> None:
    """permission is lost and regained, and the new file of a rotation becomes readable only later"""
    w.write()
    w.begin()
    w.away()
    with as_nobody(w):
        w.rotate()
        new = w.folder / "new"
        w.write(new)
        new.chmod(0)  # before it has the log's name: once it is open, its rights do not matter
        w.rename("mail.log", new)
        w.look()
        if not w.down:
            w.look()
            assert w.reader.status.read_errors["EACCES"] > 0
            assert any(str(w.log) in problem for problem in w.reader.status.problems)
        w.log.chmod(0o644)
        w.write()
        w.back()
        assert not w.reader.status.problems or w.mode == "woken"
        w.log.chmod(0)
        w.look()
        w.log.chmod(0o644)
        w.write()
        w.look()


def f45_errors_of_the_file_system(w: World) -> None:
    """EIO, ESTALE, ENOTCONN (NFS, SMB, FUSE) on an open file, then all is well again"""
    w.write()
    with w.meanwhile():
        read, stat = PlainFile.read, PlainFile.stat
        for number in (errno.EIO, errno.ESTALE, errno.ENOTCONN):

            def fail(self: PlainFile, *_: object, number: int = number) -> bytes:
                raise OSError(number, os.strerror(number), str(self))

            w.write()
            try:
                PlainFile.read = fail  # type: ignore[method-assign, assignment]
                PlainFile.stat = fail  # type: ignore[method-assign, assignment]
                w.look()
                w.rotate()
                w.look()
            finally:
                PlainFile.read, PlainFile.stat = read, stat  # type: ignore[method-assign]
            if not w.down:
                assert w.reader.status.read_errors[errno.errorcode[number]] > 0
            w.write()
            w.look()
    w.write()


def f46_no_watches_left(w: World) -> None:
    """inotify cannot be had (EMFILE, ENOSPC): it is said, and the poll finds everything"""
    w.write()
    w.begin()
    if w.mode == "woken":
        source = w.reader.source
        assert source is not None
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
            notifier = Notifier(w.reader._wake)  # type: ignore[attr-defined]
            notifier.watch("mail", [str(w.folder)])
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert any("cannot watch" in problem for problem in notifier.problems("mail"))
        notifier.watch("mail", [str(w.folder)])
        assert () == notifier.problems("mail")
        notifier.close()
    w.away()
    w.rotate()
    w.write()
    w.back()


def f47_queue_overflow(w: World) -> None:
    """the kernel's event queue overflows: the loop is woken, it is counted, and the look finds everything"""
    w.write()
    with w.meanwhile():
        w.rotate()
        w.write()
        overflow = "Inotify queue overflowed; filesystem events were lost"
        logging.getLogger("watchdog.observers.inotify_c").warning(overflow)
        w.look()
        if w.mode == "woken" and not w.down:
            assert any("overflow" in problem for problem in w.reader.status.problems)


def f48_many_files_one_busy(w: World) -> None:
    """hundreds of files, one of them busy: each quiet one is read within the budget of one look"""
    w.patterns = ("logs/*.log",)
    folder = w.folder / "logs"
    folder.mkdir()
    paths = [folder / f"{number:04}.log" for number in range(600)]
    for path in paths:
        path.touch()
    with w.meanwhile():
        if w.mode != "woken" and not w.down:
            w.raw(b"busy\n" * 2_000_000, path=paths[300])
            for path in paths:
                w.write(path, 1)
            source = w.reader.source
            assert source is not None
            read = [line for batch in source.read(w.reader.now, 4 << 20) for line in batch.lines]
            assert 599 == len([line for line in read if line != b"busy"])
            assert len(read) < 1_600_000
            w.reader.lines += [line for line in read if line != b"busy"]
            w.reader.positions = source.positions()
            w.written += [b"busy"] * (2_000_000 - read.count(b"busy"))
        else:
            for path in paths:
                w.write(path, 1)


def f49_descriptors_exhausted(w: World) -> None:
    """the limit of open files is reached: it is said, and all is read when there are some again"""
    w.patterns = ("*.log",)
    paths = [w.folder / f"{number:03}.log" for number in range(40)]
    for path in paths:
        w.write(path, 1)
    with w.meanwhile():
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        for path in paths:
            w.write(path, 1)
        others = [w.folder / f"new{number:03}.log" for number in range(40)]
        for path in others:
            w.write(path, 1)
        used = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (used + 2, hard))
            w.look()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    w.rotate() if w.log.exists() else None


def f50_nothing_is_read_for_long(w: World) -> None:
    """the ledger's disk is slow or full, so nothing is read while the log goes on and is rotated; then all of it"""
    w.write()
    with w.meanwhile():
        if w.mode == "woken":
            w.restart_begin()
        for _ in range(4):
            w.write(count=500)
            w.rotate()
        w.write()
        if w.mode == "woken":
            w.begin()


def f50b_deleted_files_are_released(w: World) -> None:
    """while commits fail, deleted files are closed so that they do not keep the disk full"""
    w.write()
    with w.meanwhile():
        if w.mode == "poll" and not w.down:
            source = w.reader.source
            assert source is not None
            w.rotate()
            w.look()
            (w.folder / "mail.log.1").unlink()
            w.look()
            assert 1 == source.release_deleted()
            assert 0 == source.release_deleted()
            w.gone += []
        w.write(count=1)
    assert BUDGET
