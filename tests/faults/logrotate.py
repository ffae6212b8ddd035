"""The real logrotate over a test's log."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.faults.world import World

needs_logrotate = pytest.mark.tool("logrotate")
PROGRAM = shutil.which("logrotate", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or "logrotate"


def logrotate(world: World, *options: str) -> None:
    """Rotate mail.log now, with these options."""
    lines = "\n".join(f"    {option}" for option in ("rotate 9", "missingok", "su root root", *options))
    configuration = world.folder / "logrotate.conf"
    configuration.write_text(f"{world.log} {{\n{_allowed(lines)}\n}}\n")
    configuration.chmod(0o644)
    state = world.folder / "logrotate.state"
    command = [PROGRAM, "--force", "--state", str(state), str(configuration)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr


def _allowed(lines: str) -> str:
    """Without root there is nobody to switch to."""
    return lines if os.geteuid() == 0 else lines.replace("    su root root\n", "")


def generations(folder: Path) -> list[str]:
    """The names of the log and its generations."""
    return sorted(path.name for path in folder.glob("mail*log*"))
