"""The check of uploaded push credentials, with files in the form of their issuers (K1, K3)."""

from __future__ import annotations

import json
from base64 import encodebytes
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.push_credentials import Checked, CredentialKind
from profile_grpc.domain.push_endpoints import ApnsEnvironment
from profile_grpc.service.push_credentials import checking
from profile_grpc.service.push_credentials.certificates import ApnsCertificate, SafariCertificate
from profile_grpc.service.push_credentials.checking import Upload
from profile_grpc.service.push_credentials.keys import ApnsTokenKey, FcmServiceAccount, HmsApp, VapidKey
from tests.support import push_files as files
from tests.support.push_files import BUNDLE_ID, NOW, PASSWORD, PRODUCTION, SANDBOX, WEBSITE_ID

SITE = ("Shop", "https://shop.example.com", ("icon_16x16.png", "icon_128x128@2x.png"))


def refused(upload: Upload) -> tuple[str, str]:
    """The problem and the field of the refusal."""
    with pytest.raises(Refused) as refusal:
        upload.check(NOW)
    refused = refusal.value
    assert refused.reason is Reason.PUSH_CREDENTIAL_INVALID
    for secret in (PASSWORD, "PRIVATE KEY"):
        assert secret not in f"{refused.message} {refused.metadata} {refused.violations}"
    assert refused.metadata["fields"] == refused.violations[0].field
    return refused.metadata["problem"], refused.metadata["fields"]


def p8(number: int = 0) -> ApnsTokenKey:
    return ApnsTokenKey(files.pem(files.ec_key(number)), "ABC123DEFG", "TEAM123456", BUNDLE_ID)


def certificate_file(how: str) -> tuple[bytes, str]:
    key = files.rsa_key()
    cert = files.certificate(key)
    match how:
        case "p12":
            return files.p12(key, cert, PASSWORD), PASSWORD
        case "p12 without a password":
            return files.p12(key, cert, ""), ""
        case "pem":
            return files.certificate_pem(cert) + files.pem(key), ""
        case "pem, key first":
            return files.pem(key) + files.certificate_pem(cert), ""
        case "pem with a password that it does not need":
            return files.pem(key) + files.certificate_pem(cert), PASSWORD
        case _:
            return files.certificate_pem(cert) + files.pem(key, PASSWORD), PASSWORD


@pytest.mark.parametrize(
    "how",
    [
        "p12",
        "p12 without a password",
        "pem",
        "pem, key first",
        "pem with a password that it does not need",
        "encrypted pem",
    ],
)
def test_K3_a_certificate_of_apple_is_opened(how: str) -> None:
    file, password = certificate_file(how)
    checked = ApnsCertificate(file, password).check(NOW)
    public = checked.public
    assert (public.kind, public.topic, public.environment) == (
        CredentialKind.APNS_CERTIFICATE,
        BUNDLE_ID,
        ApnsEnvironment.PRODUCTION,
    )
    assert f"CN=Apple Push Services: {BUNDLE_ID}" in public.subject
    assert public.expire_time == NOW + timedelta(days=355)
    stored = json.loads(checked.private)
    assert stored["private_key"].encode() == files.pem(files.rsa_key())
    assert PASSWORD not in checked.private.decode()


def test_K3_the_fingerprint_is_the_certificates() -> None:
    key = files.rsa_key()
    cert = files.certificate(key)
    checked = ApnsCertificate(files.p12(key, cert), PASSWORD).check(NOW)
    assert checked.public.fingerprint == cert.fingerprint(hashes.SHA256()).hex()
    assert json.loads(checked.private)["certificates"] == files.certificate_pem(cert).decode()


def apns(**changes: object) -> ApnsCertificate:
    key = files.rsa_key()
    cert = files.certificate(key, **changes)  # type: ignore[arg-type]
    return ApnsCertificate(files.p12(key, cert), PASSWORD)


RSA, CERT = files.rsa_key(), files.certificate(files.rsa_key())
WRONG_CERTIFICATES: dict[str, tuple[Callable[[], Upload], str, str]] = {
    "wrong password": (lambda: ApnsCertificate(files.p12(RSA, CERT), "guess"), "WRONG_PASSWORD", "password"),
    "no password": (lambda: ApnsCertificate(files.p12(RSA, CERT)), "WRONG_PASSWORD", "password"),
    "wrong password of a pem": (
        lambda: ApnsCertificate(files.certificate_pem(CERT) + files.pem(RSA, PASSWORD), "guess"),
        "WRONG_PASSWORD",
        "password",
    ),
    "no password of a pem": (
        lambda: ApnsCertificate(files.certificate_pem(CERT) + files.pem(RSA, PASSWORD)),
        "WRONG_PASSWORD",
        "password",
    ),
    "another key's certificate": (
        lambda: ApnsCertificate(files.certificate_pem(CERT) + files.pem(files.rsa_key(1))),
        "KEY_MISMATCH",
        "file",
    ),
    "another key type": (
        lambda: ApnsCertificate(files.certificate_pem(CERT) + files.pem(files.ec_key())),
        "KEY_MISMATCH",
        "file",
    ),
    "short key": (
        lambda: ApnsCertificate(
            files.certificate_pem(files.certificate(files.rsa_key(bits=1024))) + files.pem(files.rsa_key(bits=1024))
        ),
        "WRONG_KEY_TYPE",
        "file",
    ),
    "expired": (lambda: apns(end=NOW), "EXPIRED", "file"),
    "not yet valid": (lambda: apns(begin=NOW + timedelta(days=2)), "NOT_YET_VALID", "file"),
    "no push certificate": (lambda: apns(user_id=""), "WRONG_FILE", "file"),
    "of a website": (lambda: apns(user_id=WEBSITE_ID), "WRONG_FILE", "file"),
    "der without a key": (
        lambda: ApnsCertificate(CERT.public_bytes(serialization.Encoding.DER)),
        "WRONG_FILE",
        "file",
    ),
    "pem without a key": (lambda: ApnsCertificate(files.certificate_pem(CERT)), "WRONG_FILE", "file"),
    "pem without a certificate": (lambda: ApnsCertificate(files.pem(RSA)), "WRONG_FILE", "file"),
    "p12 without a key": (lambda: ApnsCertificate(files.p12(None, CERT), PASSWORD), "WRONG_FILE", "file"),
    "garbage": (lambda: ApnsCertificate(b"\x00\x01garbage", PASSWORD), "UNREADABLE", "file"),
    "pem of garbage": (
        lambda: ApnsCertificate(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + files.pem(RSA)),
        "UNREADABLE",
        "file",
    ),
}


@pytest.mark.parametrize("what", WRONG_CERTIFICATES)
def test_K3_a_certificate_that_cannot_be_used(what: str) -> None:
    make, problem, field = WRONG_CERTIFICATES[what]
    assert refused(make()) == (problem, f"apns_certificate.{field}")


@pytest.mark.parametrize(
    ("extensions", "asked", "environment"),
    [
        ((SANDBOX, PRODUCTION), ApnsEnvironment.UNSPECIFIED, ApnsEnvironment.PRODUCTION),
        ((SANDBOX, PRODUCTION), ApnsEnvironment.SANDBOX, ApnsEnvironment.SANDBOX),
        ((SANDBOX,), ApnsEnvironment.UNSPECIFIED, ApnsEnvironment.SANDBOX),
        ((PRODUCTION,), ApnsEnvironment.UNSPECIFIED, ApnsEnvironment.PRODUCTION),
        ((), ApnsEnvironment.SANDBOX, ApnsEnvironment.SANDBOX),
        ((SANDBOX,), ApnsEnvironment.PRODUCTION, None),
        ((PRODUCTION,), ApnsEnvironment.SANDBOX, None),
    ],
)
def test_K3_the_gateway_is_one_that_the_certificate_is_for(
    extensions: tuple[object, ...], asked: ApnsEnvironment, environment: ApnsEnvironment | None
) -> None:
    key = files.rsa_key()
    file = files.p12(key, files.certificate(key, extensions=extensions))  # type: ignore[arg-type]
    upload = ApnsCertificate(file, PASSWORD, asked)
    if environment is None:
        assert refused(upload) == ("ENVIRONMENT_MISMATCH", "apns_certificate.environment")
    else:
        assert upload.check(NOW).public.environment is environment


def test_K3_the_topic_is_one_of_the_certificate() -> None:
    key = files.rsa_key()
    many = tuple(f"{BUNDLE_ID}.{name}" for name in ("voip", "complication", "x" * 100))
    file = files.p12(key, files.certificate(key, topics=(BUNDLE_ID, *many)))
    for topic in (BUNDLE_ID, *many):
        assert ApnsCertificate(file, PASSWORD, topic=topic).check(NOW).public.topic == topic
    other = ApnsCertificate(file, PASSWORD, topic="com.example.other")
    assert refused(other) == ("TOPIC_MISMATCH", "apns_certificate.topic")


def test_K1_a_website_push_certificate() -> None:
    key = files.rsa_key()
    file = files.p12(key, files.certificate(key, WEBSITE_ID))
    public = SafariCertificate(file, PASSWORD, *SITE).check(NOW).public
    assert (public.kind, public.topic) == (CredentialKind.SAFARI_CERTIFICATE, WEBSITE_ID)
    assert (public.site_name, public.site_url, public.icon_names) == SITE
    of_an_app = SafariCertificate(files.p12(key, files.certificate(key)), PASSWORD, *SITE)
    assert refused(of_an_app) == ("WRONG_FILE", "safari_certificate.file")


def test_K1_a_token_signing_key() -> None:
    public = p8().check(NOW).public
    assert (public.kind, public.key_id, public.team_id, public.topic, public.environment, public.expire_time) == (
        CredentialKind.APNS_TOKEN_KEY,
        "ABC123DEFG",
        "TEAM123456",
        BUNDLE_ID,
        ApnsEnvironment.PRODUCTION,
        None,
    )
    assert json.loads(p8().check(NOW).private) == {"private_key": files.pem(files.ec_key()).decode()}
    assert p8(1).check(NOW).public.fingerprint != public.fingerprint


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        (files.pem(files.rsa_key()), "WRONG_KEY_TYPE"),
        (files.pem(ec.generate_private_key(ec.SECP384R1())), "WRONG_KEY_TYPE"),
        (files.certificate_pem(CERT), "WRONG_FILE"),
        (files.pem(files.ec_key(), PASSWORD), "WRONG_PASSWORD"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "UNREADABLE"),
        (b"garbage", "UNREADABLE"),
    ],
    ids=["rsa", "P-384", "certificate", "encrypted", "pem of garbage", "garbage"],
)
def test_K3_a_token_signing_key_is_on_P256(file: bytes, problem: str) -> None:
    upload = ApnsTokenKey(file, "ABC123DEFG", "TEAM123456", BUNDLE_ID)
    assert refused(upload) == (problem, "apns_token_key.p8")


def test_K1_a_service_account() -> None:
    checked = FcmServiceAccount(files.service_account()).check(NOW)
    public = checked.public
    assert (public.kind, public.project_id, public.subject) == (
        CredentialKind.FCM_SERVICE_ACCOUNT,
        "shop-1234",
        "firebase-adminsdk-abcde@shop-1234.iam.gserviceaccount.com",
    )
    assert public.key_id == "0123456789abcdef0123456789abcdef01234567"
    assert json.loads(checked.private) == json.loads(files.service_account())


@pytest.mark.parametrize(
    ("file", "problem", "hint"),
    [
        (b"{", "UNREADABLE", "not JSON"),
        (b"[" * 60_000, "UNREADABLE", "not JSON"),
        (b"[]", "UNREADABLE", "no JSON object"),
        (json.dumps({"project_info": {}, "client": []}).encode(), "WRONG_FILE", "google-services.json"),
        (json.dumps({"apiKey": "AIza", "messagingSenderId": "1"}).encode(), "WRONG_FILE", "web apps"),
        (files.service_account(type="authorized_user"), "WRONG_FILE", "type is not service_account"),
        (files.service_account(private_key=None, client_email=""), "WRONG_FILE", "private_key, client_email"),
        (files.service_account(files.ec_key()), "WRONG_KEY_TYPE", "no RSA key"),
        (files.service_account(private_key="x"), "UNREADABLE", "cannot be read"),
    ],
)
def test_K3_another_file_than_a_service_account(file: bytes, problem: str, hint: str) -> None:
    assert refused(FcmServiceAccount(file)) == (problem, "fcm_service_account.json")
    with pytest.raises(Refused, match=hint):
        FcmServiceAccount(file).check(NOW)


@pytest.mark.parametrize("key", files.LEGACY_KEYS)
def test_K1_a_key_of_the_legacy_interface_is_refused_with_a_hint(key: bytes) -> None:
    for given in (key, b" " + key + b"\n"):
        with pytest.raises(Refused, match=r"June 2024.*service account") as refusal:
            FcmServiceAccount(given).check(NOW)
        assert refusal.value.reason is Reason.LEGACY_CREDENTIAL
        assert key.decode() not in refusal.value.message


@pytest.mark.parametrize("form", ["pem", "base64url", "padded"])
def test_K1_a_vapid_key_that_was_made_elsewhere(form: str) -> None:
    key = files.ec_key()
    raw = files.base64url_key(key)
    private = {"pem": files.pem(key), "base64url": raw, "padded": raw + b"=\n"}[form]
    public = files.public_point(key)
    checked = VapidKey("mailto:ops@example.com", private, public).check(NOW)
    assert (checked.public.kind, checked.public.public_key) == (CredentialKind.VAPID_KEY, public)
    assert json.loads(checked.private) == {"private_key": files.pem(key).decode()}


def test_K1_a_vapid_key_is_made() -> None:
    one, other = (VapidKey("mailto:ops@example.com").check(NOW) for _ in range(2))
    assert one.public.public_key != other.public.public_key
    stored = serialization.load_pem_private_key(json.loads(one.private)["private_key"].encode(), None)
    assert isinstance(stored, ec.EllipticCurvePrivateKey)
    assert files.public_point(stored) == one.public.public_key
    assert len(one.public.public_key) == 87


@pytest.mark.parametrize(
    ("private", "public", "problem", "field"),
    [
        (files.base64url_key(files.ec_key()), files.public_point(files.ec_key(1)), "KEY_MISMATCH", "public_key"),
        (files.base64url_key(files.ec_key()), "?", "KEY_MISMATCH", "public_key"),
        (b"AAAA", "", "UNREADABLE", "private_key"),
        (b"\xff\xfe", "", "UNREADABLE", "private_key"),
        (b"A" * 43, "", "WRONG_KEY_TYPE", "private_key"),
        (b"_" * 42 + b"8", "", "WRONG_KEY_TYPE", "private_key"),
        (files.pem(files.rsa_key()), "", "WRONG_KEY_TYPE", "private_key"),
    ],
    ids=["other public key", "no public key", "short", "no text", "zero", "above the order", "rsa"],
)
def test_K3_a_vapid_key_that_cannot_be_used(private: bytes, public: str, problem: str, field: str) -> None:
    assert refused(VapidKey("mailto:ops@example.com", private, public)) == (problem, f"vapid_key.{field}")


def test_K1_an_app_of_huawei_shows_a_keyed_hash_only() -> None:
    one, other = (HmsApp("100", "hms-secret", key).check(NOW) for key in (b"1" * 32, b"2" * 32))
    assert (one.public.kind, one.public.subject) == (CredentialKind.HMS_APP, "100")
    assert one.public.fingerprint != other.public.fingerprint
    assert "hms-secret" not in repr(one)
    assert json.loads(one.private) == {"app_id": "100", "app_secret": "hms-secret"}


async def test_K3_a_check_in_its_own_process_answers_the_same() -> None:
    key = files.rsa_key()
    uploads: list[checking.Upload] = [
        p8(),
        FcmServiceAccount(files.service_account()),
        SafariCertificate(files.p12(key, files.certificate(key, WEBSITE_ID)), PASSWORD, *SITE),
        ApnsCertificate(files.p12(key, CERT), PASSWORD),
        VapidKey("mailto:ops@example.com", files.pem(files.ec_key())),
        HmsApp("100", "hms-secret", b"1" * 32),
    ]
    for upload in uploads:
        there, here = await checking.check(upload, NOW), upload.check(NOW)
        assert isinstance(there, Checked)
        assert (there.public, json.loads(there.private)) == (here.public, json.loads(here.private))
    with pytest.raises(Refused) as there_refused:
        await checking.check(ApnsCertificate(files.p12(key, CERT), "guess"), NOW)
    assert there_refused.value.metadata == {"fields": "apns_certificate.password", "problem": "WRONG_PASSWORD"}
    assert there_refused.value.violations[0].field == "apns_certificate.password"


async def test_K3_a_file_that_takes_too_long_is_refused() -> None:
    """A file tells itself how much work it takes. It is done in another process, which is ended."""
    with pytest.raises(Refused, match=r"cannot be opened within 0\.001 s") as refusal:
        await checking.check(ApnsCertificate(files.p12(RSA, CERT), PASSWORD), NOW, limit=0.001)
    assert refusal.value.metadata["problem"] == "UNREADABLE"


async def test_K3_a_file_that_takes_too_much_memory_is_refused() -> None:
    """Key derivation by scrypt takes as much as the file says: here 1 GiB."""
    file = files.certificate_pem(CERT) + files.key_by_scrypt(cost=1 << 20)
    with pytest.raises(Refused, match="takes too much work to open") as refusal:
        await checking.check(ApnsCertificate(file, PASSWORD), NOW)
    assert refusal.value.metadata["problem"] == "UNREADABLE"


async def test_K3_a_file_that_breaks_the_check_is_refused() -> None:
    """And is no fault of this program: half of a surrogate pair, bits for a bundle id, DER nested without end."""
    with pytest.raises(Refused, match="it is damaged"):
        await checking.check(FcmServiceAccount(files.service_account(project_id="\ud800")), NOW)
    bits = CERT.public_bytes(serialization.Encoding.DER).replace(b"\x0c\x10com", b"\x03\x10\x00om")
    pem = b"-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % encodebytes(bits)
    with pytest.raises(Refused, match="it is damaged"):
        await checking.check(ApnsCertificate(pem + files.pem(RSA)), NOW)
    certificate = files.certificate(RSA, topics=files.nested(3000))
    with pytest.raises(Refused, match="it is damaged"):
        await checking.check(ApnsCertificate(files.p12(RSA, certificate), PASSWORD, topic="com.example"), NOW)
