"""What push credentials need of the store, in protocols that the concrete ones fulfil."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from profile_grpc.domain.events import Event
from profile_grpc.domain.push_credentials import PushCredential


class CredentialStore(Protocol):
    """Push credentials, by app."""

    async def add(self, credential: PushCredential) -> None:
        """Raises Conflict when its id, or the version of its name, is taken."""

    async def of_app(self, app_id: str) -> Sequence[PushCredential]:
        """All of the app's credentials."""

    async def remove(self, app_id: str, credential_id: str) -> bool:
        """Deletes it. False: there was none."""

    async def remove_of_app(self, app_id: str) -> None:
        """Deletes all of the app's credentials."""

    async def change(self, before: PushCredential, after: PushCredential, events: Sequence[Event] = ()) -> None:
        """Stores the reminder of `after`, and the events, in one transaction.

        Raises:
            Conflict: it has changed since it was read, or is gone; nothing is written.
        """

    async def expiries(self) -> Sequence[Expiry]:
        """Of every version of every credential, deleted apps included."""


class Expiry(NamedTuple):
    """When a version of a credential expires."""

    app_id: str
    name: str
    version: int
    expire_time: datetime | None
    mail_due: bool
    """Whether the e-mail of its last reminder is not sent yet."""


class ContactStore(Protocol):
    """Whom tenants want to be told by e-mail."""

    async def add(self, tenant_id: str, email: str, now: datetime) -> bool:
        """False: the tenant has it already."""

    async def remove(self, tenant_id: str, email: str) -> bool:
        """False: the tenant does not have it."""

    async def of_tenant(self, tenant_id: str) -> Sequence[str]:
        """The tenant's addresses, in order."""
