"""Lines per CPU second from the systemd journal beside those from a file: input and envelope, journalctl included.

.venv/bin/python -m tests.bench.journal [LINES]
"""

import resource
import sys
import tempfile
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from exporter.demo.traffic import lines
from exporter.envelopes.opener import Opener
from exporter.inputs.contract import Input
from exporter.inputs.files import FileInput
from exporter.inputs.journal import JournalInput
from tests.inputs.journals import Journals

BEGIN = 1_794_954_400
BUDGET = 1 << 20


def cpu_seconds() -> float:
    """User and system time of this process and of the children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def read(source: Input, count: int) -> float:
    """CPU seconds until `count` lines were read and taken out of their envelopes."""
    opener, before, seen = Opener(ZoneInfo("UTC")), cpu_seconds(), 0
    while seen < count:
        found = 0
        for batch in source.read(time.time(), BUDGET):
            opener.begin(batch.name, batch.modified, time.time())
            for line in batch.lines:
                opener.open(line)
            found += len(batch.lines)
        seen += found
        if not found:
            time.sleep(0.02)
    source.close()
    return cpu_seconds() - before


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    text: list[str] = []
    for day in range(100):
        text += lines(BEGIN + day * 86_400, BEGIN + (day + 1) * 86_400)
        if len(text) >= count:
            break
    text = text[:count]
    with tempfile.TemporaryDirectory() as folder:
        journals = Journals(Path(folder))
        journals.log(*(line.split(" dovecot: ", 1)[1].encode() for line in text))
        log = Path(folder) / "mail.log"
        log.write_text("".join(f"{line}\n" for line in text), encoding="utf-8")
        journal = JournalInput("mx", ("dovecot",), (), since="2000-01-01", directory=Path(folder))
        sources: dict[str, Input] = {"journal": journal, "file": FileInput("mx", [str(log)], start="beginning")}
        for name, source in sources.items():
            seconds = read(source, len(text))
            print(f"{name:8} {len(text) / seconds:12,.0f} lines per CPU second")


if __name__ == "__main__":
    main()
