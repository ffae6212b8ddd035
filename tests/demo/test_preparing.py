"""The history of the first start is there whole, or is made anew."""

import sys
from functools import partial
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
