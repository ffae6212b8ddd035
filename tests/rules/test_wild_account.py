"""The demo's wild account, through the real exporter, Prometheus and Alertmanager, to somebody's pager."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

from exporter.demo.places import Places, write_config
from exporter.demo.traffic import WILD, lines
from tests.prometheus_server import PrometheusServer
from tests.rules.promtool import RULE_FILES
from tests.tools import SYSTEM_PATH

ROOT = Path(__file__).parents[2]
ALERTMANAGER = ROOT / "deploy" / "alertmanager"
# So long has the account been wild when its lines arrive: what an operator would wait.
WILD_SECONDS = 300
HISTORY_SECONDS = 6 * 3600
PATIENCE_SECONDS = 60.0
# The same rules with a second for a minute: evaluation, and how long a state must hold.
# But warnings come as late after what is critical as on a busy machine it may be raised.
HURRY = {"10m": "5s", "5m": "15s", "1m": "1s", "2m": "2s", "15m": "15s"}


class Pager:
    """Takes what Alertmanager's webhooks send."""

    def __init__(self) -> None:
        self.messages: Queue[dict[str, Any]] = Queue()
        messages = self.messages

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                messages.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Nothing on the terminal."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Take no more."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def running(*command: str, ready: str, log: Path) -> Iterator[None]:
    """A program, from when `ready` answers until the end of the block."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        _wait(lambda: _answers(ready), f"{command[0]} is not ready: {log.read_text()[-2000:]}")
        yield
    finally:
        process.terminate()
        process.wait(10)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _wait(holds: Any, complaint: str) -> None:  # noqa: ANN401 - any callable
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.1)  # other processes: they can only be asked


def _json(url: str) -> Any:  # noqa: ANN401 - JSON
    with urlopen(url, timeout=10) as answer:
        return json.load(answer)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def hurried_rules(directory: Path) -> Path:
    """Copies of the rule files that are evaluated every second, for an exporter that has not just been started.

    One that has is not believed while its counters rise by what was before this hour: by half of the wild account's
    lines where the test runs just after a full hour.
    """
    just_started = "scalar(clamp_max(vector(time() % 3600 + 120), 600))"
    assert 1 == sum(file.read_text().count(just_started) for file in RULE_FILES)
    for file in RULE_FILES:
        document = yaml.safe_load(file.read_text().replace(just_started, "0"))
        for group in document["groups"]:
            group["interval"] = HURRY[group["interval"]]
            for rule in group["rules"]:
                if "for" in rule:
                    rule["for"] = HURRY[rule["for"]]
        (directory / file.name).write_text(yaml.safe_dump(document))
    return directory / "*.yml"


def hurried_alertmanager(directory: Path, pager: str) -> Path:
    """The example's routes and inhibitions, everything to one pager, at once."""
    document = yaml.safe_load((ALERTMANAGER / "alertmanager.yml").read_text())
    for receiver in document["receivers"]:
        receiver.pop("email_configs", None)
        receiver["webhook_configs"] = [{"url": pager}]
    for route in _routes(document["route"]):
        route["group_wait"] = "1s"
        route["group_interval"] = "2s"
    path = directory / "alertmanager.yml"
    path.write_text(yaml.safe_dump(document))
    shutil.copy(ALERTMANAGER / "pop3.tmpl", directory)
    return path


@contextmanager
def waited(condition: Callable[[], bool]) -> Iterator[None]:
    """Go on when the condition holds."""
    _wait(condition, "the exporter does not read its log")
    yield


def _lines_read(exporter: str) -> int:
    """How many lines the exporter shows as read."""
    with urlopen(f"http://{exporter}/metrics", timeout=10) as answer:
        rows = [row for row in answer.read().decode().splitlines() if row.startswith("pop3_exporter_lines_total")]
    return sum(int(float(row.rsplit(" ", 1)[1])) for row in rows)


def _routes(route: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield route
    for child in route.get("routes", []):
        yield from _routes(child)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.tool("prometheus", "prometheus-alertmanager")
def test_the_demos_wild_account_and_only_it_is_reported(tmp_path: Path) -> None:
    """Five minutes of it raise POP3AccountLikelyCompromised, and nobody hears of anything else."""
    now = int(time.time())
    places, pager = Places(tmp_path), Pager()
    exporter, manager = (f"127.0.0.1:{_free_port()}" for _ in range(2))
    places.log.write_text("".join(f"{line}\n" for line in lines(now - HISTORY_SECONDS, now - WILD_SECONDS)))
    write_config(places, [], exporter)
    run = [sys.executable, "-m", "exporter", "run", "--config.file", str(places.config)]
    (rules := tmp_path / "rules").mkdir()
    config = {
        "global": {"scrape_interval": "1s"},
        "rule_files": [str(hurried_rules(rules))],
        "scrape_configs": [{"job_name": "pop3", "static_configs": [{"targets": [exporter]}]}],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [manager]}]}]},
    }
    alertmanager = [
        shutil.which("prometheus-alertmanager", path=SYSTEM_PATH) or os.environ.get("ALERTMANAGER", "alertmanager"),
        f"--config.file={hurried_alertmanager(tmp_path, pager.url)}",
        f"--storage.path={tmp_path / 'alertmanager'}",
        f"--web.listen-address={manager}",
        "--cluster.listen-address=",
    ]
    history = places.log.read_text().count("\n")
    with (
        # Read to its end before Prometheus looks: what a first scrape sees half read suspends the alerts for an hour.
        running(*run, ready=f"http://{exporter}/-/ready", log=tmp_path / "exporter.log"),
        waited(lambda: _lines_read(exporter) == history),
        running(*alertmanager, ready=f"http://{manager}/-/ready", log=tmp_path / "alertmanager.log"),
        PrometheusServer(tmp_path, config=yaml.safe_dump(config)) as prometheus,
    ):
        _caught_up(prometheus)
        # In one write, so that no scrape sees half of them.
        wild = "".join(f"{line}\n" for line in lines(now - WILD_SECONDS, now, now - WILD_SECONDS))
        with places.log.open("ab", buffering=0) as log:
            log.write(wild.encode())
        message = pager.messages.get(timeout=PATIENCE_SECONDS)
        # Others had the time to fire, too, and the pager to hear of them.
        many = 'ALERTS{alertname="POP3UserManyNetworks",alertstate="firing"}'
        _wait(lambda: prometheus.query(many, time.time()), "the account's other alerts do not fire")
        alerts = _json(f"{prometheus.url}/api/v1/alerts")["data"]["alerts"]
        firing = {alert["labels"]["alertname"]: alert for alert in alerts}
        told = _json(f"http://{manager}/api/v2/alerts?inhibited=false")
    pager.close()
    heard = [alert for each in [message, *list(pager.messages.queue)] for alert in each["alerts"]]
    assert {"POP3AccountLikelyCompromised"} == {alert["labels"]["alertname"] for alert in heard}
    assert {WILD} == {alert["labels"]["user"] for alert in heard}
    assert ["POP3AccountLikelyCompromised"] == [alert["labels"]["alertname"] for alert in told]
    assert {WILD} == {alert["labels"].get("user") for name, alert in firing.items() if "User" in name}
    assert "networks in the last 24 hours" in heard[0]["annotations"]["description"]


def _caught_up(prometheus: PrometheusServer) -> None:
    """The history is read and was scraped, and the rules have seen the server."""
    fresh = "pop3_user_connections_total and on () pop3_server:watched"
    _wait(lambda: prometheus.query(fresh, time.time()), "the exporter's numbers do not arrive")
