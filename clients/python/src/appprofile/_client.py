"""The synchronous client."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import grpc
from typing_extensions import override

from appprofile._connecting import Attempt, is_vague
from appprofile._errors import ApiError
from appprofile._options import (
    DEFAULT_DEADLINE_S,
    Transport,
    call_headers,
    channel_options,
    check_deadline,
    check_key,
    check_target,
)
from appprofile._streams import ResumingStream
from appprofile.v1.app_service_pb2_grpc import AppServiceStub
from appprofile.v1.credential_service_pb2_grpc import CredentialServiceStub
from appprofile.v1.customer_service_pb2_grpc import CustomerServiceStub
from appprofile.v1.profile_service_pb2_grpc import ProfileServiceStub
from appprofile.v1.usage_service_pb2_grpc import UsageServiceStub
from appprofile.v1.webhook_service_pb2_grpc import WebhookServiceStub

if TYPE_CHECKING:
    from appprofile._resumption import Interrupted
    from appprofile.v1.customer_service_pb2 import ExportCustomersRequest, ExportCustomersResponse
    from appprofile.v1.profile_service_pb2 import (
        ExportProfilesRequest,
        ExportProfilesResponse,
        WatchProfilesRequest,
        WatchProfilesResponse,
    )
    from appprofile.v1.recipient_pb2 import ResolveRecipientsRequest, ResolveRecipientsResponse


class Client:
    """One connection, for any number of threads. Created by `connect`; close it, or use it in a `with` statement.

    Calls are those of the generated stubs, with credentials, a deadline and retries. A failed one raises `ApiError`.
    """

    profiles: ProfileServiceStub
    apps: AppServiceStub
    usage: UsageServiceStub
    webhooks: WebhookServiceStub
    customers: CustomerServiceStub
    credentials: CredentialServiceStub

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel
        self.profiles = ProfileServiceStub(channel)
        self.apps = AppServiceStub(channel)
        self.usage = UsageServiceStub(channel)
        self.webhooks = WebhookServiceStub(channel)
        self.customers = CustomerServiceStub(channel)
        self.credentials = CredentialServiceStub(channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def watch_profiles(
        self, request: WatchProfilesRequest, *, on_interruption: Interrupted | None = None
    ) -> ResumingStream[WatchProfilesResponse]:
        """The events of profiles, without end.

        After an interruption the stream goes on after the last message: nothing is missed, and nothing comes twice.
        Store the `resume_token` of each message with what its events led to; a message without events is a checkpoint.

        Args:
            request: what to watch, and where to begin. It is copied.
            on_interruption: called with the error of each interruption, before the pause that follows.

        Returns:
            An iterator. It raises `ResumeTokenExpiredError` if events were missed, and `ApiError` if the call is
            refused.
        """
        return ResumingStream(self.profiles.WatchProfiles, request, on_interruption)

    def resolve_recipients(
        self, request: ResolveRecipientsRequest, *, on_interruption: Interrupted | None = None
    ) -> ResumingStream[ResolveRecipientsResponse]:
        """Whom a message can reach, each profile once; then the ids that reach nobody.

        After an interruption the stream goes on after the last message. `appprofile.sending` groups the recipients for
        the libraries that send.

        Args:
            request: whom to reach. It is copied.
            on_interruption: called with the error of each interruption, before the pause that follows.

        Returns:
            An iterator, which ends when everything was sent. It raises `ApiError` if the call is refused.
        """
        return ResumingStream(self.profiles.ResolveRecipients, request, on_interruption)

    def export_profiles(
        self, request: ExportProfilesRequest, *, on_interruption: Interrupted | None = None
    ) -> ResumingStream[ExportProfilesResponse]:
        """Every profile of an app, each once, in order of user and device.

        After an interruption the stream goes on after the last message.

        Args:
            request: which profiles. It is copied.
            on_interruption: called with the error of each interruption, before the pause that follows.

        Returns:
            An iterator, which ends when everything was sent. It raises `ApiError` if the call is refused.
        """
        return ResumingStream(self.profiles.ExportProfiles, request, on_interruption)

    def export_customers(
        self, request: ExportCustomersRequest, *, on_interruption: Interrupted | None = None
    ) -> ResumingStream[ExportCustomersResponse]:
        """Every customer of the tenant, each once, ordered by id; otherwise as `export_profiles`."""
        return ResumingStream(self.customers.ExportCustomers, request, on_interruption)

    def close(self) -> None:
        """Closes the connection. Calls in flight are cancelled."""
        self._channel.close()


def connect(  # noqa: PLR0913 - each is optional and named
    target: str,
    *,
    key: str | None = None,
    jwt: Callable[[], str] | None = None,
    plaintext: bool = False,
    ca: bytes | None = None,
    certificate: bytes | None = None,
    private_key: bytes | None = None,
    server_name: str = "",
    proxy_from_environment: bool | None = None,
    retries: bool = True,
    deadline: float = DEFAULT_DEADLINE_S,
) -> Client:
    """A client of the service at `target` (`host:port`). Nothing is sent yet.

    Args:
        target: `host:port`.
        key: sent with each call. Without one, only a server started with `--dev` accepts calls.
        jwt: returns the user's current token; called once for each call. If it raises, the call raises the same error.
        plaintext: no TLS: for loopback, and for networks that encrypt traffic themselves.
        ca: PEM of the authorities that may sign the server's certificate. Default: gRPC's bundled roots.
        certificate: PEM that the client presents (mutual TLS), with its `private_key`.
        private_key: PEM.
        server_name: the name in the server's certificate, if it differs from the target's.
        proxy_from_environment: whether to use the proxy in `https_proxy`, `http_proxy` or `grpc_proxy`. Default: like
            gRPC, except for connections to the local machine.
        retries: whether calls are retried by the service's policy. Turn it off if the caller retries calls itself.
        deadline: the maximum duration of a call in seconds, including retries, if it sets no `timeout`.

    Raises:
        ValueError: the options contradict each other, or one cannot be used.
    """
    transport = Transport(
        plaintext=plaintext,
        ca=ca,
        certificate=certificate,
        private_key=private_key,
        server_name=server_name,
        proxy_from_environment=proxy_from_environment,
        retries=retries,
    )
    deadline = check_deadline(deadline)
    credentials, options = transport.credentials(), channel_options(check_target(target), transport)
    if credentials is None:
        channel = grpc.insecure_channel(target, options=options)
    else:
        channel = grpc.secure_channel(target, credentials, options=options)
    return Client(
        grpc.intercept_channel(
            channel, _Interceptor(channel, Attempt(target, credentials, options), check_key(key), jwt, deadline)
        )
    )


class _CallDetails(NamedTuple):
    method: str
    timeout: float | None
    metadata: Sequence[tuple[str, str | bytes]] | None
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None
    compression: grpc.Compression | None


class _Interceptor(
    grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor, grpc.StreamStreamClientInterceptor
):
    def __init__(
        self, channel: grpc.Channel, attempt: Attempt, key: str | None, jwt: Callable[[], str] | None, deadline: float
    ) -> None:
        self._channel = channel
        self._attempt = attempt
        self._key = key
        self._jwt = jwt
        self._deadline = deadline

    @override
    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        call = continuation(self._details(client_call_details, self._deadline), request)
        return _Call(call, self._channel, self._attempt)

    @override
    def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return self._stream(continuation, client_call_details, request)

    @override
    def intercept_stream_stream(self, continuation: Any, client_call_details: Any, request_iterator: Any) -> Any:
        return self._stream(continuation, client_call_details, request_iterator)

    def _stream(self, continuation: Any, client_call_details: Any, sent: Any) -> Any:
        call = continuation(self._details(client_call_details, None), sent)
        return _Stream(call, self._channel, self._attempt)

    def _details(self, given: Any, deadline: float | None) -> _CallDetails:
        headers = call_headers(self._key, self._jwt() if self._jwt else None)
        return _CallDetails(
            given.method,
            deadline if given.timeout is None else given.timeout,
            [*(given.metadata or ()), *headers],
            given.credentials,
            given.wait_for_ready,
            given.compression,
        )


class _Decoded:
    """gRPC's call; a failure raises `ApiError`."""

    def __init__(self, call: Any, channel: grpc.Channel, attempt: Attempt) -> None:
        self._call = call
        self._channel = channel
        self._attempt = attempt

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)

    def _decoded(self, error: grpc.RpcError) -> ApiError:
        why = self._attempt.why_not(self._channel) if is_vague(error) else ""
        return ApiError.from_rpc(error, why)


class _Call(_Decoded):
    """Also the type that `stub.Method.future(…)` returns."""

    def result(self, timeout: float | None = None) -> Any:
        try:
            return self._call.result(timeout)
        except grpc.RpcError as error:
            raise self._decoded(error) from error

    def exception(self, timeout: float | None = None) -> BaseException | None:
        error: BaseException | None = self._call.exception(timeout)
        if not isinstance(error, grpc.RpcError):
            return error
        decoded = self._decoded(error)
        decoded.__cause__ = error
        return decoded


class _Stream(_Decoded, Iterator[Any]):
    """A server stream."""

    @override
    def __next__(self) -> Any:
        try:
            return next(self._call)
        except grpc.RpcError as error:
            raise self._decoded(error) from error
