"""Child processes, and requests to local addresses."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

READY_SECONDS = 30
PAUSE_SECONDS = 0.1


def command(*arguments: str, quiet: bool = False) -> None:
    """Run one of our own commands; it prints its errors itself."""
    output = subprocess.DEVNULL if quiet else None
    subprocess.run([sys.executable, "-m", "exporter", *arguments], check=True, stdout=output)  # noqa: S603 - our own


def start(running: ExitStack, program: Sequence[str]) -> subprocess.Popen[bytes]:
    """A child of its own process group, so that Ctrl-C reaches it through us and once."""
    child = subprocess.Popen(program, start_new_session=True)  # noqa: S603 - our own program, or Prometheus
    running.callback(child.wait)
    running.callback(child.terminate)
    return child


def waited(holds: Callable[[], bool], child: subprocess.Popen[bytes], seconds: float = READY_SECONDS) -> bool:
    """Whether it holds before the child ends or the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and child.poll() is None:
        if holds():
            return True
        time.sleep(PAUSE_SECONDS)
    return False


def answers(url: str) -> bool:
    """Whether there is such a page."""
    return fetched(url) is not None


def fetched(url: str) -> bytes | None:
    """The page at `url`; None if there is none."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own address
            page: bytes = answer.read()
            return page
    except urllib.error.HTTPError as error:
        error.close()
        return None
    except OSError:
        return None


def parsed(url: str) -> Any:  # noqa: ANN401 - JSON
    """What stands at `url`; None if there is nothing."""
    page = fetched(url)
    try:
        return None if page is None else json.loads(page)
    except ValueError:
        return None


def free_address(wanted: str) -> str:
    """The address, or the same host with a free port."""
    host, _, port = wanted.rpartition(":")
    for number in (int(port), 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, number))
            except OSError:
                continue
            return f"{host}:{probe.getsockname()[1]}"
    return wanted
