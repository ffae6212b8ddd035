"""`--format auto`: each server is recognised from its lines, and two in one log are told, not guessed."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from exporter.formats import FORMATS
from exporter.formats.contract import Format
from exporter.formats.recognise import Recogniser
from exporter.model import Batch, Record
from exporter.names import NameRules, Names
from exporter.periods import Calendar
from exporter.pipeline import Pipeline
from exporter.reading import Reading
from tests.formats.samples import NOW, records, sample_files

UTC = ZoneInfo("UTC")
CASES = [(form, path) for form in FORMATS for path in sample_files(form.name)]


def seen(*paths: Path) -> Recogniser:
    """A recogniser that has seen the lines of these samples."""
    recogniser = Recogniser(FORMATS)
    for path in paths:
        for record in records(path):
            if isinstance(record, Record):
                form = recogniser.chosen or recogniser.see(record)
                if form is None or not isinstance(form.read(record), tuple):
                    recogniser.doubt(record)
    return recogniser


@pytest.mark.parametrize(("form", "path"), CASES, ids=[f"{form.name}-{path.stem}" for form, path in CASES])
def test_a_server_is_recognised_from_its_log(form: Format, path: Path) -> None:
    """Whatever stands before its first line; and nothing else is seen in it."""
    recogniser = seen(path)
    assert form is recogniser.chosen
    assert "" == recogniser.problem
    assert {form.name} == set(recogniser.votes)


def test_two_servers_in_one_log_are_told() -> None:
    """A proxy and its backend: neither is guessed away."""
    nginx = sample_files("nginx")[0]
    recogniser = seen(nginx, sample_files("popa3d")[0])
    assert "read as nginx, but there are lines of popa3d too" in recogniser.problem


def test_another_server_is_told_after_a_restart_too() -> None:
    """The choice came from the state, not from a line."""
    again = Recogniser(FORMATS, "nginx")
    for record in records(sample_files("popa3d")[0]):
        if isinstance(record, Record):
            again.doubt(record)
    assert "read as nginx, but there are lines of popa3d too" in again.problem


def test_lines_of_nobody_choose_nothing() -> None:
    """A mail log without any POP3 server."""
    recogniser = Recogniser(FORMATS)
    for message in (b"connect from unknown[192.0.2.7]", b"", b"GET / HTTP/1.1", b"LOGIN"):
        assert recogniser.see(Record(0, b"mx1", b"postfix/smtpd", b"7", message)) is None
    assert not recogniser.votes


def test_the_choice_outlives_a_restart() -> None:
    """The state names the format; a name that is no longer offered is forgotten."""
    state = seen(sample_files("courier")[0]).state()
    again = Recogniser(FORMATS, state)
    assert again.chosen is not None
    assert "courier" == again.chosen.name
    assert Recogniser(FORMATS[:2], state).chosen is None


def test_what_is_recognised_expires_in_its_own_time() -> None:
    """Courier waits 300 s, Dovecot's sessions are kept for hours."""
    names = Names(NameRules())
    pipeline = Pipeline(
        Reading(FORMATS, UTC, "mx1", "mx1"),
        Calendar([(0, UTC)]),
        lambda server, user, login: names.account(server, user, login=login),
        names.intern,
    )
    line = b"2026-11-22T07:38:03.268690+00:00 mx1 pop3d: Connection, ip=[::ffff:192.0.2.7], port=[51081]"
    later = b"2026-11-22T07:46:03.268690+00:00 mx1 pop3d: Connection, ip=[::ffff:192.0.2.8], port=[51081]"
    assert [] == pipeline.feed(Batch("1", "mail.log", [line, later], NOW, caught_up=False), None)
    assert 1 == len(pipeline.expire(None, caught_up=False))
