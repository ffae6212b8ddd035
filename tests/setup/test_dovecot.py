"""Dovecot by its own doveconf: what it logs, and the file that makes it log more."""

from pathlib import Path

import pytest

from exporter.cli.asking import Asking
from exporter.cli.options import FileProblem
from exporter.cli.setup_dovecot import advise_or_apply
from exporter.setup import dovecot
from exporter.setup.machine import Machine, Said
from exporter.setup.places import Place
from tests.setup.trees import doveconf, dovecot_head, found, tree

pytestmark = pytest.mark.tool("doveconf")
MAIN = "protocols = pop3\nlog_path = syslog\n!include_try conf.d/*.conf\n"


def machine_of(root: Path, main: str, **more: str) -> Machine:
    """A machine with this configuration, after which the real doveconf can be asked."""
    files: dict[str, str | bytes] = {"/usr/sbin/dovecot": "", "/run/systemd/system/": "", "/etc/dovecot/conf.d/": ""}
    files |= {"/etc/dovecot/dovecot.conf": dovecot_head() + main}
    files |= {f"/etc/dovecot/conf.d/{name}.conf": text for name, text in more.items()}
    return tree(root, files, doveconf(root))


@pytest.mark.parametrize(
    ("main", "place"),
    [
        (MAIN, Place(identifiers=("dovecot",))),
        (f"{MAIN}instance_name = edge", Place(identifiers=("edge",))),
        (f"{MAIN}log_path = /var/log/dovecot.log", Place(files=("/var/log/dovecot.log",))),
        (f"{MAIN}log_path = /dev/stderr", Place(identifiers=("dovecot",))),
        (
            f"{MAIN}log_path = /var/log/d.log\ninfo_log_path = /var/log/i.log",
            Place(files=("/var/log/d.log", "/var/log/i.log")),
        ),
    ],
)
def test_where_it_logs(main: str, place: Place, tmp_path: Path) -> None:
    """As its configuration says, though nothing has been logged yet."""
    (one,) = found(machine_of(tmp_path, main)).sources
    assert place == one.place
    assert one.version.startswith("2.")


def test_without_pop3(tmp_path: Path) -> None:
    """A Dovecot for IMAP alone is no POP3 server."""
    assert () == found(machine_of(tmp_path, MAIN.replace("pop3", "imap"))).sources


def test_what_it_does_not_log(tmp_path: Path) -> None:
    """An own logout format stays, and the bytes come behind it; in another the bytes may stand anywhere."""
    own = "bye %{top_count}" if dovecot_head() else "bye %t"
    machine = machine_of(tmp_path, MAIN, pop=f"protocol pop3 {{\n  pop3_logout_format = {own}\n}}")
    settings = dovecot.settings(machine)
    assert settings is not None
    form = settings.missing["pop3_logout_format"]
    assert form.startswith(f"{own}, in=%")
    tree(
        tmp_path, {"/etc/dovecot/conf.d/z.conf": f"auth_verbose=yes\nprotocol pop3 {{\n pop3_logout_format={form}\n}}"}
    )
    settings = dovecot.settings(machine)
    assert settings is not None
    assert {} == settings.missing


def test_the_file_that_makes_it_log_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Dovecot takes it and follows it; a second time there is nothing to do; without it all is as before."""
    machine = machine_of(tmp_path, MAIN, local="auth_verbose = no\n")
    before = dovecot.settings(machine)
    advise_or_apply(machine, found(machine), [], Asking(yes=True), apply=True)
    told, after = capsys.readouterr().out, dovecot.settings(machine)
    assert after is not None
    assert {} == after.missing
    assert f"rm {dovecot.DROP_IN} && doveadm reload" in told
    advise_or_apply(machine, found(machine), [], Asking(yes=True), apply=True)
    assert "logs everything that is counted" in capsys.readouterr().out
    machine.path(dovecot.DROP_IN).unlink()
    assert before == dovecot.settings(machine)


@pytest.mark.parametrize(
    "main",
    ["protocols = pop3\n", f"{MAIN}auth_verbose = no\n"],
    ids=["no include", "overridden"],
)
def test_a_file_that_dovecot_does_not_follow(main: str, tmp_path: Path) -> None:
    """It is removed again, and what to do is said."""
    machine = machine_of(tmp_path, main)
    with pytest.raises(FileProblem, match="removed again: Dovecot does not use it"):
        advise_or_apply(machine, found(machine), [], Asking(yes=True), apply=True)
    assert not machine.path(dovecot.DROP_IN).exists()


def test_a_file_that_dovecot_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own words are told, and what stood there before stands there again."""
    machine = machine_of(tmp_path, MAIN)
    old = "# mine\n"
    machine.path(dovecot.DROP_IN).write_text(old)
    monkeypatch.setattr(dovecot, "drop_in", lambda _: "no_such_setting = 1\n")
    with pytest.raises(FileProblem, match="no_such_setting"):
        advise_or_apply(machine, found(machine), [], Asking(yes=True), apply=True)
    assert old == machine.path(dovecot.DROP_IN).read_text()


def test_only_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the option, and in a dry run with it, nothing is written."""
    machine = machine_of(tmp_path, MAIN)
    advise_or_apply(machine, found(machine), [], Asking(yes=True), apply=False)
    advise_or_apply(machine, found(machine), [], Asking(dry_run=True), apply=True)
    assert not machine.path(dovecot.DROP_IN).exists()
    told = capsys.readouterr().out
    assert "auth_verbose = yes" in told
    assert "--apply-dovecot" in told


def test_a_newer_one_has_names_for_its_variables() -> None:
    """Dovecot 2.4 lists its protocols in a block; this is what Debian 13's says."""
    form = "top=%{top_count}/%{top_bytes}"
    answers = {
        "-n": "# 2.4.1-4 (7d8c0e5759): /etc/dovecot/dovecot.conf\n# Pigeonhole version 2.4.1-4\n",
        "protocols": "protocols {\n  imap = no\n  pop3 = yes\n}\nlog_path = syslog\nauth_verbose = no\n",
        "-f": f"pop3_logout_format = {form}\n",
    }
    settings = dovecot.settings(Machine(Path("/nowhere"), lambda command: Said(0, answers[command[1]])))
    assert settings is not None
    assert ("2.4.1-4", ("pop3",), "/etc/dovecot/dovecot.conf") == (settings.version, settings.protocols, settings.file)
    assert {"auth_verbose": "yes", "pop3_logout_format": f"{form}, in=%{{input}}, out=%{{output}}"} == settings.missing
