"""A real prom-label-proxy on a free loopback port, with the flags of deploy/gateway."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.tools import SYSTEM_PATH

FLAGS = (
    "-label=domain",
    "-header-name=X-Pop3-Domains",
    "-header-uses-list-syntax",
    "-error-on-replace",
    "-enable-label-apis",
)


@contextmanager
def label_proxy(upstream: str, log: Path, flags: Sequence[str] = FLAGS) -> Iterator[str]:
    """Its address while it runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    program = shutil.which("prom-label-proxy", path=SYSTEM_PATH) or "prom-label-proxy"
    command = [program, f"-insecure-listen-address=127.0.0.1:{port}", f"-upstream={upstream}", *flags]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output, env=os.environ) as process:
        try:
            _wait(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)  # another process: it can only be asked
        else:
            return
    raise RuntimeError("prom-label-proxy did not start")
