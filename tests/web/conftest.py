"""A running web server over a view that tests can change."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from exporter.catalogue import Quality, Scope
from exporter.exposition.renderer import Exposition
from exporter.exposition.selfmetrics import SelfMetrics
from exporter.exposition.sources import SourceReport
from exporter.ledger.reading import Reading
from exporter.model import Row, SourceCount, View
from exporter.web.server import WebServer
from exporter.web.serving import serve
from exporter.web.site import Files, Site
from tests.exposition.views import BERLIN, NOW, amounts, view
from tests.web.wordings import Plain

TOTALS = amounts(connections=120, blocked_connections=3, terminations=2, received_bytes=1_000, sent_bytes=2_000_000)
ADDED = ((BERLIN.day(NOW), amounts(connections=20, sent_bytes=500_000)),)


def small_view() -> View:
    """One server, one source; bad commands are not in its log."""
    return view(
        {Scope.SERVER: [Row(("mx1",), NOW - 86_400, TOTALS, ADDED)]},
        sources={"mail": SourceCount(events=100, ignored=7, unmatched=1, read_bytes=12_345, truncations=2)},
        last_events={("mail", "mx1"): NOW - 90},
        quality={
            ("mail", "mx1", "connections"): Quality.EXACT,
            ("mail", "mx1", "bad_command_connections"): Quality.NONE,
        },
    )


@dataclass
class World:
    """What the daemon would give; tests change it. `ledger`: whose reports are shown; None: there are none."""

    view: View = field(default_factory=small_view)
    problems: list[str] = field(default_factory=list)
    ledger: Path | None = None
    listen: tuple[str, ...] = ("127.0.0.1:10110",)
    files: Files = field(default_factory=dict)
    process: SelfMetrics = field(default_factory=SelfMetrics)

    def site(self) -> Site:
        """The functions that the web side is given."""
        self.process.report([SourceReport("mail", ("/var/log/mail.log*",), "plain")])
        ledger = self.ledger
        return Site(
            Exposition(BERLIN, self.process),
            lambda: self.view,
            lambda: float(NOW),
            lambda: self.process.sources,
            lambda: self.problems,
            None if ledger is None else lambda: Reading(ledger),
            {"plain": Plain()},
            self.listen,
            self.files,
        )

    def start(self, listen: str = "127.0.0.1:0", config_file: Path | None = None) -> WebServer:
        """A server over this world, to be stopped by the test."""
        return serve(listen, self.site(), config_file)


@pytest.fixture
def world() -> World:
    """A world that nobody serves yet."""
    return World()


@pytest.fixture
def server(world: World) -> Iterator[WebServer]:
    """A running server over `world`."""
    running = world.start()
    yield running
    running.stop()


@pytest.fixture
def client(server: WebServer) -> Iterator[httpx.Client]:
    """Asks `server`."""
    with httpx.Client(base_url=server.url, trust_env=False) as asking:
        yield asking
