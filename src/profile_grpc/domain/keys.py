"""What is identified: apps' profiles, devices, users, customers, push tokens and their guards."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

SHARED_GUARDS = 1 << 18
"""How many guards the devices, users and tokens of an app share. Two processes rarely change so many devices at once
that two of these share a guard."""


class GuardKey(NamedTuple):
    """A guard of an app or a tenant. `number`: 0 to SHARED_GUARDS - 1, or a guard of a barrier (`domain.barriers`)."""

    app_id: str
    number: int


class Guard(NamedTuple):
    """A row whose revision is bumped by every decision about the profiles of a device or a user.

    It guards all devices and users that map to its number, and contains no data of them.
    """

    key: GuardKey
    revision: int


class DeviceKey(NamedTuple):
    """A device of an app."""

    app_id: str
    device_id: str

    @property
    def guard(self) -> GuardKey:
        """The guard of every decision about the users of the device (R5, R6)."""
        return _guard("device", *self)


class UserKey(NamedTuple):
    """A user of an app."""

    app_id: str
    user_id: str

    @property
    def guard(self) -> GuardKey:
        """The guard of every decision about the user's newest device (R7)."""
        return _guard("user", *self)


@lru_cache(4096)  # a registration names its guards when its rows are loaded and again when it is decided
def _guard(kind: str, app_id: str, identity: str) -> GuardKey:
    return GuardKey(app_id, crc32(f"{kind}\0{identity}".encode()) % SHARED_GUARDS)


class ProfileKey(NamedTuple):
    """The identity of a profile: one user on one device in one app."""

    app_id: str
    user_id: str
    device_id: str

    @property
    def device(self) -> DeviceKey:
        return DeviceKey(self.app_id, self.device_id)

    @property
    def user(self) -> UserKey:
        return UserKey(self.app_id, self.user_id)


class CustomerKey(NamedTuple):
    """A customer of an app."""

    app_id: str
    customer_id: str


class Token(NamedTuple):
    """A push token of an app, normalised, of any provider."""

    app_id: str
    token: str

    @property
    def guard(self) -> GuardKey:
        """The guard of every decision about the device that holds the token (R4)."""
        return _guard("token", *self)


class TokenElsewhere(NamedTuple):
    """A push token on any device except one."""

    app_id: str
    token: str
    device_id: str


class TokenOfUser(NamedTuple):
    """A push token in the profiles of one user."""

    app_id: str
    token: str
    user_id: str
