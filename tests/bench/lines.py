"""Lines per CPU second, end to end with sessions and ledger, over a 500,000-line Dovecot log; mtail in the same run.

    .venv/bin/python tests/bench/lines.py [LINES] [ROUNDS]

CPU seconds (user + system) of whole processes, interpreter start included; rounds in turn, medians.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from exporter.demo.traffic import HOST, iso, session, strangers

BENCH = Path(__file__).parent
DAY = 86_400
USERS, DOMAINS = 2_000, 20


def write_log(path: Path, count: int) -> None:
    """A day of a busy Dovecot host, ending now: `count` lines of sessions of 2,000 users in 20 domains."""
    dice = Random(1)
    end = int(time.time())
    found: list[tuple[float, str]] = []
    while len(found) < count:
        number = int(dice.paretovariate(1)) % USERS
        user = f"user{number}@domain{number % DOMAINS}.example"
        address = f"198.51.{number // 250}.{number % 250 + 1}"
        found += session(dice, end - dice.random() * DAY, user, address, 400)
        found += strangers(dice, end - dice.random() * DAY) if dice.randrange(10) == 0 else ()
    found = sorted(found)[:count]
    path.write_text("".join(f"{iso(stamp)} {HOST} dovecot: {message}\n" for stamp, message in found), encoding="utf-8")


def cpu_seconds(command: list[str]) -> float:
    """User and system time of the finished command."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return usage.ru_utime + usage.ru_stime


def compare(write: Callable[[Path, int], None], count: int, rounds: int) -> None:
    """Let both read a log of `count` lines, in turn, and print the medians."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "mail.log"
        write(log, count)
        print(f"{count} lines, {log.stat().st_size} bytes, Python {sys.version.split()[0]}")
        commands = {"pop3-exporter": [sys.executable, "-m", "exporter", "replay", "--format", "dovecot", str(log)]}
        if shutil.which("mtail"):
            program = str(BENCH / "dovecot.mtail")
            commands["mtail"] = ["mtail", "--one_shot", "--progs", program, "--logs", str(log), "--logtostderr"]
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                seconds[name].append(cpu_seconds(command))
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"{name:14} {median:6.2f} CPU s (median of {rounds})  {count / median:10,.0f} lines per CPU second")
    if "mtail" in seconds:
        pairs = zip(seconds["mtail"], seconds["pop3-exporter"], strict=True)
        print(f"ratio          {statistics.median(theirs / ours for theirs, ours in pairs):.2f} x mtail")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500_000
    compare(write_log, count, int(sys.argv[2]) if len(sys.argv) > 2 else 5)


if __name__ == "__main__":
    main()
