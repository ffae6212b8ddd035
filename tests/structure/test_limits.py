"""docs/limits.md says the numbers that the code has, and metrics that there are."""

import re
from pathlib import Path

import pytest

from exporter import confinement, daemon, descriptors, names, pulse, servers, trial
from exporter.cli import signals
from exporter.config import Domains, History, Servers, Users
from exporter.context import SERVERS_KEPT
from exporter.envelopes import inside, lines, objects, opener, state
from exporter.exposition import families, ownfamilies, selfmetrics
from exporter.formats import recognise
from exporter.inputs import beginnings, copies, globbing, inflating, known, newcomers, notifier, stepping, troubles
from exporter.inputs import lines as input_lines
from exporter.ledger import entries, failures, networks, upkeep
from exporter.sessions import bounds, engine, joins, memory, neighbours, plain, session
from exporter.web import listen, protocol, rendering, server
from exporter.web.landing import asked

DOCUMENT = (Path(__file__).parents[2] / "docs" / "limits.md").read_text(encoding="utf-8")
ROWS = {cells[1].strip(): cells[2] for line in DOCUMENT.splitlines() if len(cells := line.split("|")) == 6}
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
# The begin of a row, and what its bound must say.
SAID = [
    ("servers with series", Servers().max, ""),
    ("servers that one source", SERVERS_KEPT, ""),
    ("servers that one source", servers.LONGEST_HOST, " bytes"),
    ("hosts whose server", servers.HOSTS_KEPT, ""),
    ("domains with series", Domains().max, " per server"),
    ("domains with series", Domains().max_total, ""),
    ("users with series", Users().max, " per server"),
    ("users with series", Users().max_total, ""),
    ("a label's value", names.LABEL_BYTES, " bytes"),
    ("distinct folded names", names.COUNTED_NAMES, " per server"),
    ("total of one measure", f"2^{entries.MOST.bit_length() - 1}", ""),
    ("names that failed to log in, per day", failures.NAMES_PER_DAY, " names"),
    ("names that failed to log in, per day", failures.BYTES_PER_DAY // KIB, " KiB"),
    ("names that failed to log in, in all", upkeep.FAILED_NAMES, " rows"),
    ("names as logged", names.CACHED_NAMES, " names"),
    ("names as logged", names.CACHED_BYTES // MIB, " MiB"),
    ("accounts of names", plain.ACCOUNTS_KEPT, ""),
    ("client networks", networks.NETWORKS_PER_USER, " in 24 hours"),
    ("history", History().keep_days, " days"),
    ("history", History().keep_hours_days, " days"),
    ("a line", input_lines.MAX_LINE // MIB, " MiB"),
    ("session ids", bounds.LONGEST, " bytes"),
    ("open connections", engine.MAX_OPEN, " per source"),
    ("connections given up", memory.MAX_GIVEN_UP, ""),
    ("lines that wait", memory.MAX_WAITING, " connections"),
    ("connections that have ended", memory.MAX_LINGERING, ""),
    ("connections that have ended", memory.LINGER_SECONDS, " s"),
    ("ids of ended connections", memory.TOLD_KEPT, ""),
    ("ids by which two servers", neighbours.IDS_KEPT, ""),
    ("names that fail in one", session.MAX_NAMES, ""),
    ("logins that are searched", joins.LOOKED_AT, " of a user"),
    ("lines shown to other formats", recognise.SUSPECTED_LINES, " of a stream"),
    ("lines shown to other formats", recognise.SUSPECTED_LATER, ""),
    ("names of logs", recognise.NAMES_KEPT, ""),
    ("text before repeats", opener.HOSTS_KEPT, " hosts"),
    ("text before repeats", state.HOSTS_SAVED, " hosts"),
    ("senders of lines", lines.SENDERS_KEPT, " of a stream"),
    ("a log line inside", inside.DEEPEST, " deep"),
    ("a log line inside", objects.DEEPEST, " deep"),
    ("bytes of one source", daemon.TURN_BYTES // MIB, " MiB"),
    ("bytes inside", stepping.MAX_INSIDE // GIB, " GiB"),
    ("compressed bytes", inflating.MEMBERS_MOST, " in a turn"),
    ("memory for an `.xz`", inflating.XZ_MEMORY // MIB, " MiB"),
    ("an archive that", newcomers.GIVE_UP_SECONDS, " s"),
    ("files and directories", globbing.ENTRIES_MOST, " per look"),
    ("files of one source", newcomers.FILES_MOST, ""),
    ("positions kept", known._FORGET_LOST, " per source"),
    ("directories that watchdog", notifier.WATCHES_MOST, " over all sources"),
    ("search for a copy", copies.SEARCHED_FILES, " newest files"),
    ("lines kept in memory", daemon.KEPT_BYTES // MIB, " MiB"),
    ("faulty lines", confinement.STEPS, " pieces"),
    ("problems shown", troubles.PROBLEMS_MOST, ""),
    ("the loop does not turn", pulse.LONGEST_SECONDS, " s"),
    ("a pass of the loop", daemon.LOOK_SECONDS, " s"),
    ("lines that fail because", trial.ROUNDS, " trials"),
    ("log files open", descriptors.RESERVED, ""),
    ("unknown files", beginnings._SEARCHED, " per source"),
    ("after SIGTERM", signals.GRACE_SECONDS, " s"),
    ("connections", server.MAX_CONNECTIONS, ""),
    ("a whole request", protocol.REQUEST_SECONDS, " s"),
    ("head of a request", protocol.HEAD_BYTES // KIB, " KiB"),
    ("rows of a page", asked.ROWS, ""),
    ("renderings of", rendering.KEPT_BYTES // MIB, " MiB"),
    ("kernel buffer", listen.SEND_BUFFER_BYTES // KIB, " KiB"),
]


@pytest.mark.parametrize(("what", "number", "unit"), SAID, ids=[f"{what}-{number}" for what, number, _ in SAID])
def test_the_bound_is_the_codes(what: str, number: float | str, unit: str) -> None:
    """A number of the code stands in its row."""
    text = number if isinstance(number, str) else f"{number:,.0f}"
    bound = ROWS.get(what) or next(bound for row, bound in ROWS.items() if row.startswith(what))
    assert re.search(rf"(?<![\d,]){re.escape(text + unit)}(?!\d)", bound), bound


def test_each_metric_is_there() -> None:
    """What the last column names is exposed."""
    every = [each.family for each in (*ownfamilies.OWN_FAMILIES, *families.SERVER_FAMILIES)]
    every += [*selfmetrics.SOURCE_FAMILIES, *(one for scope in families.SCOPE_FAMILIES.values() for one in scope.all)]
    own = {metric.name for metric in selfmetrics.SelfMetrics().registry.collect()}
    known_names = {family.name for family in every} | own | {"pop3_exporter_commit_duration_seconds_count"}
    assert set() == set(re.findall(r"`(pop3_\w+)", DOCUMENT)) - known_names - {"pop3_logout_format"}
