"""The changes that callers can request, and the values that they give.

A command is declared once, next to its rule: its fields, what it reads, and what it decides. There is no list of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.kinds import PROFILES
from profile_grpc.domain.needs import Needs
from profile_grpc.domain.profile import EMPTY, Channel, Platform, PushPermission
from profile_grpc.domain.push_endpoints import ApnsEnvironment, PushProvider, PushPurpose, WebPushKeys
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import State

ResultT_co = TypeVar("ResultT_co", covariant=True)


class Command(Protocol[ResultT_co]):
    """A requested change, already validated: a frozen record with its rule."""

    @property
    def app_id(self) -> str:
        """The app that it is about, or the tenant: all rows of either are on one shard, and those who wait for either
        take turns.
        """

    @property
    def size(self) -> int:
        """Its size in a batch: the number of profiles or items that it concerns."""

    def needs(self, needs: Needs, settings: AppSettings, /) -> None:
        """Adds the rows that the rule reads."""

    def decide(self, state: State, settings: AppSettings, /) -> ResultT_co:
        """Applies the rule to the state and returns the result.

        Raises:
            Refused: the rule refuses the command; the state has not changed.
        """


class OfOne:
    """A command that is about one profile or account."""

    __slots__ = ()

    @property
    def size(self) -> int:
        return 1


class ReadsNothing(OfOne):
    """A command whose rule reads no row."""

    __slots__ = ()

    def needs(self, _needs: Needs, _settings: AppSettings) -> None:
        return None


class OfProfile(OfOne):
    """A command that names its profile."""

    __slots__ = ()
    key: ProfileKey

    @property
    def app_id(self) -> str:
        return self.key.app_id


class OfProfiles:
    """A command that names some profiles of an app."""

    __slots__ = ()
    keys: tuple[ProfileKey, ...]

    @property
    def size(self) -> int:
        return len(self.keys)


class OnlyOfProfiles(OfProfiles):
    """A command that reads only the profiles that it names."""

    __slots__ = ()

    def needs(self, needs: Needs, _settings: AppSettings) -> None:
        needs.add(PROFILES, *self.keys)


AnyCommand: TypeAlias = Command[Any]


def needs_of(commands: Iterable[tuple[AnyCommand, AppSettings]]) -> Needs:
    """The rows that the commands of a batch read."""
    needs = Needs()
    for command, settings in commands:
        command.needs(needs, settings)
    return needs


AttributeValue: TypeAlias = str | bool | datetime | None


class NewEndpoint(NamedTuple):
    """A push endpoint as a caller gives it; the token is normalised."""

    provider: PushProvider
    token: str
    push_app_id: str = ""
    purpose: PushPurpose = PushPurpose.DEFAULT
    web_push: WebPushKeys | None = None
    """None: keep the keys that are stored with the same token, if any (R10)."""
    apns_environment: ApnsEnvironment = ApnsEnvironment.UNSPECIFIED
    """UNSPECIFIED: the environment in the app's settings (R11)."""


class ProfilePatch(NamedTuple):
    """The values that a caller gives for a profile. None, or a name that is missing in a mapping, keeps the stored
    value (R1, U1).
    """

    platform: Platform | None = None
    channels: frozenset[Channel] | None = None
    """Empty: the app's channels."""
    push_endpoints: tuple[NewEndpoint, ...] = ()
    replace_push_endpoints: bool = False
    """Whether the endpoints replace all stored endpoints; otherwise they replace those of the same purposes (R3)."""
    push_permission: PushPermission | None = None
    attributes: Mapping[str, AttributeValue] = EMPTY
    """By the field's name in `Attributes`; None removes. The two attribute maps are not in here."""
    device_attributes: Mapping[str, str] = EMPTY
    remove_device_attributes: frozenset[str] = frozenset()
    custom_attributes: Mapping[str, str] = EMPTY
    remove_custom_attributes: frozenset[str] = frozenset()
    replace_custom_attributes: bool = False

    @property
    def touches_tokens(self) -> bool:
        """Whether the profile may contain other tokens afterwards."""
        return bool(self.push_endpoints) or self.replace_push_endpoints


EMPTY_PATCH = ProfilePatch()
"""Changes nothing."""
