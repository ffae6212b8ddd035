"""The dashboard Trend: the servers as a whole."""

from dashboards import frames, links, names, panels, theme, variables
from dashboards.dashboard import Board, Zone
from dashboards.download import download
from dashboards.notes import notes
from dashboards.queries.terms import Only
from dashboards.queries.totals import ends
from dashboards.report import Report
from dashboards.targets import WITHIN_A_SCRAPE, rows
from exporter.catalogue import Scope

ENDS, REASONS, SERVERS, BUSIEST = 6, 7, 8, 9
NO_ENDS = (
    "No connection ended while the exporter was scraped in this range. Imported history has only the total of all ends."
)


def board(zone: Zone) -> Board:
    shown = Report(links.TREND, zone, Scope.SERVER, Only())
    return Board(
        links.TREND,
        "How are the servers doing? New and blocked connections, bad commands, terminations and bandwidth.",
        zone,
        [
            variables.datasource(),
            variables.server(),
            variables.step(hours=True),
            variables.chart(),
            *variables.newest(),
            *variables.known(zone.values, hours=True),
            *variables.range_before(),
        ],
        [
            *shown.totals((0, 0)),
            _busiest(shown, (16, 3, 8, 3)),
            notes(zone, (0, 6, 22, 3), links.TREND),
            download(links.TREND),
            *shown.charts(9),
            _ends((0, 19, 8, 10)),
            _reasons((8, 19, 16, 10)),
            _servers(shown, (0, 29, 24, 8)),
            shown.table(37),
        ],
    )


def _ends(place: panels.Place) -> panels.Panel:
    colours = [panels.by_name(end, {"color": panels.fixed(colour)}) for end, colour in theme.END_COLOURS.items()]
    return panels.pie(
        ENDS,
        "Ends while scraped",
        place,
        "How connections ended. Aborted: the client left without QUIT; terminated: the server ended it because"
        " of an error. Imported history has only the total of all ends.",
        [rows("A", f"sort_desc({ends(['end'])}>0)", WITHIN_A_SCRAPE)],
        unit=theme.COUNT,
        overrides=colours,
        empty=NO_ENDS,
        legend="bottom",
        values=("percent", "value"),
    )


def _reasons(place: panels.Place) -> panels.Panel:
    fields = {"end": "End", "reason": "Reason", "Value": "Connections"}
    bar = {"custom.cellOptions": {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}, "unit": theme.COUNT}
    return panels.table(
        REASONS,
        "Ends by reason, while scraped",
        place,
        "How connections ended, by reason; accurate to one scrape at each side of the range. Imported history"
        " has only the total of all ends.",
        [rows("A", f"{ends(['end', 'reason'])} > 0", WITHIN_A_SCRAPE)],
        sort=("Connections", True),
        overrides=[
            panels.by_name("Connections", {**bar, "min": 0, "color": panels.fixed(theme.BLUE)}),
            panels.by_name("End", {"custom.width": 105}),
            panels.by_name("Reason", {"custom.width": 150}),
        ],
        transformations=frames.columns(fields),
        totals=["Connections"],
        empty=NO_ENDS,
    )


def _busiest(shown: Report, place: panels.Place) -> panels.Panel:
    return names.busiest(
        BUSIEST,
        "Server",
        place,
        shown.total_targets("server"),
        shown.joined("server"),
        goal=links.url(links.TREND, links.TREND, server=links.CLICKED),
    )


def _servers(shown: Report, place: panels.Place) -> panels.Panel:
    goal = links.url(links.TREND, links.TREND, server=links.CLICKED)
    return names.table(
        SERVERS,
        "Servers",
        place,
        "Totals of the range by server. Click a name to show only that server.",
        source=BUSIEST,
        shown=shown,
        overrides=[panels.named("Server", "Only this server", goal)],
    )
