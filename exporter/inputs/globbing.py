"""Lists the directories of patterns, each once per check, without following cycles.

Patterns are glob's: `*`, `?`, `[...]` within a name, `**` for any number of directories; names that begin with a dot
only where the pattern does. Of a directory that symbolic links lead to in several ways one way is gone.
"""

import fnmatch
import glob
import os
import re
import stat
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

_SEPARATORS = re.compile("[{}]".format(re.escape(os.sep + (os.altsep or ""))))
ENTRIES_MOST = 100_000  # that one pattern's `**` looks at in one look


class Listing(NamedTuple):
    """The names in a directory, in order; which are directories, or links that may lead to some."""

    names: tuple[str, ...]
    folders: tuple[str, ...]
    links: tuple[str, ...]


_NOTHING = Listing((), (), ())


@dataclass(slots=True)
class Folders:
    """The directories of one look; `failed`: what could not be listed; `cut`: patterns that meant too much."""

    failed: dict[str, OSError] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    _now: dict[str, Listing] = field(default_factory=dict)
    _before: dict[str, Listing] = field(default_factory=dict)
    _matches: dict[tuple[str, str], tuple[Listing, list[str]]] = field(default_factory=dict)

    def begin(self) -> None:
        """A new look. What has not changed since the last one is the same object."""
        gone = self._before.keys() - self._now.keys()
        self._matches = {key: known for key, known in self._matches.items() if key[0] not in gone}
        self._before, self._now = self._now, {}
        self.failed, self.cut = {}, set()

    def listing(self, directory: str) -> Listing:
        """What lies in a directory; nothing, if it is none or cannot be listed."""
        found = self._now.get(directory)
        if found is None:
            found = self._now[directory] = self._list(directory)
        return found

    def _list(self, directory: str) -> Listing:
        try:
            with os.scandir(directory or ".") as entries:
                found = sorted((e.name, e.is_dir(follow_symlinks=False), e.is_symlink()) for e in entries)
        except (FileNotFoundError, NotADirectoryError):
            return _NOTHING
        except OSError as error:
            self.failed[directory] = error
            return _NOTHING
        listing = Listing(
            tuple([name for name, _, _ in found]),
            tuple([name for name, folder, _ in found if folder]),
            tuple([name for name, _, link in found if link]),
        )
        before = self._before.get(directory)
        return before if before == listing else listing

    def matching(self, pattern: str) -> list[str]:
        """The paths that a pattern matches now, in order of their names; they may be anything, or not be there."""
        directory, name = _taken_apart(pattern)
        if name:
            return self._in(directory, name)
        drive, rest = os.path.splitdrive(pattern)
        parts = re.split(_SEPARATORS, rest)
        return sorted(dict.fromkeys(self._expand(drive, parts, pattern)))

    def _expand(self, path: str, parts: list[str], pattern: str) -> Iterator[str]:
        """`path` is what stands before `parts`; a leading empty part is the root."""
        if not parts:
            yield path
        elif parts[0] == "**":
            for directory in self._below(path, pattern):
                yield from self._expand(directory, parts[1:], pattern)
                if len(parts) == 1:
                    yield from self._in(directory, "*")
        elif not glob.has_magic(parts[0]):
            joined = path + os.sep + parts[0] if path and not path.endswith(os.sep) else path + parts[0]
            yield from self._expand(joined or os.sep, parts[1:], pattern)
        elif len(parts) == 1:
            yield from self._in(path, parts[0])
        else:
            inside = self.listing(path)
            folders = {*inside.folders, *inside.links}
            for directory in self._in(path, parts[0]):
                if os.path.basename(directory) not in folders:  # noqa: PTH119
                    continue
                yield from self._expand(directory, parts[1:], pattern)

    def _in(self, directory: str, pattern: str) -> list[str]:
        """The paths in a directory whose names match; kept while the directory does not change."""
        listing = self.listing(directory)
        known = self._matches.get((directory, pattern))
        if known is not None and known[0] is listing:
            return known[1]
        matches = _compiled(pattern)
        hidden = pattern.startswith(".")
        found = [n for n in listing.names if matches(n) and (hidden or not n.startswith("."))]
        paths = [os.path.join(directory, name) for name in found]  # noqa: PTH118  (paths as text)
        self._matches[directory, pattern] = (listing, paths)
        return paths

    def _below(self, top: str, pattern: str) -> Iterator[str]:
        """A directory and all below it, each once, by the way without links where there is one."""
        seen: set[tuple[int, int]] = set()
        straight, linked = deque([top]), deque[str]()
        entries = 0
        while straight or linked:
            directory = straight.popleft() if straight else linked.popleft()
            try:
                status = os.stat(directory)  # noqa: PTH116
            except OSError:
                continue
            if not stat.S_ISDIR(status.st_mode) or (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            listing = self.listing(directory)
            entries += len(listing.names)
            if entries > ENTRIES_MOST:
                self.cut.add(pattern)
                return
            yield directory
            straight.extend(os.path.join(directory, n) for n in listing.folders if not n.startswith("."))  # noqa: PTH118
            linked.extend(os.path.join(directory, n) for n in listing.links if not n.startswith("."))  # noqa: PTH118


def paths_matching(pattern: str) -> list[str]:
    """What a configured path, with wildcards or without, leads to now: paths of anything, in order; never endless."""
    paths = Folders().matching(pattern) if glob.has_magic(pattern) else [pattern]
    return [path for path in paths if os.path.lexists(path)]


@lru_cache(maxsize=65536)
def _taken_apart(pattern: str) -> tuple[str, str]:
    """The directory and the name, where only that has wildcards; else nothing."""
    directory, name = os.path.split(pattern)
    return ("", "") if glob.has_magic(directory) or name == "**" or not glob.has_magic(name) else (directory, name)


@lru_cache(maxsize=65536)
def _compiled(pattern: str) -> Callable[[str], object]:
    return re.compile(fnmatch.translate(pattern), re.IGNORECASE if os.name == "nt" else 0).match
