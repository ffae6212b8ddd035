"""One rendering for all who scrape at the same time, kept compressed, and how many of them are kept.

A view of 50,000 users is 121 MB of text, and who does not read would hold a part of it, and all that it is made of,
for minutes. So it is made once, at full speed, one at a time; what is kept of it is a twelfth of the text; and of all
that is kept, the oldest goes when it is too much, with those who still read it.
"""

import asyncio
import logging
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

from exporter.web.seldom import Seldom

COMPLAINTS = Seldom(logging.getLogger(__name__))
GZIP_LEVEL = 1
# What one reader is handed at once.
CHUNK_BYTES = 1 << 16
# Of all renderings that somebody still reads.
KEPT_BYTES = 64 << 20


class Rendering:
    """The chunks of one answer, gzipped, while they are made and after; `error` if it could not be made to its end."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.size = 0
        self.done = False
        self.error: Exception | None = None
        self._readers: set[asyncio.Timeout] = set()
        self._more = asyncio.Event()

    def add(self, piece: bytes) -> None:
        """What comes next."""
        self.size += len(piece)
        self.chunks += [piece[begin : begin + CHUNK_BYTES] for begin in range(0, len(piece), CHUNK_BYTES)]
        self._tell()

    def end(self, error: Exception | None = None) -> None:
        """Nothing more comes."""
        self.done, self.error = True, error
        self._tell()

    def _tell(self) -> None:
        self._more.set()
        self._more = asyncio.Event()

    @property
    def is_read(self) -> bool:
        """Whether anybody still reads it."""
        return bool(self._readers)

    def give_up(self) -> None:
        """Break the answers off that are still made of it."""
        for limit in self._readers:
            with suppress(RuntimeError):  # it has just ended by itself
                limit.reschedule(0)
        self._readers.clear()

    async def packed(self) -> AsyncIterator[bytes]:
        """The gzipped text."""
        number = 0
        while True:
            more = self._more
            while number < len(self.chunks):
                yield self.chunks[number]
                number += 1
            if self.done:
                break
            await more.wait()
        if self.error is not None:
            raise self.error

    async def plain(self) -> AsyncIterator[bytes]:
        """The text itself."""
        unpacker = zlib.decompressobj(wbits=31)
        async for chunk in self.packed():
            while chunk:
                yield unpacker.decompress(chunk, CHUNK_BYTES)
                chunk = unpacker.unconsumed_tail  # noqa: PLW2901 - the rest of the same chunk

    def enter(self, limit: asyncio.Timeout) -> None:
        """Somebody begins to read, who is given up by `limit`."""
        self._readers.add(limit)

    def leave(self, limit: asyncio.Timeout) -> None:
        """Somebody reads no more."""
        self._readers.discard(limit)


class Renderings:
    """Those that are made or read now; for one event loop."""

    def __init__(self) -> None:
        self._made: dict[object, Rendering] = {}
        self._kept: list[Rendering] = []
        self._one = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def get(self, key: object, pieces: Iterator[bytes]) -> Rendering:
        """The one of this `key` that is being made, else a new one of `pieces`."""
        rendering = self._made.get(key)
        if rendering is None:
            rendering = self._made[key] = Rendering()
            self._kept.append(rendering)
            task = asyncio.get_running_loop().create_task(self._make(key, rendering, pieces))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return rendering

    async def _make(self, key: object, rendering: Rendering, pieces: Iterator[bytes]) -> None:
        error = None
        try:
            async with self._one:
                packer = zlib.compressobj(GZIP_LEVEL, wbits=31)
                for piece in pieces:
                    if packed := packer.compress(piece):
                        rendering.add(packed)
                        self._make_room()
                    # With room for other requests between them.
                    await asyncio.sleep(0)
                rendering.add(packer.flush())
        except Exception as raised:
            error = raised
        finally:
            del self._made[key]
            rendering.end(error)

    def _make_room(self) -> None:
        self._kept = [one for one in self._kept if one.is_read or not one.done]
        over = sum(one.size for one in self._kept) - KEPT_BYTES
        for one in self._kept[:-1]:
            if over <= 0:
                break
            if one.done:
                COMPLAINTS.warn("unread responses use too much memory; the oldest connections are closed")
                one.give_up()
                over -= one.size
