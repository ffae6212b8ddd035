"""Prometheus for `make run`: with the rules of deploy/, the imported history, and its alerts on the screen."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from exporter.demo.places import DEPLOY, Places, tool, write_prometheus_config
from exporter.demo.processes import answers, free_address, parsed, start, waited

ADDRESS = "127.0.0.1:9090"
WATCH_SECONDS = 2
Tell = Callable[[str], None]


def started(running: ExitStack, places: Places, exporter: str, tell: Tell) -> str | None:
    """The address of a Prometheus that scrapes `exporter`, or None, and why."""
    binary, promtool = tool("prometheus"), tool("promtool")
    if not (DEPLOY / "prometheus" / "prometheus.yml").exists():
        tell("Not starting Prometheus: its configuration is only in the repository, not in the installed package.")
        return None
    if binary is None or promtool is None:
        tell("To see alerts, install Prometheus ([bold]sudo apt-get install prometheus[/]) and start this again.")
        return None
    _fill(places, promtool, tell)
    address = free_address(ADDRESS)
    child = start(
        running,
        [
            binary,
            f"--config.file={write_prometheus_config(places, exporter)}",
            f"--storage.tsdb.path={places.prometheus}",
            "--storage.tsdb.retention.time=400d",
            f"--web.listen-address={address}",
            "--log.level=warn",
        ],
    )
    url = f"http://{address}"
    return url if waited(lambda: answers(f"{url}/-/ready"), child) else None


def alerts_page(url: str) -> str:
    """Where alerts are shown: Debian's builds have the classic pages only, all others the new ones only."""
    return next((page for page in (f"{url}/classic/alerts",) if answers(page)), f"{url}/alerts")


def watch(url: str, stop: threading.Event, tell: Tell) -> None:
    """Print each alert about an account once when it is pending and once when it fires."""
    told: set[tuple[str, str, str]] = set()
    while not stop.wait(WATCH_SECONDS):
        for name, user, state, summary in _alerts(url):
            if user and (name, user, state) not in told:
                told.add((name, user, state))
                tell(f"alert {state}: [bold]{name}[/] {summary}")


def _alerts(url: str) -> Iterator[tuple[str, str, str, str]]:
    answer = parsed(f"{url}/api/v1/alerts") or {}
    for alert in answer.get("data", {}).get("alerts", ()):
        labels = alert["labels"]
        yield labels["alertname"], labels.get("user", ""), alert["state"], alert["annotations"].get("summary", "")


def _fill(places: Places, promtool: str, tell: Tell) -> None:
    """Once; what an interruption left is no history."""
    if places.prometheus.exists() or not places.openmetrics.exists():
        return
    tell("Importing the history into Prometheus ...")
    part = places.emptied(places.prometheus.with_suffix(".part"))
    blocks = [promtool, "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=720h", "--quiet"]
    subprocess.run([*blocks, str(places.openmetrics), str(part)], check=True)  # noqa: S603 - Prometheus's own tool
    part.rename(places.prometheus)
