"""Dovecot's commonest lines as one pattern, for the express lane (`exporter.express`).

It takes the plainest form of them only, whose meaning leaves no doubt: names, addresses and keys of harmless
characters, the elements of the documented log formats. All others are read as ever; what this takes means the same.
"""

from exporter.formats.contract import Usual

# A login: user, address, process, key. An end by QUIT: process, key, received, sent. No group: what is none of this
# service's lines.
# Possessive quantifiers: a line that does not fit is given up at once.
_PATTERN = (
    rb"(?:pop3-login: (?:Login|Logged in): user=<([\w.@+-]{1,255}+)>, (?:method=[\w-]++, )?+rip=([\da-fA-F.:]{2,64}+), "
    rb"(?:rport=\d++, )?+(?:lip=[\w.:]++, )?+(?:lport=\d++, )?+(?:mpid=(\d{1,10}+), )?+(?:[\w ./:+-]++, )*+"
    rb"session=<([\w+/=-]{1,255}+)>"
    rb"|pop3\([\w.@+-]++\)<(\d{1,10}+)><([\w+/=-]{1,255}+)>: Disconnected: Logged out top=\d++/\d++, retr=\d++/\d++, "
    rb"del=\d++/\d++, size=\d++(?:, deleted_bytes=\d++)?+, in=(\d{1,15}+), out=(\d{1,15}+)(?:, rip=[\w.:]++)?+"
    rb"(?:, session=<[\w+/=-]++>)?+"
    rb"|(?:imap|lmtp|managesieve|submission)(?:-[a-z-]{1,20})?[(:][^\n]*+)"
)
USUAL = Usual(_PATTERN, trait="bytes", program=b"dovecot")
