"""`replay`: all stages over whole files."""

import sys
import tempfile
from pathlib import Path

from exporter.cli import configured, options
from exporter.cli.files import replayed
from exporter.exposition.renderer import Exposition


def _replay(  # noqa: PLR0917 - options
    files: options.LogFiles,
    config_file: options.LogConfigFile = None,
    source_name: options.SourceName = None,
    format_name: options.FormatName = "auto",
    server: options.ServerName = None,
    default_domain: options.DefaultDomain = None,
    time_zone: options.SiteZone = None,
    log_time_zone: options.LogZone = None,
) -> None:
    """Read whole log files and print /metrics as of their newest line."""
    config = configured.for_files(files, config_file, format_name, server, default_domain, time_zone, log_time_zone)
    sources = [(file, configured.source_of(file, config, source_name)) for file in options.existing(files)]
    with tempfile.TemporaryDirectory(prefix="pop3-exporter-") as folder:
        path = Path(folder) / "ledger.sqlite"
        found = replayed(path, config, sources, is_kept=False)
        for piece in Exposition(found.calendar).render(found.view, found.clock):
            sys.stdout.buffer.write(piece)


COMMANDS = {"replay": _replay}
