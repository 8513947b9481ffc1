"""Keys that verify signatures: read from PEM, JWK and JWKS, and pinned to one algorithm each (J2, J3).

A key has one `verify`, which was chosen when the key was read. Nothing in a token can choose another.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from unicodedata import category

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)
from cryptography.x509 import load_der_x509_certificate

from profile_grpc.domain.jwt import ALGORITHMS, JwtAlgorithm

MIN_SECRET = 32
"""Bytes of a shared secret: as many as HMAC-SHA-256 puts out (RFC 7518, 3.2)."""
MAX_SET = 64
"""Usable keys of a JWKS document."""
MAX_LISTED = 512
"""All keys of a JWKS document: to look at those that cannot be used takes time as well."""
_MIN_RSA, _MAX_RSA = 2048, 8192
_MAX_EXPONENT = 2**32 - 1
"""A check takes as long as the exponent is: one as long as the key would take 80 times the usual time."""
_COORDINATE = 32
_MAX_KID = 128
_PRIVATE_MEMBERS = ("d", "p", "q", "dp", "dq", "qi", "oth")
_SHA256 = hashes.SHA256()
_PKCS1 = padding.PKCS1v15()
_ECDSA = ec.ECDSA(_SHA256)

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
Verify = Callable[[bytes, bytes], bool]
"""Whether the second is a signature of the first."""


class KeyRefused(ValueError):  # noqa: N818 - an outcome
    """The key cannot be used. The text says why, and repeats nothing of the key."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """One key, for one algorithm."""

    kid: str
    """Empty: it verifies tokens without a kid, if it is the app's only key."""
    algorithm: JwtAlgorithm
    fingerprint: str
    """SHA-256 of the public key's SubjectPublicKeyInfo, in hexadecimal digits; empty for a shared secret."""
    verify: Verify = field(compare=False, repr=False)


def shared_secret(kid: str, secret: bytes) -> VerificationKey:
    """A key of HS256.

    Raises:
        KeyRefused: it is too short, or is a public key: whoever has that could sign.
    """
    if len(secret) < MIN_SECRET:
        raise KeyRefused(f"a shared secret has at least {MIN_SECRET} bytes; make one with: openssl rand 32")
    if _is_public(secret):
        raise KeyRefused("this is a public key or a certificate, which everybody may have; add it as a public key")

    def verify(signed: bytes, signature: bytes) -> bool:
        return hmac.compare_digest(hmac.digest(secret, signed, "sha256"), signature)

    return VerificationKey(kid, JwtAlgorithm.HS256, "", verify)


def from_pem(kid: str, pem: str) -> VerificationKey:
    """A public key in PEM.

    Raises:
        KeyRefused: it is none, or of a kind, a curve or a size that is not allowed.
    """
    if "PRIVATE KEY" in pem:
        raise KeyRefused("this is a private key, which must not leave its owner; add the public key only")
    if "BEGIN CERTIFICATE" in pem:
        raise KeyRefused("this is a certificate; take its public key with: openssl x509 -in FILE -noout -pubkey")
    try:
        if not pem.lstrip().startswith("-----BEGIN") or "\0" in pem:  # the library ignores what is around it
            raise ValueError
        found = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise KeyRefused("this is no public key in PEM (-----BEGIN PUBLIC KEY-----)") from None
    return _pinned(kid, found)


def from_jwk(text: str, kid: str = "") -> VerificationKey:
    """A public key as JWK. `kid`: used if the JWK has none.

    Raises:
        KeyRefused: as `from_pem`, or `kid` is not the JWK's.
    """
    jwk = _json_object(text, "a JWK")
    if "keys" in jwk:
        raise KeyRefused("this is a JWKS document, not a single JWK")
    own = _kid(jwk)
    if kid and own and kid != own:
        raise KeyRefused("the JWK has another kid than was given")
    if not kid and not own:
        raise KeyRefused("neither the JWK nor the request has a kid")
    _check_use(jwk)
    return _pinned(kid or own, _public_key(jwk), jwk.get("alg"))


def from_jwks(text: str) -> Sequence[VerificationKey]:
    """The usable keys of a JWKS document. Those of other kinds, algorithms or uses are left out (RFC 7517, 5).

    Raises:
        KeyRefused: it is no JWKS document, has no usable key or too many, or two of one kid, or a private key.
    """
    listed = _json_object(text, "a JWKS document").get("keys")
    if not isinstance(listed, list) or not all(isinstance(jwk, dict) for jwk in listed):
        raise KeyRefused("this is no JWKS document: it has no list of keys")
    if len(listed) > MAX_LISTED:
        raise KeyRefused(f"the JWKS document has more than {MAX_LISTED} keys")
    found: list[VerificationKey] = []
    for jwk in listed:
        if any(name in jwk for name in _PRIVATE_MEMBERS):
            raise KeyRefused("the JWKS document contains a private key; replace that key, everybody could have read it")
        try:
            _check_use(jwk)
            found.append(_pinned(_kid(jwk), _public_key(jwk), jwk.get("alg")))
        except KeyRefused:
            continue
        if len(found) > MAX_SET:  # at once: each takes time to read
            raise KeyRefused(f"the JWKS document has more than {MAX_SET} keys")
    if not found:
        raise KeyRefused("the JWKS document has no key for RS256, ES256 or EdDSA")
    if len({key.kid for key in found}) < len(found):
        raise KeyRefused("the JWKS document has two keys with one kid, or several without")
    return found


def _pinned(kid: str, key: object, algorithm: object = None) -> VerificationKey:
    """The key with the one algorithm that it is for."""
    check: Callable[[bytes, bytes], None]
    match key:
        case rsa.RSAPublicKey():
            if not _MIN_RSA <= key.key_size <= _MAX_RSA:
                raise KeyRefused(f"an RSA key has {_MIN_RSA} to {_MAX_RSA} bits")
            if key.public_numbers().e > _MAX_EXPONENT:
                raise KeyRefused(f"the public exponent of an RSA key is at most {_MAX_EXPONENT}; usual is 65537")
            name, check = "RS256", partial(key.verify, padding=_PKCS1, algorithm=_SHA256)
        case ec.EllipticCurvePublicKey():
            if not isinstance(key.curve, ec.SECP256R1):
                raise KeyRefused("an elliptic curve key is on the curve P-256")
            name, check = "ES256", _ecdsa(key)
        case ed25519.Ed25519PublicKey():
            name, check = "EdDSA", key.verify
        case _:
            raise KeyRefused("this is no key of RSA, of the curve P-256, or of Ed25519")
    if algorithm is not None and algorithm != name:  # it may be of any type
        raise KeyRefused(f"a key of this kind is used with {name}, and it is marked for something else")
    encoded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return VerificationKey(kid, ALGORITHMS[name], hashlib.sha256(encoded).hexdigest(), _unless_invalid(check))


def _unless_invalid(check: Callable[[bytes, bytes], None]) -> Verify:
    """Whether the check, of a signature and what is signed, raises no InvalidSignature."""

    def verify(signed: bytes, signature: bytes) -> bool:
        try:
            check(signature, signed)
        except InvalidSignature:
            return False
        return True

    return verify


def _ecdsa(key: ec.EllipticCurvePublicKey) -> Callable[[bytes, bytes], None]:
    def check(signature: bytes, signed: bytes) -> None:
        if len(signature) != 2 * _COORDINATE:
            raise InvalidSignature
        r, s = (int.from_bytes(half, "big") for half in (signature[:_COORDINATE], signature[_COORDINATE:]))
        key.verify(encode_dss_signature(r, s), signed, _ECDSA)

    return check


def _public_key(jwk: Mapping[str, Any]) -> PublicKey:
    if any(name in jwk for name in _PRIVATE_MEMBERS):
        raise KeyRefused("this is a private key, which must not leave its owner; add the public key only")
    try:
        match jwk.get("kty"), jwk.get("crv"):
            case "RSA", _:
                return rsa.RSAPublicNumbers(_number(jwk, "e"), _number(jwk, "n")).public_key()
            case "EC", "P-256":
                x, y = _number(jwk, "x"), _number(jwk, "y")
                return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
            case "OKP", "Ed25519":
                return ed25519.Ed25519PublicKey.from_public_bytes(_bytes(jwk, "x"))
            case "oct", _:
                raise KeyRefused("a JWK of kind oct is a shared secret; add it as one")
            case _:
                raise KeyRefused("this is no JWK of RSA, of the curve P-256, or of Ed25519")
    except KeyRefused:
        raise
    except (ValueError, UnsupportedAlgorithm):
        raise KeyRefused("the values of the JWK are no public key") from None


def _check_use(jwk: Mapping[str, Any]) -> None:
    operations = jwk.get("key_ops")
    verifies = operations is None or (isinstance(operations, list) and "verify" in operations)
    if jwk.get("use", "sig") != "sig" or not verifies:
        raise KeyRefused("the JWK is not for signatures")


def _kid(jwk: Mapping[str, Any]) -> str:
    kid = jwk.get("kid", "")
    if not isinstance(kid, str) or len(kid) > _MAX_KID or any(category(char) in {"Cc", "Cs"} for char in kid):
        raise KeyRefused(f"the kid of a JWK is a string of up to {_MAX_KID} characters, and none for control")
    return kid


def _number(jwk: Mapping[str, Any], name: str) -> int:
    encoded = _bytes(jwk, name)
    if len(encoded) > _MAX_RSA // 8 + 1:
        raise KeyRefused(f"an RSA key has {_MIN_RSA} to {_MAX_RSA} bits")
    return int.from_bytes(encoded, "big")


def _bytes(jwk: Mapping[str, Any], name: str) -> bytes:
    """Raises ValueError if it is no base64url."""
    text = jwk.get(name)
    if not isinstance(text, str) or not text.isascii():
        raise ValueError
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _json_object(text: str, what: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise KeyRefused(f"this is not {what}: no JSON object")
    return found


def _is_public(secret: bytes) -> bool:
    """Whether the bytes are a public key in one of its usual forms."""
    text = secret.strip()
    if text.startswith((b"-----BEGIN", b"ssh-", b"ecdsa-sha2-")):
        return True
    if text.startswith(b"{"):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return False
        return isinstance(found, dict) and ("kty" in found or "keys" in found)
    with suppress(ValueError):  # the lines between BEGIN and END alone
        secret = b64decode(b"".join(text.split()), validate=True)
    return _is_read_by(load_der_public_key, secret) or _is_read_by(load_der_x509_certificate, secret)


def _is_read_by(load: Callable[[bytes], object], der: bytes) -> bool:
    try:
        load(der)
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True
