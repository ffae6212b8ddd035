"""Leaves a ledger for test_upgrade.py, with the code as it is: `python -m tests.ledger.leave VERSION`, at a release.

Writes the three files of tests/ledger/upgrade: a log of five hours, the ledger of a daemon that has read all of it but
its last lines, and the totals by scope and labels that this ledger has.
"""

import argparse
import gzip
import json
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from exporter.demo.traffic import lines
from tests.ledger.test_upgrade import NOW, SAVED, UNREAD, counted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", help="the name of the three files, such as 0.1.0")
    version = parser.parse_args().version
    text = [f"{line}\n".encode() for line in lines(int(NOW) - 5 * 3600, int(NOW) + 600)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "mail.log").write_bytes(b"".join(text[:-UNREAD]))
        totals = counted(folder)
        with closing(sqlite3.connect(folder / "ledger.sqlite")) as ledger:
            ledger.execute("PRAGMA journal_mode = DELETE")  # one file, with what the write-ahead log holds
        left = (folder / "ledger.sqlite").read_bytes()
    (SAVED / f"{version}.log.gz").write_bytes(gzip.compress(b"".join(text), mtime=0))
    (SAVED / f"{version}.sqlite.gz").write_bytes(gzip.compress(left, mtime=0))
    (SAVED / f"{version}.json").write_text(json.dumps(totals, separators=(",", ":")), encoding="utf-8")


if __name__ == "__main__":
    main()
