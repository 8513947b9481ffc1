"""The service as the bridge sees it: over gRPC, through the public client package."""

from __future__ import annotations

import enum
import secrets
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from google.protobuf.message import Message
from grpc import StatusCode

import appprofile.aio
from appprofile import ApiError
from appprofile.v1 import app_service_pb2
from appprofile.v1 import profile_service_pb2 as pb
from profile_grpc.bridge.known_apps import KnownApp, known_app
from profile_grpc.bridge.watched_files import WatchedFiles
from profile_grpc.outbound.certificates import dns_name
from profile_grpc.telemetry import tracing
from profile_grpc.telemetry.tracing import TRACEPARENT, TraceContext

API_KEY = "x-api-key"
_NO_APP = "no.such.app"
log = structlog.get_logger(__name__)
_PAGE = 1000


class Failure(enum.Enum):
    """Why a call failed."""

    UNAVAILABLE = "unavailable"
    """The service cannot be reached, is overloaded, or did not answer in time. The report itself may be valid."""
    TRANSIENT = "transient"
    KEY_WRONG = "key wrong"
    """The key is not valid, or does not reach the app or the method."""
    REFUSED = "refused"
    """The service will never accept the report in this form."""


class CallFailed(Exception):  # noqa: N818 - an outcome
    """A call failed. `code` is the name of the gRPC status code.

    `detail` says more: why the service could not be reached, or the reason that it gave. Nothing of the request.
    """

    def __init__(self, failure: Failure, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.failure = failure
        self.code = code
        self.detail = detail


_FAILURES = {
    StatusCode.UNAVAILABLE: Failure.UNAVAILABLE,
    StatusCode.DEADLINE_EXCEEDED: Failure.UNAVAILABLE,
    StatusCode.CANCELLED: Failure.UNAVAILABLE,
    StatusCode.RESOURCE_EXHAUSTED: Failure.UNAVAILABLE,  # overloaded: wait and retry
    StatusCode.ABORTED: Failure.TRANSIENT,
    StatusCode.INTERNAL: Failure.TRANSIENT,
    StatusCode.UNKNOWN: Failure.TRANSIENT,
    StatusCode.UNIMPLEMENTED: Failure.TRANSIENT,  # an older service, while a new version is rolled out
    StatusCode.UNAUTHENTICATED: Failure.KEY_WRONG,
    StatusCode.PERMISSION_DENIED: Failure.KEY_WRONG,
}
_UNANSWERED = frozenset({StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED, StatusCode.CANCELLED})
"""Codes of calls that the service did not answer. CANCELLED: the connection was closed, see `ServiceClient.renew`."""
_LONGEST_DETAIL = 300


@dataclass(frozen=True, slots=True)
class ServiceTls:
    """How the service's certificate is verified, and the bridge's client certificate. PEM files."""

    ca: Path | None = None
    """The authority of the service's certificate; None: the system's authorities."""
    cert: Path | None = None
    key: Path | None = None
    server_name: str = ""
    """The name in the certificate, if it differs from the target's."""
    presents_ca: bool = False
    """Whether the service presents `ca` itself: then the name in it is expected, also after it was renewed."""

    def expected_name(self) -> str:
        """The name that the service's certificate must have; empty: the target's."""
        if not self.presents_ca or self.ca is None:
            return self.server_name
        return dns_name(self.ca)


class Credential(NamedTuple):
    """The credential of a call."""

    key: str
    """Empty: no key, which the service accepts only in development."""
    trace: TraceContext

    def metadata(self, trace: TraceContext) -> tuple[tuple[str, str], ...]:
        """The metadata of a call, which is a part of the trace."""
        sent = (TRACEPARENT, trace.header)
        return ((API_KEY, self.key), sent) if self.key else (sent,)


class ServiceClient:
    """Calls of ProfileService and AppService. Every method raises CallFailed."""

    def __init__(
        self, target: str, tls: ServiceTls | None, timeout: float, *, proxy_from_environment: bool = False
    ) -> None:
        """`timeout`: seconds a call. `proxy_from_environment`: use the proxy in `https_proxy` and similar variables,
        which are ignored otherwise.

        Raises:
            OSError: a file cannot be read, or is not valid.
        """
        self._target = target
        self._tls = tls
        self._timeout = timeout
        self._proxy_from_environment = proxy_from_environment
        self._files = WatchedFiles([tls.ca, tls.cert, tls.key] if tls else [])
        self._client = self._connected()

    def _connected(self) -> appprofile.aio.Client:
        tls = self._tls
        if tls is not None:
            _check(tls)
        return appprofile.aio.connect(
            self._target,
            plaintext=tls is None,
            ca=_read(tls.ca if tls else None),
            certificate=_read(tls.cert if tls else None),
            private_key=_read(tls.key if tls else None),
            server_name=tls.expected_name() if tls else "",
            deadline=self._timeout,
            retries=False,  # the spool retries; retries by gRPC would only hide the failures
            proxy_from_environment=self._proxy_from_environment,
        )

    async def close(self) -> None:
        await self._client.close()

    async def renew(self) -> None:
        """Connects again if a certificate was renewed. Calls in flight on the old connection are repeated."""
        if not self._files.changed():
            return
        before = self._client
        try:
            self._client = self._connected()
        except OSError as error:
            log.warning("cannot use the renewed certificates for the service", error=str(error))
            return
        await before.close()

    async def apps(self, key: str) -> list[KnownApp]:
        """Returns every app that a PROFILE key reaches."""
        found: list[KnownApp] = []
        token = ""
        while True:
            request = app_service_pb2.ListAppsRequest(page_size=_PAGE, page_token=token)
            response = await _call(self._client.apps.ListApps, request, Credential(key, TraceContext.new()))
            found.extend(known_app(app) for app in response.apps)
            token = response.next_page_token
            if not token:
                return found

    async def remove_account(self, request: pb.RemoveAccountRequest, credential: Credential) -> str:
        """Applies a removal and returns its outcome's name."""
        response = await _call(self._client.profiles.RemoveAccount, request, credential)
        return pb.AccountRemovalOutcome.Name(response.outcome).removeprefix("ACCOUNT_REMOVAL_OUTCOME_")

    async def register(self, request: pb.RegisterRequest, credential: Credential) -> int:
        """Registers; returns the time of the registration, in microseconds since 1970."""
        response = await _call(self._client.profiles.Register, request, credential)
        return int(response.profile.register_time.ToMicroseconds())

    async def heartbeat(self, request: pb.HeartbeatRequest, credential: Credential) -> None:
        await _call(self._client.profiles.Heartbeat, request, credential)

    async def valid(self, app_id: str, credential: Credential, deadline: float) -> bool:
        """Whether the key may report for the app; without an app, whether it is a valid key.

        Changes nothing. `deadline`: seconds. The call is a RemoveAccount with a token that nobody holds.
        """
        request = pb.RemoveAccountRequest(app_id=app_id or _NO_APP, username="key-check")
        request.tokens.add(token=f"key-check-{secrets.token_urlsafe(16)}")
        try:
            await _call(self._client.profiles.RemoveAccount, request, credential, deadline)
        except CallFailed as failed:
            if failed.failure is not Failure.KEY_WRONG:
                raise
            return not app_id and failed.code == StatusCode.PERMISSION_DENIED.name
        return True


async def _call(method: Any, request: Message, credential: Credential, deadline: float | None = None) -> Any:  # noqa: ANN401 - the stubs' own
    caller = tracing.current()
    if caller is None:
        return await _translated(method, request, credential.metadata(credential.trace), deadline)
    name = request.DESCRIPTOR.name.removesuffix("Request")
    with tracing.inside(caller.child(name, tracing.Kind.CLIENT, {"rpc.system.name": "grpc"})) as span:
        return await _translated(method, request, credential.metadata(span.context), deadline)


async def _translated(method: Any, request: object, metadata: object, deadline: float | None) -> Any:  # noqa: ANN401 - the stubs' own
    try:
        return await method(request, timeout=deadline, metadata=metadata)
    except ApiError as error:
        # Only errors that are not from the service are shown in full: the service's texts may contain reported values.
        detail = error.message[:_LONGEST_DETAIL] if not error.reason and error.code in _UNANSWERED else error.reason
        raise CallFailed(_FAILURES.get(error.code, Failure.REFUSED), error.code.name, detail) from None


def _check(tls: ServiceTls) -> None:
    """Raises OSError if certificate and key do not match. gRPC would report this only when it connects."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if tls.ca is not None:
        context.load_verify_locations(tls.ca)
    if tls.cert is not None:
        context.load_cert_chain(tls.cert, tls.key)


def _read(path: Path | None) -> bytes | None:
    return path.read_bytes() if path else None
