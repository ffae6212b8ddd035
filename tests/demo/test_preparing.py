"""The first start: its history is there whole, or is made anew; nobody else's exporter is taken for ours."""

import sys
import threading
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from exporter.demo import __main__ as demo
from exporter.demo.places import Places
from exporter.demo.traffic import lines

NOW = 1_795_333_337
demo_command = demo._command


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A directory without anything, on a machine without a POP3 log; an hour of history."""
    text = "".join(f"{line}\n" for line in lines(NOW - 3600, NOW))
    monkeypatch.setattr(sys, "argv", ["demo", "--directory", str(tmp_path), "--prepare"])
    monkeypatch.setattr(demo, "own_log", lambda: None)
    monkeypatch.setattr(demo, "write_history", lambda log, _: log.write_text(text, encoding="utf-8"))
    return Places(tmp_path)


def interrupted(name: str, command: str, *arguments: str) -> None:
    """The command is killed before it has done anything but make its file."""
    if command == name:
        Path(arguments[-1] if command == "export" else arguments[3]).touch()
        raise KeyboardInterrupt
    demo_command(command, *arguments)


@pytest.mark.parametrize("name", ["import", "export"])
def test_an_interrupted_history_is_made_anew(name: str, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever of its commands was killed, the next start leaves what an undisturbed one leaves; then all stays."""
    monkeypatch.setattr(demo, "_command", partial(interrupted, name))
    with pytest.raises(KeyboardInterrupt):
        demo.main()
    monkeypatch.setattr(demo, "_command", demo_command)
    assert demo.main() == 0
    history = places.openmetrics.read_bytes()
    assert history.endswith(b"# EOF\n")
    assert b"pop3_connections_total" in history
    ledger = places.ledger.read_bytes()
    assert demo.main() == 0
    assert (ledger, history) == (places.ledger.read_bytes(), places.openmetrics.read_bytes())


class Ready(SimpleHTTPRequestHandler):
    """Whatever is asked, it is ready."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_another_exporter_on_the_address(
    places: Places, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is started, and what to do is said."""
    with HTTPServer(("127.0.0.1", 0), Ready) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{server.server_port}"
        monkeypatch.setattr(sys, "argv", ["demo", "--directory", str(places.directory), "--listen", address])
        monkeypatch.setattr(demo, "_start", None)
        assert demo.main() == 1
        server.shutdown()
    words = " ".join(capsys.readouterr().out.split())
    assert f"Another exporter listens on {address}." in words
    assert "--listen 127.0.0.1:10120" in words
