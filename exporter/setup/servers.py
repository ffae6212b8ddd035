"""The POP3 servers that a machine may have: how each is found, and where its log settings are."""

from collections.abc import Callable
from dataclasses import dataclass, field

from exporter.setup import cyrus, dovecot, nginx, perdition
from exporter.setup.machine import Machine
from exporter.setup.ownlogs import TO_SYSLOG, OwnLogs


def _syslog(machine: Machine) -> OwnLogs:
    del machine
    return TO_SYSLOG


@dataclass(frozen=True, slots=True)
class Server:
    """One server family.

    `format` is the name of its wording. `programs`: files of which any shows that it is installed. `processes`: names
    of its running programs. `units`: systemd's, the first that exists is its own. `identifiers`: what it calls itself
    in syslog. `own_logs` reads its configuration. `is_proxy`: another POP3 server stands behind it.
    """

    name: str
    format: str
    programs: tuple[str, ...]
    processes: tuple[str, ...]
    units: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    own_logs: Callable[[Machine], OwnLogs] = field(default=_syslog)
    is_proxy: bool = False


SERVERS: tuple[Server, ...] = (
    Server(
        "nginx mail proxy",
        "nginx",
        programs=("/usr/sbin/nginx", "/usr/local/sbin/nginx", "/opt/zimbra/common/sbin/nginx"),
        processes=("nginx",),
        units=("nginx.service",),
        identifiers=("nginx",),
        own_logs=nginx.own_logs,
        is_proxy=True,
    ),
    Server(
        "perdition",
        "perdition",
        programs=("/usr/sbin/perdition.pop3", "/usr/sbin/perdition"),
        processes=("perdition.pop3", "perdition.pop3s", "perdition"),
        units=("perdition.service",),
        identifiers=("perdition.pop3", "perdition.pop3s"),
        own_logs=perdition.own_logs,
        is_proxy=True,
    ),
    Server(
        "Dovecot",
        "dovecot",
        programs=("/usr/sbin/dovecot", "/usr/local/sbin/dovecot", "/opt/dovecot/sbin/dovecot"),
        processes=("dovecot",),
        units=("dovecot.service",),
        identifiers=("dovecot",),
        own_logs=dovecot.own_logs,
    ),
    Server(
        "Courier",
        "courier",
        programs=(
            "/usr/lib/courier/courier/courierpop3d",
            "/usr/lib/courier/courierpop3d",
            "/usr/lib/courier-imap/bin/pop3d",
            "/usr/lib/courier/pop3d",
            "/usr/libexec/courier/courierpop3d",
        ),
        processes=("courierpop3d", "courierpop3logi"),  # the kernel cuts names to 15 bytes
        units=("courier-pop.service", "courier-pop-ssl.service"),
        identifiers=("pop3d", "pop3d-ssl"),
    ),
    Server(
        "Cyrus",
        "cyrus",
        programs=("/usr/lib/cyrus/bin/pop3d", "/usr/libexec/cyrus-imapd/pop3d", "/usr/cyrus/bin/pop3d"),
        processes=("cyrmaster", "cyrus-master"),
        units=("cyrus-imapd.service",),
        identifiers=("cyrus/pop3", "cyrus/pop3s"),
        own_logs=cyrus.own_logs,
    ),
    Server("popa3d", "popa3d", ("/usr/sbin/popa3d",), ("popa3d",), ("popa3d.service",), ("popa3d",)),
    Server(
        "solid-pop3d",
        "solid-pop3d",
        ("/usr/sbin/solid-pop3d",),
        ("solid-pop3d",),
        ("solid-pop3d.service",),
        ("solid-pop3d",),
    ),
    Server(
        "GNU mailutils pop3d",
        "mailutils",
        programs=("/usr/bin/popauth", "/usr/local/bin/popauth"),  # Courier has a /usr/sbin/pop3d, too
        processes=("pop3d",),
        units=("mailutils-pop3d.service",),
        identifiers=("pop3d", "gnu-pop3d"),
    ),
    Server(
        "Qpopper",
        "qpopper",
        ("/usr/sbin/in.qpopper", "/usr/sbin/popper", "/usr/sbin/qpopper"),
        ("in.qpopper", "popper"),
        ("qpopper.service",),
        ("in.qpopper", "qpopper", "popper"),
    ),
    Server(
        "UW IMAP ipop3d",
        "uw-imap",
        ("/usr/sbin/ipop3d", "/usr/sbin/ipop2d"),
        ("ipop3d",),
        (),
        ("ipop3d", "ipop3sd"),
    ),
)
