"""CPU time per line of every format: envelopes, format, sessions and charges, over its own samples again and again.

    .venv/bin/python tests/bench/formats.py [LINES]

No format may be slower than half of Dovecot's lines per CPU second. Best of five, in one process, without the ledger.
"""

import sys
import time
from itertools import cycle, islice
from pathlib import Path
from zoneinfo import ZoneInfo

from exporter.context import SourceContext
from exporter.formats import FORMATS
from exporter.formats.contract import Format
from exporter.model import Batch
from exporter.names import NameRules, Names
from exporter.periods import Calendar
from exporter.pipeline import Pipeline

REPOSITORY = Path(__file__).parents[2]
UTC = ZoneInfo("UTC")
NOW = 1_795_392_000.0
ROUNDS = 5
BATCH = 4096


def sample(form: Format, count: int) -> tuple[str, list[bytes]]:
    """`count` lines of the longest sample of a format, over and over, and its file's name."""
    files = (REPOSITORY / "tests" / "formats" / form.name).glob("*.log")
    longest = max(files, key=lambda path: path.stat().st_size)
    return longest.name, list(islice(cycle(longest.read_bytes().splitlines()), count))


def seconds(form: Format, name: str, lines: list[bytes]) -> float:
    """CPU seconds of one pass."""
    names = Names(NameRules())
    pipeline = Pipeline(
        SourceContext((form,), UTC, "mx1", "mx1"),
        Calendar([(0, UTC)]),
        lambda server, user, login: names.account(server, user, login=login),
        names.intern,
    )
    begin = time.process_time()
    for at in range(0, len(lines), BATCH):
        pipeline.feed(Batch("1", name, lines[at : at + BATCH], NOW, caught_up=False), None)
        pipeline.expire(None, caught_up=False)
    return time.process_time() - begin


def main() -> None:
    """The table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    print(f"{'format':12} {'lines/s':>10} {'of dovecot':>10}")
    reference = 0.0
    for form in FORMATS:
        name, lines = sample(form, count)
        rate = count / min(seconds(form, name, lines) for _ in range(ROUNDS))
        reference = reference or rate
        print(f"{form.name:12} {rate:10,.0f} {rate / reference:10.2f}")


if __name__ == "__main__":
    main()
