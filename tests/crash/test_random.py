"""A writer that is killed at random moments, over and over, on a real disk."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from exporter.catalogue import Scope
from exporter.ledger import Ledger
from exporter.ledger.care import check
from exporter.ledger.reading import Reading

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")]

ROOT = Path(__file__).parents[2]
NOW = 1_780_000_000
KILLS = 40

# Counts upwards for ever: line n is a connection of user n % 50, and says on its output what is committed.
WRITER = f"""
import sys
from exporter.ledger import Ledger
from exporter.model import Charge, Position, SourceCheckpoint, SourceCount
ledger = Ledger.open(sys.argv[1], zone="UTC", now={NOW})
saved = ledger.restored("mail")
line = saved.positions[0].offset if saved else 0
while True:
    for line in range(line + 1, line + 21):
        account = ledger.names.account("mx", b"%d@d%d" % (line % 50, line % 5), login=True)
        ledger.book([Charge(account, {NOW} - line % 7 * 86400, ((0, 1), (5, line)))])
    position = Position("1", "log", offset=line)
    count = SourceCount(events=line, lines=line)
    ledger.commit({NOW}, {{"mail": SourceCheckpoint((position,), {{}}, (), (), count, {{}}, {{}}, {{}}, line, line)}})
    print(line, flush=True)
"""


def test_a_writer_killed_at_random_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """After every kill the totals are those of the lines committed, at least of those shown; the next goes on."""
    path, chance = tmp_path / "ledger.sqlite", random.Random(7)
    committed = 0
    for _ in range(KILLS):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE)
        assert writer.stdout is not None
        shown = [int(writer.stdout.readline())]
        writer.send_signal(signal.SIGKILL) if chance.random() < 0.2 else kill_later(writer, chance.random() / 10)
        shown += [int(line) for line in writer.stdout.read().split(b"\n")[:-1] if line]
        writer.wait()
        writer.stdout.close()
        ledger = Ledger.open(path, now=NOW)
        saved = ledger.restored("mail")
        assert saved is not None
        assert max(shown) <= saved.positions[0].offset
        assert committed < saved.positions[0].offset
        committed = saved.positions[0].offset
        assert (committed, committed * (committed + 1) // 2) == totals(ledger)
        ledger.close()
    assert () == check(path)


def kill_later(writer: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Let it run a while: the moment is random, nothing is waited for."""
    time.sleep(seconds)
    writer.send_signal(signal.SIGKILL)


def totals(ledger: Ledger) -> tuple[int, int]:
    """Connections and bytes of the server, equal in memory and in the file, and over all scopes."""
    with Reading(ledger.path) as reading:
        sums = [
            tuple(map(sum, zip(*(reading.totals(key.id) for key in reading.keys(scope)), strict=True)))
            for scope in Scope
        ]
    assert sums[0] == sums[1] == sums[2] == ledger.view.rows[Scope.SERVER]["mx",].totals
    return sums[0][0], sums[0][5]
