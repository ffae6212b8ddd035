"""Tokens as Grafana signs them, and everything that they are not."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

NOW = 1_795_000_000
ISSUER = "http://grafana.example/"


@dataclass
class Signer:
    """A key of Grafana's, and tokens signed with it."""

    kid: str = "id-2026-11-es256"
    curve: ec.EllipticCurve = field(default_factory=ec.SECP256R1)

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(self.curve)

    @property
    def jwk(self) -> dict[str, Any]:
        """As it stands in /api/signing-keys/keys."""
        public: dict[str, Any] = ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {**public, "kid": self.kid, "use": "sig", "alg": "ES256"}

    def token(
        self, claims: dict[str, Any] | None = None, *, headers: dict[str, Any] | None = None, **changed: Any
    ) -> str:
        """A token of `claims` (a Viewer of organisation 2 if none); `changed`: other values, None: without."""
        body = {name: value for name, value in {**(claims or viewer()), **changed}.items() if value is not None}
        named = {"kid": self.kid, "typ": "jwt", **(headers or {})}
        # Not jwt.encode: it refuses to sign some of what must be refused.
        return jwt.PyJWS().encode(
            json.dumps(body).encode(),
            self.key,
            "ES256",
            {name: value for name, value in named.items() if value is not None},
        )


def viewer(login: str = "alice", organisation: int = 2, number: int = 7, now: float = NOW) -> dict[str, Any]:
    """The claims of a Viewer, as Grafana 12.4 writes them."""
    return {
        "iss": ISSUER,
        "aud": [f"org:{organisation}"],
        "sub": f"user:{number}",
        "exp": int(now) + 600,
        "iat": int(now),
        "namespace": f"org-{organisation}",
        "identifier": "u000000007",
        "type": "user",
        "authenticatedBy": "password",
        "username": login,
        "email": f"{login}@mail.example",
        "email_verified": True,
        "name": login.title(),
        "role": "Viewer",
    }


def jwks(*signers: Signer) -> bytes:
    """The document with their public keys."""
    return json.dumps({"keys": [signer.jwk for signer in signers]}).encode()


def unsigned(
    claims: dict[str, Any], algorithm: str = "none", kid: str = "id-2026-11-es256", signature: str = ""
) -> str:
    """A token that nobody signed."""

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': algorithm, 'kid': kid, 'typ': 'jwt'})}.{part(claims)}.{signature}"
