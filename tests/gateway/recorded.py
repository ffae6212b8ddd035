"""A gateway between upstreams that write down what they are asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.gateway.recorder import GOOD, Recorder, Seen
from tests.gateway.world import Door

CONFLICT = b'{"status":"error","errorType":"prom-label-proxy","error":"conflicting label matcher"}'


def strict(one: Seen) -> tuple[int, bytes]:
    """A prom-label-proxy as far as the trial questions go."""
    domains = one.headers.get("x-pop3-domains", "").split(",")
    return (400, CONFLICT) if "two.invalid" in one.body and "two.invalid" not in domains else (200, GOOD)


@contextmanager
def opened(
    tmp_path: Path, prometheus: Recorder, proxy: Recorder, more: str = "", access: str | None = None
) -> Iterator[Door]:
    door = Door(tmp_path, prometheus.url, proxy.url, more=more)
    if access is not None:
        door.access = access
    with door.open():
        yield door
