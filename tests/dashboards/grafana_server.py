"""A real Grafana on a free loopback port with the dashboards provisioned, open to anonymous Viewers."""

import os
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.request import urlopen

START_SECONDS = 180.0
SOURCES = """
apiVersion: 1
datasources:
  - {{name: Prometheus, type: prometheus, uid: prometheus, access: proxy, isDefault: true, url: "{url}",
     jsonData: {{httpMethod: POST, timeInterval: 15s}}}}
"""
PROVIDERS = """
apiVersion: 1
providers:
  - {{name: pop3, type: file, folder: POP3, options: {{path: "{path}"}}}}
"""


class GrafanaServer:
    """`home`: an unpacked Grafana (bin/grafana, public/build); `dashboards`: a folder of JSON files."""

    def __init__(self, home: Path, directory: Path, dashboards: Path, prometheus: str) -> None:
        self._home, self._directory = home, directory
        provisioning = directory / "provisioning"
        for folder, text in (("datasources", SOURCES), ("dashboards", PROVIDERS)):
            (provisioning / folder).mkdir(parents=True)
            (provisioning / folder / "pop3.yaml").write_text(text.format(url=prometheus, path=dashboards))
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
        self._wait_until_ready()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)

    def _environment(self, port: int) -> dict[str, str]:
        settings = {
            "PATHS_DATA": str(self._directory),
            "PATHS_LOGS": str(self._directory),
            "PATHS_PLUGINS": str(self._directory / "plugins"),
            "PATHS_PROVISIONING": str(self._directory / "provisioning"),
            "SERVER_HTTP_ADDR": "127.0.0.1",
            "SERVER_HTTP_PORT": str(port),
            "ANALYTICS_REPORTING_ENABLED": "false",
            "ANALYTICS_CHECK_FOR_UPDATES": "false",
            "ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
            "PLUGINS_PREINSTALL_DISABLED": "true",
            "NEWS_NEWS_FEED_ENABLED": "false",
            "AUTH_ANONYMOUS_ENABLED": "true",
            "AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
        }
        return os.environ | {f"GF_{name}": value for name, value in settings.items()}

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                with urlopen(f"{self.url}/api/dashboards/uid/pop3-exporter", timeout=2):
                    return
            except OSError:
                time.sleep(0.5)  # another process: it can only be asked
        raise RuntimeError((self._directory / "grafana.log").read_text()[-3000:])
