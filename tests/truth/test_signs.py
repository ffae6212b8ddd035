"""The truth monitor over real logs: healthy ones show no sign; told twice, they are right or show one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from exporter.formats import formats_of
from tests.formats.samples import HERE
from tests.pipeline.bench import Bench

RUNS = [
    path
    for server in ("courier", "cyrus", "dovecot", "mailutils", "nginx", "perdition", "popa3d", "solid-pop3d")
    for path in sorted((HERE / server).glob("[0-9]*.log"))
]
WITH_IDS = [path for path in RUNS if path.parent.name == "dovecot" and "legacy22style" not in path.stem]


@dataclass
class Shown:
    """What a log comes to: the users' numbers, all connections and logins, and the signs beyond their bounds."""

    users: Counter[tuple[tuple[str, ...], str]] = field(default_factory=Counter)
    connections: int = 0
    logins: int = 0
    signs: frozenset[str] = frozenset()


def shown(path: Path, lines: Sequence[bytes], again: Sequence[bytes] = ()) -> Shown:
    """Fed with `lines`, then with `again` from another file."""
    bench = Bench(formats=formats_of(path.parent.name))
    for stream, part in (("a", lines), ("b", again)):
        bench.feed(*part, now=None, stream=stream)
        bench.note(bench.pipeline.expire(None, caught_up=False))
    bench.note(bench.pipeline.finish())
    bench.checkpoint()
    told = {"connections", "logins", "terminations", "received_bytes", "sent_bytes"}
    users = Counter({key: n for key, n in bench.book.items() if len(key[0]) == 3 and key[1] in told})
    signs = frozenset(str(doubt.bound.sign) for doubt in bench.pipeline.doubts)
    return Shown(users, bench.total("connections"), bench.total("logins"), signs)


@pytest.mark.parametrize("path", RUNS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_healthy_log_shows_no_sign(path: Path) -> None:
    """Runs of real servers, with all that clients do to them."""
    assert frozenset() == shown(path, path.read_bytes().splitlines()).signs


@pytest.mark.parametrize("path", WITH_IDS, ids=lambda path: path.stem)
def test_lines_with_an_id_count_once(path: Path) -> None:
    """Each line at once again, or the whole log from a second file: every user's numbers are the same."""
    lines = path.read_bytes().splitlines()
    once = shown(path, lines)
    assert once.users == shown(path, [line for line in lines for _ in range(2)]).users
    assert once.users == shown(path, lines, again=lines).users


@pytest.mark.parametrize("path", RUNS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_logger_that_writes_each_line_twice_is_noticed(path: Path) -> None:
    """Connections and logins are right, or the numbers are said to be in doubt."""
    lines = path.read_bytes().splitlines()
    once, twice = shown(path, lines), shown(path, [line for line in lines for _ in range(2)])
    is_right = (once.logins, once.connections) == (twice.logins, twice.connections)
    assert is_right or twice.signs or once.logins < 10
