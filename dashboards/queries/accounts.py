"""The current behaviour of accounts: the last hour or day, exact within one scrape.

Cheap for tens of thousands of users: a few samples per series, nothing over days. History comes from the recording
rules of the alerts.
"""

from collections.abc import Sequence

from dashboards.queries.holds import largest, newest
from dashboards.queries.terms import DAY, HOUR, Only, Series
from exporter.catalogue import MEASURES, Scope

EVERYBODY = Only(folded=False)
SCRAPED = "10m"  # a counter that was not scraped for longer is not shown
HISTORY_DAYS = 14
LAST_LOGIN = "pop3_user_last_login_timestamp_seconds"
BUSIEST_HOUR = "pop3_user:connections:busiest14d"  # deploy/prometheus/rules; only for users above a small floor


def recent(series: Series, by: Sequence[str], hours: int) -> str:
    """The increase in the last `hours` before the newest sample; a user born in them counts in full.

    If nothing was scraped at their beginning: since the last sample before, else since the first one after.
    """
    window = SCRAPED if hours == 1 else "1h"
    now = newest(series, series.total, SCRAPED)
    then = f"max_over_time({series.total}[{window}] @ $until offset {hours}h)"
    new = f"0*(max_over_time({series.born}[{SCRAPED}] @ $until)>=$until-{HOUR * hours})"
    first = f"min by({series.keys})(min_over_time({series.total}[{hours}h] @ $until))"
    return f"sum by({','.join(by)})(clamp_min({now}-({largest(series, then, new)} or {first}),0))"


def usual_hour(series: Series, by: Sequence[str]) -> str:
    """The average hour of the whole days among the last 14, or since the user's birth."""
    days = HISTORY_DAYS
    end = newest(series, series.hold("day"), SCRAPED)
    begin = newest(series, series.hold("day"), "1h", f"$until offset {days}d")
    born = newest(series, series.born, SCRAPED)
    age = f"clamp_max(clamp_min(($until-({born}))/{DAY},1),{days})"
    return f"sum by({','.join(by)})(({end}-({begin} or 0*{born}))/({age}*24))"


def busiest_hour(only: Only, by: Sequence[str]) -> str:
    """The busiest hour of 14 days without the last hour, from a recording rule for users above its floor."""
    recorded = f"{BUSIEST_HOUR}{{{only.matchers()}}}"
    return f"max by({','.join(by)})(last_over_time({recorded}[30m] @ $until))"


def networks(only: Only, by: Sequence[str]) -> str:
    """Distinct networks of successful logins in 24 hours."""
    series = f"pop3_user_client_networks{{{only.matchers()}}}"
    return f"max by({','.join(by)})(last_over_time({series}[{SCRAPED}] @ $until))"


def unused(by: Sequence[str], only: Only = EVERYBODY) -> str:
    """The days since the last login by the log's stamps; since the birth if there was none."""
    series = users("connections", only)
    last = newest(series, f"{LAST_LOGIN}{{{only.matchers()}}}", SCRAPED)
    born = newest(series, series.born, SCRAPED)
    return f"floor(($until-max by({','.join(by)})(({last}>0) or {born} and {last}))/{DAY})"


def fired(alerts: str, by: str, *, subject: bool = False) -> str:
    """When which of these alerts fired; at all other times `no alert` or `not scraped`, both 0.

    The names come without `POP3` and `User` or `Account`. `subject`: the label of that name says whom or what an alert
    is about.
    """
    # Imported history has no instance: nobody looked for alerts then.
    seen = f'max(last_over_time(pop3_exporter_time_seconds{{instance!=""}}[{SCRAPED}]))'
    none = f'label_replace(0*{seen} unless on() {alerts},"alertname","no alert","","")'
    # Nothing is said of the time that is still to come.
    past = "(vector(0) and on() (vector(time())<=$watched))"
    unknown = f'label_replace({past} unless on() (max({alerts}) or {seen}),"alertname","not scraped","","")'
    found = f'label_replace(max by({by})({alerts}),"alertname","$1","alertname","POP3(?:User|Account)?(.+)")'
    for label in ("server", "domain", "user") if subject else ():  # the last one that it has
        found = f'label_replace({found},"subject","$1","{label}","(.+)")'
    return f"{found} or {none} or {unknown}"


def firing(only: Only) -> str:
    """The firing alerts, with the UNIX time since when in milliseconds (NaN if the store does not have it).

    As of the last evaluation, so also while no exporter is scraped. `place`: the server or, without one, the exporter.
    """
    labels = "alertname,severity,place,domain,user"

    def newest(series: str) -> str:
        found = f"last_over_time({series}[5m] @ $watched)"
        placed = f'label_replace(label_replace({found},"place","$1","instance","(.+)"),"place","$1","server","(.+)")'
        return f"max by({labels})({placed})"

    servers = f'server=~"{only.servers}|"'
    now = newest(f'ALERTS{{alertname=~"POP3.*",alertstate="firing",{servers}}}')
    since = newest(f'ALERTS_FOR_STATE{{alertname=~"POP3.*",{servers}}}')
    return f"({since}*1000 and on({labels}) {now}) or {now}*NaN"


def users(name: str, only: Only) -> Series:
    """The user series of the measure with that name."""
    return Series(Scope.USER, next(measure for measure in MEASURES if measure.name == name), only)
