"""How much the process keeps open at a time: shares of the descriptors that it may have (RLIMIT_NOFILE)."""

from typing import NamedTuple

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

# For the ledger, its readers, the logs that are looked at, the process's own.
RESERVED = 64
# A journalctl: a pipe, its messages, and what starting it takes.
OF_JOURNAL = 4
# watchdog has an inotify instance and a pipe for each directory.
OF_WATCH = 3
# Beside the connections that are served, as many may be in a TLS handshake.
OF_CONNECTION = 2
LEAST_FILES = 16
LEAST_CONNECTIONS = 8
_WITHOUT_LIMIT = 8192


class Shares(NamedTuple):
    """The log files that are kept open, the directories that are watched, the connections that are served."""

    files: int
    watches: int
    connections: int


def limit() -> int:
    """How many descriptors the process may have."""
    if resource is None:
        return _WITHOUT_LIMIT
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _WITHOUT_LIMIT if soft in {resource.RLIM_INFINITY, -1} else min(soft, 1 << 20)


def shares(most: int, journals: int, *, watches: int, connections: int) -> Shares:
    """The shares of `most` descriptors; at most so many watches and connections, files have the rest."""
    left = max(0, most - RESERVED - OF_JOURNAL * journals)
    watched = min(watches, left // (5 * OF_WATCH))
    served = max(LEAST_CONNECTIONS, min(connections, left // (4 * OF_CONNECTION)))
    files = left - OF_WATCH * watched - OF_CONNECTION * served
    return Shares(max(LEAST_FILES, files), watched, served)
