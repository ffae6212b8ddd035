"""The known servers' wordings, one module each, registered here."""

from exporter.formats.contract import Format
from exporter.formats.dovecot import Dovecot

FORMATS: tuple[Format, ...] = (Dovecot(),)

AUTO = "auto"


def formats_of(name: str) -> tuple[Format, ...]:
    """The one format called `name`, or all to choose from where it is `auto`. ValueError names those there are."""
    chosen = tuple(one for one in FORMATS if name in (AUTO, one.name))
    if not chosen:
        known = ", ".join((AUTO, *(one.name for one in FORMATS)))
        raise ValueError(f"no such format: {name!r}; there are {known}")
    return chosen
