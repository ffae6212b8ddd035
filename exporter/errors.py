"""Errors that are not bugs of the program."""

from typing import ClassVar


class OperatorError(Exception):
    """An error that the operator can fix: its message is for people, without a traceback.

    `exit_code` of the command: 1 failed, 2 wrong usage or configuration.
    """

    exit_code: ClassVar[int] = 1
