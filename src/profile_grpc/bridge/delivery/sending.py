"""Delivers one report to the service, with the report's own key: only the service decides what a key may do."""

from __future__ import annotations

import enum
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from appprofile.v1 import profile_service_pb2 as pb
from profile_grpc.bridge.delivery.calls import (
    DERIVED,
    PLACEHOLDER_TOKEN,
    UNKNOWN_PUSH_APP,
    Incomplete,
    register,
    remove_account,
)
from profile_grpc.bridge.delivery.derived_devices import DerivedDevices
from profile_grpc.bridge.keys import Keys
from profile_grpc.bridge.known_apps import KnownApps
from profile_grpc.bridge.report import MISSING_ACCOUNT, MISSING_TOKEN, Kind, Report, canonical, tokens
from profile_grpc.bridge.service_client import CallFailed, Credential, Failure, ServiceClient
from profile_grpc.bridge.spool.records import Waiting
from profile_grpc.bridge.spool.spool import Spool
from profile_grpc.bridge.templates import Fields
from profile_grpc.telemetry.tracing import TraceContext

_KEPT_REGISTRATIONS = 100_000
_MAY_BE_STALE = frozenset({"NO_DIRECTORY", "UNKNOWN_APP", UNKNOWN_PUSH_APP, MISSING_ACCOUNT, MISSING_TOKEN})
"""Reasons that newer settings of the app may resolve."""


class Outcome(enum.Enum):
    """The outcome of an attempt to deliver a report."""

    DELIVERED = "delivered"
    DROPPED = "dropped"
    DEAD = "dead"
    FAILED = "failed"
    """The service failed on the report: try again with a backoff, a limited number of times."""
    INCOMPLETE = "incomplete"
    """Information about the app is missing: try again soon."""
    UNAVAILABLE = "unavailable"
    """As Failure.UNAVAILABLE: try again when the service is available."""


class Result(NamedTuple):
    """The outcome for a report, and its reason."""

    outcome: Outcome
    reason: str
    reached: bool = True
    """Whether the service answered, and was not overloaded."""
    detail: str = ""
    """Details of the reason."""
    push_app_ids: tuple[str, ...] = ()
    """The push app ids in the report, if the missing information depends on them."""


class _Registration(NamedTuple):
    """A registration that this process made from a token report."""

    username: str
    selector: str
    arrived: int
    registered: int


class ReportSender:
    """Sends reports to the service, one at a time for each account."""

    def __init__(
        self, service: ServiceClient, keys: Keys, known_apps: KnownApps, spool: Spool, now: Callable[[], int]
    ) -> None:
        """`now` returns microseconds since 1970."""
        self._service = service
        self._keys = keys
        self._known_apps = known_apps
        self._devices = DerivedDevices(spool, service)
        self._hash = spool.sealer.hash
        self._now = now
        self._registered: OrderedDict[str, _Registration] = OrderedDict()
        self._asked: dict[int, int] = {}
        """By report: the number of the newest refresh of the apps at the time when the report needed an unknown app."""

    async def send(self, waiting: Waiting, report: Report) -> Result:
        unread = report.fields is None and report.app_id and not self._known_apps.knows(report.app_id)
        if unread and self._may_learn(waiting):
            return Result(Outcome.INCOMPLETE, "UNKNOWN_APP", reached=False)
        result = await self._sent(waiting, report)
        if result.reason in _MAY_BE_STALE and self._may_learn(waiting):
            return result._replace(outcome=Outcome.INCOMPLETE)
        return result

    def _may_learn(self, waiting: Waiting) -> bool:
        """Whether to wait for a refresh of the apps: an owner may just have added the setting that the report needs.

        It waits for one refresh that started after the report was first tried.
        """
        known = self._known_apps
        fresh = not known.expected or known.fetched > waiting.arrived
        if fresh or known.answered > self._asked.setdefault(waiting.id, known.begun):
            return False
        known.wanted()
        return True

    async def _sent(self, waiting: Waiting, report: Report) -> Result:
        known = self._known_apps
        if known.expected and not known.fetched and report.fields is None:
            return self._unknown(report, "NO_DIRECTORY")
        candidates = [report.app_id] if report.app_id else self._candidates(report)
        if not candidates:
            return self._unknown(report, "UNKNOWN_APP")
        key = ""
        if waiting.credential is not None:
            key = await self._keys.reveal(waiting.credential) or ""
            if not key:
                return Result(Outcome.DEAD, "KEY_LOST", reached=False)
        for app_id in candidates:
            result = await self._call(waiting, report, app_id, Credential(key, TraceContext.of_bytes(waiting.trace)))
            if result is not None:
                return result
        # The service refuses the key. If the key was valid before (it was revoked, or the service was set up again), an
        # operator decides about the reports. Reports of any other key never count (X1).
        if waiting.proven or waiting.credential is None:
            return Result(Outcome.DEAD, "KEY_REFUSED")
        return Result(Outcome.DROPPED, "KEY_WRONG")

    def _unknown(self, report: Report, reason: str) -> Result:
        fields = self.fields(report, report.app_id)
        named = tuple(dict.fromkeys(filter(None, (fields.appid_calls, fields.appid_msgs))))
        return Result(Outcome.DEAD, reason, reached=False, push_app_ids=named)

    def forget(self, waiting: Waiting) -> None:
        """The report will not be tried again, or will be read again."""
        self._asked.pop(waiting.id, None)

    def fields(self, report: Report, app_id: str) -> Fields:
        """The report's values, by the app's names."""
        if report.fields is not None:
            return report.fields
        if report.parameters is None:
            return Fields()
        return self._known_apps.template_or_default(app_id).fields(report.parameters)

    def _candidates(self, report: Report) -> list[str]:
        return list(self._known_apps.find(report.parameters)) if report.parameters is not None else []

    async def _call(self, waiting: Waiting, report: Report, app_id: str, credential: Credential) -> Result | None:
        """Delivers the report to the app; None: the key does not reach it."""
        fields = self.fields(report, app_id)
        try:
            if report.kind is Kind.REMOVAL:
                outcome = await self._remove(waiting, app_id, fields, credential)
            else:
                outcome = await self._register(waiting, app_id, fields, credential)
        except Incomplete as incomplete:
            if str(incomplete) == PLACEHOLDER_TOKEN:  # nobody holds the token: there is nothing to apply, now or later
                return Result(Outcome.DROPPED, PLACEHOLDER_TOKEN, reached=False)
            return self._unknown(report, str(incomplete))
        except CallFailed as failed:
            return self._failed(waiting, app_id, failed)
        self._learn(waiting, app_id, valid=True)
        return Result(Outcome.DELIVERED, outcome)

    def _failed(self, waiting: Waiting, app_id: str, failed: CallFailed) -> Result | None:
        match failed.failure:
            case Failure.UNAVAILABLE:
                return Result(Outcome.UNAVAILABLE, failed.code, reached=False, detail=failed.detail)
            case Failure.TRANSIENT:
                return Result(Outcome.FAILED, failed.code, detail=failed.detail)
            case Failure.REFUSED:
                return Result(Outcome.DEAD, failed.code, detail=failed.detail)
            case Failure.KEY_WRONG:
                self._learn(waiting, app_id, valid=False)
                return None

    def _learn(self, waiting: Waiting, app_id: str, *, valid: bool) -> None:
        if waiting.credential is not None:
            self._keys.learn(waiting.credential, app_id, valid=valid, now=self._now())

    async def _remove(self, waiting: Waiting, app_id: str, fields: Fields, credential: Credential) -> str:
        report_time = max([waiting.arrived, *self._registrations_before(waiting, app_id, fields)])
        return await self._service.remove_account(remove_account(app_id, fields, report_time), credential)

    def _registrations_before(self, waiting: Waiting, app_id: str, fields: Fields) -> Iterator[int]:
        """The time at which this bridge registered the account, from a report that arrived before the removal.

        The registration was made after the removal arrived, or under a clock that is ahead of ours. Its time must not
        make the removal stale (X3).
        """
        for token in spelled_tokens(fields):
            made = self._registered.get(f"{app_id}\x00{token}")
            if made is None or made.arrived > waiting.arrived:
                continue
            if fields.username in {"", made.username} and fields.selector in {"", made.selector}:
                yield made.registered

    async def _register(self, waiting: Waiting, app_id: str, fields: Fields, credential: Credential) -> str:
        request = register(app_id, fields, self._known_apps.push_apps(app_id), self._hash)
        registered = await self._service.register(request, credential)
        for token in spelled_tokens(fields):
            made = _Registration(fields.username, fields.selector, waiting.arrived, registered)
            self._registered[f"{app_id}\x00{token}"] = made
            self._registered.move_to_end(f"{app_id}\x00{token}")
            if len(self._registered) > _KEPT_REGISTRATIONS:
                self._registered.popitem(last=False)
        await self._service.heartbeat(pb.HeartbeatRequest(key=request.key), credential)
        if request.key.device_id.startswith(DERIVED):
            await self._devices.registered(request, credential, self._now())
        return "REGISTERED"


def spelled_tokens(fields: Fields) -> Iterator[str]:
    """The report's push tokens, each in one spelling."""
    for _, token in tokens(fields):
        yield canonical(token)
