"""Page tokens: opaque, sealed, bound to the filter they were made for."""

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.hashing import KEY_BYTES, Hasher
from profile_grpc.service import paging
from profile_grpc.service.customers import Customers
from profile_grpc.service.observer import NullObserver
from profile_grpc.service.ports import ProfileFilter
from profile_grpc.service.profiles import Profiles
from profile_grpc.service.write_queue import WriteQueue
from tests.support import domain
from tests.support.domain import APP, HASHER, ManualClock, key, profile
from tests.support.memory_store import MemoryStore

LISTING = ["profiles", APP, None, 2]
TEXTS = st.lists(st.text(), min_size=1, max_size=3)


@pytest.mark.parametrize(("asked", "given_"), [(0, 50), (1, 1), (50, 50), (1000, 1000), (1001, 1000), (10**9, 1000)])
def test_a_page_has_50_rows_by_default_and_1000_at_most(asked: int, given_: int) -> None:
    assert paging.size(asked) == given_


@given(TEXTS, TEXTS)
def test_a_token_brings_back_its_position(listing: list[str], position: list[str]) -> None:
    assert paging.unseal(HASHER, listing, paging.seal(HASHER, listing, position)) == position


def test_no_token_is_the_first_page() -> None:
    assert paging.unseal(HASHER, LISTING, "") is None


@pytest.mark.parametrize(
    "other",
    [["apps", APP, None, 2], ["profiles", "b", None, 2], ["profiles", APP, "", 2], ["profiles", APP, None, 1], []],
)
def test_a_token_of_another_filter_is_refused(other: list[str | int | None]) -> None:
    token = paging.seal(HASHER, LISTING, ["ann", "phone"])
    with pytest.raises(Refused) as caught:
        paging.unseal(HASHER, other, token)
    assert caught.value.reason is Reason.INVALID_PAGE_TOKEN
    assert [v.field for v in caught.value.violations] == ["page_token"]


def test_a_token_of_another_server_is_refused() -> None:
    token = paging.seal(Hasher(bytes(KEY_BYTES)), LISTING, ["ann", "phone"])
    with pytest.raises(Refused):
        paging.unseal(HASHER, LISTING, token)


@given(st.text(min_size=1))
def test_whatever_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        paging.unseal(HASHER, LISTING, text)


@given(st.integers(0, 60), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_changed_token_never_names_another_position(place: int, letter: str) -> None:
    token = paging.seal(HASHER, LISTING, ["ann", "phone"])
    changed = token[:place] + letter + token[place + 1 :]
    try:
        position = paging.unseal(HASHER, LISTING, changed)
    except Refused:
        return
    assert position == ["ann", "phone"]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 7])
async def test_pages_hold_every_profile_once_and_in_order(size: int) -> None:
    keys = sorted(key(user, device) for user in ("ann", "bob") for device in ("a", "b", "c"))
    world = domain.given(*[profile(one) for one in keys], profile(key(app="other"))).world
    store = MemoryStore(world)
    queue = WriteQueue(store, ManualClock(), HASHER, observer=NullObserver())
    profiles = Profiles(queue, store, HASHER, NullObserver(), cast("Customers", None))
    found, token, pages = [], "", 0
    while token or not pages:
        page, token = await profiles.list(ProfileFilter(APP), size, token)
        found += [p.key for p in page]
        pages += 1
    assert found == keys
    assert pages == -(-len(keys) // size)
