"""What the envelopes of a source's lines leave to its administrator is a problem of the source."""

from datetime import UTC, date, datetime

from exporter.model import Batch
from tests.pipeline.bench import NOW, Bench

LOGIN = b"pop3-login: Login: user=<a@example.com>, method=PLAIN, rip=192.0.2.4, lip=192.0.2.1, mpid=7, session=<x%d>"


def test_the_host_is_a_container() -> None:
    """Lines whose host is a container's id need a server in the configuration; with one, nothing is said."""
    lines = [b"Nov 22 07:59:00 2359d3e20b39 dovecot: " + LOGIN % number for number in range(3)]
    bench = Bench()
    bench.feed(*lines)
    assert (
        "the host in the lines is 2359d3e20b39, a name that a container runtime made up: after the next start it would"
        " be another server; set server: in the configuration, or --server",
    ) == bench.pipeline.problems
    configured = Bench(server="mx1")
    configured.feed(*lines)
    assert () == configured.pipeline.problems


def test_day_and_month_cannot_be_told_apart() -> None:
    """A log of one old day with dates of numbers is read by a guess, which is said until the log says more."""
    bench = Bench()
    first = [b"04/03/2026 07:59:00 pop3-login: Info: Login: user=<a@example.com>, session=<1>"]
    bench.feed(*first)
    assert "dates such as 04/03/2026 are read as month/day/year" in "".join(bench.pipeline.problems)
    both = Bench()
    both.feed(*first, b"13/03/2026 07:59:00 pop3-login: Info: Login: user=<a@example.com>, session=<2>")
    assert () == both.pipeline.problems


def test_the_batch_tells_before_its_first_line_is_read() -> None:
    """So the first line already is on its own day."""
    bench = Bench()
    lines = [b"%02d/03/2026 07:59:00 " % day + LOGIN % day for day in (4, 13)]
    charges = bench.pipeline.feed(Batch("a", "mail.log", lines, NOW, caught_up=True), None)
    assert [date(2026, 3, 4), date(2026, 3, 13)] == [datetime.fromtimestamp(one.stamp, UTC).date() for one in charges]
