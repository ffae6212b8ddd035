"""How many queries one user may have under way."""

import asyncio

from exporter.gateway.refusal import Refusal
from exporter.gateway.slots import Slots


async def ask(slots: Slots, user: str, going: list[str], end: asyncio.Event) -> int:
    """The status of a query that lasts until `end`."""
    try:
        async with slots.slot(user):
            going.append(user)
            await end.wait()
    except Refusal as refusal:
        return refusal.code
    return 200


def test_some_run_some_wait_and_too_many_are_refused() -> None:
    """Per user: nobody else is kept waiting, and afterwards nothing is remembered of anybody."""

    async def scenario() -> tuple[list[str], list[int], int]:
        slots, going, end = Slots(2, waiting=3), list[str](), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(ask(slots, user, going, end)) for user in ["a"] * 7 + ["b"]]
            for _ in range(20):  # turns of the loop, so that each has come as far as it can
                await asyncio.sleep(0)
            at_once = sorted(going)
            end.set()
        return at_once, [one.result() for one in asked], len(slots._queues)

    assert (["a", "a", "b"], [200] * 5 + [429] * 2 + [200], 0) == asyncio.run(scenario())


def test_many_queries_at_once_wait_for_each_other_and_always_go_on() -> None:
    """Reports that need most of the slots neither share them nor wait for each other for ever; leaving frees all."""

    async def scenario() -> tuple[int, int]:
        slots, most, now = Slots(5), 0, 0

        async def report(queries: int) -> None:
            nonlocal most, now
            async with slots.slot("a", queries):
                now += queries
                most = max(most, now)
                await asyncio.sleep(0)
                now -= queries

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(report(queries)) for queries in (4, 3, 1, 4, 5, 1, 1)]
            await asyncio.sleep(0)
            tasks[1].cancel()
        return most, len(slots._queues)

    assert (5, 0) == asyncio.run(scenario())
