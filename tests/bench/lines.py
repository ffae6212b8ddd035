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
from itertools import islice
from pathlib import Path

from exporter.demo.traffic import lines

BENCH = Path(__file__).parent
DAY = 86_400


def write_log(path: Path, count: int) -> int:
    """A Dovecot log of about `count` lines of the demo's traffic, ending now; returns its lines."""
    end, written = int(time.time()), 0
    begin = end - int(count / 100_000 * 35 * DAY)
    with path.open("w", encoding="utf-8") as file:
        for day in range(begin, end, DAY):
            found = list(islice(lines(day, min(day + DAY, end)), count - written))
            file.writelines(f"{line}\n" for line in found)
            written += len(found)
    return written


def cpu_seconds(command: list[str]) -> float:
    """User and system time of the finished command."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "mail.log"
        written = write_log(log, count)
        print(f"{written} lines, {log.stat().st_size} bytes, Python {sys.version.split()[0]}")
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
        print(f"{name:14} {median:6.2f} CPU s (median of {rounds})  {written / median:10,.0f} lines per CPU second")
    if "mtail" in seconds:
        pairs = zip(seconds["mtail"], seconds["pop3-exporter"], strict=True)
        print(f"ratio          {statistics.median(theirs / ours for theirs, ours in pairs):.2f} x mtail")


if __name__ == "__main__":
    main()
