"""One compressed rendering for all simultaneous scrapes, and a limit on how many are kept.

A view of 50,000 users is 121 MB of text, and slow readers would keep parts of it and the whole view in memory
for minutes. So it is rendered once, at full speed, one at a time. Compressed, it is a twelfth of the text. If all
renderings use too much memory, the oldest is dropped, together with its readers.
"""

import asyncio
import logging
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import TypeVar

from exporter.web.seldom import Seldom

T = TypeVar("T")
COMPLAINTS = Seldom(logging.getLogger(__name__))
GZIP_LEVEL = 1
# The size of one write to a reader.
CHUNK_BYTES = 1 << 16
# The limit for all renderings that are being read.
KEPT_BYTES = 64 << 20


class Rendering:
    """The gzipped chunks of one response, during and after rendering; `error` if rendering failed."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.size = 0
        self.done = False
        self.error: Exception | None = None
        self._readers: set[asyncio.Timeout] = set()
        self._more = asyncio.Event()

    def add(self, piece: bytes) -> None:
        """Append a chunk."""
        self.size += len(piece)
        self.chunks += [piece[begin : begin + CHUNK_BYTES] for begin in range(0, len(piece), CHUNK_BYTES)]
        self._tell()

    def end(self, error: Exception | None = None) -> None:
        """Mark the rendering as complete."""
        self.done, self.error = True, error
        self._tell()

    def _tell(self) -> None:
        self._more.set()
        self._more = asyncio.Event()

    @property
    def is_read(self) -> bool:
        """Whether it still has readers."""
        return bool(self._readers)

    def give_up(self) -> None:
        """Abort the responses that still read it."""
        for limit in self._readers:
            with suppress(RuntimeError):  # it has just finished
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
                # What nobody gets any more is taken without waiting: here it is noticed, and others have their turn.
                await asyncio.sleep(0)
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
        """Register a reader, which is dropped at `limit`."""
        self._readers.add(limit)

    def leave(self, limit: asyncio.Timeout) -> None:
        """Unregister a reader."""
        self._readers.discard(limit)


class Renderings:
    """The renderings in progress or being read, for one event loop.

    Those who ask while another one is made wait for the next one together, whatever is committed meanwhile: it shows
    the view of when its turn comes. So two views are held at most.
    """

    def __init__(self) -> None:
        self._made: tuple[object, object, Rendering] | None = None  # for whom, of what, which
        self._next: dict[object, Rendering] = {}
        self._kept: list[Rendering] = []
        self._one = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def get(self, key: object, shown: Callable[[], T], pieces: Callable[[T], Iterator[bytes]]) -> Rendering:
        """The rendering for this `key` of what is `shown` now, in progress, or the next one."""
        if self._made is not None and self._made[0] == key and self._made[1] is shown():
            return self._made[2]
        rendering = self._next.get(key)
        if rendering is None:
            rendering = self._next[key] = Rendering()
            self._kept.append(rendering)
            task = asyncio.get_running_loop().create_task(self._turn(key, shown, pieces))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return rendering

    async def _turn(self, key: object, shown: Callable[[], T], pieces: Callable[[T], Iterator[bytes]]) -> None:
        async with self._one:
            rendering, error = self._next.pop(key), None
            try:
                view = shown()
                self._made = key, view, rendering
                await self._make(rendering, pieces(view))
            except Exception as raised:
                error = raised
            finally:
                self._made = None
                rendering.end(error)

    async def _make(self, rendering: Rendering, pieces: Iterator[bytes]) -> None:
        packer = zlib.compressobj(GZIP_LEVEL, wbits=31)
        for piece in pieces:
            if packed := packer.compress(piece):
                rendering.add(packed)
                self._make_room()
            # Yields to other requests in between.
            await asyncio.sleep(0)
        rendering.add(packer.flush())

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
