"""Makes the stages of the program raise, each in the middle of what it does."""

# ruff: noqa: ANN401 - what the stages take and give is passed on as it is

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from exporter import pipeline as pipeline_module
from exporter.envelopes import columns
from exporter.envelopes.opener import Opener
from exporter.formats.dovecot import Dovecot
from exporter.inputs.files import FileInput
from exporter.ledger.book import Ledger
from exporter.ledger.pending import Pending
from exporter.ledger.posting import Posting
from exporter.ledger.state import State
from exporter.ledger.writing import Writer
from exporter.model import Batch, Charge
from exporter.names import Names
from exporter.pipeline import Pipeline
from exporter.sessions import Sessions

ERRORS: tuple[Callable[[], Exception], ...] = (
    lambda: ValueError("of alice@example.com"),
    MemoryError,
    lambda: RecursionError("maximum recursion depth exceeded"),
    lambda: OverflowError("Python int too large to convert to SQLite INTEGER"),
    lambda: UnicodeEncodeError("utf-8", "\udcff", 0, 1, "surrogates not allowed"),
    AssertionError,
    lambda: KeyError("secret"),
)
# Each stage, and the mark of lines at which it raises; also the name of a fault that comes once.
STAGES = ("batch", "envelope", "format", "names", "sessions", "booking", "commit")
ONCE = ("reading", "looking", "batch", "expiring", "positions", "status", "checkpoint", "booking", "writing", "showing")


def mark(stage: str) -> str:
    """What a line has that `stage` cannot read."""
    return f"poison-{stage}-"


class Raising:
    """Every stage raises at lines with its mark; and once, where it is told to, for the servers of `once_for`."""

    def __init__(self, dice: Random, once_for: str) -> None:
        self.once = ""
        self.fired = 0
        self._dice = dice
        self._for = once_for

    def now(self, stage: str, name: str) -> None:
        """Raise if this stage is to, of this source."""
        if self.once == stage and name == self._for:
            self.once = ""
            self.fired += 1
            error = self._dice.choice(ERRORS)()
            raise error

    def at(self, stage: str, text: object) -> None:
        """Raise if the text has the mark of the stage."""
        if mark(stage) in str(text):
            error = self._dice.choice(ERRORS)()
            raise error

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """From now on."""
        self._install_lines(patch)
        self._install_books(patch)
        self._install_rest(patch)

    def _install_lines(self, patch: pytest.MonkeyPatch) -> None:
        feed, opened, read, rows = Pipeline.feed, columns.opened, Dovecot.read, Dovecot.read_batch
        take, login, account = Sessions.take, Sessions.login, Names.account

        def feeding(pipeline: Pipeline, batch: Batch, now: float | None) -> list[Charge]:
            bad = next((n for n, line in enumerate(batch.lines) if mark("batch").encode() in line), None)
            charges = feed(pipeline, batch if bad is None else replace(batch, lines=batch.lines[: bad + 1]), now)
            self.at("batch", b"".join(batch.lines))
            self.now("batch", str(pipeline._context.server))
            return charges

        def opening(opener: Opener, lines: Sequence[bytes]) -> Any:
            found = opened(opener, lines)
            self.at("envelope", b"".join(lines))
            return found

        def reading_batch(dovecot: Dovecot, messages: Sequence[bytes], senders: Any) -> Any:
            self.at("format", b"".join(messages))
            return rows(dovecot, messages, senders)

        def reading(dovecot: Dovecot, record: Any) -> Any:
            self.at("format", record)
            return read(dovecot, record)

        def taking(sessions: Sessions, server: str, stamp: int, fact: Any, *more: Any) -> Any:
            charges = take(sessions, server, stamp, fact, *more)
            self.at("sessions", fact.user)
            return charges

        def logging_in(sessions: Sessions, server: str, stamp: int, key: bytes, user: bytes, *more: Any) -> Any:
            charge = login(sessions, server, stamp, key, user, *more)
            self.at("sessions", user)
            return charge

        def naming(names: Names, server: str, user: bytes | None, **more: Any) -> Any:
            found = account(names, server, user, **more)
            self.at("names", user)
            return found

        patch.setattr(Pipeline, "feed", feeding)
        patch.setattr(pipeline_module, "opened", opening)
        patch.setattr(Dovecot, "read", reading)
        patch.setattr(Dovecot, "read_batch", reading_batch)
        patch.setattr(Sessions, "login", logging_in)
        patch.setattr(Sessions, "take", taking)
        patch.setattr(Names, "account", naming)

    def _install_books(self, patch: pytest.MonkeyPatch) -> None:
        book, posted, booked = Pending.book, Posting._posted, Ledger.book

        def booking(pending: Pending, charges: Iterable[Charge]) -> None:
            for charge in charges:
                self.at("booking", charge.account.user)
                book(pending, [charge])

        def booking_once(ledger: Ledger, charges: Iterable[Charge], source: str = "") -> None:
            charges = list(charges)
            booked(ledger, charges[: len(charges) // 2], source)
            if charges:
                self.now("booking", source)
            booked(ledger, charges[len(charges) // 2 :], source)

        def posting(self_: Posting, entry: Any, delta: Any) -> Any:
            self.at("commit", entry.row.labels)
            return posted(self_, entry, delta)

        patch.setattr(Pending, "book", booking)
        patch.setattr(Ledger, "book", booking_once)
        patch.setattr(Posting, "_posted", posting)

    def _install_rest(self, patch: pytest.MonkeyPatch) -> None:
        read, expire, checkpoint = FileInput.read, Pipeline.expire, Pipeline.checkpoint
        positions, status, append, take = FileInput.positions, FileInput.status, Writer.append, State.take

        def reading(files: FileInput, now: float, budget: int) -> Iterator[Batch]:
            self.now("looking", files.name)
            for batch in read(files, now, budget):
                self.now("reading", files.name)
                yield batch

        def expiring(pipeline: Pipeline, *args: Any, **more: Any) -> Any:
            charges = expire(pipeline, *args, **more)
            self.now("expiring", str(pipeline._context.server))
            return charges

        def checkpointing(pipeline: Pipeline, *args: Any, **more: Any) -> Any:
            found = checkpoint(pipeline, *args, **more)
            self.now("checkpoint", str(pipeline._context.server))
            return found

        def telling(files: FileInput) -> Any:
            self.now("positions", files.name)
            return positions(files)

        def faring(files: FileInput) -> Any:
            self.now("status", files.name)
            return status(files)

        def writing(writer: Writer, connection: Any, commit: Any, end: str = "COMMIT") -> None:
            for name in commit.sources:
                self.now("writing", name)
            append(writer, connection, commit, end)

        def showing(state: State, staged: Any) -> None:
            self.now("showing", self._for)
            take(state, staged)

        patch.setattr(FileInput, "read", reading)
        patch.setattr(Pipeline, "expire", expiring)
        patch.setattr(Pipeline, "checkpoint", checkpointing)
        patch.setattr(FileInput, "positions", telling)
        patch.setattr(FileInput, "status", faring)
        patch.setattr(Writer, "append", writing)
        patch.setattr(State, "take", showing)
