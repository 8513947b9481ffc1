"""Tenants, apps and keys. The tables are small. Every process reads them when `version` has increased."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import bindparam, delete, or_, select, update

from profile_grpc.domain.settings import App
from profile_grpc.service.directory_ports import KeyKind, Reservation, StoredKey, Tenant
from profile_grpc.service.ports import Conflict
from profile_grpc.store import parameters, settings_documents, statements, tables, times
from profile_grpc.store.database import Database, Session
from profile_grpc.store.engine import Found, Prepared, Row


class SqlDirectory:
    """The port `DirectoryStore`. Every change bumps the version in its transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        tenant, app, key, version = tables.tenant, tables.app, tables.api_key, tables.directory_version
        prepare = database.prepare
        self._version = prepare(select(version.c.version))
        self._bump = statements.upsert(database, version, adds=["version"])
        self._add_tenant = statements.insert_new(database, tenant)
        self._tenant = prepare(select(tenant).where(tenant.c.tenant_id == bindparam("tenant_id")))
        self._tenants = prepare(select(tenant).order_by(tenant.c.tenant_id))
        self._add_app = statements.insert_new(database, app)
        exists, reserved = app.c.delete_time.is_(None), app.c.delete_time.is_not(None)
        one = app.c.app_id == bindparam("app_id")
        self._app = prepare(select(app).where(one, exists))
        columns = app.c.keys()
        self._apps_by_id = statements.lookup(database, app, ["app_id"], columns, exists)
        its = app.c.tenant_id == parameters.text("of_tenant_id")
        self._apps_of_tenant_by_id = statements.lookup(database, app, ["app_id"], columns, exists, its)
        self._ids_of_tenant = statements.lookup(database, app, ["app_id"], columns, its)
        """The apps, and the apps with the reservations. A reservation looks like an app that is being deleted."""
        next_by_id = (app.c.app_id > bindparam("after"), exists)
        apps = select(app).where(*next_by_id).order_by(app.c.app_id).limit(parameters.LIMIT)
        self._apps = prepare(apps)
        self._apps_of_tenant = prepare(apps.where(app.c.tenant_id == bindparam("tenant_id")))
        self._change_app = statements.update_seen(database, app, [c.name for c in app.c if c is not app.c.app_id])
        reservation = select(app.c.app_id, app.c.tenant_id, app.c.delete_time, app.c.revision).where(reserved)
        self._reservation = prepare(reservation.where(one))
        older = (app.c.delete_time < bindparam("before"), app.c.app_id > bindparam("after"))
        self._reservations = prepare(reservation.where(*older).order_by(app.c.app_id).limit(parameters.LIMIT))
        self._release_app = prepare(delete(app).where(one, reserved, app.c.revision == bindparam("seen")))
        self._delete_rows = [
            prepare(delete(table).where(table.c.app_id == bindparam("app_id"))) for table in tables.DELETED_WITH_APP
        ]
        self._traces = [
            prepare(select(table.c.app_id).where(table.c.app_id == bindparam("app_id")).limit(1))
            for table in (tables.profile, tables.tombstone, tables.mad_ledger)
        ]
        self._revoke_keys_of_app = prepare(_revoke.where(key.c.app_id == bindparam("of_app_id")))
        self._add_key = statements.insert_new(database, key)
        self._key = prepare(select(key).where(key.c.key_id == bindparam("key_id")))
        newest_first = (key.c.create_time.desc(), key.c.key_id.desc())
        keys = select(key).where(key.c.tenant_id == bindparam("tenant_id")).order_by(*newest_first)
        self._keys = prepare(keys)
        self._keys_of_app = prepare(keys.where(key.c.app_id == bindparam("app_id")))
        self._key_used = prepare(
            update(key)
            .values(last_used_day=bindparam("day"))
            .where(key.c.key_id == bindparam("of_key_id"))
            .where(or_(key.c.last_used_day.is_(None), key.c.last_used_day < bindparam("day")))
        )
        self._revoke_key = prepare(_revoke.where(key.c.key_id == bindparam("of_key_id")))

    async def version(self) -> int:
        found = await self._database.fetch(self._version)
        version: int = found[0][0] if found else 0
        return version

    async def add_tenant(self, tenant: Tenant) -> None:
        await self._add(self._add_tenant, (tenant.tenant_id, times.micros(tenant.create_time)), "tenant")

    async def tenant(self, tenant_id: str) -> Tenant | None:
        found = await self._database.fetch(self._tenant, tenant_id=tenant_id)
        return _read_tenant(found[0]) if found else None

    async def tenants(self) -> Sequence[Tenant]:
        return [_read_tenant(row) for row in await self._database.fetch(self._tenants)]

    async def add_app(self, app: App) -> None:
        await self._add(self._add_app, _app_values(app), "app")

    async def app(self, app_id: str) -> App | None:
        found = await self._database.fetch(self._app, app_id=app_id)
        return _read_app(found[0]) if found else None

    async def apps_by_id(
        self, app_ids: Sequence[str], tenant_id: str | None, *, deleted: bool = False
    ) -> Sequence[App]:
        asked = [(app_id,) for app_id in sorted(set(app_ids))]
        if tenant_id is None:
            found = await self._database.fetch(self._apps_by_id, asked)
        else:
            statement = self._ids_of_tenant if deleted else self._apps_of_tenant_by_id
            found = await self._database.fetch(statement, asked, of_tenant_id=tenant_id)
        return [_read_app(row) for row in found]

    async def apps(self, tenant_id: str | None, after: str, limit: int) -> Sequence[App]:
        if tenant_id is None:
            found = await self._database.fetch(self._apps, after=after, limit=limit)
        else:
            found = await self._database.fetch(self._apps_of_tenant, tenant_id=tenant_id, after=after, limit=limit)
        return [_read_app(row) for row in found]

    async def change_app(self, app: App, seen: int) -> None:
        async with self._database.transaction() as session:
            found = await session.fetch(self._app, app_id=app.app_id)
            stored = found[0][_SETTINGS] if found else None
            await self._add_in(session, self._change_app, (*_app_values(app, stored), seen), "app")

    async def remove_app(self, reservation: Reservation, seen: int) -> None:
        """Deletes its rows in the tables DELETED_WITH_APP."""
        app_id, time = reservation.app_id, times.micros(reservation.delete_time)
        async with self._database.transaction() as session:
            await self._add_in(session, self._change_app, (*_reservation_values(reservation), seen), "app")
            for statement in self._delete_rows:
                await session.execute(statement, app_id=app_id)
            await session.execute(self._revoke_keys_of_app, of_app_id=app_id, time=time)

    async def reservation(self, app_id: str) -> Reservation | None:
        found = await self._database.fetch(self._reservation, app_id=app_id)
        return _read_reservation(found[0]) if found else None

    async def reserve_app(self, reservation: Reservation, seen: int) -> None:
        await self._add(self._change_app, (*_reservation_values(reservation), seen), "app")

    async def reservations(self, before: datetime, after: str, limit: int) -> Sequence[Reservation]:
        older = {"before": times.micros(before), "after": after, "limit": limit}
        return [_read_reservation(row) for row in await self._database.fetch(self._reservations, **older)]

    async def release_app(self, reservation: Reservation) -> None:
        async with self._database.transaction() as session:
            await session.execute(self._release_app, app_id=reservation.app_id, seen=reservation.revision)

    async def leaves_traces(self, app_id: str) -> bool:
        for statement in self._traces:
            if await self._database.fetch(statement, app_id=app_id):
                return True
        return False

    async def add_key(self, key: StoredKey) -> None:
        """Raises Conflict when the id is taken."""
        await self._add(self._add_key, _key_values(key), "api_key")

    async def key(self, key_id: str) -> StoredKey | None:
        found = await self._database.fetch(self._key, key_id=key_id)
        return _read_key(found[0]) if found else None

    async def keys(self, tenant_id: str, app_id: str | None) -> Sequence[StoredKey]:
        if app_id is None:
            found = await self._database.fetch(self._keys, tenant_id=tenant_id)
        else:
            found = await self._database.fetch(self._keys_of_app, tenant_id=tenant_id, app_id=app_id)
        return [_read_key(row) for row in found]

    async def keys_used(self, key_ids: Sequence[str], day: date) -> None:
        async with self._database.transaction() as session:
            for key_id in key_ids:
                await session.execute(self._key_used, of_key_id=key_id, day=times.day_number(day))

    async def revoke_key(self, key_id: str, time: datetime) -> None:
        async with self._database.transaction() as session:
            await session.execute(self._revoke_key, of_key_id=key_id, time=times.micros(time))
            await self._bump_version(session)

    async def _add(self, statement: Prepared, row: Row, table: str) -> None:
        async with self._database.transaction() as session:
            await self._add_in(session, statement, row, table)

    async def _add_in(self, session: Session, statement: Prepared, row: Row, table: str) -> None:
        if not await session.execute(statement, [row]):
            raise Conflict(f"the row of {table} exists already, is gone, or has changed")
        await self._bump_version(session)

    async def _bump_version(self, session: Session) -> None:
        await session.execute(self._bump, [(1, 1)])


_revoke = update(tables.api_key).values(revoke_time=bindparam("time")).where(tables.api_key.c.revoke_time.is_(None))

_SETTINGS = tables.app.c.keys().index("settings")


def _read_tenant(row: Found) -> Tenant:
    tenant_id, create_time = row
    return Tenant(tenant_id, times.instant(create_time))


def _app_values(app: App, stored_settings: str | None = None) -> Row:
    return (
        app.app_id,
        app.tenant_id,
        times.micros(app.create_time),
        times.micros(app.update_time),
        app.display_name,
        settings_documents.written(app.settings, stored_settings),
        app.deleting,
        app.revision,
        None,
    )


def _reservation_values(reservation: Reservation) -> Row:
    """The row of a reservation. Programs that do not know reservations treat it as an app that is being deleted."""
    time = times.micros(reservation.delete_time)
    return (reservation.app_id, reservation.tenant_id, time, time, "", "{}", True, reservation.revision, time)


def _read_reservation(row: Found) -> Reservation:
    app_id, tenant_id, delete_time, revision = row
    return Reservation(app_id, tenant_id, times.instant(delete_time), revision)


def _read_app(row: Found) -> App:
    app_id, tenant_id, create_time, update_time, display_name, settings, deleting, revision, _ = row
    return App(
        app_id=app_id,
        tenant_id=tenant_id,
        create_time=times.instant(create_time),
        update_time=times.instant(update_time),
        display_name=display_name,
        settings=settings_documents.read(settings),
        deleting=bool(deleting),
        revision=revision,
    )


def _key_values(key: StoredKey) -> Row:
    return (
        key.key_id,
        key.secret_hash,
        key.kind.value,
        key.tenant_id,
        key.app_id,
        times.micros(key.create_time),
        times.maybe_micros(key.revoke_time),
        key.label or None,
        times.maybe_micros(key.expire_time),
        None if key.last_used_day is None else times.day_number(key.last_used_day),
    )


def _read_key(row: Found) -> StoredKey:
    key_id, secret_hash, kind, tenant_id, app_id, create_time, revoke_time, label, expire_time, last_used_day = row
    return StoredKey(
        key_id=key_id,
        secret_hash=secret_hash,
        kind=KeyKind(kind),
        tenant_id=tenant_id,
        app_id=app_id,
        create_time=times.instant(create_time),
        revoke_time=times.maybe_instant(revoke_time),
        label=label or "",
        expire_time=times.maybe_instant(expire_time),
        last_used_day=None if last_used_day is None else times.day(last_used_day),
    )
