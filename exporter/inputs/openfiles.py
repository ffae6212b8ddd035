"""Which log files stay open: the most recently used, and those that could not be opened again."""

import errno
from collections import OrderedDict

from exporter.inputs.stream import Stream

# The system has no further descriptor for this process, or for any.
SHORT = frozenset(errno.errorcode[number] for number in (errno.EMFILE, errno.ENFILE))
_LEAST = 8


class OpenFiles:
    """At most `most` files are kept open, of all inputs that share this.

    Beside them: files that no name leads to any more, and archives that are being read, which would begin again.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._open: OrderedDict[Stream, bool] = OrderedDict()  # whether it must not be closed

    @property
    def has_room(self) -> bool:
        """Whether one more archive may be begun."""
        return sum(self._open.values()) < max(1, self.most // 2)

    def used(self, stream: Stream, *, pinned: bool = False) -> None:
        """The stream was just used: it is the last to be closed; `pinned`: not as long as it is."""
        if stream.reader is None:
            self._open.pop(stream, None)
            return
        self._open[stream] = pinned
        self._open.move_to_end(stream)
        if len(self._open) > self.most:
            self.close_down_to(self.most)

    def close_down_to(self, number: int) -> None:
        """Close the longest unused files that can be opened again."""
        for stream, pinned in list(self._open.items()):
            if len(self._open) <= number:
                return
            if stream.listed and not pinned:
                stream.release()
            if stream.reader is None:
                del self._open[stream]

    def shrink(self) -> None:
        """There were not as many descriptors as we thought: keep fewer files open from now on."""
        self.most = max(min(self.most, _LEAST), min(self.most, len(self._open)) // 2)
        self.close_down_to(self.most)

    def forget(self, stream: Stream) -> None:
        """Close it, and count it no more."""
        stream.release()
        self._open.pop(stream, None)

    def __len__(self) -> int:
        return len(self._open)
