"""How much was understood is said of lines that concern POP3 alone, and loudly where there are none."""

import gzip
import io
import json
import os
import sys
from pathlib import Path

import pytest

from exporter.demo.traffic import lines
from tests.cli.running import Run

BEGIN = 1_794_983_200  # 2026-11-18 06:26:40 UTC
POSTFIX = "Nov 18 06:26:4{} mx1 postfix/smtpd[7]: connect from unknown[192.0.2.{}]\n"
STRANGE = "2026-11-18T06:30:00+00:00 mx1 dovecot: pop3-login: Something that nobody has ever seen\n"


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """Twelve lines of no POP3 server."""
    path = tmp_path / "postfix.log"
    path.write_text("".join(POSTFIX.format(number % 10, number) for number in range(12)), encoding="utf-8")
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """An hour of the demo's host, nine lines in ten of other services."""
    path = tmp_path / "mail.log"
    found = [f"{line}\n" for line in lines(BEGIN, BEGIN + 3600)]
    path.write_text("".join(found), encoding="utf-8")
    return path


def courier(path: Path, connections: int = 5) -> Path:
    """The log of a Courier on the same host, as tests/formats have it."""
    text = ""
    for port in range(connections):
        text += f"2026-11-18T06:30:{port:02} mx2 pop3d: Connection, ip=[::ffff:192.0.2.7], port=[{port}]\n"
        text += (
            f"2026-11-18T06:31:{port:02} mx2 pop3d: LOGIN, user=carol@example.net, ip=[::ffff:192.0.2.7],"
            f" port=[{port}], protocol=POP3\n"
        )
    path.write_text(text, encoding="utf-8")
    return path


def test_only_lines_of_the_server_are_understood(pop3: Run, log: Path) -> None:
    """A line that no rule takes among a hundred others is one of the server's, and not of all lines."""
    text = log.read_text(encoding="utf-8").splitlines(keepends=True)
    events = [line for line in text if " pop3-login: Login" in line][:9]
    log.write_text("".join(events) + STRANGE + POSTFIX.format(1, 1) * 500, encoding="utf-8")
    assert "understood 90.0 %" in pop3("parse", log).err
    assert "understood 90.0 %" in pop3("replay", log).err
    assert "understood 90.0 %" in pop3("report", log).err


def test_nearly_all_is_not_all(pop3: Run, log: Path) -> None:
    """One line of two thousand: 99.9 %, not 100.0 %."""
    login = next(line for line in log.read_text(encoding="utf-8").splitlines() if " pop3-login: Login" in line)
    log.write_text(f"{login}\n" * 4000 + STRANGE, encoding="utf-8")
    assert "understood 99.9 %" in pop3("parse", log).err


@pytest.mark.parametrize("command", ["parse", "replay", "report", "import", "check"])
@pytest.mark.parametrize("format_name", ["auto", "dovecot"])
def test_a_file_of_no_server_is_told_loudly(
    pop3: Run, foreign: Path, tmp_path: Path, command: str, format_name: str
) -> None:
    """Whichever command reads it, and whether or not the format was said."""
    options = ["--ledger", tmp_path / "l"] if command == "import" else []
    if command == "check":
        config = tmp_path / "config.yaml"
        config.write_text(
            f"ledger: {tmp_path}/l\nsources: [{{name: a, format: {format_name}, paths: [{foreign}]}}]",
            encoding="utf-8",
        )
        ran = pop3("check", config)
    else:
        ran = pop3(command, *options, "--format", format_name, foreign)
    assert f"{foreign}: no POP3 lines in 12 lines" in ran.out + ran.err
    assert "understood 100" not in ran.err
    assert int(command in ("report", "import")) == ran.code


def test_no_report_of_zeros_for_1970(pop3: Run, foreign: Path) -> None:
    """Exit code 1, nothing on standard output, and a question that helps."""
    ran = pop3("report", foreign, "--output", "csv")
    assert (1, "") == (ran.code, ran.out)
    assert "nothing to report; are these the logs of the POP3 server?" in ran.err
    ran = pop3("report", "--format", "dovecot", foreign)
    assert "are these the logs of the POP3 server (dovecot)?" in ran.err


def test_lines_that_nobody_understood_are_no_report(pop3: Run, tmp_path: Path) -> None:
    """They are the server's, so zeros would be false."""
    (tmp_path / "mail.log").write_text(STRANGE * 3, encoding="utf-8")
    ran = pop3("report", tmp_path / "mail.log")
    assert (1, "") == (ran.code, ran.out)
    assert "3 POP3 lines, none of them understood, in 3 lines" in ran.err


def test_a_server_without_connections_is_a_report_of_zeros(pop3: Run, tmp_path: Path) -> None:
    """It started, and nobody came: that is so, and is said."""
    (tmp_path / "mail.log").write_text(
        "2026-11-18T06:30:00+00:00 mx1 dovecot: master: Dovecot v2.3.19.1 (9b53102964) starting up for pop3\n",
        encoding="utf-8",
    )
    ran = pop3("report", "--time-zone", "UTC", tmp_path / "mail.log", "--output", "csv")
    assert 0 == ran.code
    assert "\n2026-11-18,0,0,0,0," in ran.out.replace("\r", "")
    assert "the log has lines of a POP3 server, but no connections" in ran.err


def test_other_files_beside_the_log_are_told_and_do_no_harm(pop3: Run, log: Path, foreign: Path) -> None:
    """The report is that of the log; the other file is named."""
    options = ["--time-zone", "UTC", "--output", "csv"]
    alone, both = pop3("report", *options, log), pop3("report", *options, log, foreign)
    assert (0, alone.out) == (both.code, both.out)
    assert f"WARNING: {foreign}: no POP3 lines in 12 lines" in both.err


def test_standard_input_is_told_too(pop3: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no name and no second look, but the same laws."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(POSTFIX.format(1, 1).encode())))
    ran = pop3("report", "-")
    assert (1, "") == (ran.code, ran.out)
    assert "no POP3 lines in 1 lines" in ran.err


def test_an_import_says_of_each_file_what_it_was(pop3: Run, log: Path, foreign: Path, tmp_path: Path) -> None:
    """Format, lines, events, from when to when, how much was understood; and which are not marked as read."""
    other = courier(tmp_path / "courier.log")
    total = len(log.read_text(encoding="utf-8").splitlines())
    command = ["import", "--ledger", tmp_path / "ledger", "--time-zone", "UTC", "--log-time-zone", "UTC"]
    ran = pop3(*command, log, other, foreign)
    assert 0 == ran.code
    first, second = (next(row for row in ran.err.splitlines() if str(one) in row) for one in (log, other))
    assert f"{log}: dovecot, {total:,} lines, " in first
    assert " events, 2026-11-18 06:2" in first
    assert first.endswith(", understood 100.0 %")
    assert f"{other}: courier, 10 lines, 10 events, 2026-11-18 06:30:00 to 2026-11-18 06:31:04, understood 100.0 %" == (
        second
    )
    assert f"WARNING: {foreign}: no POP3 lines in 12 lines; nothing was counted, so it is not marked as read" in (
        ran.err
    )
    again = pop3(*command, log, other, foreign)
    assert f"{log}: {log.stat().st_size:,} bytes were read before, nothing new" in again.err
    assert f"{foreign}: no POP3 lines in 12 lines" in again.err


def test_a_directory_with_the_logs_of_two_servers(pop3: Run, log: Path, tmp_path: Path) -> None:
    """Each file is one server's: the report of both is that of each, added up."""
    other = courier(tmp_path / "courier.log.1.gz")
    other.write_bytes(gzip.compress(other.read_bytes()))
    options = ["--time-zone", "UTC", "--log-time-zone", "UTC", "--output", "json"]
    (one,), (two,), (both,) = (
        json.loads(pop3("report", *options, *files, "--from", "2026-11-18").out)
        for files in ([log], [other], [other, log])
    )
    assert 5 == two["new_connections"]
    assert one["new_connections"] + 5 == both["new_connections"]
    ran = pop3("import", "--ledger", tmp_path / "ledger", *options[:4], other, log)
    assert 0 == ran.code
    (imported,) = json.loads(
        pop3("report", "--ledger", tmp_path / "ledger", "--from", "2026-11-18", "--to", "2026-11-18", *options[4:]).out
    )
    assert both["new_connections"] == imported["new_connections"]


def test_a_file_of_another_source_names_the_option(pop3: Run, log: Path, tmp_path: Path) -> None:
    """Read by the daemon's source, given again without it: what to add to the command; and the other way round."""
    config = tmp_path / "config.yaml"
    config.write_text(
        f"ledger: {tmp_path}/l\nsources: [{{name: mail, paths: [{tmp_path}/*.log]}}, {{name: b, paths: [/nowhere]}}]",
        encoding="utf-8",
    )
    assert 0 == pop3("import", "--config.file", config, log).code
    ran = pop3("import", "--ledger", tmp_path / "l", log)
    assert 1 == ran.code
    assert f"{log}: already read as part of source 'mail'; importing it would count it twice" in ran.err
    assert "give the daemon's --config.file and --source mail. Nothing was imported" in ran.err
    (tmp_path / "l").unlink()
    assert 0 == pop3("import", "--ledger", tmp_path / "l", log).code
    ran = pop3("import", "--config.file", config, log)
    assert 1 == ran.code
    assert "leave out --config.file and --source" in ran.err


def test_the_report_is_of_the_configured_ledger(pop3: Run, log: Path, tmp_path: Path) -> None:
    """Without --ledger and files; and where there is no configuration, that is said."""
    config = tmp_path / "config.yaml"
    config.write_text(f"ledger: {tmp_path}/l\ntime_zone: UTC\nsources: [{{name: a, paths: [{log}]}}]", encoding="utf-8")
    assert 0 == pop3("import", "--config.file", config, log).code
    days = ["--from", "2026-11-18", "--to", "2026-11-18", "--output", "csv"]
    ran = pop3("report", "--config.file", config, *days)
    assert 0 == ran.code
    assert pop3("report", "--ledger", tmp_path / "l", *days).out == ran.out
    assert 2 == pop3("report", "--config.file", tmp_path / "none.yaml").code


def test_the_log_of_a_back_end_adds_no_connection(pop3: Run, tmp_path: Path) -> None:
    """A proxy's log and its back end's, brought in together or one after the other: the connections are the proxy's."""
    samples = Path(__file__).parents[1] / "formats" / "dovecot"
    front, back = samples / "2.3.19-proxy-file.log", samples / "2.3.19-proxy-file.backend.log"
    config = tmp_path / "config.yaml"

    def reported(name: str, sources: list[Path], *imports: list[Path]) -> int:
        listed = [f"{{name: front, server: mx1, format: dovecot, paths: [{front}], time_zone: UTC}}"]
        if back in sources:
            listed.append(
                f"{{name: back, server: mx2, format: dovecot, paths: [{back}], time_zone: UTC, behind: front}}"
            )
        config.write_text(
            f"ledger: {tmp_path}/{name}\ntime_zone: UTC\nsources: [{', '.join(listed)}]", encoding="utf-8"
        )
        for files in imports:
            assert 0 == pop3("import", "--config.file", config, *files).code
        report = ["report", "--config.file", config, "--from", "2020-01-01", "--to", "2030-01-01", "--output", "json"]
        rows = json.loads(pop3(*report, "--step", "quarter").out)
        return sum(row["new_connections"] for row in rows)

    alone = reported("one", [front], [front])
    assert alone
    assert alone == reported("two", [front, back], [back, front])
    assert alone == reported("three", [front, back], [front], [back])


def test_check_looks_at_each_log_of_a_source(pop3: Run, log: Path, foreign: Path, tmp_path: Path) -> None:
    """Of a log with its rotated generations the one that is written to; what each shows, and what is no server's."""
    other, config = courier(tmp_path / "courier.log"), tmp_path / "config.yaml"
    rotated = tmp_path / "mail.log.1"
    rotated.write_bytes(log.read_bytes())
    os.utime(rotated, (1, 1))
    config.write_text(f"ledger: {tmp_path}/l\nsources: [{{name: a, paths: ['{tmp_path}/*.log*']}}]", encoding="utf-8")
    out = pop3("check", config).out
    assert f"{log}: dovecot log, understood 100.0 %" in out
    assert f"{other}: courier log, understood 100.0 %" in out
    assert f"{foreign}: no POP3 lines in 12 lines; are the file and the format right?" in out
    assert f"{rotated}: lines" not in out
