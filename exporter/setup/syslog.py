"""Where syslog messages of servers go: files of rsyslog or syslog-ng, or only the journal."""

import re

from exporter.setup.machine import Machine

DAEMONS = {
    "rsyslogd": ("/usr/sbin/rsyslogd",),
    "syslog-ng": ("/usr/sbin/syslog-ng",),
    "syslogd": ("/usr/sbin/syslogd", "/sbin/syslogd"),
}
RULES = ("/etc/rsyslog.conf", "/etc/rsyslog.d/*.conf", "/etc/syslog.conf", "/etc/syslog.d/*.conf")
# Where Debian, Ubuntu, Red Hat, SUSE, cPanel, Plesk, iRedMail and docker-mailserver keep the mail log; all of the
# machine's lines come last.
LOGS = (
    "/var/log/mail.log",
    "/var/log/maillog",
    "/var/log/mail.info",
    "/var/log/mail/mail.log",
    "/var/log/mail/mail.info",
    "/var/log/mail",
    "/var/log/dovecot.log",
    "/var/log/dovecot-info.log",
    "/var/log/dovecot/dovecot.log",
    "/var/log/dovecot/pop3.log",
    "/usr/local/psa/var/log/maillog",
    "/var/log/syslog",
    "/var/log/messages",
)
_RULE = re.compile(r"^\s*([\w*,.;=!]+\.[\w*,.;=!]+)\s+-?(/[^\s;]+)", re.MULTILINE)
# Rules for these priorities and lower: servers log sessions with `info`.
_PRIORITIES = {"*", "debug", "info"}


def daemon(machine: Machine) -> str:
    """The installed syslog daemon; empty if there is only the journal."""
    return next((name for name, programs in DAEMONS.items() if any(map(machine.exists, programs))), "")


def files_of(machine: Machine, facility: str) -> list[str]:
    """The files to which the rules write session lines of the facility, those for it alone first."""
    texts = [machine.text(name) for pattern in RULES for name in machine.matching(pattern)]
    taking = [rule for text in texts for rule in _RULE.findall(text) if _takes(rule[0], facility)]
    return list(dict.fromkeys(file for _, file in sorted(taking, key=lambda rule: "*." in rule[0])))


def _takes(selector: str, facility: str) -> bool:
    takes = False
    for part in selector.split(";"):
        facilities, _, priority = part.rpartition(".")
        if {facility, "*"} & set(facilities.split(",")):
            takes = priority in _PRIORITIES
    return takes
