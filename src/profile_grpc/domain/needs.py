"""What a command reads before it can be decided, so that a batch can load it all at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from profile_grpc.domain.model import (
    DeviceKey,
    History,
    Liveness,
    Profile,
    ProfileKey,
    TokenGuard,
    TokenRef,
    UserKey,
)


class CustomerKey(NamedTuple):
    """A customer of an app."""

    app_id: str
    customer_id: str


@dataclass(slots=True)
class Needs:
    """The rows a batch of commands reads."""

    beats: set[ProfileKey] = field(default_factory=set)
    """Profiles of which the liveness is enough."""
    profiles: set[ProfileKey] = field(default_factory=set)
    """Whole profiles. A missing one is loaded with its history."""
    patched: set[ProfileKey] = field(default_factory=set)
    """The same of profiles that stay and keep their tokens, whose guards are then not needed."""
    devices: set[DeviceKey] = field(default_factory=set)
    """Every profile of the device."""
    users: set[UserKey] = field(default_factory=set)
    """Every profile of the user."""
    customers: set[CustomerKey] = field(default_factory=set)
    """Every profile linked with the customer."""
    tokens: set[TokenRef] = field(default_factory=set)
    """The token's guards, and every profile of the devices that own it."""
    guards: set[int] = field(default_factory=set)
    """The guards of devices and users about whose profiles something is decided."""


@dataclass(slots=True)
class Rows:
    """What was loaded for `needs`.

    Guards must be read before the profiles they guard: then a profile that changed in between is a guard that no
    longer matches, and the write is refused. Besides, the rows hold the guards of the tokens that every loaded profile
    holds, unless `needs.patched` alone asks for it, so that any of them can be changed or deleted.
    """

    needs: Needs
    beats: Iterable[Liveness] = ()
    profiles: Iterable[Profile] = ()
    guards: Mapping[int, int] = field(default_factory=dict)
    """The revisions of those guards that are there."""
    token_guards: Iterable[TokenGuard] = ()
    histories: Mapping[ProfileKey, History] = field(default_factory=dict)
    """Of every key in `needs.profiles`, `needs.patched` and `needs.beats` that has no profile."""
