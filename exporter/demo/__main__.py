"""`make run`: the exporter at work on this machine's POP3 log, else on the demo's, with Prometheus where it is.

python -m exporter.demo [--directory var] [--listen 127.0.0.1:10110] [--prepare] [--no-prometheus]
"""

import argparse
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console

from exporter.demo.host import DAYS, WILD_AFTER, MailHost, write_history
from exporter.demo.places import Places, own_log, tool, wild_since, write_config, write_prometheus_config

CONSOLE = Console()
READY_SECONDS = 30
PROMETHEUS = "127.0.0.1:9090"


def main() -> int:
    """Prepare, start everything, show it, wait for Ctrl-C, end everything."""
    arguments = _arguments()
    places = Places(arguments.directory.resolve())
    places.directory.mkdir(parents=True, exist_ok=True)
    log = None if arguments.prepare else own_log()
    _prepare(places, log, arguments.listen)
    if arguments.prepare:
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as running:
        try:
            return _run(running, places, log, arguments)
        except KeyboardInterrupt:
            CONSOLE.print("\nStopping; [bold]make run[/] goes on where this was.")
            return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m exporter.demo", description=__doc__)
    parser.add_argument("--directory", type=Path, default=Path("var"), help="where everything is kept (var)")
    parser.add_argument("--listen", default="127.0.0.1:10110", help="the exporter's address")
    parser.add_argument("--prepare", action="store_true", help="only write the history and import it")
    parser.add_argument("--no-prometheus", action="store_true", help="do not start Prometheus")
    return parser.parse_args()


def _prepare(places: Places, log: str | None, listen: str) -> None:
    """The configuration; at the first start also the history, in the ledger and for Prometheus."""
    write_config(places, log or str(places.log), listen, demo=log is None)
    if places.unfinished.exists():
        CONSOLE.print("The history was interrupted; it is made anew.")
        for left in places.directory.glob(f"{places.ledger.name}*"):
            left.unlink()
    if places.ledger.exists():
        return
    places.unfinished.touch()
    _history(places, log)
    places.unfinished.unlink()


def _history(places: Places, log: str | None) -> None:
    if log is None:
        CONSOLE.print(
            f"No POP3 log on this machine that we may read: a demo mail host writes one, {DAYS} days of it now."
        )
        write_history(places.log, int(time.time()))
        files = [str(places.log)]
    else:
        CONSOLE.print(f"Reading this machine's log: {log}")
        files = sorted(str(path) for path in Path("/").glob(log.lstrip("/")))
    _command("import", "--config.file", str(places.config), "--ledger", str(places.ledger), *files)
    _command("export", "--ledger", str(places.ledger), "--openmetrics", str(places.openmetrics))


def _run(running: ExitStack, places: Places, log: str | None, arguments: argparse.Namespace) -> int:
    address = _local(arguments.listen)
    if _answers(f"http://{address}/-/ready"):
        CONSOLE.print(
            f"[red]Another exporter listens on {address}.[/] Stop it, or: "
            ".venv/bin/python -m exporter.demo --listen 127.0.0.1:10120"
        )
        return 1
    if log is None:
        stop = threading.Event()
        host = MailHost(places.log, wild_since(places, WILD_AFTER), time.time)
        host.write()
        writer = threading.Thread(target=host.run, args=(stop,), name="mail host", daemon=True)
        writer.start()
        running.callback(writer.join)
        running.callback(stop.set)
    daemon = _start(running, [sys.executable, "-m", "exporter", "run", "--config.file", str(places.config)])
    if not _ready(f"http://{address}/-/ready", daemon):
        CONSOLE.print("[red]The exporter did not start; its messages are above.[/]")
        return 1
    prometheus = None if arguments.no_prometheus else _start_prometheus(running, places, address)
    _show(places, address, prometheus, log)
    return daemon.wait()


def _start(running: ExitStack, command: Sequence[str]) -> subprocess.Popen[bytes]:
    """A child of its own process group, so that Ctrl-C reaches it through us and once."""
    child = subprocess.Popen(command, start_new_session=True)  # noqa: S603 - our own program, or Prometheus
    running.callback(child.wait)
    running.callback(child.terminate)
    return child


def _start_prometheus(running: ExitStack, places: Places, address: str) -> str | None:
    """Prometheus with deploy/'s configuration, filled with the history at its first start."""
    binary, promtool = tool("prometheus"), tool("promtool")
    if binary is None or promtool is None:
        CONSOLE.print("Prometheus is not installed: [bold]sudo apt-get install prometheus[/], then make run again.")
        return None
    if _answers(f"http://{PROMETHEUS}/-/ready"):
        CONSOLE.print(f"Something listens on {PROMETHEUS} already: Prometheus is not started a second time.")
        return None
    if not places.prometheus.exists():
        CONSOLE.print("Filling Prometheus with the history ...")
        blocks = [promtool, "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=720h", "--quiet"]
        subprocess.run([*blocks, str(places.openmetrics), str(places.prometheus)], check=True)  # noqa: S603
    options = [
        f"--config.file={write_prometheus_config(places, address)}",
        f"--storage.tsdb.path={places.prometheus}",
        "--storage.tsdb.retention.time=400d",
        f"--web.listen-address={PROMETHEUS}",
        "--log.level=warn",
    ]
    child = _start(running, [binary, *options])
    return f"http://{PROMETHEUS}" if _ready(f"http://{PROMETHEUS}/-/ready", child) else None


def _show(places: Places, address: str, prometheus: str | None, log: str | None) -> None:
    """What an operator wants to see first, and what to do next."""
    today = date.today()  # noqa: DTZ011 - the machine's own day
    period = ["--from", str(today - timedelta(days=6)), "--to", str(today)]
    CONSOLE.rule("the last seven days")
    _command("report", "--ledger", str(places.ledger), "--by", "trend", *period)
    _command("report", "--ledger", str(places.ledger), "--by", "domain", *period)
    CONSOLE.rule("running")
    CONSOLE.print(f"  landing page   http://{address}/")
    CONSOLE.print(f"  metrics        http://{address}/metrics")
    if prometheus:
        CONSOLE.print(f"  Prometheus     {prometheus}/alerts")
    what = f"{log}" if log else f"{places.log} (the demo's; one account goes wild after a minute)"
    CONSOLE.print(f"  it reads       {what}")
    CONSOLE.print("\nNext: [bold]make stack[/] for Grafana with the dashboards (Docker), or deploy/grafana for yours;")
    CONSOLE.print("README.md, 'Point it at your own server', for your logs. Ctrl-C ends it.")


def _command(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "exporter", *arguments], check=True)  # noqa: S603 - our own program


def _ready(url: str, child: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        if _answers(url):
            return True
        time.sleep(0.1)
    return False


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
            return True
    except (urllib.error.URLError, OSError):
        return False


def _local(listen: str) -> str:
    host, _, port = listen.rpartition(":")
    return f"{host or '127.0.0.1'}:{port}"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        # The command has said what was wrong.
        sys.exit(error.returncode)
