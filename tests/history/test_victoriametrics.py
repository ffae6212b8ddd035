"""The export and the dashboards' queries on a real VictoriaMetrics: the same cells as the ledger's."""

import shutil
import subprocess
import time
from datetime import date
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from exporter.history.openmetrics import export_openmetrics
from exporter.ledger.reading import Reading
from tests.history.comparing import Site, compare_hours, compare_steps, compare_totals
from tests.history.sites import history
from tests.prometheus_server import START_SECONDS, PrometheusServer, free_port
from tests.reports.ledgers import at

BERLIN = "Europe/Berlin"
FIRST, LAST = date(2026, 9, 29), date(2026, 11, 3)

pytestmark = [pytest.mark.slow, pytest.mark.tool("victoria-metrics")]


class VictoriaMetrics(PrometheusServer):
    """The same calls, answered by VictoriaMetrics."""

    def start(self) -> None:
        """Start it and wait until it answers."""
        address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{address}"
        command = [
            shutil.which("victoria-metrics") or "victoria-metrics",
            f"-storageDataPath={self._data}",
            f"-httpListenAddr={address}",
            "-retentionPeriod=20y",
            "-search.latencyOffset=0s",
            "-search.maxQueryLen=1MB",
        ]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                with urlopen(f"{self.url}/health", timeout=1):
                    return
            except OSError:
                time.sleep(0.05)  # another process: it can only be asked
        raise RuntimeError(self._log.read_text()[-2000:])

    def load_blocks(self, openmetrics: Path, *, block_duration: str = "") -> None:
        """Import the file as it is."""
        del block_duration
        data = openmetrics.read_bytes()
        urlopen(Request(f"{self.url}/api/v1/import/prometheus", data, method="POST"), timeout=60).close()
        urlopen(f"{self.url}/internal/force_flush", timeout=60).close()
        urlopen(f"{self.url}/internal/resetRollupResultCache", timeout=60).close()


def test_every_cell_equals_the_ledger(tmp_path: Path) -> None:
    """Days to quarters, totals of domains and users, hours; over the end of summer time."""
    clock = at(BERLIN, f"{LAST}T15:20")
    ledger = history(tmp_path / "ledger.sqlite", BERLIN, FIRST, LAST, clock)
    with Reading(ledger) as reading, VictoriaMetrics(tmp_path) as server:
        export_openmetrics([reading], tmp_path / "history.txt", clock=clock)
        server.load_blocks(tmp_path / "history.txt")
        site = Site(BERLIN, clock, reading, server)
        compare_steps(site, FIRST, LAST)
        compare_totals(site, FIRST, LAST)
        compare_hours(site, date(2026, 10, 24), date(2026, 10, 26))
