"""From a configuration to the parts of an exporter."""

import socket
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from exporter.config import AUTO, Config, Source
from exporter.context import SourceContext
from exporter.crew import Crew
from exporter.errors import Problem
from exporter.exposition.sources import SourceReport
from exporter.formats import FORMATS
from exporter.formats.contract import Format
from exporter.formats.smartermail import SmarterMail
from exporter.inputs.contract import Input
from exporter.inputs.copies import Claims
from exporter.inputs.files import FileInput
from exporter.inputs.journal import JournalInput
from exporter.inputs.openfiles import OpenFiles
from exporter.inputs.stdin import StandardInput
from exporter.ledger import Keep, Ledger, SavedSource
from exporter.ledger.zones import machine_zone
from exporter.model import Account, Position, Verdict
from exporter.names import NameRules, Series
from exporter.overlap import claims_of, positions_of
from exporter.parts import Parts
from exporter.pipeline import Pipeline
from exporter.saved import Saved
from exporter.sessions import Neighbours, Sessions

if TYPE_CHECKING:  # a daemon loads watchdog
    from exporter.inputs.notifier import Notifier

STANDARD_INPUT = ("-",)
# A log with so many lines and no event among them is hardly that of a POP3 server. Elsewhere mail is mostly other mail.
SILENT_LINES = 10_000


def open_ledger(config: Config, now: float, path: Path | None = None) -> Ledger:
    """The configured ledger, or another one under the same rules. LedgerError if it cannot be used."""
    history = config.history
    keep = Keep(days=history.keep_days, hours_days=history.keep_hours_days, unseen_days=history.keep_days)
    return Ledger.open(path or config.ledger, zone=config.time_zone, names=_rules(config), keep=keep, now=now)


def _rules(config: Config) -> NameRules:
    users, domains = config.users, config.domains
    return NameRules(
        series=Series(users.series),
        users_max=users.max,
        users_max_total=users.max_total,
        domains_max=domains.max,
        domains_max_total=domains.max_total,
        servers_max=config.servers.max,
        listed_users=frozenset(name.lower() for name in users.listed or ()),
        listed_domains=frozenset(name.lower() for name in domains.listed or ()),
    )


class Pipelines:
    """The ways of all sources by name, made from what was saved of each, and made again after a fault."""

    def __init__(self, config: Config, ledger: Ledger) -> None:
        self._config = config
        self._ledger = ledger
        self._sources = {source.name: source for source in config.sources}
        self._neighbours: Neighbours[Sessions] = Neighbours()
        self._made: dict[str, Pipeline] = {}

    def make(self, saved: Mapping[str, Saved | None]) -> dict[str, Pipeline]:
        """New pipelines of these sources, knowing of each other and of the rest, in place of those made before."""
        known = {name: self._made[name].sessions for name in saved if name in self._made}
        for sessions in known.values():
            self._neighbours.leave(sessions)
        made = {name: self._new(self._sources[name], one) for name, one in saved.items()}
        self._made |= made
        for name, sessions in known.items():
            for server in sessions.servers if made[name].sessions.form else ():
                made[name].sessions.meet(server)
        for name, source in self._sources.items():
            if source.behind in self._made and name in self._made:
                self._made[name].stand_behind(self._made[source.behind])
        return made

    def _new(self, source: Source, saved: Saved | None) -> Pipeline:
        # A back end adds to its front's sessions and has none, so nobody need ask it for some.
        neighbours = self._neighbours if source.behind is None else None
        return _pipeline(source, self._config, self._ledger, saved, neighbours)

    def linked(self, source: str) -> frozenset[str]:
        """The source, and all that stand behind it or before it, or tell of a server of its own, and theirs."""
        found: set[str] = set()
        waiting = {source}
        while waiting:
            name = waiting.pop()
            found.add(name)
            waiting |= self._next_to(name) - found
        return frozenset(found)

    def _next_to(self, name: str) -> set[str]:
        behind = {other for other, one in self._sources.items() if one.behind == name} | {self._sources[name].behind}
        mine = self._made.get(name)
        companions = self._neighbours.companions(mine.sessions) if mine else ()
        told = {other for other, one in self._made.items() if any(one.sessions is each for each in companions)}
        return {other for other in behind if other is not None} | told


def pipelines_of(config: Config, ledger: Ledger) -> dict[str, Pipeline]:
    """The ways of all sources by name, knowing of each other, going on where the ledger's last commit was."""
    names = [source.name for source in fronts_first(config)]
    return Pipelines(config, ledger).make({name: ledger.restored(name) for name in names})


def fronts_first(config: Config) -> list[Source]:
    """The sources in the order of reading: before what stands behind them."""
    return sorted(config.sources, key=lambda source: source.behind is not None)


class _Shared(NamedTuple):
    """What the inputs of all sources have together."""

    notifier: "Notifier | None" = None
    open_files: OpenFiles | None = None
    claims: Claims | None = None


def crew_of(config: Config, ledger: Ledger, notifier: "Notifier | None", open_files: OpenFiles | None = None) -> Crew:
    """All sources at work, as the daemon has them."""
    shared = _Shared(notifier, open_files, claims_of(config))

    def opened(source: Source, saved: SavedSource | None) -> Input:
        return _input(source, saved, positions_of(source, config, ledger, saved), shared)

    parts = [
        Parts(source.name, inputs_named(source), partial(opened, source), partial(report_of, source))
        for source in fronts_first(config)
    ]
    return Crew(parts, Pipelines(config, ledger), ledger)


def pipeline_of(source: Source, config: Config, ledger: Ledger) -> Pipeline:
    """The source's way from batches to charges, going on where the ledger's last commit was."""
    return _pipeline(source, config, ledger, ledger.restored(source.name), None)


def _pipeline(
    source: Source, config: Config, ledger: Ledger, saved: Saved | None, neighbours: Neighbours[Sessions] | None
) -> Pipeline:
    context = SourceContext(
        formats=formats_of(source, config),
        zone=log_zone(source),
        host=socket.gethostname(),
        server=source.server,
        keeps_names=ledger.names.keeps_names,
        hosts=source.hosts,
        probes=source.ignore_addresses,
        neighbours=neighbours,
    )
    names, default_domain = ledger.names, source.default_domain

    def account(server: str, user: bytes | None, login: bool) -> Account:  # noqa: FBT001 - sessions call it so
        return names.account(server, user, login=login, default_domain=default_domain)

    return Pipeline(context, ledger.calendar, account, names.intern, saved)


def log_zone(source: Source) -> ZoneInfo:
    """The zone of stamps without one: the source's, else the machine's."""
    return ZoneInfo(source.time_zone or machine_zone())


def formats_of(source: Source, config: Config) -> tuple[Format, ...]:
    """The source's one format, or for `auto` all of them."""
    own: Format = SmarterMail(config.formats.smartermail.phrases)
    known = tuple(own if one.name == own.name else one for one in FORMATS)
    return known if source.format == AUTO else tuple(one for one in known if one.name == source.format)


def input_of(source: Source, ledger: Ledger) -> Input:
    """Where the source's lines come from, going on where the ledger's last commit was, if it is the only source."""
    saved = ledger.restored(source.name)
    return _input(source, saved, saved.positions if saved else (), _Shared())


def _input(source: Source, saved: SavedSource | None, positions: tuple[Position, ...], shared: _Shared) -> Input:
    counts = saved.counts if saved else None
    if source.journal is not None:
        journal = source.journal
        return JournalInput(
            source.name,
            journal.units,
            journal.identifiers,
            positions,
            since=journal.since,
            directory=journal.directory,
            counts=counts,
        )
    if source.paths == STANDARD_INPUT:
        return StandardInput(source.name, positions, counts=counts)
    return FileInput(
        source.name,
        source.paths,
        positions,
        start=source.start,
        counts=counts,
        notifier=None if source.poll_only else shared.notifier,
        open_files=shared.open_files,
        claims=shared.claims,
    )


def inputs_named(source: Source) -> tuple[str, ...]:
    """What a source reads, for people."""
    if source.journal is not None:
        return tuple(f"journal: {name}" for name in (*source.journal.units, *source.journal.identifiers))
    return ("standard input",) if source.paths == STANDARD_INPUT else source.paths


def report_of(source: Source, read: Input, pipeline: Pipeline) -> SourceReport:
    """How the source fares, for scrapes and the landing page."""
    status = read.status()
    return SourceReport(
        source.name,
        inputs=inputs_named(source),
        format=pipeline.format_name,
        unread_bytes=status.unread_bytes,
        read_errors=status.read_errors,
        clock_skew_seconds=pipeline.timeliness.clock_skew_seconds,
        catching_up=not status.caught_up,
        problems=(*status.problems, *pipeline.problems, *_silent(pipeline)),
        unreadable=status.unreadable,
        doubts=tuple((doubt.server, doubt.bound.sign) for doubt in pipeline.doubts),
    )


def _silent(pipeline: Pipeline) -> Iterator[str]:
    """A wrong file, or format, looks like a server that nobody uses."""
    verdicts, _, _ = pipeline.told()
    if not verdicts[Verdict.EVENT] and (read := sum(verdicts.values())) >= SILENT_LINES:
        yield Problem(f"no line of a POP3 server in {read:,} lines; is it the right file, and format?", "silent")
