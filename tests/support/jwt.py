"""JSON Web Tokens for tests: valid ones, and every kind of wrong one."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
SECRET = bytes(range(100, 132))
ALGORITHMS = ("HS256", "RS256", "ES256", "EdDSA")


@cache
def private_key(algorithm: str = "RS256", number: int = 0) -> Any:
    """A private key; the same one for the same arguments."""
    match algorithm:
        case "RS256":
            return rsa.generate_private_key(65537, 2048)
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        case "EdDSA":
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            raise AssertionError(algorithm)


def pem(algorithm: str = "RS256", number: int = 0) -> str:
    """Its public key."""
    key: PrivateKey = private_key(algorithm, number)
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def jwk(algorithm: str = "RS256", number: int = 0, **more: object) -> dict[str, Any]:
    """Its public key as JWK."""
    key = private_key(algorithm, number).public_key()
    match key:
        case rsa.RSAPublicKey():
            numbers = key.public_numbers()
            found = {"kty": "RSA", "n": b64(_bytes(numbers.n)), "e": b64(_bytes(numbers.e))}
        case ec.EllipticCurvePublicKey():
            point = key.public_numbers()
            found = {"kty": "EC", "crv": "P-256", "x": b64(_bytes(point.x, 32)), "y": b64(_bytes(point.y, 32))}
        case _:
            found = {"kty": "OKP", "crv": "Ed25519", "x": b64(key.public_bytes(Encoding.Raw, PublicFormat.Raw))}
    return found | more


def jwks(*keys: Mapping[str, Any]) -> str:
    """A JWKS document."""
    return json.dumps({"keys": keys})


def signer(algorithm: str, number: int = 0, secret: bytes = SECRET) -> Callable[[bytes], bytes]:
    """Signs with the test's key for the algorithm."""
    match algorithm:
        case "HS256":
            return lambda signed: hmac.digest(secret, signed, "sha256")
        case "RS256":
            return lambda signed: bytes(private_key("RS256", number).sign(signed, padding.PKCS1v15(), hashes.SHA256()))
        case "ES256":

            def sign(signed: bytes) -> bytes:
                r, s = decode_dss_signature(private_key("ES256", number).sign(signed, ec.ECDSA(hashes.SHA256())))
                return _bytes(r, 32) + _bytes(s, 32)

            return sign
        case "EdDSA":
            return lambda signed: bytes(private_key("EdDSA", number).sign(signed))
        case _:
            return lambda _signed: b"unsigned"


def token(
    claims: Mapping[str, object] | str,
    *,
    kid: str | None = "k",
    algorithm: str = "RS256",
    number: int = 0,
    sign: Callable[[bytes], bytes] | None = None,
    header: Mapping[str, object] | str | None = None,
) -> str:
    """A signed token. A claim, or a parameter of the header, that is None is left out. Text is taken as it is."""
    parameters: object = header
    if not isinstance(header, str):
        parameters = _present({"alg": algorithm, "typ": "JWT", "kid": kid, **(header or {})})
    signed = f"{_part(parameters)}.{_part(claims if isinstance(claims, str) else _present(claims))}"
    return f"{signed}.{b64((sign or signer(algorithm, number))(signed.encode()))}"


def b64(content: bytes) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _part(value: object) -> str:
    return b64((value if isinstance(value, str) else json.dumps(value)).encode())


def _present(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _bytes(number: int, size: int = 0) -> bytes:
    return number.to_bytes(size or (number.bit_length() + 7) // 8, "big")
