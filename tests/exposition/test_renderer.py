"""What /metrics says is what the view and the clock say."""

import subprocess
from collections.abc import Iterator
from datetime import date
from itertools import product

import pytest
from hypothesis import given, settings
from prometheus_client.parser import text_string_to_metric_families

from exporter.catalogue import MEASURES, REASONS, SCOPES, Quality, Reason, Scope
from exporter.exposition.families import Group, UnknownGroupError, choose
from exporter.exposition.renderer import ALL_GROUPS, Exposition
from exporter.model import Row, SourceCount, View
from tests.exposition.views import BERLIN, NOW, amounts, hostile_views, large_view, view

Sample = tuple[str, tuple[tuple[str, str], ...]]
TODAY = BERLIN.day(NOW)
HOUR = BERLIN.hour(NOW)


def render(shown: View, now: float = NOW, groups: frozenset[Group] = ALL_GROUPS) -> str:
    return b"".join(Exposition(BERLIN).render(shown, now, groups)).decode()


def read(text: str) -> dict[Sample, float]:
    """What prometheus_client's own parser makes of the text; a sample that comes twice fails."""
    found: dict[Sample, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, tuple(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


def truth(shown: View) -> Iterator[tuple[Sample, float]]:
    """The series of the scopes as the catalogue defines them, for rows without today's additions."""
    for scope in SCOPES:
        for row in shown.rows[scope].values():
            labels = tuple(zip(scope.labels, row.labels, strict=True))
            yield (scope.first_seen, labels), row.first_seen
            for measure, total in zip(MEASURES, row.totals, strict=True):
                yield (scope.total(measure), labels), total
                yield (scope.hold(measure, "day"), labels), total
                if scope.has_hours:
                    yield (scope.hold(measure, "hour"), labels), total
            if scope is Scope.USER:
                yield ("pop3_user_client_networks", labels), shown.networks[row.labels]
                yield ("pop3_user_last_login_timestamp_seconds", labels), shown.last_logins[row.labels]


def server_truth(shown: View) -> Iterator[tuple[Sample, float]]:
    """The series beside the scopes: ends, open sessions, quality."""
    servers = [server for (server,) in shown.rows[Scope.SERVER]]
    for server, (reason, note) in product(servers, REASONS.items()):
        ends = (("server", server), ("end", str(note.end)), ("reason", str(reason)))
        yield ("pop3_session_ends_total", ends), shown.ends[server, reason]
    for server, state in product({*servers, *(server for server, _ in shown.open_sessions)}, ("pending", "charged")):
        sessions = (("server", server), ("state", state))
        yield ("pop3_open_sessions", sessions), shown.open_sessions.get((server, state), 0)
    for (source, server, measure), quality in shown.quality.items():
        info = (("source", source), ("server", server), ("measure", measure), ("quality", str(quality)))
        yield ("pop3_measure_quality_info", info), 1


@settings(max_examples=60)
@given(hostile_views())
def test_the_parser_reads_back_what_the_view_says(shown: View) -> None:
    """Every series of every scope comes back with its labels and value, and no series beside them."""
    groups = frozenset({Group.SERVER, Group.DOMAIN, Group.USER})
    found = read(render(shown, groups=groups))
    assert dict(truth(shown)) | dict(server_truth(shown)) == found


@settings(max_examples=60)
@given(hostile_views())
def test_the_parser_reads_back_the_sources(shown: View) -> None:
    """The counters of every source come back, whatever its name."""
    found = read(render(shown, groups=frozenset({Group.EXPORTER})))
    for source, count in shown.sources.items():
        label = ("source", source)
        assert count.read_bytes == found["pop3_exporter_read_bytes_total", (label,)]
        assert count.unmatched == found["pop3_exporter_lines_total", (label, ("verdict", "unmatched"))]
    for (source, server), stamp in shown.last_events.items():
        labels = (("source", source), ("server", server))
        assert stamp == found["pop3_exporter_last_event_timestamp_seconds", labels]
    assert 1 == found["pop3_site_info", (("time_zone", shown.time_zone),)]
    assert int(shown.balanced) == found["pop3_exporter_books_balanced", ()]


def _busy(now_day: int = TODAY, hour: int = HOUR) -> View:
    row = Row(
        ("mx1", "a.example"),
        NOW - 86_400,
        amounts(connections=100),
        days=((now_day, amounts(connections=7)),),
        hours=((hour, amounts(connections=3)),),
    )
    return view({Scope.DOMAIN: [row]})


def _holds(shown: View, now: float) -> tuple[float, float]:
    found = read(render(shown, now))
    labels = (("server", "mx1"), ("domain", "a.example"))
    return (
        found["pop3_domain_connections_day_start", labels],
        found["pop3_domain_connections_hour_start", labels],
    )


def test_holds_are_the_totals_without_what_this_day_and_hour_added() -> None:
    """The difference of counter and hold is today's, or this hour's, number."""
    assert (93, 97) == _holds(_busy(), NOW)


def test_the_hour_turns_by_the_clock_alone() -> None:
    """One second into the next hour its hold is the total, though nothing was committed since."""
    assert (93, 97) == _holds(_busy(), HOUR + 3599)
    assert (93, 100) == _holds(_busy(), HOUR + 3600)


def test_the_day_turns_by_the_clock_alone() -> None:
    """In the first second of the new day yesterday's hold is gone, though nothing was committed since."""
    midnight = BERLIN.day_start(TODAY + 1)
    assert (93, 100) == _holds(_busy(), midnight - 1)
    assert (100, 100) == _holds(_busy(), midnight)


def test_a_day_that_has_only_future_stamps_is_not_in_the_hold() -> None:
    """A line stamped tomorrow counts now, and is in neither today's nor tomorrow's hold."""
    shown = _busy(TODAY + 1, HOUR + 86_400)
    assert (93, 97) == _holds(shown, NOW)
    assert (93, 97) == _holds(shown, HOUR + 86_400)
    assert (100, 100) == _holds(shown, HOUR + 2 * 86_400)


def test_the_day_of_a_summer_time_change_turns_at_its_own_midnight() -> None:
    """The day with 25 hours ends 25 hours after it began."""
    begin = BERLIN.day_start(date(2026, 10, 25).toordinal())
    shown = _busy(BERLIN.day(begin), begin)
    assert 93 == _holds(shown, begin + 25 * 3600 - 1)[0]
    assert 100 == _holds(shown, begin + 25 * 3600)[0]


def test_the_clock_is_shown_in_whole_seconds() -> None:
    """pop3_exporter_time_seconds is an integer, so that dashboards can print it."""
    assert "\npop3_exporter_time_seconds 1795347296\n" in render(view(), NOW + 0.9)


def test_all_ends_exist_from_a_servers_birth() -> None:
    """Each pair of end and reason is there at 0, once, and each reason under its own end."""
    shown = view({Scope.SERVER: [Row(("mx1",), NOW, amounts())]}, ends={("mx1", Reason.TIMEOUT): 4})
    found = {k: v for k, v in read(render(shown)).items() if k[0] == "pop3_session_ends_total"}
    assert len(Reason) == len(found)
    assert 4 == found.pop(
        ("pop3_session_ends_total", (("server", "mx1"), ("end", "terminated"), ("reason", "timeout")))
    )
    assert {0} == set(found.values())


def test_a_server_with_only_an_open_session_shows_it() -> None:
    """A session that is not yet charged is visible before its server has a counter."""
    assert 'pop3_open_sessions{server="new",state="pending"} 1\n' in render(view(open_sessions={("new", "pending"): 1}))


def test_series_counts_what_the_scopes_expose() -> None:
    """pop3_exporter_series is the number of sample lines of each scope's group."""
    shown = large_view(users=30, domains=4)
    found = read(render(shown))
    for scope in SCOPES:
        lines = read(render(shown, groups=frozenset({Group(scope)})))
        assert len(lines) == found["pop3_exporter_series", (("scope", str(scope)),)]


def test_a_user_has_21_series_and_a_domain_28() -> None:
    """What the documentation of scale promises."""
    shown = large_view(users=1, domains=1)
    assert 21 == len(read(render(shown, groups=frozenset({Group.USER}))))
    assert 28 == len(read(render(shown, groups=frozenset({Group.DOMAIN}))))


def test_groups_divide_the_families() -> None:
    """Each family is in exactly one group: the parts together are the whole."""
    shown = large_view(users=3, domains=2)
    parts = [read(render(shown, groups=frozenset({group}))) for group in Group]
    assert sum(map(len, parts)) == len(read(render(shown)))


def test_collect_chooses_groups() -> None:
    """None given means all; several are a union."""
    assert frozenset(Group) == choose([])
    assert frozenset({Group.USER, Group.SERVER}) == choose(["user", "server", "user"])


def test_an_unknown_group_is_an_error_that_lists_the_known() -> None:
    """A mistyped collect[] must not look like an empty site."""
    with pytest.raises(UnknownGroupError, match=r"collect\[\]='usr': known are server, domain, user, exporter"):
        choose(["server", "usr"])


def test_label_texts_of_the_dead_are_forgotten() -> None:
    """A renderer that has seen other keys before renders only what lives now."""
    exposition = Exposition(BERLIN)
    before = b"".join(exposition.render(large_view(users=50, domains=5), NOW))
    after = b"".join(exposition.render(large_view(users=2, domains=1), NOW))
    assert len(after) < len(before)
    assert render(large_view(users=2, domains=1)) == after.decode()


@pytest.mark.tool("promtool")
def test_promtool_finds_nothing_to_say() -> None:
    """`promtool check metrics` passes names, types and help texts without a word."""
    shown = large_view(users=3, domains=2)
    shown = view(
        {scope: list(shown.rows[scope].values()) for scope in Scope},
        networks=shown.networks,
        quality={("mail", "mx1", "sent_bytes"): Quality.NONE},
        sources={"mail": SourceCount()},
        last_events={("mail", "mx1"): NOW},
    )
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=render(shown).encode(), capture_output=True, check=False, timeout=60
    )
    assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)


@pytest.mark.tool("promtool")
@settings(max_examples=5, deadline=None)
@given(hostile_views())
def test_promtool_parses_hostile_names(shown: View) -> None:
    """Prometheus's own parser accepts whatever names a log can hold."""
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=render(shown).encode(), capture_output=True, check=False, timeout=60
    )
    assert b"error while linting" not in done.stderr
    assert 0 == done.returncode, done.stderr
