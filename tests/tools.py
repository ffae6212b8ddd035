"""Which programs tests start: each carries `@pytest.mark.tool(PROGRAM)`, so that a machine without it skips the test.

A test that starts a program without the mark fails everywhere, also where the program is installed: otherwise the
missing mark would be found only by somebody who does not have it.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

# Where tests/tools.sh puts programs that no package has.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "pop3-exporter" / "bin"
SYSTEM_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/lib/systemd", str(CACHE)])

# What every machine that runs the tests has: the system's own; what came with our Python's packages has no mark either.
EVERYWHERE = frozenset({"sh", "env", "cat", "true", "kill", "mount", "umount"})
OURS = Path(sys.prefix)


class Watch:
    """Looks at each start of a program; `item` is the test that runs now."""

    def __init__(self) -> None:
        self.item: pytest.Item | None = None

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        """An audit hook (PEP 578)."""
        if event != "subprocess.Popen" or self.item is None:
            return
        program = _program(arguments[0], arguments[1])
        if program and program not in marked(self.item):
            pytest.fail(f'starts {program}: mark the test with @pytest.mark.tool("{program}")')


def marked(item: pytest.Item) -> set[str]:
    """The programs that a test says it starts."""
    return {name for mark in item.iter_markers("tool") for name in mark.args}


def _program(executable: object, arguments: object) -> str:
    """The name of what is started; empty where everybody has it."""
    first = executable or (arguments[0] if isinstance(arguments, Sequence) and arguments else "")
    path = Path(os.fsdecode(first)) if isinstance(first, (str, bytes, os.PathLike)) else Path()
    if path.is_relative_to(OURS) or path.name in EVERYWHERE or path.name.startswith("python"):
        return ""
    # What lies elsewhere the test has brought itself.
    return path.name if len(path.parts) == 1 or str(path.parent) in SYSTEM_PATH.split(os.pathsep) else ""
