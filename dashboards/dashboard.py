"""What all dashboards have in common: tag, ranges, annotations, zone, links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from grafanalib import core

from dashboards import links, variables
from dashboards.clean import Json, cleaned
from dashboards.queries.terms import zone_values
from dashboards.targets import Target

DAYS_30 = core.Time("now-29d/d", "now/d")
QUICK_RANGES = (
    ("Today", "now/d", "now/d"),
    ("Yesterday", "now-1d/d", "now-1d/d"),
    ("Last 7 days", "now-6d/d", "now/d"),
    ("Last 30 days", "now-29d/d", "now/d"),
    ("Last 90 days", "now-89d/d", "now/d"),
    ("This week", "now/w", "now/w"),
    ("Last week", "now-1w/w", "now-1w/w"),
    ("Last 13 weeks", "now-12w/w", "now/w"),
    ("This month", "now/M", "now/M"),
    ("Last month", "now-1M/M", "now-1M/M"),
    ("Last 12 months", "now-11M/M", "now/M"),
    ("This quarter", "now/fQ", "now/fQ"),
    ("Last quarter", "now-1Q/fQ", "now-1Q/fQ"),
    ("Last 4 quarters", "now-3Q/fQ", "now/fQ"),
)

SCRAPED = 'pop3_exporter_time_seconds{instance!=""}'  # imported history has no instance


@dataclass(frozen=True, slots=True)
class Zone:
    """The site's time zone: what Grafana shows times in, and its values; without a name any, as the exporter tells."""

    name: str = ""
    values: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, now: datetime | None = None) -> "Zone":
        """By its IANA name, "" for any; unknown: ZoneInfoNotFoundError."""
        return cls(name, zone_values(name, now or datetime.now(UTC))) if name else cls()

    @property
    def grafana(self) -> str:
        return {"": "browser", "UTC": "utc"}.get(self.name, self.name)


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard; the panels keep what their targets mean, the JSON does not."""

    uid: str
    description: str
    zone: Zone
    variables: Sequence[core.Template]
    panels: Sequence[core.Panel]
    time: core.Time = field(default_factory=lambda: DAYS_30)
    refresh: str = ""
    tooltip_shared: bool = True
    marked: bool = False  # with restarts and gaps: where they explain what is shown

    def targets(self) -> list[tuple[str, Target]]:
        """All Prometheus queries, each with its panel's title."""
        return [
            (panel.title, target) for panel in self.panels for target in panel.targets if isinstance(target, Target)
        ]

    def json(self) -> Json:
        """As Grafana reads it."""
        dashboard = core.Dashboard(
            title=links.TITLES[self.uid],
            uid=self.uid,
            description=self.description,
            tags=["pop3"],
            timezone=self.zone.grafana,
            time=self.time,
            timePicker=core.TimePicker(
                refreshIntervals=["1m", "5m", "15m", "1h"],
                timeOptions=[{"display": name, "from": begin, "to": end} for name, begin, end in QUICK_RANGES],
            ),
            refresh=self.refresh,
            graphTooltip=int(self.tooltip_shared),
            templating=core.Templating(list=list(self.variables)),
            annotations=core.Annotations(list=_annotations() if self.marked else []),
            links=links.modes(self.uid),
            panels=list(self.panels),
        )
        return cleaned(dashboard, variables.SOURCE, {"weekStart": "monday"})


def _annotations() -> list[dict[str, Any]]:
    """Restarts of the exporter, and times without any scrape of it."""
    return [
        _annotation(
            "Exporter restarts",
            'max by(instance)(changes(process_start_time_seconds{job="pop3"}[30m])) > 0',
            "purple",
            ("Exporter restarted", "{{instance}}"),
            "30m",
        ),
        _annotation(
            "Scrape gaps",
            f"absent_over_time({SCRAPED}[30m])"
            f" and on() max(last_over_time({SCRAPED}[2d])) and on() (vector(time()) < $until)",
            "orange",
            ("Exporter not scraped", ""),
            "30m",
        ),
    ]


def _annotation(name: str, expr: str, colour: str, words: tuple[str, str], step: str) -> dict[str, Any]:
    return {
        "name": name,
        "datasource": variables.SOURCE,
        "enable": True,
        "hide": True,  # no switch: they are always shown
        "expr": expr,
        "iconColor": colour,
        "titleFormat": words[0],
        "textFormat": words[1],
        "tagKeys": "severity",
        "step": step,
    }
