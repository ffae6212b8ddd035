"""What the script of the customers says when Grafana does not let it in."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]


class Locked(BaseHTTPRequestHandler):
    """A Grafana that is well, and knows no such password."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/api/health" else 401)
        self.end_headers()
        self.wfile.write(b'{"message":"Invalid username or password"}')

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def locked() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Locked) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_password_that_is_not_grafanas_any_more(locked: str, tmp_path: Path) -> None:
    """A volume keeps the first start's password: said with the variable that must have it; nothing is written."""
    access = tmp_path / "access.yaml"
    command = [sys.executable, "deploy/gateway/customers.py", "--grafana", locked, "--access", str(access)]
    environment = os.environ | {"GRAFANA_ADMIN_PASSWORD": "new", "PYTHONPATH": str(TOP)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=TOP, env=environment)
    assert (1, "") == (done.returncode, done.stdout)
    assert "GRAFANA_ADMIN_PASSWORD" in done.stderr
    assert not access.exists()
