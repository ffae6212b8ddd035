"""Warnings that a stranger can cause, told at most once in 10 s."""

import logging
import time

SECONDS = 10.0


class Seldom:
    """Logs to `logger`; what comes too soon after the last is only counted."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._told = float("-inf")
        self._untold = 0

    def warn(self, sentence: str) -> None:
        """Tell it, with how many were not told since the last."""
        now = time.monotonic()
        if now - self._told < SECONDS:
            self._untold += 1
            return
        self._logger.warning("%s%s", sentence, f" (and {self._untold} more warnings)" if self._untold else "")
        self._told, self._untold = now, 0
