"""A mail server's log directory with a reader beside it: what tests of faults do, and what they expect.

Three ways to read: `woken` (a thread that watchdog wakes and that polls, at its own pace, while things happen),
`poll` (looks only where a test says), `closed` (as on Windows: nothing stays open between looks).
"""

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from exporter.inputs.contract import InputStatus
from exporter.inputs.files import QUIET_SECONDS, FileInput
from exporter.inputs.notifier import Notifier
from exporter.model import Position

START = 2_000_000_000.0
BUDGET = 1 << 30


class Reader:
    """Reads where it is told to; what it has read counts when its positions are saved, at the end of each look."""

    def __init__(self, make: Callable[[tuple[Position, ...], Notifier | None], FileInput]) -> None:
        self._make = make
        self.lines: list[bytes] = []
        self.positions: tuple[Position, ...] = ()
        self.now = START
        self.source: FileInput | None = None
        self.status = InputStatus()

    def start(self) -> None:
        self.source = self._make(self.positions, None)

    def stop(self) -> None:
        if self.source is not None:
            self.source.close()
        self.source = None

    def look(self) -> None:
        if self.source is not None:
            self._turn(self.source)

    def _turn(self, source: FileInput) -> None:
        read: list[bytes] = []
        self.now += 0.25
        for batch in source.read(self.now, BUDGET):
            read += batch.lines
            assert batch.stream in {position.stream for position in source.positions()}
        self.positions = source.positions()
        self.lines += read
        self.status = source.status()


class WokenReader(Reader):
    """Turns in a thread of its own, as the daemon does: on an event, and after 20 ms without one."""

    def start(self) -> None:
        self._wake, self._ending = threading.Event(), False
        self._turns = threading.Condition()
        self._done = 0
        self._trouble: BaseException | None = None
        self._notifier = Notifier(self._wake)
        source = self._make(self.positions, self._notifier)
        self.source = source
        self._thread = threading.Thread(target=self._run, args=(source,))
        self._thread.start()

    def _run(self, source: FileInput) -> None:
        while not self._ending:
            try:
                self._turn(source)
            except BaseException as error:  # noqa: BLE001  (told by look, where the test is)
                self._trouble = error
            with self._turns:
                self._done += 1
                self._turns.notify_all()
            self._wake.wait(0.02)
            self._wake.clear()

    def look(self) -> None:
        """Wait until a whole turn has passed that began after now."""
        if self.source is None:
            return
        with self._turns:
            target = self._done + 2
            self._wake.set()
            assert self._turns.wait_for(lambda: self._done >= target, timeout=60)
        if self._trouble:
            raise self._trouble

    def stop(self) -> None:
        if self.source is None:
            return
        self._ending = True
        self._wake.set()
        self._thread.join()
        self._notifier.close()
        super().stop()


@dataclass
class World:
    """The log, its writer, and the reader. `down`: the reader is away from `away()` to `back()`."""

    folder: Path
    mode: str
    down: bool
    patterns: tuple[str, ...] = ("mail.log",)
    start: str = "beginning"

    def __post_init__(self) -> None:
        self.reader = (WokenReader if self.mode == "woken" else Reader)(self._make)
        self.written: list[bytes] = []
        self.gone: list[bytes] = []
        self._number = 0

    def _make(self, positions: tuple[Position, ...], notifier: Notifier | None) -> FileInput:
        paths = [str(self.folder / pattern) for pattern in self.patterns]
        hold_open = self.mode != "closed"
        return FileInput("mail", paths, positions, start=self.start, notifier=notifier, hold_open=hold_open)

    @property
    def log(self) -> Path:
        return self.folder / "mail.log"

    # ── the reader ──────────────────────────────────────────────────────────────────────────────────────────

    def begin(self) -> None:
        self.reader.start()
        self.reader.look()

    def look(self) -> None:
        self.reader.look()

    def away(self) -> None:
        """What follows happens while the daemon is down, in the tests of that; else it goes on running."""
        if self.down:
            self.restart_begin()

    def back(self) -> None:
        if self.down:
            self.begin()
        else:
            self.look()

    @contextmanager
    def meanwhile(self) -> Iterator[None]:
        """All is read; what happens in the block happens while the daemon is running, or down; then it looks."""
        self.begin()
        self.away()
        yield
        self.back()

    def restart_begin(self) -> None:
        """Stop reading, whatever the mode."""
        self.reader.look()
        self.reader.stop()

    def quiet(self) -> None:
        """Let the time pass after which nobody writes to a rotated file any more."""
        for _ in range(2):
            self.look()
            self.reader.now += QUIET_SECONDS + 1
            self.look()

    def change_positions(self, change: Callable[[Position], Position]) -> None:
        """Change what is saved, between a stop and a start."""
        self.reader.positions = tuple(change(p) if p.path else p for p in self.reader.positions)

    # ── the writer ──────────────────────────────────────────────────────────────────────────────────────────

    def lines(self, count: int = 10) -> bytes:
        """New lines, expected to be read once."""
        made = [b"Nov 22 12:00:00 mx1 dovecot: line %06d of the log" % (self._number + n) for n in range(count)]
        self._number += count
        self.written += made
        return b"".join(line + b"\n" for line in made)

    def write(self, path: Path | None = None, count: int = 10, *, mode: str = "ab") -> None:
        """Append new lines."""
        with (path or self.log).open(mode) as file:
            file.write(self.lines(count))

    def raw(self, data: bytes, *expected: bytes, path: Path | None = None) -> None:
        """Append these bytes, from which these lines are expected."""
        self.written += expected
        with (path or self.log).open("ab") as file:
            file.write(data)

    def rename(self, target: str, source: Path | None = None) -> None:
        (source or self.log).rename(self.folder / target)

    def rotate(self, generations: int = 4) -> None:
        """As logrotate does: .3 to .4, .2 to .3, .1 to .2, the log to .1."""
        for number in range(generations, 0, -1):
            old = self.folder / f"mail.log.{number}"
            if old.exists():
                old.rename(self.folder / f"mail.log.{number + 1}")
        self.rename("mail.log.1")

    # ── the verdict ─────────────────────────────────────────────────────────────────────────────────────────

    def check(self) -> None:
        """Every complete line once, nothing else; lines that are provably gone are suspected."""
        self.quiet()
        expected, read = Counter(self.written), Counter(self.reader.lines)
        expected.subtract(self.gone)
        lost = sorted((+(expected - read)).elements())
        twice = sorted((+(read - expected)).elements())
        assert ([], []) == (lost[:5], twice[:5]), (len(lost), len(twice))
        status = self.reader.status
        assert status.caught_up
        if self.gone:
            assert status.lines_possibly_lost > 0

    def end(self) -> None:
        self.reader.stop()


def with_device(position: Position, device: int, inode: int | None = None) -> Position:
    """The position as it would have been saved had the file had that device (and inode)."""
    return replace(position, device=device, inode=position.inode if inode is None else inode)


def open_descriptors(folder: Path) -> list[str]:
    """What this process holds open below the folder."""
    links = []
    for entry in os.scandir("/proc/self/fd"):
        try:
            links.append(str(Path(entry.path).readlink()))
        except OSError:
            continue
    return [link for link in links if link.startswith(str(folder))]
