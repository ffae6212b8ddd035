"""Who asks: good tokens are read right, and everything else is nobody."""

import asyncio
import hashlib
import hmac
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from jwt.utils import base64url_encode

from exporter.gateway.identity import Identity, Tokens
from exporter.gateway.keys import KeyStore
from exporter.gateway.refusal import Refusal
from tests.gateway.signing import ISSUER, NOW, Signer, jwks, unsigned, viewer

GRAFANA = Signer()
STRANGER = Signer()
LATER = Signer("id-2026-12-es256")


def asked(token: str, now: float = NOW, document: bytes = b"") -> Identity:
    """Who the token names at `now`."""

    async def fetch() -> bytes:
        return document or jwks(GRAFANA)

    async def run() -> Identity:
        return await Tokens(ISSUER, KeyStore(fetch, lambda: 0.0), lambda: now).identity(token)

    return asyncio.run(run())


def test_a_viewer_is_known_by_organisation_login_and_role() -> None:
    """All that rights may hang on is taken from the token as Grafana 12.4 writes it."""
    expected = Identity(2, "user:7", "user", "alice", "alice@mail.example", email_verified=True, role="Viewer")
    assert expected == asked(GRAFANA.token())


def test_a_grafana_with_a_new_key_of_the_same_name_is_believed() -> None:
    """What the known key did not sign, the key that Grafana names now may have signed."""
    documents = [jwks(STRANGER), jwks(GRAFANA)]
    clock = iter(range(0, 1000, 10))

    async def fetch() -> bytes:
        return documents.pop(0)

    async def run() -> Identity:
        tokens = Tokens(ISSUER, KeyStore(fetch, lambda: next(clock)), lambda: NOW)
        return await tokens.identity(GRAFANA.token())

    assert "alice" == asyncio.run(run()).login


def test_an_email_is_verified_only_by_a_true_claim() -> None:
    """Neither a missing claim nor a word in its place counts."""
    assert not asked(GRAFANA.token(email_verified=None)).email_verified
    assert not asked(GRAFANA.token(email_verified="true")).email_verified


@pytest.mark.parametrize("seconds", [-29, 0, 300, 599, 629])
def test_clocks_may_differ_a_little(seconds: int) -> None:
    """A token holds from its issue to its end, 30 seconds more on each side."""
    assert "alice" == asked(GRAFANA.token(), NOW + seconds).login


def _public_pem() -> bytes:
    return GRAFANA.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _confused() -> str:
    """Signed with the public key as if it were a secret that both sides share."""
    text = unsigned(viewer(), "HS256")[:-1]
    digest = hmac.digest(_public_pem(), text.encode(), hashlib.sha256)
    return f"{text}.{jwt.utils.base64url_encode(digest).decode()}"


def _tampered() -> str:
    header, _, signature = GRAFANA.token().split(".")
    return ".".join((header, unsigned(viewer("bob")).split(".")[1], signature))


BAD: dict[str, tuple[str, float]] = {
    "empty": ("", NOW),
    "no token": ("Bearer abc", NOW),
    "two tokens in one header": (f"{GRAFANA.token()},{GRAFANA.token()}", NOW),
    "two parts": (".".join(GRAFANA.token().split(".")[:2]), NOW),
    "no signature": (unsigned(viewer()), NOW),
    "alg none with a signature": (unsigned(viewer(), signature=GRAFANA.token().split(".")[2]), NOW),
    "alg none, other case": (unsigned(viewer(), "nOnE"), NOW),
    "the public key as a secret": (_confused(), NOW),
    "another key, the same id": (STRANGER.token(), NOW),
    "a key that Grafana does not know": (LATER.token(), NOW),
    "changed after signing": (_tampered(), NOW),
    "expired": (GRAFANA.token(), NOW + 631),
    "not issued yet": (GRAFANA.token(), NOW - 31),
    "valid for a day": (GRAFANA.token(exp=NOW + 86_400), NOW),
    "ends before it begins": (GRAFANA.token(iat=NOW + 10, exp=NOW + 5), NOW),
    "not before later": (GRAFANA.token(nbf=NOW + 60), NOW),
    "no end": (GRAFANA.token(exp=None), NOW),
    "no issue": (GRAFANA.token(iat=None), NOW),
    "an end that is a word": (GRAFANA.token(exp=str(NOW + 60)), NOW),
    "an endless end": (GRAFANA.token(exp=float("inf")), NOW),
    "no issuer": (GRAFANA.token(iss=None), NOW),
    "another Grafana": (GRAFANA.token(iss="http://other.example/"), NOW),
    "an issuer that begins like ours": (GRAFANA.token(iss=f"{ISSUER}x"), NOW),
    "no audience": (GRAFANA.token(aud=None), NOW),
    "no organisation": (GRAFANA.token(aud=[]), NOW),
    "two organisations": (GRAFANA.token(aud=["org:2", "org:1"]), NOW),
    "organisation 0": (GRAFANA.token(aud=["org:0"]), NOW),
    "organisation with a tail": (GRAFANA.token(aud=["org:2\n"]), NOW),
    "audience of another kind": (GRAFANA.token(aud=["stack:2"]), NOW),
    "no subject": (GRAFANA.token(sub=None), NOW),
    "no type": (GRAFANA.token(type=None), NOW),
    "type and subject differ": (GRAFANA.token(type="service-account"), NOW),
    "a login that is a list": (GRAFANA.token(username=["alice"]), NOW),
    "no key id": (GRAFANA.token(headers={"kid": None}), NOW),
    "critical extensions": (GRAFANA.token(headers={"crit": ["b64"], "b64": True}), NOW),
    "another kind of token": (GRAFANA.token(headers={"typ": "at+jwt"}), NOW),
    "a kind that is no text": (GRAFANA.token(headers={"typ": ["jwt"]}), NOW),
    "a key id that is a path": (GRAFANA.token(headers={"kid": "../../../../dev/null"}), NOW),
    "a key id that is a list": (unsigned(viewer(), "ES256", ["id-2026-11-es256"]), NOW),  # type: ignore[arg-type]
    "a header nested without end": (f"{base64url_encode(b'[' * 5000).decode()}.e30.AAAA", NOW),
    "an end that is no number": (GRAFANA.token(exp=float("nan")), NOW),
    "an end that is true": (GRAFANA.token(exp=True), NOW),
    "issued in a far future": (GRAFANA.token(iat=NOW + 10**6, exp=NOW + 10**6 + 600), NOW),
    "issuers": (GRAFANA.token(iss=[ISSUER]), NOW),
    "a part of our issuer": (GRAFANA.token(iss=ISSUER[:-1]), NOW),
    "our issuer in capitals": (GRAFANA.token(iss=ISSUER.upper()), NOW),
    "organisation in other digits": (GRAFANA.token(aud=["org:\u0662"]), NOW),
    "organisation with a sign": (GRAFANA.token(aud=["org:+2"]), NOW),
    "a subject with a line of its own": (GRAFANA.token(sub="user:7\nrefused"), NOW),
    "a subject without a number": (GRAFANA.token(sub="user:"), NOW),
    "its own key in the header": (STRANGER.token(headers={"jwk": STRANGER.jwk}), NOW),
    "a key from elsewhere": (STRANGER.token(headers={"jku": "http://evil.example/keys"}), NOW),
    "far too long": ("x" * 9000, NOW),
    "not ASCII": ("ä.b.c", NOW),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_token_is_nobody(name: str) -> None:
    """Forged, expired, unsigned, confused or meant for somebody else: 401, and no word of why to the one who asks."""
    token, now = BAD[name]
    with pytest.raises(Refusal) as caught:
        asked(token, now)
    assert (401, "not authenticated: log in to Grafana again") == (caught.value.code, caught.value.words)


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_no_text_passes_for_a_token(text: str) -> None:
    """Whatever stands in the header is refused as a bad token, never an error of ours."""
    with pytest.raises(Refusal) as caught:
        asked(text)
    assert 401 == caught.value.code


@given(st.dictionaries(st.sampled_from(sorted(viewer())), st.none() | st.booleans() | st.integers() | st.text()))
def test_changed_claims_never_give_another_organisation(changed: dict[str, Any]) -> None:
    """Signed or not, a token is refused or names the organisation that stands alone in its audience."""
    try:
        found = asked(GRAFANA.token(viewer() | changed))
    except Refusal:
        return
    assert changed.get("aud", "org:2") in (f"org:{found.organisation}", ["org:2"])


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP256K1()])
def test_only_keys_of_the_right_curve_are_taken(curve: ec.EllipticCurve) -> None:
    """A document with keys of other kinds gives none of them."""
    other = Signer("other", curve)
    with pytest.raises(Refusal):
        asked(unsigned(viewer(), "ES256", "other", "AAAA"), document=jwks(other, GRAFANA))
