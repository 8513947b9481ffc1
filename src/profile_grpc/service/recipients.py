"""The use cases of recipients: resolve, count and explain (T1-T6)."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Iterator, Sequence
from contextlib import aclosing
from typing import NamedTuple

from profile_grpc.domain import reach
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import Channel
from profile_grpc.domain.push_endpoints import PushPurpose
from profile_grpc.domain.reach import Audience, Customers, Everyone, Recipient, Tally, Target, Users, Verdict
from profile_grpc.domain.settings import App, AppSettings
from profile_grpc.service import paging
from profile_grpc.service.page_reading import read_ahead, read_profiles
from profile_grpc.service.ports import Clock, Cursor, ProfileFilter, ProfileStore, RecipientPage, RecipientStore

MESSAGE = 500
"""Recipients and unreachable ids in one message at most."""
FIRST_PAGE, PAGE = 500, 2000
"""Profiles that are read at a time. The first page is small, so that the first message comes soon."""
MAX_VERDICTS = 1000
_RECIPIENTS, _UNREACHABLE = "r", "u"
"""The parts of a stream, in resume tokens."""
_EMPTY_PAGES = 20
"""Pages without a recipient after which a message says how far the search is."""


class Message(NamedTuple):
    """One message of a resolution."""

    recipients: Sequence[Recipient]
    unreachable: Sequence[str]
    """Users or customers, after all recipients."""
    resume_token: str


class Person(NamedTuple):
    """A user or a customer of an app; the other id is empty. `device_id` empty: on every device."""

    user_id: str
    customer_id: str
    device_id: str


class Recipients:
    """Who can be reached. The app is one that the caller reaches."""

    def __init__(self, recipients: RecipientStore, profiles: ProfileStore, clock: Clock, hasher: Hasher) -> None:
        self._recipients = recipients
        self._profiles = profiles
        self._clock = clock
        self._hasher = hasher

    async def resolve(self, app: App, audience: Audience, resume_token: str) -> AsyncGenerator[Message, None]:
        """Every recipient, once, in the order of keys; then the ids that reach nobody (T2, T4).

        Holds two pages at most: one is sent while the next is read.

        Raises:
            Refused: INVALID_RESUME_TOKEN.
            StoreError.
        """
        listing = _listing(audience)
        part, *position = paging.resume(self._hasher, listing, resume_token) or [_RECIPIENTS]
        begin: Cursor | None = (position[0], position[1]) if part == _RECIPIENTS and position else None
        seen: set[str] = set()
        if resume_token and not isinstance(audience.target, Everyone):
            seen = await self._seen(app, audience, None if part == _UNREACHABLE else begin)
        if part == _RECIPIENTS:
            empty = 0
            async with aclosing(self._pages(app, audience, begin)) as pages:
                async for page, cursor in pages:
                    seen.update(_ids(audience.target, page))
                    empty = 0 if page else empty + 1
                    for some, until in _parts(page, cursor):
                        yield Message(some, (), self._token(listing, _RECIPIENTS, *until))
                    if empty == _EMPTY_PAGES:
                        empty = 0
                        yield Message((), (), self._token(listing, _RECIPIENTS, *cursor))
        after = position[0] if part == _UNREACHABLE and position else ""
        missed = [one for one in _target_ids(audience.target) if one not in seen and one > after]
        for first in range(0, len(missed), MESSAGE):
            ids = missed[first : first + MESSAGE]
            yield Message((), ids, self._token(listing, _UNREACHABLE, ids[-1]))

    async def warm_up(self) -> None:
        """Reads two pages of no app, so that the statements of the first resolution are compiled and planned.

        Raises:
            StoreError.
        """
        bounds = reach.reachable(AppSettings(), self._clock.now())
        reader = self._recipients.reader(Audience("", Channel.PUSH, Everyone()))
        for after, size in ((None, FIRST_PAGE), (("", ""), PAGE)):
            await reader.page(bounds, after, size)

    async def count(self, app: App, audience: Audience) -> Tally:
        """The recipients, counted one by one (T6).

        Raises:
            StoreError.
        """
        tally, cursor, reader = Tally(), None, self._recipients.reader(audience)
        while True:
            bounds = reach.reachable(app.settings, self._clock.now())
            counted, cursor = await reader.counted(bounds, cursor)
            for reached, number in counted:
                tally.add(reached, number)
            if cursor is None:
                return tally

    async def explain(
        self, app: App, person: Person, channel: Channel, purpose: PushPurpose
    ) -> tuple[Sequence[Verdict], bool]:
        """Whether each profile of the person can be reached, and why not (T5); and whether there are more profiles.

        Raises:
            StoreError.
        """
        wanted = ProfileFilter(app.app_id, person.user_id or None, person.device_id or None, person.customer_id or None)
        verdicts: list[Verdict] = []
        after, more = None, True
        while more and len(verdicts) < MAX_VERDICTS:
            found, more = await read_profiles(self._profiles, wanted, after, MAX_VERDICTS - len(verdicts))
            now = self._clock.now()
            verdicts += [reach.verdict(one, channel, purpose, app.settings, now) for one in found]
            after = found[-1].key if found else None
        if verdicts:
            return verdicts, more
        key = ProfileKey(app.app_id, person.user_id, person.device_id)
        left = await self._profiles.tombstone(key) if person.user_id and person.device_id else None
        return [reach.missing(key, left)], False

    async def _pages(
        self, app: App, audience: Audience, after: Cursor | None
    ) -> AsyncGenerator[tuple[Sequence[Recipient], Cursor], None]:
        """The recipients after the cursor, page by page, each with its cursor. Reads one page ahead."""
        reader, last = self._recipients.reader(audience), after

        def page(before: RecipientPage | None) -> Awaitable[RecipientPage]:
            bounds = reach.reachable(app.settings, self._clock.now())
            return reader.page(bounds, before.cursor, PAGE) if before else reader.page(bounds, after, FIRST_PAGE)

        async with aclosing(read_ahead(page, lambda page: page.cursor is None)) as pages:
            async for recipients, cursor in pages:
                last = cursor or (recipients[-1].key[1:] if recipients else last)
                if last is not None:
                    yield recipients, last

    async def _seen(self, app: App, audience: Audience, until: Cursor | None) -> set[str]:
        """The ids that an earlier part of the stream has reached, up to the cursor (None: all of them)."""
        seen: set[str] = set()
        async with aclosing(self._pages(app, audience, None)) as pages:
            async for page, cursor in pages:
                seen.update(_ids(audience.target, [one for one in page if until is None or one.key[1:] <= until]))
                if until is not None and cursor >= until:
                    break
        return seen

    def _token(self, listing: Sequence[str | int], *position: str) -> str:
        return paging.seal(self._hasher, listing, position)


def _parts(page: Sequence[Recipient], cursor: Cursor) -> Iterator[tuple[Sequence[Recipient], Cursor]]:
    """The page in messages, each with its cursor."""
    for first in range(0, len(page), MESSAGE):
        some = page[first : first + MESSAGE]
        yield some, cursor if first + MESSAGE >= len(page) else some[-1].key[1:]


def _listing(audience: Audience) -> Sequence[str | int]:
    """What a resume token is bound to."""
    ids = hashlib.sha256("\x00".join(_target_ids(audience.target)).encode()).hexdigest()
    kind = type(audience.target).__name__
    text = audience.filter.text if audience.filter else ""
    return ["recipients", audience.app_id, int(audience.channel), int(audience.purpose), kind, ids, text]


def _target_ids(target: Target) -> Sequence[str]:
    return () if isinstance(target, Everyone) else target.ids


def _ids(target: Target, recipients: Sequence[Recipient]) -> Sequence[str]:
    """The ids of the target that these recipients belong to."""
    if isinstance(target, Users):
        return [one.key.user_id for one in recipients]
    if isinstance(target, Customers):
        return [one.customer_id for one in recipients if one.customer_id is not None]
    return ()
