"""The questions and messages of `setup`."""

from dataclasses import dataclass

import typer


def heading(text: str) -> None:
    """The title of a step."""
    typer.secho(f"\n{text}", bold=True)


def say(text: str) -> None:
    """Print sentences below a heading."""
    for line in text.splitlines():
        typer.echo(f"  {line}".rstrip())


@dataclass(frozen=True, slots=True)
class Asking:
    """`yes`: every question is answered with yes. `dry_run`: nothing is asked and nothing is changed."""

    yes: bool = False
    dry_run: bool = False

    @property
    def silent(self) -> bool:
        """Whether no questions are asked."""
        return self.yes or self.dry_run

    def answer(self, told: bool | None, question: str) -> bool:  # noqa: FBT001 - an option's value
        """The value of an option if given, else the answer to the question."""
        if told is not None:
            return told
        return self.silent or typer.confirm(f"  {question}", default=True)

    def does(self, text: str) -> bool:
        """Whether to do it; a dry run only prints it."""
        if self.dry_run:
            say(f"(dry run) would {text}")
        return not self.dry_run
