"""`files`: writes the files that come with the program, without a checkout."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from exporter import shipped
from exporter.cli.access import UNIT_HIDES
from exporter.cli.options import FileProblem
from exporter.shipped import Files

_URL = re.compile(r"https?://[^\s'\"{}\\]+")

commands = typer.Typer(
    no_args_is_help=True,
    help="Write dashboards, alert rules, runbooks, the systemd unit, Kubernetes manifests or an example configuration.",
)
Directory = Annotated[Path, typer.Argument(metavar="DIRECTORY", help="Directory to write to; created if missing")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files that differ")]


@commands.command("dashboards")
def _dashboards(
    directory: Directory,
    time_zone: Annotated[
        str | None,
        typer.Option(
            "--time-zone",
            metavar="ZONE",
            help="Show times in this zone instead of the browser's; use the exporter's time_zone",
        ),
    ] = None,
    *,
    force: Force = False,
) -> None:
    """Grafana dashboards (JSON)."""
    try:
        ZoneInfo(time_zone or "UTC")
        boards = shipped.dashboards(time_zone)
    except ModuleNotFoundError as error:
        advice = "pip install 'pop3-exporter[dashboards]'"
        raise FileProblem(f"dashboards for a zone other than UTC need {error.name}: {advice}") from error
    except (KeyError, ValueError, OSError) as error:
        advice = "use a name like Europe/Berlin"
        raise typer.BadParameter(f"--time-zone {time_zone}: no such time zone; {advice}") from error
    _write(directory, boards, force=force)
    _next(
        "Import them in Grafana 11.6 or newer (Dashboards, New, Import),",
        f"or add {directory} to a provider in Grafana's provisioning/dashboards.",
    )


@commands.command("rules")
def _rules(
    directory: Directory,
    grafana_url: Annotated[
        str | None,
        typer.Option("--grafana-url", metavar="URL", help="Address of Grafana, for links from alerts to dashboards"),
    ] = None,
    runbook_url: Annotated[
        str | None,
        typer.Option(
            "--runbook-url",
            metavar="URL",
            help="Address of the directory with the runbooks; alerts link to URL/ALERT.md",
        ),
    ] = None,
    *,
    force: Force = False,
) -> None:
    """Recording and alerting rules for Prometheus."""
    grafana, runbooks = _url("--grafana-url", grafana_url), _url("--runbook-url", runbook_url)
    _write(directory, shipped.rules(grafana, runbooks), force=force)
    missing = {"--grafana-url": ("dashboards", grafana), "--runbook-url": ("runbooks", runbooks)}
    for option, (what, given) in missing.items():
        if given is None:
            typer.echo(f"The alerts have no links to {what}, because {option} was not given.")
    _next(
        f'Add rule_files: ["{directory.absolute()}/*.yml"] to prometheus.yml,',
        f"run promtool check rules {directory}/*.yml and reload Prometheus. thresholds.yml has the limits.",
    )


@commands.command("runbooks")
def _runbooks(directory: Directory, *, force: Force = False) -> None:
    """A page for each alert: what it means and what to do."""
    _write(directory, shipped.runbooks(), force=force)
    _next("Publish the directory, for example in a wiki, then: pop3-exporter files rules --runbook-url URL DIRECTORY")


@commands.command("unit")
def _unit(directory: Directory, *, force: Force = False) -> None:
    """The systemd unit that runs this installation."""
    program = Path(sys.argv[0]).absolute()
    _write(directory, shipped.unit(str(program)), force=force)
    hidden = [place for place in UNIT_HIDES if program.resolve().is_relative_to(place)]
    if hidden:
        typer.echo(f"The unit has no access to {hidden[0]}, where {program} is: install it elsewhere, such as in /opt.")
    _next(
        "Copy it to /etc/systemd/system, write a configuration to /etc/pop3-exporter/config.yaml,",
        "then run: systemctl daemon-reload; systemctl enable --now pop3-exporter",
    )


@commands.command("config")
def _config(directory: Directory, *, force: Force = False) -> None:
    """An example configuration that explains every key."""
    _write(directory, shipped.configuration(), force=force)
    path = directory / "config.yaml"
    _next(f"Set time_zone and sources in it, then run: pop3-exporter check {path}; pop3-exporter run {path}")


@commands.command("kubernetes")
def _kubernetes(directory: Directory, *, force: Force = False) -> None:
    """Manifests for Kubernetes: one replica with its volume and service."""
    _write(directory, shipped.kubernetes(), force=force)
    _next(
        f"Set time_zone and the directory of the logs in them, then run: kubectl apply --namespace mail -f {directory}"
    )


def _url(option: str, url: str | None) -> str | None:
    if url is not None and not _URL.fullmatch(url):
        raise typer.BadParameter(f"{option} {url}: must be an address such as https://grafana.example.com")
    return url and url.rstrip("/")


def _write(directory: Path, files: Files, *, force: bool) -> None:
    """Write all files, or none if one exists with other content."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        olds = {name: _old(directory / name) for name in files}
        differing = [name for name, text in files.items() if olds[name] not in {None, text.encode()}]
        if differing and not force:
            raise FileProblem(_refusal(directory, differing))
        for name, text in files.items():
            if olds[name] != text.encode():
                (directory / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise FileProblem(f"{error.filename or directory}: {error.strerror}") from error
    written = [name for name, text in files.items() if olds[name] != text.encode()]
    for name in written:
        typer.echo(f"{directory / name}: written")
    if len(written) < len(files):
        typer.echo(
            f"{len(files) - len(written)} of {len(files)} files in {directory} already existed and are unchanged"
        )


def _old(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _refusal(directory: Path, differing: Sequence[str]) -> str:
    names = ", ".join(str(directory / name) for name in differing)
    return f"{names}: already there with different content; nothing was written. Use --force to overwrite"


def _next(*lines: str) -> None:
    typer.echo("Next: " + "\n      ".join(lines))


COMMANDS = {"files": commands}
