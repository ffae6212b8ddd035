"""`make run`: run the exporter on this machine's POP3 log, or on a demo, with Prometheus if that is installed.

python -m exporter.demo [--directory var] [--listen 127.0.0.1:10110] [--prepare] [--no-prometheus]
"""

import argparse
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from exporter.demo import prometheus, screen
from exporter.demo.host import DAYS, WILD_AFTER, MailHost, write_history
from exporter.demo.places import Places, Source, wild_since, write_config
from exporter.demo.processes import answers, command, fetched, free_address, start, waited
from exporter.inputs.globbing import paths_matching
from exporter.ledger.zones import machine_zone
from exporter.setup import plan
from exporter.setup.discovery import Finding, discover
from exporter.setup.machine import Machine

CONSOLE = Console(highlight=False)
# How long the screen waits for a daemon that reads an old journal.
READING_SECONDS = 60


def main() -> int:
    """Prepare, start everything, show it, wait for Ctrl-C, stop everything."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # The demo never shares a folder with a machine's own log: their days would stand in one report.
    finding = Finding("") if arguments.prepare else discovered()
    read = [one for one in finding.sources if one.lines]
    sources = plan.sources(read, old_logs=True, since=f"{DAYS} days ago")
    places = Places(arguments.directory.resolve() / ("machine" if sources else "demo"))
    with ExitStack() as running:
        try:
            places.directory.mkdir(parents=True, exist_ok=True)
            log = "; ".join(f"{one.server.name}: {one.place}" for one in read)
            screen.announce(CONSOLE, log, finding.closed)
            listen = arguments.listen if arguments.prepare else _unused(arguments.listen)
            _prepare(places, sources, listen)
            return 0 if arguments.prepare else _run(running, places, log, listen, arguments)
        except KeyboardInterrupt:
            for number in (signal.SIGINT, signal.SIGTERM):  # a second Ctrl-C does not interrupt the cleanup
                signal.signal(number, signal.SIG_IGN)
            CONSOLE.print(f"\nStopping; [bold]{screen.COMMAND}[/] continues from here.")
            return 0
        except PermissionError as error:
            CONSOLE.print(
                f"[red]{error.filename}: this user cannot write there.[/] If it was created with sudo, take it over: "
                f'sudo chown -R "$USER" {arguments.directory}'
            )
            return 1


def discovered() -> Finding:
    """The servers of this machine, as `pop3-exporter setup` finds them."""
    return discover(Machine(), ZoneInfo(machine_zone()), time.time())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m exporter.demo", description=__doc__)
    parser.add_argument("--directory", type=Path, default=Path("var"), help="directory for all files (default: var)")
    parser.add_argument(
        "--listen", default="127.0.0.1:10110", help="the exporter's address; another port is used if it is in use"
    )
    parser.add_argument("--prepare", action="store_true", help="write and import the history of the demo, then exit")
    parser.add_argument("--no-prometheus", action="store_true", help="do not start Prometheus")
    return parser.parse_args()


def _prepare(places: Places, sources: Sequence[Source], listen: str) -> None:
    """The configuration; at the first start also the history, in the ledger and for Prometheus."""
    write_config(places, sources, listen)
    if places.unfinished.exists():
        CONSOLE.print("The history is incomplete and will be created again.")
        for left in places.directory.glob(f"{places.ledger.name}*"):
            left.unlink()
    if places.ledger.exists():
        return
    if sources:
        CONSOLE.print("Reading the existing log ...")
        if not any("paths" in source for source in sources):
            return  # the daemon reads a journal's past itself
    else:
        CONSOLE.print(f"Writing a log of {DAYS} days for the demo ...")
        write_history(places.log, int(time.time()))
    places.unfinished.touch()
    for source in sources or places.demo_sources:
        _import(places, source)
    command("export", "--ledger", str(places.ledger), "--openmetrics", str(places.openmetrics))
    places.unfinished.unlink()


def _import(places: Places, source: Source) -> None:
    """Import the log files of a source; the daemon continues from there."""
    files = [path for pattern in source.get("paths", ()) for path in paths_matching(pattern)]
    if files:
        where = ("--config.file", str(places.config), "--ledger", str(places.ledger))
        command("import", *where, "--source", source["name"], *sorted(files))


def _unused(listen: str) -> str:
    """The address, or another port of it beside an exporter that is installed here."""
    found = free_address(listen)
    if found != listen:
        CONSOLE.print(f"{_local(listen)} is in use, perhaps by an installed exporter; this one uses {_local(found)}.")
    return found


def _run(running: ExitStack, places: Places, log: str, listen: str, arguments: argparse.Namespace) -> int:
    address = _local(listen)
    stop = threading.Event()
    running.callback(stop.set)
    stolen = _demo_host(running, places, stop) if not log else None
    daemon = start(running, [sys.executable, "-m", "exporter", "run", "--config.file", str(places.config)])
    if not waited(lambda: answers(f"http://{address}/-/ready"), daemon):
        CONSOLE.print("[red]The exporter did not start; see its messages above.[/]")
        return 1
    waited(lambda: _has_caught_up(address), daemon, READING_SECONDS)
    server = None if arguments.no_prometheus else prometheus.started(running, places, address, CONSOLE.print)
    screen.show(CONSOLE, places, address, server, log or str(places.log), stolen)
    if server and stolen:
        watcher = threading.Thread(target=prometheus.watch, args=(server, stop, screen.teller(CONSOLE)), daemon=True)
        watcher.start()
    return daemon.wait()


def _demo_host(running: ExitStack, places: Places, stop: threading.Event) -> int:
    """Start the demo's mail host; returns when its account is stolen."""
    stolen = wild_since(places, WILD_AFTER)
    host = MailHost(places.log, stolen, time.time)
    host.write()
    writer = threading.Thread(target=host.run, args=(stop,), name="mail host", daemon=True)
    writer.start()
    running.callback(writer.join)
    running.callback(stop.set)
    return stolen


def _has_caught_up(address: str) -> bool:
    """Whether the one source has no more to read than one turn takes."""
    page = fetched(f"http://{address}/metrics?collect[]=exporter") or b""
    values = [line.split()[-1] for line in page.splitlines() if line.startswith(b"pop3_exporter_catching_up{")]
    return bool(values) and not any(map(float, values))


def _local(listen: str) -> str:
    host, _, port = listen.rpartition(":")
    return f"{host or '127.0.0.1'}:{port}"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        # The command has printed the error.
        sys.exit(error.returncode)
