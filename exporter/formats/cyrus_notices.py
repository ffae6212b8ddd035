"""What Cyrus' POP3 server writes beside the lines of connections: about mailboxes, the process and TLS."""

from typing import Final

from exporter.formats.wording import Rule
from exporter.model import Verdict

# Audit lines other than traffic.
_AUDITED = (
    rb"(?:acl|append|create|delete|discard|duplicate|expunge|modseq|newquota|overquota|partitionmove|proxy|redirect|reject"
    rb"|rename|rmquota|setquota|touched|unlink|unlinkarchive|mboxname|sieve|failed|ok|processed)"
)

NOTICES: Final = (
    Rule("starttls", rb"starttls: .*|\[pop3d\] STARTTLS failed: .*|inittls: .*|TLS is available\.:.*", Verdict.IGNORED),
    Rule(
        "audit",
        rb"auditlog: " + _AUDITED + rb":? .*|event=auditlog\." + _AUDITED + rb" .*|Expunged \d+ messages? from .*",
        Verdict.IGNORED,
    ),
    Rule(
        "statistics",
        rb"POP session stats : .*|optimized mode for empty maildrop: .*|telling master .*",
        Verdict.IGNORED,
    ),
    Rule(
        "executed",
        rb"(?:about to exec|executed|open: user .* opened|skiplist: |DBERROR: |autocreateinbox: ).*",
        Verdict.IGNORED,
    ),
    # About mailboxes and the process, beside the lines of connections (3.13).
    Rule(
        "storage",
        rb"(?:IOERROR: |DENYDB_ERROR: |IDLE: |MUPDATE: |conversations?[_ :]|duplicate_|dupelim: |mailbox: longlock "
        rb"|(?:Unlinking files in|Repacking|Deleted|create new|Header CRC mismatch for) mailbox |Removed unused cache "
        rb"|fetching user_deny\.db|debug logging turned |process file has changed|cannot stat process file"
        rb"|unable to setsocketopt\(|Option '|Shutdown file|DIGEST-MD5 (?:common mech free|client step|server step)"
        rb"|possible MITM attack:|getaddrinfo\(|connect\().*",
        Verdict.IGNORED,
    ),
)
