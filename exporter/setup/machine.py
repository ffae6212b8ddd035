"""A machine as discovery sees it: files below a root directory, and programs to run."""

import glob
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

# Programs that take longer are ignored.
PATIENCE_SECONDS = 30
# Programs of administrators are not on everybody's PATH.
SYSTEM = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin")
# How much of a configuration file is read; a larger file is something else.
CONFIG_BYTES = 1 << 20
_LISTENS = "0A"


class Said(NamedTuple):
    """The output of a program; `code` is None if it could not be started or did not end."""

    code: int | None
    out: str = ""
    err: str = ""


Run = Callable[[Sequence[str]], Said]


def run(command: Sequence[str]) -> Said:
    """Run a program of this machine, with English messages."""
    path = os.pathsep.join((os.environ.get("PATH", ""), *SYSTEM))
    program = shutil.which(command[0], path=path)
    if program is None:
        return Said(None)
    environment = {**os.environ, "PATH": path, "LC_ALL": "C", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0"}
    try:
        ended = subprocess.run(  # noqa: S603 - the machine's own programs, with arguments that are ours
            (program, *command[1:]),
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE_SECONDS,
            env=environment,
        )
    except (OSError, subprocess.TimeoutExpired):
        return Said(None)
    return Said(ended.returncode, ended.stdout.decode(errors="replace"), ended.stderr.decode(errors="replace"))


@dataclass(frozen=True, slots=True)
class Machine:
    """Files below `root`, by their names on the machine; `run` starts its programs."""

    root: Path = Path("/")
    run: Run = field(default=run)

    def path(self, name: str) -> Path:
        """The path of the file with this name on the machine."""
        return self.root / name.lstrip("/")

    def name(self, path: Path) -> str:
        """The name of the file on the machine."""
        return "/" + str(path.relative_to(self.root))

    def exists(self, name: str) -> bool:
        """Whether the file exists; False also if this user cannot see it."""
        return os.access(self.path(name), os.F_OK)

    def text(self, name: str) -> str:
        """The text of a configuration file; empty if it is missing or unreadable."""
        try:
            with self.path(name).open("rb") as file:
                return file.read(CONFIG_BYTES).decode(errors="replace")
        except OSError:
            return ""

    def matching(self, pattern: str) -> list[str]:
        """The names of the files that match, sorted."""
        found = glob.glob(glob.escape(str(self.root)).rstrip("/") + "/" + pattern.lstrip("/"))  # noqa: PTH207 - patterns with directories
        return sorted(self.name(Path(path)) for path in found)

    def processes(self) -> frozenset[str]:
        """The names of the programs that run."""
        names = set()
        for path in self.path("/proc").glob("[0-9]*/comm"):
            try:
                names.add(path.read_text(errors="replace").strip())
            except OSError:
                continue
        return frozenset(names)

    def listening(self) -> frozenset[int]:
        """The TCP ports in use."""
        return frozenset(port for name in ("tcp", "tcp6") for port in _ports(self.text(f"/proc/net/{name}")))

    def title(self) -> str:
        """`Debian GNU/Linux 13 (trixie)`; empty if unknown."""
        found = re.search(r'^PRETTY_NAME="?([^"\n]*)', self.text("/etc/os-release"), re.MULTILINE)
        return found[1] if found else ""

    @property
    def has_systemd(self) -> bool:
        """Whether systemd is the init system (sd_booted(3))."""
        return self.path("/run/systemd/system").is_dir()


def _ports(table: str) -> Iterator[int]:
    for line in table.splitlines()[1:]:
        _, local, _, state, *_ = (*line.split(), "", "", "", "")
        if state == _LISTENS and ":" in local:
            yield int(local.rpartition(":")[2], 16)
