"""Which files stay open: the most recently used, and those that could not be opened again."""

from collections import OrderedDict

from exporter.inputs.stream import Stream


class OpenFiles:
    """At most `most` files are kept open, beside those that no name leads to any more."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: OrderedDict[str, Stream] = OrderedDict()

    def used(self, stream: Stream) -> None:
        """The stream was just used: it is the last to be closed."""
        if stream.reader is None:
            self._open.pop(stream.key, None)
            return
        self._open[stream.key] = stream
        self._open.move_to_end(stream.key)
        if len(self._open) > self._most:
            self.close_down_to(self._most)

    def close_down_to(self, number: int) -> None:
        """Close the longest unused files that can be opened again."""
        for stream in list(self._open.values()):
            if len(self._open) <= number:
                return
            if stream.listed:
                stream.release()
            if stream.reader is None:
                del self._open[stream.key]
