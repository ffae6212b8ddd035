"""Each line of a host counts once, whichever source reads it: sources that overlap, or take over from others.

Two sources that read the same file are refused. A file that another source has read is continued at its position,
and a renamed source keeps everything that the ledger has about it.
"""

import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from glob import has_magic
from itertools import combinations

from exporter.config import AUTO, Config, Journal, Source
from exporter.inputs.copies import Claims
from exporter.inputs.files import FileInput
from exporter.inputs.globbing import paths_matching
from exporter.inputs.newcomers import NOT_READ_TWICE
from exporter.inputs.survey import Family, Identity, family_of, identity_of
from exporter.ledger import Ledger, SavedSource
from exporter.model import Position

LOG = logging.getLogger(__name__)


def may_share(one: Source, other: Source) -> bool:
    """Whether two sources may read the same file: if they read different hosts or formats."""
    if AUTO not in {one.format, other.format} and one.format != other.format:
        return True
    alike = (fnmatchcase(a, b) or fnmatchcase(b, a) for a in one.hosts for b in other.hosts)
    return bool(one.hosts and other.hosts) and not any(alike)


def claims_of(config: Config) -> Claims:
    """Shared record of which source reads which file."""
    sources = {source.name: source for source in config.sources}
    return Claims(lambda one, other: may_share(sources[one], sources[other]))


# ── two sources ─────────────────────────────────────────────────────────────────────────────────────────────


def shared(config: Config) -> list[str]:
    """What two sources would both count, as sentences; such a configuration is refused."""
    return [
        f"sources {one.name} and {other.name} both read {what}, so every line would count twice; remove it from"
        " one of them"
        for one, other in combinations(config.sources, 2)
        if not may_share(one, other) and (what := _common(one, other))
    ]


def left_out(config: Config) -> Iterator[tuple[str, str]]:
    """(Source, sentence) for each file with the same lines as another one; looks at all files once."""
    claims = claims_of(config)
    for source in config.sources:
        if reads_files(source):
            files = FileInput(source.name, source.paths, start="beginning", claims=claims)
            for _ in files.read(0.0, 0):
                pass  # without a budget it only looks
            yield from ((source.name, problem) for problem in files.status().problems if NOT_READ_TWICE in problem)
            files.close()


def reads_files(source: Source) -> bool:
    """Whether the source reads files, not the journal or standard input."""
    return source.journal is None and source.paths != ("-",)


def _common(one: Source, other: Source) -> str:
    if one.journal is not None and other.journal is not None:
        units = _entries(one.journal) & _entries(other.journal)
        return f"the journal's {min(units)[1]}" if units and one.journal.directory == other.journal.directory else ""
    if not (reads_files(one) and reads_files(other)):
        return "standard input" if one.paths == other.paths == ("-",) else ""
    same = {os.path.abspath(path) for path in one.paths} & {os.path.abspath(path) for path in other.paths}  # noqa: PTH100
    files = _files(one)
    same |= {files[identity] for identity in files.keys() & _files(other).keys()}
    return min(same, default="")


def _entries(journal: Journal) -> set[tuple[str, str]]:
    units = {("unit", unit if "." in unit else f"{unit}.service") for unit in journal.units}
    return units | {("identifier", identifier) for identifier in journal.identifiers}


def _files(source: Source) -> dict[Identity, str]:
    """The files that the source's paths match now."""
    found: dict[Identity, str] = {}
    for pattern in source.paths:
        for path in paths_matching(pattern):
            if os.path.isfile(path):  # noqa: PTH113
                found[identity_of(os.stat(path))] = path  # noqa: PTH116
    return found


# ── what was read before ────────────────────────────────────────────────────────────────────────────────────


def carry_over(config: Config, ledger: Ledger, now: float) -> None:
    """Rename sources in the ledger that have a new name in the configuration, if that is certain."""
    names = {source.name for source in config.sources}
    gone = {name: saved for name, saved in ledger.known_sources.items() if name not in names and saved.positions}
    new = [source for source in config.sources if source.name not in ledger.known_sources]
    was = {source.name: [name for name, saved in gone.items() if _is_same(source, saved)] for source in new}
    for source, found in was.items():
        if len(found) == 1 and sum(found[0] in others for others in was.values()) == 1:
            LOG.warning("source %s was called %s before and continues where that one ended", source, found[0])
            ledger.rename_source(found[0], source, now)


def positions_of(source: Source, config: Config, ledger: Ledger, saved: SavedSource | None) -> tuple[Position, ...]:
    """Where to continue: the source's own positions, and those of files that another source has read.

    That one does not read them any more, or is not to be found in the configuration.
    """
    own = saved.positions if saved else ()
    if not reads_files(source):
        return own
    logs, taken = _logs(source), list[Position]()
    known = {mark for position in own for mark in _marks(position)}
    # If several sources have read a file, the one that came furthest.
    for name, position in sorted(_others(source, config, ledger), key=lambda one: -one[1].offset):
        if family_of(position.path) in logs and not known & _marks(position):
            LOG.warning("source %s continues in %s where source %s ended", source.name, position.path, name)
            known |= _marks(position)
            taken.append(position)
    keys = range(_next_key(own), 1 << 30)
    taken.sort(key=lambda position: position.modified)
    return (*own, *(replace(position, stream=str(key)) for key, position in zip(keys, taken, strict=False)))


def _others(source: Source, config: Config, ledger: Ledger) -> Iterator[tuple[str, Position]]:
    """(Source, position) of the files that the ledger's other sources have read, and do not read any more."""
    configured = {one.name: one for one in config.sources}
    for name, saved in ledger.known_sources.items():
        logs = _logs(configured[name]) if name in configured and reads_files(configured[name]) else set()
        if name != source.name:
            yield from ((name, one) for one in saved.positions if one.path and family_of(one.path) not in logs)


def _is_same(source: Source, saved: SavedSource) -> bool:
    if source.journal is not None:
        return any(position.cursor for position in saved.positions)
    logs = _logs(source) if reads_files(source) else set()
    return any(position.path and family_of(position.path) in logs for position in saved.positions)


def _logs(source: Source) -> set[Family]:
    paths = [*_files(source).values(), *(path for path in source.paths if not has_magic(path))]
    return {family_of(os.path.realpath(path)) for path in paths}


def _marks(position: Position) -> set[tuple[object, ...]]:
    """How a file is recognised: device and inode, and its first bytes."""
    return {(position.device, position.inode), (position.head_length, position.head_digest)}


def _next_key(positions: tuple[Position, ...]) -> int:
    return 1 + max((int(one.stream) for one in positions if one.stream.isdigit()), default=0)
