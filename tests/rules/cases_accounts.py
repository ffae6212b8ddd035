"""When the alerts about accounts fire, and the near misses."""

from tests.rules.promtool import Case
from tests.rules.worlds import INSTANCE, LENGTH, OLD, account, busiest, known, server, steady, then

ANN = "ann@example.com"
OF_ANN = {"server": "mx1", "domain": "example.com", "user": ANN}
ON_MX2 = {**OF_ANN, "server": "mx2"}
SECOND = 'instance="mx2:10110",job="pop3"'
CONNECTIONS, NETWORKS = "pop3_user:connections", "pop3_user:client_networks"
# Per hour: twice a minute is 118 between the samples of an hour.
BUSY = account(connections=steady(500, 2))
QUIETER = account(connections=steady(500, 0.9))
BOTH = server() | server("mx2", SECOND)


def usual(connections: float, user: str = ANN, server: str = "mx1") -> dict[str, str]:
    """The account's busiest hour of 14 days."""
    return busiest(CONNECTIONS, connections, server=server, domain="example.com", user=user)


def seen(networks: float, user: str = ANN, server: str = "mx1") -> dict[str, str]:
    """The most networks that the account had in 14 days."""
    return busiest(NETWORKS, networks, server=server, domain="example.com", user=user)


def exception(name: str, value: str, user: str = ANN, domain: str = "example.com") -> str:
    """A rule file with one exception, as in thresholds.yml."""
    labels = f"{{name: {name}, domain: {domain}, user: {user}}}"
    return f'groups: [{{name: mine, rules: [{{record: "pop3:exception", labels: {labels}, expr: vector({value})}}]}}]'


def _spike(name: str, *worlds: dict[str, str], fires: bool, minutes: int = 70, extra: str = "") -> Case:
    whole = {series: values for world in (server(), *worlds) for series, values in world.items()}
    return Case(name, "POP3UserConnectionSpike", whole, (OF_ANN,) if fires else (), minutes, extra)


BORN_AT_ONCE = account(connections=f"_x59 {steady(500)}", born=f"_x59 {steady(3600)}", failures=f"_x59 {steady(0)}")
FOUND_LATE = account(connections=f"_x59 {steady(5000)}", born=f"_x59 {steady(OLD)}")
JUMP = account(connections=then(steady(500, 0, 79), 1500))
RENAMED = {
    key: values
    for half, world in (
        (
            'instance="old:1",job="pop3"',
            account(connections=steady(5000, 0, 69), instance='instance="old:1",job="pop3"'),
        ),
        ("", account(connections=f"_x69 {steady(5000)}", instance='instance="new:1",job="pop3"')),
    )
    for key, values in world.items()
}
SPIKES = (
    _spike("four times the busiest hour is passed", BUSY, known(), usual(25), fires=True),
    _spike("not four times the busiest hour", BUSY, known(), usual(40), fires=False),
    _spike("somebody else's busiest hour does not count", BUSY, known(), usual(40, "bob@example.com"), fires=True),
    _spike("the busiest hour on another server does not count", BUSY, known(), usual(40, server="mx2"), fires=True),
    _spike("after 14 days an account without history had none", BUSY, known(), fires=True),
    _spike("below the limit", QUIETER, known(), fires=False),
    _spike("no history yet: a steady 120 an hour is nobody's concern", BUSY, fires=False),
    _spike("no history yet, and busy rows of old rules: no comparison", BUSY, usual(1), fires=False),
    _spike("no history yet: the absolute limit", account(connections=steady(500, 8)), fires=True),
    _spike(
        "with history the absolute limit is not asked",
        account(connections=steady(500, 8)),
        known(),
        usual(200),
        fires=False,
    ),
    _spike("an exception up to its value", BUSY, known(), extra=exception("user_connections", "200"), fires=False),
    _spike("an exception that is passed", BUSY, known(), extra=exception("user_connections", "100"), fires=True),
    _spike(
        "another account's exception",
        BUSY,
        known(),
        extra=exception("user_connections", "200", "bob@example.com"),
        fires=True,
    ),
    _spike("another alert's exception", BUSY, known(), extra=exception("user_networks", "200"), fires=True),
    _spike("not at once: five minutes", JUMP, known(), minutes=84, fires=False),
    _spike("a jump, five minutes later", JUMP, known(), minutes=86, fires=True),
    _spike("an hour later it is over", JUMP, known(), minutes=145, fires=False),
    _spike("a birth counts in full", BORN_AT_ONCE, known(), minutes=70, fires=True),
    _spike("an hour after the birth it does not", BORN_AT_ONCE, known(), minutes=130, fires=False),
    _spike("what is only found late was not born now", FOUND_LATE, known(), minutes=70, fires=False),
    _spike("a renamed instance is nobody's birth", RENAMED, known(), minutes=80, fires=False),
    _spike(
        "what lies beyond the caps is no account", account("_other", connections=steady(0, 9)), known(), fires=False
    ),
    _spike(
        "two replicas count once",
        account(connections=steady(500, 0.8), instance='instance="a:1",job="pop3"'),
        account(connections=steady(500, 0.8), instance='instance="b:1",job="pop3"'),
        known(),
        fires=False,
    ),
    Case(
        "another server's history does not stand for this one's",
        "POP3UserConnectionSpike",
        BOTH | known() | account(connections=steady(500, 2), server="mx2", instance=SECOND),
    ),
    Case(
        "a new server: the absolute limit, whatever the others know",
        "POP3UserConnectionSpike",
        BOTH | known() | account(connections=steady(500, 8), server="mx2", instance=SECOND),
        (ON_MX2,),
    ),
)

# ── our own doings ──────────────────────────────────────────────────────────────────────────────────────────

SOURCE = f'source="mail",{INSTANCE}'
STEP_UP = account(connections=then(steady(500, 0, 79), 1500))


def _own(name: str, world: dict[str, str], *, fires: bool, minutes: int = 90) -> Case:
    return Case(name, "POP3UserConnectionSpike", world | STEP_UP | known(), (OF_ANN,) if fires else (), minutes)


def _last_event(before: int, after: int, at: int = 79) -> str:
    """The newest event is `before` seconds old, from minute `at` + 1 on `after`."""
    return then(steady(-before, 60, at), 60 * (at + 1) - after, 60)


def _restarted(minute: int) -> str:
    """When the process started: a new one is scraped from `minute` on."""
    return then(steady(OLD, 0, minute - 1), 60 * minute)


def _imported(stopped: int, minutes: int, started: int) -> dict[str, str]:
    """Not there for so many minutes from one on; then with much more, by a process that started at this second."""
    jump = f"{steady(100_000, 0, stopped - 1)} _x{minutes} {steady(150_000)}"
    return {
        "process_start_time_seconds": f"{steady(OLD, 0, stopped - 1)} _x{minutes} {steady(started)}",
        "pop3_connections_total": jump,
        "pop3_connections_hour_start": jump,
    }


CATCHING = then(steady(0, 0, 76), 1, 0, 3) + f" {steady(0)}"
BACKLOG = {
    "pop3_exporter_catching_up": CATCHING,
    "pop3_exporter_last_event_timestamp_seconds": _last_event(7200, 0),
}
COMMITS = then(steady(0, 60, 70), 4200, 0, 8) + f" {steady(4800, 60)}"
RESTARTED = _restarted(79)
IMPORTED = _imported(79, 0, 4740)
# Ten connections a minute, of which 600 are of the first hour.
BUSY = {
    "pop3_connections_total": steady(100_000, 10),
    "pop3_connections_hour_start": then(steady(100_000, 0, 59), 100_600),
}
LONG_GAP = f"{steady(100_000, 0, 4)} _x74 100000"
DOWNTIME = {
    "process_start_time_seconds": f"{steady(OLD, 0, 4)} _x74 {steady(4740)}",
    "pop3_connections_total": f"{LONG_GAP} {steady(150_000)}",
    "pop3_connections_hour_start": f"{LONG_GAP} {steady(140_000)}",
}
DELAYED = {"pop3_exporter_clock_skew_seconds": then(steady(5, 0, 74), 7200, 0, 4) + f" {steady(5)}"}
OWN_DOINGS = (
    _own("nothing of our own: it fires", server(), fires=True),
    _own("a backlog is read", server(**BACKLOG), fires=False),
    _own("an hour after the backlog the jump is no more", server(**BACKLOG), minutes=150, fires=False),
    _own("much to read, but fresh: a busy log", server(pop3_exporter_catching_up=CATCHING), fires=True),
    _own(
        "old events without a backlog: a quiet log",
        server(pop3_exporter_last_event_timestamp_seconds=_last_event(7200, 0)),
        fires=True,
    ),
    _own("another server's backlog", server() | server("mx2", SECOND, **BACKLOG), fires=True),
    _own(
        "the ledger was not written for a while",
        server(pop3_exporter_last_commit_timestamp_seconds=COMMITS),
        fires=False,
    ),
    _own(
        "another exporter's ledger was not written",
        server() | server("mx2", SECOND, pop3_exporter_last_commit_timestamp_seconds=COMMITS),
        fires=True,
    ),
    _own("an import, or downtime over an hour's end", server(**IMPORTED), fires=False),
    _own("another exporter's import", server() | server("mx2", SECOND, **IMPORTED), fires=True),
    _own("an import that took half an hour", server(**_imported(50, 29, 4740)), fires=False),
    _own("an import that ended just before a full hour", server(**_imported(57, 3, 3540)), fires=False),
    _own("downtime, with a scrape before its lines were read", server(**DOWNTIME), fires=False),
    _own("a restart alone", server(process_start_time_seconds=RESTARTED), fires=True),
    _own("a restart soon after a full hour", server(process_start_time_seconds=_restarted(70), **BUSY), fires=True),
    _own("a restart soon before a full hour", server(process_start_time_seconds=_restarted(55), **BUSY), fires=True),
    _own(
        "a busy hour ends without a restart",
        server(**(IMPORTED | {"process_start_time_seconds": steady(OLD)})),
        fires=True,
    ),
    _own("lines that came late", server(**DELAYED), fires=False),
    _own("another source's late lines", server() | server("mx2", SECOND, **DELAYED), fires=True),
    _own(
        "a clock that is always wrong blinds nobody", server(pop3_exporter_clock_skew_seconds=steady(7200)), fires=True
    ),
    Case(
        "a lost ledger: all are born again",
        "POP3UserConnectionSpike",
        server() | known() | account(connections=then(steady(5000, 0, 79), 1, 0), born=then(steady(OLD, 0, 79), 4800)),
        (),
        90,
    ),
    Case("the heartbeat is the rules' own", "POP3UserConnectionSpike", server() | BUSY, ()),
)

# ── networks, failures ──────────────────────────────────────────────────────────────────────────────────────


def _networks(name: str, *worlds: dict[str, str], fires: bool, extra: str = "") -> Case:
    whole = {series: values for world in (server(), *worlds) for series, values in world.items()}
    return Case(name, "POP3UserManyNetworks", whole, (OF_ANN,) if fires else (), 70, extra)


MANY = account(networks=steady(25))
MANY_NETWORKS = (
    Case(
        "networks of names beyond the caps",
        "POP3UserManyNetworks",
        server() | known() | account("_other", networks=steady(25)),
    ),
    _networks("three times the most is passed", MANY, known(), seen(8), fires=True),
    _networks("not three times the most", MANY, known(), seen(9), fires=False),
    _networks("somebody else's networks", MANY, known(), seen(9, "bob@example.com"), fires=True),
    _networks("the networks on another server", MANY, known(), seen(9, server="mx2"), fires=True),
    _networks("without history of its own", MANY, known(), fires=True),
    _networks("below the limit", account(networks=steady(20)), known(), fires=False),
    _networks("no history yet", MANY, fires=False),
    _networks("no history yet: the absolute limit", account(networks=steady(31)), fires=True),
    _networks(
        "with history the absolute limit is not asked", account(networks=steady(31)), known(), seen(12), fires=False
    ),
    _networks("an exception up to its value", MANY, known(), extra=exception("user_networks", "25"), fires=False),
    _networks("an exception that is passed", MANY, known(), extra=exception("user_networks", "24"), fires=True),
    _networks(
        "another account's exception",
        MANY,
        known(),
        extra=exception("user_networks", "25", "bob@example.com"),
        fires=True,
    ),
    _networks("another alert's exception", MANY, known(), extra=exception("user_connections", "25"), fires=True),
    Case(
        "another server's history does not stand for this one's networks",
        "POP3UserManyNetworks",
        BOTH | known() | account(networks=steady(25), server="mx2", instance=SECOND),
    ),
    Case(
        "a new server: the absolute limit of networks",
        "POP3UserManyNetworks",
        BOTH | known() | account(networks=steady(31), server="mx2", instance=SECOND),
        (ON_MX2,),
    ),
)


def _failures(name: str, per_minute: float, *, fires: bool, extra: str = "") -> Case:
    whole = server() | account(failures=steady(5000, per_minute))
    return Case(name, "POP3UserLoginFailures", whole, (OF_ANN,) if fires else (), 70, extra)


REFUSED = (
    _failures("many refused logins", 2, fires=True),
    _failures("a device with an old password, once a minute", 1, fires=False),
    _failures("an exception up to its value", 2, extra=exception("user_login_failures", "150"), fires=False),
    _failures("an exception that is passed", 2, extra=exception("user_login_failures", "110"), fires=True),
    _failures(
        "another account's exception", 2, extra=exception("user_login_failures", "150", "bob@example.com"), fires=True
    ),
    _failures("another alert's exception", 2, extra=exception("user_connections", "150"), fires=True),
    Case(
        "refused logins of a backlog",
        "POP3UserLoginFailures",
        server(**BACKLOG) | account(failures=then(steady(5, 0, 79), 1500)),
        (),
        90,
    ),
    Case(
        "refused logins of names beyond the caps",
        "POP3UserLoginFailures",
        server() | account("_other", failures=steady(5, 2)),
    ),
    Case(
        "refused logins of a birth count in full",
        "POP3UserLoginFailures",
        server() | account(failures=f"_x59 {steady(500)}", born=f"_x59 {steady(3600)}"),
        (OF_ANN,),
        70,
    ),
)

# ── both ────────────────────────────────────────────────────────────────────────────────────────────────────


def _stolen(name: str, *worlds: dict[str, str], fires: bool, minutes: int = 70, extra: str = "") -> Case:
    whole = {series: values for world in (server(), *worlds) for series, values in world.items()}
    return Case(name, "POP3AccountLikelyCompromised", whole, (OF_ANN,) if fires else (), minutes, extra)


STOLEN = account(connections=steady(500, 1), networks=steady(14))
STOLEN_EARLY = account(connections=steady(500, 1.2), networks=steady(21))
GUESSED = account(failures=steady(5, 0.7), networks=then(steady(2, 0, 79), 6))
STEADY_MANY = account(failures=steady(5, 0.7), networks=steady(6))
COMPROMISED = (
    _stolen("more connections and more networks than ever", STOLEN, known(), usual(25), seen(6), fires=True),
    _stolen("without history of its own", STOLEN, known(), fires=True),
    _stolen("not twice the busiest hour", STOLEN, known(), usual(30), seen(6), fires=False),
    _stolen("not twice the most networks", STOLEN, known(), usual(25), seen(7), fires=False),
    _stolen(
        "somebody else's history", STOLEN, known(), usual(30, "bob@example.com"), seen(7, "bob@example.com"), fires=True
    ),
    _stolen("a history on another server", STOLEN, known(), usual(30, server="mx2"), seen(7, server="mx2"), fires=True),
    _stolen("few connections", account(connections=steady(500, 0.4), networks=steady(14)), known(), fires=False),
    _stolen("few networks", account(connections=steady(500, 1), networks=steady(10)), known(), fires=False),
    _stolen("no history yet", STOLEN, fires=False),
    _stolen("no history yet: absolute limits", STOLEN_EARLY, fires=True),
    _stolen("no history yet, few connections", account(connections=steady(500, 1), networks=steady(21)), fires=False),
    _stolen("no history yet, few networks", account(connections=steady(500, 1.2), networks=steady(20)), fires=False),
    _stolen(
        "absolute limits are for the time without history", STOLEN_EARLY, known(), usual(60), seen(12), fires=False
    ),
    _stolen("an exception up to its value", STOLEN, known(), extra=exception("user_connections", "60"), fires=False),
    _stolen("an exception that is passed", STOLEN, known(), extra=exception("user_connections", "50"), fires=True),
    _stolen(
        "another account's exception",
        STOLEN,
        known(),
        extra=exception("user_connections", "60", "bob@example.com"),
        fires=True,
    ),
    _stolen("another alert's exception", STOLEN, known(), extra=exception("user_networks", "60"), fires=True),
    _stolen(
        "somebody else's networks",
        account(connections=steady(500, 1)),
        account("bob@example.com", networks=steady(14)),
        known(),
        fires=False,
    ),
    _stolen("a password was guessed", GUESSED, known(), minutes=90, fires=True),
    _stolen("a password was guessed, in the first days", GUESSED, minutes=90, fires=True),
    _stolen(
        "an exception for connections does not hide a guess",
        GUESSED,
        extra=exception("user_connections", "+Inf"),
        minutes=90,
        fires=True,
    ),
    _stolen("refused logins without new networks", STEADY_MANY, minutes=90, fires=False),
    _stolen(
        "new networks without refused logins", account(networks=then(steady(2, 0, 79), 6)), minutes=90, fires=False
    ),
    _stolen(
        "few refused logins",
        account(failures=steady(5, 0.4), networks=then(steady(2, 0, 79), 6)),
        minutes=90,
        fires=False,
    ),
    _stolen(
        "two new networks are a journey",
        account(failures=steady(5, 0.7), networks=then(steady(2, 0, 79), 4)),
        minutes=90,
        fires=False,
    ),
    _stolen(
        "refused here, new networks there",
        account(failures=steady(5, 0.7)),
        account("bob@example.com", networks=then(steady(2, 0, 79), 6)),
        minutes=90,
        fires=False,
    ),
    Case(
        "another server's history does not stand for this one's accounts",
        "POP3AccountLikelyCompromised",
        BOTH | known() | account(connections=steady(500, 1), networks=steady(14), server="mx2", instance=SECOND),
    ),
    Case(
        "a new server: absolute limits, whatever the others know",
        "POP3AccountLikelyCompromised",
        BOTH | known() | account(connections=steady(500, 1.2), networks=steady(21), server="mx2", instance=SECOND),
        (ON_MX2,),
    ),
)
ACCOUNTS = (*SPIKES, *OWN_DOINGS, *MANY_NETWORKS, *REFUSED, *COMPROMISED)
assert LENGTH > max(case.minutes for case in ACCOUNTS)
