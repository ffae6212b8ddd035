"""A real Prometheus on a free loopback port, filled with blocks that promtool makes of OpenMetrics files.

    with PrometheusServer(tmp_path) as server:
        server.load_blocks(history)            # a file in OpenMetrics form, with stamps
        server.query("sum(pop3_connections_total)", at=1_790_000_000)

Tests that use it carry `@pytest.mark.tool("prometheus")`.
"""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

Labels = tuple[tuple[str, str], ...]
START_SECONDS = 30.0
POLL_SECONDS = 0.05
# Without it promtool makes blocks of two hours and reads the whole file again for each of them.
BLOCK_DURATION = "720h"
NO_SCRAPES = "global: {scrape_interval: 1d}\n"


def labels(**names: str) -> Labels:
    """The key under which `query` answers a series with these labels."""
    return tuple(sorted(names.items()))


class Engine:
    """Anything that answers Prometheus's query API below an address; `headers`: a tenant, say, or a password."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self.url = url.rstrip("/")
        self.headers = dict(headers or {})

    def query(self, expression: str, at: float) -> dict[Labels, float]:
        """What an instant query at `at` (UNIX seconds) answers: labels, with `__name__`, to value."""
        data = self.get("/api/v1/query", {"query": expression, "time": str(at)})
        if data["resultType"] == "scalar":
            return {(): float(data["result"][1])}
        return {_key(series): float(series["value"][1]) for series in data["result"]}

    def query_range(
        self, expression: str, start: float, end: float, step: float
    ) -> dict[Labels, list[tuple[float, float]]]:
        """What a range query answers: labels to pairs (UNIX seconds, value)."""
        parameters = {"query": expression, "start": str(start), "end": str(end), "step": str(step)}
        data = self.get("/api/v1/query_range", parameters)
        return {_key(series): [(at, float(value)) for at, value in series["values"]] for series in data["result"]}

    def get(self, path: str, parameters: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
        """`data` of an API call's answer; RuntimeError with Prometheus's words where it refuses."""
        # In the body, because generated queries are longer than some limits of addresses.
        try:
            body = urlencode(parameters).encode()
            with urlopen(Request(self.url + path, body, self.headers), timeout=120) as answer:
                return json.load(answer)["data"]
        except HTTPError as error:
            with error:
                raise RuntimeError(f"{error.read().decode()}\n{parameters}") from error
        except URLError as error:
            raise RuntimeError(f"{error}\n{parameters}") from error


class PrometheusServer(Engine):
    """One Prometheus process over `directory`; not thread safe. `program`: another version's binary."""

    def __init__(
        self, directory: Path, *, config: str = NO_SCRAPES, program: str = "prometheus", flags: Sequence[str] = ()
    ) -> None:
        super().__init__("")
        self._data = directory / "prometheus"
        self._data.mkdir(parents=True, exist_ok=True)
        self._config = directory / "prometheus.yml"
        self._config.write_text(config)
        self._program = program
        self._flags = tuple(flags)
        self._process: subprocess.Popen[bytes] | None = None
        self._log = directory / "prometheus.log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it is ready: RuntimeError with its log if it does not become so."""
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [
            shutil.which(self._program) or self._program,
            f"--config.file={self._config}",
            f"--storage.tsdb.path={self._data}",
            "--storage.tsdb.retention.time=20y",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
            *self._flags,
        ]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        self._wait_until_ready(self._process)

    def stop(self) -> None:
        """End the process; nothing if there is none."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def get(self, path: str, parameters: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
        """The same, with Prometheus's log if it has ended."""
        try:
            return super().get(path, parameters)
        except (RuntimeError, OSError) as error:
            if self._process is not None and (code := self._process.poll()) is not None:
                error.add_note(f"Prometheus has ended with {code}:\n{self._log.read_text()[-2000:]}")
            raise

    def load_blocks(self, openmetrics: Path, *, block_duration: str = BLOCK_DURATION) -> None:
        """Make blocks of the file and serve them: a running server is started again, because it looks for new ones
        only once a minute. subprocess.CalledProcessError with promtool's words if it does not like the file."""
        running = self._process is not None
        self.stop()
        create_blocks(openmetrics, self._data, block_duration=block_duration)
        if running:
            self.start()

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                with urlopen(f"{self.url}/-/ready", timeout=1):
                    return
            except OSError:
                time.sleep(POLL_SECONDS)  # another process: it can only be asked
        self.stop()
        raise RuntimeError(f"Prometheus did not become ready:\n{self._log.read_text()[-2000:]}")


def create_blocks(openmetrics: Path, data: Path, *, block_duration: str = BLOCK_DURATION) -> None:
    """Write Prometheus's blocks of an OpenMetrics file below `data`, with promtool."""
    subprocess.run(
        [
            shutil.which("promtool") or "promtool",
            "tsdb",
            "create-blocks-from",
            f"--max-block-duration={block_duration}",
            "openmetrics",
            str(openmetrics),
            str(data),
        ],
        check=True,
        capture_output=True,
    )


def _key(series: Mapping[str, Any]) -> Labels:
    return tuple(sorted(series["metric"].items()))


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
