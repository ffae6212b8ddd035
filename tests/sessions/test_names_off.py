"""`users.series: off`: no name of a user is remembered or stored, and nothing is charged differently."""

import binascii

from exporter.catalogue import Reason
from exporter.model import Fact, Kind
from exporter.sessions import Sessions
from tests.sessions.desk import IDLE, Desk

ALICE = b"alice@example.com"
LINES = [
    Fact(Kind.FAILURE, b"s1", ALICE, tentative=True),
    Fact(Kind.FAILURE, b"s1", b"root"),
    Fact(Kind.COMMAND, b"s2", verb=b"AUTH"),
    Fact(Kind.COMMAND, b"s2", verb=binascii.b2a_base64(ALICE, newline=False)),
    Fact(Kind.LOGIN, None, ALICE, by_user=True),
    Fact(Kind.END, b"s3", ALICE, reason=Reason.LOGOUT, ok=True),
]


def test_no_name_is_stored(desk: Desk) -> None:
    """Neither in a session's data nor in its key, whatever line brought it."""
    desk.sessions = Sessions(desk.resolve, IDLE, keeps_names=False)
    for line in LINES:
        desk.take(line)
        opened, _ = desk.sessions.changes()
        for saved in opened:
            assert b"alice" not in saved.key
            assert "alice" not in str(saved.data)
            assert "root" not in str(saved.data)


def test_domains_are_charged_as_with_names(desk: Desk) -> None:
    """The same connections, logins and failures in the same domains."""
    off = Desk()
    off.sessions = Sessions(off.resolve, IDLE, keeps_names=False)
    for one in (desk, off):
        one.take(*LINES, Fact(Kind.END, None, ALICE, reason=Reason.LOGOUT, ok=True, by_user=True))
        one.note(one.sessions.finish())
    for measure in ("connections", "logins", "login_failures"):
        for domain in ("example.com", "unknown"):
            assert desk.total(measure, domain=domain) == off.total(measure, domain=domain)
