"""Certificates of Apple with their private keys, PKCS #12 or PEM (K1, K3)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID, ObjectIdentifier

from profile_grpc.domain.push_credentials import Checked, CredentialKind, PublicPart, invalid
from profile_grpc.domain.push_endpoints import ApnsEnvironment
from profile_grpc.domain.stamps import MAX_AHEAD

_KEY_BLOCK = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.+?-----END \1-----", re.DOTALL)
_CERTIFICATE_BLOCK = b"-----BEGIN CERTIFICATE-----"
LEAST_RSA_BITS = 2048
# The extensions of Apple's push certificates.
_SANDBOX = ObjectIdentifier("1.2.840.113635.100.6.3.1")
_PRODUCTION = ObjectIdentifier("1.2.840.113635.100.6.3.2")
_TOPICS = ObjectIdentifier("1.2.840.113635.100.6.3.6")
_WEBSITE = "web."
"""How a website push id begins."""
_DER_SEQUENCE = b"\x30"
_UTF8_STRING = 0x0C
_CONSTRUCTED = 0x20
_LONG_LENGTH = 0x80


@dataclass(frozen=True, slots=True)
class ApnsCertificate:
    """An upload of a push certificate."""

    file: bytes = field(repr=False)
    password: str = field(default="", repr=False)
    environment: ApnsEnvironment = ApnsEnvironment.UNSPECIFIED
    topic: str = ""

    def check(self, now: datetime) -> Checked:
        opened = _open(self.file, self.password, "apns_certificate", now)
        bundle_id, topics = opened.topics()
        if bundle_id.startswith(_WEBSITE):
            raise invalid(
                "WRONG_FILE", "apns_certificate.file", "it is a website push certificate; upload it as one for Safari"
            )
        if not bundle_id:
            raise invalid(
                "WRONG_FILE", "apns_certificate.file", "it is no push certificate of Apple: it names no bundle id"
            )
        if self.topic and self.topic not in topics:
            raise invalid(
                "TOPIC_MISMATCH",
                "apns_certificate.topic",
                f"the certificate is for {', '.join(sorted(topics))}; upload the certificate of the topic",
            )
        return opened.checked(
            CredentialKind.APNS_CERTIFICATE,
            topic=self.topic or bundle_id,
            environment=opened.environment(self.environment),
        )


@dataclass(frozen=True, slots=True)
class SafariCertificate:
    """An upload of a website push certificate."""

    file: bytes = field(repr=False)
    password: str = field(repr=False)
    site_name: str
    site_url: str
    icon_names: tuple[str, ...] = ()

    def check(self, now: datetime) -> Checked:
        opened = _open(self.file, self.password, "safari_certificate", now)
        website_id, _ = opened.topics()
        if not website_id.startswith(_WEBSITE):
            raise invalid(
                "WRONG_FILE",
                "safari_certificate.file",
                "it is no website push certificate of Apple: its subject names no id that begins with `web.`",
            )
        return opened.checked(
            CredentialKind.SAFARI_CERTIFICATE,
            topic=website_id,
            site_name=self.site_name,
            site_url=self.site_url,
            icon_names=self.icon_names,
        )


@dataclass(frozen=True, slots=True)
class _Opened:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: PrivateKeyTypes = field(repr=False)
    chain: tuple[x509.Certificate, ...]

    def topics(self) -> tuple[str, frozenset[str]]:
        """The bundle id (or website push id), and every topic that the certificate is for."""
        names = self.certificate.subject.get_attributes_for_oid(NameOID.USER_ID)
        bundle_id = str(names[0].value) if names else ""
        topics = {bundle_id}
        extension = self._extension(_TOPICS)
        if bundle_id and extension is not None:
            # It lists each topic with its kinds ("app", "voip").
            topics |= {text for text in _texts(extension) if text.startswith(f"{bundle_id}.")}
        return bundle_id, frozenset(topics)

    def environment(self, asked: ApnsEnvironment) -> ApnsEnvironment:
        """The gateway: the asked one, if the certificate is for it. Refused otherwise."""
        allowed = {
            environment
            for oid, environment in ((_SANDBOX, ApnsEnvironment.SANDBOX), (_PRODUCTION, ApnsEnvironment.PRODUCTION))
            if self._extension(oid) is not None
        }
        if asked is ApnsEnvironment.UNSPECIFIED:
            return ApnsEnvironment.SANDBOX if allowed == {ApnsEnvironment.SANDBOX} else ApnsEnvironment.PRODUCTION
        if allowed and asked not in allowed:
            [only] = allowed
            raise invalid(
                "ENVIRONMENT_MISMATCH",
                "apns_certificate.environment",
                f"the certificate is for {only.name} only; choose that, or upload one for {asked.name}",
            )
        return asked

    def checked(self, kind: CredentialKind, **public: object) -> Checked:
        """The credential, with the key as PKCS #8 and the certificates as PEM."""
        pem = serialization.Encoding.PEM
        private = {
            "private_key": self.key.private_bytes(
                pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ).decode(),
            "certificates": "".join(one.public_bytes(pem).decode() for one in (self.certificate, *self.chain)),
        }
        part = PublicPart(
            kind=kind,
            fingerprint=self.certificate.fingerprint(hashes.SHA256()).hex(),
            subject=self.certificate.subject.rfc4514_string(),
            expire_time=self.certificate.not_valid_after_utc,
            **public,  # type: ignore[arg-type]
        )
        return Checked(part, json.dumps(private).encode())

    def _extension(self, oid: ObjectIdentifier) -> bytes | None:
        try:
            value = self.certificate.extensions.get_extension_for_oid(oid).value
        except (x509.ExtensionNotFound, ValueError):
            return None
        return value.value if isinstance(value, x509.UnrecognizedExtension) else b""


def _open(file: bytes, password: str, upload: str, now: datetime) -> _Opened:
    """The certificate and its key, which belong together and are valid now."""
    where = f"{upload}.file"
    key, certificates = (_open_pem if b"-----BEGIN " in file else _open_p12)(file, password, upload)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise invalid(
            "WRONG_KEY_TYPE", where, "the private key is neither RSA nor EC; export the key of the certificate"
        )
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < LEAST_RSA_BITS:
        raise invalid("WRONG_KEY_TYPE", where, f"the RSA key is shorter than {LEAST_RSA_BITS} bits; make a new one")
    mine = public_der(key)
    own = next((one for one in certificates if public_der(one) == mine), None)
    if own is None:
        raise invalid(
            "KEY_MISMATCH",
            where,
            "key and certificate do not belong together; export both from one entry of the keychain",
        )
    if own.not_valid_after_utc <= now:
        raise invalid(
            "EXPIRED", where, f"the certificate expired at {own.not_valid_after_utc:%Y-%m-%d %H:%M} UTC; renew it"
        )
    if own.not_valid_before_utc > now + MAX_AHEAD:
        raise invalid(
            "NOT_YET_VALID", where, f"the certificate is valid from {own.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
        )
    return _Opened(own, key, tuple(one for one in certificates if one is not own))


def public_der(of: x509.Certificate | PrivateKeyTypes) -> bytes:
    """The public key of a certificate or a private key, as SubjectPublicKeyInfo."""
    key = of.public_key()
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _open_p12(file: bytes, password: str, upload: str) -> tuple[PrivateKeyTypes, list[x509.Certificate]]:
    where = f"{upload}.file"
    try:
        x509.load_der_x509_certificate(file)
    except ValueError:
        pass
    else:
        raise invalid("WRONG_FILE", where, "it is a certificate without its private key; export both as .p12")
    # An empty password and none are different in the format, and people mean both by leaving it out.
    for tried in [password.encode()] if password else [None, b""]:
        try:
            key, certificate, others = pkcs12.load_key_and_certificates(file, tried)
        except (ValueError, UnsupportedAlgorithm):
            continue
        if key is None:
            raise invalid("WRONG_FILE", where, "it holds no private key; export the certificate with its key")
        return key, [one for one in (certificate, *others) if one is not None]
    if not file.startswith(_DER_SEQUENCE):
        raise invalid("UNREADABLE", where, "it is neither PKCS #12 (.p12) nor PEM")
    raise invalid("WRONG_PASSWORD", f"{upload}.password", "the password is not the file's, or the file is damaged")


def _open_pem(file: bytes, password: str, upload: str) -> tuple[PrivateKeyTypes, list[x509.Certificate]]:
    where = f"{upload}.file"
    if _CERTIFICATE_BLOCK not in file:
        raise invalid("WRONG_FILE", where, "it holds no certificate; put certificate and private key into one file")
    try:
        certificates = x509.load_pem_x509_certificates(file)
    except ValueError:
        raise invalid("UNREADABLE", where, "its certificate cannot be read") from None
    block = _KEY_BLOCK.search(file)
    if block is None:
        raise invalid("WRONG_FILE", where, "it holds no private key; put certificate and private key into one file")
    return load_key(block[0], password, where, f"{upload}.password"), certificates


def load_key(pem: bytes, password: str, where: str, where_password: str) -> PrivateKeyTypes:
    """A private key in PEM. Refused if it cannot be read. A password that is not needed is ignored."""
    for tried in (password.encode() or None, None):
        try:
            return serialization.load_pem_private_key(pem, tried)
        except TypeError:  # there is a password too many, or it is missing
            continue
        except (ValueError, UnsupportedAlgorithm):
            if b"ENCRYPTED" in pem:
                raise invalid("WRONG_PASSWORD", where_password, "the password is not the key's") from None
            raise invalid("UNREADABLE", where, "its private key cannot be read") from None
    raise invalid("WRONG_PASSWORD", where_password, "the key is encrypted; give its password") from None


def _texts(der: bytes) -> Iterator[str]:
    """Every UTF-8 string in DER."""
    place = 0
    while place + 1 < len(der):
        tag, length, start = der[place], der[place + 1], place + 2
        if length >= _LONG_LENGTH:
            size = length - _LONG_LENGTH
            length, start = int.from_bytes(der[start : start + size], "big"), start + size
        content = der[start : start + length]
        if tag & _CONSTRUCTED:
            yield from _texts(content)
        elif tag == _UTF8_STRING:
            yield content.decode(errors="replace")
        place = start + length
