"""What the world refuses: counted by errno name, and told to people while it lasts."""

import errno
import os
from collections import Counter


class Troubles:
    """The errors of one input: `counts` since construction, `problems` of the present look."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.counts: Counter[str] = Counter()
        self._problems: dict[str, None] = {}

    @property
    def problems(self) -> tuple[str, ...]:
        """Sentences for people."""
        return tuple(self._problems)

    def forget(self) -> None:
        """A new look begins."""
        self._problems.clear()

    def tell(self, problem: str) -> None:
        """Note a problem that is no error of the system's."""
        self._problems[problem] = None

    def note(self, error: BaseException, path: str = "") -> None:
        """Count an error that the system, or a decompressor, gave for `path`."""
        where = path or getattr(error, "filename", None) or self._name
        if isinstance(error, OSError) and error.errno is not None:
            self.counts[errno.errorcode.get(error.errno, str(error.errno))] += 1
            self._problems[f"{where}: {os.strerror(error.errno)}"] = None
        else:
            self.counts["DAMAGED"] += 1
            self._problems[f"{where}: damaged or not yet complete ({error})"] = None
