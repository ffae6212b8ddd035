"""The same cells on a real VictoriaMetrics with its default flags, which take queries of 16 KiB."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.dashboards.site import Site
from tests.dashboards.test_numbers import ALWAYS, LAST_30_DAYS, RANGES, UIDS, Asked, boards, wrong_cells
from tests.dashboards.written import milliseconds
from tests.prometheus_server import Engine, free_port

pytestmark = [pytest.mark.slow, pytest.mark.tool("victoria-metrics"), pytest.mark.timeout(400)]

PIECE = 32 << 20
START_SECONDS = 30.0


@pytest.fixture(scope="module")
def engine(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Holds the site; its only flags say where it lives and that old samples are kept."""
    folder = tmp_path_factory.mktemp("victoria")
    url = f"http://127.0.0.1:{free_port()}"
    program = shutil.which("victoria-metrics") or "victoria-metrics"
    flags = (f"-storageDataPath={folder / 'data'}", f"-httpListenAddr={url[7:]}", "-retentionPeriod=100y")
    with (folder / "log").open("wb") as log, subprocess.Popen([program, *flags], stdout=log, stderr=log) as process:
        try:
            _wait(url, process)
            _load(url, site, folder / "history.txt")
            yield Engine(url)
        finally:
            process.terminate()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{url}/health", timeout=1):
                return
        except OSError:
            time.sleep(0.05)  # another process: it can only be asked
    raise RuntimeError("VictoriaMetrics did not become ready")


def _load(url: str, site: Site, path: Path) -> None:
    site.openmetrics(path)
    milliseconds(path)
    with path.open("rb") as lines:
        while piece := b"".join(lines.readlines(PIECE)):
            with urlopen(Request(f"{url}/api/v1/import/prometheus", piece), timeout=60):
                pass
    path.unlink()
    with urlopen(f"{url}/internal/force_flush", timeout=60):
        pass


@pytest.mark.parametrize("name", sorted(ALWAYS))
@pytest.mark.parametrize("uid", UIDS[:4])
def test_every_exact_cell_equals_the_log(uid: str, name: str, site: Site, engine: Engine) -> None:
    """Days and totals."""
    assert not wrong_cells(boards()[uid], RANGES[name], "Day", site, engine)


@pytest.mark.parametrize("step", ["Week", "Month", "Quarter"])
@pytest.mark.parametrize("uid", UIDS[:4])
def test_longer_periods_equal_the_log(uid: str, step: str, site: Site, engine: Engine) -> None:
    """Weeks, months and quarters."""
    assert not wrong_cells(boards()[uid], LAST_30_DAYS, step, site, engine)


@pytest.mark.parametrize("uid", ["pop3-trend", "pop3-domains", "pop3-domain"])
def test_hours_equal_the_log(uid: str, site: Site, engine: Engine) -> None:
    """Hours, which only selectors with `x{0}` read."""
    assert not wrong_cells(boards()[uid], Asked("2026-10-26", "2026-10-28"), "Hour", site, engine)
