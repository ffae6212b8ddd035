"""Warnings that strangers can cause, logged at most once in 10 s."""

import asyncio
import logging
import time

import h11

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


class Strangers(logging.Filter):
    """What uvicorn says of a client's mistakes, told seldom and without a traceback.

    An answer that we broke off, or that a stop did, which it calls a mistake of ours, is not told at all.
    """

    _OURS = "returned without completing response"
    _THEIRS = ("Invalid HTTP request", "Unsupported upgrade request", "No supported WebSocket")

    def __init__(self) -> None:
        super().__init__()
        self._seldom = Seldom(logging.getLogger(__name__))

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is logged as it is."""
        said = record.getMessage()
        error = record.exc_info[1] if record.exc_info else None
        # An answer to a request whose rest broke the rules, and was answered with 400 by then.
        if said.startswith(self._THEIRS) or isinstance(error, h11.LocalProtocolError):
            self._seldom.warn("a client sent what is no HTTP, or what is not served; it was refused")
            return False
        return self._OURS not in said and not isinstance(error, asyncio.CancelledError)
