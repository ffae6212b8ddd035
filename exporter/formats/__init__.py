"""The wordings of all servers that we know: one module each, registered here."""

from exporter.formats.contract import Format
from exporter.formats.courier import Courier
from exporter.formats.cyrus import Cyrus
from exporter.formats.dovecot import Dovecot
from exporter.formats.exchange import Exchange
from exporter.formats.hmailserver import HMAILSERVER
from exporter.formats.mailenable import MailEnable
from exporter.formats.mailutils import MAILUTILS
from exporter.formats.nginx import Nginx
from exporter.formats.perdition import PERDITION
from exporter.formats.popa3d import POPA3D
from exporter.formats.qpopper import QPOPPER
from exporter.formats.smartermail import SmarterMail
from exporter.formats.solid_pop3d import SOLID_POP3D
from exporter.formats.uw_imap import UW_IMAP

FORMATS: tuple[Format, ...] = (
    Dovecot(),
    SmarterMail(),
    Courier(),
    Cyrus(),
    Nginx(),
    Exchange(),
    HMAILSERVER,
    MailEnable(),
    POPA3D,
    SOLID_POP3D,
    MAILUTILS,
    PERDITION,
    QPOPPER,
    UW_IMAP,
)

AUTO = "auto"


def formats_of(name: str) -> tuple[Format, ...]:
    """The format called `name`, or for `auto` all formats. ValueError lists the known names."""
    chosen = tuple(one for one in FORMATS if name in (AUTO, one.name))
    if not chosen:
        known = ", ".join((AUTO, *(one.name for one in FORMATS)))
        raise ValueError(f"no such format: {name!r}; there are {known}")
    return chosen
