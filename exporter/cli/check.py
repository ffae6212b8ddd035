"""`check`: mistakes in the configuration, what `run` could not use, and what each source would read."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from exporter.catalogue import Quality
from exporter.cli import configured, logs, options, serving
from exporter.cli.files import journal_end, newest, sampled
from exporter.cli.obstacles import NO_JOURNAL, of_addresses, of_journal, of_ledger, of_log, of_no_files, readers
from exporter.cli.understood import understood
from exporter.config import Config, Source
from exporter.configfile import ConfigError
from exporter.formats.advice import advice_by_server
from exporter.history.outcome import Heard
from exporter.inputs.globbing import paths_matching
from exporter.ledger import care
from exporter.overlap import left_out, shared
from exporter.web.security import Security
from exporter.wiring import STANDARD_INPUT, inputs_named

# The exporter cannot run with it, or would run and count wrong.
PROBLEM, WRONG = "problem: ", "wrong numbers: "
ADVICE = "to log more: "
TITLES = {Quality.NONE: "not logged", Quality.ESTIMATED: "estimated", Quality.LOWER_BOUND: "only a lower bound"}


def _check(  # noqa: PLR0917 - the options of a command
    file: options.ConfigArgument = None,
    config_file: options.ConfigFile = None,
    listen: serving.ListenAddress = None,
    web_config_file: serving.WebConfigFile = None,
    log_level: logs.LogLevel = logs.Level.INFO,
    log_format: logs.LogFormat = logs.Form.TEXT,
    *,
    ledger: Annotated[bool, typer.Option("--ledger", help="Also read the whole ledger and verify its totals")] = False,
) -> None:
    """Check the configuration and show what each source reads. Exit code 2: invalid; 1: valid, but of no use."""
    del log_level, log_format  # accepted because `run` has them
    config = serving.overridden(configured.loaded(config_file, file), listen, web_config_file)
    refuse_shared(config, options.config_path(config_file, file))
    if config.web.config_file is not None:
        Security(config.web.config_file)
    found = list(remarks(config))
    problems, wrong = (sum(remark.lstrip().startswith(kind) for remark in found) for kind in (PROBLEM, WRONG))
    typer.echo("\n".join((f"{options.config_path(config_file, file)}: {_verdict(problems, wrong)}", *found)))
    if ledger:
        broken = care.check(config.ledger)
        typer.echo("\n".join((f"{config.ledger}:", *broken)) if broken else f"{config.ledger}: sound, all totals agree")
        problems += len(broken)
    if problems or wrong:
        raise typer.Exit(1)


def _verdict(problems: int, wrong: int) -> str:
    if problems:
        return f"valid, but the exporter cannot run with it: {problems} problem{'s' * (problems > 1)}"
    return "valid, but the exporter would count wrong with it" if wrong else "good"


def refuse_shared(config: Config, path: Path) -> None:
    """ConfigError where two sources of the configuration at `path` would count the same lines."""
    twice = [*shared(config), *(f"source {source}: {problem}" for source, problem in left_out(config))]
    if twice:
        raise ConfigError([f"{path}: {problem}" for problem in twice])


def remarks(config: Config) -> Iterator[str]:
    """Problems, what each source reads, and what the logs show; settings to change begin with ADVICE."""
    for remark in (*of_addresses(config.web.listen), *of_ledger(config.ledger)):
        yield f"  {remark}"
    for source in config.sources:
        yield f"  source {source.name} ({source.format}): {', '.join(inputs_named(source))}"
        for remark in _of_source(source, config):
            yield f"    {remark}"


def _of_source(source: Source, config: Config) -> Iterator[str]:
    """What an operator needs to know before the start; files that appear later are not a problem."""
    if source.journal is not None:
        told = list(of_journal(source.journal.directory, source.journal.since))
        yield from told
        if not any(remark.startswith((PROBLEM, NO_JOURNAL)) for remark in told):
            with journal_end(source.journal) as file:
                yield from _told(file, "newest entries", source, config)
        return
    if source.paths == STANDARD_INPUT:
        return
    readable = []
    for pattern in source.paths:
        matching = [Path(path) for path in paths_matching(pattern)]
        files = [path for path in matching if path.is_file()]
        if not files:
            yield from of_no_files(pattern, matching)
        for path in files:
            remarks = list(of_log(path))
            if not any(remark.startswith(PROBLEM) for remark in remarks):
                readable.append(path)
                yield f"{path}: {path.stat().st_size:,} bytes{readers(path)}"
            yield from remarks
    for path in newest(readable):
        yield from _told(path, str(path), source, config)


def _told(path: Path, name: str, source: Source, config: Config) -> Iterator[str]:
    """What the first megabytes of a file show about the server's logging, and what to set to log more."""
    try:
        pipeline = sampled(str(path), source, config)
    except options.FileProblem as problem:
        yield str(problem)
        return
    heard, servers = Heard.of(pipeline), advice_by_server(pipeline.format_name, pipeline.checkpoint(()).quality)
    doubted = {doubt.server for doubt in pipeline.doubts}
    server = f"{pipeline.format_name} log, " if heard.events else ""
    yield f"{name}: {server}{understood(heard)}" + ("" if heard.events else "; are the file and the format right?")
    for one in servers:
        yield f"{one.server}: {pipeline.format_name}; {_logged(one.quality)}"
        yield from (f"  {ADVICE}{sentence}" for sentence in one.advice if one.server not in doubted)
    for sentence in pipeline.problems:
        yield f"{WRONG}{sentence}" if sentence == pipeline.mixed else sentence


def _logged(qualities: Mapping[str, Quality]) -> str:
    """`not logged: received bytes; at least: bad commands`; exact measures are not listed."""
    found = {
        title: [measure.replace("_", " ") for measure, quality in qualities.items() if quality is wanted]
        for wanted, title in TITLES.items()
    }
    return (
        "; ".join(f"{title}: {', '.join(names)}" for title, names in found.items() if names)
        or "everything is logged exactly"
    )


COMMANDS = {"check": _check}
