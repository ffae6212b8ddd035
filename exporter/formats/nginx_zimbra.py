"""The lines that Zimbra's nginx writes in addition to those of vanilla nginx.

Facts: nginx 1.24.0 built from Zimbra/packages and run; the rarer wordings from its patches (zmauth, throttle).
"""

from collections.abc import Sequence

from exporter.catalogue import Reason
from exporter.formats.nginx_tail import TAIL, WHILE, address, of_other_service, tailed
from exporter.formats.wording import Outcome, Rule
from exporter.model import Fact, Kind, Record, Verdict


def _zmauth(groups: Sequence[bytes | None], record: Record) -> Outcome:
    """Zimbra's look-up of the account failed, and the client may try again."""
    error, client, port, user = groups
    if of_other_service(port):
        return Verdict.IGNORED
    text = (error or b"").lower()
    if b"login failed" in text or b"auth" in text or b"user" in text or b"account" in text:
        return Fact(Kind.FAILURE, record.pid, user or None, address(client))
    return Fact(Kind.REFUSAL, record.pid, user or None, address(client), Reason.BACKEND_DOWN)


RULES = (
    Rule("zimbra-failed", rb"An error occurred in mail zmauth: (.{0,300}) while in mail zmauth state" + TAIL, _zmauth),
    # Lines beside the line of the login, its failure or its end.
    Rule(
        "zimbra-lookup",
        rb"(?:zm lookup: .{1,400}?|Error occurs when retrieve route info from lookup handler, .{1,200}?)"
        rb"(?:" + WHILE + rb")?" + TAIL,
        Verdict.IGNORED,
    ),
    Rule(
        "zimbra-throttle",
        rb"(?:ip throttle:\[[^]]{1,45}\] allow|ip throttle:[^ ]{1,45} counter created|user throttle:.{0,255} "
        rb"(?:allow|not found)|user throttle: (?:alias|no alias)|check (?:ip|user) throttle:"
        rb"|(?:no whitelisted ips|whitelisting ip)\b"
        rb"|create a throttle counter for user"
        rb"|throttle allowing access|counter for [^ ]{1,45} not found|allowing (?:ip|user) .{0,255} login because"
        rb"|retry to (?:check|lookup)|not looking up cached aliases|error trying to cache whitelist status).*",
        Verdict.IGNORED,
    ),
    Rule(
        "zimbra-denied",
        rb"(?:ip throttle:\[[^]]{1,45}\]|user throttle:.{0,255}?) deny \[count:\d{1,19}, ?limit:\d{1,19}\]"
        rb"(?:" + WHILE + rb")?" + TAIL,
        tailed(Kind.END, Reason.RATE_LIMIT),
    ),
    Rule(
        "zimbra-sasl",
        rb"(?:mech list is: |SASL auth negotiation failed|invalid base64 response sent by client|resolved incoming IP "
        rb"|will use IP address to resolve service principal|entering blocking network call ).*",
        Verdict.IGNORED,
    ),
)  # fmt: skip
