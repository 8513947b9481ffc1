"""The use cases for a command, imported when it runs, so that its help loads no database code."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from profile_grpc.config import DatabaseConfig, JwksConfig, WebhookConfig

if TYPE_CHECKING:
    from profile_grpc.bootstrap.composition import Application

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
