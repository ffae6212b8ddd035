"""Whatever is done to a log, in whatever order, and whenever the reader dies: every complete line is read once."""

import bz2
import gzip
import lzma
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from exporter.inputs import signature
from exporter.inputs.files import QUIET_SECONDS, FileInput
from exporter.inputs.lines import HOLE, MAX_LINE
from exporter.inputs.openfiles import OpenFiles
from exporter.model import Position

SHORT = 1000  # of lines that are cut

COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def number_of(path: Path) -> int:
    """Which generation it is, by its name."""
    return int(re.findall(r"\.log\.(\d+)", path.name)[0])


class Log(RuleBasedStateMachine):
    """A log, its writer, its rotation, and a reader that saves its positions now and then and dies now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="pop3-exporter-machine-")).resolve()
        self.log = self.folder / "mail.log"
        self.now = 2_000_000_000.0
        self.expected: Counter[bytes] = Counter()
        self.part = b""
        self.number = 0
        self.committed: list[bytes] = []
        self.read: list[bytes] = []
        self.positions: tuple[Position, ...] = ()
        self.linked = False
        self.source: FileInput | None = None

    @initialize(
        globbed=st.booleans(),
        hold_open=st.booleans(),
        linked=st.booleans(),
        max_open=st.sampled_from([1, 256]),
        name=st.sampled_from([b"mail.log", b"mail-M\xe4rz.log"]),
    )
    def begin(self, *, globbed: bool, hold_open: bool, linked: bool, max_open: int, name: bytes = b"mail.log") -> None:
        self.linked, self.hold_open, self.max_open = linked, hold_open, max_open
        self.log = self.folder / os.fsdecode(name)
        self.patterns = [f"{self.log}*" if globbed and not linked else str(self.log)]
        if linked:
            self.swap_link()
        self.start()
        self.look(1, 1, 0)
        self.commit()

    def start(self) -> None:
        self.source = FileInput(
            "mail",
            self.patterns,
            self.positions,
            start="beginning",
            hold_open=self.hold_open,
            open_files=OpenFiles(self.max_open),
        )

    # ── the writer ──────────────────────────────────────────────────────────────────────────────────────────

    def line(self, length: int) -> bytes:
        self.number += 1
        return b"%06d " % self.number + b"x" * length

    @rule(count=st.integers(1, 5), length=st.sampled_from([0, 30, 300, 5000]))
    def write(self, count: int, length: int) -> None:
        lines = [self.line(length) for _ in range(count)]
        self.expected[self.part + lines[0]] += 1
        self.expected.update(lines[1:])
        self.append(self.log, b"\n".join(lines) + b"\n")
        self.part = b""

    @rule(length=st.sampled_from([0, 300, 2000]))
    def write_part(self, length: int) -> None:
        part = self.line(length)
        self.part += part
        self.append(self.log, part)

    @rule(size=st.sampled_from([HOLE, 3 * HOLE, 3 << 20]), sparse=st.booleans())
    def leave_a_hole(self, size: int, *, sparse: bool) -> None:
        """As a crash, or a writer that goes on at its old place; a part of a line before it is a line."""
        with self.log.open("ab") as file:
            if sparse:
                file.truncate(file.tell() + size)
            else:
                file.write(bytes(size))
            lines = [self.line(30) for _ in range(2)]
            file.write(b"\n".join(lines) + b"\n")
        self.end_part()
        self.expected.update(lines)

    @precondition(lambda self: not self.part)
    @rule(more=st.integers(0, 3))
    def write_without_end(self, more: int) -> None:
        """Longer than any line; it is given once, cut, and counts as what it begins with."""
        line = self.line(MAX_LINE + (more << 19))
        self.expected[line[:SHORT]] += 1
        self.append(self.log, line + b"\n")

    @precondition(lambda self: not self.linked)
    @rule(count=st.integers(1, 3))
    def write_late(self, count: int) -> None:
        """A writer that has not yet noticed the rotation."""
        rotated = self.generation("1")
        if rotated.exists() and rotated.read_bytes().endswith(b"\n"):
            lines = [self.line(20) for _ in range(count)]
            self.expected.update(lines)
            self.append(rotated, b"\n".join(lines) + b"\n")

    def append(self, path: Path, data: bytes) -> None:
        with path.open("ab") as file:
            file.write(data)

    # ── rotation ────────────────────────────────────────────────────────────────────────────────────────────

    def shift(self) -> None:
        for number in range(40, 0, -1):
            for path in self.rotated():
                if number_of(path) == number:
                    path.rename(self.folder / path.name.replace(f".{number}", f".{number + 1}", 1))

    def generation(self, mark: str) -> Path:
        return self.folder / f"{self.log.name}.{mark}"

    def rotated(self) -> list[Path]:
        """The rotated files, the youngest first."""
        return sorted(self.folder.glob(f"{self.log.name}.*"), key=number_of)

    def end_part(self) -> None:
        """A rotated file's rest without an end is its last line."""
        if self.part:
            self.expected[self.part] += 1
            self.part = b""

    @precondition(lambda self: not self.linked and self.log.exists())
    @rule(create=st.booleans())
    def rotate(self, *, create: bool) -> None:
        self.shift()
        self.log.rename(self.generation("1"))
        self.end_part()
        if create:
            self.log.touch()

    @precondition(lambda self: not self.linked and self.log.exists())
    @rule()
    def copytruncate(self) -> None:
        self.shift()
        shutil.copy(self.log, self.generation("1"))
        os.truncate(self.log, 0)
        self.end_part()

    @precondition(lambda self: not self.linked)
    @rule(ending=st.sampled_from(sorted(COMPRESSORS)))
    def compress(self, ending: str) -> None:
        plain = [path for path in self.rotated() if path.suffix not in COMPRESSORS]
        if plain:
            target = plain[-1]
            Path(f"{target}{ending}").write_bytes(COMPRESSORS[ending](target.read_bytes()))
            target.unlink()

    @precondition(lambda self: not self.linked)
    @rule()
    def delete_oldest(self) -> None:
        """Only what was read and saved: the rest would provably be lost."""
        if rotated := self.rotated():
            self.read_all()
            rotated[-1].unlink()

    @precondition(lambda self: not self.linked and self.log.exists() and not self.part)
    @rule()
    def delete_and_create(self) -> None:
        self.read_all()
        self.log.unlink()
        self.log.touch()

    @precondition(lambda self: self.linked and not self.part)
    @rule(count=st.integers(0, 3))
    def swap(self, count: int) -> None:
        """One swap between two looks: of two, nobody could know the target in between."""
        self.read_all()
        if count:
            self.write(count, 30)
        self.swap_link()

    def swap_link(self) -> None:
        self.number += 1
        target = self.folder / f"data{self.number}" / "pop.out"
        target.parent.mkdir()
        target.touch()
        (self.folder / "link").symlink_to(target)
        os.replace(self.folder / "link", self.log)  # noqa: PTH105  (the very call)

    # ── the reader ──────────────────────────────────────────────────────────────────────────────────────────

    @rule(
        budget=st.sampled_from([1, 2000, 1 << 30]), batches=st.sampled_from([0, 1, 2, 1000]), seconds=st.integers(0, 40)
    )
    def look(self, budget: int, batches: int, seconds: int) -> None:
        assert self.source is not None
        self.now += seconds
        for batch in islice(self.source.read(self.now, budget), batches):
            self.read += [line[:SHORT] if len(line) >= MAX_LINE - SHORT else line for line in batch.lines if line]

    @rule()
    def commit(self) -> None:
        assert self.source is not None
        self.positions = self.source.positions()
        self.committed += self.read
        self.read = []

    def read_all(self) -> None:
        assert self.source is not None
        for _ in range(3):
            self.look(1 << 30, 1000, int(QUIET_SECONDS) + 1)
        for _ in range(200):  # what is searched or passed over goes on by a bounded part a look
            if self.source.status().caught_up:
                break
            self.look(1 << 30, 1000, 1)
        self.look(1 << 30, 1000, int(QUIET_SECONDS) + 1)
        assert self.source.status().caught_up
        self.commit()

    @rule()
    def stop_and_start(self) -> None:
        self.commit()
        self.kill_and_start()

    @rule()
    def kill_and_start(self) -> None:
        """What was read since the last commit is forgotten with the positions."""
        assert self.source is not None
        self.source.close()
        self.read = []
        self.start()

    @invariant()
    def nothing_twice(self) -> None:
        twice = Counter(self.committed + self.read) - self.expected
        assert not [line for line in twice if self.part == b"" or line != self.part]

    def teardown(self) -> None:
        try:
            if self.source is not None:
                self.read_all()
                if self.part:
                    self.part = b""
                assert [] == sorted((self.expected - Counter(self.committed)).elements())
                assert [] == sorted((Counter(self.committed) - self.expected).elements())
                self.source.close()
        finally:
            shutil.rmtree(self.folder)


def test_every_line_once_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """A random history of writing, rotation and crashes loses nothing and gives nothing twice."""
    # The machine's clock runs ahead of the disk's, so no file's times are ever old enough to be believed.
    monkeypatch.setattr(signature, "COARSEST_CLOCK_SECONDS", float("inf"))
    run_state_machine_as_test(
        Log,
        settings=settings(
            max_examples=int(os.environ.get("POP3_MACHINE_EXAMPLES", "60")),
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize="POP3_MACHINE_EXAMPLES" not in os.environ,
        ),
    )
