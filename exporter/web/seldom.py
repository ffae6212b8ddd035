"""Warnings that strangers can cause, logged at most once in 10 s."""

import logging
import time

SECONDS = 10.0


class Seldom:
    """Logs to `logger`; warnings too soon after the last one are only counted."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._told = float("-inf")
        self._untold = 0

    def warn(self, sentence: str) -> None:
        """Log it, with the number of suppressed warnings since the last one."""
        now = time.monotonic()
        if now - self._told < SECONDS:
            self._untold += 1
            return
        self._logger.warning("%s%s", sentence, f" (and {self._untold} more warnings)" if self._untold else "")
        self._told, self._untold = now, 0
