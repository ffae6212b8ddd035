"""External errors: counted by errno name, and reported while they last."""

import errno
import os
from collections import Counter

from exporter.errors import Problem
from exporter.inputs.inflating import Torn
from exporter.inputs.rights import advice

PROBLEMS_MOST = 50  # told one by one


def shown(path: str) -> str:
    """A path for people, with unprintable characters escaped."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class Troubles:
    """The errors of one input: `counts` and `faults` since construction, `problems` of the present look.

    `unreadable`: those of them that keep something from being read. Damage in one file is none.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.counts: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self._problems: dict[str, bool] = {}  # whether it keeps something from being read

    @property
    def problems(self) -> tuple[str, ...]:
        """Sentences for people."""
        return _bounded(tuple(self._problems))

    @property
    def unreadable(self) -> tuple[str, ...]:
        """Those of them that keep something from being read."""
        return _bounded(tuple(problem for problem, keeps in self._problems.items() if keeps))

    def forget(self) -> None:
        """Forget the problems before a new check."""
        self._problems.clear()

    def tell(self, problem: str, *, unreadable: bool = False) -> None:
        """Note a problem; `unreadable`: it keeps something from being read."""
        self._problems[problem] = unreadable

    def keeps_unread(self, problem: str) -> bool:
        """Whether a problem that was told at this look keeps something from being read."""
        return self._problems.get(problem, False)

    def note(self, error: BaseException, path: str = "", offset: int = 0) -> str:
        """Count an error of the system's, of a decompressor, or any other, and tell it; returns what is told."""
        problem = self._sentence(error, path, offset)
        damaged = isinstance(error, Torn) or (isinstance(error, OSError) and error.errno is None)
        self.tell(problem, unreadable=not damaged)
        return problem

    def _sentence(self, error: BaseException, path: str, offset: int) -> str:
        path = path or str(getattr(error, "filename", None) or "")
        where = shown(path) if path else self._name
        where += f", byte {offset}" if offset else ""
        if isinstance(error, OSError) and error.errno is not None:
            self.counts[errno.errorcode.get(error.errno, str(error.errno))] += 1
            help_ = advice(path) if error.errno in (errno.EACCES, errno.EPERM) and path else ""
            return f"{where}: {os.strerror(error.errno)}{f' ({help_})' if help_ else ''}"
        if isinstance(error, Torn | OSError):
            self.counts["DAMAGED"] += 1
            return f"{where}: damaged or incomplete ({error})"
        self.faults["file" if path else "source"] += 1
        return f"{where}: cannot be read ({type(error).__name__}); it is skipped for now and tried again"


def _bounded(told: tuple[str, ...]) -> tuple[str, ...]:
    more = len(told) - PROBLEMS_MOST
    return told if more <= 0 else (*told[:PROBLEMS_MOST], Problem(f"and {more} more problems", "more"))
