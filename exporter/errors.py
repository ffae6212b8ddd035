"""Errors that are not bugs of the program, and problems of what it reads."""

from typing import ClassVar, Self


class OperatorError(Exception):
    """An error that the operator can fix: its message is for people, without a traceback.

    `exit_code` of the command: 1 failed, 2 wrong usage or configuration.
    """

    exit_code: ClassVar[int] = 1


class Problem(str):
    """A problem of a source, as a sentence for people; `kind`: what stays the same while its numbers change."""

    __slots__ = ("kind",)
    kind: str

    def __new__(cls, sentence: str, kind: str) -> Self:
        """A sentence of this kind."""
        problem = super().__new__(cls, sentence)
        problem.kind = kind
        return problem


def kind_of(problem: str) -> str:
    """What tells the problem from others: its kind, or else the sentence itself."""
    return problem.kind if isinstance(problem, Problem) else problem
