"""Waits for a descriptor, whatever its number: `select.select` knows only those below 1,024."""

import select


def has_arrived(descriptor: int, patience: float) -> bool:
    """Whether something, or the end, is there to be read within `patience` seconds."""
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([descriptor], [], [], patience)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(patience * 1000))
