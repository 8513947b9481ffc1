"""Files of push credentials as Apple, Firebase and Web Push libraries make them."""

from __future__ import annotations

import json
from base64 import encodebytes, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID, ObjectIdentifier

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BUNDLE_ID = "com.example.shop"
WEBSITE_ID = "web.com.example.shop"
SANDBOX, PRODUCTION, TOPICS = (ObjectIdentifier(f"1.2.840.113635.100.6.3.{n}") for n in (1, 2, 6))
PASSWORD = "secret-p12-password"
LEGACY_KEYS = (b"AAAAeHAq3uc:APA91b" + b"F" * 134, b"AIzaSy" + b"D" * 33)

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key for each number; made once, because it takes a while."""
    return _rsa_key(number, bits)


def ec_key(number: int = 0) -> ec.EllipticCurvePrivateKey:
    """A key on P-256 for each number."""
    return _ec_key(number)


@cache
def _rsa_key(_number: int, bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def _ec_key(_number: int) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def certificate(
    key: PrivateKey,
    user_id: str = BUNDLE_ID,
    *,
    extensions: tuple[ObjectIdentifier, ...] = (SANDBOX, PRODUCTION),
    topics: tuple[str, ...] | bytes = (),
    begin: datetime = NOW - timedelta(days=10),
    end: datetime = NOW + timedelta(days=355),
) -> x509.Certificate:
    """A push certificate with Apple's extensions."""
    names = [
        x509.NameAttribute(NameOID.COMMON_NAME, f"Apple Push Services: {user_id}"),
        x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
    ]
    if user_id:
        names.insert(0, x509.NameAttribute(NameOID.USER_ID, user_id))
    name = x509.Name(names)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )
    for oid in extensions:
        builder = builder.add_extension(x509.UnrecognizedExtension(oid, b"\x05\x00"), critical=False)
    if topics:
        der = topics if isinstance(topics, bytes) else _topics(topics)
        builder = builder.add_extension(x509.UnrecognizedExtension(TOPICS, der), critical=False)
    return builder.sign(key, hashes.SHA256())


def _topics(topics: tuple[str, ...]) -> bytes:
    """The DER of Apple's extension: each topic, and a sequence of its kinds."""
    parts = (_element(0x0C, topic.encode()) + _element(0x30, _element(0x0C, b"app")) for topic in topics)
    return _element(0x30, b"".join(parts))


def _element(tag: int, content: bytes) -> bytes:
    """An element of DER."""
    size = len(content)
    length = size.to_bytes((size.bit_length() + 7) // 8 or 1, "big")
    return bytes([tag]) + (length if size < 128 else bytes([0x80 | len(length)]) + length) + content


def nested(depth: int) -> bytes:
    """A sequence in a sequence, and so on."""
    found = b""
    for _ in range(depth):
        found = _element(0x30, found)
    return found


def key_by_scrypt(cost: int) -> bytes:
    """A private key in PEM, encrypted under a password whose derivation takes 1024 bytes of memory times the cost."""

    def number(value: int) -> bytes:
        return _element(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))

    scrypt, pbes2, aes = (
        bytes.fromhex(oid) for oid in ("06092b06010401da47040b", "06092a864886f70d01050d", "060960864801650304012a")
    )
    costs = _element(0x30, _element(0x04, b"saltsalt") + number(cost) + number(8) + number(1))
    how = _element(0x30, _element(0x30, scrypt + costs) + _element(0x30, aes + _element(0x04, bytes(16))))
    der = _element(0x30, _element(0x30, pbes2 + how) + _element(0x04, bytes(64)))
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n%s-----END ENCRYPTED PRIVATE KEY-----\n" % encodebytes(der)


def p12(key: PrivateKey | None, cert: x509.Certificate | None, password: str = PASSWORD) -> bytes:
    """A file as Keychain Access exports it."""
    how: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    )
    return pkcs12.serialize_key_and_certificates(b"Apple Push Services", key, cert, None, how)


def pem(key: PrivateKey, password: str = "") -> bytes:
    """The private key; unencrypted, it is what a p8 file holds."""
    how: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    )
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)


def certificate_pem(cert: x509.Certificate) -> bytes:
    return cert.public_bytes(serialization.Encoding.PEM)


def service_account(key: PrivateKey | None = None, **changes: object) -> bytes:
    """A service account's file as Firebase gives it; a change to None takes a member away."""
    account: dict[str, object] = {
        "type": "service_account",
        "project_id": "shop-1234",
        "private_key_id": "0123456789abcdef0123456789abcdef01234567",
        "private_key": pem(key or rsa_key()).decode(),
        "client_email": "firebase-adminsdk-abcde@shop-1234.iam.gserviceaccount.com",
        "client_id": "123456789012345678901",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "universe_domain": "googleapis.com",
    }
    account |= changes
    return json.dumps({name: value for name, value in account.items() if value is not None}, indent=2).encode()


def base64url_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A VAPID private key as Web Push libraries print it."""
    secret = key.private_numbers().private_value.to_bytes(32, "big")
    return urlsafe_b64encode(secret).rstrip(b"=")


def public_point(key: ec.EllipticCurvePrivateKey) -> str:
    point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return urlsafe_b64encode(point).rstrip(b"=").decode()
