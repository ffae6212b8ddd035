"""Files that come with the program: dashboards, rules, runbooks, unit, configuration, manifests.

In a wheel they are next to the modules (pyproject.toml, force-include); in a checkout they are in deploy/.
"""

import re
from collections.abc import Callable, Mapping
from importlib.resources import files as resources
from importlib.resources.abc import Traversable
from pathlib import Path

GRAFANA = "http://127.0.0.1:3000"
RUNBOOKS = "https://pop3-exporter.example/deploy/runbooks"
# In the dashboards for all time zones: viewers see times in their own.
ANY_ZONE = '\n  "timezone": "browser",\n'
DOCS = ("metrics.md", "not-exact.md", "reports.md", "alerts.md", "dashboards.md", "web.md", "history.md", "limits.md")
UNIT = "pop3-exporter.service"
UNIT_PROGRAM = "/opt/pop3-exporter/bin/pop3-exporter"

Files = Mapping[str, str]  # name to text


def dashboards(time_zone: str | None) -> Files:
    """Grafana's JSON, which shows times in this zone. KeyError: no such zone.

    ModuleNotFoundError: the files that are shipped count days in UTC, and those of other zones need their generator.
    """
    boards = _texts("grafana/dashboards", ".json")
    shown = ANY_ZONE.replace("browser", "utc" if time_zone == "UTC" else time_zone or "browser")
    if time_zone is None or all(shown in text for text in boards.values()):
        return boards
    if all(ANY_ZONE in text for text in boards.values()):
        return {name: text.replace(ANY_ZONE, shown) for name, text in boards.items()}
    from dashboards.boards import all_boards  # noqa: PLC0415 - grafanalib, an extra
    from dashboards.clean import text as written  # noqa: PLC0415

    return {f"{board.uid}.json": written(board.json()) for board in all_boards(time_zone)}


def rules(grafana_url: str | None, runbook_url: str | None) -> Files:
    """Prometheus's rules, with alerts that link to these addresses; without an address, the link is omitted."""
    found = dict(_texts("prometheus/rules", ".yml"))
    alerts = found["alerts.yml"]
    alerts = alerts.replace(GRAFANA, grafana_url) if grafana_url else re.sub(r"(?m)^ +dashboard: .*\n", "", alerts)
    alerts = alerts.replace(RUNBOOKS, runbook_url) if runbook_url else re.sub(r"(?m)^ +runbook_url: .*\n", "", alerts)
    return found | {"alerts.yml": alerts}


def runbooks() -> Files:
    """A page for each alert, in Markdown."""
    return _texts("runbooks", ".md")


def docs() -> Files:
    """The pages of the documentation that help with the numbers, in Markdown."""
    packaged = _top() / "docs"
    folder = packaged if packaged.is_dir() else Path(__file__).parents[1] / "docs"
    return {name: folder.joinpath(name).read_text(encoding="utf-8") for name in DOCS}


def unit(program: str) -> Files:
    """Systemd's unit, which runs `program`."""
    return {UNIT: _text("exporter", UNIT).replace(UNIT_PROGRAM, program)}


def kubernetes() -> Files:
    """Manifests for Kubernetes without Helm."""
    return _texts("kubernetes", ".yaml")


def configuration() -> Files:
    """The example configuration, which explains every key."""
    return {"config.yaml": _text("exporter", "config.yaml")}


# What the landing page offers; links without an address are omitted.
KINDS: Mapping[str, Callable[[], Files]] = {
    "rules": lambda: rules(None, None),
    "dashboards": lambda: dashboards(None),
    "runbooks": runbooks,
    "docs": docs,
}


def _texts(folder: str, ending: str) -> Files:
    found = [one for one in _top().joinpath(folder).iterdir() if one.name.endswith(ending)]
    return {one.name: one.read_text(encoding="utf-8") for one in sorted(found, key=lambda one: one.name)}


def _text(folder: str, name: str) -> str:
    return _top().joinpath(folder, name).read_text(encoding="utf-8")


def _top() -> Traversable:
    packaged = resources("exporter") / "deploy"
    return packaged if packaged.is_dir() else Path(__file__).parents[1] / "deploy"
