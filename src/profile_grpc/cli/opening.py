"""The use cases for a command, imported when it runs, so that its help loads no database code."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from profile_grpc import config
from profile_grpc.cli import options
from profile_grpc.cli.errors import CommandFailed
from profile_grpc.config import NO_JWKS, ONLY_PUBLIC, JwksConfig, OutboundConfig
from profile_grpc.service import paging

if TYPE_CHECKING:
    from profile_grpc.bootstrap.composition import Application
    from profile_grpc.domain.settings import App

ResultT = TypeVar("ResultT")


def administer(
    database_url: str | None,
    work: Callable[[Application], Awaitable[ResultT]],
    *,
    webhooks: OutboundConfig = ONLY_PUBLIC,
    jwks: JwksConfig = NO_JWKS,
) -> ResultT:
    """The result of work with the use cases, on the database that `--database-url` names.

    `webhooks`, `jwks`: as `bootstrap.administration`.
    """
    from profile_grpc.bootstrap.administration import administration

    opened = options.database(database_url)

    async def run() -> ResultT:
        async with administration(opened, webhooks=webhooks, jwks=jwks) as admin:
            return await work(admin)

    return asyncio.run(run())


def with_app(database_url: str | None, app_id: str, work: Callable[[Application, App], Awaitable[ResultT]]) -> ResultT:
    """As `administer`, with a stored app."""

    async def found(admin: Application) -> ResultT:
        return await work(admin, await admin.apps.get(app_id))

    return administer(database_url, found)


def with_tenant(database_url: str | None, tenant_id: str, work: Callable[[Application], Awaitable[ResultT]]) -> ResultT:
    """As `administer`, after `require_tenant`."""

    async def found(admin: Application) -> ResultT:
        await require_tenant(admin, tenant_id)
        return await work(admin)

    return administer(database_url, found)


async def require_tenant(admin: Application, tenant_id: str | None) -> None:
    """Raises CommandFailed when there is no such tenant. None: any will do."""
    if tenant_id is not None and await admin.store.directory.tenant(tenant_id) is None:
        raise CommandFailed(
            f"there is no tenant {tenant_id!r}; `profile-grpc tenant list` shows them, `tenant create` creates one"
        )


def is_dev(database_url: str | None) -> bool:
    """Whether `serve --dev` made the database: then calls to the outside may also go to this machine, by plain http."""
    return config.read_dev_hash_key(options.database_url(database_url)) is not None


async def first(limit: int, page: Callable[[int, str], Awaitable[tuple[Sequence[ResultT], str]]]) -> list[ResultT]:
    """Of a listing, `limit` and one more, if there are so many; `page` reads so many at most, after a page token."""
    found: list[ResultT] = []
    token = ""
    while len(found) <= limit:
        more, token = await page(min(limit + 1 - len(found), paging.MAX_SIZE), token)
        found += more
        if not token:
            break
    return found
