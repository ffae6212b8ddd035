"""File events from watchdog, which only wake the daemon's loop.

Only created, moved and deleted are asked for: `modified` costs half a core on a busy log, and the poll finds
growth anyway. Whatever fails here costs latency only, and is said in `problems`.
"""

import logging
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

from exporter.errors import Problem
from exporter.inputs.troubles import shown

WATCHES_MOST = 100  # each is a thread; what lies elsewhere is found by the poll

_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent, FileMovedEvent, FileDeletedEvent, DirCreatedEvent, DirMovedEvent, DirDeletedEvent,
]  # fmt: skip
# proc(5), mountinfo: the file system's type stands behind the hyphen.
_REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "virtiofs"})


class Notifier:
    """Sets `wake` when something is created, moved or deleted in a watched directory; shared by all inputs.

    At most `most` directories are watched.
    """

    def __init__(
        self, wake: threading.Event, mountinfo: Path = Path("/proc/self/mountinfo"), most: int = WATCHES_MOST
    ) -> None:
        self._most = most
        self._mountinfo = mountinfo
        self._handler = _Waker(wake)
        self._observer: BaseObserver | None = None
        self._wanted: dict[str, frozenset[str]] = {}
        self._watches: dict[str, tuple[ObservedWatch, tuple[int, int]]] = {}
        self._failed: dict[str, str] = {}
        self._overflow = _OverflowHook(wake)
        logging.getLogger("watchdog.observers.inotify_c").addHandler(self._overflow)

    def watch(self, owner: str, directories: Iterable[str]) -> None:
        """Watch these for `owner`, instead of those it asked for before; also mends what broke. Never raises."""
        self._wanted[owner] = frozenset(directories)
        wanted = frozenset().union(*self._wanted.values())
        if self._observer is not None and not self._observer.is_alive():
            self._stop()
            self._failed["observer"] = "the thread that watches for changes died and was restarted"
        for directory in [d for d in self._watches if d not in wanted or not self._is_whole(d)]:
            self._unwatch(directory)
        room = max(0, self._most - len(self._watches))
        for directory in sorted(wanted - self._watches.keys())[:room]:
            self._try(directory)
        for directory in self._failed.keys() - wanted - {"observer"}:
            del self._failed[directory]

    def problems(self, owner: str) -> tuple[str, ...]:
        """Problems of `owner`'s directories, and of all, that only cost latency, because polling notices rotations."""
        overflows = (
            (Problem(f"{self._overflow.count} overflows of the event queue", "overflows"),)
            if self._overflow.count
            else ()
        )
        mine = {*self._wanted.get(owner, ()), "observer"}
        failed = sorted((name, why) for name, why in self._failed.items() if name in mine)
        return (*(f"cannot watch {shown(name)}: {why}" for name, why in failed), *overflows)

    def close(self) -> None:
        """End the threads."""
        self._stop()
        logging.getLogger("watchdog.observers.inotify_c").removeHandler(self._overflow)

    def _try(self, directory: str) -> None:
        try:
            status = os.stat(directory)  # noqa: PTH116
            if status.st_dev in _remote_devices(self._mountinfo):
                return  # changes by other hosts cause no events; polling sees them
            watch = self._running().schedule(
                self._handler, os.path.realpath(directory), recursive=False, event_filter=_EVENTS
            )
        except Exception as error:  # noqa: BLE001  (whatever watchdog raises costs latency only)
            number = error.errno if isinstance(error, OSError) else None
            self._failed[directory] = os.strerror(number) if number else type(error).__name__
        else:
            self._watches[directory] = (watch, (status.st_dev, status.st_ino))
            self._failed.pop(directory, None)
            self._handler.wake.set()  # what happened before the watch stood is found by a look now

    def _running(self) -> BaseObserver:
        if self._observer is None:
            observer = Observer()
            observer.start()
            self._observer = observer
        return self._observer

    def _is_whole(self, directory: str) -> bool:
        """Whether the watch still is on the directory of that name, and its thread alive."""
        watch, identity = self._watches[directory]
        try:
            status = os.stat(directory)  # noqa: PTH116
        except OSError:
            return False
        observer = self._observer
        alive = observer is not None and any(e.is_alive() for e in observer.emitters if e.watch == watch)
        return alive and identity == (status.st_dev, status.st_ino)

    def _unwatch(self, directory: str) -> None:
        watch, _ = self._watches.pop(directory)
        if self._observer is not None and watch not in {w for w, _ in self._watches.values()}:
            try:
                self._observer.unschedule(watch)
            except Exception:  # noqa: BLE001  (as above)
                self._failed["observer"] = "a watch could not be removed"

    def _stop(self) -> None:
        observer, self._observer = self._observer, None
        self._watches.clear()
        if observer is not None and observer.is_alive():
            observer.stop()
            observer.join(timeout=5)


def _remote_devices(mountinfo: Path) -> set[int]:
    """The device numbers of network and user-space file systems (Linux; elsewhere none are known)."""
    try:
        lines = mountinfo.read_text(errors="replace").splitlines()
    except OSError:
        return set()
    devices = set()
    for fields in (line.split() for line in lines):
        kind = fields[fields.index("-") + 1] if "-" in fields else ""
        if kind in _REMOTE or kind.startswith("fuse."):
            major, _, minor = fields[2].partition(":")
            devices.add(os.makedev(int(major), int(minor)))
    return devices


class _Waker(FileSystemEventHandler):
    """Only sets the event, because a handler that raises would silently end watchdog's thread."""

    def __init__(self, wake: threading.Event) -> None:
        self.wake = wake

    def on_any_event(self, event: FileSystemEvent) -> None:  # noqa: ARG002
        self.wake.set()


class _OverflowHook(logging.Handler):
    """Counts overflows of the kernel's queue, which watchdog only reports in its log."""

    def __init__(self, wake: threading.Event) -> None:
        super().__init__()
        self._wake = wake
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        if "overflow" in record.getMessage().lower():
            self.count += 1
            self._wake.set()
