"""Keys without a certificate: of Apple (p8), of Firebase, of Web Push, and the app secret of Huawei (K1, K3)."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.push_credentials import Checked, CredentialKind, PublicPart, invalid
from profile_grpc.domain.push_endpoints import ApnsEnvironment
from profile_grpc.service.push_credentials.certificates import LEAST_RSA_BITS, load_key, public_der

_PEM = serialization.Encoding.PEM
_PKCS8 = serialization.PrivateFormat.PKCS8
_OPEN = serialization.NoEncryption()
_P256_BYTES = 32
# A server key of FCM, as `AAAAeHAq3uc:APA91b…`, and an API key of Google, as `AIzaSyD…`.
_LEGACY_KEY = re.compile(rb"\s*(AAAA[A-Za-z0-9_-]{7}:[A-Za-z0-9_-]{100,200}|AIza[A-Za-z0-9_-]{35})\s*\Z")


@dataclass(frozen=True, slots=True)
class FcmServiceAccount:
    """An upload of a service account's JSON file."""

    json: bytes = field(repr=False)

    def check(self, _now: datetime) -> Checked:
        where = "fcm_service_account.json"
        if _LEGACY_KEY.match(self.json):
            raise _legacy(where)
        account = self._account(where)
        missing = [
            name for name in ("project_id", "private_key_id", "private_key", "client_email") if not _text(account, name)
        ]
        if missing:
            raise invalid("WRONG_FILE", where, f"the service account lacks {', '.join(missing)}; download a new key")
        pem = _text(account, "private_key").encode()
        key = load_key(pem, "", where, where)
        if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < LEAST_RSA_BITS:
            raise invalid("WRONG_KEY_TYPE", where, f"its private_key is no RSA key of {LEAST_RSA_BITS} bits or more")
        public = PublicPart(
            kind=CredentialKind.FCM_SERVICE_ACCOUNT,
            fingerprint=_fingerprint(key),
            subject=_text(account, "client_email"),
            key_id=_text(account, "private_key_id"),
            project_id=_text(account, "project_id"),
        )
        return Checked(public, json.dumps(account).encode())

    def _account(self, where: str) -> dict[str, object]:
        try:
            account = json.loads(self.json)
        except (ValueError, RecursionError):
            raise invalid("UNREADABLE", where, "it is not JSON; give the file as Firebase gives it") from None
        if not isinstance(account, dict):
            raise invalid("UNREADABLE", where, "it is no JSON object; give the file as Firebase gives it")
        if account.get("type") == "service_account":
            return account
        if "project_info" in account:
            found = "it is google-services.json, which belongs into the app"
        elif "messagingSenderId" in account or "apiKey" in account:
            found = "it is the configuration of web apps, which is the setting web_push.firebase_web_config"
        else:
            found = "its type is not service_account"
        raise invalid("WRONG_FILE", where, f"{found}; make a key in Firebase: Project settings, Service accounts")


@dataclass(frozen=True, slots=True)
class ApnsTokenKey:
    """An upload of a token signing key of Apple."""

    p8: bytes = field(repr=False)
    key_id: str
    team_id: str
    topic: str
    environment: ApnsEnvironment = ApnsEnvironment.UNSPECIFIED

    def check(self, _now: datetime) -> Checked:
        key = _p256(self.p8, "apns_token_key.p8")
        public = PublicPart(
            kind=CredentialKind.APNS_TOKEN_KEY,
            fingerprint=_fingerprint(key),
            topic=self.topic,
            environment=self.environment or ApnsEnvironment.PRODUCTION,
            key_id=self.key_id,
            team_id=self.team_id,
        )
        return Checked(public, _private_pem(key))


@dataclass(frozen=True, slots=True)
class VapidKey:
    """A VAPID key: an upload, or one to make."""

    subject: str
    private_key: bytes = field(default=b"", repr=False)
    """PEM, or 32 bytes in base64url; empty: a new one is made."""
    public_key: str = ""
    """What browsers subscribed with, in base64url; empty: not compared."""
    site_url: str = ""
    icon_url: str = ""

    def check(self, _now: datetime) -> Checked:
        key = self._key()
        point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        if self.public_key and _from_base64url(self.public_key) != point:
            raise invalid(
                "KEY_MISMATCH",
                "vapid_key.public_key",
                "public and private key do not belong together; give both of one pair",
            )
        public = PublicPart(
            kind=CredentialKind.VAPID_KEY,
            fingerprint=_fingerprint(key),
            subject=self.subject,
            public_key=urlsafe_b64encode(point).rstrip(b"=").decode(),
            site_url=self.site_url,
            icon_url=self.icon_url,
        )
        return Checked(public, _private_pem(key))

    def _key(self) -> ec.EllipticCurvePrivateKey:
        where = "vapid_key.private_key"
        if not self.private_key:
            return ec.generate_private_key(ec.SECP256R1())
        if b"-----BEGIN " in self.private_key:
            return _p256(self.private_key, where)
        secret = _from_base64url(self.private_key.decode(errors="replace"))
        if len(secret) != _P256_BYTES:
            raise invalid("UNREADABLE", where, "it is neither PEM nor 32 bytes in base64url")
        try:
            return ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
        except ValueError:
            raise invalid("WRONG_KEY_TYPE", where, "it is no private key on P-256") from None


@dataclass(frozen=True, slots=True)
class HmsApp:
    """An upload of an app's id and secret at Huawei."""

    hms_id: str
    secret: str = field(repr=False)
    fingerprint_key: bytes = field(repr=False)
    """The secret may be short: a hash that anybody can compute would reveal it."""

    def check(self, _now: datetime) -> Checked:
        digest = hmac.digest(self.fingerprint_key, f"{self.hms_id}\0{self.secret}".encode(), hashlib.sha256).hex()
        public = PublicPart(kind=CredentialKind.HMS_APP, fingerprint=digest, subject=self.hms_id)
        return Checked(public, json.dumps({"app_id": self.hms_id, "app_secret": self.secret}).encode())


def _legacy(where: str) -> Refused:
    description = (
        "is a key of FCM's legacy interface, which ended in June 2024; upload the JSON file of a service account"
        " (Firebase: Project settings, Service accounts, Generate new private key)"
    )
    return Refused.for_field(Reason.LEGACY_CREDENTIAL, f"The push credential {description}.", where, description)


def _p256(pem: bytes, where: str) -> ec.EllipticCurvePrivateKey:
    """An unencrypted EC key on P-256 in PEM."""
    if b"PRIVATE KEY-----" not in pem:
        what = "it is a certificate or a public key" if b"-----BEGIN " in pem else "it is not PEM"
        raise invalid("WRONG_FILE" if b"-----BEGIN " in pem else "UNREADABLE", where, f"{what}; give the private key")
    key = load_key(pem, "", where, where)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise invalid("WRONG_KEY_TYPE", where, "it is no EC key on P-256")
    return key


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return json.dumps({"private_key": key.private_bytes(_PEM, _PKCS8, _OPEN).decode()}).encode()


def _fingerprint(key: PrivateKeyTypes) -> str:
    return hashlib.sha256(public_der(key)).hexdigest()


def _from_base64url(text: str) -> bytes:
    """The bytes, with or without padding; empty if it is no base64url."""
    stripped = text.strip().rstrip("=")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", stripped):
        return b""
    try:
        return urlsafe_b64decode(stripped + "=" * (-len(stripped) % 4))
    except ValueError:
        return b""


def _text(account: dict[str, object], name: str) -> str:
    value = account.get(name)
    return value if isinstance(value, str) else ""
