"""Reads pages of rows that may be large: few rows are read that do not fit into the page, and one page ahead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import TypeVar

from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import Profile
from profile_grpc.service.ports import ProfileFilter, ProfileStore

RowT = TypeVar("RowT")
PageT = TypeVar("PageT")

PAGE_BYTES = 1 << 20
"""The size of a page. Clients accept 4 MiB by default, and no call is answered while a page is written."""
_READ_FIRST = 100
"""Rows that are read before their size is known."""
_SHORT_PARTS = 500
_ENDPOINT_KEYS = 200
"""Of an endpoint, its Web Push keys at most."""


async def read_page(
    read: Callable[[RowT | None, int], Awaitable[Sequence[RowT]]],
    size: Callable[[RowT], int],
    limit: int,
    room: int = PAGE_BYTES,
) -> tuple[list[RowT], bool]:
    """Up to `limit` rows, fewer where they are large, and whether others follow.

    Args:
        read: reads so many rows after the given one; None: from the start.
        size: the bytes of a row in an answer.
        limit: the maximum number of rows.
        room: the bytes of the page. One row is read even if it is larger.
    """
    page: list[RowT] = []
    free, ask = room, min(limit, _READ_FIRST)
    while True:
        found = await read(page[-1] if page else None, ask + 1)
        for row in found[:ask]:
            free -= size(row)
            if free < 0 and page:
                return page, True
            page.append(row)
        if len(found) <= ask or len(page) == limit:
            return page, len(found) > ask
        each = max((room - free) // len(page), 1)
        ask = min(limit - len(page), max(free // each, 1))


async def read_profiles(
    store: ProfileStore, wanted: ProfileFilter, after: ProfileKey | None, limit: int, room: int = PAGE_BYTES
) -> tuple[list[Profile], bool]:
    """`read_page` of profiles after the key."""

    def read(last: Profile | None, number: int) -> Awaitable[Sequence[Profile]]:
        return store.list(wanted, after if last is None else last.key, number)

    return await read_page(read, profile_size, limit, room)


async def read_ahead(
    read: Callable[[PageT | None], Awaitable[PageT]], is_last: Callable[[PageT], bool]
) -> AsyncGenerator[PageT, None]:
    """All pages, each of which is read while the caller uses the one before it.

    `read`: reads the page after the given one; None: the first.
    """
    following: asyncio.Future[PageT] | None = asyncio.ensure_future(read(None))
    try:
        while following is not None:
            page = await following
            following = None if is_last(page) else asyncio.ensure_future(read(page))
            yield page
    finally:
        if following is not None:
            following.cancel()
            await asyncio.wait([following])


def profile_size(profile: Profile) -> int:
    """About what a caller is sent of the profile, in bytes, without what is short in all of them."""
    size, attributes = _SHORT_PARTS, profile.attributes
    for endpoint in profile.push_endpoints:
        size += len(endpoint.token) + _ENDPOINT_KEYS
    for name, value in attributes.custom_attributes.items():
        size += len(name) + _bytes(value)
    for name, attribute in attributes.device_attributes.items():
        size += len(name) + _bytes(attribute.value)
    return size


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
