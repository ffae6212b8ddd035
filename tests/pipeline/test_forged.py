"""What anybody may write into a log is kept within bounds: names of hosts by number, and nothing of any length."""

import gc
import tracemalloc

import pytest

from exporter.context import SERVERS_KEPT
from exporter.formats import FORMATS
from tests.pipeline.bench import Bench
from tests.pipeline.test_laws import check

DOVECOT = {
    "login": b"dovecot: pop3-login: Login: user=<%(user)b>, method=PLAIN, rip=%(ip)b, lip=192.0.2.9, mpid=%(pid)b,"
    b" session=<%(key)b>",
    "failure": b"dovecot: pop3-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs):"
    b" user=<%(user)b>, method=PLAIN, rip=%(ip)b, lip=192.0.2.9, session=<%(key)b>",
    "auth": b"dovecot: auth: passwd-file(%(user)b,%(ip)b,<%(key)b>): Password mismatch",
    "end": b"dovecot: pop3(%(user)b)<%(pid)b><%(key)b>: Disconnected: Logged out in=30, out=5",
}
POPA3D = {"login": b"popa3d[%(pid)b]: Authentication passed for %(user)b"}
FIELDS = (b"host", b"user", b"ip", b"pid", b"key")
LONG = 20_000
MANY = 150
PLACES = [
    (form, name, line, field)
    for form, lines in (("dovecot", DOVECOT), ("popa3d", POPA3D))
    for name, line in lines.items()
    for field in FIELDS
    if field == b"host" or b"%(" + field + b")b" in line
]
BY_NAME = {form.name: form for form in FORMATS}


def line(text: bytes, number: int, **fields: bytes) -> bytes:
    """A line whose fields differ from those of other numbers."""
    known = {
        b"host": b"mx1",
        b"user": b"a@x.example",
        b"ip": b"192.0.2.1",
        b"pid": b"%d" % number,
        b"key": b"s%d" % number,
    }
    known |= {name.encode(): value for name, value in fields.items()}
    return (b"2026-11-22T07:42:14.1+00:00 %(host)b " + text) % known


def test_forged_hosts_are_bounded_and_counted() -> None:
    """Beyond so many, hosts are one server; all connections are there."""
    bench = Bench()
    hosts = 2 * SERVERS_KEPT
    for number in range(hosts):
        bench.feed(line(DOVECOT["login"], number, host=b"h%d" % number))
    check(bench)
    last = bench.checkpoint()
    assert SERVERS_KEPT + 1 >= len(last.last_events)
    assert SERVERS_KEPT + 1 >= len({server for server, _ in last.quality})
    assert SERVERS_KEPT + 1 >= len({server for server, _ in last.open_sessions})
    assert hosts == bench.total("connections")


def test_hosts_beyond_the_bound_do_not_share_connections() -> None:
    """Servers that tell connections apart by process id only use the same ones."""
    bench = Bench(formats=(BY_NAME["popa3d"],))
    bench.feed(*(line(POPA3D["login"], number, host=b"h%d" % number) for number in range(SERVERS_KEPT)))
    before = bench.total("connections"), bench.total("logins")
    for host in (b"one", b"two"):
        bench.feed(line(POPA3D["login"], 7, host=host), line(b"popa3d[7]: 0 messages (0 bytes) left", 7, host=host))
    bench.restart()
    check(bench)
    assert (before[0] + 2, before[1] + 2) == (bench.total("connections"), bench.total("logins"))


def test_a_long_key_still_joins() -> None:
    """What is too long to be kept is known by its digest, also after a restart."""
    bench, key, user = Bench(server="mx1"), b"k" * LONG, b"u" * LONG + b"@x.example"
    bench.feed(line(DOVECOT["login"], 1, key=key, user=b"a@x.example"))
    bench.restart()
    bench.feed(line(DOVECOT["end"], 1, key=key, user=user))
    check(bench)
    assert 1 == bench.total("connections")
    assert 5 == bench.book[("mx1", "x.example", "a@x.example"), "sent_bytes"]


@pytest.mark.parametrize(
    ("form", "name", "text", "field"), PLACES, ids=[f"{p[0]}-{p[1]}-{p[3].decode()}" for p in PLACES]
)
def test_what_is_long_is_not_kept(form: str, name: str, text: bytes, field: bytes) -> None:
    """Of lines with a long field nothing stays in memory that is as long as they are."""
    bench = Bench(formats=(BY_NAME[form],))
    bench.feed(line(text, 0))
    bench.checkpoint()
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(MANY):
            long = b"%06d" % number + (b"1" if field == b"pid" else b"a") * LONG
            bench.feed(line(text, number, **{field.decode(): long}))
        bench.checkpoint()
        bench.charges.clear()
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert MANY * LONG / 2 > kept, name
