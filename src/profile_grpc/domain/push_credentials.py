"""Push credentials: what may be shown of each, which is current, and when its owner is reminded (K)."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Protocol, TypeVar

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.profile import Platform
from profile_grpc.domain.push_endpoints import ApnsEnvironment
from profile_grpc.domain.stamps import MAX_AHEAD

MAX_CREDENTIALS = 100
"""Of one app, superseded and expired ones included."""
REMINDER_DAYS = (30, 15, 7, 3, 2, 1, -1, -7)
"""How many days before the expiry its owner is reminded; negative: after it (K4)."""


class CredentialKind(enum.IntEnum):
    """What a credential is (K1); the contract's numbers."""

    FCM_SERVICE_ACCOUNT = 1
    APNS_TOKEN_KEY = 2
    APNS_CERTIFICATE = 3
    SAFARI_CERTIFICATE = 4
    VAPID_KEY = 5
    HMS_APP = 6

    def can_follow(self, other: CredentialKind) -> bool:
        """Whether it can be a newer version of a credential of the other kind: the same provider takes both."""
        return self is other or {self, other} == {CredentialKind.APNS_TOKEN_KEY, CredentialKind.APNS_CERTIFICATE}


class CredentialState(enum.IntEnum):
    """Which version of a name a sender uses (K1); the contract's numbers."""

    CURRENT = 1
    SUPERSEDED = 2
    EXPIRED = 3


@dataclass(frozen=True, slots=True)
class PublicPart:
    """What may be shown of a credential (K3). Empty: it has none of the kind."""

    kind: CredentialKind
    fingerprint: str
    """SHA-256 of the certificate or of the public key in DER, hexadecimal; of an HMS app a keyed hash."""
    subject: str = ""
    topic: str = ""
    environment: ApnsEnvironment = ApnsEnvironment.UNSPECIFIED
    expire_time: datetime | None = None
    key_id: str = ""
    team_id: str = ""
    project_id: str = ""
    public_key: str = ""
    """Of a VAPID key: base64url without padding."""
    site_name: str = ""
    site_url: str = ""
    icon_url: str = ""
    icon_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """A credential that can be used."""

    public: PublicPart
    private: bytes = field(repr=False)
    """What a sender needs, as JSON; no password."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """The last reminder of an expiry."""

    days: int
    """One of REMINDER_DAYS."""
    time: datetime
    mailed: bool
    """Whether its e-mail was sent, or there was nothing to send."""


@dataclass(frozen=True, slots=True)
class PushCredential:
    """One version of a credential, as stored."""

    app_id: str
    credential_id: str
    name: str
    """Its name within the app; versions have the same name."""
    version: int
    """Counts the versions of its name from 1."""
    platforms: tuple[Platform, ...]
    """The platforms that it serves; empty: every one."""
    push_app_ids: tuple[str, ...]
    """The push app ids that it serves; empty: every one."""
    public: PublicPart
    sealed: str
    """The private part, encrypted (K2)."""
    create_time: datetime
    reminder: Reminder | None = None
    revision: int = 0

    @property
    def expire_time(self) -> datetime | None:
        """When push providers begin to refuse it; None: never."""
        return self.public.expire_time

    def expired(self, now: datetime) -> bool:
        """Whether push providers refuse it."""
        return self.expire_time is not None and self.expire_time <= now


@dataclass(frozen=True, slots=True)
class Described:
    """A credential and its state at a time."""

    credential: PushCredential
    state: CredentialState


class Version(Protocol):
    """One version of a name of an app."""

    @property
    def app_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def expire_time(self) -> datetime | None: ...


VersionT = TypeVar("VersionT", bound=Version)


def describe(credentials: Iterable[PushCredential], now: datetime) -> Sequence[Described]:
    """An app's credentials by name, the newest version first, each with its state: the newest valid one of a name is
    CURRENT (K1).
    """
    ordered = sorted(credentials, key=lambda one: (one.name, -one.version))
    found = []
    for _, versions in groupby(ordered, key=lambda one: one.name):
        current = False
        for one in versions:
            if one.expired(now):
                state = CredentialState.EXPIRED
            else:
                state = CredentialState.SUPERSEDED if current else CredentialState.CURRENT
                current = True
            found.append(Described(one, state))
    return found


def current(credentials: Iterable[PushCredential], kind: CredentialKind, now: datetime) -> PushCredential | None:
    """The newest CURRENT credential of the kind, if the app has one."""
    found = [
        one.credential
        for one in describe(credentials, now)
        if one.state is CredentialState.CURRENT and one.credential.public.kind is kind
    ]
    return max(found, key=lambda one: (one.create_time, one.credential_id), default=None)


def in_use(versions: Iterable[VersionT], now: datetime) -> Sequence[VersionT]:
    """Of each name the CURRENT version or, when every version has expired, the one that expired last (K4)."""
    by_name: defaultdict[tuple[str, str], list[VersionT]] = defaultdict(list)
    for one in versions:
        by_name[one.app_id, one.name].append(one)
    return [_in_use(of_name, now) for of_name in by_name.values()]


def _in_use(versions: Sequence[VersionT], now: datetime) -> VersionT:
    valid = [one for one in versions if one.expire_time is None or one.expire_time > now]
    if valid:
        return max(valid, key=lambda one: one.version)
    return max(versions, key=lambda one: one.expire_time or now)


def due_reminder(credential: PushCredential, now: datetime) -> int | None:
    """The reminder that is due for a credential in use, one of REMINDER_DAYS, or None (K4).

    The latest one whose time has come, unless it, or a later one, was sent. One that was sent under a clock more than a
    day ahead does not count.
    """
    expire_time = credential.expire_time
    if expire_time is None:
        return None
    # Not `expire_time - timedelta(days=days)`: certificates without an end have the last second of the year 9999.
    come = [days for days in REMINDER_DAYS if expire_time - now <= timedelta(days=days)]
    if not come:
        return None
    sent = credential.reminder
    if sent is not None and sent.days <= come[-1] and sent.time <= now + MAX_AHEAD:
        return None
    return come[-1]


FIRST_REMINDER = timedelta(days=max(REMINDER_DAYS))
"""How long before an expiry the first reminder is due."""

KIND_NAMES: Mapping[CredentialKind, str] = {
    CredentialKind.FCM_SERVICE_ACCOUNT: "Firebase service account",
    CredentialKind.APNS_TOKEN_KEY: "APNs token signing key",
    CredentialKind.APNS_CERTIFICATE: "APNs certificate",
    CredentialKind.SAFARI_CERTIFICATE: "Safari push certificate",
    CredentialKind.VAPID_KEY: "VAPID key",
    CredentialKind.HMS_APP: "HMS app",
}
"""For people."""


def invalid(problem: str, field_name: str, description: str) -> Refused:
    """PUSH_CREDENTIAL_INVALID. `problem`: as the contract lists them; `description`: a clause that says what to do."""
    message = f"The push credential cannot be used ({problem}): {description}."
    return Refused.for_field(Reason.PUSH_CREDENTIAL_INVALID, message, field_name, description, problem=problem)
