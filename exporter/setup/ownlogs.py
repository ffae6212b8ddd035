"""What a server's configuration says about its logging."""

from dataclasses import dataclass
from typing import Final

MAIL: Final = "mail"


@dataclass(frozen=True, slots=True)
class OwnLogs:
    """Where a server writes its log, according to its configuration.

    `files`: logs of its own; `facility`: that of syslog which it logs to, empty where it does not. `identifiers`: what
    it calls itself there, where that is not as usual. `serves`: whether it is set up to serve POP3. `version`: as it
    says. `advice`: what to set so that it logs more, as sentences.
    """

    files: tuple[str, ...] = ()
    facility: str = ""
    identifiers: tuple[str, ...] = ()
    serves: bool = True
    version: str = ""
    advice: tuple[str, ...] = ()


TO_SYSLOG: Final = OwnLogs(facility=MAIL)
