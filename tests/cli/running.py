"""What running a command is."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left: its exit code and what it wrote."""

    code: int
    out: str
    err: str


class Run(Protocol):
    """Runs a command with these arguments."""

    def __call__(self, *arguments: object) -> Ran: ...
