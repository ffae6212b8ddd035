"""The link to the report as CSV: a tile that only has data if the data source is a gateway."""

from dashboards import links, panels, theme
from dashboards.panels import Place
from dashboards.queries.gateway import GATEWAY
from dashboards.targets import now

DOWNLOAD = 51
PLACE: Place = (22, 6, 2, 3)


def download(here: str) -> panels.Panel:
    """A link where the data source answers that it offers reports; nothing, also nothing to click, where it does not.

    No link of the dashboard: those are shown whatever the data source is.
    """
    link = {"title": "The whole report as a CSV file", "url": links.csv(here), "targetBlank": True}
    return panels.stat(
        DOWNLOAD,
        "",
        PLACE,
        "The whole report as a CSV file. This needs the gateway as data source; without it, use Inspect, Data"
        " in the menu of the table.",
        [now("A", GATEWAY, "⤓ CSV")],
        unit=theme.NONE,
        options={"textMode": "name", "justifyMode": "center", "text": {"titleSize": 14, "valueSize": 14}},
        defaults={"noValue": " ", "color": panels.fixed(theme.BLUE), "links": [link]},
        transparent=True,
    )
