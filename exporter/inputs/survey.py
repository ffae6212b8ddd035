"""What lies on the disk at this look: the files that the patterns match, and their rotated generations."""

import glob
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from exporter.inputs.generations import Name, take_apart

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

    `blind`: a directory could not be listed, so that a file not found may well be there.
    """

    files: dict[Identity, Found] = field(default_factory=dict)
    errors: list[OSError] = field(default_factory=list)
    directories: set[str] = field(default_factory=set)
    blind: bool = False
    symlinks: bool = False
    unmatched: list[str] = field(default_factory=list)
    real: dict[str, str] = field(default_factory=dict)


def take_survey(patterns: Sequence[str], known: Iterable[str]) -> Survey:
    """Look for what `patterns` match and for the generations beside it, and beside the `known` real paths."""
    survey = Survey()
    families = {family_of(path) for path in known}
    for pattern in patterns:
        families |= _matches(survey, pattern)
    by_directory: dict[str, set[str]] = {}
    for directory, base in families:
        by_directory.setdefault(directory, set()).add(base)
    for directory, bases in by_directory.items():
        _generations(survey, directory, bases)
    return survey


def _matches(survey: Survey, pattern: str) -> set[Family]:
    """Note what one pattern matches; the families whose other generations are to be looked for."""
    if glob.has_magic(pattern):
        labels = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207  (paths as text, as configured)
        _complain(survey, _watchable(pattern))
        families: set[Family] = set()
    else:
        labels = [pattern]
        families = {family_of(os.path.realpath(pattern))}
    survey.directories.add(_watchable(pattern))
    seen = [found for label in labels if (found := _see(survey, label, label, live=True))]
    families |= {found.family for found in seen}
    if not seen:
        survey.unmatched.append(pattern)
    return families


def _complain(survey: Survey, directory: str) -> None:
    """Glob says nothing of directories that it may not read."""
    try:
        os.scandir(directory).close()
    except FileNotFoundError:
        pass
    except OSError as error:
        survey.errors.append(error)
        survey.blind = True


def _watchable(pattern: str) -> str:
    """The directory whose changes a pattern is about; of those with wildcards, the part before them."""
    directory = os.path.dirname(pattern)  # noqa: PTH120
    while glob.has_magic(directory):
        directory = os.path.dirname(directory)  # noqa: PTH120
    return directory or "."


def _generations(survey: Survey, directory: str, bases: set[str]) -> None:
    try:
        names = os.listdir(directory)  # noqa: PTH208  (names only, and thousands of them)
    except FileNotFoundError:
        return
    except OSError as error:
        survey.errors.append(error)
        survey.blind = True
        return
    seen = {found.path for found in survey.files.values()}
    for name in sorted(names):
        path = os.path.join(directory, name)  # noqa: PTH118
        if path not in seen and take_apart(name).rotated and take_apart(name).base in bases:
            _see(survey, path, path, live=False)


def _see(survey: Survey, path: str, label: str, *, live: bool) -> Found | None:
    try:
        status, real = _stat(survey, path)
    except FileNotFoundError:
        return None
    except OSError as error:
        survey.errors.append(error)
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
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
