"""The client for asyncio."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterable, Awaitable, Callable
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import grpc
from typing_extensions import override

from appprofile._aio_calls import DecodedCall, DecodedStream, UnsentCall, UnsentStream
from appprofile._aio_imports import ResumingImport
from appprofile._aio_session import ProfileSession
from appprofile._aio_streams import ResumingStream
from appprofile._connecting import Attempt
from appprofile._options import (
    DEFAULT_DEADLINE_S,
    Transport,
    call_headers,
    channel_options,
    check_deadline,
    check_key,
    check_target,
)
from appprofile.v1.app_service_pb2_grpc import AppServiceStub
from appprofile.v1.credential_service_pb2_grpc import CredentialServiceStub
from appprofile.v1.customer_service_pb2_grpc import CustomerServiceStub
from appprofile.v1.profile_service_pb2_grpc import ProfileServiceStub
from appprofile.v1.usage_service_pb2_grpc import UsageServiceStub
from appprofile.v1.webhook_service_pb2_grpc import WebhookServiceStub

if TYPE_CHECKING:
    from appprofile._resumption import Interrupted
    from appprofile.v1.app_service_pb2_grpc import AppServiceAsyncStub
    from appprofile.v1.credential_service_pb2_grpc import CredentialServiceAsyncStub
    from appprofile.v1.customer_service_pb2 import (
        ExportCustomersRequest,
        ExportCustomersResponse,
        ImportCustomersRequest,
        ImportCustomersResponse,
    )
    from appprofile.v1.customer_service_pb2_grpc import CustomerServiceAsyncStub
    from appprofile.v1.profile_service_pb2 import (
        ExportProfilesRequest,
        ExportProfilesResponse,
        ImportProfilesRequest,
        ImportProfilesResponse,
        WatchProfilesRequest,
        WatchProfilesResponse,
    )
    from appprofile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub
    from appprofile.v1.recipient_pb2 import ResolveRecipientsRequest, ResolveRecipientsResponse
    from appprofile.v1.usage_service_pb2_grpc import UsageServiceAsyncStub
    from appprofile.v1.webhook_service_pb2_grpc import WebhookServiceAsyncStub

__all__ = ["Client", "ProfileSession", "ResumingImport", "ResumingStream", "connect"]


class Client:
    """One connection, for any number of tasks. Created by `connect`; close it, or use it in an `async with` statement.

    Calls are those of the generated stubs, with credentials, a deadline and retries. A failed one raises `ApiError`.
    """

    profiles: ProfileServiceAsyncStub
    apps: AppServiceAsyncStub
    usage: UsageServiceAsyncStub
    webhooks: WebhookServiceAsyncStub
    customers: CustomerServiceAsyncStub
    credentials: CredentialServiceAsyncStub

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel
        # One stub class serves both kinds of channel; the asynchronous types exist for type checkers only.
        self.profiles = ProfileServiceStub(channel)
        self.apps = AppServiceStub(channel)
        self.usage = UsageServiceStub(channel)
        self.webhooks = WebhookServiceStub(channel)
        self.customers = CustomerServiceStub(channel)
        self.credentials = CredentialServiceStub(channel)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def watch_profiles(
        self, request: WatchProfilesRequest, *, on_interruption: Interrupted | None = None
    ) -> ResumingStream[WatchProfilesResponse]:
        """As `appprofile.Client.watch_profiles`."""
        return ResumingStream(self.profiles.WatchProfiles, request, on_interruption)

    def resolve_recipients(
        self, request: ResolveRecipientsRequest, *, on_interruption: Interrupted | None = None
    ) -> ResumingStream[ResolveRecipientsResponse]:
        """As `appprofile.Client.resolve_recipients`."""
        return ResumingStream(self.profiles.ResolveRecipients, request, on_interruption)

    def export_profiles(
        self, request: ExportProfilesRequest, *, on_interruption: Interrupted | None = None
    ) -> ResumingStream[ExportProfilesResponse]:
        """As `appprofile.Client.export_profiles`."""
        return ResumingStream(self.profiles.ExportProfiles, request, on_interruption)

    def export_customers(
        self, request: ExportCustomersRequest, *, on_interruption: Interrupted | None = None
    ) -> ResumingStream[ExportCustomersResponse]:
        """As `appprofile.Client.export_customers`."""
        return ResumingStream(self.customers.ExportCustomers, request, on_interruption)

    def import_profiles(
        self, requests: AsyncIterable[ImportProfilesRequest], *, on_interruption: Interrupted | None = None
    ) -> ResumingImport[ImportProfilesRequest, ImportProfilesResponse]:
        """Imports profiles: the responses, one for each request, in order.

        After an interruption, the requests without a response are sent again; a part that is repeated changes nothing.

        Args:
            requests: parts of one import, each of up to 1000 records. Give all the same `import_id`.
            on_interruption: called with the error of each interruption, before the pause that follows.

        Returns:
            An iterator, which ends when every request has its response. It raises `ApiError` if the call is refused.
        """
        return ResumingImport(self.profiles.ImportProfiles, requests, on_interruption)

    def import_customers(
        self, requests: AsyncIterable[ImportCustomersRequest], *, on_interruption: Interrupted | None = None
    ) -> ResumingImport[ImportCustomersRequest, ImportCustomersResponse]:
        """Imports customers, as `import_profiles`."""
        return ResumingImport(self.customers.ImportCustomers, requests, on_interruption)

    async def close(self) -> None:
        """Closes the connection. Calls in flight are cancelled."""
        await self._channel.close()


def connect(  # noqa: PLR0913 - each is optional and named
    target: str,
    *,
    key: str | None = None,
    jwt: Callable[[], str | Awaitable[str]] | None = None,
    plaintext: bool = False,
    ca: bytes | None = None,
    certificate: bytes | None = None,
    private_key: bytes | None = None,
    server_name: str = "",
    proxy_from_environment: bool | None = None,
    retries: bool = True,
    deadline: float = DEFAULT_DEADLINE_S,
) -> Client:
    """As `appprofile.connect`; `jwt` may be a coroutine function. Call it in the event loop that uses the client."""
    transport = Transport(
        plaintext=plaintext,
        ca=ca,
        certificate=certificate,
        private_key=private_key,
        server_name=server_name,
        proxy_from_environment=proxy_from_environment,
        retries=retries,
    )
    credentials, options = transport.credentials(), channel_options(check_target(target), transport)
    layer = _Layer(check_key(key), jwt, check_deadline(deadline))
    # gRPC takes an interceptor for one kind of call only.
    interceptors = [_CallInterceptor(layer), _StreamInterceptor(layer), _ImportInterceptor(layer)]
    if credentials is None:
        channel = grpc.aio.insecure_channel(target, options=options, interceptors=interceptors)
    else:
        channel = grpc.aio.secure_channel(target, credentials, options=options, interceptors=interceptors)
    layer.why_not = partial(Attempt(target, credentials, options).aio_why_not, channel)
    return Client(channel)


class _Layer:
    """What calls and streams are given."""

    def __init__(self, key: str | None, jwt: Callable[[], str | Awaitable[str]] | None, deadline: float) -> None:
        self.deadline = deadline
        self.why_not: Callable[[], Awaitable[str]]
        self._key = key
        self._jwt = jwt

    async def details(self, given: grpc.aio.ClientCallDetails, deadline: float | None) -> grpc.aio.ClientCallDetails:
        """The details with the credentials, and the deadline if none is given. Raises what the supplier raises."""
        headers = call_headers(self._key, await self._token())
        return grpc.aio.ClientCallDetails(
            given.method,
            deadline if given.timeout is None else given.timeout,
            grpc.aio.Metadata(*(given.metadata or ()), *headers),
            given.credentials,
            given.wait_for_ready,
        )

    async def _token(self) -> str | None:
        if self._jwt is None:
            return None
        token = self._jwt()
        return await token if inspect.isawaitable(token) else token


class _CallInterceptor(grpc.aio.UnaryUnaryClientInterceptor):
    def __init__(self, layer: _Layer) -> None:
        self._layer = layer

    @override
    async def intercept_unary_unary(
        self, continuation: Any, client_call_details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        try:
            details = await self._layer.details(client_call_details, self._layer.deadline)
        except Exception as error:  # noqa: BLE001 - the supplier's own, raised where the call is awaited
            return UnsentCall(error)
        return DecodedCall(await continuation(details, request), self._layer.why_not)


class _StreamInterceptor(grpc.aio.UnaryStreamClientInterceptor):
    def __init__(self, layer: _Layer) -> None:
        self._layer = layer

    @override
    async def intercept_unary_stream(
        self, continuation: Any, client_call_details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        try:
            details = await self._layer.details(client_call_details, None)
        except Exception as error:  # noqa: BLE001 - the supplier's own, raised where the stream is read
            return UnsentStream(error)
        return DecodedStream(await continuation(details, request), self._layer.why_not)


class _ImportInterceptor(grpc.aio.StreamStreamClientInterceptor):
    def __init__(self, layer: _Layer) -> None:
        self._layer = layer

    @override
    async def intercept_stream_stream(
        self, continuation: Any, client_call_details: grpc.aio.ClientCallDetails, request_iterator: Any
    ) -> Any:
        try:
            details = await self._layer.details(client_call_details, None)
        except Exception as error:  # noqa: BLE001 - the supplier's own, raised where the stream is read
            return UnsentStream(error)
        return DecodedStream(await continuation(details, request_iterator), self._layer.why_not)
