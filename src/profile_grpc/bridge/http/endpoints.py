"""The endpoints, as one ASGI application: each report is on disk before it is answered (X1)."""

from __future__ import annotations

import asyncio
import logging
import re
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

import msgspec
import structlog

from profile_grpc.bridge.availability import Availability
from profile_grpc.bridge.http import headers as headers_of
from profile_grpc.bridge.http import parameters as params
from profile_grpc.bridge.http.headers import (
    NO_CONTENT,
    NOT_ALLOWED,
    NOT_FOUND,
    OK,
    READ_ONLY,
    TOO_LARGE,
    TOO_SLOW,
    UNAUTHORIZED,
    UNREADABLE,
    Answer,
    later,
    taken,
)
from profile_grpc.bridge.http.parameters import Route, TooLarge, Unreadable
from profile_grpc.bridge.http.rates import Rate, RateLimiter, site
from profile_grpc.bridge.keys import Keys, ReportKey
from profile_grpc.bridge.known_apps import KnownApps, Reading
from profile_grpc.bridge.metrics import BridgeMetrics
from profile_grpc.bridge.report import Kind, Report, account_of, missing
from profile_grpc.bridge.spool.records import Incoming
from profile_grpc.bridge.spool.spool import Spool, SpoolFailed, SpoolFull
from profile_grpc.bridge.templates import DEFAULT
from profile_grpc.bridge.values import Parameters
from profile_grpc.sealing import digest
from profile_grpc.telemetry import tracing
from profile_grpc.telemetry.tracing import TraceContext, Tracer

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_WITH_BODY = frozenset({"POST", "PUT", "DELETE"})
_REPORTING = _WITH_BODY | {"GET", "HEAD"}
_READING = frozenset({"GET", "HEAD"})
_RETRY_FULL = 60
_RETRY_FAILED = 5
_HEALTH = frozenset({b"/healthz", b"/readyz"})
_NO_APP = ("",)
_UNREAD: Reading = (None, "")
_ENCODER = msgspec.msgpack.Encoder()
_SECRET_NAMES = re.compile(r"passw|passphrase|pwd|secret|(?:^|[._-])(?:api[_-]?)?key$")
log = structlog.get_logger(__name__)


_PER_ADDRESS = Rate(1000, 20_000)
_PER_APP = Rate(5000, 100_000)
_UNKNOWN_KEYS = Rate(20, 1000)


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """Limits for one request, one sender and one app."""

    body: int = 65_536
    """Bytes of a body, before and after decompression."""
    body_seconds: float = 10.0
    """Time for a body to arrive."""
    per_address: Rate = _PER_ADDRESS
    per_app: Rate = _PER_APP
    unknown_keys: Rate = _UNKNOWN_KEYS
    """For one address: requests with a key that the service must check."""
    require_key: bool = True
    """Off only in development."""


class Endpoints:
    """The ASGI application. It stores each report before it answers, and logs no data of a request."""

    def __init__(
        self,
        spool: Spool,
        keys: Keys,
        known_apps: KnownApps,
        metrics: BridgeMetrics,
        availability: Availability,
        options: EndpointOptions,
        now: Callable[[], int],
        tracer: Tracer | None = None,
    ) -> None:
        """While the service does not answer, keys are not checked. `now` returns microseconds since 1970. `tracer`:
        records the reports as spans.
        """
        self._tracer = tracer
        self._spool = spool
        self._keys = keys
        self._known_apps = known_apps
        self._metrics = metrics
        self._options = options
        self._now = now
        self._availability = availability
        self._addresses = RateLimiter(options.per_address)
        self._apps = RateLimiter(options.per_app)
        self._unknown_keys = RateLimiter(options.unknown_keys)
        self._log: Any = log.bind()
        self._debugging: bool = self._log.is_enabled_for(logging.DEBUG)
        self.draining = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            answer = await self._answer(scope, receive)
        except Exception as error:  # noqa: BLE001 - the client must get an answer, and nothing of the request may reach a log
            self._log.error("cannot answer a request", fault=type(error).__name__, at=_place(error))
            answer = later(503, _RETRY_FAILED)
        if answer is None:
            return
        if not answer.counted:
            self._metrics.answered(answer.status)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": b""})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer | None:
        raw_path, method = scope["raw_path"], scope["method"]
        found = params.route(raw_path.decode("latin-1"))
        if found is None:
            return self._health(raw_path, method) if raw_path in _HEALTH else NOT_FOUND
        if method not in _REPORTING:
            return NO_CONTENT if method == "OPTIONS" else NOT_ALLOWED
        client = scope.get("client")
        address = site(client[0]) if client else ""
        moment = monotonic()
        if not self._addresses.take(address, moment):
            return later(429, self._addresses.retry_after(address, moment))
        headers = dict(scope["headers"])
        span = tracing.begin(
            self._tracer,
            f"report {found.kind.name.lower()}",
            tracing.Kind.SERVER,
            headers_of.read_trace(headers),
            {"http.request.method": method},
        )
        if not span.recorded:
            return await self._report(found, scope, receive, headers, address, span.context)
        with tracing.inside(span):
            answer = await self._report(found, scope, receive, headers, address, span.context)
            if answer is not None:
                span.set("http.response.status_code", answer.status)
            return answer

    async def _report(
        self,
        found: Route,
        scope: Scope,
        receive: Receive,
        headers: dict[bytes, bytes],
        address: str,
        trace: TraceContext,
    ) -> Answer | None:
        method, body = scope["method"], b""
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
        return await self._take(found, sent, headers, address, trace)

    def _health(self, raw_path: bytes, method: str) -> Answer:
        """Ready while reports can be stored, even if the service is down."""
        if method not in _READING:
            return READ_ONLY
        ready = not self.draining and not self._spool.failing and self._spool.room(proven=True)
        return OK if ready or raw_path == b"/healthz" else later(503, _RETRY_FAILED)

    async def _body(self, receive: Receive, headers: dict[bytes, bytes]) -> bytes | Answer | None:
        """The whole body; None: the client disconnected before its end."""
        announced = headers.get(b"content-length", b"")
        if announced.isdigit() and int(announced) > self._options.body:
            return TOO_LARGE
        body = bytearray()
        try:
            async with asyncio.timeout(self._options.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return None
                    body += message["body"]
                    if len(body) > self._options.body:
                        return TOO_LARGE
                    if not message.get("more_body"):
                        return bytes(body)
        except TimeoutError:
            return TOO_SLOW

    async def _take(
        self, found: Route, sent: Parameters, headers: dict[bytes, bytes], address: str, trace: TraceContext
    ) -> Answer:
        now = self._now()
        readings = self._readings(found, sent)
        key = headers_of.read_key(headers) or _secret(readings, sent)
        if not key and self._options.require_key:
            # The key may be under a name that the owner has just configured.
            if not await self._renewed(address):
                return UNAUTHORIZED
            readings = self._readings(found, sent)
            key = _secret(readings, sent)
            if not key:
                return UNAUTHORIZED
        report_key: ReportKey | None = None
        app_id, proven = next(iter(readings)) if len(readings) == 1 else "", False
        if key:
            report_key = self._keys.prepare(key)
            if report_key is None:
                return UNAUTHORIZED
            judged = await self._judged(report_key, readings or _NO_APP, address, trace, now)
            if isinstance(judged, Answer):
                return judged
            if judged is not None:
                app_id, proven = judged or app_id, True
        if proven and not self._known_apps.knows(app_id):
            self._known_apps.wanted()
        moment = monotonic()
        rated = app_id if proven else f"?{app_id}"  # a flood of invented keys must not block reports with a valid key
        if not self._apps.take(rated, moment):
            return later(429, self._apps.retry_after(rated, moment))
        fields, _ = readings.get(app_id, _UNREAD)
        if fields is not None and not missing(found.kind, fields):
            report = Report(found.kind, app_id, fields)
        else:  # it is parsed again when it is delivered, with the names that are known then
            report = Report(found.kind, app_id, None, _without_secrets(sent))
        return await self._keep(report, report_key, trace, now, proven=proven)

    def _readings(self, found: Route, sent: Parameters) -> Mapping[str, Reading]:
        """The request's values, by the parameter names of each app that it may belong to."""
        if found.app_id:
            return {found.app_id: self._known_apps.read(found.app_id, sent)}
        return self._known_apps.find(sent)

    async def _renewed(self, address: str) -> bool:
        """Waits until the apps are read again, if they are not fresh; False: there is no newer information."""
        if not self._availability.available or not self._unknown_keys.take(address, monotonic()):
            return False
        return await self._known_apps.renewed()

    async def _judged(
        self, report_key: ReportKey, candidates: Iterable[str], address: str, trace: TraceContext, now: int
    ) -> Answer | str | None:
        """The app for which the key is valid (X1); None: not known yet; or the answer to a wrong key."""
        can_ask = self._availability.available
        judged = self._known(report_key, candidates, now, ask_again=can_ask)
        if judged is None and can_ask:
            return await self._ask(report_key, candidates, address, trace, now)
        return judged

    def _known(
        self, report_key: ReportKey, candidates: Iterable[str], now: int, *, ask_again: bool
    ) -> Answer | str | None:
        """As `_judged`, with the known verdicts.

        `ask_again`: check a key again that was wrong some time ago.
        """
        undecided = False
        for app_id in candidates:
            verdict = self._keys.verdict(report_key.verifier, app_id, now)
            if verdict:
                return app_id
            if verdict is None and (ask_again or not self._keys.known_wrong(report_key.verifier, app_id)):
                undecided = True
        return None if undecided else UNAUTHORIZED

    async def _ask(
        self, report_key: ReportKey, candidates: Iterable[str], address: str, trace: TraceContext, now: int
    ) -> Answer | str | None:
        """As `_judged`, with a call of the service."""
        for app_id in candidates:
            if self._keys.verdict(report_key.verifier, app_id, now) is not None:
                continue
            moment = monotonic()
            if not self._unknown_keys.take(address, moment):
                return later(429, self._unknown_keys.retry_after(address, moment))
            if await self._keys.ask(report_key, app_id, trace, now):
                return app_id
        return self._known(report_key, candidates, now, ask_again=False)

    async def _keep(
        self, report: Report, report_key: ReportKey | None, trace: TraceContext, now: int, *, proven: bool
    ) -> Answer:
        content = _ENCODER.encode(report)
        # Needed only if there are token reports that a removal may supersede.
        tied = report.kind is Kind.TOKEN or self._spool.token_reports > 0
        incoming = Incoming(
            kind=report.kind,
            app_id=report.app_id,
            arrived=now,
            trace=trace.packed,
            proven=proven,
            credential=report_key.verifier if report_key else None,
            sealed_key=report_key.sealed if report_key else b"",
            account=account_of(report, self._spool.sealer.hash) if tied else None,
            sealed=self._spool.sealer.seal(content),
            digest=digest(content + (report_key.verifier if report_key else b"")),
        )
        try:
            await self._spool.add(incoming)
        except SpoolFull:
            return later(503, _RETRY_FULL)
        except SpoolFailed:
            return later(503, _RETRY_FAILED)
        if self._debugging:
            self._log.debug("a report was accepted", trace_id=trace.trace, kind=report.kind.name, app=report.app_id)
        return taken(trace)


def _secret(readings: Mapping[str, Reading], sent: Parameters) -> str:
    """The key in the parameters, by the names of the first app to which the report may belong."""
    return next(iter(readings.values()))[1] if readings else DEFAULT.secret(sent)


def _without_secrets(parameters: Parameters) -> Parameters:
    """All parameters except those that look like a secret. They are stored, encrypted, until they are parsed with the
    app's names.
    """
    for values in (parameters.query, parameters.body):
        for name in [name for name in values if _SECRET_NAMES.search(name)]:
            del values[name]
    return parameters


def _place(error: BaseException) -> str:
    """The file and line of the error. The error's text may contain reported values."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
