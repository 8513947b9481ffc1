"""The use cases of CredentialService (K1 to K3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from profile_grpc.domain import push_credentials as rules
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.profile import Platform
from profile_grpc.domain.push_credentials import (
    MAX_CREDENTIALS,
    Checked,
    CredentialKind,
    Described,
    PublicPart,
    PushCredential,
)
from profile_grpc.service.fair_queue import FairSemaphore
from profile_grpc.service.ids import random_id
from profile_grpc.service.ports import Clock
from profile_grpc.service.push_credentials.ports import CredentialStore
from profile_grpc.service.storing import retry_on_conflict
from profile_grpc.service.vault import Vault, row_of

if TYPE_CHECKING:
    from profile_grpc.service.push_credentials.checking import Upload

TABLE = "push_credential"
_ID_LENGTH = 16
_REMEMBERED = 10_000
"""Apps whose VAPID key is remembered."""
CHECKS = 2
"""Uploads that a process checks at a time."""
STALENESS = timedelta(seconds=5)
"""How long a VAPID key is remembered: SDKs poll their configuration."""


@dataclass(frozen=True, slots=True)
class NewCredential:
    """The credential to store, besides what it carries."""

    app_id: str
    name: str
    platforms: tuple[Platform, ...] = ()
    push_app_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VapidPublicKey:
    """What a browser subscribes with (K5), and what its key says of the site."""

    credential_id: str
    public: PublicPart


class Credentials:
    """The push credentials of apps."""

    def __init__(self, store: CredentialStore, vault: Vault, clock: Clock, hasher: Hasher) -> None:
        self._store = store
        self.fingerprint_key = hasher.derived_key("credential-fingerprint")
        """What the fingerprints of short secrets are keyed with."""
        self._vault = vault
        self._clock = clock
        self._vapid: dict[str, tuple[datetime, VapidPublicKey | None]] = {}
        self._checks = FairSemaphore(CHECKS)

    async def upload(self, wanted: NewCredential, upload: Upload, tenant_id: str) -> Described:
        """Checks and stores a credential. What the newest version of the name already holds is not stored again.

        Few checks run at a time, and of each tenant one.

        Raises:
            Refused: SEALING_NOT_CONFIGURED, PUSH_CREDENTIAL_INVALID, LEGACY_CREDENTIAL, PUSH_CREDENTIAL_NAME_TAKEN,
                TOO_MANY_PUSH_CREDENTIALS, CONFLICT.
        """
        # Imported here: most commands open no file, and the library takes a while.
        from profile_grpc.service.push_credentials.checking import check  # noqa: PLC0415

        self._vault.check()
        async with self._checks.slot(tenant_id):
            checked = await check(upload, self._clock.now())
        return await retry_on_conflict(lambda: self._add_version(wanted, checked))

    async def create_vapid_key(self, wanted: NewCredential, subject: str, site_url: str, icon_url: str) -> Described:
        """Makes a VAPID key and stores it as the newest version of its name. Raises as `upload`."""
        from profile_grpc.service.push_credentials.keys import VapidKey  # noqa: PLC0415 - as in `upload`

        self._vault.check()
        made = VapidKey(subject, site_url=site_url, icon_url=icon_url).check(self._clock.now())
        return await retry_on_conflict(lambda: self._add_version(wanted, made))

    async def get(self, app_id: str, credential_id: str) -> Described:
        """The credential.

        Raises:
            Refused: PUSH_CREDENTIAL_NOT_FOUND.
        """
        for one in await self.list(app_id):
            if one.credential.credential_id == credential_id:
                return one
        raise _not_found(app_id, credential_id)

    async def list(self, app_id: str) -> Sequence[Described]:
        """All of the app's credentials, by name and the newest version first."""
        return rules.describe(await self._store.of_app(app_id), self._clock.now())

    async def delete(self, app_id: str, credential_id: str, *, allow_missing: bool = False) -> None:
        """Deletes one version, irreversibly.

        Raises:
            Refused: PUSH_CREDENTIAL_NOT_FOUND, unless it may be missing.
        """
        removed = await self._store.remove(app_id, credential_id)
        self._vapid.pop(app_id, None)
        if not removed and not allow_missing:
            raise _not_found(app_id, credential_id)

    async def vapid_public_key(self, app_id: str) -> VapidPublicKey | None:
        """What browsers of the app subscribe with, up to STALENESS old; None: there is no VAPID key (K5)."""
        now = self._clock.now()
        remembered = self._vapid.get(app_id)
        if remembered is not None and timedelta() <= now - remembered[0] < STALENESS:
            return remembered[1]
        found = rules.current(await self._store.of_app(app_id), CredentialKind.VAPID_KEY, now)
        key = None if found is None else VapidPublicKey(found.credential_id, found.public)
        if len(self._vapid) >= _REMEMBERED:
            self._vapid.clear()
        self._vapid[app_id] = now, key
        return key

    async def _add_version(self, wanted: NewCredential, checked: Checked) -> Described:
        now = self._clock.now()
        there = await self._store.of_app(wanted.app_id)
        versions = [one for one in there if one.name == wanted.name]
        newest = max(versions, key=lambda one: one.version, default=None)
        if newest is not None:
            if not checked.public.kind.can_follow(newest.public.kind):
                raise _name_taken(newest)
            if _is_same(newest, wanted, checked.public):
                return next(one for one in rules.describe(there, now) if one.credential is newest)
        if len(there) >= MAX_CREDENTIALS:
            raise _too_many(wanted.app_id)
        credential_id = random_id(_ID_LENGTH)
        added = PushCredential(
            app_id=wanted.app_id,
            credential_id=credential_id,
            name=wanted.name,
            version=1 if newest is None else newest.version + 1,
            platforms=wanted.platforms,
            push_app_ids=wanted.push_app_ids,
            public=checked.public,
            sealed=self._vault.seal(checked.private, row_of(TABLE, wanted.app_id, credential_id)),
            create_time=now,
        )
        await self._store.add(added)
        self._vapid.pop(wanted.app_id, None)
        return next(one for one in rules.describe([*there, added], now) if one.credential is added)


def _is_same(stored: PushCredential, wanted: NewCredential, public: PublicPart) -> bool:
    """Whether the upload is a repetition."""
    return (stored.public, stored.platforms, stored.push_app_ids) == (public, wanted.platforms, wanted.push_app_ids)


def _not_found(app_id: str, credential_id: str) -> Refused:
    return Refused.about(
        Reason.PUSH_CREDENTIAL_NOT_FOUND,
        "The app {app_id!r} has no push credential {credential_id!r}; list the credentials to see their ids.",
        app_id=app_id,
        credential_id=credential_id,
    )


def _name_taken(by: PushCredential) -> Refused:
    return Refused.about(
        Reason.PUSH_CREDENTIAL_NAME_TAKEN,
        "The app {app_id!r} has a push credential of this name and of kind {kind}; choose another name.",
        app_id=by.app_id,
        kind=by.public.kind.name,
    )


def _too_many(app_id: str) -> Refused:
    return Refused.about(
        Reason.TOO_MANY_PUSH_CREDENTIALS,
        "The app {app_id!r} has {limit} push credentials already; delete old ones first.",
        app_id=app_id,
        limit=str(MAX_CREDENTIALS),
    )
