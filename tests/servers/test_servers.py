"""Real servers, driven by clients: what their logs come to equals what the clients did.

Needs root, namespaces and Debian's archive; the servers are unpacked into boxes, nothing is installed.
"""

import os
from pathlib import Path

import pytest

from exporter.catalogue import MEASURES, Reason
from tests.servers.box import run
from tests.servers.catalogue import SERVERS
from tests.truth.servers import compared

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
    told, clients = compared(server, log, sessions)
    assert clients.only(*ALL) == told.only(*ALL)
    assert clients.ends == told.ends
    assert 0 == told.unmatched
    assert Reason.LOGIN_FAILURES in told.ends or told.total("login_failures") > 0
