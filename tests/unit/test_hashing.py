"""Keyed hashes (D3, M3): one function for each use, nothing without the key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profile_grpc.domain.hashing import KEY_BYTES, Hasher
from profile_grpc.domain.keys import ProfileKey, Token
from tests.support.domain import APP, HASHER, key

OTHER = Hasher(bytes(KEY_BYTES))
IDS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
KEYS = st.builds(ProfileKey, IDS, IDS, IDS)


def test_a_hash_is_22_characters_that_fit_a_url() -> None:
    for text in (HASHER.profile(key()), HASHER.token(Token(APP, "T")), HASHER.page(b"x")):
        assert len(text) == 22
        assert all(c.isalnum() or c in "-_" for c in text)
    assert len(HASHER.secret("s")) == 43


def test_the_same_key_hashes_the_same_and_another_does_not() -> None:
    assert HASHER.profile(key()) == Hasher(bytes(range(KEY_BYTES))).profile(key())
    assert HASHER.profile(key()) != OTHER.profile(key())
    assert HASHER.token(Token(APP, "T")) != OTHER.token(Token(APP, "T"))
    assert HASHER.secret("s") != OTHER.secret("s")
    assert HASHER.page(b"p") != OTHER.page(b"p")


def test_each_use_has_a_function_of_its_own() -> None:
    content = "\x00".join(key("u", "d"))
    hashes = {
        HASHER.profile(key("u", "d")),
        HASHER.token(Token(APP, "u\x00d")),
        HASHER.secret(content)[:22],
        HASHER.page(content.encode()),
    }
    assert len(hashes) == 4


def test_a_token_of_another_app_is_another_token() -> None:
    assert HASHER.token(Token("a", "T")) != HASHER.token(Token("b", "T"))


@given(KEYS, KEYS)
def test_M3_different_profiles_have_different_hashes(one: ProfileKey, other: ProfileKey) -> None:
    assert (HASHER.profile(one) == HASHER.profile(other)) is (one == other)


def test_ids_that_run_together_are_not_confused() -> None:
    assert HASHER.profile(ProfileKey("a", "bc", "d")) != HASHER.profile(ProfileKey("a", "b", "cd"))


def test_secrets_are_compared_by_their_hash() -> None:
    assert HASHER.same_secret("s", HASHER.secret("s"))
    assert not HASHER.same_secret("t", HASHER.secret("s"))


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=f"has {length} bytes"):
        Hasher(bytes(length))


def test_the_key_is_in_no_text() -> None:
    assert bytes(range(KEY_BYTES)).hex() not in repr(vars(HASHER))
