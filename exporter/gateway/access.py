"""access.yaml: who may see which domains; reloaded when it changes.

Every entry belongs to one Grafana organisation: a login, role, e-mail or subject of another one never matches it.
"""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from exporter.catalogue import OTHER, UNKNOWN
from exporter.configfile import ConfigError, load
from exporter.gateway.config import Section
from exporter.gateway.identity import Identity
from exporter.gateway.refusal import Reason, Refusal

LOGGER = logging.getLogger(__name__)
# No comma (prom-label-proxy's list), no blank, nothing that ends a header, and nothing that looks like a pattern:
# every name is taken literally, and who writes *.example.com means something else.
DOMAIN = re.compile(r"[^\s,\"'\\/:;<>|*?+^$()\[\]{}\x00-\x20\x7f@]{1,253}")
SETTLED_SECONDS = 2.0
WHO = ("login", "email", "role", "subject")


def _domain(name: str) -> str:
    if name in {UNKNOWN, OTHER}:
        raise ValueError("is not a real domain: it collects what has no domain; list real domains")
    if not DOMAIN.fullmatch(name) or name != name.lower():
        raise ValueError("must be a domain in lower case, such as example.com")
    return name


Stamp = tuple[int, int, int, int, int]
Domain = Annotated[str, AfterValidator(_domain)]
Text = Annotated[str, Field(min_length=1, max_length=255)]


class Entry(Section):
    """The rights of matching users of one organisation; exactly one of login, email, role, subject."""

    organisation: Annotated[int, Field(ge=1, strict=True)]
    login: Text | None = None
    email: Text | None = None
    role: Literal["Viewer", "Editor", "Admin"] | None = None
    subject: Annotated[str, Field(pattern=r"^[a-z-]+:[A-Za-z0-9_-]{1,100}$")] | None = None
    administrator: Annotated[bool, Field(strict=True)] = False
    domains: Annotated[tuple[Domain, ...], Field(max_length=200)] = ()

    @model_validator(mode="after")
    def _says_who_and_what(self) -> Self:
        if sum(getattr(self, name) is not None for name in WHO) != 1:
            raise ValueError(f"give exactly one of {', '.join(WHO)}")
        if self.administrator == bool(self.domains):
            raise ValueError("give either administrator: true or domains: [...]")
        return self

    @property
    def who(self) -> tuple[int, str, str]:
        """The organisation, and what identifies the users."""
        name = next(name for name in WHO if getattr(self, name) is not None)
        return self.organisation, name, str(getattr(self, name))

    def matches(self, one: Identity) -> bool:
        """Whether the entry matches this user."""
        if one.organisation != self.organisation:
            return False
        if self.subject is not None:
            return one.subject == self.subject
        if not one.is_user:  # service accounts and visitors who did not log in: only by their subject
            return False
        if self.email is not None:
            return one.email_verified and _plain(one.email) == _plain(self.email)
        return one.login == self.login if self.login is not None else one.role == self.role


def _plain(email: str) -> str:
    """In lower case, as far as it is ASCII: other letters fold into what is another mailbox (straße, strasse)."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in email)


class AccessList(Section):
    """The whole file."""

    access: tuple[Entry, ...]

    @model_validator(mode="after")
    def _nobody_stands_twice(self) -> Self:
        seen: set[tuple[int, str, str]] = set()
        for number, entry in enumerate(self.access):
            if entry.who in seen:
                organisation, name, value = entry.who
                words = f"{name} {value} of organisation {organisation} is listed twice"
                raise PydanticCustomError("twice", "{words}", {"words": words, "at": ("access", number)})
            seen.add(entry.who)
        return self


@dataclass(frozen=True, slots=True)
class Rights:
    """What a user may see: everything, or the series of these domains (sorted, at least one)."""

    administrator: bool
    domains: tuple[str, ...] = ()


class Access:
    """The rights in `path`, checked for changes at every request. ConfigError if the first load fails.

    An invalid file gives no rights to anyone until it is corrected: the change may have been made to revoke
    rights, so the old ones must not stay in effect because of a typing error.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._seen: Stamp | None = None
        self._text: bytes | None = None
        self._has_changed()
        self._entries: tuple[Entry, ...] | None = load(path, AccessList).access

    @property
    def is_good(self) -> bool:
        """Whether the file was valid when it was last checked."""
        return self._entries is not None

    @property
    def size(self) -> int:
        """How many entries are in effect."""
        return len(self._entries or ())

    def rights(self, one: Identity) -> Rights:
        """The rights of this user; Refusal if there are none, or the file is invalid."""
        self.refresh()
        if self._entries is None:
            raise Refusal(503, Reason.ACCESS_FILE, "the gateway's access file is invalid: ask your administrator")
        granted = [entry for entry in self._entries if entry.matches(one)]
        if not granted:
            raise Refusal(403, Reason.NOT_LISTED, "you have no access to any domain here: ask your administrator")
        if any(entry.administrator for entry in granted):
            return Rights(administrator=True)
        return Rights(administrator=False, domains=tuple(sorted({name for entry in granted for name in entry.domains})))

    def refresh(self) -> None:
        """Read the file again if it changed."""
        if not self._has_changed():
            return
        try:
            self._entries = load(self._path, AccessList).access
        except ConfigError as error:
            self._entries = None
            LOGGER.error("invalid access file; all requests are refused until it is corrected:\n%s", error)  # noqa: TRY400
            return
        LOGGER.info("access file reloaded: %d entries", len(self._entries))

    def _has_changed(self) -> bool:
        """Whether the file has changed since the last time."""
        stamp, text = self._stamp(), self._text
        if stamp == self._seen and self._is_settled(stamp):
            return False
        is_other, self._seen = stamp != self._seen, stamp
        try:
            self._text = self._path.read_bytes()
        except OSError:
            self._text = None
            return is_other or text is not None
        return self._text != text

    def _is_settled(self, stamp: Stamp | None) -> bool:
        """Whether another change would show: two may fall into one tick of the file system's clock."""
        return stamp is None or abs(self._clock() - stamp[-1] / 1e9) > SETTLED_SECONDS

    def _stamp(self) -> Stamp | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        # The last one changes with permissions, too, and nobody can set it back.
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
