"""What changes when a file does, as far as the disk's clock can tell."""

import os

COARSEST_CLOCK_SECONDS = 2.0  # FAT's

Signature = tuple[int, int, int]


def signature_of(status: os.stat_result) -> Signature:
    """What changes when the file does, except within a tick of the disk's clock."""
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def is_recent(seen: Signature, now: float) -> bool:
    """Whether the file changed so lately that its times could hide another change."""
    return abs(now - seen[2] / 1e9) < COARSEST_CLOCK_SECONDS
