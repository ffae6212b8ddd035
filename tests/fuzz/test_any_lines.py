"""Any bytes through the whole way from lines to the ledger: nothing raises, and the books' laws hold."""

import tempfile
from contextlib import closing
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.formats import FORMATS
from tests.fuzz.lines import some
from tests.fuzz.world import World

FORMS = ["auto", *(form.name for form in FORMATS)]
STREAMS = ("a", "b")
DAY = 86_400.0


@st.composite
def installations(draw: st.DrawFn) -> dict[str, object]:
    """One to three sources, with and without caps, names and a source that stands behind another."""
    number = draw(st.integers(1, 3))
    sources = []
    for name in "xyz"[:number]:
        source: dict[str, object] = {"name": name, "paths": [f"/{name}.log"], "format": draw(st.sampled_from(FORMS))}
        if draw(st.booleans()):
            source["server"] = draw(st.sampled_from(["mx1", "_other", "m" * 255]))
        if draw(st.booleans()):
            source["default_domain"] = "x.example"
        sources.append(source)
    if number > 1 and draw(st.booleans()):
        sources[-1]["behind"] = "x"
    users: dict[str, object] = {"series": draw(st.sampled_from(["after_login", "after_login", "listed", "off"]))}
    users |= {"listed": ["a@x.example"], "max": draw(st.sampled_from([1, 20_000]))}
    caps = {"domains": {"max": draw(st.sampled_from([1, 5_000]))}, "servers": {"max": draw(st.sampled_from([1, 200]))}}
    return {"sources": sources, "users": users, **caps}


STEPS = st.lists(
    st.sampled_from(["feed"] * 5 + ["lines", "commit", "restart", "later", "earlier"]), min_size=3, max_size=10
)


@settings(max_examples=60)
@given(installations(), STEPS, st.integers(0, 2**32), st.data())
def test_the_laws_hold(installation: dict[str, object], steps: list[str], seed: int, data: st.DataObject) -> None:
    """Whatever is fed, committed, killed, and whatever the clock does."""
    dice = Random(seed)
    with tempfile.TemporaryDirectory() as folder, closing(World(Path(folder), installation)) as world:
        for step in steps:
            source, stream = dice.choice(world.names), dice.choice(STREAMS)
            if step == "feed":
                world.feed(source, stream, some(dice, world.format(source)), caught_up=dice.random() < 0.5)
            elif step == "lines":
                world.feed(source, stream, data.draw(st.lists(st.binary(max_size=80).map(one_line), max_size=5)))
            elif step == "commit":
                world.commit()
            elif step == "restart":
                world.restart()
            else:
                world.clock += dice.choice((60, 3600, DAY, 2 * DAY)) * (1 if step == "later" else -1)
        world.commit()
        world.restart()


def one_line(line: bytes) -> bytes:
    """As inputs give it."""
    return line.replace(b"\n", b"")
