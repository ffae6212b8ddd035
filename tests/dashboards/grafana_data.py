"""Grafana's own code, as its npm packages have it, from Prometheus's answers to tables, charts and CSV.

@grafana/data has the transformations and field overrides, @grafana/prometheus what its data source makes of the
answers; what only Grafana's app and its server have, grafana_data.cjs and `_frame` do as they do it.
"""

import csv
import io
import json
import math
import os
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.dashboards.grafana import Json, Page
from tests.prometheus_server import Labels

# Of @grafana/data and @grafana/prometheus, which is not published with every release.
VERSIONS = {"11.6": ("11.6.16", "11.6.0"), "12.4": ("12.4.10", "12.4.0"), "13.2": ("13.2.3", "13.2.3")}
# React draws nothing here, but is loaded; the versions do not agree about it.
OTHERS = ("jsdom@26.1.0", "react@18.3.1")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "pop3-exporter"
SCRIPT = Path(__file__).with_name("grafana_data.cjs")
TRANSFORMER = "package/dist/esm/result_transformer.mjs"

Answers = dict[str, dict[Labels, float]]  # by the letter of the query


@dataclass(frozen=True)
class Shown:
    """What a panel shows."""

    raw: str  # CSV
    formatted: str
    fields: list[Json]  # name, type, config
    titles: list[str]
    texts: list[list[str]]  # by field
    tiles: list[list[str]]  # title and text of each tile or slice
    frames: int

    @property
    def table(self) -> list[list[str]]:
        """The cells as they are shown, under their titles."""
        return [self.titles, *(list(row) for row in zip(*self.texts, strict=True))]

    def csv(self, *, formats: bool) -> list[list[str]]:
        """What Inspect, Data, Download CSV gives."""
        return list(csv.reader(io.StringIO(self.formatted if formats else self.raw, newline="")))

    def config(self, title: str) -> Json:
        """The options of the field with this title: ValueError if there is none."""
        found: Json = self.fields[self.titles.index(title)]["config"]
        return found


@dataclass
class Opened:
    """An open dashboard, and what Prometheus answers to the panels that show tables or transform them."""

    page: Page
    zone: str

    @cached_property
    def answers(self) -> dict[str, Answers]:
        """By the title of the panel."""
        asked = [panel for panel in self.page.board["panels"] if _tabular(panel)]
        return {panel["title"]: {target["refId"]: self._rows(target) for target in panel["targets"]} for panel in asked}

    def job(self, chart: str) -> Json:
        """What `show` takes: the panels with their answers, and after them those that show another panel's rows."""
        panels = self.page.board["panels"]
        own = [panel | {"answers": self._frames(panel)} for panel in panels if panel.get("title") in self.answers]
        shared = [panel for panel in panels if any("panelId" in target for target in panel.get("targets", ()))]
        variables = {name: self.page.expression(name) for name in ("${step:text}", "$step")} | {
            "$chart": chart,
            **self._bounds(),
        }
        return {"panels": [*own, *shared], "variables": variables, "zone": self.zone}

    def _bounds(self) -> dict[str, str]:
        names = self.page.names("bounds") if "bounds" in self.page.found else []
        return {"${bounds:csv}": ",".join(names), "$bounds": "|".join(names)}

    def _rows(self, target: Json) -> dict[Labels, float]:
        """Backwards: Prometheus promises no order, and what relies on one must not pass by chance."""
        return dict(sorted(self.page.rows(target).items(), reverse=True))

    def _frames(self, panel: Json) -> list[Json]:
        return [
            frame
            for ref, rows in self.answers[panel["title"]].items()
            for frame in ([_frame(ref, self.page.end, *row) for row in rows.items()] or [_without_rows(ref)])
        ]


def installed() -> Path:
    """All versions, a few hundred megabytes, which stay: to write and delete them takes longer than the tests."""
    directory = CACHE / "-".join(["grafana-data", *(data for data, _ in VERSIONS.values())])
    if not directory.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=CACHE) as temporary:
            new = Path(temporary) / "new"
            new.mkdir()
            _install(new)
            new.rename(directory)  # whole, or not at all
    return directory


def show(version: str, jobs: Mapping[str, Json]) -> dict[str, dict[str, Shown]]:
    """What each job's panels show, by their titles; RuntimeError with Node's words if it fails."""
    directory = installed()
    data, prometheus = VERSIONS[version]
    files = [directory / "node_modules", _alias(data), _transformer(directory, prometheus)]
    done = subprocess.run(
        ["node", str(SCRIPT), *map(str, files)], input=json.dumps(jobs), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    found = json.loads(done.stdout)
    return {name: {title: Shown(**panel) for title, panel in panels.items()} for name, panels in found.items()}


def _tabular(panel: Json) -> bool:
    return any(target.get("format") == "table" for target in panel.get("targets", ()))


def _frame(ref: str, at: int, labels: Labels, value: float) -> Json:
    """A series as Grafana's server sends it [promlib/converter, readMatrixOrVectorMulti]."""
    fields: list[dict[str, Any]] = [{"name": "Time", "type": "time"}]
    fields.append({"name": "Value", "type": "number", "labels": dict(labels)})
    meta = {"type": "numeric-multi", "typeVersion": [0, 1], "custom": {"resultType": "vector"}}
    entities = [None, {"NaN": [0]}] if math.isnan(value) else [None, None]  # JSON has none
    data = {"values": [[at * 1000], [None if math.isnan(value) else value]], "entities": entities}
    return {"schema": {"refId": ref, "meta": meta, "fields": fields}, "data": data}


def _without_rows(ref: str) -> Json:
    """[promlib/querydata, parseResponse]"""
    return {"schema": {"refId": ref, "meta": {}, "fields": []}, "data": {"values": []}}


def _install(directory: Path) -> None:
    packages = [f"{_alias(data)}@npm:@grafana/data@{data}" for data, _ in VERSIONS.values()]
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline"]
    _npm(directory, "install", "--legacy-peer-deps", *quiet, *OTHERS, *packages)
    _npm(directory, "pack", *quiet, *(f"@grafana/prometheus@{version}" for _, version in VERSIONS.values()))
    for _, version in VERSIONS.values():
        with tarfile.open(directory / f"grafana-prometheus-{version}.tgz") as archive:
            file = archive.extractfile(TRANSFORMER)
            assert file is not None
            _transformer(directory, version).write_bytes(file.read())


def _npm(directory: Path, *arguments: str) -> None:
    done = subprocess.run(["npm", *arguments], capture_output=True, text=True, check=False, cwd=directory)
    if done.returncode:
        raise RuntimeError(done.stderr)


def _alias(version: str) -> str:
    return f"grafana-data-{version}"


def _transformer(directory: Path, version: str) -> Path:
    return directory / f"prometheus-{version}.mjs"
