"""The use cases for a command, imported when it runs, so that its help loads no database code."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from profile_grpc.cli.options import database
from profile_grpc.config import NO_JWKS, PUBLIC, DatabaseConfig, JwksConfig, OutboundConfig

if TYPE_CHECKING:
    from profile_grpc.bootstrap.composition import Application

ResultT = TypeVar("ResultT")


def administer(database_url: str | None, work: Callable[[Application], Awaitable[ResultT]]) -> ResultT:
    """The result of work with the use cases, on the database that `--database-url` names."""
    return administer_on(database(database_url), work)


def administer_on(
    database: DatabaseConfig,
    work: Callable[[Application], Awaitable[ResultT]],
    *,
    webhooks: OutboundConfig = PUBLIC,
    jwks: JwksConfig = NO_JWKS,
) -> ResultT:
    """The result of work with the use cases, with options that `administration` describes."""
    from profile_grpc.bootstrap.administration import administration

    async def run() -> ResultT:
        async with administration(database, webhooks=webhooks, jwks=jwks) as admin:
            return await work(admin)

    return asyncio.run(run())
