"""Signals of a daemon: SIGTERM and SIGINT end it, whatever its loop is doing; SIGHUP does not.

Python runs handlers between two steps of the main thread, so never while that waits for a disk. Their numbers come
through a socket, too, at once: a thread of its own reads them, and ends a process that does not end by itself. What
was not committed is read again by the next start.
"""

import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from exporter import threads

LOG = logging.getLogger("pop3_exporter")
# How long the loop may take to notice, commit, and finish running responses.
GRACE_SECONDS = 15.0

_ENDING = (signal.SIGTERM, signal.SIGINT)
_IGNORED = tuple(getattr(signal, name) for name in ("SIGHUP",) if hasattr(signal, name))


class Signals:
    """A context in which a terminating signal calls `stop`; after the grace period the process is killed.

    To be used in the main thread. `where`: what the loop is doing, for the last log message.
    """

    def __init__(self, stop: Callable[[], None], where: Callable[[], str]) -> None:
        self._stop = stop
        self._where = where
        self._ended = threading.Event()
        self._ours, self._theirs = socket.socketpair()
        self._theirs.setblocking(False)
        self._thread = threading.Thread(target=self._listen, name="signals", daemon=True)

    def __enter__(self) -> Self:
        # Who listens comes first: a signal that no default action takes any more must be heard.
        threads.start(self._thread)
        signal.set_wakeup_fd(self._theirs.fileno(), warn_on_full_buffer=False)
        for number in (*_ENDING, *_IGNORED):
            # The signal arrives through the socket; this only replaces the default action.
            signal.signal(number, lambda *_: None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        signal.set_wakeup_fd(-1)
        self._theirs.close()
        self._thread.join()
        self._ours.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while number := self._ours.recv(1):
                if number[0] in _IGNORED:
                    LOG.info("SIGHUP ignored: log rotation needs no signal; restart to load a new configuration")
                elif number[0] in _ENDING:
                    self._stop()
                    self._end()
                    return

    def _end(self) -> None:
        if not self._ended.wait(GRACE_SECONDS):
            LOG.error(
                "did not stop within %.0f s (%s), so it was killed; what is not in the ledger yet is read again",
                GRACE_SECONDS,
                self._where(),
            )
            logging.shutdown()
            os._exit(1)
