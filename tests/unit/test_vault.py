"""The encryption of stored secrets under the operator's key ring (K2)."""

import base64
import secrets

import pytest

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.sealing import CannotOpen, KeyMissing
from profile_grpc.service.vault import Vault, key_id_of, row_of

OLD, NEW = secrets.token_bytes(32), secrets.token_bytes(32)
ROW = row_of("push_credential", "shop", "c1")
SECRET = b"-----BEGIN PRIVATE KEY-----"


def test_a_sealed_secret_opens_for_its_row_and_reveals_nothing() -> None:
    """K2: AES-256-GCM under a data key of its own."""
    vault = Vault({"2026": NEW})
    one, other = vault.seal(SECRET, ROW), vault.seal(SECRET, ROW)
    assert vault.open(one, ROW) == vault.open(other, ROW) == SECRET
    assert one != other
    content = base64.b64decode(one.split(":")[2])
    assert SECRET not in content
    assert NEW not in content


@pytest.mark.parametrize(
    "row",
    [row_of("push_credential", "shop", "c2"), row_of("jwt_key", "shop", "c1"), row_of("push_credential", "sho", "pc1")],
)
def test_a_copied_row_opens_nowhere_else(row: str) -> None:
    """K2: the row's identity is associated data."""
    vault = Vault({"2026": NEW})
    sealed = vault.seal(SECRET, ROW)
    with pytest.raises(CannotOpen):
        vault.open(sealed, row)
    with pytest.raises(CannotOpen):
        vault.reseal(sealed, row)


def test_a_data_key_opens_in_no_other_row() -> None:
    """K2: of two encrypted secrets neither part can be exchanged."""
    vault = Vault({"2026": NEW})
    other_row = row_of("push_credential", "shop", "c2")
    mine, other = (base64.b64decode(vault.seal(SECRET, row).split(":")[2]) for row in (ROW, other_row))
    wrapped = 12 + 32 + 16
    for mixed in (mine[:wrapped] + other[wrapped:], other[:wrapped] + mine[wrapped:]):
        with pytest.raises(CannotOpen):
            vault.open(f"ring:2026:{base64.b64encode(mixed).decode()}", ROW)


def test_every_changed_byte_is_noticed() -> None:
    """K2."""
    vault = Vault({"2026": NEW})
    content = bytearray(base64.b64decode(vault.seal(SECRET, ROW).split(":")[2]))
    for place in range(len(content)):
        content[place] ^= 1
        with pytest.raises(CannotOpen):
            vault.open(f"ring:2026:{base64.b64encode(content).decode()}", ROW)
        content[place] ^= 1


@pytest.mark.parametrize(
    "text", ["", "ring", "ring:2026", "ring:2026:", "ring:2026:AAAA", "ring::AAAA", "ring:2026:!", "x:2026:AAAA"]
)
def test_a_text_that_was_never_sealed_does_not_open(text: str) -> None:
    """K2."""
    with pytest.raises(CannotOpen):
        Vault({"2026": NEW}).open(text, ROW)


def test_the_first_key_seals_and_the_others_open() -> None:
    """K2: a rotation of the ring."""
    before, rotating, after = Vault({"2025": OLD}), Vault({"2026": NEW, "2025": OLD}), Vault({"2026": NEW})
    sealed = before.seal(SECRET, ROW)
    assert key_id_of(sealed) == "2025"
    assert rotating.open(sealed, ROW) == SECRET
    resealed = rotating.reseal(sealed, ROW)
    assert key_id_of(resealed) == key_id_of(rotating.seal(SECRET, ROW)) == "2026"
    assert after.open(resealed, ROW) == SECRET
    with pytest.raises(KeyMissing) as missing:
        after.open(sealed, ROW)
    assert missing.value.key_id == "2025"


def test_another_key_of_the_same_id_does_not_open() -> None:
    """K2."""
    with pytest.raises(CannotOpen):
        Vault({"2026": OLD}).open(Vault({"2026": NEW}).seal(SECRET, ROW), ROW)


def test_without_a_key_ring_sealing_is_refused() -> None:
    """K2: the refusal says what to do."""
    with pytest.raises(Refused, match="PROFILE_GRPC_SEAL_KEYS") as refused:
        Vault({}).seal(SECRET, ROW)
    assert refused.value.reason is Reason.SEALING_NOT_CONFIGURED
