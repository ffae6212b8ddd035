"""The state of an opener, as the ledger stores it."""

import json
from dataclasses import dataclass
from typing import Any, Final

from exporter.envelopes.stamps import LATEST
from exporter.model import Record

# The size of the last records that are stored: they are written at every commit, and only a repeat needs them.
HOSTS_SAVED: Final = 8
LONGEST_SAVED: Final = 4096


@dataclass(frozen=True, slots=True)
class State:
    """`last` and `last_row`: the stamps of the last stamped line and row; `pieces`: beginnings of incomplete lines.

    `previous`: the last record of each host; `envelope`: the name of the last line's, empty while none is recognised.
    `order`: from `Order.state`, of day and month.
    """

    last: int | None
    last_row: int | None
    pieces: dict[str, bytes]
    previous: dict[bytes, Record]
    envelope: str
    order: object = None

    @classmethod
    def read(cls, text: str) -> "State":
        """The state that `written` made `text` from; an empty state if it did not."""
        try:
            saved = json.loads(text)
            return cls(
                _stamp(saved["last"]),
                _stamp(saved["last_row"]),
                {output: piece.encode("latin-1") for output, piece in saved["pieces"].items()},
                {record.host: record for record in map(_record, saved["previous"])},
                str(saved["envelope"]),
                saved.get("order"),
            )
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            return cls(None, None, {}, {}, "")

    def written(self) -> str:
        """As JSON."""
        # Servers' own logs, without a host and a program, have no repeats.
        told = [record for record in self.previous.values() if record.host or record.program]
        records = [record for record in told if len(record.message) <= LONGEST_SAVED]
        return json.dumps(
            {
                "last": self.last,
                "last_row": self.last_row,
                "pieces": {output: piece.decode("latin-1") for output, piece in self.pieces.items()},
                "previous": [_fields(record) for record in records[-HOSTS_SAVED:]],
                "envelope": self.envelope,
                "order": self.order,
            }
        )


def _stamp(saved: Any) -> int | None:  # noqa: ANN401 - whatever JSON holds
    return None if saved is None else min(max(int(saved), 0), LATEST)


def _record(saved: list[Any]) -> Record:
    stamp, host, program, pid, message, times = saved
    host, program, pid, message = (text.encode("latin-1") for text in (host, program, pid, message))
    return Record(min(max(int(stamp), 0), LATEST), host, program, pid, message, max(int(times), 1))


def _fields(record: Record) -> list[int | str]:
    texts = [text.decode("latin-1") for text in (record.host, record.program, record.pid, record.message)]
    return [record.stamp, *texts, record.times]
