"""Webhooks, how far their deliveries have come, and the last of these (E6)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Table, and_, delete, literal_column, select

from profile_grpc.domain.webhooks import KEPT_DELIVERIES, Delivery, Failure, Progress, Secret, Webhook, WebhookState
from profile_grpc.service.event_ports import WebhookKey
from profile_grpc.service.ports import Conflict
from profile_grpc.store import parameters, statements, tables, times
from profile_grpc.store.database import Database, Session
from profile_grpc.store.engine import Found, Prepared, Row

_webhook, _progress, _delivery = tables.webhook, tables.webhook_progress, tables.webhook_delivery
_KEY = ("tenant_id", "webhook_id")


class SqlWebhooks:
    """The port `WebhookStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        prepare = database.prepare
        self._add_webhook = statements.insert_new(database, _webhook)
        self._add_progress = statements.insert_new(database, _progress)
        self._change_webhook = statements.update_seen(database, _webhook, _after_key(_webhook))
        self._change_progress = statements.update_seen(database, _progress, _after_key(_progress))
        self._add_delivery = statements.upsert(database, _delivery)
        joined = _webhook.join(_progress, and_(*(_webhook.c[name] == _progress.c[name] for name in _KEY)))
        its_progress = [_progress.c[name] for name in _after_key(_progress)]
        found = select(*_webhook.c, *its_progress).select_from(joined)
        # Names the tenant by value in each table, so that a cluster uses one shard.
        tenant_id = parameters.text("tenant_id")
        of_tenant = found.where(_webhook.c.tenant_id == tenant_id, _progress.c.tenant_id == tenant_id)
        self._get = prepare(of_tenant.where(_webhook.c.webhook_id == parameters.text("webhook_id")))
        self._of_tenant = prepare(of_tenant.order_by(_webhook.c.create_time, _webhook.c.webhook_id))
        enabled = _webhook.c.state == literal_column(str(WebhookState.ENABLED.value))
        self._enabled = prepare(select(*(_webhook.c[name] for name in _KEY)).where(enabled))
        self._remove = [
            prepare(delete(table).where(*(table.c[name] == parameters.text(f"of_{name}") for name in _KEY)))
            for table in (_webhook, _progress, _delivery)
        ]
        self._deliveries = prepare(
            select(*(column for column in _delivery.c if column.name not in {*_KEY, "slot"}))
            .where(*(_delivery.c[name] == parameters.text(name) for name in _KEY))
            .where(_delivery.c.number < parameters.number("before"))
            .order_by(_delivery.c.number.desc())
            .limit(parameters.LIMIT)
        )

    async def add(self, webhook: Webhook) -> None:
        async with self._database.transaction() as session:
            await _write(session, self._add_webhook, _webhook_values(webhook))
            await _write(session, self._add_progress, _progress_values(webhook))

    async def get(self, key: WebhookKey) -> Webhook | None:
        found = await self._database.fetch(self._get, **key._asdict())
        return _read(found[0]) if found else None

    async def of_tenant(self, tenant_id: str) -> Sequence[Webhook]:
        return [_read(row) for row in await self._database.fetch(self._of_tenant, tenant_id=tenant_id)]

    async def enabled(self) -> Sequence[WebhookKey]:
        return [WebhookKey(*row) for row in await self._database.fetch(self._enabled)]

    async def change(self, before: Webhook, after: Webhook, delivery: Delivery | None = None) -> Webhook:
        async with self._database.transaction() as session:
            if after.progress != before.progress:
                progress = replace(after.progress, revision=before.progress.revision + 1)
                after = replace(after, progress=progress)
                await _write(session, self._change_progress, (*_progress_values(after), before.progress.revision))
            if replace(after, progress=before.progress) != before:
                after = replace(after, revision=before.revision + 1)
                await _write(session, self._change_webhook, (*_webhook_values(after), before.revision))
            if delivery is not None:
                await session.execute(self._add_delivery, [_delivery_values(after, delivery)])
        return after

    async def remove(self, key: WebhookKey) -> bool:
        values = {f"of_{name}": value for name, value in key._asdict().items()}
        async with self._database.transaction() as session:
            removed = [await session.execute(statement, **values) for statement in self._remove]
        return bool(removed[0])

    async def deliveries(self, key: WebhookKey, before: int | None, limit: int) -> Sequence[Delivery]:
        last = (1 << 62) if before is None else before
        found = await self._database.fetch(self._deliveries, **key._asdict(), before=last, limit=limit)
        return [_read_delivery(row) for row in found]


async def _write(session: Session, statement: Prepared, row: Row) -> None:
    if not await session.execute(statement, [row]):
        raise Conflict("the webhook exists already, is gone, or has changed")


def _after_key(table: Table) -> list[str]:
    return [column.name for column in table.c if column.name not in _KEY]


def _webhook_values(webhook: Webhook) -> Row:
    secrets = [[secret.sealed, times.maybe_micros(secret.end_time)] for secret in webhook.secrets]
    return (
        webhook.tenant_id,
        webhook.webhook_id,
        webhook.place,
        webhook.url,
        json.dumps(webhook.types),
        json.dumps(webhook.app_ids),
        webhook.state.value,
        json.dumps(secrets),
        webhook.display_name,
        times.micros(webhook.create_time),
        times.micros(webhook.update_time),
        webhook.revision,
    )


def _progress_values(webhook: Webhook) -> Row:
    progress = webhook.progress
    failure = progress.last_failure
    return (
        webhook.tenant_id,
        webhook.webhook_id,
        progress.position,
        progress.pending,
        progress.replays,
        progress.failures,
        times.maybe_micros(progress.failing_since),
        times.maybe_micros(progress.next_attempt_time),
        None if failure is None else times.micros(failure.time),
        None if failure is None else failure.status,
        None if failure is None else failure.text,
        times.maybe_micros(progress.lost_time),
        progress.attempts,
        progress.revision,
    )


def _delivery_values(webhook: Webhook, delivery: Delivery) -> Row:
    return (
        webhook.tenant_id,
        webhook.webhook_id,
        delivery.number % KEPT_DELIVERIES,
        delivery.number,
        delivery.message_id,
        delivery.first_position,
        delivery.last_position,
        delivery.events,
        delivery.attempt,
        times.micros(delivery.time),
        delivery.latency // times.MICROSECOND,
        delivery.status,
        delivery.failure,
    )


def _read(row: Found) -> Webhook:
    columns = len(_webhook.c)
    tenant_id, webhook_id, place, url, types, app_ids, state, secrets, display_name, *rest = row[:columns]
    create_time, update_time, revision = rest
    return Webhook(
        tenant_id=tenant_id,
        webhook_id=webhook_id,
        url=url,
        types=tuple(json.loads(types)),
        app_ids=tuple(json.loads(app_ids)),
        state=WebhookState(state),
        secrets=tuple(Secret(sealed, times.maybe_instant(end)) for sealed, end in json.loads(secrets)),
        create_time=times.instant(create_time),
        update_time=times.instant(update_time),
        place=place,
        progress=_read_progress(row[columns:]),
        display_name=display_name,
        revision=revision,
    )


def _read_progress(row: Found) -> Progress:
    position, pending, replays, failures, failing_since, next_attempt_time, *rest = row
    failure_time, failure_status, failure_text, lost_time, attempts, revision = rest
    return Progress(
        position=position,
        pending=pending,
        replays=replays,
        failures=failures,
        failing_since=times.maybe_instant(failing_since),
        next_attempt_time=times.maybe_instant(next_attempt_time),
        last_failure=(
            None if failure_time is None else Failure(times.instant(failure_time), failure_status, failure_text)
        ),
        lost_time=times.maybe_instant(lost_time),
        attempts=attempts,
        revision=revision,
    )


def _read_delivery(row: Found) -> Delivery:
    number, message_id, first_position, last_position, events, attempt, time, latency, status, failure = row
    return Delivery(
        number=number,
        message_id=message_id,
        first_position=first_position,
        last_position=last_position,
        events=events,
        attempt=attempt,
        time=times.instant(time),
        latency=latency * times.MICROSECOND,
        status=status,
        failure=failure,
    )
