"""Where the first look keeps its files, and whether this machine has a POP3 log of its own."""

import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

# Where Debian, Ubuntu, Red Hat, cPanel, Plesk, iRedMail and docker-mailserver keep the mail log.
LOGS = (
    "/var/log/mail.log",
    "/var/log/maillog",
    "/var/log/mail.info",
    "/var/log/dovecot.log",
    "/var/log/dovecot-info.log",
    "/var/log/dovecot/pop3.log",
    "/var/log/mail/mail.log",
)
SEARCHED_BYTES = 4 * 1024 * 1024
DEPLOY = Path(__file__).parents[2] / "deploy"


@dataclass(frozen=True, slots=True)
class Places:
    """All files of a first look, below one directory."""

    directory: Path

    @property
    def config(self) -> Path:
        """The configuration that is written for the daemon."""
        return self.directory / "config.yaml"

    @property
    def ledger(self) -> Path:
        """The daemon's ledger."""
        return self.directory / "ledger.sqlite"

    @property
    def log(self) -> Path:
        """The demo host's log."""
        return self.directory / "mail.log"

    @property
    def openmetrics(self) -> Path:
        """The history, for promtool."""
        return self.directory / "history.om"

    @property
    def prometheus(self) -> Path:
        """Prometheus's data."""
        return self.directory / "prometheus"

    @property
    def unfinished(self) -> Path:
        """There while the history is being prepared: what an interruption left is no history."""
        return self.directory / "unfinished"

    @property
    def state(self) -> Path:
        """What a later start must know: since when the demo's account is wild."""
        return self.directory / "demo.json"


def own_log() -> str | None:
    """The first readable log of this machine with POP3 lines in its last megabytes, as a pattern."""
    for name in LOGS:
        path = Path(name)
        if os.access(path, os.R_OK) and path.is_file() and _mentions_pop3(path):
            return f"{name}*"
    return None


def _mentions_pop3(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - SEARCHED_BYTES, 0))
        return b"pop3" in file.read(SEARCHED_BYTES)


def wild_since(places: Places, seconds_from_now: int) -> int:
    """When the demo's account goes wild: decided at the first start, the same at every later one."""
    if not places.state.exists():
        places.state.write_text(json.dumps({"wild_since": int(time.time()) + seconds_from_now}), encoding="utf-8")
    since: int = json.loads(places.state.read_text(encoding="utf-8"))["wild_since"]
    return since


def write_config(places: Places, patterns: str, listen: str, *, demo: bool) -> None:
    """The daemon's configuration: one source, everything else by default."""
    server = "server: mx1, " if demo else ""
    lines = [
        "# Written by `make run`; see deploy/exporter/config.yaml for all keys.",
        f"ledger: {places.ledger}",
        f'web: {{listen: "{listen}"}}',
        "sources:",
        f'  - {{name: mail, {server}paths: ["{patterns}"], format: {"dovecot" if demo else "auto"}, start: beginning}}',
    ]
    places.config.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_prometheus_config(places: Places, address: str) -> Path:
    """deploy/'s configuration of Prometheus for the exporter at `address`, with its rules."""
    folder = DEPLOY / "prometheus"
    text = (folder / "prometheus.yml").read_text(encoding="utf-8")
    path = places.directory / "prometheus.yml"
    path.write_text(text.replace("127.0.0.1:10110", address).replace("rules/", f"{folder}/rules/"), encoding="utf-8")
    return path


def tool(name: str) -> str | None:
    """The path of a program, also where users have no sbin on their PATH."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")
