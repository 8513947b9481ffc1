"""Commands about very many profiles, carried out in slices that other calls need not wait for (R14).

A slice is the same rule on some of the profiles, in a transaction of its own. The slices find what the command would
have found when they began. Profiles that are added later are not included.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from profile_grpc.domain.commands import AnyCommand, Command, OfProfiles
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.kinds import PROFILES, RowKind, TallyKind
from profile_grpc.domain.needs import Needs
from profile_grpc.domain.profile import Profile
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import State

ResultT = TypeVar("ResultT")


@runtime_checkable
class Sliceable(Command[Any], Protocol):
    """A command that can be carried out in slices."""

    def parts(self) -> Sequence[Sliceable]:
        """Smaller commands that together do the same; only itself, if it concerns one thing."""

    def witnesses(self, profiles: Iterable[Profile]) -> Sequence[ProfileKey]:
        """Those of the profiles that every slice must see."""

    def resolved(self, witnesses: Iterable[Profile]) -> Sliceable:
        """Itself, with the data of the witnesses before the first slice changes them."""

    def joined(self, results: Sequence[Any]) -> object:
        """The result of all parts, or of all slices."""


class InOnePart:
    """A command about one thing. Each of its slices needs only its own profiles."""

    __slots__ = ()

    def parts(self) -> Sequence[Any]:
        return (self,)

    def witnesses(self, _profiles: Iterable[Profile]) -> Sequence[ProfileKey]:
        return ()

    def resolved(self, _witnesses: Iterable[Profile]) -> Any:  # noqa: ANN401 - the command that this is a part of
        return self


@runtime_checkable
class PrecededBySlices(Command[Any], Protocol):
    """A command that is executed as a whole, after slices have changed very many other profiles."""

    def clear(self, keys: Sequence[ProfileKey]) -> AnyCommand:
        """The command that changes these other profiles before it is executed."""


@dataclass(frozen=True, slots=True)
class Slice(OfProfiles, Generic[ResultT]):
    """A command's rule applied to some of the profiles that it concerns."""

    whole: Command[ResultT]
    keys: tuple[ProfileKey, ...]

    @property
    def app_id(self) -> str:
        return self.whole.app_id

    def needs(self, needs: Needs, settings: AppSettings) -> None:
        own = Needs()
        self.whole.needs(own, settings)
        for what, keys in own.requested.items():
            if isinstance(what, RowKind | TallyKind):
                needs.add(what, *keys)
        needs.add(PROFILES, *self.keys)
        needs.reports |= own.reports

    def decide(self, state: State, settings: AppSettings) -> ResultT:
        return self.whole.decide(state, settings)
