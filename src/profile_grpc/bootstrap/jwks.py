"""Wires the fetching of JWKS documents (J2)."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from profile_grpc.config import PROGRAM
from profile_grpc.outbound.client import OutboundClient
from profile_grpc.service.jwt.sources import LIMITS

if TYPE_CHECKING:
    from profile_grpc.bootstrap.composition import Application


async def refresh_jwks(application: Application) -> None:
    """Fetches the documents of every app that are due and that no other process fetches, until cancelled."""
    destinations = application.jwks.destinations
    async with OutboundClient(destinations, LIMITS, agent=f"{PROGRAM}/{version(PROGRAM)}") as client:
        await application.jwks.run(client)
