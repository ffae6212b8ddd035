"""A format with a good and a bad trait, to see what advice follows."""

from collections.abc import Mapping
from types import MappingProxyType

from exporter.catalogue import MEASURES, Quality
from exporter.formats.contract import Documentation, Qualities
from exporter.keys import Keys
from exporter.model import Fact, Record, Verdict


class Plain:
    """Bytes only with `stats` lines; `nobytes` lines show that a setting leaves them out."""

    name = "plain"
    idle_seconds = 600
    keys = Keys()
    shows_login = True
    quality: Qualities = MappingProxyType(
        {measure.name: Quality.EXACT for measure in MEASURES} | {"bad_command_connections": Quality.NONE}
    )
    traits: Mapping[str, Qualities] = MappingProxyType(
        {
            "stats": {"bad_command_connections": Quality.LOWER_BOUND},
            "nobytes": {"sent_bytes": Quality.NONE},
        }
    )
    documentation = Documentation(
        servers="none",
        measured=False,
        deciding_lines="",
        bytes_cover="",
        advice={"stats": "set `stats = <yes>`", "nobytes": "add `out=%o` to the format"},
    )

    def read(self, record: Record) -> Fact | Verdict:
        """Nothing is ever read."""
        del record
        return Verdict.IGNORED

    def recognises(self, record: Record) -> bool:
        """Nothing is its own."""
        del record
        return False
