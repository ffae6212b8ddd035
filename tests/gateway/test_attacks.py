"""What a customer with a Viewer's login may try: none of it yields a name or a number of another customer.

Alice has a.example. b.example is somebody else's: its user is ben, its server mxb, its numbers beyond 10^13.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateway.attacks import ATTACKS, TOKENS, Attack, T
from tests.gateway.world import LAST, SECRET, Door, numbers

pytestmark = [pytest.mark.tool("prometheus", "promtool", "prom-label-proxy"), pytest.mark.timeout(120)]

STRANGE = ("b.example", "ben@", "mxb", "cleo", "c.example", str(SECRET))
BIG = 1e13  # milliseconds since 1970 are smaller


def answer(door: Door, attack: Attack) -> tuple[int, str]:
    """What Alice gets."""
    headers = [(name, door.token() if value == "GOOD" else value) for name, value in attack.headers]
    if attack.token != "NONE":
        headers.append(("X-Grafana-Id", door.token() if attack.token == "HERS" else TOKENS[attack.token](door)))
    url = attack.path if attack.path.startswith("http") else str(door.client.base_url).rstrip("/") + attack.path
    url = url.replace("http://127.0.0.1:9090", str(door.client.base_url).rstrip("/"))
    posted = attack.method != "GET" and bool(attack.parameters)
    found = door.client.request(
        attack.method,
        url,
        params=None if posted or not attack.parameters else attack.parameters,
        data=attack.parameters if posted else None,
        content=attack.body or None,
        headers=headers,
    )
    return found.status_code, found.text


@pytest.mark.parametrize("name", ATTACKS)
def test_no_attack_shows_another_customer(name: str, door: Door) -> None:
    """Neither a name nor a number of b.example or c.example, whatever the status.

    Errors may say again what she said: the query, a parameter. Nothing else, and good answers not even that.
    """
    attack = ATTACKS[name]
    code, text = answer(door, attack)
    is_error = text.startswith('{"status":"error"')
    assert [] == [word for word in STRANGE if word in text and not (is_error and word in attack.words)], text[:500]
    if text.startswith(("{", "[")):
        assert [] == [number for number in numbers(text) if number >= BIG]
    assert not 500 <= code < 600, text[:500]


REFUSED = (
    *(
        "hidden",
        "token",
        "headers: the domains",
        "headers: two tokens",
        "headers: the same token twice",
        "form: the query twice",
    ),
    *("form: an empty query first", "form: one in the address, one inside"),
)


@pytest.mark.parametrize("name", [name for name in ATTACKS if name.startswith(REFUSED)])
def test_what_is_not_offered_is_refused(name: str, door: Door) -> None:
    """Nothing but the query API answers, and headers that only the gateway may set are an error."""
    code, text = answer(door, ATTACKS[name])
    harmless = name == "headers: the domains with underscores"
    assert (200 if harmless else 400) <= code < (300 if harmless else 500), text[:300]


METRICS = st.sampled_from(
    [
        "pop3_domain_connections_total",
        "pop3_user_connections_total",
        "pop3_connections_total",
        "ALERTS",
        "pop3_site_info",
    ]
)
MATCHERS = st.sampled_from(
    [
        "",
        '{domain="b.example"}',
        '{domain=~".+"}',
        '{domain!="a.example"}',
        '{user=~"b.*"}',
        '{domain=""}',
        '{server="mxb"}',
    ]
)
SELECTORS = st.tuples(METRICS, MATCHERS, st.sampled_from(["", f"@ {LAST}", "offset 1h", f"@ {LAST} offset 30m"]))
FIRST_ARGUMENTS = {"topk": "3,", "count_values": '"v",'}
PROMQL = st.recursive(
    SELECTORS.map(" ".join),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["or", "unless on()", "and on()", "* on() group_left()"]), inner).map(
            " ".join
        ),
        st.tuples(st.sampled_from(["sum by(domain,user)", "topk", "count_values", "group"]), inner).map(
            lambda one: f"{one[0]}({FIRST_ARGUMENTS.get(one[0], '')}{one[1]})"
        ),
        inner.map(lambda one: f'label_replace({one},"domain","a.example","","")'),
        inner.map(lambda one: f"max_over_time(({one})[2h:30m])"),
        inner.map(lambda one: f"absent({one})"),
    ),
    max_leaves=5,
)


@settings(max_examples=60)
@given(PROMQL)
def test_no_expression_names_another_customer(door: Door, query: str) -> None:
    """Whatever is put together out of selectors, operators and functions."""
    found = door.post("/api/v1/query", query=query, time=T).json()
    assert [] == [word for word in STRANGE if word in found.get("error", "") and word not in query]
    labels = [row["metric"] for row in found["data"]["result"]] if "data" in found else []
    # What absent() answers are the words of the question.
    strange = [label for label in labels if set(label.values()) & {"b.example", "ben@b.example", "c.example", "mxb"}]
    assert "absent" in query or [] == strange


def test_somebody_with_two_domains_gets_just_these(door: Door) -> None:
    """A list of domains is no regular expression: names that look alike are others."""
    rows = door.rows("sum by(domain)(pop3_user_client_networks)", door.token("dora", number=9))
    assert {"a.example", "c.example"} == {row["metric"]["domain"] for row in rows}


def test_what_the_label_proxy_refuses_is_logged(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    """Who reaches for another domain stands in the log; who mistypes learns what is wrong."""
    answers = [
        door.post("/api/v1/query", query='pop3_domain_connections_total{domain="b.example"}'),
        door.post("/api/v1/query", query="pop3_domain_connections_total{"),
        door.get("/api/v1/labels", match="pop3_domain_connections_total{"),
    ]
    assert [400, 400, 400] == [one.status_code for one in answers]
    assert "unexpected end of input inside braces" in answers[1].json()["error"]
    who = "'alice' (user:7, organisation 2)"
    assert [
        f"refused /api/v1/query to {who}: domain",
        f"refused /api/v1/query to {who}: parameters",
        f"refused /api/v1/labels to {who}: parameters",
    ] == [record.getMessage() for record in caplog.records]


def test_her_own_numbers_are_there(door: Door) -> None:
    """The table above would pass if nothing were shown at all: her own domain is."""
    rows = door.rows("sum by(domain)(pop3_domain_connections_total)")
    assert [("a.example", True)] == [(row["metric"]["domain"], float(row["value"][1]) > 10) for row in rows]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["series", "labels"])
def test_what_is_asked_for_is_what_is_answered(path: str, method: str, door: Door) -> None:
    """The selector chooses among her own series, also in a form; one that finds nothing gets nothing."""
    for selector, found in (("pop3_user_client_networks", True), ("pop3_nothing", False)):
        asked, headers = {"match[]": selector}, {"X-Grafana-Id": door.token()}
        address, form = (asked, None) if method == "GET" else (None, asked)
        request = door.client.build_request(method, f"/api/v1/{path}", headers=headers, params=address, data=form)
        answer = door.client.send(request).json()["data"]
        assert bool(answer) == found
        assert {selector} >= {labels["__name__"] for labels in answer if path == "series"}


def test_the_operator_sees_everything(door: Door) -> None:
    """The same question by an administrator of another organisation."""
    rows = door.rows("sum by(domain)(pop3_domain_connections_total)", door.operator())
    assert {"a.example", "b.example", "c.example", "unknown"} == {row["metric"]["domain"] for row in rows}
