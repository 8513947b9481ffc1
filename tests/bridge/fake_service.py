"""A small service for tests of the bridge. It keeps its state in memory, and fails as the test requests."""

# mypy: disable-error-code="explicit-override"

from dataclasses import dataclass, field
from typing import Any

import grpc

from appprofile.v1 import app_pb2, app_service_pb2, app_service_pb2_grpc, profile_pb2, profile_service_pb2_grpc
from appprofile.v1 import profile_service_pb2 as pb

KEY = "apk_bridge000001_the-right-key"
OTHER_KEY = "apk_bridge000002_of-another-app"
READER = "apk_profile00001_reads-apps"
APP = "shop"
CALLS = "com.cloudsoftphone.app.pushkit"
MESSAGES = "com.cloudsoftphone.app"


def shop() -> app_pb2.App:
    app = app_pb2.App(app_id=APP)
    app.settings.push_app_ids.add(
        push_app_id=MESSAGES,
        provider=profile_pb2.PUSH_PROVIDER_FCM,
        platform=profile_pb2.PLATFORM_IOS,
        purpose=profile_pb2.PUSH_PURPOSE_DEFAULT,
    )
    app.settings.push_app_ids.add(
        push_app_id=CALLS,
        provider=profile_pb2.PUSH_PROVIDER_APNS_VOIP,
        platform=profile_pb2.PLATFORM_IOS,
        purpose=profile_pb2.PUSH_PURPOSE_INCOMING_CALL,
    )
    return app


@dataclass
class FakeService(profile_service_pb2_grpc.ProfileServiceServicer, app_service_pb2_grpc.AppServiceServicer):
    """Knows one app and its keys. `calls` contains the requests, except those that check keys."""

    apps: list[app_pb2.App] = field(default_factory=lambda: [shop()])
    keys: dict[str, str] = field(default_factory=lambda: {KEY: APP, OTHER_KEY: "other"})
    calls: list[Any] = field(default_factory=list)
    traceparents: list[str] = field(default_factory=list)
    questions: int = 0
    failures: list[grpc.StatusCode] = field(default_factory=list)
    """The status codes of the next calls."""
    overdue: str = ""
    """The username whose removals are never answered in time."""
    overdue_calls: int = 0
    """How many they were."""
    register_time: int = 0
    """The register_time in the response of Register, in microseconds since 1970."""
    tls: grpc.ServerCredentials | None = None

    async def start(self, port: int = 0) -> int:
        self._server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        profile_service_pb2_grpc.add_ProfileServiceServicer_to_server(self, self._server)
        app_service_pb2_grpc.add_AppServiceServicer_to_server(self, self._server)
        address = f"127.0.0.1:{port}"
        server = self._server
        port = server.add_secure_port(address, self.tls) if self.tls else server.add_insecure_port(address)
        await self._server.start()
        return port

    async def stop(self) -> None:
        await self._server.stop(0)

    async def ListApps(self, request: app_service_pb2.ListAppsRequest, context: Any) -> Any:
        if _key(context) != READER:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "no")
        return app_service_pb2.ListAppsResponse(apps=self.apps)

    async def RemoveAccount(self, request: pb.RemoveAccountRequest, context: Any) -> Any:
        question = request.username == "key-check"
        if question:
            self.questions += 1
        await self._admit(request.app_id, context, count=not question)
        if request.username == self.overdue:
            self.overdue_calls += 1
            await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "told to")
        if not question:
            self.calls.append(request)
            outcome = pb.ACCOUNT_REMOVAL_OUTCOME_REMOVED
        else:
            outcome = pb.ACCOUNT_REMOVAL_OUTCOME_NO_MATCH
        return pb.RemoveAccountResponse(outcome=outcome)

    async def Register(self, request: pb.RegisterRequest, context: Any) -> Any:
        await self._admit(request.key.app_id, context)
        self.calls.append(request)
        response = pb.RegisterResponse()
        response.profile.register_time.FromMicroseconds(self.register_time)
        return response

    async def Heartbeat(self, request: pb.HeartbeatRequest, context: Any) -> Any:
        await self._admit(request.key.app_id, context)
        self.calls.append(request)
        return pb.HeartbeatResponse()

    async def _admit(self, app_id: str, context: Any, *, count: bool = True) -> None:
        if count and self.failures:
            await context.abort(self.failures.pop(0), "told to")
        app = self.keys.get(_key(context))
        if app is None:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "no")
        if app != app_id:
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, "no")
        self.traceparents.append(dict(context.invocation_metadata())["traceparent"])


def _key(context: Any) -> str:
    return str(dict(context.invocation_metadata()).get("x-api-key", ""))
