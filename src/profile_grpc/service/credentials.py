"""API keys: how they are made, read and checked."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.hashing import Hasher
from profile_grpc.service.directory_ports import KeyKind, StoredKey
from profile_grpc.service.ids import random_id

HEADER = "x-api-key"
APP_KINDS = frozenset({KeyKind.BRIDGE, KeyKind.CLIENT})
_FORM = re.compile(r"apk_([a-z0-9]{12})_([A-Za-z0-9_-]{43})\Z")
_ID_LENGTH = 12
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller: the kind and the scope of its key."""

    kind: KeyKind
    tenant_id: str
    app_id: str = ""
    """The one app it reaches, or empty: every app of its tenant."""
    key_id: str = field(default="", compare=False)
    """The key, or empty: nobody's. It names the caller, and decides nothing about what the caller may do."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """The key to create."""

    kind: KeyKind
    tenant_id: str
    app_id: str = ""
    label: str = ""
    expire_time: datetime | None = None


def issue(wanted: NewKey, hasher: Hasher, now: datetime) -> tuple[StoredKey, str]:
    """A new key and its text, which is shown only once: `apk_<key id>_<256 random bits>`.

    Raises:
        Refused: INVALID_REQUEST; it would end before it begins.
    """
    if wanted.expire_time is not None and wanted.expire_time <= now:
        description = "must be in the future"
        raise Refused.for_field(Reason.INVALID_REQUEST, f"expire_time {description}.", "expire_time", description)
    key_id = random_id(_ID_LENGTH)
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    stored = StoredKey(
        key_id,
        hasher.secret(secret),
        wanted.kind,
        wanted.tenant_id,
        wanted.app_id,
        now,
        label=wanted.label,
        expire_time=wanted.expire_time,
    )
    return stored, f"apk_{key_id}_{secret}"


def parse(key: str) -> tuple[str, str] | None:
    """The id and the secret of a key's text, or None if it is not a key."""
    match = _FORM.match(key)
    return (match[1], match[2]) if match else None


def missing() -> Refused:
    """The call has no key."""
    return Refused.about(
        Reason.CREDENTIAL_MISSING, "The call carries no credential; send a key as {header!r} metadata.", header=HEADER
    )


def invalid() -> Refused:
    """The key is unknown, malformed, revoked or expired; the caller does not learn which."""
    return Refused.about(
        Reason.CREDENTIAL_INVALID, "The key in {header!r} is not valid; check it, or create a new one.", header=HEADER
    )
