"""The exporter's systemd unit: whether it exists, its text, and starting it."""

import re
from dataclasses import dataclass
from pathlib import Path

from exporter import DEFAULT_FILE, shipped
from exporter.setup.machine import Machine, Said

NAME = shipped.UNIT
FILE = f"/etc/systemd/system/{NAME}"
_CONFIG = re.compile(r"--config\.file[= ](\S+)")


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit as systemd knows it: `config` is the configuration that it reads; `is_active`: it runs."""

    config: str
    is_active: bool


def installed(machine: Machine) -> Unit | None:
    """The installed unit; None if there is none, or systemd is not running."""
    if not machine.has_systemd:
        return None
    said = machine.run(("systemctl", "cat", NAME))
    if said.code != 0:
        return None
    config = _CONFIG.search(said.out)
    active = machine.run(("systemctl", "is-active", "--quiet", NAME)).code == 0
    return Unit(config[1] if config else str(DEFAULT_FILE), active)


def text(program: str, config: Path) -> str:
    """The unit that runs `program` with the configuration `config`."""
    return shipped.unit(program)[NAME].replace(str(DEFAULT_FILE), str(config))


def start(machine: Machine, *, restart: bool) -> Said:
    """Start it now and at boot; `restart`: it is running and must reload its configuration."""
    machine.run(("systemctl", "daemon-reload"))
    enabled = machine.run(("systemctl", "enable", "--now", NAME))
    return machine.run(("systemctl", "restart", NAME)) if restart and enabled.code == 0 else enabled
