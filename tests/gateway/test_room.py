"""How much memory answers may take together."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from exporter.gateway import room
from exporter.gateway.refusal import Refusal
from exporter.gateway.room import USUAL_BYTES, Room, take
from tests.gateway.recorded import opened, strict
from tests.gateway.recorder import GOOD, Recorder


@dataclass
class Asking:
    """A request that takes these sizes and keeps them until its end."""

    space: Room
    sizes: list[int]
    end: asyncio.Event
    in_tasks: bool
    taken: asyncio.Event = field(default_factory=asyncio.Event)

    async def code(self) -> int:
        """200, or the status of the refusal."""
        try:
            with self.space.request():
                for size in self.sizes:
                    await (asyncio.create_task(later(size)) if self.in_tasks else later(size))
                self.taken.set()
                await self.end.wait()
        except Refusal as refusal:
            return refusal.code
        return 200


async def later(size: int) -> None:
    take(size)


@pytest.mark.parametrize("in_tasks", [False, True])
def test_large_answers_share_a_room_and_usual_ones_always_fit(*, in_tasks: bool) -> None:
    """What one gives back the next may have, also after a refusal."""

    async def scenario() -> tuple[list[int], int]:
        space, end, now = Room(1000), asyncio.Event(), asyncio.Event()
        now.set()
        large = [USUAL_BYTES, 600]
        first = Asking(space, large, end, in_tasks)
        kept = asyncio.create_task(first.code())
        await first.taken.wait()
        codes = [await Asking(space, sizes, now, in_tasks).code() for sizes in (large, [USUAL_BYTES], [9, 500])]
        end.set()
        return [await kept, *codes, await Asking(space, large, now, in_tasks).code()], space._free

    assert ([200, 503, 200, 200, 200], 1000) == asyncio.run(scenario())


def test_outside_of_a_request_nothing_is_counted() -> None:
    """As the keys, which have a bound of their own."""
    take(10**12)


def test_an_answer_without_room_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 in words; a small one goes on."""
    monkeypatch.setattr(room.Room.__init__, "__defaults__", (1000,))
    with Recorder() as prometheus, Recorder(strict) as proxy, opened(tmp_path, prometheus, proxy) as door:
        prometheus.answer = lambda one: (200, GOOD + b" " * (2 * USUAL_BYTES if "large" in one.body else 0))
        codes = [door.post("/api/v1/query", door.operator(), query=query).status_code for query in ("large", "small")]
    assert [503, 200] == codes
