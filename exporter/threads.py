"""Threads where the machine may allow no more: a start that fails says so, and work is done without one."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from exporter.errors import OperatorError

T = TypeVar("T")
# What Python says when the system refuses.
_REFUSED = "can't start new thread"


class ThreadError(OperatorError):
    """The system allows no more threads; the message is for people."""


def start(thread: threading.Thread) -> None:
    """Start it. Raises ThreadError."""
    try:
        thread.start()
    except RuntimeError as error:
        raise ThreadError(
            f"the system allows no further thread ({thread.name}): raise TasksMax= of the service, `ulimit -u` of the"
            " user, or the memory limit"
        ) from error


async def in_thread(work: Callable[[], T]) -> T:
    """The result of `work`, which must change nothing, from another thread, or if there cannot be one, from this."""
    try:
        return await asyncio.to_thread(work)
    except RuntimeError as error:
        if _REFUSED not in str(error):
            raise
    return work()
