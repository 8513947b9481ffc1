"""A ProfileService in this process whose answers a test scripts, and what it saw."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from typing_extensions import override

from appprofile.v1 import profile_service_pb2_grpc
from appprofile.v1.profile_service_pb2 import (
    HeartbeatResponse,
    ImportProfilesResponse,
    RegisterResponse,
    UnregisterResponse,
    UpdateProfileDataResponse,
    WatchProfilesResponse,
)

INTERVAL_S = 1000
PING = bytes.fromhex("000008 06 00 00000000")
"""How an HTTP/2 frame begins that asks whether the other side is there."""
_SETTINGS = bytes.fromhex("000000 04 00 00000000")


class Refusal:
    """What a scripted service refuses a call with."""

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: str = "",
        *,
        fields: tuple[str, ...] = (),
        retry_s: int = 0,
        **metadata: str,
    ) -> None:
        details: list[Message] = [ErrorInfo(reason=reason, domain="appprofile", metadata=metadata)] if reason else []
        if fields:
            violations = [BadRequest.FieldViolation(field=name, description="broken") for name in fields]
            details.append(BadRequest(field_violations=violations))
        if retry_s:
            retry = RetryInfo()
            retry.retry_delay.FromSeconds(retry_s)
            details.append(retry)
        self.status = Status(code=code.value[0], message="no")
        for detail in details:
            packed = AnyMessage()
            packed.Pack(detail)
            self.status.details.append(packed)
        self.code = code


@dataclass
class Seen:
    """One call as the service saw it."""

    method: str
    request: Any
    headers: dict[str, str]
    seconds: float | None


@dataclass
class ScriptedService(profile_service_pb2_grpc.ProfileServiceServicer):
    """Answers each call well, unless a refusal is waiting in `refusals`: the next one is then used up."""

    refusals: list[Refusal | None] = field(default_factory=list)
    streams: list[Sequence[WatchProfilesResponse | Refusal]] = field(default_factory=list)
    """What each stream sends. After that it is silent, unless a refusal has ended it."""
    imports: list[Sequence[Refusal | Literal["silence"] | None]] = field(default_factory=list)
    """What each import does: None acknowledges the next request. After that it acknowledges every request."""
    seen: list[Seen] = field(default_factory=list)

    @property
    def methods(self) -> list[str]:
        return [call.method for call in self.seen]

    def _answer(self, method: str, request: Any, context: grpc.ServicerContext, response: Message) -> Any:
        self._note(method, request, context)
        refusal = self.refusals.pop(0) if self.refusals else None
        if refusal is not None:
            refuse(context, refusal)
        return response

    def _note(self, method: str, request: Any, context: grpc.ServicerContext) -> None:
        headers = {name: str(value) for name, value in context.invocation_metadata()}
        self.seen.append(Seen(method, request, headers, context.time_remaining()))

    @override
    def Register(self, request: Any, context: Any) -> Any:
        response = RegisterResponse()
        response.heartbeat_interval.FromSeconds(INTERVAL_S)
        return self._answer("Register", request, context, response)

    @override
    def Heartbeat(self, request: Any, context: Any) -> Any:
        response = HeartbeatResponse()
        response.next_heartbeat_after.FromSeconds(INTERVAL_S)
        return self._answer("Heartbeat", request, context, response)

    @override
    def UpdateProfileData(self, request: Any, context: Any) -> Any:
        return self._answer("UpdateProfileData", request, context, UpdateProfileDataResponse())

    @override
    def WatchProfiles(self, request: Any, context: Any) -> Any:
        self._note("WatchProfiles", request, context)
        over = threading.Event()
        context.add_callback(over.set)
        for item in self.streams.pop(0):
            if isinstance(item, Refusal):
                refuse(context, item)
            yield item
        over.wait()

    @override
    def ImportProfiles(self, request_iterator: Any, context: Any) -> Any:
        for item in self.imports.pop(0) if self.imports else ():
            if item == "silence":
                over = threading.Event()
                context.add_callback(over.set)
                over.wait()
            elif item is not None:
                refuse(context, item)
            yield self._acknowledge(next(request_iterator), context)
        for request in request_iterator:
            yield self._acknowledge(request, context)

    def _acknowledge(self, request: Any, context: grpc.ServicerContext) -> ImportProfilesResponse:
        self._note("ImportProfiles", request, context)
        return ImportProfilesResponse(acknowledged=request.first_record + len(request.records) - 1)

    @override
    def Unregister(self, request: Any, context: Any) -> Any:
        return self._answer("Unregister", request, context, UnregisterResponse())


def refuse(context: grpc.ServicerContext, refusal: Refusal) -> None:
    """Ends the call with the refusal."""
    details = refusal.status.SerializeToString()
    context.set_trailing_metadata((("grpc-status-details-bin", details),))
    context.abort(refusal.code, "no")


@contextmanager
def serving(service: ScriptedService, credentials: grpc.ServerCredentials | None = None) -> Iterator[str]:
    """Serves on loopback meanwhile; answers the target."""
    with ThreadPoolExecutor(4) as pool:
        # `localhost` has two addresses: the port of the first may be another server's at the second. Never share it.
        server = grpc.server(pool, options=[("grpc.so_reuseport", 0)])
        profile_service_pb2_grpc.add_ProfileServiceServicer_to_server(service, server)
        port = (
            server.add_secure_port("localhost:0", credentials)
            if credentials
            else server.add_insecure_port("localhost:0")
        )
        server.start()
        try:
            yield f"localhost:{port}"
        finally:
            server.stop(None).wait()


@contextmanager
def silent() -> Iterator[tuple[str, bytearray]]:
    """Takes one connection, answers no call, and closes it at the first ping; the target, and what is heard."""
    heard = bytearray()

    def listen() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(_SETTINGS)
            while PING not in heard and (said := connection.recv(4096)):
                heard.extend(said)

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        pool.submit(listen)
        yield f"127.0.0.1:{listener.getsockname()[1]}", heard
