"""Takes one report to the service, with its own key: the service alone decides what a key may do."""

from __future__ import annotations

import enum
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from appprofile.v1 import profile_service_pb2 as pb
from profile_grpc.bridge.http.parameters import Kind, Sent
from profile_grpc.bridge.keys import Keys
from profile_grpc.bridge.known_apps import KnownApps
from profile_grpc.bridge.report import UNKNOWN_PUSH_APP, Incomplete, Report, canonical, register, remove_account
from profile_grpc.bridge.service import CallFailed, Credential, Failure, Service
from profile_grpc.bridge.spool.records import Waiting
from profile_grpc.bridge.templates import Fields

_KEPT_REGISTRATIONS = 100_000


class Fate(enum.Enum):
    """What becomes of a report that was tried."""

    DELIVERED = "delivered"
    DROPPED = "dropped"
    DEAD = "dead"
    AGAIN = "again"
    """The service failed over it: again, after a growing pause."""
    LATER = "later"
    """Something is not known yet: again in a moment."""
    DOWN = "down"
    """Nobody was reached: again when the service is back."""


class Result(NamedTuple):
    """What becomes of a report, and why."""

    fate: Fate
    reason: str
    reached: bool = True
    """Whether the service answered."""


class _Registration(NamedTuple):
    """A registration that this process made of a token report."""

    username: str
    selector: str
    arrived: int
    registered: int


class Courier:
    """Applies reports, one at a time for each account."""

    def __init__(self, service: Service, keys: Keys, known_apps: KnownApps, now: Callable[[], int]) -> None:
        """`now` answers microseconds since 1970."""
        self._service = service
        self._keys = keys
        self._known_apps = known_apps
        self._now = now
        self._registered: OrderedDict[str, _Registration] = OrderedDict()
        self._asked: dict[int, int] = {}
        """The reading of the apps that had begun when a report was found to need what they do not tell: by number."""

    async def apply(self, waiting: Waiting, report: Report) -> Result:
        """Calls the service as the report says."""
        directory = self._known_apps
        if directory.expected and not directory.fetched and report.fields is None:
            return self._unknown(waiting, "NO_DIRECTORY")
        candidates = [report.app_id] if report.app_id else self._candidates(report)
        if not candidates:
            return self._unknown(waiting, "UNKNOWN_APP")
        key = ""
        if waiting.credential is not None:
            key = await self._keys.reveal(waiting.credential) or ""
            if not key:
                return Result(Fate.DEAD, "KEY_LOST", reached=False)
        for app_id in candidates:
            result = await self._call(waiting, report, app_id, Credential(key, waiting.trace))
            if result is not None:
                return result
        # The service says no to the key. Reports of a key that was right once are an operator's to judge (it was
        # revoked, or the service is set up anew); those of any other never counted (X1).
        if waiting.proven or waiting.credential is None:
            return Result(Fate.DEAD, "KEY_REFUSED")
        return Result(Fate.DROPPED, "KEY_WRONG")

    def _unknown(self, waiting: Waiting, reason: str) -> Result:
        """Dead, but not before the apps were read once since the report came: an owner may have just set it up."""
        directory = self._known_apps
        known = not directory.expected or directory.fetched > waiting.arrived
        if not known and directory.answered <= self._asked.setdefault(waiting.id, directory.begun):
            directory.wanted()
            return Result(Fate.LATER, reason, reached=False)
        return Result(Fate.DEAD, reason, reached=False)

    def leave(self, waiting: Waiting) -> None:
        """The report is not to be tried any more, or will be read anew."""
        self._asked.pop(waiting.id, None)

    def fields(self, report: Report, app_id: str) -> Fields:
        """The report's values, by the app's names."""
        if report.fields is not None:
            return report.fields
        if report.parameters is None:
            return Fields()
        return self._known_apps.template_or_default(app_id).fields(report.parameters)

    def _candidates(self, report: Report) -> list[str]:
        return list(self._known_apps.find(Sent("", report.parameters))) if report.parameters is not None else []

    async def _call(self, waiting: Waiting, report: Report, app_id: str, credential: Credential) -> Result | None:
        """Delivers the report to the app; None: the key does not reach it."""
        fields = self.fields(report, app_id)
        try:
            if report.kind is Kind.REMOVAL:
                outcome = await self._remove(waiting, app_id, fields, credential)
            else:
                outcome = await self._register(waiting, app_id, fields, credential)
        except Incomplete as incomplete:
            reason = str(incomplete)
            if reason == UNKNOWN_PUSH_APP:
                return self._unknown(waiting, reason)
            return Result(Fate.DEAD, reason, reached=False)
        except CallFailed as failed:
            return self._failed(waiting, app_id, failed)
        self._learn(waiting, app_id, valid=True)
        return Result(Fate.DELIVERED, outcome)

    def _failed(self, waiting: Waiting, app_id: str, failed: CallFailed) -> Result | None:
        match failed.failure:
            case Failure.DOWN:
                return Result(Fate.DOWN, failed.code, reached=False)
            case Failure.TRANSIENT:
                return Result(Fate.AGAIN, failed.code)
            case Failure.REFUSED:
                return Result(Fate.DEAD, failed.code)
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
        """When the account was registered by this bridge from a report that came before the removal.

        Such a registration was made after the removal arrived, or by a clock that is ahead of ours: its time must not
        make the removal look late (X3).
        """
        for token in tokens(fields):
            made = self._registered.get(f"{app_id}\x00{token}")
            if made is None or made.arrived > waiting.arrived:
                continue
            if fields.username in {"", made.username} and fields.selector in {"", made.selector}:
                yield made.registered

    async def _register(self, waiting: Waiting, app_id: str, fields: Fields, credential: Credential) -> str:
        request = register(app_id, fields, self._known_apps.push_apps(app_id))
        registered = await self._service.register(request, credential)
        for token in tokens(fields):
            made = _Registration(fields.username, fields.selector, waiting.arrived, registered)
            self._registered[f"{app_id}\x00{token}"] = made
            self._registered.move_to_end(f"{app_id}\x00{token}")
            if len(self._registered) > _KEPT_REGISTRATIONS:
                self._registered.popitem(last=False)
        await self._service.heartbeat(pb.HeartbeatRequest(key=request.key), credential)
        return "REGISTERED"


def tokens(fields: Fields) -> Iterator[str]:
    """The report's push tokens, each in one spelling."""
    for token in (fields.token_calls, fields.token_msgs):
        if token:
            yield canonical(token)
