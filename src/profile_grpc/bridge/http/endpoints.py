"""The endpoints: an ASGI application of one function, as every microsecond counts beside a group commit."""

from __future__ import annotations

import asyncio
import logging
import re
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import msgspec
import structlog

from profile_grpc.bridge.availability import Gate
from profile_grpc.bridge.http import headers as headers_of
from profile_grpc.bridge.http import parameters as params
from profile_grpc.bridge.http.crowd import Exchange
from profile_grpc.bridge.http.headers import (
    NOT_FOUND,
    OK,
    READ_ONLY,
    TAKEN,
    TOO_LARGE,
    TOO_SLOW,
    UNAUTHORIZED,
    UNREADABLE,
    Answer,
    later,
    taken,
)
from profile_grpc.bridge.http.parameters import Kind, Parameters, Route, Sent, TooLarge, Unreadable
from profile_grpc.bridge.http.rates import Rate, RateLimiter, site
from profile_grpc.bridge.keys import Keys, PresentedKey
from profile_grpc.bridge.known_apps import KnownApps, Reading
from profile_grpc.bridge.metrics import BridgeMetrics
from profile_grpc.bridge.report import Report, account_of
from profile_grpc.bridge.spool.records import Incoming, Told
from profile_grpc.bridge.spool.spool import Spool, SpoolFailed, SpoolFull
from profile_grpc.bridge.templates import DEFAULT
from profile_grpc.sealing import equal

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_WITH_BODY = frozenset({"POST", "PUT", "DELETE"})
_REPORTING = _WITH_BODY | {"GET"}
_READING = frozenset({"GET", "HEAD"})
_RETRY_FULL = 60
_RETRY_FAILED = 5
_HEALTH = frozenset({b"/healthz", b"/readyz"})
_KEPT_ROUTES = 1000
_NO_APP = ("",)
_TOKEN = Kind.TOKEN
_UNREAD: Reading = (None, "")
_ENCODER = msgspec.msgpack.Encoder()
_SECRET_NAMES = re.compile(r"passw|passphrase|pwd|secret|(?:^|[._-])(?:api[_-]?)?key$")
log = structlog.get_logger(__name__)


_PER_ADDRESS = Rate(1000, 20_000)
_PER_APP = Rate(5000, 100_000)
_UNKNOWN_KEYS = Rate(20, 1000)


@dataclass(frozen=True, slots=True)
class AppOptions:
    """What one request, one sender and one app may take, and what is asked of them."""

    body: int = 65_536
    """Bytes of a body, packed and unpacked."""
    body_seconds: float = 10.0
    """In which a body must have come."""
    per_address: Rate = _PER_ADDRESS
    per_app: Rate = _PER_APP
    unknown_keys: Rate = _UNKNOWN_KEYS
    """Of one address: requests whose key the service must be asked about."""
    require_key: bool = True
    """Off in development only."""


class BridgeApp:
    """The ASGI application. It keeps each report before it answers, and logs nothing that a request brought."""

    def __init__(
        self,
        spool: Spool,
        keys: Keys,
        known_apps: KnownApps,
        metrics: BridgeMetrics,
        gate: Gate,
        options: AppOptions,
        now: Callable[[], int],
    ) -> None:
        """While the gate is closed, the service is not asked about keys. `now` answers microseconds since 1970."""
        self._spool = spool
        self._keys = keys
        self._known_apps = known_apps
        self._metrics = metrics
        self._options = options
        self._now = now
        self._gate = gate
        self._addresses = RateLimiter(options.per_address)
        self._apps = RateLimiter(options.per_app)
        self._unknown_keys = RateLimiter(options.unknown_keys)
        self.paths: dict[bytes, Route] = {}
        """Where paths lead that carry no value: such come again. Requests to these may be taken without a task."""
        self._log: Any = log.bind()
        self._debugging: bool = self._log.is_enabled_for(logging.DEBUG)
        self.draining = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        try:
            answer = await self._answer(scope, receive)
        except Exception as error:  # noqa: BLE001 - an answer is owed, and no trace of the request may reach a log
            self._log.error("a request could not be answered", fault=type(error).__name__, at=_place(error))
            answer = later(503, _RETRY_FAILED)
        if answer is None:
            return
        if not answer.counted:
            self._metrics.answered(answer.status)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": b""})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer | None:
        raw_path = scope["raw_path"]
        method = scope["method"]
        found = self.paths.get(raw_path) or self._route(raw_path)
        if found is None:
            return self._health(raw_path, method) if raw_path in _HEALTH else NOT_FOUND
        if method not in _REPORTING:
            return headers_of.other_method(method)
        client = scope.get("client")
        address = site(client[0]) if client else ""
        moment = monotonic()
        if not self._addresses.take(address, moment):
            return later(429, self._addresses.wait(address, moment))
        headers = dict(scope["headers"])
        body = b""
        if method in _WITH_BODY:
            received = await self._body(receive, headers)
            if not isinstance(received, bytes):
                return received
            body = received
        try:
            sent = params.read(found, scope["query_string"].decode("latin-1"), body, headers, self._options.body)
        except Unreadable:
            return UNREADABLE
        except TooLarge:
            return TOO_LARGE
        return await self._take(found, sent, headers, address)

    def take(self, crowd: Sequence[Exchange]) -> list[Exchange]:
        """Takes the common reports among requests that came together: those that wait for nothing but the disk.

        Returns the others, among them all that are to be refused: with these, nothing was done.
        """
        moment, now = monotonic(), self._now()
        return [exchange for exchange in crowd if not self._took(exchange, moment, now)]

    def _took(self, exchange: Exchange, moment: float, now: int) -> bool:
        found = self.paths.get(exchange.path)
        address = exchange.connection.sender
        if found is None or not self._addresses.take(address, moment):
            return False
        try:
            incoming = self._proven(found, exchange, now)
            if incoming is not None and self._apps.take(incoming.app_id, moment):
                self._spool.keep(incoming, self._teller(incoming, exchange))
                return True
        except Exception:  # noqa: BLE001, S110 - it will come again in the request's task, which tells of it
            pass
        self._addresses.give_back(address)
        return False

    def _proven(self, found: Route, exchange: Exchange, now: int) -> Incoming | None:
        """The report of a request without a body, if its key is known to be right."""
        query = exchange.query.decode("latin-1")
        if not query.isascii():
            return None
        sent = Sent(query)
        headers = exchange.headers
        readings = self._readings(found, sent)
        presented = self._keys.present(headers_of.read_key(headers) or _secret(readings, sent))
        if presented is None:
            return None
        app_id = self._known(presented, readings, now, ask_again=True)
        if not isinstance(app_id, str):
            return None
        fields, _ = readings[app_id]
        if fields is None:
            return None
        trace = headers_of.read_trace(headers)
        return self._incoming(Report(found.kind, app_id, fields), presented, trace, now, proven=True)

    def _teller(self, incoming: Incoming, exchange: Exchange) -> Told:
        """Answers when the disk has spoken."""

        def told(kept: bool) -> None:  # noqa: FBT001 - as Told is
            trace = incoming.trace.hex()
            if not kept:
                answer = later(503, _RETRY_FAILED)
                self._metrics.answered(answer.status)
                exchange.reply(answer.status, headers_of.raw(answer.headers))
                return
            exchange.reply(200, TAKEN % trace.encode())
            if self._debugging:
                self._log_taken(trace, incoming)

        return told

    def _readings(self, found: Route, sent: Sent) -> Mapping[str, Reading]:
        """What the request says, by the names of each app that it may be of."""
        if found.app_id:
            return {found.app_id: self._known_apps.read(found.app_id, sent)}
        return self._known_apps.find(sent)

    def _route(self, raw_path: bytes) -> Route | None:
        """Where a path leads."""
        found = params.route(raw_path.decode("latin-1"))
        if found is not None and not found.segments and not found.extra:
            if len(self.paths) >= _KEPT_ROUTES:
                self.paths.clear()
            self.paths[raw_path] = found
        return found

    def _health(self, raw_path: bytes, method: str) -> Answer:
        """Ready while reports can be kept, whether the service is up or not."""
        if method not in _READING:
            return READ_ONLY
        ready = not self.draining and not self._spool.failing and self._spool.room(proven=True)
        return OK if ready or raw_path == b"/healthz" else later(503, _RETRY_FAILED)

    async def _body(self, receive: Receive, headers: dict[bytes, bytes]) -> bytes | Answer | None:
        """The whole body; None: the client left before its end."""
        announced = headers.get(b"content-length", b"")
        if announced.isdigit() and int(announced) > self._options.body:
            return TOO_LARGE
        message = await self._more(receive)
        if message is None:
            return TOO_SLOW
        parts: list[bytes] = []
        size = 0
        deadline = asyncio.get_running_loop().time() + self._options.body_seconds
        while True:
            if message["type"] != "http.request":
                return None
            size += len(message["body"])
            if size > self._options.body:
                return TOO_LARGE
            parts.append(message["body"])
            if not message.get("more_body"):
                return b"".join(parts)
            message = await self._more(receive, deadline)
            if message is None:
                return TOO_SLOW

    async def _more(self, receive: Receive, deadline: float | None = None) -> MutableMapping[str, Any] | None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(deadline or loop.time() + self._options.body_seconds):
                return await receive()
        except TimeoutError:
            return None

    async def _take(self, found: Route, sent: Sent, headers: dict[bytes, bytes], address: str) -> Answer:
        now = self._now()
        readings = self._readings(found, sent)
        trace = headers_of.read_trace(headers)
        key = headers_of.read_key(headers) or _secret(readings, sent)
        presented: PresentedKey | None = None
        app_id, proven = next(iter(readings)) if len(readings) == 1 else "", False
        if key:
            presented = self._keys.present(key)
            if presented is None:
                return UNAUTHORIZED
            can_ask = self._gate.open
            judged = self._known(presented, readings or _NO_APP, now, ask_again=can_ask)
            if judged is None and can_ask:
                judged = await self._ask(presented, readings or _NO_APP, address, trace, now)
            if isinstance(judged, Answer):
                return judged
            if judged is not None:
                app_id, proven = judged or app_id, True
        elif self._options.require_key:
            return UNAUTHORIZED
        moment = monotonic()
        rated = app_id if proven else f"?{app_id}"  # a flood of made-up keys keeps no proven report out
        if not self._apps.take(rated, moment):
            return later(429, self._apps.wait(rated, moment))
        fields, _ = readings.get(app_id, _UNREAD)
        report = Report(found.kind, app_id, fields, None if fields is not None else _without_secrets(sent.parameters))
        try:
            incoming = self._incoming(report, presented, trace, now, proven=proven)
            await self._spool.add(incoming)
        except SpoolFull:
            return later(503, _RETRY_FULL)
        except SpoolFailed:
            return later(503, _RETRY_FAILED)
        if self._debugging:
            self._log_taken(trace.hex(), incoming)
        return taken(trace)

    def _log_taken(self, trace: str, incoming: Incoming) -> None:
        self._log.debug("a report was taken", trace_id=trace, kind=incoming.kind.name, app=incoming.app_id)

    def _known(
        self, presented: PresentedKey, candidates: Iterable[str], now: int, *, ask_again: bool
    ) -> Answer | str | None:
        """The app that the key is known to be right for (X1); None: that is not known; or the answer to a wrong key.

        `ask_again`: a key that was wrong a while ago is to be asked about once more.
        """
        undecided = False
        for app_id in candidates:
            verdict = self._keys.verdict(presented.verifier, app_id, now)
            if verdict:
                return app_id
            if verdict is None and (ask_again or not self._keys.known_wrong(presented.verifier, app_id)):
                undecided = True
        return None if undecided else UNAUTHORIZED

    async def _ask(
        self, presented: PresentedKey, candidates: Iterable[str], address: str, trace: bytes, now: int
    ) -> Answer | str | None:
        """As `_known`, by the service's word; None: nobody can say now."""
        for app_id in candidates:
            if self._keys.verdict(presented.verifier, app_id, now) is not None:
                continue
            moment = monotonic()
            if not self._unknown_keys.take(address, moment):
                return later(429, self._unknown_keys.wait(address, moment))
            if await self._keys.ask(presented, app_id, trace, now):
                return app_id
        return self._known(presented, candidates, now, ask_again=False)

    def _incoming(
        self, report: Report, presented: PresentedKey | None, trace: bytes, now: int, *, proven: bool
    ) -> Incoming:
        content = _ENCODER.encode(report)
        if presented is None:
            credential, sealed_key, digest = None, b"", equal(content)
        else:
            _, credential, sealed_key = presented
            digest = equal(content + credential)
        return Incoming(  # by place: this runs for every report, and names take longer
            report.kind,
            report.app_id,
            now,
            trace,
            proven,
            credential,
            sealed_key,
            # Needed only where there are token reports to overtake.
            account_of(report, self._spool.sealer.hash) if report.kind is _TOKEN or self._spool.token_reports else None,
            self._spool.sealer.seal(content),
            digest,
        )


def _secret(readings: Mapping[str, Reading], sent: Sent) -> str:
    """The key among the parameters, by the names of the first app that the report may be of."""
    _, secret = next(iter(readings.values())) if readings else DEFAULT.read(sent)
    return secret


def _without_secrets(parameters: Parameters) -> Parameters:
    """All that came, but what looks like a secret: kept, sealed, while the app's names are not known yet."""
    for values in (parameters.query, parameters.body):
        for name in [name for name in values if _SECRET_NAMES.search(name)]:
            del values[name]
    return parameters


def _place(error: BaseException) -> str:
    """Where it happened: file and line. The error's own text may hold what was reported."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
