"""Logs without process ids, of servers whose connections are known by them: about right, and called estimated."""

from collections.abc import Iterator

import pytest

from exporter.catalogue import Quality
from exporter.formats import FORMATS
from exporter.formats.contract import Format
from exporter.formats.judging import Judge
from exporter.formats.tabled import NO_PROCESS
from exporter.model import Fact, Kind, Record
from tests.formats.samples import records, sample_files
from tests.formats.streams import Line, outcome

BY_PROCESS = [form for form in FORMATS if NO_PROCESS in form.traits]
FORMAT = pytest.mark.parametrize("form", BY_PROCESS, ids=lambda form: form.name)
COMPARED = ("connections", "logins", "login_failures", "blocked_connections", "terminations")


def told(form: Format, found: list[Record], pid: bytes | None = None) -> list[Line]:
    """The facts of some lines; `pid`: with another process id than their own."""
    facts = ((one.stamp, form.read(one if pid is None else one._replace(pid=pid))) for one in found)
    return [(stamp, fact) for stamp, fact in facts if isinstance(fact, Fact)]


def sessions(form: Format) -> Iterator[list[Record]]:
    """The lines of each process that served one login, in all samples."""
    for path in sample_files(form.name):
        by_process: dict[bytes, list[Record]] = {}
        for record in records(path):
            if isinstance(record, Record):
                by_process.setdefault(record.pid, []).append(record)
        for lines in by_process.values():
            if sum(fact.kind is Kind.LOGIN for _, fact in told(form, lines)) == 1:
                yield lines


def test_which_formats_have_processes() -> None:
    assert {"cyrus", "mailutils", "perdition", "popa3d", "qpopper", "solid-pop3d", "uw-imap"} == {
        form.name for form in BY_PROCESS
    }


@FORMAT
def test_one_session_is_one_connection(form: Format) -> None:
    """Without their process id, the lines of a connection come to the same."""
    found = list(sessions(form))
    assert found
    for lines in found:
        without = told(form, lines, b"")
        assert all(fact.trait == NO_PROCESS for _, fact in without if fact.key)
        once, again = outcome(form, told(form, lines)), outcome(form, without)
        assert [once.totals[one] for one in COMPARED] == [again.totals[one] for one in COMPARED], lines


@FORMAT
def test_the_numbers_are_estimated(form: Format) -> None:
    judge = Judge({})
    judge.meet("mx1", form)
    judge.note("mx1", form, NO_PROCESS, 0)
    logged = [measure for measure, quality in form.quality.items() if quality is not Quality.NONE]
    assert [Quality.ESTIMATED] * len(logged) == [judge.qualities["mx1", measure] for measure in logged]
