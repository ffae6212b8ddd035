"""How long a commit takes, and what it writes, with many users who are polled every ten minutes.

    python tests/bench/ledger.py [--users 20000] [--seconds 1200] [--days 1] [--folder DIR]

One commit a second. The clock is simulated, so the numbers are those of the work alone: wall time of `commit` with
the disk's own syncs, and bytes as the kernel counts them for this process. What a busy machine adds is told by the
CPU time of the same commits, and by as many appends to a plain file, each synced: a commit can be no faster.
"""

import argparse
import os
import random
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from exporter.catalogue import CONNECTIONS, LOGINS, RECEIVED_BYTES, SENT_BYTES, Reason
from exporter.ledger import Ledger
from exporter.model import Account, Charge, Position, SavedSession, SourceCheckpoint, SourceCount

POLLED_EVERY = 600
NOON = 1_780_000_000 // 86_400 * 86_400 + 43_200


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--domains", type=int, default=1_000)
    parser.add_argument("--seconds", type=int, default=1_200)
    parser.add_argument("--days", type=int, default=1, help="days of history before")
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "ledger.sqlite"
        ledger = Ledger.open(path, zone="Europe/Berlin", now=NOON)
        accounts = birth(ledger, options.users, options.domains, options.days)
        plain = appends(Path(folder) / "plain", 300)
        print(f"300 plain appends of 32 KiB, synced: median {part(plain, 0.5):.1f} ms, p99 {part(plain, 0.99):.1f} ms")
        print(f"{options.users} users, {options.domains} domains, {options.days} days: {size(path):.0f} MiB")
        half = options.seconds // 2
        report("first polls of the day", run(ledger, accounts, 0, half))
        report("later polls", run(ledger, accounts, half, options.seconds))
        ledger.close()
        began = time.perf_counter()
        ledger = Ledger.open(path, now=NOON)
        print(
            f"opened in {time.perf_counter() - began:.2f} s, {size(path):.0f} MiB; peak of the process {peak():.0f} MiB"
        )
        ledger.close()


def appends(path: Path, number: int) -> list[float]:
    """How long it takes to append what a commit writes and to sync it, again and again."""
    durations: list[float] = []
    with path.open("ab", buffering=0) as file:
        for _ in range(number):
            began = time.perf_counter()
            file.write(b"\0" * 32_768)
            os.fdatasync(file.fileno())
            durations.append(time.perf_counter() - began)
    return durations


def part(durations: list[float], share: float) -> float:
    """Milliseconds that this share of the durations does not exceed."""
    return sorted(durations)[int(share * (len(durations) - 1))] * 1000


def birth(ledger: Ledger, users: int, domains: int, days: int) -> list[Account]:
    """Every user logs in once on each of the days before."""
    names = (b"user%d@domain%d.example" % (number, number % domains) for number in range(users))
    accounts = [ledger.names.account("mx1", name, login=True) for name in names]
    for day in range(days, 0, -1):
        stamp = NOON - day * 86_400
        ledger.book(poll(account, stamp, number) for number, account in enumerate(accounts))
        ledger.commit(stamp)
    return accounts


def poll(account: Account, stamp: int, number: int) -> Charge:
    """The login of a short session, with its bytes."""
    amounts = ((CONNECTIONS, 1), (RECEIVED_BYTES, 61), (SENT_BYTES, 137 + number), (LOGINS, 1))
    return Charge(account, stamp, amounts, Reason.LOGOUT, b"192.0.%d.%d" % (number // 256 % 256, number % 256))


class Measured(NamedTuple):
    """Seconds of each commit by the wall and of CPU, bytes written in all, and CPU seconds with all around them."""

    durations: list[float]
    cpu: list[float]
    written: int
    used: float


def run(ledger: Ledger, accounts: list[Account], begin: int, end: int) -> Measured:
    """A commit a second."""
    order = random.Random(1).sample(accounts, len(accounts))
    rate = len(accounts) / POLLED_EVERY
    durations: list[float] = []
    cpu: list[float] = []
    written, used = written_bytes(), time.process_time()
    for second in range(begin, end):
        first, last = int(second * rate), int((second + 1) * rate)
        ledger.book(poll(order[n % len(order)], NOON + second, n) for n in range(first, last))
        began, before = time.perf_counter(), time.process_time()
        ledger.commit(NOON + second, {"mail": checkpoint(NOON + second, first, last)})
        durations.append(time.perf_counter() - began)
        cpu.append(time.process_time() - before)
    return Measured(durations, cpu, written_bytes() - written, time.process_time() - used)


def checkpoint(stamp: int, first: int, last: int) -> SourceCheckpoint:
    """What a source brings: its position, and as many sessions opened and closed as there were polls."""
    return SourceCheckpoint(
        positions=(Position("8:1", "/var/log/mail.log", 8, 1, 1024, "f" * 32, last * 400),),
        envelopes={"8:1": str(stamp)},
        opened=tuple(SavedSession("mx1", b"%d" % n, {"last": stamp, "deadline": stamp}) for n in range(first, last)),
        closed=tuple(("mx1", b"%d" % n) for n in range(2 * first - last, first)),
        counts=SourceCount(events=last * 2, lines=last * 2, read_bytes=last * 400),
        last_events={"mx1": stamp},
        open_sessions={("mx1", "charged"): last - first},
        quality={},
        seen=last,
        charged=last,
    )


def report(what: str, measured: Measured) -> None:
    """Two lines of numbers."""
    durations, cpu, written, used = measured
    print(
        f"{what}: commit median {part(durations, 0.5):.1f} ms, p99 {part(durations, 0.99):.1f} ms,"
        f" worst {max(durations) * 1000:.1f} ms, mean {statistics.mean(durations) * 1000:.1f} ms;"
        f" of CPU median {part(cpu, 0.5):.1f} ms, p99 {part(cpu, 0.99):.1f} ms, worst {max(cpu) * 1000:.1f} ms;"
        f" CPU {used / len(durations) * 1000:.1f} ms a second"
    )
    a_second = written / len(durations)
    print(f"{what}: written {a_second / 1024:.0f} KiB a second, {a_second * 86_400 / 2**30:.1f} GiB a day")


def written_bytes() -> int:
    """Bytes that this process has sent to the disk, as the kernel counts them; 0 where it does not tell."""
    try:
        fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text(encoding="ascii").splitlines())
    except OSError:
        return 0
    return int(fields["write_bytes"])


def size(path: Path) -> float:
    """MiB of the ledger on disk."""
    return sum(part.stat().st_size for part in path.parent.glob(f"{path.name}*")) / 2**20


def peak() -> float:
    """The most memory that this process had, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
