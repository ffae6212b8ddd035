"""`setup` as an administrator meets it: what it says, writes and reads, and what it leaves alone."""

import os
from pathlib import Path

import pytest
import yaml

from exporter import daemon
from exporter.cli import setup
from exporter.demo.traffic import lines
from exporter.setup.machine import Machine
from tests.cli.running import Run
from tests.setup.trees import silent

BEGIN = 1_794_954_400  # 2026-11-17 22:26:40 UTC


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Six hours of the demo's host, the first three rotated."""
    path, end = tmp_path / "logs" / "mail.log", BEGIN + 6 * 3600
    path.parent.mkdir()
    for name, first, last in (("mail.log.1", BEGIN, BEGIN + 10_800), ("mail.log", BEGIN + 10_800, end)):
        path.with_name(name).write_text("".join(f"{line}\n" for line in lines(first, last)), encoding="utf-8")
    return path


@pytest.fixture
def arguments(tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Of a `setup` that touches nothing but its own folder, on a machine where nothing else is."""
    monkeypatch.setattr(setup, "Machine", lambda: Machine(tmp_path / "root", silent))
    target = ["--config.file", tmp_path / "etc" / "config.yaml", "--ledger", tmp_path / "lib" / "ledger.sqlite"]
    return ["setup", *target, "--log", f"{log}*"]


def test_from_a_log_to_the_report(pop3: Run, tmp_path: Path, log: Path, arguments: list[object]) -> None:
    """All generations are read, the configuration is one that runs, and the report is that of `report` itself."""
    ran = pop3(*arguments, "--yes")
    assert 0 == ran.code, ran.err
    written = yaml.safe_load((tmp_path / "etc/config.yaml").read_text())
    assert [{"name": "mail", "paths": [f"{log}*"], "start": "beginning"}] == written["sources"]
    direct = pop3("report", "--by", "domain", "--from", "2026-11-17", log, log.with_name("mail.log.1"))
    (total,) = {line for out in (direct.out, ran.out) for line in out.splitlines() if line.split()[:1] == ["Total"]}
    assert int(total.split()[1]) > 100
    for words in (
        "systemd is not running. Start the exporter with:",
        'targets: ["127.0.0.1:10110"]',
        "What was counted",
    ):
        assert words in ran.out
    assert 0 == pop3("check", tmp_path / "etc/config.yaml").code


def test_what_cannot_be_read_stops_no_other_file(
    pop3: Run, log: Path, arguments: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of the others is counted, however many turns of the loop that takes."""
    monkeypatch.setattr(daemon, "TURN_BYTES", 1 << 12)
    link = log.with_name("mail.log.old.log")
    link.symlink_to(link)  # "Too many levels of symbolic links"
    ran = pop3(*arguments, "--yes")
    assert 0 == ran.code, ran.err
    assert f"WARNING: {link}: Too many levels of symbolic links" in ran.out
    direct = pop3("report", "--by", "domain", "--from", "2026-11-17", log, log.with_name("mail.log.1"))
    (total,) = {line for out in (direct.out, ran.out) for line in out.splitlines() if line.split()[:1] == ["Total"]}
    assert int(total.split()[1]) > 100


def test_a_dry_run_changes_nothing(pop3: Run, tmp_path: Path, arguments: list[object]) -> None:
    """It shows all of it, the configuration included."""
    before = sorted(tmp_path.rglob("*"))
    ran = pop3(*arguments, "--dry-run")
    assert 0 == ran.code, ran.err
    assert before == sorted(tmp_path.rglob("*"))
    for words in ("ledger: ", "would write this to", "would read the existing logs into", "understood 100.0 %"):
        assert words in ran.out


def test_a_configuration_stays(pop3: Run, tmp_path: Path, arguments: list[object]) -> None:
    """It is overwritten only when told so, and kept even then."""
    config = tmp_path / "etc" / "config.yaml"
    config.parent.mkdir()
    config.write_text("sources: [{name: mine, paths: [/nowhere]}]\n")
    ran = pop3(*arguments, "--yes")
    assert 1 == ran.code
    assert "already exists, so --log would change nothing; add --replace" in ran.err
    ran = pop3(*arguments[:-2], "--yes")
    assert 0 == ran.code
    assert "It already exists and is not changed." in ran.out
    assert "mine" in config.read_text()
    assert 0 == pop3(*arguments, "--yes", "--replace").code
    assert "mine" not in config.read_text()
    assert "mine" in config.with_name("config.yaml.1").read_text()


def test_without_old_logs(pop3: Run, tmp_path: Path, arguments: list[object]) -> None:
    """Nothing is read before the start."""
    ran = pop3(*arguments, "--yes", "--no-old-logs", "--listen", ":10110")
    assert 0 == ran.code
    assert not (tmp_path / "lib").exists()
    written = yaml.safe_load((tmp_path / "etc/config.yaml").read_text())
    assert (":10110", None) == (written["web"]["listen"], written["sources"][0].get("start"))
    assert "Nothing yet." in ran.out


def test_a_machine_without_a_server(pop3: Run, arguments: list[object]) -> None:
    """What to do is said, and nothing is written."""
    ran = pop3(*arguments[:-2], "--yes")
    assert 1 == ran.code
    assert "Found no POP3 server" in ran.err
    assert "--log" in ran.err


def test_nobody_to_ask(pop3: Run, arguments: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    """A script says --yes."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    ran = pop3(*arguments)
    assert 2 == ran.code
    assert "add --yes, or --dry-run" in ran.err


def test_an_address_that_is_none(pop3: Run, tmp_path: Path, arguments: list[object]) -> None:
    """It is told as in any configuration, before anything is written."""
    ran = pop3(*arguments, "--yes", "--listen", "10110")
    assert 2 == ran.code
    assert "must be HOST:PORT" in ran.err
    assert not (tmp_path / "etc").exists()


def test_a_user_who_may_not(pop3: Run, tmp_path: Path, arguments: list[object]) -> None:
    """Told before anything is done; root plays nobody."""
    tmp_path.chmod(0o755)
    user = os.geteuid()
    if user == 0:
        for folder in (*tmp_path.parents, tmp_path):
            if folder.is_relative_to("/tmp/") and str(folder) != "/tmp":
                folder.chmod(0o755)
        os.seteuid(65534)
    else:
        tmp_path.chmod(0o555)
    try:
        ran = pop3(*arguments, "--yes")
    finally:
        os.seteuid(user)
        tmp_path.chmod(0o755)
    assert 1 == ran.code
    assert "run this as root (sudo pop3-exporter setup)" in ran.err


def test_users_without_a_domain(pop3: Run, arguments: list[object], log: Path) -> None:
    """The report by domain would say nothing of them: what to set is said."""
    login = "dovecot: pop3-login: Login: user=<alice>, method=PLAIN, rip=192.0.2.4, lip=192.0.2.1, mpid=7, session=<x1>"
    log.write_text(f"2026-11-18T10:00:00+00:00 mx1 {login}\n")
    log.with_name("mail.log.1").unlink()
    ran = pop3(*arguments, "--yes")
    assert "1 user names have no domain" in ran.out
    assert "default_domain: example.com" in ran.out
