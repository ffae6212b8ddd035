"""CPU time where a test must know that something does not grow with the square of its input."""

import time
from collections.abc import Callable

GOES = 3


def least(act: Callable[[], object]) -> float:
    """CPU seconds of the quickest of a few goes: the garbage of a long test run is no cost of `act`."""

    def seconds() -> float:
        begin = time.process_time()
        act()
        return time.process_time() - begin

    return min(seconds() for _ in range(GOES))
