"""The spellings of push tokens: normalised before each look-up, and found by every spelling in a report (X3)."""

import base64
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profile_grpc.domain import tokens
from profile_grpc.domain.commands import needs_of
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.feedback import PushFeedback
from profile_grpc.domain.keys import TokenOfUser
from profile_grpc.domain.kinds import HOLDERS_OF_USER
from profile_grpc.domain.push_endpoints import PushProvider
from profile_grpc.domain.registration import Register
from profile_grpc.domain.removal import RemoveAccount, ReportedToken
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.tokens import is_no_id, is_no_token, normalise, spellings
from tests.support import domain
from tests.support.domain import ANN, APP, apns, patch

APPLE = [PushProvider.APNS, PushProvider.APNS_VOIP, PushProvider.SAFARI]
OTHERS = [PushProvider.FCM, PushProvider.WEB_PUSH, PushProvider.HMS]
HEX = "52F7F3D97d8cfd"


@pytest.mark.parametrize("provider", APPLE)
def test_a_hexadecimal_apple_token_is_lower_cased(provider: PushProvider) -> None:
    assert normalise(provider, HEX) == HEX.lower()


@pytest.mark.parametrize("provider", APPLE)
@pytest.mark.parametrize("token", ["G0", "AB-CD", "QVBBOTFi", "ＡＢ", "a==", "=", "fs-1"])  # noqa: RUF001
def test_any_other_apple_token_stays_as_it_is(provider: PushProvider, token: str) -> None:
    assert normalise(provider, token) == token


@pytest.mark.parametrize("provider", OTHERS)
def test_other_providers_tokens_are_case_sensitive(provider: PushProvider) -> None:
    assert normalise(provider, HEX) == HEX


@pytest.mark.parametrize("length", [1, 2, 63, 64, 200, 4096])
def test_no_length_is_assumed(length: int) -> None:
    assert normalise(PushProvider.APNS, "A" * length) == "a" * length


@pytest.mark.parametrize("provider", APPLE)
@pytest.mark.parametrize("printed", ["<52f7f3d9 7d8cfd>", "52F7F3D9 7D8CFD", " <52f7f3d97d8cfd>\n", "52f7f3d9\t7d8cfd"])
def test_a_printed_apple_token_is_the_token(provider: PushProvider, printed: str) -> None:
    assert normalise(provider, printed) == HEX.lower()


@pytest.mark.parametrize("provider", APPLE)
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_padded_base64_apple_token_is_the_hexadecimal_of_its_bytes(
    provider: PushProvider, encode: Callable[[bytes], bytes]
) -> None:
    token = bytes(range(224, 256))
    assert normalise(provider, encode(token).decode()) == token.hex()
    assert normalise(provider, f" {encode(token).decode()} ") == token.hex()


@pytest.mark.parametrize("provider", OTHERS)
def test_of_other_providers_tokens_only_surrounding_white_space_goes(provider: PushProvider) -> None:
    assert normalise(provider, " <ABcd 12>=\r\n") == "<ABcd 12>="


WORDS = ["null", "NULL", "(null)", "nil", "None", "undefined", "NaN", "BLACKLISTED", "[object Object]", "<null>"]
DATA = "{length = 32, bytes = 0x52f7f3d9 7d8cfd41 ... 1a2b3c4d }"


@pytest.mark.parametrize("provider", PushProvider)
@pytest.mark.parametrize("word", [*WORDS, " null ", DATA, DATA.replace(" ", ""), "0", "0" * 64, "  ", "<>"])
def test_a_word_for_no_token_is_refused(provider: PushProvider, word: str) -> None:
    with pytest.raises(Refused) as raised:
        normalise(provider, word, "push_endpoints[0].token")
    assert raised.value.reason is Reason.PLACEHOLDER_TOKEN
    assert [v.field for v in raised.value.violations] == ["push_endpoints[0].token"]


@pytest.mark.parametrize("token", ["nullable", "none-of-them", "00ff", "0x0", "undefined:1", "nil2"])
def test_a_token_that_holds_such_a_word_is_a_token(token: str) -> None:
    assert normalise(PushProvider.FCM, token) == token


def test_a_token_is_not_too_long_when_it_is_decoded() -> None:
    """It is stored, exported and imported again in its decoded form."""
    assert len(normalise(PushProvider.APNS, base64.b64encode(b"\xfa" * 2047).decode())) == 4094
    with pytest.raises(Refused) as refused:
        normalise(PushProvider.APNS, base64.b64encode(b"\xfa" * 2050).decode(), "push_endpoints[0].token")
    assert refused.value.reason is Reason.INVALID_REQUEST
    assert refused.value.metadata == {"fields": "push_endpoints[0].token"}


def test_zeros_in_base64_are_zeros() -> None:
    with pytest.raises(Refused):
        normalise(PushProvider.APNS, base64.b64encode(bytes(32)).decode())


@given(st.sampled_from(PushProvider), st.text(max_size=80))
def test_normalising_twice_is_normalising_once(provider: PushProvider, token: str) -> None:
    try:
        once = normalise(provider, token)
    except Refused:
        return
    assert normalise(provider, once) == once


def test_a_printed_token_and_its_feedback_in_base64_meet() -> None:
    printed, encoded = "<52f7f3d9 7d8cfd>", base64.b64encode(bytes.fromhex(HEX)).decode()
    scene = domain.given()
    scene.batch(Register(ANN, patch(apns(normalise(PushProvider.APNS, printed)))))
    token, sent_at = normalise(PushProvider.APNS, encoded), scene.later(domain.hours(1)).now
    [result] = scene.feedback(PushFeedback(PushProvider.APNS, token, error_code="Unregistered", sent_at=sent_at))
    assert result.affected == (ANN,)


@pytest.mark.parametrize("value", [*WORDS, "0", "-1", "00000000-0000-0000-0000-000000000000", "9774D56D682E549C"])
def test_an_id_that_many_phones_share_is_known(value: str) -> None:
    assert is_no_id(value)


@pytest.mark.parametrize("value", ["ann", "1", "-10", "guest", "0a", "9774d56d682e549d"])
def test_other_ids_are_none_of_these(value: str) -> None:
    assert not is_no_id(value)


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
    found = spellings(reported)
    assert reported.strip() in found or (is_no_token(reported) and not found)


def test_X3_a_printed_token_is_found() -> None:
    assert HEX.lower() in spellings("<52F7F3D9 7D8CFD>")


@pytest.mark.parametrize("word", [*WORDS, DATA, "000000"])
def test_X3_a_placeholder_for_no_token_matches_no_profile(word: str) -> None:
    assert spellings(word) == frozenset()


@given(st.text(alphabet="abcdef0123456789", min_size=1), st.text(min_size=1))
def test_X3_a_command_asks_for_every_spelling(first: str, second: str) -> None:
    reported = (ReportedToken(first), ReportedToken(second))
    needs = needs_of([(RemoveAccount(APP, reported, username="ann"), AppSettings())])
    wanted = {TokenOfUser(APP, text, "ann") for one in reported for text in tokens.spellings(one.token)}
    assert needs.of(HOLDERS_OF_USER) == wanted
