"""Links between the dashboards: each carries the variables that its goal has, and the time range."""

from grafanalib import core

TREND, DOMAINS, DOMAIN, USER = "pop3-trend", "pop3-domains", "pop3-domain", "pop3-user"
SUSPICIOUS, EXPORTER, START = "pop3-suspicious", "pop3-exporter", "pop3-start"
RUNBOOKS = "https://pop3-exporter.example/deploy/runbooks/"  # as in the alerts
# What was clicked, and its neighbour, inside an address; unchanged, `&` and `+` of a name would have a meaning there.
CLICKED, DOMAIN_OF_ROW = "${__value.text:percentencode}", "${__data.fields.Domain:percentencode}"
TITLES = {
    START: "POP3 Start",
    TREND: "POP3 Trend",
    DOMAINS: "POP3 Domains",
    DOMAIN: "POP3 Domain",
    USER: "POP3 User",
    SUSPICIOUS: "POP3 Suspicious accounts",
    EXPORTER: "POP3 Exporter health",
}
TOOLTIPS = {
    START: "What is happening now",
    TREND: "The servers as a whole",
    DOMAINS: "All domains, heaviest first",
    DOMAIN: "One domain and its users",
    USER: "One account",
    SUSPICIOUS: "Accounts that may be compromised",
    EXPORTER: "Can the numbers be trusted?",
}
VARIABLES = {
    START: ("datasource", "server"),
    TREND: ("datasource", "server", "step", "chart"),
    DOMAINS: ("datasource", "server", "step", "chart"),
    DOMAIN: ("datasource", "server", "domain", "step", "chart"),
    USER: ("datasource", "server", "domain", "user", "step", "chart"),
    SUSPICIOUS: ("datasource", "server"),
    EXPORTER: ("datasource",),
}


def url(here: str, goal: str, **replaced: str) -> str:
    """The path to `goal` with what `here` knows of its variables; `replaced`: other values for some of them."""
    carried = [
        f"${{{name}:queryparam}}" for name in VARIABLES[goal] if name in VARIABLES[here] and name not in replaced
    ]
    return f"/d/{goal}?" + "&".join([*carried, *(f"var-{name}={value}" for name, value in replaced.items())])


def with_range(path: str) -> str:
    """The path with the time range in words: for links that Grafana does not give it by itself."""
    return f"{path}&${{__url_time_range}}"


# What the report's CSV file is broken down by; a domain's is that of its users.
CSV_BY = {TREND: "trend", DOMAINS: "domain", DOMAIN: "user", USER: "user"}


def csv(here: str) -> str:
    """Where a gateway as data source offers the whole report as a CSV file, with the choices of the page."""
    asked = {"by": CSV_BY[here], "step": "${step:text}", "from": "${__from}", "to": "${__to}", "tz": "${__timezone}"}
    words = [f"{name}={value}" for name, value in asked.items()] + ["${server:queryparam}"]
    words += ["domain=${domain:percentencode}"] if "domain" in VARIABLES[here] else []
    return "/api/datasources/proxy/uid/${datasource}/report.csv?" + "&".join(words)


def modes(here: str) -> list[core.DashboardLink]:
    """The links at the top of a dashboard to all the others."""
    return [
        core.DashboardLink(
            title=TITLES[goal].removeprefix("POP3 "),
            type="link",
            uri=url(here, goal),
            keepTime=True,
            icon="dashboard",
            tooltip=TOOLTIPS[goal],
        )
        for goal in TITLES
        if goal != here
    ]
