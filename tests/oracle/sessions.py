"""The sessions stage without its shortcuts: every line is looked at in the general way."""

from collections.abc import Sequence

from exporter.model import Charge, Fact
from exporter.sessions import Sessions


class General(Sessions):
    """Takes no line for a plain one."""

    def _plain(self, server: str, stamp: int, fact: Fact) -> Sequence[Charge] | None:  # noqa: ARG002
        """There may be more to know of any line."""
        return None
