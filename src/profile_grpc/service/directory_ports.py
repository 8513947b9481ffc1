"""What the use cases need of a store for tenants, apps and keys."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from profile_grpc.domain.settings import App

_PAGE = 1000


class KeyKind(enum.IntEnum):
    """The kind of a credential; the contract's numbers."""

    ADMIN = 1
    PROFILE = 2
    BRIDGE = 3
    CLIENT = 4


@dataclass(frozen=True, slots=True)
class Tenant:
    """A company that uses the service. `tenant_id`: 1 to 64 characters of [a-z0-9][a-z0-9._-]*."""

    tenant_id: str
    create_time: datetime


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A stored credential: it has a keyed hash instead of the secret."""

    key_id: str
    secret_hash: str
    kind: KeyKind
    tenant_id: str
    app_id: str
    """The one app it reaches (BRIDGE, CLIENT), or empty."""
    create_time: datetime
    revoke_time: datetime | None = None
    label: str = ""
    """A display name."""
    expire_time: datetime | None = None
    """When it expires; None: never."""
    last_used_day: date | None = None
    """The UTC day of its last use, according to the last write; None: never used."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """The id of a deleted app, which only its tenant may use (D4)."""

    app_id: str
    tenant_id: str
    delete_time: datetime
    revision: int


class DirectoryStore(Protocol):
    """Tenants, apps and keys. Every change bumps `version` in its transaction."""

    async def version(self) -> int:
        """A number that grows with every change of a tenant, an app or a key."""

    async def add_tenant(self, tenant: Tenant) -> None:
        """Raises Conflict when the id is taken."""

    async def tenant(self, tenant_id: str) -> Tenant | None: ...

    async def tenants(self) -> Sequence[Tenant]: ...

    async def add_app(self, app: App) -> None:
        """Raises Conflict when the id is taken. `app.revision` is stored as given."""

    async def app(self, app_id: str) -> App | None:
        """The app, including one that is being deleted."""

    async def apps_by_id(
        self, app_ids: Sequence[str], tenant_id: str | None, *, deleted: bool = False
    ) -> Sequence[App]:
        """Those of these apps that belong to the tenant (None: to any tenant).

        Nothing is read of other apps. `deleted`: also the tenant's deleted apps whose ids are reserved, with `deleting`
        set.
        """

    async def apps(self, tenant_id: str | None, after: str, limit: int) -> Sequence[App]:
        """Up to `limit` apps after the id `after`, ordered by id; `tenant_id` None: of every tenant."""

    async def change_app(self, app: App, seen: int) -> None:
        """Stores the app. Raises Conflict unless the stored one has the revision `seen`."""

    async def remove_app(self, reservation: Reservation, seen: int) -> None:
        """Replaces the app by the reservation of its id (D4).

        Deletes its settings, profile counts and reaper records, and revokes its keys. Raises Conflict unless the app
        has the revision `seen`.
        """

    async def reservation(self, app_id: str) -> Reservation | None:
        """The reservation of an id that no app uses."""

    async def reserve_app(self, reservation: Reservation, seen: int) -> None:
        """Replaces a reservation. Raises Conflict unless it has the revision `seen`. `change_app` turns it into an
        app.
        """

    async def reservations(self, before: datetime, after: str, limit: int) -> Sequence[Reservation]:
        """Up to `limit` reservations that are older than that time, with ids after `after`, ordered by id."""

    async def release_app(self, reservation: Reservation) -> None:
        """Deletes the reservation, unless it has changed since it was read."""

    async def leaves_traces(self, app_id: str) -> bool:
        """Whether any data of an app with this id is stored: a profile, a tombstone, a count (D4)."""

    async def add_key(self, key: StoredKey) -> None: ...

    async def key(self, key_id: str) -> StoredKey | None: ...

    async def keys(self, tenant_id: str, app_id: str | None) -> Sequence[StoredKey]:
        """The tenant's keys (of one app), including revoked keys, newest first."""

    async def revoke_key(self, key_id: str, time: datetime) -> None:
        """Sets the revoke time unless there is one."""

    async def keys_used(self, key_ids: Sequence[str], day: date) -> None:
        """Stores the UTC day of the keys' last use, unless a later day is stored. Bumps no version."""


async def every_app(directory: DirectoryStore, tenant_id: str | None) -> AsyncIterator[App]:
    """The apps of the tenant (None: of every tenant), those that are being deleted too, ordered by id."""
    after = ""
    while page := await directory.apps(tenant_id, after, _PAGE):
        for app in page:
            yield app
        after = page[-1].app_id
