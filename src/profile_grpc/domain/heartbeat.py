"""Heartbeats (H1-H4)."""

from __future__ import annotations

from dataclasses import dataclass

from profile_grpc.domain import presence, stamps
from profile_grpc.domain.commands import OfProfile
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.kinds import BEATS
from profile_grpc.domain.needs import Needs
from profile_grpc.domain.profile import ProfileStatus
from profile_grpc.domain.results import Beat
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import State


@dataclass(frozen=True, slots=True)
class Heartbeat(OfProfile):
    """The installation is alive (H1-H4)."""

    key: ProfileKey

    def needs(self, needs: Needs, _settings: AppSettings) -> None:
        needs.add(BEATS, self.key)

    def decide(self, state: State, settings: AppSettings) -> Beat:
        """Records that the installation is alive now (H1). Never creates a profile and never moves the time back.

        Raises:
            Refused: REREGISTER_REQUIRED or PROFILE_UNREGISTERED (H2).
        """
        known = state.liveness(self.key)
        if known is None:
            raise presence.reregister_required(state, self.key)
        if known.status is ProfileStatus.UNREGISTERED:
            raise presence.profile_unregistered(self.key)
        last = known.last_heartbeat_time
        mad = state.count_active(self.key, known.mad)
        # If the stored heartbeat is recent, this one need not be written (H3), unless the activity was counted (M1).
        young = last is not None and state.now - last < settings.heartbeat_granularity
        if last is None or not young or mad is not known.mad:
            last = stamps.forward(state.now, last)
            state.beat(self.key, last, mad)
        return Beat(
            last_heartbeat_time=last,
            expire_time=last + settings.inactivity_period,
            next_heartbeat_after=settings.heartbeat_interval,
        )
