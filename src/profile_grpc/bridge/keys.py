"""The keys of reports: which are valid, and how they are stored encrypted across restarts (X1)."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from typing import NamedTuple

from profile_grpc.bridge.availability import Availability
from profile_grpc.bridge.report import MICROSECONDS
from profile_grpc.bridge.service_client import CallFailed, Credential, Failure, ServiceClient
from profile_grpc.bridge.spool.spool import Spool
from profile_grpc.sealing import CannotOpen, same
from profile_grpc.telemetry.tracing import TraceContext

_SENDABLE = re.compile(r"[!-~]{1,512}\Z")
_KEPT = 100_000
WRONG_FOR = 600 * MICROSECONDS
"""How long a key counts as wrong before it is checked again: the service may have been misconfigured."""


class ReportKey(NamedTuple):
    """The key of a report."""

    key: str
    verifier: bytes
    """A keyed hash: it identifies the key and does not reveal it."""
    sealed: bytes


class Verdict(NamedTuple):
    """The service's verdict on a key in an app."""

    verifier: bytes
    valid: bool
    time: int


class Keys:
    """The known keys. The spool stores verdicts by verifier, and encrypted keys while reports need them."""

    def __init__(self, spool: Spool, service: ServiceClient, availability: Availability, *, timeout: float) -> None:
        """`timeout`: seconds that a report may wait for the service's verdict on an unknown key."""
        self._spool = spool
        self._service = service
        self._availability = availability
        self._timeout = timeout
        self._prepared: OrderedDict[bytes, ReportKey] = OrderedDict()
        self._verdicts: OrderedDict[tuple[bytes, str], Verdict] = OrderedDict()
        self._asking: dict[tuple[bytes, str], asyncio.Task[bool | None]] = {}
        for verifier, app_id, valid, time in spool.verdicts():
            self._verdicts[verifier, app_id] = Verdict(verifier, valid, time)

    def prepare(self, key: str) -> ReportKey | None:
        """The key in the form that is stored, or None: it does not have the form of a key."""
        verifier = self._spool.sealer.hash(b"key\x00" + key.encode(errors="surrogatepass"))
        found = self._prepared.get(verifier)
        if found is None:
            if not _SENDABLE.match(key):
                return None
            found = ReportKey(key, verifier, self._spool.sealer.seal(key.encode()))
            self._prepared[verifier] = found
            if len(self._prepared) > _KEPT:
                self._prepared.popitem(last=False)
        return found

    def verdict(self, verifier: bytes, app_id: str, now: int) -> bool | None:
        """Whether the key is valid for the app; None: not known, or "wrong" is too old or of a wrong clock."""
        found = self._verdicts.get((verifier, app_id))
        if found is None or not same(found.verifier, verifier):
            return None
        return found.valid if found.valid or abs(now - found.time) < WRONG_FOR else None

    def known_wrong(self, verifier: bytes, app_id: str) -> bool:
        """Whether the service's last verdict was "wrong", however long ago."""
        found = self._verdicts.get((verifier, app_id))
        return found is not None and not found.valid

    async def ask(self, key: ReportKey, app_id: str, trace: TraceContext, now: int) -> bool | None:
        """Requests the service's verdict; None: it cannot be reached. Reports with the same key share the call."""
        question = (key.verifier, app_id)
        task = self._asking.get(question)
        if task is None:
            task = asyncio.create_task(self._ask(key, app_id, trace, now))
            self._asking[question] = task
            task.add_done_callback(lambda _: self._asking.pop(question, None))
        return await asyncio.shield(task)

    async def _ask(self, key: ReportKey, app_id: str, trace: TraceContext, now: int) -> bool | None:
        try:
            valid = await self._service.valid(app_id, Credential(key.key, trace), self._timeout)
        except CallFailed as failed:
            if failed.failure is Failure.UNAVAILABLE:
                self._availability.failed(asyncio.get_running_loop().time(), failed.code, failed.detail)
            return None
        self.learn(key.verifier, app_id, valid=valid, now=now)
        return valid

    def learn(self, verifier: bytes, app_id: str, *, valid: bool, now: int) -> None:
        """Stores the service's verdict."""
        before = self._verdicts.pop((verifier, app_id), None)
        self._verdicts[verifier, app_id] = Verdict(verifier, valid, now)
        if before is None or before.valid != valid or not valid:
            self._spool.put_verdict(verifier, app_id, valid=valid, now=now)
        if len(self._verdicts) > _KEPT:
            question, oldest = self._verdicts.popitem(last=False)
            if oldest.valid:  # a flood of wrong keys must not displace the valid ones
                self._verdicts[question] = oldest

    async def reveal(self, verifier: bytes) -> str | None:
        """The key with that verifier, for delivering a report; None: it is no longer stored."""
        key = self._prepared.get(verifier)
        if key is not None:
            return key.key
        sealed = await self._spool.sealed_key(verifier)
        if sealed is None:
            return None
        try:
            return self._spool.sealer.open(sealed).decode()
        except CannotOpen:
            return None
