"""The one place that turns grafanalib's output (0.7.1, made for Grafana 8) into what Grafana 11.6 to 13 expect.

grafanalib emits keys that Grafana dropped long ago, nulls where the schema has none, a schema version whose migration
changes tooltips, 100 points a panel and `intervalFactor` 2, which make steps far too long. Only keys that are named
here go out.
"""

import json
from collections.abc import Iterable
from typing import Any

from grafanalib import core
from grafanalib._gen import DashboardEncoder

SCHEMA_VERSION = 41
DASHBOARD_KEYS = [
    "annotations",
    "description",
    "editable",
    "fiscalYearStartMonth",
    "graphTooltip",
    "links",
    "liveNow",
    "panels",
    "preload",
    "refresh",
    "schemaVersion",
    "tags",
    "templating",
    "time",
    "timepicker",
    "timezone",
    "title",
    "uid",
    "weekStart",
]
PANEL_KEYS = [
    "datasource",
    "description",
    "fieldConfig",
    "gridPos",
    "id",
    "interval",
    "links",
    "options",
    "targets",
    "title",
    "transformations",
    "transparent",
    "type",
]
TARGET_KEYS = ["datasource", "expr", "format", "instant", "legendFormat", "panelId", "refId", "withTransforms"]
VARIABLE_KEYS = [
    "allValue",
    "current",
    "datasource",
    "definition",
    "hide",
    "includeAll",
    "label",
    "multi",
    "name",
    "options",
    "query",
    "refresh",
    "regex",
    "sort",
    "type",
]
LINK_KEYS = ["asDropdown", "icon", "includeVars", "keepTime", "tags", "targetBlank", "title", "tooltip", "type", "url"]
QUERY_RESULT, LABEL_VALUES = 3, 1

Json = dict[str, Any]


def cleaned(dashboard: core.Dashboard, source: Json, extra: Json) -> Json:
    """The dashboard as plain data; `source`: the data source of panels that name none."""
    data: Json = json.loads(json.dumps(dashboard.to_json_data(), cls=DashboardEncoder, sort_keys=True))
    data |= {"schemaVersion": SCHEMA_VERSION, "liveNow": False, "preload": False, "fiscalYearStartMonth": 0} | extra
    data["panels"] = [_panel(panel, source) for panel in data["panels"]]
    data["templating"]["list"] = [_variable(variable) for variable in data["templating"]["list"]]
    data["links"] = [_kept(link, LINK_KEYS) for link in data["links"]]
    picker = data["timepicker"]
    data["timepicker"] = {"refresh_intervals": picker["refresh_intervals"], "quick_ranges": picker["time_options"]}
    return _kept(data, DASHBOARD_KEYS)


def text(dashboard: Json) -> str:
    """The file's content: sorted, so that a change shows as a small difference."""
    return json.dumps(dashboard, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _kept(data: Json, keys: Iterable[str]) -> Json:
    return {key: data[key] for key in keys if data.get(key) is not None}


def _panel(panel: Json, source: Json) -> Json:
    kept = _kept(panel, PANEL_KEYS)
    if panel["type"] == "text":
        for key in ("targets", "transformations", "datasource"):
            kept.pop(key, None)
        return kept | {"fieldConfig": {"defaults": {}, "overrides": []}}
    targets = panel.get("targets") or []
    shared = targets and "panelId" in targets[0]
    kept["datasource"] = targets[0]["datasource"] if shared else source
    kept["targets"] = [_target(target, source) for target in targets]
    kept["fieldConfig"] = _fields(panel["fieldConfig"])
    return kept


def _target(target: Json, source: Json) -> Json:
    kept = _kept(target, TARGET_KEYS)
    if "panelId" in kept:
        return kept
    return kept | {"datasource": source, "range": not kept["instant"], "editorMode": "code"}


def _fields(config: Json) -> Json:
    """Field options without grafanalib's empty ones; Grafana fills in its own defaults."""
    defaults = _without_nothing(config["defaults"])
    thresholds = defaults.get("thresholds", {})
    if not thresholds.get("steps"):
        defaults.pop("thresholds", None)
    return {"defaults": defaults, "overrides": config.get("overrides", [])}


def _without_nothing(data: Json) -> Json:
    return {
        key: _without_nothing(value) if isinstance(value, dict) else value
        for key, value in data.items()
        if value is not None and value not in ("", [])
    }


def _variable(variable: Json) -> Json:
    kept = _kept(variable, VARIABLE_KEYS)
    if kept["hide"] == core.HIDE_VARIABLE:
        # In an address it would be believed: a kept one would show the numbers of the day it is from (Grafana 12.4).
        kept["skipUrlSync"] = True
    for key in ("regex", "allValue"):
        if kept.get(key) == "":
            del kept[key]
    if kept["type"] == "query":
        words = kept["query"]
        kind = QUERY_RESULT if words.startswith("query_result") else LABEL_VALUES
        kept["query"] = {"qryType": kind, "query": words, "refId": f"Variable-{kept['name']}"}
        kept["options"] = []
        kept.pop("current", None)
        if kept["includeAll"]:
            kept["current"] = {"text": ["All"], "value": ["$__all"]}
    else:
        for key in ("refresh", "datasource", "sort"):
            kept.pop(key, None)
    if kept["type"] == "constant":
        for key in ("current", "options", "includeAll", "multi"):
            kept.pop(key, None)
    if kept["type"] == "datasource":
        kept["options"], kept["refresh"], kept["regex"] = [], 1, ""
        # The uid of the stack in deploy/; where there is none Grafana takes the first of its list.
        kept["current"] = {"text": "Prometheus", "value": "prometheus"}
    return kept
