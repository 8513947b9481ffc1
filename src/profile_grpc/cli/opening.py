"""The use cases for a command, imported when it runs, so that its help loads no database code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from profile_grpc.cli.options import database
from profile_grpc.config import DatabaseConfig, JwksConfig, WebhookConfig

if TYPE_CHECKING:
    from profile_grpc.bootstrap.composition import Application

ResultT = TypeVar("ResultT")

_NO_WEBHOOKS = WebhookConfig()
_NO_JWKS = JwksConfig()


@asynccontextmanager
async def administration(
    database: DatabaseConfig,
    *,
    keyed: bool = True,
    webhooks: WebhookConfig = _NO_WEBHOOKS,
    jwks: JwksConfig = _NO_JWKS,
) -> AsyncIterator[Application]:
    """See `bootstrap.administration`."""
    from profile_grpc.bootstrap import administration as bootstrap

    async with bootstrap.administration(database, keyed=keyed, webhooks=webhooks, jwks=jwks) as admin:
        yield admin


def administer(database_url: str | None, work: Callable[[Application], Awaitable[ResultT]]) -> ResultT:
    """The result of work with the use cases, on the database that `--database-url` names."""
    return administer_on(database(database_url), work)


def administer_on(
    database: DatabaseConfig,
    work: Callable[[Application], Awaitable[ResultT]],
    *,
    webhooks: WebhookConfig = _NO_WEBHOOKS,
    jwks: JwksConfig = _NO_JWKS,
) -> ResultT:
    """The result of work with the use cases, with options that `administration` describes."""

    async def run() -> ResultT:
        async with administration(database, webhooks=webhooks, jwks=jwks) as admin:
            return await work(admin)

    return asyncio.run(run())
