"""Which expressions may read metrics without a domain: those whose every word is understood, and no other."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.boards import all_boards
from dashboards.queries.lookups import known, newest_sample, range_before, watched, zone
from dashboards.queries.terms import filled
from exporter.gateway.constants import NOTHING, parts, vector
from exporter.gateway.exempt import AGGREGATIONS, EXEMPT, FUNCTIONS, OPERATORS, admitted
from exporter.gateway.tokens import NotOurs, tokens

OTHERS = ["pop3_connections_total", "pop3_domain_connections_total", "up", "ALERTS", "pop3_site_information", "x:y"]
KEYWORDS = {"by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset", "NaN", "Inf"}
WORDS = EXEMPT | AGGREGATIONS | FUNCTIONS | KEYWORDS | {"and", "or", "unless"}

# Of the dashboards' variables those that read nothing else.
LOOKED_UP = {"until", "west", "quarter", "today", "fresh", "first", "after", "odd", "odd_hours"}
VALUES = {
    "${domain:raw}": "a.example",
    "${user:raw}": "o'neill@a.example",
    "${__from:date:seconds}": "1790000000",
    "${__to:date:seconds}": "1795000000",
    "$server": "mx.*",
    "$step": "0",
    "${__range_s}": "5000000",
}
VALUES |= {f"${one.name}": "1795000000" for one in (newest_sample(), *watched(), *zone(), *known(), *range_before())}
ADMITTED = [
    "pop3_site_info",
    'pop3_site_info{time_zone!="UTC"}',
    "pop3_exporter_time_seconds[5m:1m]",
    "pop3_exporter_time_seconds @ 1795000000 offset -1h",
    *(filled(one.query, VALUES) for one in (newest_sample(), *zone(), *known()) if one.name in LOOKED_UP),
    'max by(server)(last_over_time(pop3_measure_quality_info{measure=~"(received|sent)_bytes"}[1h] @ 3))',
    'label_replace(max by(x)(last_over_time(pop3_site_info{time_zone!="UTC"}[1h])),"note","$1","time_zone","(.+)")',
    "count(pop3_measure_quality_info) by (server, quality,) > bool 2",
    "-(pop3_site_info + on(x) group_left(y) pop3_exporter_time_seconds) ^ 2e3 * NaN",
    'pop3_site_info{x="\\"} or up #"}',
    "pop3_site_info{x=`y\"} or up #'`}",
    "absent_over_time(pop3_exporter_time_seconds[30m]) and on() (vector(time()) < 5)",
]
REFUSED = [
    "",
    "1",
    "vector(1)",
    "up",
    "pop3_site_info or up",
    "pop3_site_info{} {}",
    "POP3_SITE_INFO",
    "pop3_site_info:x",
    "x:pop3_site_info",
    "1pop3_site_info",
    '{__name__="pop3_site_info"}',
    '{"pop3_site_info"}',
    'pop3_site_info{__name__=~".*"}',
    'pop3_site_info{"x"="y"}',
    "pop3_site_info{x='y'}",
    "pop3_site_info{x=`y\\`}",
    "pop3_site_info{x=`y\nz`}",
    "pop3_site_info{x=`y",
    'pop3_site_info{x="y"',
    'pop3_site_info{x="y" or z="y"}',
    'pop3_site_info{x="a\nb"}',
    "pop3_site_info # comment",
    "pop3_site_info @ end()",
    "pop3_site_info[up]",
    "pop3_site_info offset up",
    "info(pop3_site_info)",
    "rate(pop3_exporter_time_seconds[5m])",
    "sum by(server) pop3_site_info",
    "sum(pop3_site_info, {x='y'})",
    "label_replace(pop3_site_info,up,up,up,up)",
    "pop3_site_info pop3_site_info",
    "(pop3_site_info",
    "pop3_site_info)",
    "pop3_site_info;up",
    "pop3_site_info\0",
    "pop3_site_infö",
    "pop3_site_info or \u0440op3_site_info",
    "(" * 60 + "pop3_site_info" + ")" * 60,
    "pop3_site_info" + " + 1" * 20_000,
]


@pytest.mark.parametrize("text", ADMITTED)
def test_expressions_over_exempt_metrics_are_admitted(text: str) -> None:
    """What is sent on has the same words in the same order."""
    sent = admitted(text)
    assert sent is not None
    assert [word.text for word in tokens(text)] == [word.text for word in tokens(sent)]


RESTRICTED = {
    "pop3_measure_quality_info": 'pop3_measure_quality_info { server=~"mx1|a\\\\.b" }',
    "pop3_measure_quality_info{}": 'pop3_measure_quality_info { server=~"mx1|a\\\\.b" }',
    'pop3_measure_quality_info{x="y"}': 'pop3_measure_quality_info { server=~"mx1|a\\\\.b" , x = "y" }',
    "count by(pop3_measure_quality_info)(pop3_site_info)": (
        "count by ( pop3_measure_quality_info ) ( pop3_site_info )"
    ),
}


@pytest.mark.parametrize("text", RESTRICTED)
def test_questions_about_servers_are_limited_to_some(text: str) -> None:
    """Wherever the metric is read, and nowhere else; without a server nothing is found."""
    assert RESTRICTED[text] == admitted(text, ["mx1", "a.b"])
    assert RESTRICTED[text].replace("mx1|a\\\\.b", "") == admitted(text, [])


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_everything_else_is_not(text: str) -> None:
    """Another metric, another spelling, or a word without its place."""
    assert admitted(text) is None


NAMES = st.sampled_from(sorted(EXEMPT) + OTHERS)
NUMBERS = st.integers(0, 10**10).map(str)
LABELS = st.lists(st.sampled_from(["server", "quality", "__name__", "up", "by"]), max_size=2).map(", ".join)
TEXTS = st.text(alphabet='ab$"\\{}()\n #`', max_size=6).map(lambda text: f'"{text}"')


@st.composite
def selectors(draw: st.DrawFn) -> str:
    text = draw(NAMES)
    if draw(st.booleans()):
        label, operator = draw(st.sampled_from(["server", "__name__"])), draw(st.sampled_from(["=", "!=", "=~", "!~"]))
        text += f"{{{label}{operator}{draw(TEXTS)}}}"
    return text + draw(st.sampled_from(["", "[5m]", "[1h:5m]", " @ 5", " offset 1h", "[5m] offset -2d"]))


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(sorted(OPERATORS))
    functions = st.sampled_from(sorted(FUNCTIONS | {"info", "rate"}))
    return st.one_of(
        st.tuples(inner, operators, LABELS, inner).map(lambda one: f"{one[0]} {one[1]} on({one[2]}) {one[3]}"),
        st.tuples(functions, inner, TEXTS).map(lambda one: f"{one[0]}({one[1]}, {one[2]})"),
        st.tuples(st.sampled_from(sorted(AGGREGATIONS)), LABELS, inner).map(
            lambda one: f"{one[0]} by({one[1]})({one[2]})"
        ),
        inner.map(lambda one: f"({one})[1h:5m]"),
    )


EXPRESSIONS = st.recursive(st.one_of(selectors(), NUMBERS), _larger, max_leaves=6)
SOUP = st.lists(
    st.one_of(NAMES, NUMBERS, TEXTS, st.sampled_from([*"(){}[],@:=#'`", *sorted(OPERATORS | WORDS), "5m", '"', "\\"])),
    max_size=14,
).map(" ".join)


def metrics(text: str) -> set[str]:
    """The names in an expression outside of strings, label lists and braces, read by a cruder reader than ours."""
    bare = re.sub(r'"(?:\\.|[^"\\])*"', '""', text)
    bare = re.sub(r"\{[^}]*\}", "", bare)
    bare = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", "", bare)
    bare = re.sub(r"\b[0-9][\w.]*", "", bare)
    return set(re.findall(r"[A-Za-z_][\w:]*", bare)) - (WORDS - EXEMPT)


@given(st.one_of(EXPRESSIONS, SOUP))
def test_no_admitted_expression_reads_another_metric(text: str) -> None:
    """Whatever is put together out of PromQL's words: admitted means that only exempt metrics are named in it."""
    sent = admitted(text)
    if sent is not None:
        assert metrics(sent) <= EXEMPT
        assert "__name__" not in re.sub(r'"(?:\\.|[^"\\])*"', "", re.sub(r"\([^()]*\)", "", sent))


@given(EXPRESSIONS, st.sampled_from(OTHERS), st.sampled_from(sorted(OPERATORS)))
def test_another_metric_beside_it_spoils_every_expression(text: str, other: str, operator: str) -> None:
    """On either side of any operator."""
    assert (None, None) == (admitted(f"{text} {operator} {other}"), admitted(f"{other} {operator} {text}"))


@given(st.text(max_size=60))
def test_any_text_is_answered(text: str) -> None:
    """Words or NotOurs, never another error; the words are the text without its blanks."""
    try:
        words = tokens(text)
    except NotOurs:
        assert admitted(text) is None
        return
    assert re.sub(r"[ \t\r\n]", "", text) == re.sub(r"[ \t\r\n]", "", "".join(word.text for word in words))


def test_all_questions_about_quality_in_the_dashboards_are_found() -> None:
    """Every mention of the logs' quality in a report's query is either admitted as a whole or answered beforehand."""
    left = []
    for board in all_boards("Europe/Berlin"):
        for panel, target in board.targets():
            text = filled(
                target.expr,
                VALUES | {"${__range_s}": "4", "$__rate_interval": "4s", "${step:text}": "Day", "$step": "1"},
            )
            found = parts(text)
            if text.count("pop3_measure_quality_info") != len(found) and admitted(text) is None:
                left.append((board.uid, panel))
    assert [] == [one for one in left if one[0] != "pop3-exporter"]


def test_pieces_larger_than_any_of_the_dashboards_are_left_alone() -> None:
    """Neither many matchers nor long ones are worked through, or remembered."""
    piece = "max by(server)(last_over_time(pop3_measure_quality_info{{{}}}[1h] @ 3))"
    assert 1 == len(parts(piece.format('server=~"x"')))
    assert [] == parts(piece.format(",".join(['server=~"x"'] * 100)))
    assert [] == parts(piece.format(f'server=~"{"x" * 40_000}"'))
    assert [] == parts(piece.partition("{")[0] * 2000)


def test_constants_read_nothing() -> None:
    """Servers with any name become text that is only text."""
    assert NOTHING == vector([])
    text = vector(['a"} or up{x="', "$1", "mx\\1\n"])
    assert {"label_replace", "vector", "or"} == set(re.findall(r"[a-z_]+", re.sub(r'"(?:\\.|[^"\\])*"', "", text)))
    assert "$$1" in text
