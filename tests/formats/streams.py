"""Streams of lines for the laws of honesty: made of every format's samples, and fed through the real stages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from hypothesis import strategies as st

from exporter.catalogue import MEASURES
from exporter.formats import formats_of
from exporter.formats.contract import Format
from exporter.model import Charge, Fact, Record
from exporter.names import NameRules, Names
from exporter.sessions import Neighbours, Sessions, Sign
from tests.formats.samples import records, sample_files

# So many lines of a sample are taken at most, from anywhere in it.
LONGEST = 120
SERVER = "mx1"
Line = tuple[int, Fact]


def events(form: Format) -> tuple[tuple[Line, ...], ...]:
    """Per sample of the format, the stamps and facts of its lines."""
    return tuple(_events(form.name).values())


def runs(form: Format) -> tuple[tuple[Line, ...], ...]:
    """Of these, the logs of real servers, which use no session id for two sessions; they are named by the version."""
    return tuple(lines for name, lines in _events(form.name).items() if name[:1].isdigit())


@cache
def _events(name: str) -> dict[str, tuple[Line, ...]]:
    form, found = formats_of(name)[0], {}
    for path in sample_files(form.name):
        told = ((record, form.read(record)) for record in records(path) if isinstance(record, Record))
        found[path.stem] = tuple((record.stamp, fact) for record, fact in told if isinstance(fact, Fact))
    return {stem: lines for stem, lines in found.items() if lines}


@st.composite
def subsets(draw: st.DrawFn, form: Format) -> list[Line]:
    """Any lines of a part of a sample, in their order."""
    sample = draw(st.sampled_from(events(form)))
    begin = draw(st.integers(0, max(len(sample) - LONGEST // 2, 0)))
    part = sample[begin : begin + draw(st.integers(1, LONGEST))]
    left_out = draw(st.sets(st.integers(0, len(part) - 1), max_size=len(part) - 1))
    return [line for at, line in enumerate(part) if at not in left_out]


def echoed(lines: Sequence[Line], distance: int) -> Iterator[Line]:
    """Each line a second time, so many lines later (0: at once)."""
    for at in range(len(lines) + distance):
        yield from lines[at : at + 1]
        if at >= distance:
            yield lines[at - distance]


@dataclass
class Outcome:
    """What streams of lines come to: totals by measure, ends, names that were born, signs."""

    totals: dict[str, int]
    ends: int
    born: set[tuple[str, str | None]]
    signs: dict[Sign, int]


class Site:
    """Sources of one server, each read by a stage of its own."""

    def __init__(self, form: Format, sources: int = 1) -> None:
        self.names = Names(NameRules())
        self.charges: list[Charge] = []
        neighbours: Neighbours[Sessions] = Neighbours()
        self.sources = [self._source(form, neighbours) for _ in range(sources)]

    def _source(self, form: Format, neighbours: Neighbours[Sessions]) -> Sessions:
        made = Sessions(
            lambda server, user, login: self.names.account(server, user, login=login),
            form.idle_seconds,
            neighbours=neighbours,
        )
        made.use(form.name, form.idle_seconds, form.keys)
        made.meet(SERVER)
        return made

    def feed(self, lines: Iterator[Line] | Sequence[Line], source: int = 0) -> None:
        """To one of the sources."""
        stage = self.sources[source]
        for stamp, fact in lines:
            self.charges += stage.take(SERVER, stamp, fact)

    def outcome(self) -> Outcome:
        """When all is told."""
        totals = {measure.name: 0 for measure in MEASURES}
        for stage in self.sources:
            self.charges += stage.finish()
            assert stage.seen == stage.charged
        for charge in self.charges:
            for position, amount in charge.amounts:
                totals[MEASURES[position].name] += amount
        born = {(one.account.domain, one.account.user) for one in self.charges}
        signs = {sign: sum(stage.signs.total(sign) for stage in self.sources) for sign in Sign}
        return Outcome(totals, sum(one.ends for one in self.charges if one.reason), born, signs)


def outcome(form: Format, lines: Sequence[Line] | Iterator[Line]) -> Outcome:
    """What one source with these lines comes to."""
    site = Site(form)
    site.feed(lines)
    return site.outcome()
