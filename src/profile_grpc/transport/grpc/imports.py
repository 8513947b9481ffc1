"""Imports on the wire: streams of records, each checked on its own, and a response for each request (I1, I2)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from appprofile.v1 import customer_service_pb2, profile_pb2, profile_service_pb2, transfer_pb2
from profile_grpc.domain.customer_changes import CustomerPatch, ImportCustomer
from profile_grpc.domain.customers import TEXTS
from profile_grpc.domain.errors import Reason, Refused, invalid
from profile_grpc.domain.importing import REGISTERED, ImportProfile, SourceState
from profile_grpc.domain.push_endpoints import PushEndpoint, PushEndpointState
from profile_grpc.domain.results import Imported, ImportOutcome
from profile_grpc.domain.settings import App
from profile_grpc.service.customers import Customers
from profile_grpc.service.importing import Imports
from profile_grpc.transport.grpc import customers, endpoints, patches, requests, shape, status
from profile_grpc.transport.grpc.times import to_instant

RequestT = TypeVar("RequestT", bound=Message)
ResponseT = TypeVar("ResponseT", bound=Message)
RecordT = TypeVar("RecordT", bound=Message)
CommandT = TypeVar("CommandT")

_AT_ONCE = 4
"""Requests of a stream that are carried out at a time: while some commit, the next are converted."""
_NAMES = 16
"""Names of imports whose start a stream keeps. Most have one."""
_LAST_NUMBER = 2**63 - 1
_LONGEST_DESCRIPTION = 400
"""Bytes of why a record is refused. A message of a thousand refusals must not exceed the size of a message."""
_WITHOUT_A_BREAK = 20
"""Records that are converted while no other call is answered: about 3 ms."""
_INVALID = profile_pb2.PUSH_ENDPOINT_STATE_INVALID
_REGISTERED = frozenset({profile_pb2.PUSH_ENDPOINT_STATE_UNSPECIFIED, profile_pb2.PUSH_ENDPOINT_STATE_DELIVERABLE})
"""The states of an endpoint that a device has just registered."""
_NO_TOKEN = "-"  # noqa: S105 - stands for a token that an endpoint in state INVALID lacks


async def answers(
    given: AsyncIterator[RequestT], begin: Callable[[RequestT], Coroutine[Any, Any, ResponseT]]
) -> AsyncGenerator[ResponseT, None]:
    """The responses, in the order of the requests. `begin` is called in that order, too, before the next one is read.

    A caller may wait for each response, or send on: then some requests are carried out at a time, and no more are read.
    """
    iterator = aiter(given)
    pending: deque[asyncio.Task[ResponseT]] = deque()
    reading: asyncio.Task[RequestT | None] | None = asyncio.create_task(_next(iterator))
    failed: BaseException | None = None
    try:
        while reading is not None or pending:
            waiting: list[asyncio.Task[Any]] = [pending[0]] if pending else []
            if reading is not None and len(pending) < _AT_ONCE:
                waiting.append(reading)
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if pending and pending[0].done():
                yield pending.popleft().result()
            elif reading is not None and reading.done():
                # What was accepted before is answered before the stream fails.
                failed = reading.exception()
                request = None if failed is not None else reading.result()
                reading = None
                if request is not None:
                    try:
                        pending.append(asyncio.create_task(begin(request)))
                        reading = asyncio.create_task(_next(iterator))
                    except Refused as refused:
                        failed = refused
        if failed is not None:
            raise failed
    finally:
        left = [task for task in (reading, *pending) if task is not None]
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)


async def _next(iterator: AsyncIterator[RequestT]) -> RequestT | None:
    return await anext(iterator, None)


class _Numbers:
    """The numbers of the records of a stream, from 1."""

    def __init__(self) -> None:
        self._next = 1

    def take(self, first: int, records: int) -> int:
        """The number of the first of so many records; `first`: as the request says, or 0.

        Raises:
            Refused: INVALID_REQUEST: the last one has no number.
        """
        number = first or self._next
        if number > _LAST_NUMBER - records:
            raise invalid("first_record", f"must be at most {_LAST_NUMBER}, less the number of records")
        self._next = number + records
        return number


class ProfileImport:
    """One stream of ImportProfiles."""

    def __init__(self, imports: Imports, app: Callable[[], Awaitable[App]]) -> None:
        """`app`: the app as it is now. It may be changed or deleted during a stream."""
        self._imports = imports
        self._app = app
        self._numbers = _Numbers()
        self._starts: dict[tuple[str, bool], asyncio.Task[datetime]] = {}

    def begin(
        self, request: profile_service_pb2.ImportProfilesRequest
    ) -> Coroutine[Any, Any, profile_service_pb2.ImportProfilesResponse]:
        """Begins to carry out a request.

        Raises:
            Refused: INVALID_REQUEST.
        """
        named = (request.import_id, request.dry_run)
        first = self._numbers.take(request.first_record, len(request.records))
        if named not in self._starts:
            if len(self._starts) == _NAMES:
                del self._starts[next(iter(self._starts))]
            self._starts[named] = asyncio.create_task(self._start(*named))
        return self._part(request, first, self._starts[named])

    async def _start(self, import_id: str, dry_run: bool) -> datetime:  # noqa: FBT001 - a part of a key
        return await self._imports.begin(await self._app(), import_id, dry_run=dry_run)

    async def _part(
        self, request: profile_service_pb2.ImportProfilesRequest, first: int, start: asyncio.Task[datetime]
    ) -> profile_service_pb2.ImportProfilesResponse:
        began, app = await asyncio.shield(start), await self._app()
        records = await _converted(request.records, partial(profile, app, began))
        results = await self._imports.profiles(app, records, dry_run=request.dry_run)
        response = profile_service_pb2.ImportProfilesResponse()
        _fill(response, first, results)
        for number, result in enumerate(results, first):
            for value in () if isinstance(result, Refused) else result.ignored:
                ignored = response.ignored.add(record=number)
                ignored.value.path = value.path
                ignored.value.reason = profile_service_pb2.IgnoredReason.ValueType(value.reason)
        return response


class CustomerImport:
    """One stream of ImportCustomers."""

    def __init__(self, imports: Imports, ref: Customers, tenant_id: str) -> None:
        self._imports = imports
        self._customers = ref
        self._tenant_id = tenant_id
        self._numbers = _Numbers()

    def begin(
        self, request: customer_service_pb2.ImportCustomersRequest
    ) -> Coroutine[Any, Any, customer_service_pb2.ImportCustomersResponse]:
        """Begins to carry out a request.

        Raises:
            Refused: INVALID_REQUEST.
        """
        return self._part(request, self._numbers.take(request.first_record, len(request.records)))

    async def _part(
        self, request: customer_service_pb2.ImportCustomersRequest, first: int
    ) -> customer_service_pb2.ImportCustomersResponse:
        records = await _converted(request.records, partial(customer, self._customers, self._tenant_id))
        results = await self._imports.customers(records, dry_run=request.dry_run)
        response = customer_service_pb2.ImportCustomersResponse()
        _fill(response, first, results)
        return response


async def _converted(records: Iterable[RecordT], convert: Callable[[RecordT], CommandT]) -> Sequence[CommandT]:
    """The commands of the records. Other calls take their turns in between."""
    found = []
    for number, record in enumerate(records, 1):
        found.append(convert(record))
        if not number % _WITHOUT_A_BREAK:
            await asyncio.sleep(0)
    return found


def profile(app: App, start: datetime, record: transfer_pb2.ProfileRecord) -> ImportProfile | Refused:
    """The command of one record, or why it is refused."""
    given, app_id = record.profile, app.app_id
    try:
        if (named := given.key.app_id) and named != app_id:
            field, description = "profile.key.app_id", "must be the request's app, or empty"
            message = f"The record is not valid: {field}: {description}."
            raise Refused.for_field(Reason.INVALID_REQUEST, message, field, description)
        given.key.app_id = app_id
        states = {endpoint.state for endpoint in given.push_endpoints}
        dead = _take_dead(given) if _INVALID in states else ()
        _check(record)
        registered = _time(record, given, "register_time", start)
        return ImportProfile(
            key=requests.key(given.key),
            patch=patches.populated(given, "profile."),
            start=start,
            register_time=registered,
            create_time=_time(record, given, "create_time", start),
            source=_source_state(given, dead, start) if _tells(given, states) else REGISTERED,
            app_time=app.create_time,
        )
    except Refused as refused:
        return refused


def _take_dead(given: profile_pb2.Profile) -> Sequence[profile_pb2.PushEndpoint]:
    """Removes the endpoints in state INVALID, which have no tokens; returns them, checked like the others."""
    for endpoint in given.push_endpoints:
        if endpoint.state == _INVALID:
            endpoint.token = _NO_TOKEN
    found = shape.problem(given)
    if found:
        raise _not_valid(f"profile.{found}")
    dead = [endpoint for endpoint in given.push_endpoints if endpoint.state == _INVALID]
    live = [endpoint for endpoint in given.push_endpoints if endpoint.state != _INVALID]
    del given.push_endpoints[:]
    given.push_endpoints.extend(live)
    return dead


def _tells(given: profile_pb2.Profile, states: AbstractSet[int]) -> bool:
    """Whether the record tells anything besides what a registration contains."""
    return (
        given.status == profile_pb2.PROFILE_STATUS_UNREGISTERED
        or given.user_state == profile_pb2.USER_STATE_INACTIVE
        or not states <= _REGISTERED
    )


def _source_state(given: profile_pb2.Profile, dead: Sequence[profile_pb2.PushEndpoint], start: datetime) -> SourceState:
    suspect = [e for e in given.push_endpoints if e.state == profile_pb2.PUSH_ENDPOINT_STATE_SUSPECT]
    return SourceState(
        signed_out=given.status == profile_pb2.PROFILE_STATUS_UNREGISTERED,
        inactive=given.user_state == profile_pb2.USER_STATE_INACTIVE,
        superseded=any(e.state == profile_pb2.PUSH_ENDPOINT_STATE_SUPERSEDED for e in given.push_endpoints),
        suspect=frozenset((e.provider, e.token) for e in endpoints.endpoints(suspect, "profile.push_endpoints")),
        invalid=tuple(
            PushEndpoint(
                provider=endpoints.PROVIDERS[e.provider],
                token="",
                push_app_id=e.push_app_id,
                purpose=endpoints.PURPOSES[e.purpose],
                confirm_time=start,
                state=PushEndpointState.INVALID,
                apns_environment=endpoints.ENVIRONMENTS[e.apns_environment],
            )
            for e in dead
        ),
    )


def customer(ref: Customers, tenant_id: str, record: transfer_pb2.CustomerRecord) -> ImportCustomer | Refused:
    """The command of one record, or why it is refused."""
    given = record.customer
    try:
        _check(record)
        patch = customers.content(given)
        texts = {name: value for name in TEXTS if (value := getattr(patch, name)) is not None}
        created = _given(record, given, "create_time")
        return ImportCustomer(
            ref.ref(tenant_id, given.customer_id),
            CustomerPatch(texts, patch.attributes),
            None if created is None else to_instant(created, "create_time"),
        )
    except Refused as refused:
        return refused


def _time(record: Message, given: Message, name: str, latest: datetime) -> datetime | None:
    found = _given(record, given, name)
    return None if found is None else min(to_instant(found, name), latest)


def _given(record: Message, given: Message, name: str) -> Timestamp | None:
    """The time of the record or, without it, of what the record holds."""
    for holder in (record, given):
        if holder.HasField(name):
            found: Timestamp = getattr(holder, name)
            return found
    return None


def _check(record: Message) -> None:
    if found := shape.problem(record):
        raise _not_valid(found)


def _not_valid(problem: str) -> Refused:
    return Refused(Reason.INVALID_REQUEST, f"The record is not valid: {problem}.")


def _fill(
    response: profile_service_pb2.ImportProfilesResponse | customer_service_pb2.ImportCustomersResponse,
    first: int,
    results: Sequence[Imported | Refused],
) -> None:
    response.acknowledged = first + len(results) - 1
    for number, result in enumerate(results, first):
        if isinstance(result, Refused):
            description = status.cut(result.message, _LONGEST_DESCRIPTION)
            response.refused.add(record=number, reason=result.reason.value, description=description)
        elif result.outcome is ImportOutcome.CREATED:
            response.created += 1
        elif result.outcome is ImportOutcome.UPDATED:
            response.updated += 1
        else:
            response.unchanged += 1
