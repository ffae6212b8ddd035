"""When the alerts about domains, servers and the exporter itself fire, and the near misses."""

from collections.abc import Mapping, Sequence

from tests.rules.promtool import Case, Labels
from tests.rules.worlds import INSTANCE, busiest, domain, known, server, steady, then

HERE = {"server": "mx1", "domain": "example.com"}
THERE = {**HERE, "server": "mx2"}
MX1 = {"server": "mx1"}
SECOND = 'instance="mx2:10110",job="pop3"'
BOTH = server() | server("mx2", SECOND)
FAULTS = 'pop3_exporter_faults_total{kind="line"}'
SOURCE = {"instance": "mx1:10110", "source": "mail"}
EXPORTER = {"instance": "mx1:10110"}


def _case(
    alert: str, name: str, *worlds: Mapping[str, str], fires: Labels | None, minutes: int = 70, extra: str = ""
) -> Case:
    whole = {series: values for world in worlds for series, values in world.items()}
    return Case(name, alert, whole, () if fires is None else (fires,), minutes, extra)


def _exception(name: str, value: str, of: str = "example.com") -> str:
    labels = f"{{name: {name}, domain: {of}}}"
    return f'groups: [{{name: mine, rules: [{{record: "pop3:exception", labels: {labels}, expr: vector({value})}}]}}]'


# ── domains ─────────────────────────────────────────────────────────────────────────────────────────────────


def _comparisons(alert: str, threshold: str, recorded: str, worlds: Sequence[Mapping[str, str]]) -> tuple[Case, ...]:
    """`worlds`: about 590 an hour, past the absolute limit, below the limit; the first two on another server."""
    busy, wild, quiet, elsewhere, wild_elsewhere = worlds

    def case(name: str, *worlds: Mapping[str, str], fires: bool, extra: str = "") -> Case:
        return _case(alert, name, server(), *worlds, fires=HERE if fires else None, extra=extra)

    def usual(value: float, of: str = "example.com", on: str = "mx1") -> dict[str, str]:
        return busiest(recorded, value, server=on, domain=of)

    return (
        case("four times the busiest hour is passed", busy, known(), usual(140), fires=True),
        case("not four times the busiest hour", busy, known(), usual(150), fires=False),
        case("another domain's busiest hour", busy, known(), usual(150, "example.org"), fires=True),
        case("the busiest hour on another server", busy, known(), usual(150, on="mx2"), fires=True),
        case("without history of its own", busy, known(), fires=True),
        case("below the limit", quiet, known(), fires=False),
        case("no history yet", busy, fires=False),
        case("no history yet: the absolute limit", wild, fires=True),
        case("with history the absolute limit is not asked", wild, known(), usual(4000), fires=False),
        case("an exception up to its value", busy, known(), extra=_exception(threshold, "700"), fires=False),
        case("an exception that is passed", busy, known(), extra=_exception(threshold, "500"), fires=True),
        case(
            "another domain's exception", busy, known(), extra=_exception(threshold, "700", "example.org"), fires=True
        ),
        case("another alert's exception", busy, known(), extra=_exception("user_connections", "700"), fires=True),
        _case(alert, "another server's history", BOTH, known(), elsewhere, fires=None),
        _case(alert, "a new server", BOTH, known(), wild_elsewhere, fires=THERE),
    )


DOMAIN_SPIKES = (
    *_comparisons(
        "POP3DomainConnectionSpike",
        "domain_connections",
        "pop3_domain:connections",
        (
            domain(connections=steady(5000, 10)),
            domain(connections=steady(5000, 100)),
            domain(connections=steady(5000, 5)),
            domain(connections=steady(5000, 10), server="mx2", instance=SECOND),
            domain(connections=steady(5000, 100), server="mx2", instance=SECOND),
        ),
    ),
    _case(
        "POP3DomainConnectionSpike",
        "a domain's birth counts in full",
        server(),
        known(),
        domain(connections=f"_x59 {steady(500)}", born=f"_x59 {steady(3600)}"),
        fires=HERE,
        minutes=70,
    ),
    _case(
        "POP3DomainConnectionSpike",
        "a backlog",
        server(
            pop3_exporter_catching_up=then(steady(0, 0, 76), 1, 0, 3) + f" {steady(0)}",
            pop3_exporter_last_event_timestamp_seconds=then(steady(-7200, 60, 79), 4800, 60),
        ),
        known(),
        domain(connections=then(steady(5000, 0, 79), 6000)),
        fires=None,
        minutes=90,
    ),
)
DOMAIN_ERRORS = (
    *_comparisons(
        "POP3DomainErrorsJump",
        "domain_errors",
        "pop3_domain:errors",
        (
            domain(failures=steady(50, 4), bad_commands=steady(50, 3), terminations=steady(50, 3)),
            domain(failures=steady(50, 10), bad_commands=steady(50, 10), terminations=steady(50, 10)),
            domain(failures=steady(50, 2)),
            domain(failures=steady(50, 10), server="mx2", instance=SECOND),
            domain(failures=steady(50, 30), server="mx2", instance=SECOND),
        ),
    ),
    *(
        _case("POP3DomainErrorsJump", f"{what} alone", server(), known(), domain(**{what: steady(50, 3)}), fires=HERE)
        for what in ("failures", "bad_commands", "terminations")
    ),
    *(
        _case(
            "POP3DomainErrorsJump",
            f"a birth with {what}",
            server(),
            known(),
            domain(
                connections=f"_x59 {steady(500)}",
                **(
                    {each: f"_x59 {steady(0)}" for each in ("failures", "bad_commands", "terminations")}
                    | {what: f"_x59 {steady(500)}"}
                ),
                born=f"_x59 {steady(3600)}",
            ),
            fires=HERE,
            minutes=70,
        )
        for what in ("failures", "bad_commands", "terminations")
    ),
)

# ── servers ─────────────────────────────────────────────────────────────────────────────────────────────────


def _surges(alert: str, recorded: str, family: str) -> tuple[Case, ...]:
    busy, wild, quiet = ({family: steady(100, pace)} for pace in (10, 30, 2))

    def case(name: str, changed: dict[str, str], *worlds: Mapping[str, str], fires: bool) -> Case:
        return _case(alert, name, server(**changed), *worlds, fires=MX1 if fires else None)

    return (
        case("four times the busiest hour is passed", busy, known(), busiest(recorded, 140, server="mx1"), fires=True),
        case("not four times the busiest hour", busy, known(), busiest(recorded, 150, server="mx1"), fires=False),
        case("another server's busiest hour", busy, known(), busiest(recorded, 150, server="mx2"), fires=True),
        case("without such an hour in 14 days", busy, known(), fires=True),
        case("below the limit", quiet, known(), fires=False),
        case("no history yet", busy, fires=False),
        case("no history yet: the absolute limit", wild, fires=True),
        case(
            "with history the absolute limit is not asked",
            wild,
            known(),
            busiest(recorded, 600, server="mx1"),
            fires=False,
        ),
        _case(alert, "another server's history", server() | server("mx2", SECOND, **busy), known(), fires=None),
        _case(alert, "a new server", server() | server("mx2", SECOND, **wild), known(), fires={"server": "mx2"}),
    )


SURGES = (
    *_surges("POP3BlockedSurge", "pop3_server:blocked_connections", "pop3_blocked_connections_total"),
    *_surges("POP3TerminationsSurge", "pop3_server:terminations", "pop3_terminations_total"),
)

# ── the exporter ────────────────────────────────────────────────────────────────────────────────────────────


DAY, HOUR = 288, 12  # samples, one in five minutes
LONG = 9 * DAY


def _weeks(silent_hours: float, *idle: int) -> dict[str, str]:
    """Nine days, 60 connections an hour, none on the days `idle`; no event in the last hours."""
    seconds = int(3600 * silent_hours)
    total, values = 0, []
    for day in range(9):
        pace = 0 if day in idle else 5
        values.append(f"{total}+{pace}x{DAY - 1}")
        total += pace * DAY
    quiet = int(silent_hours * HOUR)
    events = f"0+300x{LONG - quiet} {300 * LONG - seconds}+0x{quiet + 10}"
    here = f'server="mx1",{INSTANCE}'
    return {
        f"pop3_connections_total{{{here}}}": " ".join(values) + f" {total}+0x20",
        f'pop3_exporter_last_event_timestamp_seconds{{source="mail",{here}}}': events,
    }


def _silent(name: str, world: dict[str, str], *, fires: bool) -> Case:
    return Case(name, "POP3LogSilent", world, (MX1,) if fires else (), 5 * LONG, step=5)


SILENCES = (
    _silent("four hours without a line, unlike yesterday and a week ago", _weeks(4), fires=True),
    _silent("two hours without a line", _weeks(2), fires=False),
    _silent("yesterday there was none either", _weeks(4, 7), fires=False),
    _silent("a week ago there was none either", _weeks(4, 1), fires=False),
    _silent("always idle, but a whole day", _weeks(25, 1, 7), fires=True),
    _silent(
        "somebody else's usual hours",
        _weeks(4, 1, 7) | {key.replace("mx1", "mx2"): values for key, values in _weeks(0).items()},
        fires=False,
    ),
)
DOWN = "POP3ExporterDown"
UNMATCHED = 'pop3_exporter_lines_total{verdict="unmatched"}'
MALFORMED = 'pop3_exporter_lines_total{verdict="malformed"}'
IGNORED = 'pop3_exporter_lines_total{verdict="ignored"}'
EVENTS = 'pop3_exporter_lines_total{verdict="event"}'
DOUBT = 'pop3_exporter_doubts{sign="duplicates",server="mx1"}'
DOUBTED = SOURCE | {"server": "mx1"}
STALE = then(steady(0, 60, 70), 4200)
EXPORTER_CASES = (
    _case(DOWN, "a target that does not answer", server(up=then(steady(1, 0, 80), 0)), fires=EXPORTER, minutes=90),
    _case(DOWN, "one of two jobs", server(), {'up{instance="mx1:10110",job="pop3-users"}': steady(0)}, fires=EXPORTER),
    _case(
        DOWN, "a restart of two minutes", server(up=then(steady(1, 0, 80), 0, 0, 1) + " 1x90"), fires=None, minutes=90
    ),
    _case(DOWN, "somebody else's target", server(), {'up{instance="web",job="nginx"}': steady(0)}, fires=None),
    _case(DOWN, "no target at all", {}, fires={}),
    _case(DOWN, "no target of ours", {'up{instance="web",job="nginx"}': steady(1)}, fires={}),
    *SILENCES,
    _case("POP3LogLag", "lines come late", server(pop3_exporter_clock_skew_seconds=steady(700)), fires=SOURCE),
    _case("POP3LogLag", "lines come a little late", server(pop3_exporter_clock_skew_seconds=steady(500)), fires=None),
    _case(
        "POP3LogLag",
        "one late line, then on time",
        server(pop3_exporter_clock_skew_seconds=then(steady(1, 0, 94), 700, 0, 2) + " 1x90"),
        fires=None,
        minutes=100,
    ),
    _case(
        "POP3LogLag",
        "one late line, then other services' lines only",
        server(pop3_exporter_clock_skew_seconds=steady(700), **{EVENTS: steady(5000), IGNORED: steady(0, 100)}),
        fires=None,
    ),
    _case(
        "POP3LogLag",
        "another source is read, this one is not",
        server(pop3_exporter_clock_skew_seconds=steady(700), **{EVENTS: steady(5000)}),
        {'pop3_exporter_lines_total{verdict="event",source="other",instance="mx1:10110",job="pop3"}': steady(0, 1000)},
        fires=None,
    ),
    _case("POP3LogLag", "catching up all the time", server(pop3_exporter_catching_up=steady(1)), fires=SOURCE),
    _case("POP3LogLag", "catching up now and then", server(pop3_exporter_catching_up="0 1 " * 100), fires=None),
    _case("POP3UnmatchedLines", "a new wording", server(**{UNMATCHED: steady(0, 1)}), fires=SOURCE),
    _case("POP3UnmatchedLines", "torn lines", server(**{MALFORMED: steady(0, 1)}), fires=SOURCE),
    _case(
        "POP3UnmatchedLines",
        "few among many",
        server(**{UNMATCHED: steady(0, 1), 'pop3_exporter_lines_total{verdict="event"}': steady(0, 200)}),
        fires=None,
    ),
    _case("POP3UnmatchedLines", "few in all", server(**{UNMATCHED: steady(0, 0.2)}), fires=None),
    _case(
        "POP3UnmatchedLines",
        "few here, many there",
        server(**{UNMATCHED: steady(0, 0.2)}),
        {
            'pop3_exporter_lines_total{verdict="unmatched",source="big",instance="mx1:10110",job="pop3"}': steady(
                0, 10
            ),
            'pop3_exporter_lines_total{verdict="event",source="big",instance="mx1:10110",job="pop3"}': steady(0, 9000),
        },
        fires=None,
    ),
    _case("POP3NumbersInDoubt", "a sign beyond its bound", server(**{DOUBT: steady(1)}), fires=DOUBTED),
    _case("POP3NumbersInDoubt", "a sign for some minutes", server(**{DOUBT: "1x4 _x200"}), fires=None),
    _case("POP3NumbersInDoubt", "no sign", server(), fires=None),
    _case("POP3BooksUnbalanced", "they do not balance", server(pop3_exporter_books_balanced=steady(0)), fires=EXPORTER),
    _case("POP3BooksUnbalanced", "they balance", server(), fires=None),
    _case(
        "POP3BooksUnbalanced",
        "another's balance",
        server(pop3_exporter_books_balanced=steady(0)),
        server("mx2", SECOND),
        fires=EXPORTER,
    ),
    _case(
        "POP3LedgerStale",
        "no commit for ten minutes",
        server(pop3_exporter_last_commit_timestamp_seconds=STALE),
        fires=EXPORTER,
        minutes=82,
    ),
    _case(
        "POP3LedgerStale",
        "no commit for four minutes",
        server(pop3_exporter_last_commit_timestamp_seconds=STALE),
        fires=None,
        minutes=74,
    ),
    _case(
        "POP3LedgerStale",
        "another's commits",
        server(pop3_exporter_last_commit_timestamp_seconds=STALE),
        server("mx2", SECOND),
        fires=EXPORTER,
        minutes=82,
    ),
    _case(
        "POP3ExporterFault",
        "a line set aside",
        server(**{FAULTS: then(steady(2, 0, 80), 3)}),
        fires=SOURCE,
        minutes=90,
    ),
    _case(
        "POP3ExporterFault",
        "one after a restart, where there had been more",
        server(**{FAULTS: then(then(steady(2, 0, 80), 0, 0, 2), 1)}),
        fires=SOURCE,
        minutes=90,
    ),
    _case(
        "POP3ExporterFault",
        "while the exporter is down",
        server(**{FAULTS: then(steady(2, 0, 80), 3, 0, 3) + " _x100"}),
        fires=SOURCE,
        minutes=90,
    ),
    _case("POP3ExporterFault", "one of long ago", server(), fires=None),
    _case(
        "POP3ExporterFault",
        "one of two hours ago",
        server(**{FAULTS: then(steady(2, 0, 20), 3)}),
        fires=None,
        minutes=100,
    ),
    _case(
        "POP3LinesLost",
        "a gap",
        server(pop3_exporter_lines_possibly_lost_total=then(steady(3, 0, 80), 4)),
        fires=SOURCE,
        minutes=90,
    ),
    _case("POP3LinesLost", "a gap of long ago", server(), fires=None),
    _case(
        "POP3LinesLost",
        "a gap of two hours ago",
        server(pop3_exporter_lines_possibly_lost_total=then(steady(3, 0, 20), 4)),
        fires=None,
        minutes=100,
    ),
    _case("POP3SeriesFolded", "users beyond the cap", server(pop3_exporter_folded_users=steady(7)), fires=MX1),
    _case("POP3SeriesFolded", "domains beyond the cap", server(pop3_exporter_folded_domains=steady(7)), fires=MX1),
    _case("POP3SeriesFolded", "none beyond", server(), fires=None),
    _case(
        "POP3TimeZonesDiffer",
        "two zones",
        server(),
        {'pop3_site_info{time_zone="Europe/Berlin",instance="mx2:10110",job="pop3"}': steady(1)},
        fires={},
    ),
    _case("POP3TimeZonesDiffer", "two exporters, one zone", BOTH, fires=None),
)
PLACES = (*DOMAIN_SPIKES, *DOMAIN_ERRORS, *SURGES, *EXPORTER_CASES)
