"""`setup`: advises or applies settings of Dovecot, and undoes them if Dovecot rejects them."""

from collections.abc import Sequence
from pathlib import Path

from exporter.cli.asking import Asking, heading, say
from exporter.cli.options import FileProblem
from exporter.setup import dovecot
from exporter.setup.discovery import Finding
from exporter.setup.machine import Machine

UNDO = f"rm {dovecot.DROP_IN} && doveadm reload"


def advise_or_apply(machine: Machine, finding: Finding, others: Sequence[str], asking: Asking, *, apply: bool) -> None:
    """Print what the servers should log; with `apply`, set it in Dovecot. `others`: advice from their logs."""
    heading("What the mail server logs")
    found = dovecot.settings(machine) if any(one.server.format == "dovecot" for one in finding.sources) else None
    advice = [sentence for one in finding.sources if one.server.format != "dovecot" for sentence in one.advice]
    advice += others if found is None else [one for one in others if "dovecot" not in one.lower()]
    for sentence in dict.fromkeys(advice):
        say(f"* {sentence}")
    if found is None:
        if apply:
            raise FileProblem("--apply-dovecot: doveconf does not run here; run this where Dovecot is installed")
        say("" if advice else "Nothing to change was found.")
    elif not found.missing:
        say(f"Dovecot {found.version} logs everything that is counted.")
    else:
        _settle(machine, found, asking, apply=apply)


def _settle(machine: Machine, found: dovecot.Settings, asking: Asking, *, apply: bool) -> None:
    text = dovecot.drop_in(found)
    say(f"Dovecot {found.version} does not log every byte, or why it refuses a login, unless you set:\n")
    say("\n".join(f"  {line}" for line in text.splitlines() if not line.startswith("#")))
    if not apply:
        say(f"\n`pop3-exporter setup --apply-dovecot` writes this to {dovecot.DROP_IN}.")
    elif asking.does(f"write this to {dovecot.DROP_IN}, check it with doveconf and reload Dovecot"):
        _apply(machine, text)


def _apply(machine: Machine, text: str) -> None:
    """Write the file, and remove it again if Dovecot rejects or does not read it."""
    path = machine.path(dovecot.DROP_IN)
    before = _content(path)
    try:
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
    except OSError as error:
        raise FileProblem(f"{dovecot.DROP_IN}: {error.strerror}") from error
    said = machine.run(("doveconf", "-n"))
    then = dovecot.settings(machine)
    if said.code != 0 or then is None or then.missing:
        _restore(path, before)
        why = said.err.strip().splitlines()[-1:] or [_not_read(then)]
        raise FileProblem(f"{dovecot.DROP_IN}: removed again: {why[0]}")
    say(f"{dovecot.DROP_IN}: written, and doveconf accepts it. To undo it: {UNDO}")
    if "dovecot" in machine.processes():
        reloaded = machine.run(("doveadm", "reload"))
        say(
            "Dovecot reloaded its configuration."
            if reloaded.code == 0
            else f"Reload Dovecot yourself: {reloaded.err.strip()}"
        )


def _not_read(then: dovecot.Settings | None) -> str:
    main = then.file if then and then.file else "/etc/dovecot/dovecot.conf"
    return (
        f"Dovecot does not use it. Either {main} has no line `!include conf.d/*.conf`, or a setting below that line"
        " overrides it; add the settings at the end of that file"
    )


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _restore(path: Path, before: bytes | None) -> None:
    if before is None:
        path.unlink(missing_ok=True)
    else:
        path.write_bytes(before)
