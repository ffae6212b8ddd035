"""File names are taken apart into the log's own name, the rotation's mark and the compression."""

import pytest

from exporter.inputs.generations import age_order, take_apart


@pytest.mark.parametrize(
    ("name", "base", "mark", "compression"),
    [
        ("mail.log", "mail.log", "", ""),
        ("mail.log.1", "mail.log", "1", ""),
        ("mail.log.12.gz", "mail.log", "12", ".gz"),
        ("mail.log.0", "mail.log", "0", ""),
        ("mail.log-20261122", "mail.log", "20261122", ""),
        ("mail.log-20261122-1300.xz", "mail.log", "20261122-1300", ".xz"),
        ("mail.log-2026-11-22.bz2", "mail.log", "2026-11-22", ".bz2"),
        ("mail-20261122.log", "mail.log", "20261122", ""),
        ("mail.1.log.gz", "mail.log", "1", ".gz"),
        ("mail.log.old", "mail.log", "old", ""),
        ("maillog", "maillog", "", ""),
        ("maillog.1", "maillog", "1", ""),
        ("mail.err", "mail.err", "", ""),
        ("mail.err.log", "mail.err.log", "", ""),
        ("2026.11.22-popLog.log", "2026.11.22-popLog.log", "", ""),
        ("2026.11.22-popLog.log.zip", "2026.11.22-popLog.log", "", ".zip"),
        ("2026.11.22-popLog.log.1", "2026.11.22-popLog.log", "1", ""),
        ("hmailserver_2026-11-22.log", "hmailserver.log", "2026-11-22", ""),
        (".1", ".1", "", ""),
    ],
)
def test_names(name: str, base: str, mark: str, compression: str) -> None:
    """Every naming scheme of the usual rotators."""
    assert (base, mark, compression) == take_apart(name)
    assert bool(mark or compression) == take_apart(name).rotated


def test_age() -> None:
    """The log itself is the youngest; equal times are told apart by the number."""
    names = ["mail.log", "mail.log.1", "mail.log.2", "mail.log.10"]
    assert names[::-1] == sorted(names, key=lambda name: age_order(take_apart(name), 5))
