"""How push tokens are spelled: normalised before any look-up, and found by what a report may call them (X3)."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profile_grpc.domain import decide, tokens
from profile_grpc.domain.commands import PushFeedback, Register, RemoveAccount, ReportedToken
from profile_grpc.domain.model import PushProvider
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.tokens import normalise, spellings
from tests.support import domain
from tests.support.domain import ANN, APP, HASHER, apns, patch

APPLE = [PushProvider.APNS, PushProvider.APNS_VOIP, PushProvider.SAFARI]
OTHERS = [PushProvider.FCM, PushProvider.WEB_PUSH, PushProvider.HMS]
HEX = "52F7F3D97d8cfd"


@pytest.mark.parametrize("provider", APPLE)
def test_a_hexadecimal_apple_token_is_lower_cased(provider: PushProvider) -> None:
    assert normalise(provider, HEX) == HEX.lower()


@pytest.mark.parametrize("provider", APPLE)
@pytest.mark.parametrize("token", ["G0", "AB-CD", "AB CD", "ABCDEF\n", "QVBBOTFi", "ＡＢ"])  # noqa: RUF001
def test_any_other_apple_token_stays_as_it_is(provider: PushProvider, token: str) -> None:
    assert normalise(provider, token) == token


@pytest.mark.parametrize("provider", OTHERS)
def test_other_providers_tokens_are_case_sensitive(provider: PushProvider) -> None:
    assert normalise(provider, HEX) == HEX


@pytest.mark.parametrize("length", [1, 2, 63, 64, 200, 4096])
def test_no_length_is_assumed(length: int) -> None:
    assert normalise(PushProvider.APNS, "A" * length) == "a" * length


@given(st.sampled_from(PushProvider), st.text(max_size=80))
def test_normalising_twice_is_normalising_once(provider: PushProvider, token: str) -> None:
    once = normalise(provider, token)
    assert normalise(provider, once) == once


def test_feedback_is_looked_up_by_the_normalised_token() -> None:
    scene = domain.given()
    scene.batch(Register(ANN, patch(apns(HEX.lower()))))
    sent_at = scene.later(domain.hours(1)).now
    [result] = scene.feedback(PushFeedback(PushProvider.APNS, HEX, error_code="Unregistered", sent_at=sent_at))
    assert result.affected == (ANN,)


# --- X3 ---


def test_X3_a_token_is_found_as_received() -> None:
    assert "dGVz:dA" in spellings("dGVz:dA")


def test_X3_base64_is_decoded_to_text() -> None:
    assert "APA91b-token" in spellings(base64.b64encode(b"APA91b-token").decode())


def test_X3_base64_is_decoded_to_lower_case_hexadecimal() -> None:
    token = bytes(range(200, 232))
    assert token.hex() in spellings(base64.b64encode(token).decode())


def test_X3_the_source_s_examples_decode() -> None:
    fcm = "QVBBOTFiRzlhcVd2bW54bllCWldHOWh4dnRrZ3pUWFNvcGZpdWZ6bWM2dFAzS2J"
    assert "APA91bG9aqWvmnxnYBZWG9hxvtkgzTXSopfiufzmc6tP3Kb" in spellings(fcm)
    voip = "Udl99X2JFP1bWwS5gR/wGeLE1hmAB2CMpr1Ej0wxkrY="
    assert "51d97df57d8914fd5b5b04b9811ff019e2c4d6198007608ca6bd448f4c3192b6" in spellings(voip)


def test_X3_both_alphabets_and_missing_padding_are_understood() -> None:
    token = b"\xfb\xff\xfe\x01"
    standard, url_safe = base64.b64encode(token).decode(), base64.urlsafe_b64encode(token).decode()
    assert standard != url_safe
    for spelled in (standard, url_safe, standard.rstrip("="), url_safe.rstrip("=")):
        assert "fbfffe01" in spellings(spelled)


def test_X3_hexadecimal_in_upper_case_is_found_in_lower_case() -> None:
    assert HEX.lower() in spellings(HEX)
    assert HEX.lower() in spellings(base64.b64encode(HEX.encode()).decode())


@given(st.binary(min_size=1, max_size=64))
def test_X3_whatever_was_encoded_is_found(token: bytes) -> None:
    assert token.hex() in spellings(base64.b64encode(token).decode())


@given(st.text(max_size=60))
def test_X3_no_text_is_too_strange(reported: str) -> None:
    assert reported in spellings(reported)


@given(st.text(alphabet="abcdef0123456789", min_size=1), st.text(min_size=1))
def test_X3_a_command_asks_for_every_spelling(first: str, second: str) -> None:
    reported = (ReportedToken(first), ReportedToken(second))
    needs = decide.needs([(RemoveAccount(APP, reported, username="ann"), AppSettings())], HASHER)
    wanted = {HASHER.token(APP, text) for one in reported for text in tokens.spellings(one.token)}
    assert needs.tokens == wanted
