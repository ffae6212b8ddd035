"""The running daemon: CPU while idle with 100 files, and memory with 20,000 users.

    .venv/bin/python -m tests.bench.daemon [SECONDS]

CPU seconds and peak memory are the process's own, as the kernel counts them (/proc).
"""

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import yaml

from exporter.demo.traffic import HOST, iso

TICK = os.sysconf("SC_CLK_TCK")
FILES, USERS = 100, 20_000
PORT = 10_911


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with tempfile.TemporaryDirectory() as folder:
        for number in range(FILES):
            (Path(folder) / f"mail{number}.log").touch()
        log = Path(folder) / "mail0.log"
        with started(Path(folder)) as process:
            wait_for_lines(0)
            before = cpu_seconds(process.pid)
            time.sleep(seconds)
            idle = cpu_seconds(process.pid) - before
            print(f"idle, {FILES} files: {100 * idle / seconds:.2f} % of a core over {seconds} s")
            print(f"memory, empty ledger: {peak_mebibytes(process.pid):.0f} MiB")
            write_users(log)
            wait_for_lines(2 * USERS)
            scrape()
            print(f"memory, {USERS} users, scraped: {peak_mebibytes(process.pid):.0f} MiB")
            process.terminate()


def started(folder: Path) -> "subprocess.Popen[bytes]":
    source = {"name": "mail", "paths": [f"{folder}/*.log"], "format": "dovecot", "start": "beginning"}
    values = {"ledger": f"{folder}/ledger.sqlite", "web": {"listen": f"127.0.0.1:{PORT}"}, "sources": [source]}
    (folder / "config.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    command = [sys.executable, "-m", "exporter", "run", "--config.file", str(folder / "config.yaml")]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def write_users(log: Path) -> None:
    """A login and a logout of each user."""
    now = time.time()
    with log.open("a", encoding="utf-8") as file:
        for number in range(USERS):
            user, session = f"user{number}@domain{number % 50}.example", f"s{number}"
            peer = f"rip=198.51.{number % 250}.7, lip=192.0.2.1, mpid=1, session=<{session}>"
            file.write(f"{iso(now)} {HOST} dovecot: pop3-login: Login: user=<{user}>, method=PLAIN, {peer}\n")
            file.write(f"{iso(now)} {HOST} dovecot: pop3({user})<1><{session}>: Disconnected: Logged out in=1, out=2\n")


def scrape() -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/metrics", timeout=60) as answer:
        return str(answer.read().decode())


def wait_for_lines(number: int) -> None:
    """Until the daemon answers and has read so many lines."""
    while True:
        try:
            values = [line for line in scrape().splitlines() if line.startswith("pop3_exporter_lines_total")]
        except OSError:
            values = []
        if values and sum(float(value.rsplit(" ", 1)[1]) for value in values) >= number:
            return
        time.sleep(0.5)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def peak_mebibytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


if __name__ == "__main__":
    main()
