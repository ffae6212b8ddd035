"""What goes wrong through no fault of the program."""

from typing import ClassVar


class OperatorError(Exception):
    """Something that whoever runs the program can mend: its message is for people and needs no traceback.

    `exit_code` of the command that it ends: 1 failed, 2 wrong usage or configuration.
    """

    exit_code: ClassVar[int] = 1
