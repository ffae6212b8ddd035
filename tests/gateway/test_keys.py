"""Grafana's keys: cached, renewed when they rotate, and never a way to flood Grafana."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from exporter.gateway.keys import FRESH_SECONDS, PAUSE_SECONDS, USABLE_SECONDS, FetchError, KeyStore, parsed
from exporter.gateway.refusal import Refusal
from tests.gateway.signing import Signer, jwks

OLD, NEW = Signer("old"), Signer("new")
Result = TypeVar("Result")


class World:
    """A Grafana whose keys and reachability change, and a clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.document: bytes | None = jwks(OLD)
        self.fetches = 0
        self.counted: list[bool] = []
        self.store = KeyStore(self._fetch, lambda: self.now, self.counted.append)

    async def _fetch(self) -> bytes:
        self.fetches += 1
        await asyncio.sleep(0)
        if self.document is None:
            raise FetchError("gone")
        return self.document

    async def code(self, kid: str) -> int:
        """0 where the key is had, else the refusal's status."""
        try:
            await self.store.key(kid)
        except Refusal as refusal:
            return refusal.code
        return 0


def run(scenario: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(scenario)


def test_keys_are_fetched_once() -> None:
    """Many requests at once and later ones ask Grafana a single time."""

    async def scenario() -> tuple[list[int], int]:
        world = World()
        return await asyncio.gather(*(world.code("old") for _ in range(20))), world.fetches

    assert ([0] * 20, 1) == run(scenario())


def test_a_rotated_key_is_fetched_when_it_is_met() -> None:
    """A new key id makes us look again, after a pause at most."""

    async def scenario() -> list[int]:
        world = World()
        codes = [await world.code("old")]
        world.document = jwks(OLD, NEW)
        codes.append(await world.code("new"))
        world.now += PAUSE_SECONDS
        return [*codes, await world.code("new"), await world.code("old"), world.fetches]

    assert [0, 401, 0, 0, 2] == run(scenario())


def test_invented_key_ids_do_not_flood_grafana() -> None:
    """A thousand of them cost one fetch in a few seconds."""

    async def scenario() -> tuple[set[int], int]:
        world = World()
        await world.code("old")
        world.now += PAUSE_SECONDS
        return {await world.code(f"x{number}") for number in range(1000)}, world.fetches

    assert ({401}, 2) == run(scenario())


def test_another_key_of_the_same_name_is_fetched_when_the_known_one_is_wrong() -> None:
    """A Grafana with a new database has another key by this month's id; forged tokens cost one fetch in a pause."""

    async def scenario() -> tuple[bool, bool, int]:
        world = World()
        first = await world.store.key("old")
        world.now += PAUSE_SECONDS
        for _ in range(1000):
            assert await world.store.key("old", wrong=first) == first
        world.document = jwks(Signer("old"))
        early = await world.store.key("old", wrong=first) == first
        world.now += PAUSE_SECONDS
        another = await world.store.key("old", wrong=first)
        return early, another == first, world.fetches

    assert (True, False, 3) == run(scenario())


def test_a_grafana_that_does_not_answer_is_asked_by_one_only() -> None:
    """Who waited for a fetch that failed slowly does not begin the next one: all would wait for each other."""

    async def scenario() -> tuple[set[int], int]:
        world = World()
        fetch = world._fetch

        async def slow() -> bytes:
            world.now += PAUSE_SECONDS
            return await fetch()

        world.document, world.store._fetch = None, slow
        return set(await asyncio.gather(*(world.code("old") for _ in range(20)))), world.fetches

    assert ({503}, 1) == run(scenario())


def test_a_key_that_grafana_withdraws_goes() -> None:
    """An old key is believed for an hour at most after Grafana stopped naming it."""

    async def scenario() -> list[int]:
        world = World()
        codes = [await world.code("old")]
        world.document = jwks(NEW)
        world.now += FRESH_SECONDS + 1
        return [*codes, await world.code("old")]

    assert [0, 401] == run(scenario())


def test_known_keys_outlive_an_absence_of_grafana_for_a_day() -> None:
    """Then nobody vouches for them, and everybody is refused with 503."""

    async def scenario() -> tuple[list[int], list[bool]]:
        world = World()
        codes = [await world.code("old")]
        world.document = None
        world.now += USABLE_SECONDS - 1
        codes.append(await world.code("old"))
        world.now += 2 + PAUSE_SECONDS
        return [*codes, await world.code("old")], world.counted

    assert ([0, 0, 503], [True, False, False]) == run(scenario())


def test_without_grafana_nobody_is_let_in() -> None:
    """Keys that never came: 503, not 401, so that nobody logs in again in vain."""

    async def scenario() -> int:
        world = World()
        world.document = None
        return await world.code("old")

    assert 503 == run(scenario())


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"keys": 3}', b'{"keys": [3]}', b"\xff", b"[" * 100_000])
def test_what_is_no_key_document_is_said(text: bytes) -> None:
    """Whatever an upstream sends, it is an error with a name."""
    with pytest.raises(FetchError):
        parsed(text)


def test_broken_keys_do_not_hide_good_ones() -> None:
    """A key that cannot be read is left out."""
    broken = OLD.jwk | {"x": "AAAA", "kid": "broken"}
    document = jwks(NEW).replace(b'{"keys": [', b'{"keys": [' + str(broken).replace("'", '"').encode() + b", ")
    assert {"new"} == set(parsed(document))
