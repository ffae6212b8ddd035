"""However reading, scraping, committing and crashing alternate, the totals are those of reading the log once."""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.catalogue import Scope
from exporter.config import Config
from exporter.demo.traffic import lines
from exporter.inputs.contract import Input
from exporter.ledger import Ledger
from exporter.model import View
from exporter.pipeline import Pipeline
from exporter.wiring import input_of, open_ledger, pipeline_of
from tests.system.lives import scratch

# Over midnight, while people still poll.
BEGIN = int(datetime(2026, 11, 18, 16, 50, tzinfo=UTC).timestamp())
ZONE = "Asia/Kolkata"  # midnight is at 18:30 UTC
SECONDS = 6600
WHOLE = 1 << 30

Totals = dict[tuple[str, ...], tuple[int, ...]]
Log = Sequence[bytes]


class Act(NamedTuple):
    """What happens next, to which source, and how many bytes it takes."""

    what: str
    source: int
    size: int


acts = st.lists(
    st.builds(
        Act,
        st.sampled_from(["write", "write", "write", "read", "read", "read", "scrape", "commit", "crash", "rotate"]),
        st.integers(0, 1),
        st.integers(1, 30_000),
    ),
    max_size=60,
)


class Source:
    """A log that is written piece by piece, wherever a piece may end, and how it is read."""

    def __init__(self, path: Path, log: Log) -> None:
        self.path = path
        self.rest = b"".join(log)
        self.written = 0
        self.path.touch()

    def write(self, size: int) -> None:
        with self.path.open("ab") as file:
            self.written += file.write(self.rest[self.written : self.written + size])

    def rotate(self) -> None:
        """As logrotate does, between two lines."""
        if self.written == 0 or self.rest[self.written - 1 : self.written] == b"\n":
            self.path.rename(self.path.with_name(f"{self.path.name}-{self.written}-{self.path.stat().st_ino}"))
            self.path.touch()

    @property
    def clock(self) -> float:
        """The stamp of the newest whole line."""
        whole = self.rest[: self.written].rpartition(b"\n")[0].rpartition(b"\n")[2]
        return datetime.fromisoformat(whole[:32].decode()).timestamp() if whole else float(BEGIN)


class Host:
    """One mail host with a log for each source, and an exporter that reads them."""

    def __init__(self, folder: Path, logs: Sequence[Log], listed: tuple[str, ...] = ()) -> None:
        self.sources = [Source(folder / f"{number}.log", log) for number, log in enumerate(logs)]
        configured = [
            {"name": str(number), "paths": [f"{source.path}*"], "format": "dovecot", "start": "beginning"}
            for number, source in enumerate(self.sources)
        ]
        self.config = Config.model_validate(
            {
                "time_zone": ZONE,
                "ledger": str(folder / "ledger.sqlite"),
                "sources": configured,
                "users": {"listed": listed or None},
                "domains": {"listed": tuple({user.rpartition("@")[2] for user in listed}) or None},
            }
        )
        self.shown: Totals = {}
        self.now = float(BEGIN)
        self.open()

    def open(self) -> None:
        self.ledger: Ledger = open_ledger(self.config, self.now)
        self.readers: list[tuple[Input, Pipeline]] = [
            (input_of(source, self.ledger), pipeline_of(source, self.config, self.ledger))
            for source in self.config.sources
        ]

    def close(self) -> None:
        for read, _ in self.readers:
            read.close()
        self.ledger.close()

    def act(self, act: Act) -> None:
        source = act.source % len(self.sources)
        match act.what:
            case "write":
                self.sources[source].write(act.size)
                self.now = max(self.now, *(one.clock for one in self.sources))
            case "rotate":
                self.sources[source].rotate()
            case "read":
                self.read(source, act.size)
            case "commit":
                self.commit()
            case "crash":
                self.close()
                self.open()
        self.scrape()

    def read(self, source: int, budget: int) -> None:
        read, pipeline = self.readers[source]
        for batch in read.read(self.now, budget):
            self.ledger.book(pipeline.feed(batch, self.now))
        self.ledger.book(pipeline.expire(self.now, caught_up=read.status().caught_up))

    def commit(self) -> None:
        checkpoints = {
            read.name: pipeline.checkpoint(read.positions(), read_bytes=read.status().read_bytes)
            for read, pipeline in self.readers
        }
        self.ledger.commit(self.now, checkpoints)

    def scrape(self) -> None:
        """What was shown is never taken back, and the books are balanced."""
        found = totals(self.ledger.view)
        assert self.shown.keys() <= found.keys()
        assert all(all(map(int.__le__, old, found[key])) for key, old in self.shown.items())
        assert self.ledger.view.balanced
        self.shown = found

    def finish(self) -> View:
        """All is written, read and committed."""
        for number, source in enumerate(self.sources):
            source.write(WHOLE)
            self.now = max(self.now, source.clock)
            self.read(number, WHOLE)
        self.commit()
        self.scrape()
        self.close()
        return self.ledger.view


def totals(view: View) -> Totals:
    """The totals of every key that saw something, and of the server's ends."""
    found = {labels: row.totals for scope in Scope for labels, row in view.rows[scope].items() if any(row.totals)}
    return {**found, **{("end", *end): (count,) for end, count in view.ends.items() if count}}


def logged() -> Log:
    return tuple(f"{line}\n".encode() for line in lines(BEGIN, BEGIN + SECONDS))


def shared(log: Log) -> tuple[Log, Log]:
    """The lines of two sources; those of one connection stay together."""
    return tuple(line for line in log if not _is_odd(line)), tuple(line for line in log if _is_odd(line))


def _is_odd(line: bytes) -> bool:
    """By the connection's token, which every line has last."""
    return line.rpartition(b"<")[2][:1] < b"V"


@cache
def once(*logs: Log, listed: tuple[str, ...] = ()) -> View:
    """All logs, one after the other, read once."""
    with tempfile.TemporaryDirectory(dir=scratch()) as name:
        return Host(Path(name), logs, listed).finish()


def lived(logs: Sequence[Log], happens: Sequence[Act], listed: tuple[str, ...] = ()) -> View:
    with tempfile.TemporaryDirectory(dir=scratch()) as name:
        host = Host(Path(name), logs, listed)
        for act in happens:
            host.act(act)
        return host.finish()


LOG = logged()
SHARED = shared(LOG)
NAMES = tuple(sorted({line.partition(b"Login: user=<")[2].partition(b">")[0].decode() for line in LOG} - {""}))


@settings(max_examples=80)
@given(acts)
def test_one_source(happens: list[Act]) -> None:
    """Every total of every scope, every end, every hold of day and hour, and every birth."""
    found = lived([LOG], happens)
    assert totals(once(LOG)) == totals(found)
    assert once(LOG).rows == found.rows
    assert 100 < found.sources["0"].events
    assert once(LOG).sources["0"][:4] == found.sources["0"][:4]


@settings(max_examples=40)
@given(acts)
def test_two_sources_of_one_server(happens: list[Act]) -> None:
    """The server's totals and ends, whatever the order of reading; who was known when may differ."""
    found = lived(SHARED, happens)
    assert once(*SHARED).rows[Scope.SERVER] == found.rows[Scope.SERVER]
    assert once(LOG).rows[Scope.SERVER]["mx1",].totals == found.rows[Scope.SERVER]["mx1",].totals
    assert once(LOG).ends == found.ends


@settings(max_examples=40)
@given(acts)
def test_two_sources_and_known_names(happens: list[Act]) -> None:
    """Where names are known beforehand every total of every scope is the same."""
    assert totals(once(*SHARED, listed=NAMES)) == totals(lived(SHARED, happens, NAMES))
