"""Beside the exporter: reports that agree, a Prometheus on a free port, alerts as they come."""

import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from exporter.demo import __main__ as demo
from exporter.demo import processes, prometheus, screen
from exporter.demo.places import Places, write_config
from exporter.demo.processes import command, free_address
from exporter.demo.traffic import lines

NOW = 1_795_333_337


@contextmanager
def web(answer: Callable[[str], tuple[int, str]]) -> Iterator[str]:
    """A web server on a free port that answers a path with a status and a page."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, page = answer(self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_port_in_use_is_left_alone() -> None:
    """Whoever listens there, on whichever address: another port is taken; a free one is taken as it is."""
    for host, family in (("127.0.0.1", socket.AF_INET), ("0.0.0.0", socket.AF_INET), ("::", socket.AF_INET6)):
        with socket.socket(family) as other:
            other.bind((host, 0))
            other.listen()
            wanted = f"127.0.0.1:{other.getsockname()[1]}"
            taken = free_address(wanted)
        assert wanted != taken
        assert taken == free_address(taken)


def test_the_page_of_alerts() -> None:
    """Debian's builds of Prometheus have the classic pages, others do not."""
    with web(lambda path: (200 if path == "/classic/alerts" else 404, "")) as debian:
        assert f"{debian}/classic/alerts" == prometheus.alerts_page(debian)
    with web(lambda path: (200 if path == "/alerts" else 404, "")) as other:
        assert f"{other}/alerts" == prometheus.alerts_page(other)


def test_alerts_are_told_once() -> None:
    """One sentence when it is pending and one when it fires, for accounts only."""
    stop = threading.Event()
    told: list[str] = []
    states = iter(["pending", "pending", "firing", "firing"])

    def alerts(_: str) -> tuple[int, str]:
        state = next(states, None)
        if state is None:
            stop.set()
            return 503, ""
        labels = {"alertname": "Stolen", "user": "ivan"}
        of = [{"labels": labels, "state": state, "annotations": {"summary": "ivan is stolen"}}]
        of += [{"labels": {"alertname": "Other"}, "state": "firing", "annotations": {}}]
        return 200, json.dumps({"data": {"alerts": of}})

    with web(alerts) as url, pytest.MonkeyPatch.context() as patch:
        patch.setattr(prometheus, "WATCH_SECONDS", 0.001)
        prometheus.watch(url, stop, told.append)
    assert [
        "alert pending: [bold]Stolen[/] ivan is stolen",
        "alert firing: [bold]Stolen[/] ivan is stolen",
    ] == told


def test_both_reports_are_of_one_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the daemon commits between them: both read the same copy."""
    places = Places(tmp_path)
    places.log.write_text("".join(f"{line}\n" for line in lines(NOW - 3600, NOW)), encoding="utf-8")
    write_config(places, [], "127.0.0.1:0")
    command("import", "--config.file", str(places.config), str(places.log))
    seen = []

    def commanded(*arguments: str, quiet: bool = False) -> None:
        if arguments[0] == "report":
            seen.append(Path(arguments[2]).read_bytes())
        processes.command(*arguments, quiet=quiet)

    monkeypatch.setattr(screen, "command", commanded)
    screen._reports(places)
    assert 2 == len(seen)
    assert seen[0] == seen[1]


def test_without_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package has no rules beside it: Prometheus is not started, and why is said."""
    monkeypatch.setattr(prometheus, "DEPLOY", tmp_path / "none")
    told: list[str] = []
    with ExitStack() as running:
        assert prometheus.started(running, Places(tmp_path), "127.0.0.1:1", told.append) is None
    assert 1 == len(told)
    assert "not in the installed package" in told[0]


@pytest.mark.tool("prometheus", "promtool")
def test_a_second_prometheus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another program has its port (Debian's own service): ours takes another one, with the rules loaded."""
    places = Places(tmp_path)
    told: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as other, ExitStack() as running:
        monkeypatch.setattr(prometheus, "ADDRESS", f"127.0.0.1:{other.getsockname()[1]}")
        url = prometheus.started(running, places, "127.0.0.1:1", told.append)
        assert url is not None
        assert prometheus.ADDRESS not in url
        assert processes.answers(prometheus.alerts_page(url))
        rules = processes.parsed(f"{url}/api/v1/rules?type=alert")
        assert "pop3-accounts" in {group["name"] for group in rules["data"]["groups"]}
    assert [] == told


def test_a_daemon_that_has_read_its_log(tmp_path: Path) -> None:
    """Only then is the report shown: at first it would lack what is not yet read."""
    places = Places(tmp_path)
    address = free_address("127.0.0.1:0")
    places.log.write_text("".join(f"{line}\n" for line in lines(NOW - 3600, NOW)), encoding="utf-8")
    write_config(places, [], address)
    assert not demo._has_caught_up(address)
    with ExitStack() as running:
        daemon = processes.start(running, [sys.executable, "-m", "exporter", "run", str(places.config)])
        assert processes.waited(lambda: demo._has_caught_up(address), daemon)
