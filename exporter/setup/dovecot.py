"""Dovecot's configuration from `doveconf`: where it logs, and the two settings that its log needs.

Dovecot 2.2 and 2.3 call the bytes of a session `%i` and `%o`, 2.4 `%{input}` and `%{output}`.
"""

import re
from dataclasses import dataclass

from exporter.setup.machine import Machine
from exporter.setup.ownlogs import OwnLogs

NAMES = ("protocols", "log_path", "info_log_path", "syslog_facility", "instance_name", "auth_verbose")
LOGOUT_FORMAT = "pop3_logout_format"
# Sorted after all other files, so that it takes precedence.
DROP_IN = "/etc/dovecot/conf.d/zz-pop3-exporter.conf"
STANDARD_ERROR = "/dev/stderr"
_VERSION = re.compile(r"^# (\d+)\.(\d+)[\w.+~-]*", re.MULTILINE)
_FILE = re.compile(r"^# \d[^\n]*: (/\S+)$", re.MULTILINE)
# 2.4 has a block where earlier ones have a list.
_PROTOCOLS = re.compile(r"^protocols \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_ENABLED = re.compile(r"^\s*(\w+) = yes$", re.MULTILINE)
_SETTING = re.compile(r"^(\w+) = ?(.*)$", re.MULTILINE)
_BYTES = (re.compile(r"%i\b|%\{input\}"), re.compile(r"%o\b|%\{output\}"))


@dataclass(frozen=True, slots=True)
class Settings:
    """What `doveconf` prints. `is_new`: 2.4 and later, with named variables."""

    version: str
    is_new: bool
    file: str
    protocols: tuple[str, ...]
    values: dict[str, str]

    @property
    def missing(self) -> dict[str, str]:
        """Settings that are missing to log bytes, blocked and failed logins: name to value."""
        found = {}
        if self.values.get("auth_verbose") != "yes":
            found["auth_verbose"] = "yes"
        form = self.values.get(LOGOUT_FORMAT, "")
        if not all(one.search(form) for one in _BYTES):
            count = "in=%{input}, out=%{output}" if self.is_new else "in=%i, out=%o"
            found[LOGOUT_FORMAT] = f"{form}, {count}" if form else count
        return found


def settings(machine: Machine) -> Settings | None:
    """The output of `doveconf`; None if it is missing or fails."""
    whole = machine.run(("doveconf", "-n"))
    named = machine.run(("doveconf", *NAMES))
    version = _VERSION.search(whole.out)
    if version is None or named.code != 0:
        return None
    form = machine.run(("doveconf", "-f", "protocol=pop3", LOGOUT_FORMAT))
    file, block = _FILE.search(whole.out), _PROTOCOLS.search(named.out)
    values = {name: value.strip() for name, value in _SETTING.findall(f"{named.out}\n{form.out}")}
    return Settings(
        version=version[0].removeprefix("# "),
        is_new=(int(version[1]), int(version[2])) >= (2, 4),
        file=file[1] if file else "",
        protocols=tuple(_ENABLED.findall(block[1]) if block else values.get("protocols", "").split()),
        values=values,
    )


def own_logs(machine: Machine) -> OwnLogs:
    """`log_path` is `syslog`, a file, or standard error, which systemd sends to the journal."""
    found = settings(machine)
    if found is None:
        return OwnLogs(facility="mail")
    values = found.values
    paths = [values.get("log_path", ""), values.get("info_log_path") or values.get("log_path", "")]
    files = tuple(dict.fromkeys(one for one in paths if one.startswith("/") and one != STANDARD_ERROR))
    to_syslog = any(one in {"", "syslog", STANDARD_ERROR} for one in paths)
    instance = values.get("instance_name", "")
    return OwnLogs(
        files=files,
        facility=values.get("syslog_facility", "") or "mail" if to_syslog else "",
        identifiers=(instance,) if instance not in {"", "dovecot"} else (),
        serves="pop3" in found.protocols,
        version=found.version,
        advice=(_advice(found),) if found.missing else (),
    )


def drop_in(found: Settings) -> str:
    """The text of DROP_IN that sets what is missing."""
    lines = [
        "# Written by `pop3-exporter setup --apply-dovecot`: what Dovecot must log so that bytes, blocked connections",
        "# and failed logins are exact. To undo it, remove this file and run `doveadm reload`.",
    ]
    for name, value in found.missing.items():
        lines += ["protocol pop3 {", f"  {name} = {value}", "}"] if name == LOGOUT_FORMAT else [f"{name} = {value}"]
    return "\n".join(lines) + "\n"


def _advice(found: Settings) -> str:
    texts = [
        f"`protocol pop3 {{ {name} = {value} }}`" if name == LOGOUT_FORMAT else f"`{name} = {value}`"
        for name, value in found.missing.items()
    ]
    gains = {"auth_verbose": "failed logins and blocked connections", LOGOUT_FORMAT: "bytes"}
    return f"set {' and '.join(texts)}: {' and '.join(gains[name] for name in found.missing)} are then exact"
