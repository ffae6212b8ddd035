"""Grafana's signed identity token (header X-Grafana-Id): who asks, or a refusal.

As Grafana 12.4 makes it (pkg/services/auth/idimpl): ES256, `iss` its root_url, `aud` ["org:N"], `sub` "user:N",
valid for ten minutes; keys of a month with their `kid` at /api/signing-keys/keys.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import jwt

from exporter.gateway.refusal import Reason, Refusal

ALGORITHM = "ES256"
SKEW_SECONDS = 30.0
LONGEST_VALID_SECONDS = 3600.0
MAX_TOKEN_BYTES = 8192
SUBJECT = re.compile(r"[a-z-]{1,50}:[A-Za-z0-9_-]{1,100}")
ORGANISATION = re.compile(r"org:([1-9][0-9]{0,17})")
REQUIRED = ("iss", "aud", "sub", "exp", "iat")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks: `organisation` is the current one; values that the token lacks are empty."""

    organisation: int
    subject: str
    kind: str
    login: str = ""
    email: str = ""
    email_verified: bool = False
    role: str = ""

    @property
    def is_user(self) -> bool:
        """Whether this is a logged-in person."""
        return self.kind == "user"

    def __str__(self) -> str:
        return f"{self.login or self.subject!r} ({self.subject}, organisation {self.organisation})"


class Keys(Protocol):
    """The source of the public keys."""

    def key(self, kid: str, wrong: Any = None) -> Awaitable[Any]:  # noqa: ANN401 - the library's key
        """The key with that id, if there is another than `wrong` that one; Refusal if there is none."""


class Tokens:
    """Verifies tokens of the one `issuer` with its `keys`; `clock`: UNIX seconds."""

    def __init__(self, issuer: str, keys: Keys, clock: Callable[[], float]) -> None:
        self._issuer = issuer
        self._keys = keys
        self._clock = clock

    async def identity(self, token: str) -> Identity:
        """The identity in the token. Refusal unless it is completely valid."""
        kid = _kid(token)
        key = await self._keys.key(kid)
        try:
            try:
                claims = self._claims(token, key)
            except jwt.InvalidSignatureError:
                claims = self._claims(token, await self._keys.key(kid, wrong=key))
        except jwt.PyJWTError as error:
            raise _bad(f"{type(error).__name__}: {error}") from error
        self._check_times(claims)
        return _identity(claims)

    def _claims(self, token: str, key: Any) -> Mapping[str, Any]:  # noqa: ANN401 - the library's key
        # The times are checked below, against a clock that tests can set.
        options: Any = {
            "require": list(REQUIRED),
            "verify_aud": False,
            "verify_exp": False,
            "verify_iat": False,
            "verify_nbf": False,
        }
        claims: Mapping[str, Any] = jwt.decode(token, key, algorithms=[ALGORITHM], options=options)
        # Here, because the library takes a part of it for the whole in one version.
        if claims["iss"] != self._issuer:
            raise _bad("another issuer")
        return claims

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = self._clock()
        issued, expires = _number(claims, "iat"), _number(claims, "exp")
        if expires + SKEW_SECONDS <= now:
            raise _bad("expired")
        if issued - SKEW_SECONDS > now or ("nbf" in claims and _number(claims, "nbf") - SKEW_SECONDS > now):
            raise _bad("not valid yet")
        if not 0 < expires - issued <= LONGEST_VALID_SECONDS:
            raise _bad("valid for too long")


def _bad(detail: str) -> Refusal:
    return Refusal(401, Reason.TOKEN, "not authenticated: log in to Grafana again", detail)


def _kid(token: str) -> str:
    if not token.isascii() or len(token) > MAX_TOKEN_BYTES:
        raise _bad("not a token")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, RecursionError) as error:  # older versions of the library let the second one pass
        raise _bad(f"{type(error).__name__}") from error
    kid = header.get("kid")
    if str(header.get("typ", "jwt")).lower() != "jwt":
        raise _bad("another kind of token")
    if header.get("alg") != ALGORITHM or "crit" in header:
        raise _bad(f"algorithm {str(header.get('alg'))[:20]!r}")
    if not isinstance(kid, str) or not 0 < len(kid) <= 200:  # noqa: PLR2004 - Grafana's have 16 characters
        raise _bad("no key id")
    return kid


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:  # noqa: PLR2004 - UNIX
        raise _bad(f"{name} is not a time")
    return float(value)


def _identity(claims: Mapping[str, Any]) -> Identity:
    audience = claims["aud"]
    # Exactly one organisation: a token for several would give the rights of one in another.
    named = audience if isinstance(audience, list) else [audience]
    match = ORGANISATION.fullmatch(named[0]) if len(named) == 1 and isinstance(named[0], str) else None
    if match is None:
        raise _bad("not for one organisation")
    kind, subject = _text(claims, "type"), _text(claims, "sub")
    if not SUBJECT.fullmatch(subject) or subject.partition(":")[0] != kind:
        raise _bad("type and subject do not agree")
    return Identity(
        organisation=int(match[1]),
        subject=subject,
        kind=kind,
        login=_text(claims, "username"),
        email=_text(claims, "email"),
        email_verified=claims.get("email_verified") is True,
        role=_text(claims, "role"),
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name, "")
    if not isinstance(value, str):
        raise _bad(f"{name} is not a text")
    return value
