"""Grafana's public keys: cached, fetched again for an unknown key id or a signature that the known key did not make.

Never more often than every few seconds.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from exporter.gateway.refusal import Reason, Refusal

LOGGER = logging.getLogger(__name__)
PAUSE_SECONDS = 5.0
FRESH_SECONDS = 3600.0
# Grafana may be down for a while; after this time its keys are no longer trusted.
USABLE_SECONDS = 24 * 3600.0
MAX_KEYS = 100

Fetch = Callable[[], Awaitable[bytes]]
Count = Callable[[bool], None]


class FetchError(Exception):
    """Fetching the keys failed; the message is for the log."""


class KeyStore:
    """The keys by id. `fetch` returns the JWKS document or raises FetchError; `clock`: monotonic seconds."""

    def __init__(self, fetch: Fetch, clock: Callable[[], float], count: Count = lambda _: None) -> None:
        self._fetch = fetch
        self._clock = clock
        self._count = count
        self._keys: dict[str, EllipticCurvePublicKey] = {}
        self._asked: float | None = None
        self._had: float | None = None
        self._fetching = asyncio.Lock()

    async def key(self, kid: str, wrong: EllipticCurvePublicKey | None = None) -> EllipticCurvePublicKey:
        """The key with that id. Refusal: 401 if Grafana does not have it, 503 if Grafana cannot be reached.

        `wrong`: the key known until now, which did not make a signature; Grafana is then asked whether it has another.
        An id is made of the month, so a Grafana with a new database has another key with the same id.
        """
        if self._must_ask(kid, wrong):
            await self._renew(kid, wrong)
        if self._age() > USABLE_SECONDS:
            raise Refusal(503, Reason.KEYS, "Grafana's signing keys cannot be fetched")
        try:
            return self._keys[kid]
        except KeyError:
            raise Refusal(401, Reason.TOKEN, "not authenticated: log in to Grafana again", "unknown key") from None

    def _age(self) -> float:
        return float("inf") if self._had is None else self._clock() - self._had

    def _must_ask(self, kid: str, wrong: EllipticCurvePublicKey | None) -> bool:
        return self._keys.get(kid) in (None, wrong) or self._age() > FRESH_SECONDS

    async def _renew(self, kid: str, wrong: EllipticCurvePublicKey | None) -> None:
        async with self._fetching:
            # Those who waited here may find the key now; and foreign tokens must not make us flood Grafana.
            if not self._must_ask(kid, wrong):
                return
            if self._asked is not None and self._clock() - self._asked < PAUSE_SECONDS:
                return
            try:
                keys = parsed(await self._fetch())
            except FetchError as error:
                self._count(False)
                LOGGER.warning("Grafana's signing keys cannot be fetched: %s", error)
                return
            finally:
                # Counted from its end: otherwise those who waited for a slow failure would start the next.
                self._asked = self._clock()
            self._count(True)
            self._keys, self._had = keys, self._clock()


def parsed(document: bytes) -> dict[str, EllipticCurvePublicKey]:
    """The P-256 keys of a JWKS document by their ids; others are left out. FetchError if it is none."""
    try:
        entries = json.loads(document)["keys"]
        known = [entry for entry in entries[:MAX_KEYS] if _is_ours(entry)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FetchError(f"not a JWKS document: {type(error).__name__}") from error
    keys: dict[str, EllipticCurvePublicKey] = {}
    for entry in known:
        try:
            key = jwt.PyJWK({**entry, "alg": "ES256"}).key
        except (jwt.PyJWTError, ValueError) as error:
            LOGGER.warning("ignoring a signing key of Grafana: %s", type(error).__name__)
            continue
        if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
            keys[entry["kid"]] = key
    return keys


def _is_ours(entry: dict[str, Any]) -> bool:
    return (
        entry.get("kty") == "EC"
        and entry.get("crv") == "P-256"
        and entry.get("alg", "ES256") == "ES256"
        and entry.get("use", "sig") == "sig"
        and isinstance(entry.get("kid"), str)
    )
