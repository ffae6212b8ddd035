"""The files on the disk: those that match the patterns, and their rotated files."""

import glob
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from exporter.errors import Problem
from exporter.inputs.generations import Name, take_apart
from exporter.inputs.globbing import ENTRIES_MOST, Folders
from exporter.inputs.troubles import shown

Identity = tuple[int, int]  # device, inode
Family = tuple[str, str]  # real directory, the log's own name


def identity_of(status: os.stat_result) -> Identity:
    """Device and inode; an inode of 64 bits (SMB, ReFS) is kept within what a ledger's column can hold."""
    return status.st_dev, status.st_ino & (1 << 63) - 1


class Found(NamedTuple):
    """One file: under its real path, and as the operator knows it; `live`: a pattern matches it."""

    path: str
    label: str
    status: os.stat_result
    live: bool

    @property
    def identity(self) -> Identity:
        return identity_of(self.status)

    @property
    def name(self) -> Name:
        return name_of(self.path)

    @property
    def family(self) -> Family:
        return family_of(self.path)


@lru_cache(maxsize=65536)
def name_of(path: str) -> Name:
    """The file's name, taken apart."""
    return take_apart(os.path.basename(path))  # noqa: PTH119  (paths as text, thousands of them)


@lru_cache(maxsize=65536)
def family_of(path: str) -> Family:
    """The log that a file belongs to, whatever generation of it."""
    directory, name = os.path.split(path)
    return directory, take_apart(name).base


@dataclass(slots=True)
class Survey:
    """All files found, by identity; `errors`: what could not be seen; `directories`: where changes show.

    `hidden`: directories that could not be listed, so that a file not found there may well be there. `families`: the
    logs that the patterns are about. `remarks`: what the patterns match and is no log, or too much.
    """

    files: dict[Identity, Found] = field(default_factory=dict)
    errors: list[tuple[str, Exception]] = field(default_factory=list)
    directories: set[str] = field(default_factory=set)
    families: set[Family] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    symlinks: bool = False
    unmatched: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    real: dict[str, str] = field(default_factory=dict)

    def hides(self, path: str) -> bool:
        """Whether the file may be there without having been found."""
        return any(path.startswith(f"{directory.rstrip(os.sep)}{os.sep}") for directory in self.hidden)


class Surveyor:
    """Looks for what `patterns` match and for the generations beside it."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [(pattern, glob.has_magic(pattern), _watchable(pattern)) for pattern in patterns]
        self._folders = Folders()

    def look(self, known: Iterable[str]) -> Survey:
        """The survey, with the generations beside the `known` real paths; what is wrong there only is not told."""
        survey = Survey()
        self._folders.begin()
        for pattern, magic, watchable in self._patterns:
            survey.directories.add(watchable)
            try:
                self._match(survey, pattern, watchable if magic else "")
            except ValueError as error:  # a path with a zero byte
                survey.errors.append((pattern, error))
        by_directory: dict[str, set[str]] = {}
        for directory, base in survey.families.union(family_of(path) for path in known):
            by_directory.setdefault(directory, set()).add(base)
        for directory, bases in by_directory.items():
            self._generations(survey, directory, bases)
        survey.hidden.update(self._folders.failed, map(os.path.realpath, self._folders.failed))
        told = {directory for directory, _ in survey.families} | survey.directories
        survey.errors += [(path, error) for path, error in self._folders.failed.items() if path in told]
        survey.remarks += [
            f"{shown(p)}: matches more than {ENTRIES_MOST:,} files and directories; use a narrower pattern"
            for p in sorted(self._folders.cut)
        ]
        return survey

    def _match(self, survey: Survey, pattern: str, watchable: str) -> None:
        """Note what one pattern matches; `watchable`: the directory before its first wildcard, if it has one."""
        if watchable:
            labels = self._folders.matching(pattern)
            self._folders.listing(watchable)
        else:
            labels = [pattern]
            survey.families.add(family_of(os.path.realpath(pattern)))
        seen, others = [], 0
        for label in labels:
            found = _see(survey, label, label, live=True)
            if isinstance(found, Found):
                seen.append(found)
            elif found:
                others += 1
                if found is not Special.DIRECTORY or not watchable:
                    survey.remarks.append(f"{shown(label)}: not read, because it is {found.value}")
        survey.families |= {found.family for found in seen}
        if not seen and (watchable or not others):
            only = f" but {others} directories or devices" if others else ""
            survey.unmatched.append(Problem(f"no file matches {shown(pattern)}{only}", f"no file matches {pattern}"))

    def _generations(self, survey: Survey, directory: str, bases: set[str]) -> None:
        seen = {found.path for found in survey.files.values()}
        for name in self._folders.listing(directory).names:
            path = os.path.join(directory, name)  # noqa: PTH118
            if path not in seen and take_apart(name).rotated and take_apart(name).base in bases:
                _see(survey, path, path, live=False)


class Special(Enum):
    """Files that are not regular."""

    DIRECTORY = "a directory"
    PIPE = "a named pipe"
    DEVICE = "a device"
    SOCKET = "a socket"


def _special(mode: int) -> Special:
    if stat.S_ISDIR(mode):
        return Special.DIRECTORY
    if stat.S_ISFIFO(mode):
        return Special.PIPE
    return Special.SOCKET if stat.S_ISSOCK(mode) else Special.DEVICE


def _watchable(pattern: str) -> str:
    """The directory whose changes a pattern is about; of those with wildcards, the part before them."""
    directory = os.path.dirname(pattern)  # noqa: PTH120
    while glob.has_magic(directory):
        directory = os.path.dirname(directory)  # noqa: PTH120
    return directory or "."


def _see(survey: Survey, path: str, label: str, *, live: bool) -> Found | Special | None:
    try:
        status, real = _stat(survey, path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        survey.errors.append((path, error))
        return None
    if not stat.S_ISREG(status.st_mode):
        return _special(status.st_mode)
    found = Found(real, label, status, live)
    known = survey.files.get(found.identity)
    # One file under several names (links) is one file; the name that no rotation gave is its name.
    if known is None or (known.live, not known.name.rotated) < (live, not found.name.rotated):
        survey.files[found.identity] = found
    return survey.files[found.identity]


def _stat(survey: Survey, path: str) -> tuple[os.stat_result, str]:
    """The file's state and its real path; directories are resolved once per look."""
    directory, name = os.path.split(path)
    if directory not in survey.real:
        survey.real[directory] = os.path.realpath(directory)
    status = os.lstat(path)
    if not stat.S_ISLNK(status.st_mode):
        return status, os.path.join(survey.real[directory], name)  # noqa: PTH118
    real = os.path.realpath(path)
    survey.symlinks = True
    survey.directories.add(os.path.dirname(real))  # noqa: PTH120
    return os.stat(path), real  # noqa: PTH116
