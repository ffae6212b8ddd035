"""Where the first look keeps its files, and what it writes into those that configure others."""

import json
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from exporter.ledger.zones import machine_zone
from exporter.setup import plan

Source = plan.Source
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
    def demo_sources(self) -> list[Source]:
        """The one source of the demo."""
        source: Source = {
            "name": "mail",
            "server": "mx1",
            "paths": [str(self.log)],
            "format": "dovecot",
            "start": "beginning",
        }
        return [source]

    @property
    def openmetrics(self) -> Path:
        """The history, for promtool."""
        return self.directory / "history.om"

    @property
    def prometheus(self) -> Path:
        """Prometheus's data."""
        return self.directory / "prometheus"

    def emptied(self, folder: Path) -> Path:
        """A folder of ours with nothing in it."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    @property
    def unfinished(self) -> Path:
        """Exists while the history is being prepared, to detect an interruption."""
        return self.directory / "unfinished"

    @property
    def state(self) -> Path:
        """What a later start needs: when the demo's account is stolen."""
        return self.directory / "demo.json"


def wild_since(places: Places, seconds_from_now: int) -> int:
    """When the demo's account is stolen: decided at the first start, the same at every later one."""
    if not places.state.exists():
        places.state.write_text(json.dumps({"wild_since": int(time.time()) + seconds_from_now}), encoding="utf-8")
    since: int = json.loads(places.state.read_text(encoding="utf-8"))["wild_since"]
    return since


def write_config(places: Places, sources: Sequence[Source], listen: str) -> None:
    """The daemon's configuration: the sources of the machine, the demo's where it has none; the rest by default."""
    made = list(sources) or places.demo_sources
    places.config.write_text(plan.text(machine_zone(), str(places.ledger), listen, made), encoding="utf-8")


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
