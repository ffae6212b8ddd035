"""What a command loads: only what it needs, because loading is most of the time that a short command takes."""

import subprocess
import sys
from pathlib import Path

import pytest

from exporter.demo.traffic import lines
from tests.cli.running import Run

_SHOW = "import atexit, sys; atexit.register(lambda: print('\\n', *sys.modules)); from exporter.cli import main; main()"
_READING = {"yaml", "exporter.config", "exporter.envelopes", "exporter.formats", "exporter.inputs", "exporter.sessions"}
_SERVING = {"starlette", "uvicorn", "prometheus_client", "watchdog", "exporter.web"}


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `import` writes a few lines."""
    return tmp_path_factory.mktemp("loaded") / "ledger.sqlite"


@pytest.fixture(autouse=True)
def filled(pop3: Run, ledger: Path) -> None:
    """Ten minutes of the demo's host."""
    if not ledger.exists():
        log = ledger.with_name("mail.log")
        log.write_text("".join(f"{line}\n" for line in lines(1_794_954_400, 1_794_955_000)), encoding="utf-8")
        assert 0 == pop3("import", "--ledger", ledger, "--time-zone", "UTC", log).code


def loaded(*arguments: object) -> set[str]:
    """The modules in memory at the end of a command that succeeds."""
    command = [sys.executable, "-c", _SHOW, *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return set(ran.stdout.splitlines()[-1].split())


def tables() -> set[str]:
    """What prints tables, unless typer itself brings it (0.15 does)."""
    return {"rich"} - loaded("--version")


def test_the_version_loads_no_command() -> None:
    """Of the program, only the command line itself."""
    own = {name for name in loaded("--version") if name.startswith("exporter.")}
    assert {"exporter.cli", "exporter.cli.app", "exporter.cli.commands", "exporter.errors"} == own


@pytest.mark.parametrize(
    "command",
    [["report"], ["report", "--by", "user", "--output", "csv"], ["ledger", "info"], ["export", "--openmetrics", "OUT"]],
    ids=lambda command: command[0],
)
def test_a_ledger_is_read_without_what_reads_logs(command: list[str], ledger: Path) -> None:
    """No stage of reading, no configuration, no web server."""
    out = str(ledger.with_name("history.om"))
    found = loaded(*(out if one == "OUT" else one for one in command), "--ledger", ledger)
    assert set() == found & (_READING | _SERVING)


def test_logs_are_read_without_a_web_server(ledger: Path) -> None:
    """`replay` has metrics to print, but nobody to serve; nor does it print tables."""
    found = loaded("replay", ledger.with_name("mail.log"))
    assert set() == found & (_SERVING | tables())


def test_the_daemon_prints_no_tables() -> None:
    """`run` serves and reads; all that is left out is what the terminal shows."""
    found = loaded("run", "--help")
    assert _READING <= found
    assert set() == found & (tables() | {"exporter.gateway"})
