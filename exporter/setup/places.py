"""Where a server's lines are, as a source of the configuration reads them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Either log `files` (each read with its rotated generations), or units or identifiers of the journal.

    `patterns`: files as they are, where a pattern says more. `server`: the label, where the lines name no host.
    """

    files: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    server: str = ""

    @property
    def is_journal(self) -> bool:
        """Whether the journal is read."""
        return bool(self.units or self.identifiers)

    @property
    def paths(self) -> tuple[str, ...]:
        """The `paths` of the source: a log and what it is rotated to."""
        return self.patterns or tuple(f"{name}*" for name in self.files)

    def __str__(self) -> str:
        return ", ".join(self.paths) or f"the systemd journal ({', '.join(self.units or self.identifiers)})"
