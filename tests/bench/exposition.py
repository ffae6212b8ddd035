"""How long /metrics takes and how large it is, with prometheus_client's own objects beside it in the same run.

    python -m tests.bench.exposition [--full]

`--full` lets prometheus_client render the largest site, too (more than ten seconds, half a gigabyte).
"""

import sys
import time
import zlib
from collections.abc import Callable, Iterable
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Gauge, disable_created_metrics, generate_latest

from exporter.catalogue import Scope
from exporter.exposition.families import SCOPE_FAMILIES
from exporter.exposition.renderer import Exposition
from exporter.model import View
from tests.exposition.views import BERLIN, NOW, large_view

# users and domains: about 100,000, 420,000 and 800,000 series
SITES = ((4_700, 200), (20_000, 700), (38_500, 1_000))
REPEATS = 5


class Took(NamedTuple):
    """The best of some runs: wall clock seconds and bytes of text."""

    seconds: float
    size: int


def best(render: Callable[[], Iterable[bytes]], repeats: int = REPEATS) -> Took:
    """The fastest of `repeats` runs: what the others took longer was the machine's other work."""
    runs = []
    for _ in range(repeats):
        begin = time.perf_counter()
        size = sum(map(len, render()))
        runs.append(Took(time.perf_counter() - begin, size))
    return min(runs)


def gzipped(parts: Iterable[bytes]) -> Iterable[bytes]:
    """As the web server sends it to Prometheus."""
    packer = zlib.compressobj(1, wbits=31)
    yield from map(packer.compress, parts)
    yield packer.flush()


def registry_of(view: View) -> CollectorRegistry:
    """The same series as objects of prometheus_client (gauges, which are its cheapest)."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    for scope in Scope:
        for family in SCOPE_FAMILIES[scope].all:
            gauge = Gauge(family.name.removesuffix("_total"), family.help, family.labels, registry=registry)
            for labels, row in view.rows[scope].items():
                gauge.labels(*labels).set(row.totals[0])
    return registry


def main(arguments: list[str]) -> None:
    """Print one row per size of site."""
    print("| users | series | MB | ms | MB gzipped | ms gzipped | prometheus_client ms |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for number, (users, domains) in enumerate(SITES):
        view = large_view(users, domains)
        exposition = Exposition(BERLIN)
        lines = b"".join(exposition.render(view, NOW))
        series = sum(1 for line in lines.splitlines() if not line.startswith(b"#"))
        plain = best(lambda: exposition.render(view, NOW))  # noqa: B023 - called before the next turn
        packed = best(lambda: gzipped(exposition.render(view, NOW)))  # noqa: B023
        other = "not run"
        if number == 0 or "--full" in arguments:
            registry = registry_of(view)
            other = f"{best(lambda: [generate_latest(registry)], 1).seconds * 1000:.0f}"  # noqa: B023
        print(
            f"| {users} | {series} | {plain.size / 1e6:.1f} | {plain.seconds * 1000:.0f} "
            f"| {packed.size / 1e6:.1f} | {packed.seconds * 1000:.0f} | {other} |"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
