"""JWT authorization: the form, the signature and the claims of tokens (J3, J4, J5, J6)."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)

from profile_grpc.domain import jwt as rules
from profile_grpc.domain.errors import Refused
from profile_grpc.domain.jwt import JwtSettings
from profile_grpc.service.jwt import keys
from profile_grpc.service.jwt.key_sets import Verifier
from profile_grpc.service.jwt.keys import KeyRefused, VerificationKey
from tests.support import push_files
from tests.support.jwt import ALGORITHMS, SECRET, b64, jwk, jwks, pem, signer, token

APP = "shop"
NOW = 1_800_000_000.0
LEEWAY = 30
CLAIMS: Mapping[str, Any] = {"sub": "ann", "app_id": APP, "iat": NOW - 10, "exp": NOW + 600}
STRICT = JwtSettings(issuer="https://shop.example", audience="push", max_lifetime=timedelta(hours=1))


def key(algorithm: str, kid: str = "k", number: int = 0) -> VerificationKey:
    if algorithm == "HS256":
        return keys.shared_secret(kid, SECRET)
    return keys.from_pem(kid, pem(algorithm, number))


def verifier(*found: VerificationKey, settings: JwtSettings = rules.JWT_OFF) -> Verifier:
    return Verifier(APP, settings, (), {one.kid: one for one in found})


def reason(text: str, of: Verifier, now: float = NOW) -> str:
    """Why the token is refused, with the problem that the caller is told."""
    with pytest.raises(Refused) as caught:
        of.verify(text, now)
    refused = caught.value
    assert set(refused.metadata) <= {"app_id", "problem", "claim"}
    assert all(part not in refused.message for part in text.split(".") if len(part) > 3)
    return f"{refused.reason.value}: {refused.metadata.get('problem', '')}".removesuffix(": ")


RSA = verifier(key("RS256"))
BOTH = verifier(key("RS256"), key("HS256", "h"))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_J2_a_token_of_each_algorithm_is_valid(algorithm: str) -> None:
    of = verifier(key(algorithm))
    for kid in ("k", None):  # the only key needs no kid
        claims = of.verify(token(CLAIMS, algorithm=algorithm, kid=kid), NOW)
        assert (claims.user_id, claims.valid_until) == ("ann", datetime.fromtimestamp(NOW + 600 + LEEWAY, UTC))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_J3_a_signature_of_another_key_is_refused(algorithm: str) -> None:
    of = verifier(key(algorithm))
    sign = signer(algorithm, number=1, secret=SECRET[::-1])
    wrong = token(CLAIMS, algorithm=algorithm, sign=sign)
    assert reason(wrong, of) == "JWT_INVALID: its signature is wrong"
    text = token(CLAIMS, algorithm=algorithm)
    head, _, signature = text.split(".")
    forged = f"{head}.{b64(json.dumps({**CLAIMS, 'sub': 'bob'}).encode())}.{signature}"
    assert reason(forged, of) == "JWT_INVALID: its signature is wrong"
    assert reason(f"{text.rpartition('.')[0]}.{signature[:-8]}", of) == "JWT_INVALID: its signature is wrong"


def header(**given: object) -> str:
    return token(CLAIMS, header=given)


FORM = "JWT_INVALID: it does not have three parts in base64url"
ALG = "JWT_INVALID: alg in its header is none of HS256, RS256, ES256, EdDSA"
VALID = token(CLAIMS)
BAD_FORMS: dict[str, tuple[str, str]] = {
    "not a token": ("secret", FORM),
    "two parts": (VALID.rpartition(".")[0], FORM),
    "four parts": (f"{VALID}.{VALID[:4]}", FORM),
    "no signature": (VALID.rpartition(".")[0] + ".", FORM),
    "padding": (f"{VALID}==", FORM),
    "base64, not base64url": (f"{VALID[:-2]}+/", FORM),
    "a line break": (f"{VALID}\n", FORM),
    "five parts, encrypted": ("a.b.c.d.e", FORM),
    "64 KiB": ("a" * 65536, "JWT_INVALID: it has more than 8192 characters"),
    "no JSON": (token(CLAIMS, header="{"), "JWT_INVALID: its header is no JSON object"),
    "no object": (token(CLAIMS, header="[]"), "JWT_INVALID: its header is no JSON object"),
    "nested too deep": (token(CLAIMS, header="[" * 5000), "JWT_INVALID: its header is no JSON object"),
    "a name twice": (
        token(CLAIMS, header='{"alg":"RS256","alg":"RS256","kid":"k"}'),
        "JWT_INVALID: its header is no JSON object",
    ),
    "none": (token(CLAIMS, algorithm="none", sign=lambda _: b"x"), ALG),
    "None": (header(alg="None"), ALG),
    "no alg": (header(alg=None), ALG),
    "alg is a list": (header(alg=["RS256"]), ALG),
    "RS512": (header(alg="RS512"), ALG),
    "rs256": (header(alg="rs256"), ALG),
    **{
        name: (header(**{name: value}), f"JWT_INVALID: its header contains {name}")
        for name, value in {
            "crit": ["exp"],
            "jku": "https://evil.example/jwks",
            "x5u": "https://evil.example/cert",
            "jwk": jwk("RS256", 1),
            "x5c": ["MIIB"],
        }.items()
    },
    "a kid that is no string": (header(kid=7), "JWT_INVALID: kid in its header is no string"),
}


@pytest.mark.parametrize("what", BAD_FORMS)
def test_J3_a_token_of_a_wrong_form_is_refused(what: str) -> None:
    text, expected = BAD_FORMS[what]
    assert reason(text, RSA) == expected


def test_J3_the_public_key_is_no_shared_secret() -> None:
    """HS256 signed with what everybody knows: the RSA public key, as PEM and as DER."""
    for secret in (pem().encode(), pem().strip().encode(), b"".join(pem().encode().splitlines()[1:-1])):
        forged = token(CLAIMS, algorithm="HS256", sign=lambda signed, s=secret: hmac.digest(s, signed, "sha256"))  # type: ignore[misc]
        assert reason(forged, RSA) == "JWT_INVALID: alg in its header is not the algorithm of its key"


def test_J3_a_keys_algorithm_is_its_own() -> None:
    """The kid of one key with the algorithm of the other, validly signed with the other."""
    other = "JWT_INVALID: alg in its header is not the algorithm of its key"
    assert reason(token(CLAIMS, algorithm="HS256", kid="k"), BOTH) == other
    assert reason(token(CLAIMS, algorithm="RS256", kid="h"), BOTH) == other
    assert BOTH.verify(token(CLAIMS, algorithm="HS256", kid="h"), NOW).user_id == "ann"


@pytest.mark.parametrize(
    "kid", ["other", "K", "../../etc/passwd", "' OR 1=1 --", "k\0", "https://evil.example/", "k" * 4000, "\ud800"]
)
def test_J3_an_unknown_kid_is_refused(kid: str) -> None:
    """Whatever characters it has: it is compared, never interpreted. Also where the app has one key only."""
    assert reason(token(CLAIMS, kid=kid), RSA) == "JWT_KEY_UNKNOWN"
    assert reason(token(CLAIMS, kid=kid), BOTH) == "JWT_KEY_UNKNOWN"


def test_J3_of_several_keys_a_token_names_one() -> None:
    needs = "JWT_INVALID: its header needs a kid, because the app has several keys"
    assert reason(token(CLAIMS, kid=None), BOTH) == needs
    assert reason(token(CLAIMS), verifier()) == "JWT_KEY_UNKNOWN"
    assert reason(token(CLAIMS, kid=None), verifier()) == "JWT_KEY_UNKNOWN"
    assert reason(token(CLAIMS, kid=""), RSA) == "JWT_KEY_UNKNOWN"


def claims(**given: object) -> str:
    return token({**CLAIMS, **given})


NO_JSON = "JWT_INVALID: its payload is no JSON object"
BAD_CLAIMS: dict[str, tuple[str, str]] = {
    "no object": (token("[]"), NO_JSON),
    "a name twice": (token('{"sub":"ann","exp":1900000000,"sub":"bob"}'), NO_JSON),
    "NaN": (token('{"sub":"ann","exp":NaN}'), NO_JSON),
    "no exp": (claims(exp=None), "JWT_INVALID: exp is missing"),
    "exp is text": (claims(exp="1900000000"), "JWT_INVALID: exp is no number"),
    "exp is true": (claims(exp=True), "JWT_INVALID: exp is no number"),
    "exp is a list": (claims(exp=[NOW + 600]), "JWT_INVALID: exp is no number"),
    "iat is an integer beyond every float": (claims(iat=10**400), "JWT_INVALID: iat is in the future"),
    "exp is one below": (claims(exp=-(10**400)), "JWT_EXPIRED"),
    "exp is infinite": (token('{"sub":"ann","exp":1e999}'), "JWT_INVALID: exp is no number"),
    "expired beyond the leeway": (claims(exp=NOW - LEEWAY), "JWT_EXPIRED"),
    "nbf ahead": (claims(nbf=NOW + LEEWAY + 1), "JWT_INVALID: nbf is in the future"),
    "iat ahead": (claims(iat=NOW + LEEWAY + 1), "JWT_INVALID: iat is in the future"),
    "another app": (claims(app_id="rival"), "JWT_APP_MISMATCH"),
    "apps in a list": (claims(app_id=[APP]), "JWT_APP_MISMATCH"),
    "an empty app": (claims(app_id=""), "JWT_APP_MISMATCH"),
}


@pytest.mark.parametrize("what", BAD_CLAIMS)
def test_J4_a_token_with_wrong_claims_is_refused(what: str) -> None:
    text, expected = BAD_CLAIMS[what]
    assert reason(text, RSA) == expected


@pytest.mark.parametrize(
    "given",
    [
        {"exp": NOW - LEEWAY + 1},
        {"exp": 10**300},
        {"exp": 10**400},
        {"nbf": NOW + LEEWAY},
        {"iat": NOW + LEEWAY},
        {"iat": None},
        {"app_id": None},
        {"exp": NOW + 0.5},
    ],
)
def test_J4_clocks_may_differ_by_the_leeway(given: dict[str, object]) -> None:
    assert RSA.verify(claims(**given), NOW).user_id == "ann"


def test_J4_issuer_audience_and_lifetime_are_compared_where_the_app_sets_them() -> None:
    of = verifier(key("RS256"), settings=STRICT)
    good = {"iss": "https://shop.example", "aud": "push"}
    assert of.verify(claims(**good), NOW).user_id == "ann"
    assert of.verify(claims(**good, exp=NOW - 10 + 3600), NOW).user_id == "ann"
    assert of.verify(claims(**{**good, "aud": ["web", "push"]}), NOW).user_id == "ann"
    wrong: dict[str, tuple[dict[str, object], str]] = {
        "iss": ({**good, "iss": "https://rival.example"}, "iss is not the app's issuer"),
        "no iss": ({"aud": "push"}, "iss is not the app's issuer"),
        "aud": ({**good, "aud": "pushy"}, "aud does not contain the app's audience"),
        "aud in a list": ({**good, "aud": ["web"]}, "aud does not contain the app's audience"),
        "no aud": ({"iss": good["iss"]}, "aud does not contain the app's audience"),
        "too long": ({**good, "exp": NOW - 10 + 3601}, "its lifetime is longer than the app allows"),
        "no iat": ({**good, "iat": None}, "iat is missing, and the app limits the lifetime"),
    }
    for what, (given, problem) in wrong.items():
        assert reason(claims(**given), of) == f"JWT_INVALID: {problem}", what


def test_J5_claims_have_the_names_that_the_app_gives_them() -> None:
    settings = JwtSettings(user_claim="uid", app_claim="client", require_app_claim=True, customer_claim="crm")
    of = verifier(key("RS256"), settings=settings)
    assert of.verify(claims(uid="bob", client=APP), NOW).user_id == "bob"
    assert reason(claims(uid="bob"), of) == "JWT_APP_MISMATCH"
    assert of.verify(claims(uid="bob", client=APP, crm="c1"), NOW).customer_id == "c1"
    for odd in (None, "", 7, ["ann"]):
        found = of.verify(claims(uid=odd, client=APP, crm=odd, customer_id="c1"), NOW)
        assert (found.user_id, found.customer_id) == (None, None)


@pytest.mark.parametrize(
    ("presented", "expected"),
    [
        ((), "JWT_MISSING"),
        (("Bearer ",), "JWT_MISSING"),
        (("Bearer",), "JWT_MISSING"),
        (("Basic YTpi",), "JWT_INVALID"),
        ((VALID,), "JWT_INVALID"),
        ((f"Bearer {VALID}", f"Bearer {VALID}"), "JWT_INVALID"),
    ],
)
def test_J1_a_call_carries_one_token(presented: tuple[str, ...], expected: str) -> None:
    with pytest.raises(Refused) as caught:
        rules.bearer(presented, APP)
    assert caught.value.reason.value == expected
    assert rules.bearer((f"bearer  {VALID}",), APP) == VALID


# --- keys ---


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_J2_a_key_is_the_same_as_PEM_JWK_and_JWKS(algorithm: str) -> None:
    found = [
        keys.from_pem("k", pem(algorithm)),
        keys.from_jwk(json.dumps(jwk(algorithm, kid="k", alg=algorithm, use="sig", key_ops=["verify"]))),
        keys.from_jwk(json.dumps(jwk(algorithm)), "k"),
        *keys.from_jwks(jwks(jwk(algorithm, kid="k"))),
    ]
    assert len({(one.kid, one.algorithm, one.fingerprint) for one in found}) == 1
    assert all(verifier(one).verify(token(CLAIMS, algorithm=algorithm), NOW) for one in found)


REFUSED_SECRETS = {
    "31 bytes": SECRET[:31],
    "a PEM": pem().encode(),
    "a PEM without its frame": "\n".join(pem().splitlines()[1:-1]).encode(),
    "a certificate": push_files.certificate(push_files.ec_key()).public_bytes(Encoding.DER),
    "a PEM after a blank": b"\n " + pem("ES256").encode(),
    "a JWK": json.dumps(jwk()).encode(),
    "a JWKS": jwks(jwk()).encode(),
    "ssh": b"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ",
}


@pytest.mark.parametrize("what", REFUSED_SECRETS)
def test_J2_a_shared_secret_is_long_and_no_public_key(what: str) -> None:
    with pytest.raises(KeyRefused):
        keys.shared_secret("k", REFUSED_SECRETS[what])


def test_J2_a_public_key_as_DER_is_no_shared_secret() -> None:
    der = load_pem_public_key(pem().encode()).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(KeyRefused, match="public key"):
        keys.shared_secret("k", der)


def test_J2_weak_private_and_foreign_keys_are_refused() -> None:
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it is to be refused
    curve = ec.generate_private_key(ec.SECP384R1())
    private = weak.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for given, says in (
        (_spki(weak), "2048 to 8192 bits"),
        (_spki(curve), "P-256"),
        (private, "private key"),
        ("-----BEGIN CERTIFICATE-----\nMIIB", "openssl x509"),
        ("hello", "no public key"),
        (f"{pem()}\0", "no public key"),  # PostgreSQL stores no such text
        (f"ring:lost:text\n{pem()}", "no public key"),  # it would look like an encrypted secret
    ):
        with pytest.raises(KeyRefused, match=says):
            keys.from_pem("k", given)


def _spki(private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (jwk(d="AQAB"), "private key"),
        ({"kty": "oct", "k": b64(SECRET)}, "shared secret"),
        (jwk(use="enc"), "not for signatures"),
        (jwk(key_ops=["encrypt"]), "not for signatures"),
        (jwk(alg="RS512"), "marked for something else"),
        (jwk("ES256", alg="RS256"), "marked for something else"),
        ({"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}, "no JWK"),
        ({**jwk("ES256"), "y": jwk("ES256")["x"]}, "no public key"),
        ({**jwk(), "n": "!!"}, "2048|no public key"),
        ({**jwk(), "n": b64(b"\xff" * 4096)}, "8192 bits"),
        ({**jwk(), "e": b64(b"\x01" + b"\xff" * 8)}, "at most 4294967295"),
        ({**jwk("EdDSA"), "x": "AA"}, "no public key"),
        ({"keys": [jwk()]}, "JWKS document"),
        (jwk(kid="j"), "another kid"),
        (jwk(kid=7), "kid of a JWK"),
        (jwk(kid="a\0"), "kid of a JWK"),
        (jwk(kid="\ud800"), "kid of a JWK"),
        (jwk(alg=["RS256"]), "marked for something else"),
        (jwk(alg={}), "marked for something else"),
    ],
)
def test_J2_a_JWK_that_is_no_key_for_signatures_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(KeyRefused, match=says):
        keys.from_jwk(json.dumps(given), "k")


def test_J2_of_a_JWKS_the_usable_keys_count() -> None:
    document = jwks(
        jwk(kid="a"), jwk("ES256", kid="b"), jwk(kid="c", use="enc"), {"kty": "oct", "k": "AA"}, {"kty": "new"}, {}
    )
    assert [one.kid for one in keys.from_jwks(jwks(jwk(kid="a"), jwk(kid="d", alg=[]), jwk(kid="\ud800")))] == ["a"]
    assert [one.kid for one in keys.from_jwks(document)] == ["a", "b"]
    for bad, says in (
        (jwks({"kty": "oct", "k": "AA"}), "no key for"),
        (jwks(jwk(kid="a"), jwk("ES256", kid="a")), "one kid"),
        (jwks(jwk(), jwk("ES256")), "several without"),
        (jwks(jwk(kid="a"), jwk("ES256", kid="b", d="AQAB")), "private key"),
        (jwks(*(jwk("EdDSA", kid=str(n)) for n in range(65))), "more than 64"),
        (jwks(jwk(kid="a"), *({"kty": "new"} for _ in range(512))), "more than 512"),
        ("[]", "no JSON object"),
        ('{"keys": {}}', "no list"),
        ("[" * 9999, "no JSON object"),
    ):
        with pytest.raises(KeyRefused, match=says):
            keys.from_jwks(bad)


def test_J3_a_key_of_a_set_without_kid_is_used_alone_only() -> None:
    [alone] = keys.from_jwks(jwks(jwk()))
    assert verifier(alone).verify(token(CLAIMS, kid=None), NOW).user_id == "ann"
    assert reason(token(CLAIMS, kid="k"), verifier(alone)) == "JWT_KEY_UNKNOWN"
    both = verifier(alone, key("ES256", "e"))
    assert "needs a kid" in reason(token(CLAIMS, kid=None), both)


def test_J8_a_key_has_no_part_in_its_representation() -> None:
    shown = repr(replace(key("HS256"), kid="h"))
    assert SECRET.hex() not in shown
    assert repr(SECRET) not in shown
