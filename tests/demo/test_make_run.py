"""`make run` as a newcomer sees it, from nothing to the report, and its end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.demo.processes import free_address

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_from_nothing_to_the_report_and_out(tmp_path: Path) -> None:
    """The demo's first start shows both reports and the addresses; what ends it loses nothing and is no error."""
    address = free_address("127.0.0.1:0")
    command = [sys.executable, "-m", "exporter.demo", "--directory", str(tmp_path), "--listen", address]
    # No programs: no journal of this machine's, no Prometheus.
    environment = {**os.environ, "PATH": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        shown = ""
        for line in process.stdout:
            shown += line
            if "Press Ctrl-C to stop." in line and "Stopping" not in shown:
                process.send_signal(signal.SIGTERM)
        assert 0 == process.wait(), shown
    for words in (
        "POP3 sessions by day",
        "POP3 sessions by domain",
        f"http://{address}/metrics",
        "are counted in the ledger",
    ):
        assert words in shown
    assert "Traceback" not in shown
    totals = [line.split()[1] for line in shown.splitlines() if line.split()[:1] == ["Total"]]
    assert 2 == len(totals)
    assert totals[0] == totals[1]
