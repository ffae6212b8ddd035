"""What Grafana 11.6, 12.4 and 13 make of Prometheus's answers, by their own code: tables, charts and CSV, to the cell.

Transformations that live in Grafana's app, in none of its packages, cannot be run: a panel that has one fails here.
"""

from collections.abc import Callable
from copy import deepcopy

import pytest

from dashboards.health import MEASURE_TITLES
from tests.dashboards import scenario
from tests.dashboards.grafana import Json
from tests.dashboards.grafana_data import VERSIONS, Opened, Shown, show
from tests.dashboards.site import Site
from tests.dashboards.test_numbers import RANGES, UIDS, Asked, boards, opened
from tests.dashboards.transformed import BY_STEP, CHARTS, COUNTS, LARGEST, Case, complaints
from tests.prometheus_server import PrometheusServer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.tool("node", "npm", "prometheus", "promtool"),
    pytest.mark.timeout(300),  # a few hundred megabytes come from the registry
]

REPORTS, WATCHED = UIDS[:4], UIDS[4:]
WITHOUT_BYTES = Case("pop3-trend", RANGES["a server without bytes"])
CASES = [
    *(Case(uid, step=step) for uid in REPORTS for step in ("Day", "Week", "Month", "Quarter")),
    # Hours are exact where no line is late.
    *(Case(uid, Asked("2026-10-26", "2026-10-28"), "Hour") for uid in REPORTS if uid != "pop3-user"),
    *(Case(uid, chart=chart) for uid in REPORTS for chart in CHARTS if chart != "bars"),
    *(Case(uid) for uid in WATCHED),
    WITHOUT_BYTES,
]
NIGHT = Case("pop3-trend", Asked("2026-10-25", "2026-10-25"), "Hour")
WITH_ENDED = Case("pop3-exporter", RANGES["a server without bytes"])
EMPTY = [Case(uid, Asked("2026-09-01", "2026-09-07")) for uid in (*REPORTS, "pop3-suspicious")]
CONFIGURED = {"id": "configFromQuery", "options": {"configRefId": "P", "mappings": []}}
Change = Callable[[Json], object]
Pages = dict[Case, Opened]
Results = dict[str, dict[str, Shown]]  # by case or what is broken, then by panel


def without(kind: str, which: int = 0) -> Change:
    """The panel lacks a transformation."""

    def change(panel: Json) -> None:
        steps = panel["transformations"]
        steps.remove([step for step in steps if step["id"] == kind][which])

    return change


def first(kind: str) -> Change:
    """A transformation comes before those that it relies on."""

    def change(panel: Json) -> None:
        panel["transformations"].sort(key=lambda step: step["id"] != kind)

    return change


def options(kind: str, **changed: object) -> Change:
    def change(panel: Json) -> None:
        next(step for step in panel["transformations"] if step["id"] == kind)["options"] |= changed

    return change


def falling(title: str) -> list[Json]:
    return [{"field": title, "desc": True}]


def overrides(change: Callable[[list[Json]], object]) -> Change:
    return lambda panel: change(panel["fieldConfig"]["overrides"])


# What is broken: page, panel, change.
BROKEN: dict[str, tuple[Case, str, Change]] = {
    "columns have no titles": (Case("pop3-trend"), COUNTS, without("organize")),
    "columns stand as they come": (Case("pop3-trend", step="Week"), COUNTS, options("organize", indexByName={})),
    "all columns are kept": (Case("pop3-trend"), COUNTS, without("filterFieldsByName")),
    "what is not logged is no number": (WITHOUT_BYTES, COUNTS, without("convertFieldType")),
    "columns become numbers before they have names": (WITHOUT_BYTES, COUNTS, first("convertFieldType")),
    "the period is no time": (Case("pop3-trend"), COUNTS, without("convertFieldType", 1)),
    "the newest period comes first": (Case("pop3-trend"), COUNTS, options("sortBy", sort=falling("Period"))),
    "queries are joined by time": (Case("pop3-trend"), COUNTS, options("joinByField", byField="Time")),
    "queries are not joined": (Case("pop3-user"), COUNTS, without("joinByField")),
    "domains are not sorted": (Case("pop3-domains"), "Busiest domain", options("sortBy", sort=falling("Domain"))),
    "users are joined by domain": (Case("pop3-domains"), "Busiest user", without("merge")),
    "domains are no columns": (Case("pop3-domains"), LARGEST, without("groupingToMatrix")),
    "domains have no order": (Case("pop3-domains"), LARGEST, without("sortBy")),
    "the domains' axis is no time": (Case("pop3-domains"), LARGEST, without("convertFieldType", 2)),
    "shares have no order": (Case("pop3-domains"), "Share of bandwidth", without("sortBy")),
    "bounds look exact": (Case("pop3-trend"), BY_STEP, overrides(lambda rules: rules.pop(-10))),
    "charts have no style": (Case("pop3-trend"), COUNTS, overrides(lambda rules: rules.pop(1))),
    "names are set back at once": (Case("pop3-trend"), COUNTS, overrides(list.reverse)),
    "names are not set back": (Case("pop3-domains"), LARGEST, overrides(list.pop)),
    "days are written as instants": (Case("pop3-trend"), BY_STEP, overrides(lambda rules: rules.pop(1))),
}


@pytest.fixture(scope="module")
def pages(prometheus: PrometheusServer) -> Pages:
    """Every case opened, with Prometheus's answers."""
    cases = [*CASES, *EMPTY, NIGHT, WITH_ENDED]
    return {
        case: Opened(opened(boards()[case.uid], case.asked, prometheus, case.step), scenario.ZONE) for case in cases
    }


@pytest.fixture(scope="module", params=VERSIONS)
def results(request: pytest.FixtureRequest, pages: Pages) -> Results:
    """What one version shows of all cases, whole and broken."""
    jobs = {str(case): page.job(case.chart) for case, page in pages.items()}
    jobs |= {name: broken(jobs[str(case)], title, change) for name, (case, title, change) in BROKEN.items()}
    return show(request.param, jobs)


def broken(job: Json, title: str, change: Change) -> Json:
    job = deepcopy(job)
    change(next(panel for panel in job["panels"] if panel["title"] == title))
    return job


@pytest.mark.parametrize("case", CASES, ids=str)
def test_panels_show_what_the_log_says(case: Case, results: Results, pages: Pages, site: Site) -> None:
    """Tables on the page and as CSV, formatted and raw, and the charts' series in the chosen form."""
    assert not complaints(case, pages[case], results[str(case)], site)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_panel_is_noticed(name: str, results: Results, pages: Pages, site: Site) -> None:
    """With one transformation or style broken, the comparison complains."""
    case, _, _ = BROKEN[name]
    assert complaints(case, pages[case], results[name], site)


def test_every_panel_that_transforms_is_run(results: Results) -> None:
    """None is left out, also none that shows the rows of another one."""
    for uid in UIDS:
        for panel in boards()[uid].json()["panels"]:
            if panel.get("transformations") or any("panelId" in target for target in panel.get("targets", ())):
                assert 1 == results[str(Case(uid))][panel["title"]].frames


@pytest.mark.parametrize("version", VERSIONS)
def test_what_only_the_app_has_is_told(version: str, pages: Pages) -> None:
    """A panel whose transformation no package has is not shown untransformed, as if that were right."""
    case = Case("pop3-user")
    job = broken(pages[case].job(case.chart), COUNTS, lambda panel: panel["transformations"].append(CONFIGURED))
    with pytest.raises(RuntimeError, match="configFromQuery lives in Grafana's app"):
        show(version, {"configured": job})


@pytest.mark.skipif(scenario.ZONE != "Europe/Berlin", reason="another zone's night is another one")
def test_the_doubled_hour_of_autumn_is_two_rows(results: Results) -> None:
    """In the night in which the clock goes back, 02:00 stands there twice, once in each offset."""
    hours = [row[0] for row in results[str(NIGHT)][BY_STEP].table[1:]]
    assert 25 == len(hours)
    assert ["2026-10-25 02:00 CEST", "2026-10-25 02:00 CET"] == hours[2:4]


def test_what_the_logs_tell(results: Results, site: Site) -> None:
    """A row per server and a column per measure, also of a server whose log lacks some."""
    titles, *rows = results[str(WITH_ENDED)]["What each log records"].table
    assert ["mx1 · log", "mx2 · log", "win1 · log"] == sorted(row[0] for row in rows)
    for server, *cells in rows:
        found = dict(zip(titles[1:], cells, strict=True))
        quality = {name: site.quality.get((server.partition(" ")[0], name), "exact") for name in MEASURE_TITLES}
        words = {"none": "not logged", "lower_bound": "at least"}
        assert found == {MEASURE_TITLES[name]: words.get(one, one) for name, one in quality.items()}


@pytest.mark.parametrize("case", EMPTY, ids=str)
def test_without_anything_logged_there_are_no_rows(case: Case, results: Results) -> None:
    """No transformation makes a row of nothing."""
    for title, panel in results[str(case)].items():
        assert [] == panel.csv(formats=False)[1:], title
        # Where columns are left, Grafana shows those instead of the panel's words.
        assert not panel.titles, title
