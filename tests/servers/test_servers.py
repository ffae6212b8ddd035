"""Real servers, driven by clients: what their logs come to equals what the clients did.

Needs root, namespaces and Debian's archive; the servers are unpacked into boxes, nothing is installed.
"""

import os
from pathlib import Path
from types import ModuleType

import pytest

from exporter.catalogue import MEASURES, Reason
from exporter.formats import formats_of
from tests.servers.box import run
from tests.servers.catalogue import SERVERS
from tests.truth import (
    meanings_courier,
    meanings_cyrus,
    meanings_mailutils,
    meanings_nginx,
    meanings_perdition,
    meanings_popa3d,
    meanings_solid_pop3d,
)
from tests.truth.books import as_sent, booked, expected, knowing

MEANINGS: dict[str, ModuleType] = {
    "courier": meanings_courier,
    "cyrus": meanings_cyrus,
    "mailutils": meanings_mailutils,
    "nginx": meanings_nginx,
    "perdition": meanings_perdition,
    "popa3d": meanings_popa3d,
    "solid-pop3d": meanings_solid_pop3d,
}
ALL = tuple(measure.name for measure in MEASURES)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.tool("unshare", "apt-get", "dpkg-deb"),
    pytest.mark.skipif(os.geteuid() != 0, reason="namespaces and mounts need root"),
]


@pytest.mark.parametrize("server", SERVERS)
def test_a_real_server_logs_what_its_clients_did(server: str, tmp_path: Path) -> None:
    """All measures, per domain and user, and the ends; and no line is unknown."""
    log, sessions = run(SERVERS[server], tmp_path)
    names = knowing(sessions, getattr(MEANINGS[server], "shown", as_sent))
    told = booked(formats_of(server)[0], log, names)
    clients = expected(sessions, names, MEANINGS[server].meaning)
    assert clients.only(*ALL) == told.only(*ALL)
    assert clients.ends == told.ends
    assert 0 == told.unmatched
    assert Reason.LOGIN_FAILURES in told.ends or told.total("login_failures") > 0
