"""Push credentials (K), and the addresses to which their owners get e-mails (K4)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import msgspec
from sqlalchemy import delete, select

from profile_grpc.domain.events import Event
from profile_grpc.domain.profile import Platform
from profile_grpc.domain.push_credentials import PublicPart, PushCredential, Reminder
from profile_grpc.service.push_credentials.ports import Expiry
from profile_grpc.store import parameters, statements, tables, times
from profile_grpc.store.database import Database
from profile_grpc.store.engine import Found, Row
from profile_grpc.store.events import EventWriter
from profile_grpc.store.writing import write_all

_credential, _contact = tables.push_credential, tables.tenant_contact
_REMINDER = ("reminder_days", "reminder_time", "mail_due", "revision")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(PublicPart).decode


class SqlCredentials:
    """The port `CredentialStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        prepare = database.prepare
        of_app = _credential.c.app_id == parameters.text("of_app_id")
        one = _credential.c.credential_id == parameters.text("of_credential_id")
        self._add = statements.insert_new(database, _credential)
        self._of_app = prepare(select(_credential).where(of_app))
        self._remove = prepare(delete(_credential).where(of_app, one))
        self._remove_of_app = prepare(delete(_credential).where(of_app))
        self._change = statements.update_seen(database, _credential, _REMINDER)
        self._expiries = prepare(
            select(*(_credential.c[name] for name in ("app_id", "name", "version", "expire_time", "mail_due")))
        )
        self._events = EventWriter(database)

    async def add(self, credential: PushCredential) -> None:
        async with self._database.transaction() as session:
            await write_all(session, self._add, [_values(credential)], "push_credential")

    async def of_app(self, app_id: str) -> Sequence[PushCredential]:
        return [_read(row) for row in await self._database.fetch(self._of_app, of_app_id=app_id)]

    async def remove(self, app_id: str, credential_id: str) -> bool:
        key = {"of_app_id": app_id, "of_credential_id": credential_id}
        return bool(await self._database.execute(self._remove, **key))

    async def remove_of_app(self, app_id: str) -> None:
        await self._database.execute(self._remove_of_app, of_app_id=app_id)

    async def change(self, before: PushCredential, after: PushCredential, events: Sequence[Event] = ()) -> None:
        changed = replace(after, revision=before.revision + 1)
        key = (before.app_id, before.credential_id)
        async with self._database.transaction() as session:
            row = (*key, *_reminder_values(changed), changed.revision, before.revision)
            await write_all(session, self._change, [row], "push_credential")
            await self._events.write(session, events)

    async def expiries(self) -> Sequence[Expiry]:
        found = await self._database.fetch(self._expiries)
        return [
            Expiry(app_id, name, version, times.maybe_instant(expire_time), bool(mail_due))
            for app_id, name, version, expire_time, mail_due in found
        ]


class SqlContacts:
    """The port `ContactStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        prepare = database.prepare
        of_tenant = _contact.c.tenant_id == parameters.text("of_tenant_id")
        one = _contact.c.email == parameters.text("of_email")
        self._add = statements.insert_new(database, _contact)
        self._remove = prepare(delete(_contact).where(of_tenant, one))
        self._of_tenant = prepare(select(_contact.c.email).where(of_tenant).order_by(_contact.c.email))

    async def add(self, tenant_id: str, email: str, now: datetime) -> bool:
        async with self._database.transaction() as session:
            return bool(await session.execute(self._add, [(tenant_id, email, times.micros(now))]))

    async def remove(self, tenant_id: str, email: str) -> bool:
        return bool(await self._database.execute(self._remove, of_tenant_id=tenant_id, of_email=email))

    async def of_tenant(self, tenant_id: str) -> Sequence[str]:
        return [email for (email,) in await self._database.fetch(self._of_tenant, of_tenant_id=tenant_id)]


def _values(credential: PushCredential) -> Row:
    return (
        credential.app_id,
        credential.credential_id,
        credential.name,
        credential.version,
        json.dumps(credential.platforms),
        json.dumps(credential.push_app_ids),
        _encode(credential.public).decode(),
        times.maybe_micros(credential.public.expire_time),
        credential.sealed,
        times.micros(credential.create_time),
        *_reminder_values(credential),
        credential.revision,
    )


def _reminder_values(credential: PushCredential) -> Row:
    sent = credential.reminder
    return (None, None, False) if sent is None else (sent.days, times.micros(sent.time), not sent.mailed)


def _read(row: Found) -> PushCredential:
    app_id, credential_id, name, version, platforms, push_app_ids, public, _expire_time, sealed, *rest = row
    create_time, reminder_days, reminder_time, mail_due, revision = rest
    return PushCredential(
        app_id=app_id,
        credential_id=credential_id,
        name=name,
        version=version,
        platforms=tuple(map(Platform, json.loads(platforms))),
        push_app_ids=tuple(json.loads(push_app_ids)),
        public=_decode(public),
        sealed=sealed,
        create_time=times.instant(create_time),
        reminder=(
            None if reminder_days is None else Reminder(reminder_days, times.instant(reminder_time), not mail_due)
        ),
        revision=revision,
    )
