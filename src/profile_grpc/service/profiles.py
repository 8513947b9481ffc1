"""The use cases of ProfileService: commands through the write queue, reads from the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from profile_grpc.domain import presence
from profile_grpc.domain.commands import Command, ProfilePatch
from profile_grpc.domain.errors import Refused
from profile_grpc.domain.feedback import ReportPushFeedback
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import Profile
from profile_grpc.domain.registration import Register
from profile_grpc.domain.results import FeedbackResult, Registered, Updated
from profile_grpc.domain.settings import App
from profile_grpc.domain.updating import UpdateProfileData
from profile_grpc.service import paging
from profile_grpc.service.customers import Customers
from profile_grpc.service.observer import Observer
from profile_grpc.service.page_reading import read_profiles
from profile_grpc.service.ports import ProfileFilter, ProfileStore
from profile_grpc.service.shard_queue import BULK
from profile_grpc.service.write_queue import WriteQueue

ResultT = TypeVar("ResultT")


@dataclass(eq=False)
class Profiles:
    """What callers can do with profiles. The app is one that the caller reaches."""

    _queue: WriteQueue
    _store: ProfileStore
    _hasher: Hasher
    _observer: Observer
    _customers: Customers

    async def submit(self, app: App, command: Command[ResultT]) -> ResultT:
        """Carries out a command; its own rules say what it does and when it is refused.

        Raises:
            Refused.
        """
        return await self._queue.submit(command, app.settings)

    async def submit_all(self, commands: Sequence[tuple[App, Command[ResultT]]]) -> list[ResultT | Refused]:
        """Commands of any apps, each answered on its own."""
        if not commands:
            return []
        return await self._queue.submit_all([(command, app.settings) for app, command in commands])

    async def register(self, app: App, command: Register) -> Registered:
        """`submit`, which also checks the customer (C5) and reports devices with too many users (R5)."""
        await self._require_customer(app, command.patch)
        result = await self.submit(app, command)
        if result.linked:
            result = replace(result, profile=await self._settled(app, result.profile))
        if result.too_many_users:
            self._observer.too_many_users(app.app_id)
        for name in result.placeholder_ids:
            self._observer.placeholder_id(app.app_id, name)
        return result

    async def update(self, app: App, command: UpdateProfileData) -> Updated:
        """`submit`, which also checks the customer (C5)."""
        await self._require_customer(app, command.patch)
        result = await self.submit(app, command)
        return replace(result, profile=await self._settled(app, result.profile)) if result.linked else result

    async def report_push_feedback(self, app: App, command: ReportPushFeedback) -> tuple[FeedbackResult, ...]:
        """See the rules F1-F7. A long report is decided in parts, so that single calls need not wait for all of it.

        Raises:
            Refused: a part was; the others may have been applied, and repeating the report is safe.
        """
        feedback = command.feedback
        parts = [replace(command, feedback=feedback[at : at + BULK]) for at in range(0, len(feedback), BULK)]
        answers = await self._queue.submit_parts([(part, app.settings) for part in parts])
        results: list[FeedbackResult] = [result for answer in answers for result in answer]
        for outcome, number in Counter(result.outcome for result in results).items():
            self._observer.feedback_decided(app.app_id, outcome, number)
        return tuple(results)

    async def _require_customer(self, app: App, patch: ProfilePatch) -> None:
        customer_id = patch.attributes.get("customer_id")
        if isinstance(customer_id, str):
            await self._customers.require(app, customer_id)

    async def _settled(self, app: App, profile: Profile) -> Profile:
        """The profile that the call has linked, after a merge that came in between (C7).

        After the commit: either the merge finds the link, or this finds the merge.
        """
        customer_id = profile.attributes.customer_id
        if customer_id is None or not await self._customers.follow(app, customer_id):
            return profile
        return await self._store.get(profile.key) or profile

    async def get(self, key: ProfileKey) -> Profile:
        """The profile as committed.

        Raises:
            Refused: PROFILE_NOT_FOUND.
        """
        profile = await self._store.get(key)
        if profile is None:
            raise presence.profile_not_found(key.app_id)
        return profile

    async def list(self, wanted: ProfileFilter, page_size: int, page_token: str) -> tuple[Sequence[Profile], str]:
        """One page of profiles, ordered by (user_id, device_id), and the token of the next (empty: the last page).

        Raises:
            Refused: INVALID_PAGE_TOKEN.
        """
        listing = ["profiles", *wanted[:-1]]
        if wanted.filter is not None:
            listing.append(wanted.filter.text)
        position = paging.unseal(self._hasher, listing, page_token)
        after = ProfileKey(wanted.app_id, *position) if position else None
        page, more = await read_profiles(self._store, wanted, after, paging.size(page_size))
        return page, paging.seal(self._hasher, listing, page[-1].key[1:]) if more else ""
