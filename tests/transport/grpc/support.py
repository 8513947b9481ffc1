"""What the tests of the transport share: a server, its callers, and how it says no."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol, cast

import grpc
import pytest
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from google.type.date_pb2 import Date
from grpc_health.v1.health_pb2_grpc import HealthStub

from appprofile.v1 import access_pb2, app_pb2, app_service_pb2, customer_pb2, usage_service_pb2
from appprofile.v1 import credential_service_pb2 as credentials_pb
from appprofile.v1 import customer_service_pb2 as customers_pb
from appprofile.v1 import profile_pb2 as pb
from appprofile.v1 import profile_service_pb2 as ps
from appprofile.v1 import recipient_pb2 as rc
from appprofile.v1 import webhook_service_pb2 as webhooks_pb
from appprofile.v1.app_service_pb2_grpc import AppServiceStub
from appprofile.v1.credential_service_pb2_grpc import CredentialServiceStub
from appprofile.v1.customer_service_pb2_grpc import CustomerServiceStub
from appprofile.v1.profile_service_pb2_grpc import ProfileServiceStub
from appprofile.v1.usage_service_pb2_grpc import UsageServiceStub
from appprofile.v1.webhook_service_pb2_grpc import WebhookServiceStub
from profile_grpc.bootstrap.composition import Application
from profile_grpc.domain.hashing import KEY_BYTES, Hasher
from profile_grpc.domain.settings import AppSettings
from profile_grpc.service.credentials import Caller, NewKey
from profile_grpc.service.directory import Directory
from profile_grpc.service.directory_ports import KeyKind, Tenant
from profile_grpc.service.observer import NullObserver
from profile_grpc.service.profiles import Profiles
from profile_grpc.store import SqlStore
from profile_grpc.telemetry.tracing import Tracer
from profile_grpc.transport.grpc.options import ServerOptions
from profile_grpc.transport.grpc.server import GrpcServer
from tests.support.domain import ManualClock
from tests.support.limits import wait_s

HASHER = Hasher(bytes(range(KEY_BYTES)))
SEAL_KEYS = {"test": bytes(range(100, 132))}
TENANT, APP = "acme", "shop"
FOREIGN_TENANT, FOREIGN_APP = "globex", "rival"
OPTIONS = ServerOptions(port=0, drain_notice=0.0, drain_grace=5.0)
Metadata = tuple[tuple[str, str], ...]


class Serve(Protocol):
    """Starts a server. What is different: see `Backend.serve`."""

    async def __call__(self, **different: Any) -> "Served": ...


@dataclass
class Observer:
    """Remembers what it is told."""

    calls: list[tuple[str, str, float]] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    streams: list[tuple[str, str, int, int]] = field(default_factory=list)
    """Of each stream that has ended: its method, its code, the messages received and sent."""
    told: asyncio.Event = field(default_factory=asyncio.Event)

    def rpc_done(self, method: str, code: str, seconds: float) -> None:
        self.calls.append((method, code, seconds))
        self.told.set()

    def stream_opened(self, method: str) -> None:
        self.opened.append(method)

    def stream_done(self, method: str, code: str, seconds: float, received: int, sent: int) -> None:
        assert seconds > 0
        self.streams.append((method, code, received, sent))
        self.told.set()

    async def ended_streams(self, number: int) -> list[tuple[str, str, int, int]]:
        """The first streams, once so many have ended."""
        async with asyncio.timeout(wait_s()):
            while len(self.streams) < number:
                self.told.clear()
                await self.told.wait()
        return self.streams[:number]

    async def first_codes(self, number: int) -> list[str]:
        """The codes of the first calls, once so many have ended: a caller may know before."""
        async with asyncio.timeout(wait_s()):
            while len(self.calls) < number:
                self.told.clear()
                await self.told.wait()
        return self.codes[:number]

    @property
    def codes(self) -> list[str]:
        return [code for _, code, _ in self.calls]


class Backend:
    """The use cases over a store, with tenants, apps and keys."""

    def __init__(self, store: SqlStore, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock
        self.services = Application.over(store, clock, HASHER, NullObserver(), seal_keys=SEAL_KEYS)
        self.queue, self.directory, self.apps = self.services.queue, self.services.directory, self.services.apps
        self.keys: dict[KeyKind, str] = {}
        self.foreign_key = ""

    async def start(self) -> None:
        self.queue.start()
        now = self.clock.now()
        for tenant, app in ((TENANT, APP), (FOREIGN_TENANT, FOREIGN_APP)):
            await self.store.directory.add_tenant(Tenant(tenant, now))
            await self.apps.create(app, tenant, "", AppSettings())
        for kind in KeyKind:
            app_id = APP if kind in {KeyKind.BRIDGE, KeyKind.CLIENT} else ""
            _, self.keys[kind] = await self.apps.create_key(NewKey(kind, TENANT, app_id))
        _, self.foreign_key = await self.apps.create_key(NewKey(KeyKind.ADMIN, FOREIGN_TENANT, ""))

    async def set(self, **settings: Any) -> None:
        """Changes settings of the app."""
        await self.apps.change(APP, lambda app: ("", replace(app.settings, **settings)))

    async def serve(
        self,
        options: ServerOptions = OPTIONS,
        profiles: object = None,
        anonymous: Caller | None = None,
        ping: Callable[[], Awaitable[None]] | None = None,
        more: Mapping[ServiceDescriptor, object] = MappingProxyType({}),
        tracer: Tracer | None = None,
    ) -> "Served":
        services = self.services
        if profiles is not None:
            services = replace(services, profiles=cast("Profiles", profiles))
        if anonymous is not None:
            services = replace(services, directory=Directory(self.store.directory, HASHER, anonymous=anonymous))
        observer = Observer()
        server = GrpcServer(services, ping or self.store.ping, observer, options, more, tracer)
        return Served(self, server, await server.start(), observer)

    async def close(self) -> None:
        await self.queue.close()
        await self.store.close()


class Served:
    """A running server, and stubs of its services."""

    def __init__(self, backend: Backend, server: GrpcServer, port: int, observer: Observer) -> None:
        self.backend = backend
        self.server = server
        self.port = port
        self.observer = observer
        self.channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.max_receive_message_length", -1)])
        self.profiles = ProfileServiceStub(self.channel)
        self.apps = AppServiceStub(self.channel)
        self.usage = UsageServiceStub(self.channel)
        self.webhooks = WebhookServiceStub(self.channel)
        self.customers = CustomerServiceStub(self.channel)
        self.credentials = CredentialServiceStub(self.channel)

    def key(self, kind: KeyKind) -> Metadata:
        """The metadata of a call with a key of this kind."""
        return (("x-api-key", self.backend.keys[kind]),)

    @property
    def admin(self) -> Metadata:
        return self.key(KeyKind.ADMIN)

    @property
    def client(self) -> Metadata:
        return self.key(KeyKind.CLIENT)

    @property
    def foreign(self) -> Metadata:
        return (("x-api-key", self.backend.foreign_key),)

    @property
    def health(self) -> Any:
        """A stub of the health service, which is not typed."""
        return HealthStub(self.channel)

    async def raw(self, path: str, request: bytes, metadata: Metadata = (), timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Calls a method with bytes."""
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self.channel.unary_unary(path)
        answer: bytes = await call(request, metadata=metadata, timeout=timeout or wait_s())
        return answer

    async def close(self) -> None:
        await self.channel.close()
        await self.server.drain()
        await self.server.stop()


@dataclass(frozen=True)
class Refusal:
    """How a call was refused, as a client sees it."""

    code: grpc.StatusCode
    message: str
    reason: str = ""
    domain: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    """Violations: descriptions by field."""
    retry_after: float | None = None
    text: str = ""
    """Everything that the caller was sent."""


async def refused(call: Awaitable[object]) -> Refusal:
    """The call's refusal; the call must be refused."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return told_by(raised.value)


def told_by(error: grpc.aio.AioRpcError) -> Refusal:
    """The refusal, whose details must say what the code and the message say."""
    for name, value in error.trailing_metadata():
        if name == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            assert (status.code, status.message) == (error.code().value[0], error.details())
            return refusal(status)
    return Refusal(error.code(), error.details() or "")


def refusal(status: status_pb2.Status) -> Refusal:
    """The status, read as a client would."""
    info, bad, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    found = {detail.TypeName() for detail in status.details}
    for detail in status.details:
        assert any(detail.Unpack(message) for message in (info, bad, retry))
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    return Refusal(
        code,
        status.message,
        info.reason,
        info.domain,
        dict(info.metadata),
        {v.field: v.description for v in bad.field_violations},
        retry.retry_delay.ToNanoseconds() / 1e9 if "google.rpc.RetryInfo" in found else None,
        f"{status.message} {status.details}",
    )


def key(user: str = "ann", device: str = "phone", app: str = APP) -> pb.ProfileKey:
    return pb.ProfileKey(app_id=app, user_id=user, device_id=device)


def fcm(token: str, **given: Any) -> pb.PushEndpoint:
    return pb.PushEndpoint(provider=pb.PUSH_PROVIDER_FCM, token=token, push_app_id="com.shop", **given)


VALID: dict[str, Message] = {
    "Register": ps.RegisterRequest(key=key()),
    "Heartbeat": ps.HeartbeatRequest(key=key()),
    "BatchHeartbeat": ps.BatchHeartbeatRequest(keys=[key()]),
    "UpdateProfileData": ps.UpdateProfileDataRequest(profile=pb.Profile(key=key(), language="de")),
    "Unregister": ps.UnregisterRequest(key=key()),
    "DeleteDeviceProfile": ps.DeleteDeviceProfileRequest(app_id=APP, user_id="ann", device_id="phone"),
    "ReportPushFeedback": ps.ReportPushFeedbackRequest(app_id=APP, feedback=[ps.PushFeedback()]),
    "RemoveAccount": ps.RemoveAccountRequest(app_id=APP, username="ann", tokens=[ps.ReportedToken(token="t")]),
    "GetProfile": ps.GetProfileRequest(key=key()),
    "ListProfiles": ps.ListProfilesRequest(app_id=APP),
    "EraseUser": ps.EraseUserRequest(app_id=APP, user_id="ann"),
    "ImportProfiles": ps.ImportProfilesRequest(app_id=APP),
    "ExportProfiles": ps.ExportProfilesRequest(app_id=APP),
    "ResolveRecipients": rc.ResolveRecipientsRequest(app_id=APP, channel=pb.CHANNEL_PUSH, everyone=True),
    "CountRecipients": rc.CountRecipientsRequest(app_id=APP, channel=pb.CHANNEL_PUSH, everyone=True),
    "ExplainReach": rc.ExplainReachRequest(app_id=APP, channel=pb.CHANNEL_PUSH, user_id="ann"),
    "WatchProfiles": ps.WatchProfilesRequest(resume_token="none of the service"),  # which ends the stream at once
    "CreateApp": app_service_pb2.CreateAppRequest(app=app_pb2.App(app_id="another")),
    "GetApp": app_service_pb2.GetAppRequest(app_id=APP),
    "UpdateApp": app_service_pb2.UpdateAppRequest(app=app_pb2.App(app_id=APP, display_name="Shop")),
    "ListApps": app_service_pb2.ListAppsRequest(),
    "DeleteApp": app_service_pb2.DeleteAppRequest(app_id="missing"),
    "CreateKey": app_service_pb2.CreateKeyRequest(kind=access_pb2.KEY_KIND_PROFILE),
    "ListKeys": app_service_pb2.ListKeysRequest(),
    "RevokeKey": app_service_pb2.RevokeKeyRequest(key_id="missing"),
    "AddJwtKey": app_service_pb2.AddJwtKeyRequest(app_id=APP, kid="k", public_key_pem="no key"),
    "ListJwtKeys": app_service_pb2.ListJwtKeysRequest(app_id=APP),
    "RemoveJwtKey": app_service_pb2.RemoveJwtKeyRequest(app_id=APP, jwt_key_id="missing"),
    "GetJwtReadiness": app_service_pb2.GetJwtReadinessRequest(app_id=APP),
    "GetSdkConfig": app_service_pb2.GetSdkConfigRequest(app_id=APP),
    "CreateWebhook": webhooks_pb.CreateWebhookRequest(webhook=webhooks_pb.Webhook(url="https://crm.example.com/hook")),
    "GetWebhook": webhooks_pb.GetWebhookRequest(webhook_id="missing"),
    "UpdateWebhook": webhooks_pb.UpdateWebhookRequest(webhook=webhooks_pb.Webhook(webhook_id="missing")),
    "ListWebhooks": webhooks_pb.ListWebhooksRequest(),
    "DeleteWebhook": webhooks_pb.DeleteWebhookRequest(webhook_id="missing"),
    "RotateWebhookSecret": webhooks_pb.RotateWebhookSecretRequest(webhook_id="missing"),
    "ReplayWebhook": webhooks_pb.ReplayWebhookRequest(webhook_id="missing", from_oldest=True),
    "ListWebhookDeliveries": webhooks_pb.ListWebhookDeliveriesRequest(webhook_id="missing"),
    "CreateCustomer": customers_pb.CreateCustomerRequest(customer=customer_pb2.Customer(customer_id="c1")),
    "GetCustomer": customers_pb.GetCustomerRequest(customer_id="missing"),
    "UpdateCustomer": customers_pb.UpdateCustomerRequest(customer=customer_pb2.Customer(customer_id="missing")),
    "DeleteCustomer": customers_pb.DeleteCustomerRequest(customer_id="missing"),
    "ListCustomers": customers_pb.ListCustomersRequest(),
    "MergeCustomers": customers_pb.MergeCustomersRequest(source_customer_id="missing", target_customer_id="c1"),
    "EraseCustomer": customers_pb.EraseCustomerRequest(customer_id="missing"),
    "ExportPerson": customers_pb.ExportPersonRequest(customer_id="missing"),
    "ImportCustomers": customers_pb.ImportCustomersRequest(),
    "ExportCustomers": customers_pb.ExportCustomersRequest(),
    "GetCustomerSchema": customers_pb.GetCustomerSchemaRequest(),
    "UpdateCustomerSchema": customers_pb.UpdateCustomerSchemaRequest(schema=customer_pb2.CustomerSchema()),
    "UploadCredential": credentials_pb.UploadCredentialRequest(
        app_id=APP, display_name="hms", hms_app=credentials_pb.HmsApp(hms_id="100", secret="hms-secret-0123")
    ),
    "GetCredential": credentials_pb.GetCredentialRequest(app_id=APP, credential_id="missing"),
    "ListCredentials": credentials_pb.ListCredentialsRequest(app_id=APP),
    "DeleteCredential": credentials_pb.DeleteCredentialRequest(app_id=APP, credential_id="missing"),
    "CreateVapidKey": credentials_pb.CreateVapidKeyRequest(
        app_id=APP, display_name="web", site=credentials_pb.VapidSite(subject="mailto:ops@example.com")
    ),
    "GetMadUsage": usage_service_pb2.GetMadUsageRequest(
        app_id=APP, start_date=Date(year=2026, month=1, day=1), end_date=Date(year=2026, month=1, day=2)
    ),
}
"""A request of each method that is allowed to ADMIN keys and breaks no rule of shape."""
