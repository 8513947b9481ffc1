"""Opens uploads in a process of their own: `python -m profile_grpc.service.push_credentials.checking`.

A file says itself how much work it takes to open: by millions of rounds of key derivation, or by a huge key. The
library does that work while it holds Python's lock, so no other call would be served meanwhile. The process gets the
upload on standard input, so that no list of processes shows it, and none of this program's variables. It has a limit of
memory and of time, and leaves no core file, which would hold the upload.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from contextlib import suppress
from datetime import datetime
from typing import Any, get_args

import msgspec

from profile_grpc.domain.errors import FieldViolation, Reason, Refused
from profile_grpc.domain.push_credentials import Checked, invalid
from profile_grpc.service.push_credentials.certificates import ApnsCertificate, SafariCertificate
from profile_grpc.service.push_credentials.keys import ApnsTokenKey, FcmServiceAccount, HmsApp, VapidKey

Upload = FcmServiceAccount | ApnsTokenKey | ApnsCertificate | SafariCertificate | VapidKey | HmsApp
"""Each has `check`, which takes up to a second, and whose refusals hold nothing of the private part."""
_UPLOADS: dict[str, type[Any]] = {one.__name__: one for one in get_args(Upload)}
LIMIT = 15.0
"""Seconds that a check may take."""
MEMORY = 512 << 20
"""Bytes of address space that a check may take. Key derivation by scrypt takes as much as the file says."""
_PREFIX = "PROFILE_GRPC_"


class _Order(msgspec.Struct):
    kind: str
    upload: msgspec.Raw
    now: datetime


class _Answer(msgspec.Struct):
    checked: Checked | None = None
    reason: str = ""
    message: str = ""
    metadata: dict[str, str] = {}
    violations: tuple[FieldViolation, ...] = ()


async def check(upload: Upload, now: datetime, limit: float = LIMIT) -> Checked:
    """Opens an upload in a process of its own, within a time limit in seconds. The caller limits how many at a time.

    Raises:
        Refused: PUSH_CREDENTIAL_INVALID, LEGACY_CREDENTIAL.
    """
    kind = type(upload).__name__
    order = msgspec.json.encode(_Order(kind, msgspec.Raw(msgspec.json.encode(upload)), now))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        __name__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if not name.startswith(_PREFIX)},
    )
    try:
        async with asyncio.timeout(limit):
            output, _ = await process.communicate(order)
    except TimeoutError:
        raise invalid("UNREADABLE", "material", f"it cannot be opened within {limit:g} s") from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if (process.returncode or 0) < 0:  # a signal has ended it
        raise _too_much()
    if process.returncode:
        msg = f"the check of a {kind} has failed with status {process.returncode}"
        raise RuntimeError(msg)
    return _read(output)


def _read(output: bytes) -> Checked:
    answer = msgspec.json.decode(output, type=_Answer)
    if answer.checked is None:
        raise Refused(Reason(answer.reason), answer.message, metadata=answer.metadata, violations=answer.violations)
    return answer.checked


def _too_much() -> Refused:
    return invalid("UNREADABLE", "material", "it is damaged, or takes too much work to open")


def _limit() -> None:
    """Limits this process. CPU time also where its parent has ended, and cannot end it any more."""
    seconds = int(LIMIT) + 1
    for what, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # a lower limit is in force
            resource.setrlimit(what, (most, most))


def _refusal(refused: Refused) -> _Answer:
    return _Answer(None, refused.reason, refused.message, refused.metadata, refused.violations)


def main() -> None:
    _limit()
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=_Order)
    upload: Upload = msgspec.json.decode(order.upload, type=_UPLOADS[order.kind])
    try:
        output = msgspec.json.encode(_Answer(upload.check(order.now)))
    except Refused as refused:
        output = msgspec.json.encode(_refusal(refused))
    except Exception:  # noqa: BLE001 - the library raises many things because of what is in a file
        output = msgspec.json.encode(_refusal(_too_much()))
    sys.stdout.buffer.write(output)


if __name__ == "__main__":
    main()
