"""What the world refuses: counted by errno name, and told to people while it lasts."""

import errno
import os
from collections import Counter

from exporter.inputs.inflating import Torn
from exporter.inputs.rights import advice

PROBLEMS_MOST = 50  # told one by one


def shown(path: str) -> str:
    """A path for people: what is no character, or moves the cursor, is written with its number."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class Troubles:
    """The errors of one input: `counts` and `faults` since construction, `problems` of the present look.

    `refusals`: those of them for which the system lets something not be read. Damage in one file is none.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.counts: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self._problems: dict[str, None] = {}
        self._refusals: dict[str, None] = {}
        self._refused_before: dict[str, None] = {}

    @property
    def problems(self) -> tuple[str, ...]:
        """Sentences for people."""
        told = tuple(self._problems)
        more = len(told) - PROBLEMS_MOST
        return told if more <= 0 else (*told[:PROBLEMS_MOST], f"and {more} more problems")

    @property
    def refusals(self) -> tuple[str, ...]:
        """Sentences for people."""
        return tuple(self._refusals)[:PROBLEMS_MOST]

    def forget(self) -> None:
        """A new look begins."""
        self._refused_before, self._refusals = self._refusals, {}
        self._problems.clear()

    def tell(self, problem: str) -> None:
        """Note a problem that is no error of the system's, or one that was told at the look before."""
        self._problems[problem] = None
        if problem in self._refused_before:
            self._refusals[problem] = None

    def refuse(self, problem: str) -> None:
        """Note that something may not be read."""
        self._problems[problem] = self._refusals[problem] = None

    def note(self, error: BaseException, path: str = "", offset: int = 0) -> str:
        """Count an error of the system's, of a decompressor, or any other, and tell it; returns what is told."""
        problem = self._sentence(error, path, offset)
        damaged = isinstance(error, Torn) or (isinstance(error, OSError) and error.errno is None)
        if (isinstance(error, OSError) or not path) and not damaged:
            self.refuse(problem)
        else:
            self.tell(problem)
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
            return f"{where}: damaged or not yet complete ({error})"
        self.faults["file" if path else "source"] += 1
        return f"{where}: cannot be read ({type(error).__name__}); it is set aside and tried again"
