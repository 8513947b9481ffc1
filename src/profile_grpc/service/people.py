"""The use cases about a person as a whole: erasure and access (C8, C9).

An erasure takes several transactions. Each step finds its work by ids that the later steps remove last, so that a
repetition completes an interrupted erasure: docs/adr/0073.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from profile_grpc.domain import customers as rules
from profile_grpc.domain import presence
from profile_grpc.domain.customer_changes import ForgetCustomer, RememberCustomerErasure
from profile_grpc.domain.customers import Customer, CustomerId
from profile_grpc.domain.erasure import Announce, EraseProfiles, ForgetCalls, RememberErasure, StopImports
from profile_grpc.domain.events import ERASED_CUSTOMER, ERASED_USER, Event, EventType
from profile_grpc.domain.keys import CustomerKey, ProfileKey, UserKey
from profile_grpc.domain.profile import Profile
from profile_grpc.domain.settings import App
from profile_grpc.service import refusals
from profile_grpc.service.customer_ports import Person, PersonEvents
from profile_grpc.service.customers import Customers, LinkedProfile
from profile_grpc.service.page_reading import read_profiles
from profile_grpc.service.ports import Conflict, ProfileFilter, ProfileStore
from profile_grpc.service.write_queue import WriteQueue

_AT_ONCE = 50
"""Profiles or devices of one transaction; other calls wait for it."""
_ROUNDS = 10
"""How often an erasure begins again because the user has registered meanwhile, or the customer was created."""
_MAX_PROFILES = 1000
"""Profiles of a person that are exported."""
_MAX_EVENTS = 20_000
"""Events of a person that are exported; as many do not fit into a document."""
EXPORT_BYTES = 3 << 20
"""About the size of an export. Clients accept 4 MiB by default."""

BRIDGE_NOTE = (
    "A report that waits in the spool of an HTTP bridge still names the account; it is applied later, to nobody, and"
    " then removed."
)


class Erased(NamedTuple):
    """What an erasure removed."""

    removed: Mapping[str, int]
    """By kind."""
    notes: tuple[str, ...] = (BRIDGE_NOTE,)


class PersonData(NamedTuple):
    """What is stored about a person."""

    customer: Customer | None
    profiles: Sequence[LinkedProfile]
    events: Sequence[Event]
    more: bool
    """Whether there are more profiles or events."""


class People:
    """People: users of apps, and customers with all that is linked with them."""

    def __init__(self, queue: WriteQueue, customers: Customers, profiles: ProfileStore, events: PersonEvents) -> None:
        self._queue = queue
        self._customers = customers
        self._profiles = profiles
        self._events = events

    async def erase_user(self, app: App, user_id: str, *, announce: bool = True) -> Erased:
        """Erases a user of an app (C8). Unknown users are erased too: of a deleted one, events may remain."""
        key = UserKey(app.app_id, user_id)
        user = Person(users=[key])
        # First: what an import decides from now on brings nothing back, and what it has decided before is committed
        # already, and erased, or is decided again (docs/adr/0103).
        await self._queue.submit(RememberErasure(key), app.settings)
        removed = Counter[str]()
        for _ in range(_ROUNDS):
            removed += await self._erase_user_once(app, user_id, announce=announce)
            if not await self._profiles.list(ProfileFilter(app.app_id, user_id=user_id), None, 1):
                break
        if announce and not _announced(await self._events.announcements(user), ERASED_USER):
            await self._queue.submit(Announce(app.app_id, user_id=user_id), app.settings)
        await self._events.forget()
        return Erased({kind: removed[kind] for kind in ("profiles", "events")})

    async def _erase_user_once(self, app: App, user_id: str, *, announce: bool) -> Counter[str]:
        """Erases what there is. A profile that registers meanwhile may have lost its event and must be erased, too:
        readers of events would never learn of it.
        """
        removed = Counter[str]()
        user = Person(users=[UserKey(app.app_id, user_id)])
        while found := await self._profiles.list(ProfileFilter(app.app_id, user_id=user_id), None, _AT_ONCE):
            removed["profiles"] += await self._erase_profiles(app, found)
        after: ProfileKey | None = None
        while known := await self._events.keys(user, after, _AT_ONCE):
            devices = tuple([key.device for key in known])
            await self._queue.submit(ForgetCalls(app.app_id, devices), app.settings)
            after = known[-1]
        removed["events"] += await self._events.erase(user, keep_announcements=announce)
        return removed

    async def erase_customer(self, tenant_id: str, customer_id: str, *, announce: bool = True) -> Erased:
        """Erases a customer, with every linked profile of every app of the tenant (C8).

        Raises:
            Refused: CUSTOMER_MERGED: the person is stored under another id. CONFLICT: the customer is created again and
                again meanwhile.
        """
        await self._customers.find(tenant_id, customer_id)
        ref = self._customers.ref(tenant_id, customer_id)
        removed, gone = Counter[str](), None
        apps: Sequence[App] = ()
        for _ in range(_ROUNDS):
            await self._customers.submit(RememberCustomerErasure(ref))
            apps = await self._customers.apps(tenant_id)
            await self._stop_imports(apps)
            removed += await self._erase_of_customer(tenant_id, customer_id, apps, announce=announce)
            gone = await self._customers.submit(ForgetCustomer(ref))
            if gone is not None:
                break
        if gone is None:
            raise refusals.of(Conflict("the customer is created again and again"))
        removed += Counter(customers=gone.customers, merged_customers=gone.merged)
        customer = _customers(tenant_id, [customer_id], apps)
        removed["events"] += await self._events.erase(customer, keep_announcements=announce)
        if announce and not _announced(await self._events.announcements(customer), ERASED_CUSTOMER):
            await self._customers.submit(Announce(tenant_id, customer_id=customer_id))
        await self._events.forget()
        return Erased({kind: removed[kind] for kind in ("customers", "merged_customers", "profiles", "events")})

    async def _stop_imports(self, apps: Sequence[App]) -> None:
        """Raises a barrier of each app: records that name customers and that imports have decided before are decided
        again, by the erasure that is remembered.

        Raises:
            Refused: as `WriteQueue.submit_parts`.
        """
        await self._queue.submit_parts([(StopImports(app.app_id), app.settings) for app in apps])

    async def _erase_of_customer(
        self, tenant_id: str, customer_id: str, apps: Sequence[App], *, announce: bool
    ) -> Counter[str]:
        """Erases the linked profiles, and the events of these and of merged customers."""
        removed = Counter[str]()
        # Those that were merged into it are remembered by a hash: their ids are in events and in links, if anywhere.
        names = await self._customers.names(tenant_id, customer_id, self._events.merged_customers, apps)
        for app in apps:
            # A merge moves links from the others to the first: whatever moves meanwhile is found there, at the end.
            for name in reversed(names):
                removed += await self._erase_linked(app, name, announced_customer=customer_id if announce else "")
        for name in names:
            removed["events"] += await self._erase_gone(tenant_id, name, apps, announce=announce)
        merged = _customers(tenant_id, names[1:], apps)
        removed["events"] += await self._events.erase(merged, keep_announcements=announce)
        return removed

    async def _erase_linked(self, app: App, customer_id: str, *, announced_customer: str) -> Counter[str]:
        """Erases the profiles of the app that are linked with the customer."""
        removed = Counter[str]()
        wanted = ProfileFilter(app.app_id, customer_id=customer_id)
        while found := await self._profiles.list(wanted, None, _AT_ONCE):
            # The events first: once the profile is gone, nobody knows which they are.
            person = Person(profiles=[profile.key for profile in found])
            removed["events"] += await self._events.erase(person, keep_announcements=bool(announced_customer))
            removed["profiles"] += await self._erase_profiles(app, found, announced_customer)
        return removed

    async def _erase_gone(self, tenant_id: str, customer_id: str, apps: Sequence[App], *, announce: bool) -> int:
        """Removes the ids from the events of profiles that were linked with the customer and are deleted.

        They are known from the events that name the customer. These are erased later: a repetition needs them.
        """
        naming, erased = _customers(tenant_id, [customer_id], apps), 0
        after: ProfileKey | None = None
        while named := await self._events.keys(naming, after, _AT_ONCE):
            stored = await asyncio.gather(*map(self._profiles.get, named))  # they share a statement
            gone = Person(profiles=[key for key, profile in zip(named, stored, strict=True) if profile is None])
            erased += await self._events.erase(gone, keep_announcements=announce, keep_customer=customer_id)
            after = named[-1]
        return erased

    async def export_user(self, tenant_id: str, app_id: str, user_id: str) -> PersonData:
        """What is stored about a user of an app (C9).

        Raises:
            Refused: PROFILE_NOT_FOUND: nothing is.
        """
        app = next((app for app in await self._customers.apps(tenant_id) if app.app_id == app_id), None)
        if app is None:  # another process has deleted it just now
            raise presence.profile_not_found(app_id)
        wanted = ProfileFilter(app_id, user_id=user_id)
        found, more = await read_profiles(self._profiles, wanted, None, _MAX_PROFILES, EXPORT_BYTES)
        events, more_events = await self._some_events(Person(users=[UserKey(app_id, user_id)]))
        if not found and not events:
            raise presence.profile_not_found(app_id)
        return PersonData(None, [LinkedProfile(one, app.settings) for one in found], events, more=more or more_events)

    async def export_customer(self, tenant_id: str, customer_id: str) -> PersonData:
        """What is stored about a customer, with the linked profiles of every app (C9).

        Raises:
            Refused: CUSTOMER_NOT_FOUND: nothing is; CUSTOMER_MERGED.
        """
        customer = await self._customers.find(tenant_id, customer_id)
        linked = await self._customers.linked(tenant_id, customer_id, _MAX_PROFILES, EXPORT_BYTES)
        names = await self._customers.names(tenant_id, customer_id, self._events.merged_customers, apps=())
        person = _customers(tenant_id, names, await self._customers.apps(tenant_id))
        keys = [one.profile.key for one in linked.profiles]
        events, more_events = await self._some_events(person._replace(profiles=keys))
        if customer is None and not linked.profiles and not events:
            raise rules.not_found()
        return PersonData(customer, linked.profiles, events, more=linked.more or more_events)

    async def _some_events(self, person: Person) -> tuple[Sequence[Event], bool]:
        """The person's oldest events, and whether there are more."""
        events = await self._events.find(person, _MAX_EVENTS + 1)
        return events[:_MAX_EVENTS], len(events) > _MAX_EVENTS

    async def _erase_profiles(self, app: App, found: Sequence[Profile], announced_customer: str = "") -> int:
        keys, revisions = tuple(p.key for p in found), tuple(p.revision for p in found)
        announced: frozenset[str] = frozenset()
        if announced_customer:
            users = Person(users=[UserKey(app.app_id, user_id) for user_id in sorted({key.user_id for key in keys})])
            events = await self._events.announcements(users)
            announced = frozenset([event.user_id for event in events if event.customer_id == announced_customer])
        command = EraseProfiles(app.app_id, keys, revisions, announced_customer, announced)
        return len((await self._queue.submit(command, app.settings)).keys)


def _customers(tenant_id: str, customer_ids: Sequence[str], apps: Sequence[App]) -> Person:
    return Person(
        linked=[CustomerKey(app.app_id, customer_id) for app in apps for customer_id in customer_ids],
        customers=[CustomerId(tenant_id, customer_id) for customer_id in customer_ids],
    )


def _announced(events: Sequence[Event], reason: str) -> bool:
    return any(event.type is EventType.ERASED and event.reason == reason for event in events)
