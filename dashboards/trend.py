"""Trend: how are the servers doing?"""

from dashboards import frames, links, names, panels, report, theme, variables
from dashboards.dashboard import Board, Zone
from dashboards.download import download
from dashboards.notes import notes
from dashboards.queries import Only, ends
from dashboards.report import Report
from dashboards.targets import WITHIN_A_SCRAPE, rows
from exporter.catalogue import Scope

ENDS, REASONS, SERVERS, BUSIEST = 6, 7, 8, 9
NO_ENDS = "No connection ended while the exporter was scraped in this range. Imported history has no ends."


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
            variables.newest(),
            *variables.scraped(),
            *variables.range_before(),
            *variables.known(),
        ],
        [
            report.choices(links.TREND),
            download(links.TREND),
            notes(zone, (14, 0, 10, 2), links.TREND),
            *shown.totals((0, 2)),
            _busiest(shown, (20, 2, 4, 4)),
            *shown.charts((0, 6, 16, 12), (16, 6, 8, 12)),
            shown.table((0, 18, 24, 12)),
            _ends(),
            _reasons(),
            _servers(shown),
        ],
    )


def _ends() -> panels.Panel:
    colours = [panels.by_name(end, {"color": panels.fixed(colour)}) for end, colour in theme.END_COLOURS.items()]
    return panels.pie(
        ENDS,
        "How connections ended, while scraped",
        (0, 30, 8, 10),
        "Every end of a connection, by class. Aborted: the client went away without QUIT; "
        "terminated: the server ended it because of an error. Imported history has no ends.",
        [rows("A", f"sort_desc({ends(['end'])}>0)", WITHIN_A_SCRAPE)],
        unit=theme.COUNT,
        overrides=colours,
        empty=NO_ENDS,
    )


def _reasons() -> panels.Panel:
    fields = {"end": "End", "reason": "Reason", "Value": "Connections"}
    bar = {"custom.cellOptions": {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}, "unit": theme.COUNT}
    return panels.table(
        REASONS,
        "Why connections ended, while scraped",
        (8, 30, 16, 10),
        "Ends of connections by reason, within one scrape at each side of the range. Imported history has none.",
        [rows("A", f"{ends(['end', 'reason'])} > 0", WITHIN_A_SCRAPE)],
        sort=("Connections", True),
        overrides=[
            panels.by_name("Connections", {**bar, "min": 0, "color": panels.fixed(theme.BLUE)}),
            panels.by_name("End", {"custom.width": 130}),
            panels.by_name("Reason", {"custom.width": 200}),
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
        goal=links.url(links.TREND, links.TREND, server="${__value.text}"),
    )


def _servers(shown: Report) -> panels.Panel:
    goal = links.url(links.TREND, links.TREND, server="${__value.text}")
    return names.table(
        SERVERS,
        "Servers",
        (0, 40, 24, 8),
        "The totals of the range by server; a click on a name shows it alone.",
        source=BUSIEST,
        shown=shown,
        overrides=[panels.named("Server", "Only this server", goal)],
    )
