"""A `DirectoryStore` in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from profile_grpc.domain.settings import App
from profile_grpc.service.directory_ports import Reservation, StoredKey, Tenant
from profile_grpc.service.ports import Conflict, StoreUnavailable


class MemoryDirectory:
    """Keeps tenants, apps and keys. `reads` counts the look-ups of apps and keys; `down` makes every call fail."""

    def __init__(self) -> None:
        self.down = False
        self.reads = 0
        self._version = 0
        self._tenants: dict[str, Tenant] = {}
        self._apps: dict[str, App] = {}
        self._keys: dict[str, StoredKey] = {}
        self._reserved: dict[str, Reservation] = {}
        self.traces: set[str] = set()
        """The ids of apps of which something is kept."""

    def _reach(self) -> None:
        if self.down:
            raise StoreUnavailable("down")

    def _change(self) -> None:
        self._reach()
        self._version += 1

    async def version(self) -> int:
        self._reach()
        return self._version

    async def add_tenant(self, tenant: Tenant) -> None:
        self._change()
        if tenant.tenant_id in self._tenants:
            raise Conflict("taken")
        self._tenants[tenant.tenant_id] = tenant

    async def tenant(self, tenant_id: str) -> Tenant | None:
        self._reach()
        return self._tenants.get(tenant_id)

    async def tenants(self) -> Sequence[Tenant]:
        self._reach()
        return sorted(self._tenants.values(), key=lambda t: t.tenant_id)

    async def add_app(self, app: App) -> None:
        self._change()
        if app.app_id in self._apps or app.app_id in self._reserved:
            raise Conflict("taken")
        self._apps[app.app_id] = app

    async def app(self, app_id: str) -> App | None:
        self._reach()
        self.reads += 1
        return self._apps.get(app_id)

    async def apps_by_id(
        self, app_ids: Sequence[str], tenant_id: str | None, *, deleted: bool = False
    ) -> Sequence[App]:
        self._reach()
        self.reads += 1
        found = [self._apps[app_id] for app_id in app_ids if app_id in self._apps]
        reserved = [self._reserved[app_id] for app_id in app_ids if deleted and app_id in self._reserved]
        found += [App(r.app_id, r.tenant_id, r.delete_time, r.delete_time, deleting=True) for r in reserved]
        return [app for app in found if tenant_id in {None, app.tenant_id}]

    async def apps(self, tenant_id: str | None, after: str, limit: int) -> Sequence[App]:
        self._reach()
        found = [a for a in self._apps.values() if tenant_id in {None, a.tenant_id} and a.app_id > after]
        return sorted(found, key=lambda a: a.app_id)[:limit]

    async def change_app(self, app: App, seen: int) -> None:
        self._change()
        stored = self._apps.get(app.app_id) or self._reserved.get(app.app_id)
        if stored is None or stored.revision != seen:
            raise Conflict("changed")
        self._reserved.pop(app.app_id, None)
        self._apps[app.app_id] = app

    async def remove_app(self, reservation: Reservation, seen: int) -> None:
        self._change()
        app_id = reservation.app_id
        if app_id not in self._apps or self._apps[app_id].revision != seen:
            raise Conflict("changed")
        del self._apps[app_id]
        self._reserved[app_id] = reservation
        for key in [k for k in self._keys.values() if k.app_id == app_id and k.revoke_time is None]:
            self._keys[key.key_id] = replace(key, revoke_time=reservation.delete_time)

    async def reservation(self, app_id: str) -> Reservation | None:
        self._reach()
        return self._reserved.get(app_id)

    async def reserve_app(self, reservation: Reservation, seen: int) -> None:
        self._change()
        stored = self._reserved.get(reservation.app_id)
        if stored is None or stored.revision != seen:
            raise Conflict("changed")
        self._reserved[reservation.app_id] = reservation

    async def reservations(self, before: datetime, after: str, limit: int) -> Sequence[Reservation]:
        self._reach()
        found = [r for r in self._reserved.values() if r.delete_time < before and r.app_id > after]
        return sorted(found, key=lambda r: r.app_id)[:limit]

    async def release_app(self, reservation: Reservation) -> None:
        self._reach()
        if self._reserved.get(reservation.app_id) == reservation:
            del self._reserved[reservation.app_id]

    async def leaves_traces(self, app_id: str) -> bool:
        self._reach()
        return app_id in self.traces

    async def add_key(self, key: StoredKey) -> None:
        self._change()
        self._keys[key.key_id] = key

    async def key(self, key_id: str) -> StoredKey | None:
        self._reach()
        self.reads += 1
        return self._keys.get(key_id)

    async def keys(self, tenant_id: str, app_id: str | None) -> Sequence[StoredKey]:
        self._reach()
        found = [k for k in self._keys.values() if k.tenant_id == tenant_id and app_id in {None, k.app_id}]
        return sorted(found, key=lambda k: k.create_time, reverse=True)

    async def keys_used(self, key_ids: Sequence[str], day: date) -> None:
        for key_id in key_ids:
            key = self._keys.get(key_id)
            if key is not None and (key.last_used_day is None or key.last_used_day < day):
                self._keys[key_id] = replace(key, last_used_day=day)

    async def revoke_key(self, key_id: str, time: datetime) -> None:
        self._change()
        key = self._keys.get(key_id)
        if key is not None and key.revoke_time is None:
            self._keys[key_id] = replace(key, revoke_time=time)
