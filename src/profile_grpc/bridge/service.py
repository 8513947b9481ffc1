"""The service as the bridge sees it: over gRPC, through the public client package."""

from __future__ import annotations

import enum
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import grpc
from grpc.aio import AioRpcError

from appprofile.v1 import app_service_pb2, app_service_pb2_grpc, profile_service_pb2_grpc
from appprofile.v1 import profile_service_pb2 as pb
from profile_grpc.bridge.known_apps import KnownApp, known_app

API_KEY = "x-api-key"
TRACE = "traceparent"
_NO_APP = "no.such.app"
_PAGE = 1000
_OPTIONS = [
    # Back soon after the service is.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    # A connection that died unseen is noticed.
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # The spool retries; a second retry below it would only hide what happens.
    ("grpc.enable_retries", 0),
]


class Failure(enum.Enum):
    """Why a call did not do what was asked."""

    DOWN = "service down"
    """The service cannot be reached, or has no room. Says nothing of the report."""
    TRANSIENT = "transient"
    KEY_WRONG = "key wrong"
    """The key is not valid, or does not reach the app or the method."""
    REFUSED = "refused"
    """The service will never take the report as it is."""


class CallFailed(Exception):  # noqa: N818 - an outcome
    """A call failed. `code` is the name of the gRPC status code."""

    def __init__(self, failure: Failure, code: str) -> None:
        super().__init__(code)
        self.failure = failure
        self.code = code


_FAILURES = {
    grpc.StatusCode.UNAVAILABLE: Failure.DOWN,
    grpc.StatusCode.DEADLINE_EXCEEDED: Failure.DOWN,
    grpc.StatusCode.CANCELLED: Failure.DOWN,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Failure.DOWN,  # overloaded: what helps is to wait
    grpc.StatusCode.ABORTED: Failure.TRANSIENT,
    grpc.StatusCode.INTERNAL: Failure.TRANSIENT,
    grpc.StatusCode.UNKNOWN: Failure.TRANSIENT,
    grpc.StatusCode.UNIMPLEMENTED: Failure.TRANSIENT,  # an older service, while a new version is rolled out
    grpc.StatusCode.UNAUTHENTICATED: Failure.KEY_WRONG,
    grpc.StatusCode.PERMISSION_DENIED: Failure.KEY_WRONG,
}


@dataclass(frozen=True, slots=True)
class ServiceTls:
    """How the service's certificate is checked, and how the bridge shows its own. PEM files."""

    ca: Path | None = None
    """Who signed the service's certificate; None: the system's authorities."""
    cert: Path | None = None
    key: Path | None = None
    server_name: str = ""
    """The name in the certificate, where it is not the target's."""


class Credential(NamedTuple):
    """With what a call is made."""

    key: str
    """Empty: none, which the service takes in development only."""
    trace: bytes

    def metadata(self) -> tuple[tuple[str, str], ...]:
        trace = (TRACE, f"00-{self.trace.hex()}-{secrets.token_hex(8)}-01")
        return ((API_KEY, self.key), trace) if self.key else (trace,)


class Service:
    """Calls of ProfileService and AppService. Every method raises CallFailed."""

    def __init__(self, target: str, tls: ServiceTls | None, timeout: float) -> None:
        """`timeout`: seconds a call."""
        self._channel = _channel(target, tls)
        self._profiles = profile_service_pb2_grpc.ProfileServiceStub(self._channel)
        self._apps = app_service_pb2_grpc.AppServiceStub(self._channel)
        self._timeout = timeout

    async def close(self) -> None:
        """Ends the connection."""
        await self._channel.close()

    async def apps(self, key: str) -> list[KnownApp]:
        """Every app that a PROFILE key reaches."""
        found: list[KnownApp] = []
        token = ""
        while True:
            request = app_service_pb2.ListAppsRequest(page_size=_PAGE, page_token=token)
            response = await self._call(self._apps.ListApps, request, Credential(key, secrets.token_bytes(16)))
            found.extend(known_app(app) for app in response.apps)
            token = response.next_page_token
            if not token:
                return found

    async def remove_account(self, request: pb.RemoveAccountRequest, credential: Credential) -> str:
        """Applies a removal and answers its outcome's name."""
        response = await self._call(self._profiles.RemoveAccount, request, credential)
        return pb.AccountRemovalOutcome.Name(response.outcome).removeprefix("ACCOUNT_REMOVAL_OUTCOME_")

    async def register(self, request: pb.RegisterRequest, credential: Credential) -> int:
        """Registers, and answers when that was, in microseconds since 1970."""
        response = await self._call(self._profiles.Register, request, credential)
        return int(response.profile.register_time.ToMicroseconds())

    async def heartbeat(self, request: pb.HeartbeatRequest, credential: Credential) -> None:
        """Sends a heartbeat."""
        await self._call(self._profiles.Heartbeat, request, credential)

    async def valid(self, app_id: str, credential: Credential, deadline: float) -> bool:
        """Whether the key may report for the app; without an app, whether it is a key at all. Changes nothing.

        `deadline`: seconds. It asks to remove an account by a token that nobody holds.
        """
        request = pb.RemoveAccountRequest(app_id=app_id or _NO_APP, username="key-check")
        request.tokens.add(token=f"key-check-{secrets.token_urlsafe(16)}")
        try:
            await self._call(self._profiles.RemoveAccount, request, credential, deadline)
        except CallFailed as failed:
            if failed.failure is not Failure.KEY_WRONG:
                raise
            return not app_id and failed.code == grpc.StatusCode.PERMISSION_DENIED.name
        return True

    async def _call(self, method: Any, request: object, credential: Credential, deadline: float = 0) -> Any:  # noqa: ANN401 - the stubs' own
        try:
            return await method(request, timeout=deadline or self._timeout, metadata=credential.metadata())
        except AioRpcError as error:
            raise CallFailed(_FAILURES.get(error.code(), Failure.REFUSED), error.code().name) from None


def _channel(target: str, tls: ServiceTls | None) -> grpc.aio.Channel:
    if tls is None:
        return grpc.aio.insecure_channel(target, options=_OPTIONS)
    credentials = grpc.ssl_channel_credentials(
        root_certificates=tls.ca.read_bytes() if tls.ca else None,
        private_key=tls.key.read_bytes() if tls.key else None,
        certificate_chain=tls.cert.read_bytes() if tls.cert else None,
    )
    options: list[tuple[str, int | str]] = [*_OPTIONS]
    if tls.server_name:
        options.append(("grpc.ssl_target_name_override", tls.server_name))
    return grpc.aio.secure_channel(target, credentials, options=options)
