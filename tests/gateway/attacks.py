"""The table of what a customer with a Viewer's login may try; test_attacks.py tries it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from tests.gateway.signing import Signer, unsigned, viewer
from tests.gateway.world import LAST, Door

T = str(LAST)
RANGE = {"start": str(LAST - 3600), "end": T, "step": "600"}
MONTH = {"from": "2026-11-02", "to": "2026-11-04"}

# PromQL that asks for what is not Alice's. `{}` is tried with every endpoint that takes a query.
QUERIES = {
    "another domain": 'pop3_domain_connections_total{domain="b.example"}',
    "another user": 'pop3_user_connections_total{user="ben@b.example"}',
    "all domains": "pop3_domain_connections_total",
    "all of everything": '{__name__=~".+"}',
    "names of all metrics": 'count by(__name__)({__name__!=""})',
    "a regular expression of domains": 'pop3_domain_connections_total{domain=~".*"}',
    "two domains in one expression": 'pop3_domain_connections_total{domain=~"a.example|b.example"}',
    "all but her own": 'pop3_domain_connections_total{domain!="a.example"}',
    "all but her own, by expression": 'pop3_domain_connections_total{domain!~"a.*"}',
    "series without a domain": 'pop3_connections_total{domain=""}',
    "the server's totals": "pop3_connections_total",
    "the server's totals minus her own": "pop3_connections_total - on() sum(pop3_domain_connections_total)",
    "sums over all domains": "sum(pop3_domain_connections_total)",
    "the largest": "topk(1,pop3_domain_connections_total)",
    "how many domains": "count(pop3_domain_first_seen_timestamp_seconds)",
    "a metric's name in braces": '{__name__="pop3_domain_connections_total",domain="b.example"}',
    "a metric's name in quotes": '{"pop3_domain_connections_total"}',
    "a matcher twice": 'pop3_domain_connections_total{domain="a.example",domain="b.example"}',
    "a matcher closed early": 'pop3_domain_connections_total{domain="a.example"} or x{y="}",domain="b.example"}',
    "either": 'pop3_domain_connections_total{domain="b.example" or domain="a.example"}',
    "at a time": f"pop3_domain_connections_total @ {LAST}",
    "at the end": "pop3_domain_connections_total @ end()",
    "an hour ago": "pop3_domain_connections_total offset 1h",
    "from the future": f"pop3_domain_connections_total @ {LAST - 7200} offset -1h",
    "a subquery": "max_over_time((pop3_domain_connections_total)[2h:30m])",
    "a subquery at a time": f"max_over_time(sum(pop3_connections_total)[2h:30m] @ {LAST})",
    "joined to her own": 'pop3_domain_connections_total{domain="a.example"} * on() group_right() '
    'pop3_domain_connections_total{server="mxb"}',
    "joined to the exporter's": 'vector(1) * on() group_right() pop3_exporter_unread_bytes{source=~"ben.*"}',
    "her label on others": 'label_replace(pop3_domain_connections_total{server="mxb"},"domain","a.example","","")',
    "others' label as text": 'label_replace(pop3_domain_connections_total,"x","$1","domain","(.*)")',
    "absent in others": 'absent(pop3_domain_connections_total{domain="b.example"}) * 0 + 1',
    "compared with others": 'pop3_domain_connections_total < on() sum(pop3_connections_total{domain=~"|b.*"})',
    "sorted by others": "sort_desc(pop3_user_connections_total)",
    "values of a label": 'count_values("user",pop3_user_connections_total)',
    "alerts of others": 'ALERTS{domain="b.example"}',
    "all alerts": "ALERTS",
    "recorded for others": "theirs",
    "the scrapes": "up",
    "an exempt metric and others": "pop3_site_info or pop3_domain_connections_total",
    "an exempt name as a prefix": 'pop3_site_info{} or {__name__=~"pop3_domain.*"}',
    "others behind a comment": "pop3_site_info # \n or pop3_domain_connections_total",
    "others behind a name's colon": "pop3_site_info:x or pop3_connections_total",
    "the exempt metric by another name": 'pop3_site_info{__name__=~".*"}',
    "an exempt metric with a hostile string": 'pop3_site_info{x="\\"} or pop3_connections_total #"}',
    "an exempt metric with backticks": 'pop3_site_info{x=`"`} or pop3_connections_total or pop3_site_info{x=`"`}',
    "the logs' quality around others": 'max by(server)(last_over_time(pop3_measure_quality_info{x="y"}[1h] @ 1))'
    " or sum(pop3_connections_total)",
    "info() around her own": 'info(pop3_domain_connections_total, {server="mxb"})',
    "a selector without a name": '{server="mxb"}',
    "utf-8 names": '{"pop3_connections_total", domain=~".*"}',
    "domains that look alike": "pop3_user_client_networks",
    "two series for one, in the words of an error": "pop3_user_connections_total * on(domain) "
    "pop3_user_connections_total",
    "all servers": "pop3_measure_quality_info",
    "all servers, by a label": "count by(server)(pop3_measure_quality_info{})",
    "another server": 'pop3_measure_quality_info{server="mxb"}',
    "another server, by a pattern": 'pop3_measure_quality_info{measure=~".*",server=~"mxb|x"}',
    "another server, by a number": 'count(pop3_measure_quality_info{server="mxb"}) * 4e15',
    "another server, as a constant": "sum by(server)(pop3_domain_connections_total) or "
    f'max by(server)(last_over_time(pop3_measure_quality_info{{measure="connections"}}[1h] @ {LAST}))',
    "another server, renamed": 'label_replace(pop3_measure_quality_info{server="mxb"},"domain","$1","server","(.*)")',
    "exempt series, in the words of an error": "pop3_measure_quality_info * on() pop3_measure_quality_info",
    "others, in the words of an error": "pop3_site_info * on() group_left() pop3_connections_total",
    "an unknown function": "others(pop3_connections_total)",
    "the sum of what is exempt and what is not": "pop3_exporter_time_seconds * 0 + on() sum(pop3_connections_total)",
    "a domain with a tail": 'pop3_domain_connections_total{domain=~"a.example|.*"}',
}


@dataclass(frozen=True)
class Attack:
    """A request of Alice's; `method` GET unless said."""

    path: str
    parameters: Mapping[str, str | list[str]] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    body: str = ""
    token: str = "HERS"  # the name of a token: hers, none, or one of TOKENS

    @property
    def words(self) -> str:
        """All that she says herself, and may therefore be told again."""
        return unquote_plus(f"{self.path} {self.parameters} {self.headers} {self.body}")


def _queries(path: str, more: dict[str, str], method: str) -> dict[str, Attack]:
    return {
        f"{method} {path.rpartition('/')[2]}: {name}": Attack(path, {"query": query, **more}, method=method)
        for name, query in QUERIES.items()
    }


def _matches(path: str) -> dict[str, Attack]:
    selectors = [
        *("pop3_domain_connections_total", 'pop3_connections_total{domain=""}', '{__name__=~".+"}', "theirs"),
        *('{domain="b.example"}', '{domain=~".*"}', '{domain!="a.example"}', '{server="mxb"}'),
    ]
    one = {f"GET {path}: {text}": Attack(path, {"match[]": text}) for text in selectors}
    return one | {
        f"GET {path}": Attack(path),
        f"GET {path}: several": Attack(path, {"match[]": selectors}),
        f"POST {path}: several": Attack(path, {"match[]": selectors}, method="POST"),
        f"POST {path}: one in the address": Attack(
            f"{path}?match[]=pop3_domain_connections_total", {"match[]": "x"}, method="POST"
        ),
        f"GET {path}: an empty one": Attack(path, {"match[]": ""}),
        f"GET {path}: since ever": Attack(path, {"match[]": '{__name__=~".+"}', "start": "0", "end": "9999999999"}),
    }


HIDDEN = [
    *("/federate", "/api/v1/federate", "/api/v1/query_exemplars", "/api/v1/metadata", "/api/v1/targets"),
    *("/api/v1/targets/metadata", "/api/v1/read", "/api/v1/write", "/api/v1/status/config", "/api/v1/status/flags"),
    *("/api/v1/status/tsdb", "/api/v1/status/runtimeinfo", "/api/v1/status/buildinfo", "/api/v1/status/walreplay"),
    *("/api/v1/admin/tsdb/snapshot", "/api/v1/alertmanagers", "/api/v1/scrape_pools", "/api/v1/format_query"),
    *("/api/v1/parse_query", "/api/v1/notifications", "/api/v2/alerts", "/api/v2/silences", "/graph", "/config", "/"),
    *("/debug/pprof/heap", "/healthz", "/metrics", "/consoles/index.html.example", "/-/reload", "/-/quit"),
    *("/api/v1/query/", "/api/v1//query", "/api/v1/rules/", "/api/v1/alerts/", "/API/v1/query", "/api/v1/query;x"),
    *("/api/v1/query/../federate", "/api/v1/query/..%2ffederate", "/%61pi/v1/federate", "/api/v1/query%00"),
    *("/api/v1/label/domain%2fvalues%3f/values", "/api/v1/label/..%2f..%2fseries/values", "/report.csv/"),
    *("/report.csv%00", "/otlp/v1/metrics", "http://127.0.0.1:9090/federate"),
]


def _reports() -> dict[str, Attack]:
    asked: dict[str, dict[str, str | list[str]]] = {
        "another domain": {"domain": "b.example"},
        "another domain, upper case": {"domain": "B.EXAMPLE"},
        "domains as a list": {"domain": "a.example,b.example"},
        "domains as an expression": {"domain": "a.example|b.example"},
        "every domain": {"domain": ".*"},
        "a domain twice": {"domain": ["a.example", "b.example"]},
        "out of the string": {"domain": 'a.example"} or pop3_domain_connections_total{domain=~".*'},
        "no domain": {"domain": ""},
        "the domain of all": {"domain": "unknown"},
        "another user": {"user": "ben@b.example"},
        "out of the user's string": {"user": 'x"} or pop3_user_connections_total{domain="b.example'},
        "the other's server": {"server": "mxb"},
        "out of the server's string": {"server": 'x"} or pop3_domain_connections_total{domain=~".*'},
        "servers as an expression": {"var-server": ".*|mxb"},
        "out of the range": {"from": "0) or pop3_connections_total or (0"},
        "out of the step": {"step": 'Day"} or pop3_connections_total'},
        "out of the mode": {"by": 'user"} or x'},
        "out of the end": {"to": "2026-11-04) or pop3_connections_total"},
        "numbers in other digits": {"from": "\u0662\u0660\u0662\u0666-11-02"},
        "no number": {"from": "NaN", "to": "inf"},
        "a number too large": {"from": "1e400", "to": "9" * 400},
        "the largest milliseconds": {"from": "99999999999998", "to": "99999999999999"},
        "before all time": {"from": "-1", "to": "0000-00-00"},
        "a mark before all": {"bom": "\r\nX: 1", "domain": "\ufeffb.example"},
        "letters that look alike": {"domain": "b.exam\u0440le"},
        "letters that normalise": {"domain": "\uff42.example"},
        "a dot at the end": {"domain": "b.example."},
        "a blank at the end": {"domain": "b.example "},
        "out of the sort": {"sort": "new_connections;x"},
        "out of the zone": {"tz": 'UTC"} or x'},
        "of another organisation": {"orgId": "3", "organisation": "3"},
        "as an administrator": {"administrator": "true"},
        "a header": {"domain": "a.example\r\nX-Evil: 1"},
    }
    found = {}
    for name, parameters in asked.items():
        for by in ("trend", "domain", "user"):
            for ending in ("csv", "json"):
                found[f"report.{ending} by {by}: {name}"] = Attack(
                    f"/report.{ending}", {"by": by, "step": "day", **MONTH, **parameters}
                )
    return found


def _headers() -> dict[str, Attack]:
    asked = {"query": "pop3_domain_connections_total", "time": T}

    def with_headers(*headers: tuple[str, str], token: str = "HERS") -> Attack:
        return Attack("/api/v1/query", asked, headers, token=token)

    good, stranger = "GOOD", Signer().token(viewer("root", 1, now=LAST))
    return {
        "headers: the domains": with_headers(("X-Pop3-Domains", "b.example")),
        "headers: the domains, in another case": with_headers(("x-POP3-domains", "b.example")),
        "headers: the domains, twice": with_headers(("X-Pop3-Domains", "a.example"), ("X-Pop3-Domains", "b.example")),
        "headers: the domains, empty": with_headers(("X-Pop3-Domains", "")),
        "headers: the domains with underscores": with_headers(("X_Pop3_Domains", "b.example")),
        "headers: two tokens": with_headers(("X-Grafana-Id", stranger)),
        "headers: the same token twice": with_headers(("X-Grafana-Id", good)),
        "headers: a user's name instead": with_headers(("X-Grafana-User", "root"), token="NONE"),
        "headers: an organisation": with_headers(("X-Grafana-Org-Id", "1")),
        "headers: a forged token": with_headers(("X-Grafana-Id", stranger), token="NONE"),
        "headers: an authorization": with_headers(("Authorization", "Basic cm9vdDpyb290"), token="NONE"),
        "headers: another method": with_headers(("X-HTTP-Method-Override", "DELETE")),
        "headers: another host": with_headers(("Host", "prometheus:9090"), ("X-Forwarded-Host", "prometheus")),
        "headers: another path": with_headers(("X-Original-URL", "/federate"), ("X-Rewrite-URL", "/federate")),
        "headers: none at all": with_headers(token="NONE"),
    }


def _forms() -> dict[str, Attack]:
    other = "pop3_domain_connections_total%7Bdomain%3D%22b.example%22%7D"

    def form(path: str, body: str, kind: str = "application/x-www-form-urlencoded") -> Attack:
        return Attack(path, headers=(("Content-Type", kind),), method="POST", body=body)

    return {
        "form: the query twice": form("/api/v1/query", f"query=vector(1)&query={other}&time={T}"),
        "form: an empty query first": form("/api/v1/query", f"query=&query={other}&time={T}"),
        "form: one in the address, one inside": form(f"/api/v1/query?query=vector(1)&time={T}", f"query={other}"),
        "form: semicolons": form("/api/v1/query", f"query=vector(1);query={other}"),
        "form: other case": form("/api/v1/query", f"query=vector(1)&Query={other}&QUERY={other}"),
        "form: JSON": form("/api/v1/query", '{"query":"pop3_domain_connections_total"}', "application/json"),
        "form: multipart": form("/api/v1/query", f"--x\r\n\r\n{other}\r\n--x--", "multipart/form-data; boundary=x"),
        "form: no kind": form("/api/v1/query", f"query={other}", ""),
        "form: a byte that is no text": form("/api/v1/query", "query=%ff%fe"),
        "form: a null byte": form("/api/v1/query", f"query=vector(1)%00{other}"),
        "form: a thousand fields": form("/api/v1/series", "&".join(["match[]=up"] * 1000)),
        "form: half a megabyte": form("/api/v1/query", "query=" + "1%2B" * 150_000 + "1"),
        "form: nested a thousand times": form("/api/v1/query", f"query={'(' * 1000}pop3_site_info{')' * 1000}"),
        "form: upper-case keywords": form("/api/v1/query", f"query=SUM(pop3_connections_total)&time={T}"),
    }


# Instead of hers: what is signed by somebody else, for somebody else, for another time, or not at all.
TOKENS: dict[str, Callable[[Door], str]] = {
    "forged": lambda door: Signer().token(viewer("root", 1, 1, door.clock), role="Admin"),
    "expired": lambda door: door.signer.token(viewer("carol", 3, 3, door.clock - 700)),
    "not yet valid": lambda door: door.signer.token(viewer("carol", 3, 3, door.clock + 100)),
    "unsigned": lambda door: unsigned(viewer("root", 1, 1, door.clock) | {"role": "Admin"}),
    "unsigned, said to be signed": lambda door: unsigned(viewer("carol", 3, 3, door.clock), "ES256"),
    "with the signature of hers": lambda door: unsigned(
        viewer("carol", 3, 3, door.clock), "ES256", signature=door.token().rpartition(".")[2]
    ),
    "with its own key": lambda door: (stranger := Signer()).token(
        viewer("carol", 3, 3, door.clock), headers={"jwk": stranger.jwk}
    ),
    "of another Grafana": lambda door: door.token("carol", 3, 3, iss="http://other.example/"),
    "of another organisation": lambda door: door.token("alice", 3, 7),
    "of all organisations": lambda door: door.token("root", 1, 1, aud=["org:1", "org:2", "org:3"], role="Admin"),
    "of an administrator of her organisation": lambda door: door.token("root", 2, 1, role="Admin"),
    "of a service account": lambda door: door.token("carol", 3, 3, type="service-account", sub="service-account:3"),
    "of a visitor": lambda door: door.token("carol", 3, 0, type="anonymous", sub="anonymous:0", role="Admin"),
    "of an API key": lambda door: door.token("carol", 3, 3, type="api-key", sub="api-key:3"),
    "of the image renderer": lambda door: door.token("root", 1, 0, type="render", sub="render:0", role="Admin"),
}


def _tokens() -> dict[str, Attack]:
    query = {"query": "pop3_domain_connections_total", "time": T}
    found = {}
    for name in TOKENS:
        found[f"token {name}: a query"] = Attack("/api/v1/query", query, token=name)
        found[f"token {name}: a report"] = Attack("/report.csv", {"by": "user", **MONTH}, token=name)
    return found


ATTACKS: dict[str, Attack] = {
    **_queries("/api/v1/query", {"time": T}, "POST"),
    **_queries("/api/v1/query_range", RANGE, "GET"),
    **_matches("/api/v1/series"),
    **_matches("/api/v1/labels"),
    **_matches("/api/v1/label/domain/values"),
    **_matches("/api/v1/label/user/values"),
    **_matches("/api/v1/label/__name__/values"),
    **_matches("/api/v1/label/source/values"),
    **{f"hidden: {path}": Attack(path, {"match[]": '{__name__=~".+"}', "query": "up"}) for path in HIDDEN},
    **{f"hidden by POST: {path}": Attack(path, {"query": "up"}, method="POST") for path in HIDDEN},
    **{
        f"{method} a query": Attack("/api/v1/query", {"query": "theirs"}, method=method) for method in ("PUT", "DELETE")
    },
    "rules": Attack("/api/v1/rules"),
    "rules of one kind": Attack("/api/v1/rules", {"type": "alert"}),
    "rules by name": Attack("/api/v1/rules", {"rule_name[]": "Theirs", "match[]": '{domain="b.example"}'}),
    "alerts": Attack("/api/v1/alerts"),
    "alerts of another": Attack("/api/v1/alerts", {"filter": 'domain="b.example"', "domain": "b.example"}),
    **_reports(),
    **_headers(),
    **_forms(),
    **_tokens(),
}
