"""`check` says before the start what `run` could not use: nothing that is told there comes as a surprise here."""

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporter.cli import access
from exporter.demo.traffic import lines
from tests.cli.running import Run

NOBODY = 65534
BEGIN = 1_794_954_400  # 2026-11-18 06:26:40 UTC


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users can reach, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="pop3-exporter-check-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def log(folder: Path) -> Path:
    """An hour of the demo's host, which everybody may read."""
    path = folder / "mail.log"
    path.write_text("".join(f"{line}\n" for line in lines(BEGIN, BEGIN + 3600)), encoding="utf-8")
    path.chmod(0o644)
    return path


@contextmanager
def as_a_user() -> Iterator[None]:
    """Root becomes nobody; other users are what they are."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def configured(folder: Path, source: str, *more: str, ledger: str = "state/ledger.sqlite") -> Path:
    """A configuration with one source, a ledger below `folder`, and further lines."""
    path = folder / "config.yaml"
    path.write_text("\n".join((f"sources: [{{name: mail, {source}}}]", f"ledger: {folder / ledger}", *more)))
    path.chmod(0o644)
    return path


def test_both_ways_of_naming_the_file(pop3: Run, folder: Path, log: Path) -> None:
    """`check FILE` and `check --config.file FILE`; two different files are a mistake."""
    config = configured(folder, f"paths: [{log}]")
    assert 0 == pop3("check", config).code
    assert pop3("check", config).out == pop3("check", "--config.file", config).out
    both = pop3("check", folder / "other.yaml", "--config.file", config)
    assert (2, True) == (both.code, "two different configurations given" in both.err)


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_missing_configuration(pop3: Run, folder: Path, command: str) -> None:
    """What the smallest one looks like is said at once, and it is one that works."""
    ran = pop3(command, folder / "none.yaml")
    assert 2 == ran.code
    assert f"{folder}/none.yaml: cannot be read: No such file or directory" in ran.err
    smallest = ran.err.partition("One line is enough: ")[2].splitlines()[0]
    (folder / "none.yaml").write_text(f"{smallest}\nledger: {folder}/ledger.sqlite")
    assert 2 != pop3("check", folder / "none.yaml").code  # this machine may have such a log, closed to this user


def test_a_missing_web_configuration(pop3: Run, folder: Path, log: Path) -> None:
    """The same words and exit code as `run` has for it."""
    config = configured(folder, f"paths: [{log}]", f"web: {{config_file: {folder}/web.yaml}}")
    checked = pop3("check", config)
    missing = f"{folder}/web.yaml: cannot be read: No such file or directory"
    assert (2, f"{missing}. It is the configured file for TLS and users: docs/web.md\n") == (checked.code, checked.err)


@pytest.mark.parametrize(
    ("ledger", "message"),
    [
        ("state/ledger.sqlite", "its directory is created at startup"),
        (
            "not/there/ledger.sqlite",
            "problem: there is no directory {folder}/not; create it, or set `ledger` to another file",
        ),
        ("mail.log", "problem: {folder}/mail.log: not a ledger of pop3-exporter; name another file"),
        (".", "problem: {folder} is a directory; name a file in it"),
    ],
)
def test_where_the_ledger_would_be(pop3: Run, folder: Path, log: Path, ledger: str, message: str) -> None:
    """A folder that the start makes is no problem; one that nobody makes, and a foreign file, are."""
    config = configured(folder, f"paths: [{log}]", ledger=ledger)
    ran = pop3("check", config)
    assert message.format(folder=folder) in ran.out
    assert int("problem" in message) == ran.code


@pytest.mark.parametrize(
    ("listen", "message"),
    [
        ("192.0.2.77:10110", "cannot listen on 192.0.2.77:10110: this machine has no such address"),
        ("nohost.invalid:10110", "cannot find the address of 'nohost.invalid'"),
    ],
)
def test_an_address_of_another_machine(pop3: Run, folder: Path, log: Path, listen: str, message: str) -> None:
    """`run` could not listen there."""
    ran = pop3("check", configured(folder, f"paths: [{log}]"), "--web.listen-address", listen)
    assert (1, True) == (ran.code, f"problem: web.listen: {message}" in ran.out)


def test_an_address_that_is_in_use(pop3: Run, folder: Path, log: Path) -> None:
    """Perhaps by the daemon itself: not a problem of the configuration."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert 0 == pop3("check", configured(folder, f"paths: [{log}]"), "--web.listen-address", address).code


def test_a_folder_that_this_user_may_not_write(pop3: Run, folder: Path, log: Path) -> None:
    """It is a problem for the user who asks: systemd's StateDirectory is closed to others."""
    (folder / "state").mkdir(mode=0o700)
    if os.geteuid():
        (folder / "state").chmod(0o500)
    config = configured(folder, f"paths: [{log}]")
    with as_a_user():
        ran = pop3("check", config)
    assert (1, True) == (ran.code, f"problem: this user cannot write to {folder}/state" in ran.out)


def test_a_log_in_a_closed_folder(pop3: Run, folder: Path) -> None:
    """It cannot even be looked at, and nothing raises."""
    (folder / "closed").mkdir(mode=0)
    (folder / "state").mkdir()
    (folder / "state").chmod(0o777)
    config = configured(folder, f"paths: [{folder}/closed/mail.log, '{folder}/closed/*']")
    with as_a_user():
        ran = pop3("check", config)
    assert (1, 2) == (ran.code, ran.out.count(f"this user cannot list {folder}/closed; run this as root"))


def test_a_log_that_this_user_may_not_read(pop3: Run, folder: Path, log: Path) -> None:
    """The group that may is named, with the command that joins it; where none may, what gives it the right."""
    (folder / "state").mkdir()
    (folder / "state").chmod(0o777)
    config = configured(folder, f"paths: [{log}]")
    log.chmod(0o200)
    with as_a_user():
        ran = pop3("check", config)
    assert (1, True) == (ran.code, f"problem: {log}: this user cannot read it" in ran.out)
    assert f"chmod g+r {log}" in ran.out
    if os.geteuid() == 0:
        os.chown(log, 0, 4)
        log.chmod(0o640)
        with as_a_user():
            ran = pop3("check", config)
        assert "its group adm can: sudo usermod -aG adm nobody" in ran.out


@pytest.mark.skipif(os.geteuid() != 0, reason="it is root who is told")
def test_root_is_told_what_the_units_user_may_read(
    pop3: Run, folder: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root reads everything, and the unit is not root's: a remark, because root may also run the daemon."""
    config = configured(folder, f"paths: [{log}]")
    assert "cannot read it; the systemd unit has no access to /tmp" in pop3("check", config).out
    monkeypatch.setattr(access, "UNIT_HIDES", ())
    log.chmod(0o600)
    ran = pop3("check", config)
    assert 0 == ran.code
    assert f"{log}: the unit's user (groups adm, systemd-journal) cannot read it" in ran.out
    os.chown(log, 0, 4)
    log.chmod(0o640)
    assert "cannot read" not in pop3("check", config).out


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("{folder}", "problem: {folder}: is a directory; name the files in it: {folder}/*"),
        ("{folder}/pipe", "problem: {folder}/pipe: is a named pipe; read it through standard input, with paths: [-]"),
        ("/dev/null", "problem: /dev/null: is not a regular file"),
    ],
)
def test_what_is_no_file(pop3: Run, folder: Path, path: str, message: str) -> None:
    """It would be waited for, for ever."""
    os.mkfifo(folder / "pipe")
    ran = pop3("check", configured(folder, f"paths: ['{path.format(folder=folder)}']"))
    assert (1, True) == (ran.code, message.format(folder=folder) in ran.out), ran.out


def test_folders_beside_files(pop3: Run, folder: Path, log: Path) -> None:
    """A pattern that matches files may match folders, too."""
    (folder / "mail.log.d").mkdir()
    ran = pop3("check", configured(folder, f"paths: ['{log}*']"))
    assert (0, False) == (ran.code, "mail.log.d" in ran.out)


def test_a_journal_that_this_user_may_not_read(pop3: Run, folder: Path) -> None:
    """Without the group journalctl is silent, so it has to be said here."""
    journal = folder / "journal" / "0123456789abcdef"
    journal.mkdir(parents=True)
    config = configured(folder, f"journal: {{units: [dovecot.service], directory: {folder}/journal}}")
    assert "no journal found yet" in pop3("check", config).out
    (journal / "system.journal").touch(mode=0)
    (folder / "state").mkdir()
    (folder / "state").chmod(0o777)
    with as_a_user():
        ran = pop3("check", config)
    assert (1, True) == (ran.code, "problem: this user cannot read the journal: sudo usermod -aG" in ran.out), ran.out
    assert "systemd-journal" in ran.out


@pytest.mark.tool("journalctl")
@pytest.mark.parametrize(("since", "code"), [("tomorow", 1), ("30 days ago", 0)])
def test_since_when_a_journal_is_read(pop3: Run, folder: Path, since: str, code: int) -> None:
    """What journalctl does not understand would keep the source from ever being read."""
    journal = f"{{units: [dovecot.service], directory: {folder}, since: {since}}}"
    ran = pop3("check", configured(folder, f"journal: {journal}"))
    assert (code, bool(code)) == (ran.code, f"journalctl does not understand '{since}'; write" in ran.out)


def test_without_journalctl(pop3: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing could read the journal."""
    monkeypatch.setenv("PATH", str(folder))
    ran = pop3("check", configured(folder, "journal: {units: [dovecot.service]}"))
    assert (1, True) == (ran.code, "problem: journalctl is not installed" in ran.out)


def test_the_start_makes_the_ledgers_folder(pop3: Run, folder: Path, log: Path) -> None:
    """An import comes before the first start, and nobody but the daemon may read what it holds: names and networks."""
    config = configured(folder, f"paths: [{log}]")
    ran = pop3("import", "--config.file", config, log)
    assert 0 == ran.code, ran.err
    assert 0o40700 == (folder / "state").stat().st_mode
    assert {0o100600} == {path.stat().st_mode for path in (folder / "state").iterdir()}
    assert 0 == pop3("check", config).code


def test_a_folder_that_nobody_makes(pop3: Run, folder: Path, log: Path) -> None:
    """Two missing folders are a slip of the pen: the command that makes them is said."""
    config = configured(folder, f"paths: [{log}]", ledger="not/there/ledger.sqlite")
    for command in (("import", log), ("run",)):
        ran = pop3(command[0], "--config.file", config, *command[1:])
        assert 1 == ran.code
        assert f"there is no directory {folder}/not/there; create it (mkdir -p -m 700 {folder}/not/there)" in ran.err


def test_a_folder_that_this_user_may_not_make(pop3: Run, folder: Path, log: Path) -> None:
    """The default ledger, as an ordinary user: who makes it is said."""
    config = configured(folder, f"paths: [{log}]")
    folder.chmod(0o555)
    with as_a_user():
        ran = pop3("import", "--config.file", config, log)
    assert 1 == ran.code
    assert f"there is no directory {folder}/state, and this user cannot create it: run this as root (sudo)" in ran.err


def test_a_file_with_lines_of_two_servers(pop3: Run, folder: Path, log: Path) -> None:
    """Those of one would not count: it says so, says what to do, and is no good."""
    courier = "2026-11-18T06:30:00+00:00 mx1 pop3d: Connection, ip=[::ffff:192.0.2.7], port=[4711]\n"
    log.write_text(log.read_text(encoding="utf-8") + courier, encoding="utf-8")
    ran = pop3("check", configured(folder, f"paths: [{log}]"))
    assert (1, True) == (ran.code, "valid, but the exporter would count wrong with it" in ran.out)
    told = f"wrong numbers: {log}: read as dovecot, but there are lines of courier too, which are not counted: set the"
    assert told in ran.out
    assert 0 == pop3("check", configured(folder, f"paths: [{log}], format: dovecot")).code
