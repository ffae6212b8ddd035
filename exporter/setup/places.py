"""Where a server's log is, as in a source of the configuration."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Either log `files` (each with its rotated files), or units or identifiers of the journal.

    `patterns`: patterns instead of files. `server`: the label, if the lines have no host.
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
        """The `paths` of the source: logs and their rotated files."""
        return self.patterns or tuple(f"{name}*" for name in self.files)

    def __str__(self) -> str:
        return ", ".join(self.paths) or f"the systemd journal ({', '.join(self.units or self.identifiers)})"
