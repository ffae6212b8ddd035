"""The Grafana of the browser tests: a running one (GRAFANA_URL), or one started here (GRAFANA_HOME)."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.dashboards.grafana_api import GrafanaApi

START_SECONDS = 180.0
ADMIN, PASSWORD = "admin", "admin"  # what a new Grafana has


def is_there() -> bool:
    """Whether the environment names a Grafana."""
    return bool(os.environ.get("GRAFANA_URL") or os.environ.get("GRAFANA_HOME"))


@contextmanager
def some_grafana(directory: Path) -> Iterator[GrafanaApi]:
    """GRAFANA_URL, where GRAFANA_USER (admin) with GRAFANA_PASSWORD (admin) administers the server; else GRAFANA_HOME.

    A running Grafana must reach this machine's loopback addresses. `directory`: for the data of one started here.
    """
    if url := os.environ.get("GRAFANA_URL"):
        user, password = os.environ.get("GRAFANA_USER", ADMIN), os.environ.get("GRAFANA_PASSWORD", PASSWORD)
        with GrafanaApi(url.rstrip("/"), user, password) as api:
            yield api
        return
    with (
        GrafanaServer(Path(os.environ["GRAFANA_HOME"]), directory) as server,
        GrafanaApi(server.url, ADMIN, PASSWORD) as api,
    ):
        server.wait_until_ready(api)
        yield api


class GrafanaServer:
    """A Grafana on a free loopback port; `home`: an unpacked one (bin/grafana, public/build)."""

    def __init__(self, home: Path, directory: Path) -> None:
        self._home, self._directory = home, directory
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        with (self._directory / "grafana.log").open("wb") as log:
            command = [str(self._home / "bin" / "grafana"), "server", "--homepath", str(self._home)]
            self._process = subprocess.Popen(command, env=self._environment(port), stdout=log, stderr=log)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)

    def wait_until_ready(self, api: GrafanaApi) -> None:
        """Until it answers; RuntimeError with its log if it does not start."""
        deadline = time.monotonic() + START_SECONDS
        while self._process is not None and self._process.poll() is None and time.monotonic() < deadline:
            if api.answers():
                return
            time.sleep(0.5)  # another process: it can only be asked
        raise RuntimeError((self._directory / "grafana.log").read_text()[-3000:])

    def _environment(self, port: int) -> dict[str, str]:
        settings = {
            "PATHS_DATA": str(self._directory),
            "PATHS_LOGS": str(self._directory),
            "PATHS_PLUGINS": str(self._directory / "plugins"),
            "PATHS_PROVISIONING": str(self._directory / "provisioning"),
            "SERVER_HTTP_ADDR": "127.0.0.1",
            "SERVER_HTTP_PORT": str(port),
            "SECURITY_ADMIN_USER": ADMIN,
            "SECURITY_ADMIN_PASSWORD": PASSWORD,
            "ANALYTICS_REPORTING_ENABLED": "false",
            "ANALYTICS_CHECK_FOR_UPDATES": "false",
            "ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
            "PLUGINS_PREINSTALL_DISABLED": "true",
            "NEWS_NEWS_FEED_ENABLED": "false",
        }
        return os.environ | {f"GF_{name}": value for name, value in settings.items()}
