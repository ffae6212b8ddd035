"""The commands as an operator meets them: what they print, their exit codes, no traceback whatever is wrong."""

import gzip
import io
import json
import os
import re
import sys
import time
from pathlib import Path

import pytest

from exporter.demo.traffic import lines
from tests.cli.running import Run

BEGIN = 1_794_954_400  # 2026-11-18 06:26:40 UTC


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Six hours of the demo's host."""
    path = tmp_path / "mail.log"
    path.write_text("".join(f"{line}\n" for line in lines(BEGIN, BEGIN + 6 * 3600)), encoding="utf-8")
    return path


def test_parse_says_of_each_line_what_it_was_taken_for(pop3: Run, log: Path) -> None:
    """One JSON object a line on standard output, the summary on standard error."""
    ran = pop3("parse", log)
    rows = [json.loads(row) for row in ran.out.splitlines()]
    assert 0 == ran.code
    assert len(log.read_text().splitlines()) == len(rows)
    assert {"event", "ignored"} == {row["verdict"] for row in rows}
    assert "dovecot" in ran.err
    assert "login" in ran.err


def test_parse_masks_what_is_sent_in(pop3: Run, tmp_path: Path) -> None:
    """Names and addresses are replaced, the same by the same; the advice says what the server should log."""
    log = tmp_path / "2026.11.18-popLog.log"
    log.write_text("06:30:00.000 [203.0.113.9][12345678] something about carol@secret.example here\n" * 2)
    ran = pop3("parse", "--format", "smartermail", "--masked", log)
    assert "carol" not in ran.out
    assert "secret" not in ran.out
    assert "203.0.113.9" not in ran.out
    assert 1 == len({json.loads(row)["text"] for row in ran.out.splitlines()})
    assert "understood" in ran.err


def test_replay_gives_the_same_answer_tomorrow(pop3: Run, log: Path) -> None:
    """The exposition of a replay depends on the lines alone."""
    first = pop3("replay", "--server", "mx1", "--time-zone", "UTC", log)
    second = pop3("replay", "--server", "mx1", "--time-zone", "UTC", log)
    assert 0 == first.code
    assert 'pop3_connections_total{server="mx1"}' in first.out
    assert first.out == second.out


def test_lines_from_a_pipe_have_their_year(pop3: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input has no age: its stamps without a year are the last such ones; all else is as in a file."""
    text = b"\xef\xbb\xbfNov 22 07:51:15 mx1 popa3d[7]: Session from 192.0.2.1\r\n" + b"x" * (1 << 21)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    ran = pop3("parse", "--format", "popa3d", "-")
    first, second = map(json.loads, ran.out.splitlines())
    assert "event" == first["verdict"]
    assert -2 * 86_400 < time.time() - first["stamp"] < 367 * 86_400
    assert 1 << 20 == len(second["text"])


def test_report_from_files_and_from_a_ledger_agree(pop3: Run, log: Path, tmp_path: Path) -> None:
    """The CSV has the columns of the design, and both origins give the same numbers."""
    options = ["--server", "mx1", "--time-zone", "UTC"]
    days = ["--from", "2026-11-18", "--to", "2026-11-18", "--output", "csv"]
    ledger = tmp_path / "ledger.sqlite"
    assert 0 == pop3("import", "--ledger", ledger, *options, log).code
    from_files = pop3("report", *options, *days, log)
    from_ledger = pop3("report", "--ledger", ledger, *days)
    assert 0 == from_files.code
    assert from_files.out == from_ledger.out
    assert "Period,New Connections,Blocked Connections,Bad Commands,Terminations,Bandwidth,Days,Remarks" == (
        from_files.out.splitlines()[0].strip()
    )
    assert from_files.out.splitlines()[1].startswith("2026-11-18,")


def test_files_are_read_once_and_oldest_first(pop3: Run, log: Path, tmp_path: Path) -> None:
    """Parts of a log in any order, one of them twice and one compressed, give what the whole gives."""
    options = ["--server", "mx1", "--time-zone", "UTC", "--from", "2026-11-18", "--to", "2026-11-18", "--output", "csv"]
    whole = pop3("report", *options, log)
    text = log.read_bytes()
    cut = text.index(b"\n", len(text) // 2) + 1
    (tmp_path / "old.log.2.gz").write_bytes(gzip.compress(text[:cut]))
    (tmp_path / "new.log").write_bytes(text[cut:])
    parts = [tmp_path / "new.log", tmp_path / "old.log.2.gz", tmp_path / "new.log"]
    assert whole.out == pop3("report", *options, *parts).out


@pytest.mark.parametrize("command", ["replay", "report", "import"])
def test_two_servers_in_one_log_are_not_guessed(pop3: Run, log: Path, tmp_path: Path, command: str) -> None:
    """Lines of Dovecot and Courier: refused with the names of both; with the format said, it works."""
    courier = "2026-11-18T06:30:00+00:00 mx1 pop3d: Connection, ip=[::ffff:192.0.2.7], port=[4711]\n"
    log.write_text(log.read_text(encoding="utf-8") + courier, encoding="utf-8")
    options = ["--ledger", tmp_path / "l"] if command == "import" else []
    ran = pop3(command, *options, log)
    assert 1 == ran.code
    assert "read as dovecot, but there are lines of courier too" in ran.err
    assert 0 == pop3(command, *options, "--format", "dovecot", log).code


def test_import_counts_a_file_once(pop3: Run, log: Path, tmp_path: Path) -> None:
    """A second import of the same file changes nothing."""
    ledger = tmp_path / "ledger.sqlite"
    report = ["report", "--ledger", ledger, "--from", "2026-11-18", "--to", "2026-11-18", "--output", "json"]
    pop3("import", "--ledger", ledger, "--time-zone", "UTC", log)
    first = pop3(*report).out
    assert 0 == pop3("import", "--ledger", ledger, "--time-zone", "UTC", log).code
    assert first == pop3(*report).out


def test_export_and_ledger_commands(pop3: Run, log: Path, tmp_path: Path) -> None:
    """History comes out, the ledger is sound, copied, and refuses what it must."""
    ledger, copy, history = tmp_path / "ledger.sqlite", tmp_path / "copy.sqlite", tmp_path / "history.om"
    pop3("import", "--ledger", ledger, "--time-zone", "UTC", log)
    assert 0 == pop3("export", "--ledger", ledger, "--openmetrics", history).code
    assert history.read_text(encoding="utf-8").endswith("# EOF\n")
    assert "time zone" in pop3("ledger", "info", "--ledger", ledger).out
    assert 0 == pop3("ledger", "backup", "--ledger", ledger, copy).code
    again = pop3("ledger", "backup", "--ledger", ledger, copy)
    assert (1, f"pop3-exporter: {copy}: already exists; name a new file\n") == (again.code, again.err)
    forgotten = pop3("forget", "dmitri@example.com", "--ledger", ledger)
    assert "delete_series" in forgotten.out
    assert 1 == pop3("forget", "dmitri@example.com", "--ledger", ledger).code
    zone = pop3("ledger", "zone", "Europe/Berlin", "--ledger", ledger)
    assert "days begin in Europe/Berlin from" in zone.out


def test_check_says_what_a_source_would_read(pop3: Run, log: Path, tmp_path: Path) -> None:
    """A good configuration: exit code 0, and the files that are there."""
    config = tmp_path / "config.yaml"
    config.write_text(f"ledger: {tmp_path}/l\nsources: [{{name: a, paths: [{log}, /nowhere/x.log]}}]", encoding="utf-8")
    ran = pop3("check", config)
    assert 0 == ran.code
    assert f"{log}: {log.stat().st_size:,} bytes" in ran.out
    assert f"{log}: dovecot log, understood 100.0 %" in ran.out
    assert "mx1: dovecot; only a lower bound: bad command connections, bad commands\n" in ran.out
    assert "/nowhere/x.log: no such file yet; it is read as soon as it appears" in ran.out


def test_check_goes_on_where_a_file_cannot_be_read(pop3: Run, log: Path, tmp_path: Path) -> None:
    """A damaged file is a remark; a pattern reaches as deep as the daemon's."""
    (tmp_path / "deep" / "er").mkdir(parents=True)
    deep, damaged = tmp_path / "deep" / "er" / "mail.log", tmp_path / "mail.log.1.gz"
    log.rename(deep)
    damaged.write_bytes(b"no gzip at all")
    config = tmp_path / "config.yaml"
    sources = f"[{{name: a, paths: [{damaged}]}}, {{name: b, paths: ['{tmp_path}/deep/**/mail.log']}}]"
    config.write_text(f"ledger: {tmp_path}/l\nsources: {sources}", encoding="utf-8")
    ran = pop3("check", config)
    assert 0 == ran.code
    assert f"{damaged}: truncated, or not in the format its name suggests" in ran.out
    assert f"{deep}: {deep.stat().st_size:,} bytes" in ran.out


def test_check_says_what_the_server_should_log(pop3: Run, log: Path, tmp_path: Path) -> None:
    """A Dovecot that logs no bytes: which measures are silent, and the exact setting."""
    text = re.sub(r", in=\d+, out=\d+", "", log.read_text(encoding="utf-8"))
    log.write_text(text, encoding="utf-8")
    config = tmp_path / "config.yaml"
    config.write_text(f"ledger: {tmp_path}/l\nsources: [{{name: a, paths: [{log}]}}]", encoding="utf-8")
    out = pop3("check", config).out
    assert "mx1: dovecot; not logged: received bytes; only a lower bound: " in out
    assert "pop3_logout_format" in out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["check", "{none}"], 2, "cannot be read: No such file or directory"),
        (["run", "--config.file", "{none}"], 2, "cannot be read: No such file or directory"),
        (["run", "--config.file", "{bad}"], 2, "bad.yaml:1: sorces: unknown key; did you mean sources?"),
        (["replay", "{none}"], 1, "none: No such file or directory"),
        (["replay", "{folder}"], 1, "folder: is a directory; name the files in it"),
        (["parse", "--format", "exchang", "{log}"], 2, "unknown format; known formats: "),
        (["report", "--by", "domain"], 2, "give --ledger FILE or log files: there is no"),
        (["report", "--ledger", "{log}"], 1, "mail.log: not a ledger of pop3-exporter"),
        (["report", "--ledger", "{none}"], 1, "none"),
        (["report", "--by", "user", "--step", "day", "{log}"], 2, "--step requires --by trend"),
        (["report", "--step", "hour", "{log}"], 2, "--step hour requires --domain"),
        (["report", "--from", "22.11.2026", "{log}"], 2, "--from 22.11.2026: not a date; write it like 2026-11-30"),
        (["report", "--sort", "colour", "{log}"], 2, "the columns are"),
        (["import", "{log}"], 2, "name a ledger with --ledger"),
        (["import", "--ledger", "{none}", "-"], 2, "standard input cannot be compared with what was imported before"),
        (["import", "--ledger", "{log}", "{log}"], 1, "mail.log: not a ledger of pop3-exporter"),
        (["import", "--ledger", "{none}/x/ledger", "{log}"], 1, "none/x"),
        (["replay", "--log-time-zone", "Mars/Olympus", "{log}"], 2, "unknown time zone 'Mars/Olympus'"),
        (["nonsense"], 2, "No such command"),
    ],
)
def test_what_is_wrong_is_one_clear_line(  # noqa: PLR0917 - fixtures and a table
    pop3: Run, log: Path, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    """Wrong files, options and configurations: the design's exit code, a sentence, no traceback."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "bad.yaml").write_text("sorces: []\nsources: [{name: a, paths: [x]}]", encoding="utf-8")
    places = {"log": log, "none": tmp_path / "none", "folder": tmp_path / "folder", "bad": tmp_path / "bad.yaml"}
    ran = pop3(*(one.format(**places) for one in arguments))
    assert code == ran.code, ran.err
    assert message in " ".join(ran.err.replace("│", " ").split())
    assert "Traceback" not in ran.err


def test_a_file_that_may_not_be_read(pop3: Run, log: Path) -> None:
    """Permission denied is told with the file's name and what helps; root plays nobody."""
    log.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        ran = pop3("replay", log)
    finally:
        os.seteuid(user)
    assert 1 == ran.code
    assert f"pop3-exporter: {log}: Permission denied; only its owner can: chgrp adm {log}; chmod g+r {log}" in ran.err


def test_a_named_pipe_is_not_waited_for(pop3: Run, tmp_path: Path) -> None:
    """Nobody may ever write into it."""
    os.mkfifo(tmp_path / "pipe")
    ran = pop3("parse", tmp_path / "pipe")
    assert (1, f"pop3-exporter: {tmp_path}/pipe: is a named pipe; read it through standard input (-)\n") == (
        ran.code,
        ran.err,
    )


def test_names_that_the_output_cannot_show(pop3: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old terminal's encoding costs characters, not the answer."""
    log = tmp_path / "mail.log"
    log.write_bytes("2026-11-18T06:30:00+00:00 mx1 dovecot: caf\N{EURO SIGN}\n".encode())
    out = io.TextIOWrapper(io.BytesIO(), encoding="iso-8859-1")
    monkeypatch.setattr(sys, "stdout", out)
    assert 0 == pop3("parse", "--format", "dovecot", log).code
    out.flush()
    assert b"caf\\u20ac" in out.buffer.getvalue()


def test_help_lists_all_commands(pop3: Run) -> None:
    """Every command of the design is there."""
    out = pop3("--help").out
    for command in ("run", "check", "parse", "replay", "import", "report", "export", "ledger", "forget"):
        assert command in out


@pytest.mark.parametrize("command", [["run"], ["check"], ["import"], ["report"], ["ledger", "info"], ["gateway"]])
def test_help_says_where_things_are(pop3: Run, command: list[str]) -> None:
    """Defaults that follow from something else are told like the others, whatever the help is drawn with."""
    out = " ".join(pop3(*command, "--help").out.split())
    wanted = {
        "import": "The ledger; required unless --config.file names it",
        "report": "The time zone in which days begin (default: this machine's)",
        "gateway": "(default: /etc/pop3-exporter/gateway.yaml)",
    }
    assert wanted.get(command[0], "The configuration file (default: /etc/pop3-exporter/config.yaml)") in out
    assert "[default: None]" not in out
    assert "<bool>" not in out


@pytest.mark.parametrize(
    "command", [[], ["parse"], ["forget"], ["ledger"], ["ledger", "zone"], ["files"], ["files", "rules"]]
)
def test_help_is_for_people(pop3: Run, command: list[str]) -> None:
    """Arguments have names and no types of Python, and no summary is cut short."""
    out = pop3(*command, "--help").out
    usage, _, rest = out.partition("\n")
    assert not re.search(r"[{<]", usage)
    assert not re.search(r"^  [A-Z|]+ <|\.\.\.$", rest, re.MULTILINE)


def test_a_report_of_one_server_has_no_other_server(pop3: Run, tmp_path: Path) -> None:
    """Of a log of two servers, only the lines of the one that is asked for count; an unknown one is told."""
    stamp, said = (
        "2026-11-18T06:30:00+00:00",
        "dovecot: pop3-login: Login: user=<a@example.com>, method=PLAIN, rip=192.0.2.1",
    )
    log = tmp_path / "mail.log"
    log.write_text(
        "".join(f"{stamp} {one} {said}, mpid={n}, session=<s{n}>\n" for n, one in enumerate(("mx1", "mx1", "mx2")))
    )
    days = ["--from", "2026-11-18", "--to", "2026-11-18", "--output", "csv"]
    counted = {
        server: pop3("report", *days, "--server", server, log).out.splitlines()[1].split(",")[1]
        for server in ("mx1", "mx2")
    }
    assert {"mx1": "2", "mx2": "1"} == counted
    assert "no server is called mx3; there are: mx1, mx2" in pop3("report", "--server", "mx3", log).out


@pytest.mark.parametrize("command", ["report", "export"])
def test_days_in_the_wrong_order(pop3: Run, tmp_path: Path, command: str) -> None:
    """An empty answer would look like silence."""
    options = ["--openmetrics", tmp_path / "x"] if command == "export" else []
    ran = pop3(command, "--ledger", tmp_path / "l", *options, "--from", "2026-11-30", "--to", "2026-11-01")
    assert (2, True) == (ran.code, "--from 2026-11-30 is after --to 2026-11-01" in ran.err)


def test_a_history_of_nothing(pop3: Run, log: Path, tmp_path: Path) -> None:
    """Days before the log: it says so, rather than a number of no samples."""
    ledger, history = tmp_path / "ledger.sqlite", tmp_path / "history.om"
    pop3("import", "--ledger", ledger, "--time-zone", "UTC", log)
    ran = pop3("export", "--ledger", ledger, "--openmetrics", history, "--from", "2020-01-01", "--to", "2020-01-02")
    assert "0 samples: the ledger has no history of these days" in ran.err


def test_a_report_begins_where_the_log_does(pop3: Run, log: Path) -> None:
    """Days before the first line are none without connections, also where they are asked for; the table says why."""
    (line, *_) = log.read_text(encoding="utf-8").splitlines()
    for asked in ((), ("--from", "2026-11-01")):
        rows = json.loads(pop3("report", log, "--output", "json", *asked).out)
        assert line.startswith(rows[0]["period"])
    assert f"the log begins on {line[:10]} at " in pop3("report", log, "--from", "2026-11-01").out


def test_accounts_that_nobody_uses(pop3: Run, log: Path) -> None:
    """`--by user --inactive DAYS` counts back from the end of the log; other options do not go with it."""
    old = "2026-01-05T06:30:00+00:00 mx1 dovecot: pop3-login: Login: user=<old@example.com>, method=PLAIN,"
    old += " rip=192.0.2.7, lip=10.0.0.1, mpid=7, session=<aaaaaaaaaaaaaaaa>\n"
    log.write_text(old + log.read_text(encoding="utf-8"), encoding="utf-8")
    ran = pop3("report", "--by", "user", "--inactive", "300", "--time-zone", "UTC", "--output", "csv", log)
    head, row = ran.out.splitlines()
    assert ("User,Last Login,Days Unused", True) == (
        head,
        row.startswith("old@example.com,2026-01-05T06:30:00+00:00,31"),
    )
    assert "accounts that have not logged in since the log begins (2026-01-05) are not listed" in (
        pop3("report", "--by", "user", "--inactive", "30", "--time-zone", "UTC", log).out
    )
    for wrong, message in (
        (["--inactive", "30"], "--inactive requires --by user"),
        (["--by", "user", "--inactive", "30", "--from", "2026-11-01"], "cannot be combined with --from"),
        (["--by", "user", "--inactive", "0"], "--inactive 0: must be at least 1 day"),
    ):
        ran = pop3("report", *wrong, log)
        assert (2, True) == (ran.code, message in " ".join(ran.err.split()))


def test_a_log_is_no_configuration(pop3: Run, log: Path) -> None:
    """`check LOG` says what it wants, and a folder in place of a log how to name what is in it."""
    ran = pop3("check", log)
    assert (2, True) == (ran.code, ran.err.rstrip().endswith("; this must be the configuration file, not a log"))
    folder = pop3("parse", log.parent)
    assert (1, f"pop3-exporter: {log.parent}: is a directory; name the files in it: {log.parent}/*\n") == (
        folder.code,
        folder.err,
    )
