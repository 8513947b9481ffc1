"""JWKS documents at URLs: fetched in the background, never in the path of a call (J2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import SplitResult

import structlog

from profile_grpc.domain.stamps import MAX_AHEAD
from profile_grpc.outbound.addresses import AddressRefused
from profile_grpc.outbound.answers import Answer, Limits, RequestFailed
from profile_grpc.outbound.destinations import Destinations, UrlRefused
from profile_grpc.service.background import for_each, repeat
from profile_grpc.service.jwt.store import JwksUrl, JwtStore
from profile_grpc.service.observer import Observer
from profile_grpc.service.ports import Clock

log = structlog.get_logger(__name__)

MAX_DOCUMENT = 1 << 20
"""Bytes of a JWKS document."""
LIMITS = Limits(seconds=5.0, answer_bytes=MAX_DOCUMENT + 1)
INTERVAL = timedelta(minutes=5)
"""Between two fetches of a URL."""
RETRY = timedelta(seconds=30)
"""Between two fetches after a failure, or because tokens name an unknown key."""
LOOK_INTERVAL = 5.0
"""Seconds between two looks at what is due."""
AT_ONCE = 8
_OK = 200


class Getter(Protocol):
    """Fetches a URL; `outbound.client.OutboundClient` is one."""

    async def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        """See OutboundClient."""


class JwksSources:
    """Which URLs an operator allows."""

    def __init__(self, hosts: Collection[str], destinations: Destinations) -> None:
        """`hosts`: names of hosts, with a port where it is not 443."""
        self.destinations = destinations
        self._hosts = frozenset(host.lower() for host in hosts)

    def check_url(self, url: str) -> SplitResult:
        """The parts of a URL that may be fetched.

        Raises:
            UrlRefused: it is not https, or its host is not one that the operator has listed.
        """
        if not self._hosts:
            raise UrlRefused("this server fetches no JWKS; its operator lists the hosts with --jwks-hosts")
        parts = self.destinations.check_url(url)
        if parts.netloc.lower().removesuffix(":443") not in self._hosts:
            raise UrlRefused("the host is not on the operator's list (--jwks-hosts)")
        return parts


@dataclass(eq=False)
class JwksRefresher:
    """Keeps the stored documents of URLs fresh. Every process runs one; each fetch is made by one of them."""

    _store: JwtStore
    _sources: JwksSources
    _clock: Clock
    _observer: Observer
    _fetched: Callable[[str], None] = lambda _app_id: None
    """Called with the app when a document of it was fetched, by any process."""
    _wanted: dict[str, datetime] = field(default_factory=dict, init=False)
    """Apps of which tokens name unknown keys, and since when."""
    _observed: dict[tuple[str, str], datetime | None] = field(default_factory=dict, init=False)
    """The URLs at the last look, by app and key, each with the time at which its document was fetched."""
    _wake: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    @property
    def destinations(self) -> Destinations:
        """What the getter must keep to."""
        return self._sources.destinations

    def missed(self, app_id: str) -> None:
        """A token names an unknown key of the app: its documents are fetched again, unless that was just done."""
        if app_id not in self._wanted:  # otherwise every such token would cause a read of the database
            self._wanted[app_id] = self._clock.now()
            self._wake.set()

    def wake(self) -> None:
        """Looks at once at what is due."""
        self._wake.set()

    async def run(self, getter: Getter) -> None:
        """Fetches what is due, until cancelled."""
        await repeat(lambda: self.look(getter), LOOK_INTERVAL, "fetch JWKS documents", self._wake)

    async def look(self, getter: Getter) -> None:
        """Fetches what is due now, and finds out what other processes have fetched.

        Raises:
            StoreError.
        """
        stored, now = await self._store.urls(), self._clock.now()
        self._observe(stored)
        due = [key for key in stored if _is_due(key, now, asked=key.app_id in self._wanted)]
        self._wanted = self._still_wanted(stored, due)
        await for_each(lambda key: self._fetch(key, getter), due, AT_ONCE)

    def _observe(self, stored: Sequence[JwksUrl]) -> None:
        """Tells what is new since the last look."""
        for key in stored:
            since = key.failing_since_time
            self._observer.jwks_failing(key.app_id, key.jwt_key_id, since.timestamp() if since else 0.0)
        observed = {(key.app_id, key.jwt_key_id): key.fetch_time for key in stored}
        for app_id, jwt_key_id in self._observed.keys() - observed:
            self._observer.jwks_failing(app_id, jwt_key_id, 0.0)  # it was removed
        for (app_id, jwt_key_id), fetch_time in observed.items():
            if self._observed.get((app_id, jwt_key_id)) != fetch_time:
                self._fetched(app_id)
        self._observed = observed

    def _still_wanted(self, stored: Sequence[JwksUrl], due: Sequence[JwksUrl]) -> dict[str, datetime]:
        """The apps that wait: a document of theirs was fetched just before a token named an unknown key."""
        fetched = {(key.app_id, key.jwt_key_id) for key in due}
        last = {key.app_id: key.attempt_time for key in stored if (key.app_id, key.jwt_key_id) not in fetched}
        return {
            app_id: since
            for app_id, since in self._wanted.items()
            if (attempt := last.get(app_id)) is not None and attempt <= since
        }

    async def _fetch(self, key: JwksUrl, getter: Getter) -> None:
        if not await self._store.claim(key, self._clock.now()):
            return
        try:
            document = await self._document(key, getter)
        except (UrlRefused, AddressRefused, RequestFailed) as error:
            await self._store.failed(key, str(error), self._clock.now())
            address = error.address if isinstance(error, AddressRefused) else None  # for operators only
            log.warning(
                "cannot fetch a JWKS document", app_id=key.app_id, key=key.jwt_key_id, error=str(error), address=address
            )
            return
        changed = await self._store.fetched(key, document, self._clock.now())
        self._fetched(key.app_id)
        if changed:
            log.info("JWKS document changed", app_id=key.app_id, key=key.jwt_key_id)

    async def _document(self, key: JwksUrl, getter: Getter) -> str:
        """The document, if it is one that can be used."""
        from profile_grpc.service.jwt.keys import KeyRefused, from_jwks  # noqa: PLC0415 - the library takes a while

        self._sources.check_url(key.url)
        answer = await getter.get(key.url, {"accept": "application/jwk-set+json, application/json"})
        if answer.status != _OK:
            raise RequestFailed(f"HTTP {answer.status}")
        if len(answer.body) > MAX_DOCUMENT:
            raise RequestFailed(f"the document has more than {MAX_DOCUMENT} bytes")
        try:
            text = answer.body.decode()
            from_jwks(text)
        except UnicodeDecodeError:
            raise RequestFailed("the document is not UTF-8") from None
        except KeyRefused as refused:
            raise RequestFailed(str(refused)) from None
        return text


def _is_due(key: JwksUrl, now: datetime, *, asked: bool) -> bool:
    # An attempt too far ahead was stored under a wrong clock: the document would not be fetched until then.
    if key.attempt_time is None or key.attempt_time > now + MAX_AHEAD:
        return True
    soon = asked or key.failing_since_time is not None or key.fetch_time is None
    return now - key.attempt_time >= (RETRY if soon else INTERVAL)
