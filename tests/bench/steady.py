"""The daemon at a steady load: 5,000 lines a second, a commit each second, and a scrape now and then.

    .venv/bin/python -m tests.bench.steady [--users 2000] [--seconds 60] [--lines 5000]

The clock is simulated, so a busy machine does not let the daemon fall behind; what is counted is the CPU time of this
process (user and system), by what it was for: `read` is from the file to charges, `checkpoint` what the stages hand
over, `commit` the ledger's part with its tables. All users have logged in before, so nobody is born. Bringing up the
tables is in the mean, since it comes every minute; so are 60 seconds the least that says something. To compare with
another version, run it in that one's folder: `cd OTHER && python THIS_FILE`.
"""

import argparse
import gc
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path.cwd()))

from exporter.config import Config
from exporter.confinement import Confined
from exporter.daemon import Daemon
from exporter.demo.traffic import HOST, iso, session, strangers
from exporter.exposition.renderer import Exposition
from exporter.exposition.selfmetrics import SelfMetrics
from exporter.ledger import Ledger
from exporter.wiring import crew_of, open_ledger

BEGIN = 1_780_000_000 // 3_600 * 3_600
DOMAINS = 400
PART_SECONDS = 900


class Bench:
    """A daemon on one log, at a clock of its own."""

    def __init__(self, folder: Path, users: int) -> None:
        self.now = float(BEGIN)
        self.used: dict[str, float] = {"checkpoint": 0.0, "commit": 0.0}
        self._log = folder / "mail.log"
        self._log.touch()
        config = Config.model_validate(
            {
                "time_zone": "Europe/Berlin",
                "ledger": str(folder / "ledger.sqlite"),
                "sources": [{"name": "mail", "paths": [str(self._log)], "format": "dovecot", "start": "beginning"}],
                "users": {"max": users + 1, "max_total": users + 1},
            }
        )
        self.ledger = open_ledger(config, self.now)
        metrics = SelfMetrics()
        self.exposition = Exposition(self.ledger.calendar, metrics)
        crew = crew_of(config, self.ledger, None)
        self.daemon = Daemon(
            self.ledger, crew, metrics, commit_seconds=1, clock=lambda: self.now, stopwatch=time.perf_counter
        )
        self._timed(Ledger, "commit", "commit")
        self._timed(Confined, "checkpoint", "checkpoint")

    def _timed(self, owner: type, method: str, part: str) -> None:
        plain: Callable[..., object] = getattr(owner, method)

        def timed(*args: object, **more: object) -> object:
            began = time.process_time()
            try:
                return plain(*args, **more)
            finally:
                self.used[part] += time.process_time() - began

        setattr(owner, method, timed)

    def second(self, lines: list[str]) -> float:
        """Write these lines, let a second pass, and read and commit them; CPU seconds."""
        with self._log.open("a", encoding="utf-8") as log:
            log.writelines(lines)
        self.now += 1
        began = time.process_time()
        while self.daemon.turn():
            pass
        return time.process_time() - began

    def scrape(self) -> tuple[float, int]:
        """CPU seconds and bytes of a scrape of everything."""
        began = time.process_time()
        size = sum(map(len, self.exposition.render(self.ledger.view, self.now)))
        return time.process_time() - began, size


def births(users: int) -> list[str]:
    """A login and an end of every user."""
    dice = Random(0)
    found: list[str] = []
    for number in range(users):
        pair = [
            one for one in session(dice, BEGIN, *_account(number), 400) if "Login" in one[1] or "Logged out" in one[1]
        ]
        found += [f"{iso(BEGIN)} {HOST} dovecot: {message}\n" for _, message in pair]
    return found


def traffic(users: int, seconds: int, rate: int) -> list[list[str]]:
    """The lines of each second: sessions of users chosen at random, one in ten of a stranger."""
    dice = Random(1)
    begin = BEGIN + PART_SECONDS
    found: list[tuple[float, str]] = []
    while len(found) < rate * seconds:
        start = begin + dice.random() * seconds
        found += session(dice, start, *_account(dice.randrange(users)), 400)
        found += strangers(dice, start) if dice.randrange(10) == 0 else ()
    by_second: list[list[str]] = [[] for _ in range(seconds)]
    for stamp, message in sorted(found):
        if stamp < begin + seconds:
            by_second[int(stamp) - begin].append(f"{iso(stamp)} {HOST} dovecot: {message}\n")
    return by_second


def _account(number: int) -> tuple[str, str]:
    return (
        f"user{number}@domain{number % DOMAINS}.example",
        f"198.{number // 62_500}.{number // 250 % 250}.{number % 250}",
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=2_000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--lines", type=int, default=5_000)
    options = parser.parse_args()
    written = traffic(options.users, options.seconds, options.lines)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options.users)
        bench.second(births(options.users))
        bench.now = BEGIN + PART_SECONDS - 1
        bench.second([])
        bench.used.update(checkpoint=0.0, commit=0.0)
        gc.freeze()  # as `run` does
        gc.set_threshold(100_000, 50, 50)
        turns, scrapes, size = [], [], 0
        for number, lines in enumerate(written):
            turns.append(bench.second(lines))
            if number % 15 == 14:
                seconds, size = bench.scrape()
                scrapes.append(seconds)
        bench.daemon.close()
        bench.ledger.close()
    count, whole = options.seconds, sum(turns)
    parts = {"read": whole - sum(bench.used.values()), **bench.used}
    print(
        f"{options.users} users, {sum(map(len, written)) / count:,.0f} lines a second: {100 * whole / count:.1f} % of a"
        f" core ({', '.join(f'{name} {1000 * used / count:.0f}' for name, used in parts.items())} ms a second;"
        f" longest turn {1000 * max(turns):.0f} ms); scrapes {', '.join(f'{1000 * one:.0f}' for one in scrapes)} ms,"
        f" {size / 2**20:.1f} MiB; peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB"
    )


if __name__ == "__main__":
    main()
