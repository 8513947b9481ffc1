"""The use cases of WebhookService, and the secrets that webhooks are signed with (E6)."""

from __future__ import annotations

import random
import secrets
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from profile_grpc.domain import webhooks as rules
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.webhooks import MAX_WEBHOOKS, Delivery, Progress, Secret, Webhook, WebhookState
from profile_grpc.outbound.destinations import Destinations, UrlRefused
from profile_grpc.service import paging
from profile_grpc.service.event_ports import EventStore, WebhookKey, WebhookStore
from profile_grpc.service.ids import random_id
from profile_grpc.service.ports import Clock
from profile_grpc.service.storing import retry_on_conflict

if TYPE_CHECKING:
    from profile_grpc.sealing import SecretBox

_ID_LENGTH = 16
_PREFIX = "whsec_"
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """The webhook to create."""

    tenant_id: str
    url: str
    types: tuple[str, ...] = ()
    app_ids: tuple[str, ...] = ()
    state: WebhookState = WebhookState.ENABLED
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class Rotated:
    """A new secret of a webhook."""

    secret: str
    old_end_time: datetime
    """When the one before it ends."""


class WebhookSecrets:
    """Encrypts each secret for its webhook, under a key derived from the hash key."""

    def __init__(self, hasher: Hasher) -> None:
        self._hasher = hasher

    @cached_property
    def _box(self) -> SecretBox:
        # Imported here: most commands encrypt nothing, and the library takes a while.
        from profile_grpc.sealing import SecretBox  # noqa: PLC0415

        return SecretBox(self._hasher.derived_key("webhook-secret"))

    def make(self, tenant_id: str, webhook_id: str) -> tuple[str, str]:
        """A new secret, as its owner gets it this once, and as it is stored."""
        text = _PREFIX + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
        return text, self._box.seal(text, _row(tenant_id, webhook_id))

    def open(self, webhook: Webhook, secret: Secret) -> str:
        """A secret of the webhook, as its owner has it.

        Raises:
            CannotOpen: it was changed in the database, or encrypted under another hash key.
        """
        return self._box.open(secret.sealed, _row(webhook.tenant_id, webhook.webhook_id))


@dataclass(eq=False)
class Webhooks:
    """A tenant's webhooks."""

    _store: WebhookStore
    _events: EventStore
    _clock: Clock
    _hasher: Hasher
    destinations: Destinations

    @cached_property
    def secrets(self) -> WebhookSecrets:
        """What encrypts their secrets."""
        return WebhookSecrets(self._hasher)

    async def create(self, wanted: NewWebhook) -> tuple[Webhook, str]:
        """A new webhook, which gets the events from now on, and its secret, which is shown only once.

        Raises:
            Refused: WEBHOOK_DESTINATION_REFUSED, TOO_MANY_WEBHOOKS, INVALID_REQUEST: it cannot begin as DISABLED.
        """
        _check_state(wanted.state)
        self._check_url(wanted.url)
        webhook_id = random_id(_ID_LENGTH)
        secret, sealed = self.secrets.make(wanted.tenant_id, webhook_id)
        now, position = self._clock.now(), await self.newest_position()
        webhook = Webhook(
            tenant_id=wanted.tenant_id,
            webhook_id=webhook_id,
            url=wanted.url,
            types=wanted.types,
            app_ids=wanted.app_ids,
            state=wanted.state,
            secrets=(Secret(sealed),),
            create_time=now,
            update_time=now,
            place=0,
            progress=Progress(position),
            display_name=wanted.display_name,
            revision=random.getrandbits(62),
        )

        async def add() -> Webhook:
            taken = {other.place for other in await self._store.of_tenant(wanted.tenant_id)}
            free = next((place for place in range(MAX_WEBHOOKS) if place not in taken), None)
            if free is None:
                raise _too_many()
            placed = replace(webhook, place=free)
            await self._store.add(placed)
            return placed

        return await retry_on_conflict(add), secret

    async def get(self, key: WebhookKey) -> Webhook:
        """The webhook as stored.

        Raises:
            Refused: WEBHOOK_NOT_FOUND.
        """
        webhook = await self._store.get(key)
        if webhook is None:
            raise _not_found(key.webhook_id)
        return webhook

    async def list(self, tenant_id: str) -> Sequence[Webhook]:
        """All of the tenant's webhooks, oldest first."""
        return await self._store.of_tenant(tenant_id)

    async def newest_position(self) -> int:
        """The position of the newest event, to which a webhook's own is compared."""
        return (await self._events.head()).published

    async def change(self, key: WebhookKey, change: Callable[[Webhook], Webhook], etag: str = "") -> Webhook:
        """Stores what `change` makes of the webhook. Enabled again, it is tried at once.

        Raises:
            Refused: WEBHOOK_NOT_FOUND, WEBHOOK_DESTINATION_REFUSED, ETAG_MISMATCH, CONFLICT, INVALID_REQUEST: only the
                service makes it DISABLED.
        """

        def changed(before: Webhook) -> Webhook:
            if etag and etag != before.etag:
                raise _changed()
            after = change(before)
            if after.state is not before.state:
                _check_state(after.state)
            if after.url != before.url:  # what an operator allows may differ between processes
                self._check_url(after.url)
            enabled = after.state is WebhookState.ENABLED is not before.state
            progress = rules.restarted(before.progress) if enabled else before.progress
            return replace(after, update_time=self._clock.now(), progress=progress)

        return await self._change(key, changed)

    async def rotate(self, key: WebhookKey, keep_old: timedelta | None) -> Rotated:
        """Gives the webhook a new secret, shown only once. The old one signs beside it for `keep_old` (default: a day).

        Raises:
            Refused: WEBHOOK_NOT_FOUND, CONFLICT.
        """
        overlap, now = rules.SECRET_OVERLAP if keep_old is None else keep_old, self._clock.now()
        text, sealed = self.secrets.make(*key)
        await self._change(key, lambda before: rules.rotated(before, sealed, overlap, now))
        return Rotated(text, now + overlap)

    async def replay(self, key: WebhookKey, start_time: datetime | None) -> Webhook:
        """Delivers again the events from that time on, or from the oldest that is kept (None).

        Raises:
            Refused: WEBHOOK_NOT_FOUND, CONFLICT.
        """
        head = await self._events.head()
        start = head.oldest
        if start_time is not None:
            first = await self._events.first_since(start_time)
            start = head.published if first is None else max(start, first - 1)
        return await self._change(key, lambda before: replace(before, progress=rules.replayed(before.progress, start)))

    async def delete(self, key: WebhookKey, *, allow_missing: bool = False) -> None:
        """Deletes the webhook and all about it.

        Raises:
            Refused: WEBHOOK_NOT_FOUND, unless it may be missing.
        """
        if not await self._store.remove(key) and not allow_missing:
            raise _not_found(key.webhook_id)

    async def deliveries(self, key: WebhookKey, page_size: int, page_token: str) -> tuple[Sequence[Delivery], str]:
        """One page of the last deliveries, newest first, and the token of the next (empty: the last page).

        Raises:
            Refused: WEBHOOK_NOT_FOUND, INVALID_PAGE_TOKEN.
        """
        listing = ["webhook deliveries", *key]
        position = paging.unseal(self._hasher, listing, page_token)
        await self.get(key)
        limit = paging.size(page_size)
        found = await self._store.deliveries(key, int(position[0]) if position else None, limit + 1)
        page = found[:limit]
        token = paging.seal(self._hasher, listing, [str(page[-1].number)]) if len(found) > limit else ""
        return page, token

    async def keep(self, webhook: Webhook, delivery: Delivery) -> None:
        """Keeps an attempt among the deliveries of the webhook.

        Raises:
            Conflict: there have been others since it was read.
        """
        progress = replace(webhook.progress, attempts=delivery.number)
        await self._store.change(webhook, replace(webhook, progress=progress), delivery)

    def _check_url(self, url: str) -> None:
        try:
            self.destinations.check_url(url)
        except UrlRefused as refused:
            message = "Webhooks may not go to this URL: it must be https, and its address public."
            raise Refused.for_field(Reason.WEBHOOK_DESTINATION_REFUSED, message, "webhook.url", str(refused)) from None

    async def _change(self, key: WebhookKey, change: Callable[[Webhook], Webhook]) -> Webhook:
        """Stores a change. If the webhook has changed since it was read, `change` is called again."""

        async def store() -> Webhook:
            before = await self.get(key)
            return await self._store.change(before, change(before))

        return await retry_on_conflict(store)


def _check_state(state: WebhookState) -> None:
    if state is WebhookState.DISABLED:
        description = "must be ENABLED or PAUSED"
        raise Refused.for_field(Reason.INVALID_REQUEST, f"state {description}.", "webhook.state", description)


def _not_found(webhook_id: str) -> Refused:
    return Refused.about(
        Reason.WEBHOOK_NOT_FOUND,
        "There is no webhook {webhook_id!r}; list the webhooks to see their ids.",
        webhook_id=webhook_id,
    )


def _changed() -> Refused:
    return Refused(Reason.ETAG_MISMATCH, "The webhook has changed since it was read; read it again, then repeat.")


def _too_many() -> Refused:
    return Refused.about(
        Reason.TOO_MANY_WEBHOOKS, "The tenant has {limit} webhooks already; delete one first.", limit=str(MAX_WEBHOOKS)
    )


def _row(tenant_id: str, webhook_id: str) -> str:
    return f"webhook/{tenant_id}/{webhook_id}"
