"""The demo's mail host: writes its log up to now, second by second, and continues after a restart."""

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from exporter.demo.traffic import lines

DAYS = 35
DAY = 86_400
WILD_AFTER = 60


class MailHost:
    """Appends to `log` what the host has logged since its last line; `clock` gives UNIX seconds."""

    def __init__(self, log: Path, wild_since: int, clock: Callable[[], float]) -> None:
        self._log = log
        self._wild_since = wild_since
        self._clock = clock
        self._written = last_stamp(log)

    def write(self) -> int:
        """Write what is missing up to now; returns the number of lines."""
        until = int(self._clock())
        if until <= self._written:
            return 0
        found = lines(max(self._written, until - DAYS * DAY), until, self._wild_since)
        with self._log.open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in found)
        self._written = until
        return len(found)

    def run(self, stop: threading.Event) -> None:
        """Write every second until `stop` is set."""
        while not stop.wait(1):
            self.write()


def last_stamp(log: Path) -> int:
    """The second after the log's last line, 0 where there is none."""
    if not log.exists():
        return 0
    with log.open("rb") as file:
        file.seek(max(log.stat().st_size - 4096, 0))
        tail = file.read().splitlines()
    if not tail:
        return 0
    return int(datetime.fromisoformat(tail[-1].split(b" ", 1)[0].decode()).timestamp()) + 1


def write_history(log: Path, now: int) -> None:
    """A log of the last 35 days up to `now`, without the stolen account."""
    log.write_text("".join(f"{line}\n" for line in lines(now - DAYS * DAY, now)), encoding="utf-8")
