"""The forms in which container runtimes write a line: docker's json-file, CRI (Kubernetes).

Both runtimes cut long lines into pieces, which are joined here, per output stream.
"""

import re
from typing import Final

from exporter.envelopes.objects import object_of
from exporter.envelopes.ticker import Moments
from exporter.envelopes.wall import Wall
from exporter.model import Record, Verdict

# As long as the inputs' longest line; a longer one is a fault of the writer.
LONGEST: Final = 1024 * 1024

_CRI = re.compile(rb"(?P<moment>\d{4}-\d\d-\d\dT\S+) (?P<output>stdout|stderr) (?P<tag>[FP])(?::\S*)? ")


class Containers:
    """One stream's container lines; `pieces` are the beginnings of incomplete lines, by output stream."""

    def __init__(self, wall: Wall, pieces: dict[str, bytes]) -> None:
        self.pieces = pieces
        self._moments = Moments(wall)

    def docker(self, line: bytes) -> Record | Verdict | None:
        """The record of a json-file line; IGNORED: a piece of one; None: not of this form."""
        entry = object_of(line)
        if entry is None:
            return None
        text, moment = entry.get("log"), entry.get("time")
        if not isinstance(text, str) or not isinstance(moment, str):
            return None
        if "date" in entry or "kubernetes" in entry:  # from a shipper: its lines are complete
            return None
        piece = text.encode(errors="surrogatepass")
        output = "stderr" if entry.get("stream") == "stderr" else "stdout"
        tag = entry.get("logtag", entry.get("_p"))  # fluentd's and fluent-bit's names for CRI's tag
        whole = piece.endswith(b"\n") if tag is None else tag != "P"
        return self._join(moment.encode(errors="replace"), output, piece, whole=whole)

    def cri(self, line: bytes) -> Record | Verdict | None:
        """The record of a CRI line; IGNORED: a piece of one; None: not of this form."""
        found = _CRI.match(line)
        if found is None:
            return None
        output, piece = found["output"].decode(), line[found.end() :]
        return self._join(found["moment"], output, piece, whole=found["tag"] == b"F")

    def _join(self, moment: bytes, output: str, piece: bytes, *, whole: bool) -> Record | Verdict | None:
        stamp = self._moments.tell(moment)
        if stamp is None:
            return None
        message = self.pieces.pop(output, b"") + piece
        if not whole and len(message) < LONGEST:
            self.pieces[output] = message
            return Verdict.IGNORED
        message = message[:LONGEST].rstrip(b"\r\n")
        return Record(stamp, b"", b"", b"", message) if message else Verdict.IGNORED
