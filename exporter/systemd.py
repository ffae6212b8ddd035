"""What systemd wants to hear of a service of Type=notify (sd_notify(3)): ready, alive, stopping.

Without systemd, or where it did not ask, every call does nothing.
"""

import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress

# systemd waits for twice as long as services should let pass between two signs of life.
_SHARE = 3


def notify(state: str, environment: Mapping[str, str] = os.environ) -> None:
    """Send `READY=1` and its kin; a systemd that does not listen is no trouble of ours."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address[0] == "@":  # in the abstract name space
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
        to.sendto(state.encode(), socket.MSG_DONTWAIT, address)


class Watchdog:
    """Signs of life, at most as often as systemd needs them; `stopwatch`: seconds, never set back."""

    def __init__(self, stopwatch: Callable[[], float], environment: Mapping[str, str] = os.environ) -> None:
        self._stopwatch = stopwatch
        self._environment = environment
        asked = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        micros = environment.get("WATCHDOG_USEC", "")
        self._every = int(micros) / 1e6 / _SHARE if asked and micros.isdecimal() and int(micros) else None
        self._last = float("-inf")

    def beat(self) -> None:
        """The service lives."""
        if self._every is not None and self._stopwatch() - self._last >= self._every:
            self._last = self._stopwatch()
            notify("WATCHDOG=1", self._environment)
