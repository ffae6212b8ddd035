"""The real daemon as a process of its own, and what it exposes."""

import http.client
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.dovecot import free_port

Labels = tuple[tuple[str, str], ...]
Samples = dict[tuple[str, Labels], float]
PATIENCE_SECONDS = 60


class Daemon:
    """`pop3-exporter run` on `paths`, in `folder`; may be killed and started again on the same ledger."""

    def __init__(self, folder: Path, paths: list[str], **source: str) -> None:
        self.port = free_port()
        self.config = folder / "config.yaml"
        self.ledger = folder / "ledger.sqlite"
        self._log = folder / "daemon.log"
        self._process: subprocess.Popen[bytes] | None = None
        values = {
            "time_zone": "UTC",
            "ledger": str(self.ledger),
            "commit_seconds": 0.05,
            "web": {"listen": f"127.0.0.1:{self.port}"},
            "sources": [{"name": "mail", "paths": paths, "start": "beginning", **source}],
        }
        self.config.write_text(yaml.safe_dump(values), encoding="utf-8")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, *, answers: bool = True, under: Sequence[str] = ()) -> None:
        """Start it, and wait until it answers, unless that is not awaited; `under`: a command that starts it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*under, sys.executable, "-m", "exporter", "run", "--config.file", str(self.config)], stderr=log
            )
        if answers:
            self.wait_for(bool)

    def stop(self) -> int:
        """Tell it to stop as systemd does; its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at whatever it is doing."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(timeout=PATIENCE_SECONDS)

    @property
    def exit_code(self) -> int | None:
        """How it has ended; None: it runs."""
        assert self._process is not None
        return self._process.poll()

    def log(self) -> str:
        """What it said."""
        return self._log.read_text(encoding="utf-8")

    def scrape(self) -> Samples:
        """All samples it exposes now; empty while it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
                text = answer.read().decode()
        except (urllib.error.URLError, http.client.HTTPException, OSError):
            return {}
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def wait_for(self, condition: Callable[[Samples], bool]) -> Samples:
        """Scrape until the condition holds; fails with the daemon's log when it is over or takes too long."""
        for _ in range(PATIENCE_SECONDS * 20):
            samples = self.scrape()
            if condition(samples):
                return samples
            assert self._process is not None
            assert self._process.poll() is None, self.log()
            threading.Event().wait(0.05)
        raise AssertionError(f"waited {PATIENCE_SECONDS} s in vain\n{self.log()}")


def value(samples: Samples, name: str, **labels: str) -> float:
    """One sample's value; KeyError if it is not there."""
    return samples[name, tuple(sorted(labels.items()))]


def lines_read(samples: Samples) -> float:
    """All lines, whatever they were taken for."""
    return sum(number for (name, _), number in samples.items() if name == "pop3_exporter_lines_total")


def counters(samples: Samples) -> Samples:
    """What the ledger keeps, and so never falls."""
    return {key: number for key, number in samples.items() if key[0].startswith("pop3_") and key[0].endswith("_total")
            and not key[0].startswith(("pop3_exporter_read_errors",))}  # fmt: skip
