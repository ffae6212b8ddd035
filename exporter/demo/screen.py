"""What `make run` prints: the report of the last days, addresses, and what comes next."""

import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from rich.console import Console

from exporter.demo.places import DEPLOY, Places
from exporter.demo.processes import command
from exporter.demo.prometheus import alerts_page
from exporter.demo.traffic import WILD

REPORT_DAYS = 7
# What it takes from the theft to the alert: so many connections, two evaluations, and a minute of patience.
ALERT_MINUTES = 5
CHECKOUT = (DEPLOY.parent / "Makefile").exists()
COMMAND = "make run" if CHECKOUT else "python -m exporter.demo"
EXPORTER = ".venv/bin/pop3-exporter" if CHECKOUT else "pop3-exporter"


def announce(console: Console, log: str, closed: Sequence[str]) -> None:
    """Which log is read, and why; `closed`: logs that this user cannot read."""
    if log:
        console.print(f"Found the POP3 log of this machine: {log}")
        return
    console.print("Found no POP3 log that this user can read, so this is a demo with a simulated mail server.")
    for name in closed:
        console.print(f"({name} exists, but this user cannot read it: try sudo {COMMAND}.)")


def show(  # noqa: PLR0917 - what is shown
    console: Console, places: Places, address: str, prometheus: str | None, log: str, stolen: int | None
) -> None:
    """Reports, addresses and what comes next; `stolen`: when the account is stolen, UNIX seconds; None: no demo."""
    console.rule(f"the last {REPORT_DAYS} days")
    _reports(places)
    console.print("unknown: connections without a known domain, mostly scanners\n")
    console.rule("running now")
    console.print(f"  landing page   http://{address}/")
    console.print(f"  metrics        http://{address}/metrics")
    if prometheus:
        console.print(f"  alerts         {alerts_page(prometheus)}")
    console.print(f"  log            {log}", soft_wrap=True)
    if stolen is not None:
        console.print(_theft(places, stolen, watched=prometheus is not None), soft_wrap=True)
    if CHECKOUT:
        console.print(
            "\nNext: [bold]make stack[/] starts Grafana with the dashboards (needs Docker).\n"
            "docs/setup.md explains how to set up the exporter on your own mail server."
        )
    console.print("Press Ctrl-C to stop.")


def teller(console: Console) -> Callable[[str], None]:
    """Prints a sentence with the time."""
    return lambda text: console.print(f"[dim]{datetime.now():%H:%M:%S}[/] {text}")  # noqa: DTZ005 - a clock on the wall


def _reports(places: Places) -> None:
    """Print both reports as of the same moment, so that their totals agree."""
    today = date.today()  # noqa: DTZ011 - the machine's own day
    period = ["--from", str(today - timedelta(days=REPORT_DAYS - 1)), "--to", str(today)]
    with tempfile.TemporaryDirectory(prefix="pop3-exporter-") as folder:
        moment = Path(folder) / "ledger.sqlite"
        command("ledger", "backup", "--ledger", str(places.ledger), str(moment), quiet=True)
        command("report", "--ledger", str(moment), "--by", "trend", *period)
        command("report", "--ledger", str(moment), "--by", "domain", *period)


def _theft(places: Places, stolen: int, *, watched: bool) -> str:
    at = datetime.fromtimestamp(stolen)  # noqa: DTZ006 - a clock on the wall
    verb, domain = "is" if stolen > time.time() else "was", WILD.partition("@")[2]
    told = (
        f"within {ALERT_MINUTES} minutes, the alert POP3AccountLikelyCompromised fires and is shown here."
        if watched
        else f"to see it, run:\n  {EXPORTER} report --ledger {places.ledger} --by user --domain {domain}"
    )
    return f"\nAt {at:%H:%M:%S} the account {WILD} of the demo {verb} stolen; {told}"
