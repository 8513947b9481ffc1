"""Streaming methods in the pipeline, by a contract of the tests' own: the steps, the limits, and how streams end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from structlog.testing import capture_logs

from appprofile.v1 import app_pb2, app_service_pb2
from profile_grpc.service import apps
from profile_grpc.service.directory_ports import KeyKind
from profile_grpc.transport.grpc import outcome
from profile_grpc.transport.grpc.call import Call
from profile_grpc.transport.grpc.in_flight import CallLimits
from profile_grpc.transport.grpc.open_streams import StreamLimits
from tests.support.contract import compile_proto
from tests.support.limits import wait_s
from tests.transport.grpc.support import APP, FOREIGN_APP, OPTIONS, Metadata, Refusal, Serve, Served, refused
from tests.transport.grpc.test_pipeline import BEAT, GARBAGE, Gate

CONTRACT = """
service Streams {
  rpc Watch(Request) returns (stream Answer) {
    option (appprofile.v1.access) = { allow: [KEY_KIND_ADMIN, KEY_KIND_CLIENT] scope: ACCESS_SCOPE_APP };
  }
  rpc Import(stream Request) returns (stream Answer) {
    option (appprofile.v1.access) = { allow: [KEY_KIND_ADMIN, KEY_KIND_CLIENT] scope: ACCESS_SCOPE_APP };
  }
  rpc Collect(stream Request) returns (Answer) {
    option (appprofile.v1.access) = { allow: [KEY_KIND_ADMIN, KEY_KIND_CLIENT] scope: ACCESS_SCOPE_APP };
  }
}
message Request {
  string app_id = 1 [(appprofile.v1.names) = NAMES_APP, (buf.validate.field).string.max_len = 64,
                     (buf.validate.field).string.min_len = 1];
  int32 number = 2 [(buf.validate.field).int32.lte = 1000];
}
message Answer { string resume_token = 1; bytes payload = 2; }
"""
Requests = list[Message | bytes] | AsyncIterator[Message]
METHODS = ("Watch", "Import", "Collect")


@cache
def contract() -> Any:
    """The service and its messages, compiled once."""
    file = compile_proto(CONTRACT)
    messages = {name: GetMessageClass(descriptor) for name, descriptor in file.message_types_by_name.items()}
    return SimpleNamespace(service=file.services_by_name["Streams"], **messages)


def ask(number: int = 0, app: str = APP) -> Any:
    return contract().Request(app_id=app, number=number)


def answer(token: str, payload: bytes = b"") -> Any:
    return contract().Answer(resume_token=token, payload=payload)


class Servicer:
    """Answers as a test says; counts what it was asked and tells when a stream is over here."""

    def __init__(self) -> None:
        self.give: Callable[[Any, Call], AsyncIterator[Any]] = self.count
        self.asked: list[int] = []
        self.given = 0
        self.begun = asyncio.Event()
        self.waiting = asyncio.Event()
        """Set when a stream waits after its first message. It may have reached its reader before."""
        self.over = asyncio.Event()
        self.apps: list[str] = []

    async def Watch(self, request: Any, call: Call) -> AsyncIterator[Any]:
        self.apps.append(call.app.app_id)
        try:
            async for message in self.give(request, call):
                self.given += 1
                self.begun.set()
                yield message
        finally:
            self.over.set()

    async def Import(self, requests: AsyncIterator[Any], call: Call) -> AsyncIterator[Any]:
        self.apps.append(call.app.app_id)
        async for request in requests:
            self.asked.append(request.number)
            yield answer(str(request.number))

    async def Collect(self, requests: AsyncIterator[Any], call: Call) -> Any:
        self.asked = [request.number async for request in requests]
        self.apps.append(call.app.app_id)
        return answer(str(sum(self.asked)))

    async def count(self, request: Any, call: Call) -> AsyncIterator[Any]:
        for number in range(request.number):
            yield answer(str(number))

    async def for_ever(self, request: Any, call: Call) -> AsyncIterator[Any]:
        """As a watch without events: a token at once, then nothing until it ends, then the last token."""
        yield answer("first")
        self.waiting.set()
        await call.ending.wait()
        yield answer("last")
        yield answer("never")

    async def busy(self, request: Any, call: Call) -> AsyncIterator[Any]:
        """As an export: one message after the other."""
        while True:
            yield answer(str(self.given), b"x" * request.number)
            await asyncio.sleep(0)

    async def deaf(self, request: Any, call: Call) -> AsyncIterator[Any]:
        """Waits, and looks at nothing."""
        yield answer("first")
        self.waiting.set()
        await asyncio.Event().wait()


class Streams:
    """A server with the service, and stubs of it."""

    def __init__(self, served: Served, servicer: Servicer) -> None:
        self.served = served
        self.servicer = servicer

    def call(self, name: str, requests: Requests, metadata: Metadata | None = None, **more: Any) -> Any:
        """A call of the method, with these requests."""
        found = contract().service.methods_by_name[name]
        kinds = {
            (False, True): self.served.channel.unary_stream,
            (True, True): self.served.channel.stream_stream,
            (True, False): self.served.channel.stream_unary,
        }
        made = kinds[found.client_streaming, found.server_streaming]
        stub: Any = made(
            f"/{found.containing_service.full_name}/{name}",
            request_serializer=_serialize,
            response_deserializer=contract().Answer.FromString,
        )
        given: Any = iter(requests) if isinstance(requests, list) else requests
        if not found.client_streaming:
            given = next(given)
        metadata = self.served.client if metadata is None else metadata
        return stub(given, metadata=metadata, **more)

    async def told(self, call: Any) -> Refusal:
        """How the call is refused, whatever it answered before."""
        return await refused(_rest(call))

    def age(self) -> None:
        """The open streams reach their maximum age now."""
        for one in self.served.server._open_streams._open:
            one._age()


def _serialize(request: Message | bytes) -> bytes:
    return request if isinstance(request, bytes) else request.SerializeToString()


async def _rest(call: Any) -> list[str]:
    """The tokens that a call goes on to answer."""
    if isinstance(call, grpc.aio.StreamUnaryCall):
        return [(await call).resume_token]
    given: list[str] = []
    await _into(given, call)
    return given


async def _into(given: list[str], call: Any) -> None:
    """Notes the tokens that a call goes on to answer, until it ends or breaks off."""
    while (message := await call.read()) is not grpc.aio.EOF:
        given.append(message.resume_token)


@pytest.fixture
def servicer() -> Servicer:
    return Servicer()


@pytest.fixture
def stream(serve: Serve, servicer: Servicer) -> Callable[..., Awaitable[Streams]]:
    """Starts a server whose limits of streams are these. By default, no test is slow enough to reach one of time."""

    async def start(options: Any = OPTIONS, profiles: object = None, **limits: Any) -> Streams:
        options = replace(options, streams=replace(StreamLimits(max_age=3600.0, final_message=60.0), **limits))
        return Streams(await serve(options=options, profiles=profiles, more={contract().service: servicer}), servicer)

    return start


Start = Callable[..., Awaitable[Streams]]


# --- the steps, as of a unary call ---


@pytest.mark.parametrize("name", METHODS)
async def test_every_kind_of_stream_passes_the_steps_in_order(stream: Start, name: str, servicer: Servicer) -> None:
    streams = await stream()
    served = streams.served
    steps: list[tuple[Message | bytes, Metadata, str, str]] = [
        (GARBAGE, (), "UNAUTHENTICATED", "CREDENTIAL_MISSING"),
        (GARBAGE, (("x-api-key", "nonsense"),), "UNAUTHENTICATED", "CREDENTIAL_INVALID"),
        (GARBAGE, served.key(KeyKind.BRIDGE), "INVALID_ARGUMENT", "MALFORMED_MESSAGE"),
        (ask(1001), served.key(KeyKind.BRIDGE), "INVALID_ARGUMENT", "INVALID_REQUEST"),
        (ask(app="missing"), served.key(KeyKind.BRIDGE), "PERMISSION_DENIED", "METHOD_NOT_ALLOWED"),
        (ask(app=FOREIGN_APP), served.client, "PERMISSION_DENIED", "APP_NOT_ALLOWED"),
        (ask(app="missing"), served.client, "PERMISSION_DENIED", "APP_NOT_ALLOWED"),
        (ask(app="missing"), served.admin, "NOT_FOUND", "APP_NOT_FOUND"),
    ]
    for request, metadata, code, reason in steps:
        told = await streams.told(streams.call(name, [request], metadata))
        assert (told.code.name, told.reason) == (code, reason), (request, reason)
    assert servicer.apps == []
    await _rest(streams.call(name, [ask(3)]))
    assert servicer.apps == [APP]


async def test_answers_come_in_order_and_the_stream_ends_well(stream: Start) -> None:
    streams = await stream()
    assert await _rest(streams.call("Watch", [ask(4)])) == ["0", "1", "2", "3"]
    assert await _rest(streams.call("Import", [ask(5), ask(6)])) == ["5", "6"]
    assert await _rest(streams.call("Collect", [ask(5), ask(6)])) == ["11"]


@pytest.mark.parametrize("name", ["Import", "Collect"])
@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (GARBAGE, "MALFORMED_MESSAGE"),
        (ask(1001), "INVALID_REQUEST"),
        (ask(app=FOREIGN_APP), "APP_NOT_ALLOWED"),
        (ask(app="second"), "INVALID_REQUEST"),
    ],
)
async def test_every_message_of_the_caller_passes_the_steps(
    stream: Start, name: str, second: Message | bytes, reason: str, servicer: Servicer
) -> None:
    """Also one of another app that the caller reaches: a stream is about one app."""
    streams = await stream()
    other = app_service_pb2.CreateAppRequest(app=app_pb2.App(app_id="second"))
    await streams.served.apps.CreateApp(other, metadata=streams.served.admin)
    told = await streams.told(streams.call(name, [ask(1), second, ask(3)], streams.served.admin))
    assert told.reason == reason
    assert 3 not in servicer.asked


@pytest.mark.parametrize("name", ["Import", "Collect"])
async def test_a_stream_without_a_message_is_refused(stream: Start, name: str) -> None:
    streams = await stream()
    assert (await streams.told(streams.call(name, []))).reason == "INVALID_REQUEST"


async def test_a_first_message_that_does_not_come_ends_the_stream(stream: Start) -> None:
    streams = await stream(first_message=0.05)

    async def nothing() -> AsyncIterator[Message]:
        await asyncio.Event().wait()
        yield ask()

    told = await streams.told(streams.call("Import", nothing()))
    assert (told.code.name, told.reason) == ("DEADLINE_EXCEEDED", "DEADLINE")


async def test_a_fault_is_told_by_its_trace_id(stream: Start, servicer: Servicer) -> None:
    async def broken(request: Any, call: Call) -> AsyncIterator[Any]:
        yield answer("first")
        raise ValueError("secret of the inside")

    servicer.give = broken
    streams = await stream()
    with capture_logs() as logs:
        told = await streams.told(streams.call("Watch", [ask()]))
    assert (told.code.name, told.reason) == ("INTERNAL", "INTERNAL")
    assert "secret of the inside" not in told.text
    assert [entry["trace_id"] for entry in logs if "exc_info" in entry] == [told.metadata["trace_id"]]


# --- a stream outlives what it began with ---


@pytest.mark.parametrize("name", ["Watch", "Import"])
async def test_nothing_is_given_or_taken_once_the_key_is_revoked(stream: Start, servicer: Servicer, name: str) -> None:
    go_on = asyncio.Event()

    async def give(request: Any, call: Call) -> AsyncIterator[Any]:
        yield answer("first")
        await go_on.wait()
        yield answer("second")

    async def requests() -> AsyncIterator[Message]:
        yield ask(1)
        await go_on.wait()
        yield ask(2)

    servicer.give = give
    streams = await stream()
    made = streams.call(name, requests() if name == "Import" else [ask()])
    await made.read()
    presented = streams.served.backend.keys[KeyKind.CLIENT]
    revoked = app_service_pb2.RevokeKeyRequest(key_id=presented.split("_")[1])
    await streams.served.apps.RevokeKey(revoked, metadata=streams.served.admin)
    go_on.set()
    told = await streams.told(made)
    assert (told.code.name, told.reason) == ("UNAUTHENTICATED", "CREDENTIAL_INVALID")
    assert servicer.asked in ([], [1])


async def test_nothing_is_given_once_the_app_is_deleted(
    stream: Start, servicer: Servicer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apps, "STALENESS", 0.0)
    servicer.give = servicer.for_ever
    streams = await stream()
    made = streams.call("Watch", [ask()], streams.served.admin)
    await made.read()
    await asyncio.wait_for(servicer.waiting.wait(), wait_s())
    await streams.served.apps.DeleteApp(app_service_pb2.DeleteAppRequest(app_id=APP), metadata=streams.served.admin)
    drained = asyncio.create_task(streams.served.server.drain())
    assert (await streams.told(made)).reason == "APP_NOT_FOUND"
    await drained


# --- limits ---


async def test_streams_and_calls_have_limits_of_their_own(stream: Start, servicer: Servicer) -> None:
    servicer.give = servicer.for_ever
    gate = Gate()
    streams = await stream(replace(OPTIONS, limits=CallLimits(calls=1)), gate, streams=2)
    open_ = [streams.call("Watch", [ask()]) for _ in range(2)]
    for made in open_:
        await made.read()
    for _ in range(3):
        told = await streams.told(streams.call("Watch", [GARBAGE], ()))  # nothing of it is looked at
        assert (told.code.name, told.reason) == ("RESOURCE_EXHAUSTED", "TOO_MANY_STREAMS")
        assert (told.metadata["of"], told.metadata["limit"], told.retry_after) == ("the server", "2", 1.0)
    beat = asyncio.ensure_future(streams.served.profiles.Heartbeat(BEAT, metadata=streams.served.client))
    await gate.arrivals(1)  # the streams take no room of the calls ...
    open_.pop().cancel()
    await streams.served.observer.ended_streams(1)
    await streams.call("Watch", [ask()]).read()  # ... and a call none of the streams
    gate.open.set()
    assert (await beat).HasField("expire_time")


async def test_one_key_does_not_take_the_streams_of_another(stream: Start, servicer: Servicer) -> None:
    servicer.give = servicer.for_ever
    streams = await stream(per_key=1)
    first = streams.call("Watch", [ask()])
    await first.read()
    told = await streams.told(streams.call("Watch", [ask()]))
    assert (told.code.name, told.reason, told.metadata["of"]) == ("RESOURCE_EXHAUSTED", "TOO_MANY_STREAMS", "the key")
    await streams.call("Watch", [ask()], streams.served.admin).read()
    first.cancel()
    await streams.served.observer.ended_streams(2)
    assert (await streams.call("Watch", [ask()]).read()).resume_token == "first"


async def test_a_stream_is_not_held_to_the_time_of_a_call(stream: Start, servicer: Servicer) -> None:
    go_on = asyncio.Event()

    async def slow(request: Any, call: Call) -> AsyncIterator[Any]:
        yield answer("first")
        await go_on.wait()
        yield answer("second")

    servicer.give = slow
    streams = await stream(replace(OPTIONS, limits=CallLimits(seconds=0.05)), Gate())
    made = streams.call("Watch", [ask()])
    await made.read()
    told = await refused(streams.served.profiles.Heartbeat(BEAT, metadata=streams.served.client))
    assert told.reason == "DEADLINE"  # a call that came later was ended by now
    go_on.set()
    assert await _rest(made) == ["second"]


async def test_no_more_is_made_than_the_reader_takes(stream: Start, servicer: Servicer) -> None:
    async def large(request: Any, call: Call) -> AsyncIterator[Any]:
        while True:
            yield answer(str(servicer.given), b"x" * 500_000)

    servicer.give = large
    streams = await stream()
    made = streams.call("Watch", [ask()])
    await made.read()
    made_before = -1
    while made_before != servicer.given:  # until it stands still over a number of calls
        made_before = servicer.given
        for _ in range(20):
            await refused(streams.served.raw("/appprofile.v1.ProfileService/Heartbeat", b""))
    assert made_before < 20
    for _ in range(30):
        await made.read()
    assert servicer.given > 29


async def test_a_reader_that_takes_nothing_does_not_keep_its_place(stream: Start, servicer: Servicer) -> None:
    async def large(request: Any, call: Call) -> AsyncIterator[Any]:
        while True:
            yield answer("token", b"x" * 30_000_000)  # so that already the first one waits for the reader

    servicer.give = large
    streams = await stream(final_message=0.05, streams=1)
    made = streams.call("Watch", [ask()])
    await asyncio.wait_for(servicer.begun.wait(), wait_s())
    streams.age()
    [(_, code, _, _)] = await streams.served.observer.ended_streams(1)
    assert code == "UNAVAILABLE"
    await asyncio.wait_for(servicer.over.wait(), wait_s())
    servicer.give = servicer.count
    assert await _rest(streams.call("Watch", [ask(1)])) == ["0"]
    assert (await streams.told(made)).reason == "STREAM_AGED"  # behind what had been given


# --- the end ---


def final_message(give: str) -> float:
    """Seconds for a last message: more than a slow machine needs, where one is sent."""
    return 0.05 if give == "deaf" else 60.0


@pytest.mark.parametrize(("give", "left"), [("for_ever", ["last"]), ("deaf", [])])
async def test_a_stream_ends_by_its_age_with_a_token_given(
    stream: Start, servicer: Servicer, give: str, left: list[str]
) -> None:
    servicer.give = getattr(servicer, give)
    streams = await stream(final_message=final_message(give))
    made = streams.call("Watch", [ask()])
    assert (await made.read()).resume_token == "first"
    await asyncio.wait_for(servicer.waiting.wait(), wait_s())
    streams.age()
    given: list[str] = []
    told = await refused(_into(given, made))
    assert (told.code.name, told.reason) == ("UNAVAILABLE", "STREAM_AGED")
    assert given == left
    assert servicer.over.is_set()


async def test_a_busy_stream_reaches_its_age_too(stream: Start, servicer: Servicer) -> None:
    servicer.give = servicer.busy
    streams = await stream(max_age=0.2)
    given: list[str] = []
    told = await refused(_into(given, streams.call("Watch", [ask()])))
    assert (told.code.name, told.reason) == ("UNAVAILABLE", "STREAM_AGED")
    assert given == [str(n) for n in range(servicer.given)]
    assert servicer.over.is_set()


@pytest.mark.parametrize("give", ["for_ever", "deaf", "busy"])
async def test_a_draining_server_ends_streams_with_their_token(stream: Start, servicer: Servicer, give: str) -> None:
    """And does not wait for its grace, which calls in flight have."""
    servicer.give = getattr(servicer, give)
    options = replace(OPTIONS, drain_notice=0.0, drain_grace=3600.0)
    streams = await stream(options, final_message=final_message(give))
    made = streams.call("Watch", [ask()])
    assert (await made.read()).resume_token
    if give != "busy":
        await asyncio.wait_for(servicer.waiting.wait(), wait_s())
    drained = asyncio.create_task(streams.served.server.drain())
    await asyncio.sleep(0)  # lets the drain begin
    assert (await streams.told(streams.call("Watch", [ask()]))).reason == "DRAINING"
    given: list[str] = []
    told = await refused(_into(given, made))
    assert (told.code.name, told.reason) == ("UNAVAILABLE", "DRAINING")
    if give == "for_ever":
        assert given == ["last"]
    await asyncio.wait_for(drained, wait_s())


def test_streams_drain_within_a_second() -> None:
    assert StreamLimits().final_message < 1


async def test_the_steps_of_an_import_that_were_acknowledged_are_known(stream: Start, servicer: Servicer) -> None:
    """A client goes on behind the last acknowledgement."""
    streams = await stream(final_message=0.05)

    async def slowly() -> AsyncIterator[Message]:
        yield ask(1)
        await asyncio.Event().wait()

    made = streams.call("Import", slowly())
    assert (await made.read()).resume_token == "1"
    drained = asyncio.create_task(streams.served.server.drain())
    assert (await streams.told(made)).reason == "DRAINING"
    await drained


async def test_a_reader_that_goes_away_ends_the_stream(stream: Start, servicer: Servicer) -> None:
    servicer.give = servicer.deaf
    streams = await stream()
    made = streams.call("Watch", [ask()])
    await made.read()
    made.cancel()
    await asyncio.wait_for(servicer.over.wait(), wait_s())
    [(_, code, received, sent)] = await streams.served.observer.ended_streams(1)
    assert (code, received, sent) == ("CANCELLED", 1, 1)


async def test_the_readers_deadline_ends_the_stream(
    stream: Start, servicer: Servicer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome, "_DEADLINE_SLACK", wait_s())  # however long the request was on its way
    servicer.give = servicer.deaf
    streams = await stream()
    seconds = 0.3
    while not servicer.given:  # on a slow machine the deadline may pass before the call is here
        made = streams.call("Watch", [ask()], timeout=seconds)
        assert (await streams.told(made)).code is grpc.StatusCode.DEADLINE_EXCEEDED
        seconds *= 2
    await asyncio.wait_for(servicer.over.wait(), wait_s())
    [(_, code, _, _)] = await streams.served.observer.ended_streams(1)
    assert code == "DEADLINE_EXCEEDED"


# --- metrics and log ---


async def test_a_stream_is_counted_and_logged_once(stream: Start) -> None:
    streams = await stream()
    with capture_logs() as logs:
        await _rest(streams.call("Watch", [ask(3)]))
        await _rest(streams.call("Import", [ask(1), ask(2)]))
        await streams.told(streams.call("Watch", [ask(app=FOREIGN_APP)]))
        streams_of = await streams.served.observer.ended_streams(3)
    service = contract().service.full_name
    assert streams_of == [
        (f"/{service}/Watch", "OK", 1, 3),
        (f"/{service}/Import", "OK", 2, 2),
        (f"/{service}/Watch", "PERMISSION_DENIED", 1, 0),
    ]
    assert streams.served.observer.opened == [method for method, *_ in streams_of]
    lines = [entry for entry in logs if entry["event"] == "stream"]
    assert [(line["log_level"], line["code"], line["received"], line["sent"]) for line in lines] == [
        ("debug", "OK", 1, 3),
        ("debug", "OK", 2, 2),
        ("info", "PERMISSION_DENIED", 1, 0),
    ]
    assert [line["caller"] for line in lines] == ["CLIENT"] * 3
    assert [line.get("app_id") for line in lines] == [APP, APP, None]
