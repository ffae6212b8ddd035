"""The first start: its history is there whole, or is created again; an installed exporter is left alone."""

import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from exporter.catalogue import Scope
from exporter.demo import __main__ as demo
from exporter.demo import processes
from exporter.demo.places import Places
from exporter.demo.traffic import lines
from exporter.ledger.reading import Reading
from exporter.setup.discovery import Finding, FoundServer
from exporter.setup.places import Place
from exporter.setup.servers import SERVERS

NOW = 1_795_333_337
demo_command = processes.command


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """What the demo does with signals is not done with the tests'."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A directory without anything, on a machine without a POP3 log; an hour of history."""
    text = "".join(f"{line}\n" for line in lines(NOW - 3600, NOW))
    monkeypatch.setattr(sys, "argv", ["demo", "--directory", str(tmp_path), "--prepare"])
    monkeypatch.setattr(demo, "discovered", lambda: Finding(""))
    monkeypatch.setattr(demo, "write_history", lambda log, _: log.write_text(text, encoding="utf-8"))
    return Places(tmp_path / "demo")


def interrupted(name: str, command: str, *arguments: str) -> None:
    """The command is killed before it has done anything but make its file."""
    if command == name:
        Path(arguments[-1] if command == "export" else arguments[3]).touch()
        raise KeyboardInterrupt
    demo_command(command, *arguments)


@pytest.mark.parametrize("name", ["import", "export"])
def test_an_interrupted_history_is_made_anew(
    name: str, places: Places, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C, whichever command it meets, is a sentence; the next start leaves what an undisturbed one leaves."""
    monkeypatch.setattr(demo, "command", partial(interrupted, name))
    assert demo.main() == 0
    assert "Stopping" in capsys.readouterr().out
    monkeypatch.setattr(demo, "command", demo_command)
    assert demo.main() == 0
    history = places.openmetrics.read_bytes()
    assert history.endswith(b"# EOF\n")
    assert b"pop3_connections_total" in history
    ledger = places.ledger.read_bytes()
    assert demo.main() == 0
    assert (ledger, history) == (places.ledger.read_bytes(), places.openmetrics.read_bytes())


def test_beside_an_installed_exporter(
    places: Places, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its port stays its own: the demo takes another one, for itself and for Prometheus, and says which."""
    asked: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as installed:
        address = f"127.0.0.1:{installed.getsockname()[1]}"
        monkeypatch.setattr(sys, "argv", ["demo", "--directory", str(places.directory.parent), "--listen", address])
        monkeypatch.setattr(demo, "_run", lambda *arguments: asked.append(arguments[3]))
        demo.main()
    words = " ".join(capsys.readouterr().out.split())
    assert f"{address} is in use, perhaps by an installed exporter; this one uses {asked[0]}." in words
    assert asked[0] in places.config.read_text(encoding="utf-8")
    assert address != asked[0]


@pytest.mark.usefixtures("places")
def test_a_machines_own_log_has_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the demo a real log is found: neither sees the other's days."""
    assert demo.main() == 0
    real = tmp_path / "real.log"
    real.write_text("".join(f"{line}\n" for line in lines(NOW - 600, NOW)).replace("example", "real"), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["demo", "--directory", str(tmp_path)])
    (dovecot,) = (one for one in SERVERS if one.format == "dovecot")
    found = Finding("", servers=(FoundServer(dovecot, Place(files=(str(real),)), lines=1),))
    monkeypatch.setattr(demo, "discovered", lambda: found)
    monkeypatch.setattr(demo, "_run", lambda *_: 0)
    assert demo.main() == 0
    for folder, domain in (("demo", "example.com"), ("machine", "real.com")):
        with Reading(tmp_path / folder / "ledger.sqlite") as reading:
            names = {key.labels[1] for key in reading.keys(Scope.DOMAIN)}
        assert domain in names
        assert not names & ({"example.com", "real.com"} - {domain})


@pytest.mark.usefixtures("places")
def test_a_folder_that_root_has_made(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """After `sudo make run`: how to get it back. Root plays nobody."""
    user = os.geteuid()
    with tempfile.TemporaryDirectory(prefix="pop3-exporter-demo-") as name:
        Path(name).chmod(0o755)
        (Path(name) / "demo").mkdir(mode=0o755 if user == 0 else 0o555)
        monkeypatch.setattr(sys, "argv", ["demo", "--directory", name, "--prepare"])
        if user == 0:
            os.seteuid(65534)
        try:
            assert demo.main() == 1
        finally:
            os.seteuid(user)
    words = " ".join(capsys.readouterr().out.split())
    assert "config.yaml: this user cannot write there." in words
    assert "sudo chown -R" in words
