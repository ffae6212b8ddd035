"""A real server of a Debian package in a box: namespaces of its own over a copy of this machine's files.

The packages are unpacked, not installed (POP3 servers exclude each other), into a layer that only the box sees. Its
network is its own loopback, its /dev/log ends in a file. Needs root, and Debian's archive for the packages.
"""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

INSIDE = Path(__file__).with_name("inside.py")
# In the box: a tmpfs above everything else, the packages' files in it, a /dev of its own.
ENTER = """
set -e
mount --make-rprivate /
mkdir -p "$BOX/layer" "$BOX/root"
mount -t tmpfs layer "$BOX/layer"
mkdir "$BOX/layer/upper" "$BOX/layer/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$BOX/layer/upper,workdir=$BOX/layer/work" "$BOX/root"
tar -C "$BOX/files" -c . | tar -C "$BOX/root" -x --keep-directory-symlink
mount -t tmpfs dev "$BOX/root/dev"
mount -t tmpfs run "$BOX/root/run"
for device in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
    set -- $device
    mknod -m 666 "$BOX/root/dev/$1" c "$2" "$3"
done
ln -s /proc/self/fd "$BOX/root/dev/fd"
mkdir "$BOX/root/dev/shm" "$BOX/root/run/box"
chmod 1777 "$BOX/root/dev/shm"
mount -t proc proc "$BOX/root/proc"
mount --bind "$BOX/shared" "$BOX/root/run/box"
exec chroot "$BOX/root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C python3 /run/box/inside.py
"""


@dataclass
class Server:
    """What a box runs: `files` by path, shell lines that come before, commands that stay, ports they listen on."""

    packages: Sequence[str]
    commands: Sequence[Sequence[str]]
    ports: Sequence[int]
    files: dict[str, str] = field(default_factory=dict)
    setup: Sequence[str] = ()
    rounds: int = 2
    settle: float = 1


def unpacked(packages: Sequence[str], base: Path) -> None:
    """The files of the packages, and of those they need, below `base / "files"`."""
    archives = base / "archives"
    (archives / "partial").mkdir(parents=True)
    (base / "files").mkdir()
    options = ["-o", f"Dir::Cache::archives={archives}", "-o", "APT::Sandbox::User=root"]
    fetch = ["apt-get", "-y", "-qq", *options, "--download-only", "--no-install-recommends", "install", "--reinstall"]
    fetched = subprocess.run([*fetch, *packages], capture_output=True, check=False)
    if fetched.returncode and os.environ.get("POP3_REQUIRE_TOOLS") != "1":
        pytest.skip(f"Debian's archive does not give {' '.join(packages)} (apt-get update?)")
    assert fetched.returncode == 0, fetched.stderr.decode(errors="replace")
    for archive in sorted(archives.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", archive, base / "files"], check=True)


def run(server: Server, base: Path) -> tuple[Path, list[dict[str, Any]]]:
    """The log of the server, and what its clients did."""
    unpacked(server.packages, base)
    for path, text in server.files.items():
        target = base / "files" / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    shared = base / "shared"
    shared.mkdir()
    (shared / "inside.py").write_bytes(INSIDE.read_bytes())
    spec = {
        "setup": list(server.setup),
        "commands": [list(command) for command in server.commands],
        "ports": list(server.ports),
        "rounds": server.rounds,
        "settle": server.settle,
    }
    enter = ["unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "sh", "-c", ENTER]
    result = subprocess.run(
        enter,
        input=json.dumps(spec).encode(),
        env={**os.environ, "BOX": str(base)},
        capture_output=True,
        timeout=110,
        check=False,
    )
    log = shared / "mail.log"
    said = (result.stderr + result.stdout).decode(errors="replace")
    assert result.returncode == 0, said + (log.read_text(errors="replace") if log.exists() else "")
    return log, json.loads((shared / "truth.json").read_text())
