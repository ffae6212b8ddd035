"""The two laws, and that domains sum to the server, on any bytes and on real lines cut, doubled and mixed."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.catalogue import MEASURES
from tests.formats.samples import HERE
from tests.pipeline.bench import NOW, Bench

SAMPLES: list[bytes] = [
    line
    for name in ("2.3.19-default-syslog.iso.log", "2.4.1-recommended-syslog.iso.log", "other-wordings.log")
    for line in Path(HERE / "dovecot" / name).read_bytes().splitlines()
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A real line, or two spliced with noise between."""
    one = draw(st.sampled_from(SAMPLES))
    if draw(st.integers(0, 3)):
        return one
    other = draw(st.sampled_from(SAMPLES))
    cut, start = draw(st.integers(0, len(one))), draw(st.integers(0, len(other)))
    return one[:cut] + draw(st.binary(max_size=5)) + other[start:]


LINES = st.lists(st.lists(mutated() | st.binary(max_size=60), max_size=25), max_size=5)


def check(bench: Bench) -> None:
    """What holds at every moment."""
    last = bench.checkpoint()
    counts = last.counts
    assert counts.lines == counts.events + counts.ignored + counts.unmatched + counts.malformed
    pending = sum(number for (_, state), number in last.open_sessions.items() if state == "pending")
    assert last.seen == last.charged + pending
    assert last.charged == bench.total("connections")
    for measure in MEASURES:
        domains = sum(n for (labels, name), n in bench.book.items() if name == measure.name and len(labels) == 2)
        assert domains == bench.total(measure.name)


@settings(max_examples=60, deadline=None)
@given(LINES, st.booleans())
def test_the_laws_hold_on_any_lines(batches: list[list[bytes]], restarts: bool) -> None:  # noqa: FBT001 - drawn
    """After every batch, with and without restarts in between, and when all is given up."""
    bench = Bench()
    for batch in batches:
        bench.feed(*(line.replace(b"\n", b" ") for line in batch))
        check(bench)
        if restarts:
            bench.restart()
    bench.note(bench.pipeline.finish())
    check(bench)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-20 * 86_400, 20 * 86_400), min_size=1, max_size=12))
def test_our_clock_changes_nothing_that_is_counted(clocks: list[int]) -> None:
    """Each line read by a clock that is days behind or ahead of it, and set between two looks: the log's days count.

    At most an open connection is given up later, with the stamp of its last line, as by the right clock.
    """
    lines = [
        b"2026-11-%02dT%02d:59:59+00:00 mx1 dovecot: pop3-login: Login: user=<a%d@x.org>, rip=192.0.2.1, session=<s%d>"
        % (20 + number // 4, number % 24, number % 3, number)
        for number in range(len(clocks))
    ]
    bench, right = Bench(), Bench()
    for line, ahead in zip(lines, clocks, strict=True):
        now = NOW + ahead
        bench.note(bench.pipeline.expire(now - 1, caught_up=True))
        bench.feed(line, now=now)
        bench.note(bench.pipeline.expire(now, caught_up=True))
        right.feed(line, now=None)
        right.note(right.pipeline.expire(None, caught_up=False))
    told = []
    for one in (right, bench):
        one.note(one.pipeline.finish())
        told.append(sorted((str(c.account.user), c.stamp, c.amounts, str(c.reason)) for c in one.charges))
    assert told[0] == told[1]
    assert right.book == bench.book
    check(bench)
