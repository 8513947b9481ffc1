"""Keys of JWT authorization, and the numbers of checked calls (J2, J7)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import delete, literal_column, null, select, update

from profile_grpc.domain.jwt import JwtOutcome
from profile_grpc.service.jwt.store import CountKey, JwksUrl, JwtKeyKind, StoredJwtKey
from profile_grpc.service.ports import Conflict
from profile_grpc.store import statements, tables, times
from profile_grpc.store.database import Database
from profile_grpc.store.engine import Found, Row
from profile_grpc.store.parameters import day, number, text

_key, _count = tables.jwt_key, tables.jwt_count


class SqlJwt:
    """The port `JwtStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        prepare = database.prepare
        one = (_key.c.app_id == text("of_app_id"), _key.c.jwt_key_id == text("of_jwt_key_id"))
        self._add = statements.insert_new(database, _key)
        self._bump = statements.upsert(database, tables.directory_version, adds=["version"])
        of_app = _key.c.app_id == text("app_id")
        self._of_app = prepare(select(_key).where(of_app).order_by(_key.c.create_time, _key.c.jwt_key_id))
        self._fetch_times = prepare(select(_key.c.jwt_key_id, _key.c.fetch_time).where(of_app))
        times_of_url = (_key.c.fetch_time, _key.c.attempt_time, _key.c.failing_since_time)
        self._urls = prepare(
            select(_key.c.app_id, _key.c.jwt_key_id, _key.c.material, *times_of_url)
            .where(_key.c.kind == literal_column(str(JwtKeyKind.JWKS_URL.value)))
            .order_by(_key.c.app_id, _key.c.jwt_key_id)
        )
        self._remove = prepare(delete(_key).where(*one))
        attempt = update(_key).values(attempt_time=number("now")).where(*one)
        self._first_claim = prepare(attempt.where(_key.c.attempt_time.is_(None)))
        self._claim = prepare(attempt.where(_key.c.attempt_time == number("seen")))
        fetched = {"fetch_time": number("now"), "failing_since_time": null(), "failure": literal_column("''")}
        self._confirmed = prepare(update(_key).values(**fetched).where(*one, _key.c.document == text("found")))
        self._fetched = prepare(update(_key).values(document=text("found"), **fetched).where(*one))
        self._failed = prepare(update(_key).values(failing_since_time=number("since"), failure=text("why")).where(*one))
        self._add_counts = statements.upsert(database, _count, adds=["calls"])
        counted = _count.c.app_id == text("app_id")
        self._counts = prepare(select(_count).where(counted, _count.c.day >= day("since")))
        self._versions = prepare(select(_count.c.sdk_version).distinct().where(counted, _count.c.day == day("day")))
        self._purge = prepare(delete(_count).where(_count.c.day < day("before")))

    async def add(self, key: StoredJwtKey) -> None:
        async with self._database.transaction() as session:
            if not await session.execute(self._add, [_values(key)]):
                raise Conflict("the key's id, kid or place is taken")
            await session.execute(self._bump, [(1, 1)])

    async def of_app(self, app_id: str) -> Sequence[StoredJwtKey]:
        return [_read(row) for row in await self._database.fetch(self._of_app, app_id=app_id)]

    async def fetch_times(self, app_id: str) -> Mapping[str, datetime | None]:
        found = await self._database.fetch(self._fetch_times, app_id=app_id)
        return {jwt_key_id: times.maybe_instant(fetch_time) for jwt_key_id, fetch_time in found}

    async def remove(self, app_id: str, jwt_key_id: str) -> bool:
        async with self._database.transaction() as session:
            removed = await session.execute(self._remove, of_app_id=app_id, of_jwt_key_id=jwt_key_id)
            await session.execute(self._bump, [(1, 1)])
        return bool(removed)

    async def urls(self) -> Sequence[JwksUrl]:
        return [
            JwksUrl(app_id, jwt_key_id, url, *map(times.maybe_instant, of_url))
            for app_id, jwt_key_id, url, *of_url in await self._database.fetch(self._urls)
        ]

    async def claim(self, key: JwksUrl, now: datetime) -> bool:
        values = _identity(key) | {"now": times.micros(now)}
        if key.attempt_time is None:
            return bool(await self._database.execute(self._first_claim, **values))
        return bool(await self._database.execute(self._claim, **values, seen=times.micros(key.attempt_time)))

    async def fetched(self, key: JwksUrl, document: str, now: datetime) -> bool:
        values = _identity(key) | {"found": document, "now": times.micros(now)}
        async with self._database.transaction() as session:
            if await session.execute(self._confirmed, **values):
                return False
            return bool(await session.execute(self._fetched, **values))

    async def failed(self, key: JwksUrl, failure: str, now: datetime) -> None:
        since = times.micros(key.failing_since_time or now)
        await self._database.execute(self._failed, **_identity(key), since=since, why=failure)

    async def add_counts(self, counts: Mapping[CountKey, int]) -> None:
        # In order, so that two processes never wait for each other.
        rows = sorted((*_count_row(key), number) for key, number in counts.items())
        async with self._database.transaction() as session:
            await session.execute(self._add_counts, rows)

    async def counts(self, app_id: str, since: date) -> Mapping[CountKey, int]:
        found = await self._database.fetch(self._counts, app_id=app_id, since=times.day_number(since))
        return {
            CountKey(app, times.day(day), JwtOutcome(outcome), version): calls
            for app, day, outcome, version, calls in found
        }

    async def versions(self, app_id: str, day: date) -> Collection[str]:
        found = await self._database.fetch(self._versions, app_id=app_id, day=times.day_number(day))
        return {version for (version,) in found}

    async def purge_counts(self, before: date) -> None:
        await self._database.execute(self._purge, before=times.day_number(before))


def _identity(key: JwksUrl) -> dict[str, object]:
    return {"of_app_id": key.app_id, "of_jwt_key_id": key.jwt_key_id}


def _count_row(key: CountKey) -> tuple[str, int, int, str]:
    return key.app_id, times.day_number(key.day), key.outcome.value, key.sdk_version


def _values(key: StoredJwtKey) -> Row:
    return (
        key.app_id,
        key.jwt_key_id,
        key.place,
        key.kind.value,
        key.kid,
        key.material,
        times.micros(key.create_time),
        key.document,
        times.maybe_micros(key.fetch_time),
        times.maybe_micros(key.attempt_time),
        times.maybe_micros(key.failing_since_time),
        key.failure,
    )


def _read(row: Found) -> StoredJwtKey:
    app_id, jwt_key_id, place, kind, kid, material, create_time, document, *rest = row
    fetch_time, attempt_time, failing_since_time, failure = rest
    return StoredJwtKey(
        app_id=app_id,
        jwt_key_id=jwt_key_id,
        kind=JwtKeyKind(kind),
        kid=kid,
        material=material,
        create_time=times.instant(create_time),
        place=place,
        document=document,
        fetch_time=times.maybe_instant(fetch_time),
        attempt_time=times.maybe_instant(attempt_time),
        failing_since_time=times.maybe_instant(failing_since_time),
        failure=failure,
    )
