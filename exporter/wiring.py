"""From a configuration to the parts of an exporter."""

import socket
from pathlib import Path
from zoneinfo import ZoneInfo

from exporter.config import AUTO, Config, Source
from exporter.exposition.sources import SourceReport
from exporter.formats import FORMATS
from exporter.formats.contract import Format
from exporter.formats.smartermail import SmarterMail
from exporter.inputs.contract import Input
from exporter.inputs.copies import Claims
from exporter.inputs.files import FileInput
from exporter.inputs.journal import JournalInput
from exporter.inputs.notifier import Notifier
from exporter.inputs.stdin import StandardInput
from exporter.ledger import Keep, Ledger
from exporter.ledger.zones import machine_zone
from exporter.model import Account
from exporter.names import NameRules, Series
from exporter.overlap import positions_of
from exporter.pipeline import Pipeline
from exporter.reading import Reading
from exporter.sessions import Neighbours, Sessions

STANDARD_INPUT = ("-",)


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


def pipelines_of(config: Config, ledger: Ledger) -> dict[str, Pipeline]:
    """The ways of all sources by name, knowing of each other, going on where the ledger's last commit was."""
    neighbours: Neighbours[Sessions] = Neighbours()
    # Fronts come first, so that they are read before what stands behind them.
    sources = sorted(config.sources, key=lambda source: source.behind is not None)
    pipelines = {source.name: pipeline_of(source, config, ledger, neighbours) for source in sources}
    for source in sources:
        if source.behind is not None:
            pipelines[source.name].stand_behind(pipelines[source.behind])
    return pipelines


def pipeline_of(
    source: Source, config: Config, ledger: Ledger, neighbours: Neighbours[Sessions] | None = None
) -> Pipeline:
    """The source's way from batches to charges, going on where the ledger's last commit was."""
    reading = Reading(
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

    return Pipeline(reading, ledger.calendar, account, names.intern, ledger.restored(source.name))


def log_zone(source: Source) -> ZoneInfo:
    """The zone of stamps without one: the source's, else the machine's."""
    return ZoneInfo(source.time_zone or machine_zone())


def formats_of(source: Source, config: Config) -> tuple[Format, ...]:
    """The source's one format, or for `auto` all of them."""
    own: Format = SmarterMail(config.formats.smartermail.phrases)
    known = tuple(own if one.name == own.name else one for one in FORMATS)
    return known if source.format == AUTO else tuple(one for one in known if one.name == source.format)


def input_of(
    source: Source,
    ledger: Ledger,
    notifier: Notifier | None,
    config: Config | None = None,
    claims: Claims | None = None,
) -> Input:
    """Where the source's lines come from, going on where the ledger's last commit was.

    `config`, `claims`: with them what other sources have read, or read now, is not read again.
    """
    saved = ledger.restored(source.name)
    positions, counts = (saved.positions, saved.counts) if saved else ((), None)
    if config is not None:
        positions = positions_of(source, config, ledger)
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
    wakes = None if source.poll_only else notifier
    return FileInput(
        source.name, source.paths, positions, start=source.start, counts=counts, notifier=wakes, claims=claims
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
        problems=(*status.problems, *pipeline.problems),
        doubts=tuple((doubt.server, doubt.bound.sign) for doubt in pipeline.doubts),
    )
