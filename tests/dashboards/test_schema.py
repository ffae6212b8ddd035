"""The dashboards against Grafana's own TypeScript types, of the oldest and newer supported versions."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dashboards.boards import all_boards

pytestmark = [pytest.mark.slow, pytest.mark.tool("npm"), pytest.mark.timeout(300)]

OPTIONS = {
    "stat": "Stat",
    "table": "Table",
    "timeseries": "TimeSeries",
    "state-timeline": "StateTimeline",
    "piechart": "PieChart",
    "text": "Text",
}
FIELDS = {"table": "TableFieldOptions", "timeseries": "GraphFieldConfig"}
HEAD = """
import type {{ Dashboard, GraphFieldConfig, Panel, TableFieldOptions }} from '@grafana/schema';
{imports}
// JSON has the texts of enumerations.
type Lit<T> = T extends string ? `${{T}}` : T extends number | boolean | null | undefined ? T
  : T extends (infer U)[] ? Lit<U>[] : T extends object ? {{ [K in keyof T]: Lit<T[K]> }} : T;
"""
COMPILER = {
    "strict": True,
    "noEmit": True,
    "skipLibCheck": True,
    "module": "esnext",
    "target": "es2022",
    "types": [],
}
# Read by Grafana 11.6 to 13, which move it into the fields' options when they load the dashboard.
MIGRATED = ("footer",)


def typed(board: dict[str, Any]) -> str:
    """TypeScript that compiles only if the dashboard and each panel have the types of their kind."""
    imports = "\n".join(
        f"import type {{ Options as {name} }} from "
        f"'@grafana/schema/dist/esm/raw/composable/{kind.replace('-', '')}/panelcfg/x/{name}PanelCfg_types.gen';"
        for kind, name in OPTIONS.items()
    )
    whole = {key: value for key, value in board.items() if key != "panels"}
    own = ("expr", "step", "titleFormat", "textFormat", "tagKeys")  # known to the data source, not to the schema
    marks = [{key: value for key, value in one.items() if key not in own} for one in board["annotations"]["list"]]
    whole["annotations"] = {"list": marks}
    lines = [HEAD.format(imports=imports)]
    lines.append(f"export const board: Lit<Omit<Dashboard, 'panels'>> = {json.dumps(whole)};")
    for panel in board["panels"]:
        kind = panel["type"]
        options = {key: value for key, value in panel["options"].items() if key not in MIGRATED}
        fields = f"Partial<{FIELDS[kind]}>" if kind in FIELDS else "Record<string, unknown>"
        shape = f"Lit<Panel<Partial<{OPTIONS[kind]}>, {fields}>> & {{ options: Lit<Partial<{OPTIONS[kind]}>> }}"
        lines.append(f"export const panel{panel['id']}: {shape} = {json.dumps(panel | {'options': options})};")
    return "\n".join(lines)


@pytest.mark.parametrize("version", ["11.6", "12.4", "13"])
def test_the_types_of_grafana_accept_every_panel(version: str, tmp_path: Path) -> None:
    """No unknown option, no wrong value, in any version that the dashboards are made for."""
    packages = [f"@grafana/schema@{version}", "typescript@5.6"]
    install = ["npm", "install", "--prefix", str(tmp_path), "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run([*install, *packages], check=True, capture_output=True)
    for board in all_boards("UTC"):
        (tmp_path / f"{board.uid}.ts").write_text(typed(board.json()))
    resolution = {"moduleResolution": "node10" if version.startswith("11") else "bundler"}
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": COMPILER | resolution, "include": ["*.ts"]}))
    compiled = subprocess.run(
        [str(tmp_path / "node_modules" / ".bin" / "tsc"), "-p", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "" == compiled.stdout
