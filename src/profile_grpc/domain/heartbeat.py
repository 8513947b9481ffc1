"""Heartbeats (H1-H4)."""

from __future__ import annotations

from profile_grpc.domain import presence, stamps
from profile_grpc.domain.commands import Heartbeat
from profile_grpc.domain.model import ProfileStatus
from profile_grpc.domain.needs import Needs
from profile_grpc.domain.results import Beat
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import State


def heartbeat_needs(needs: Needs, command: Heartbeat) -> None:
    needs.beats.add(command.key)


def heartbeat(state: State, command: Heartbeat, settings: AppSettings) -> Beat:
    """The installation is alive now (H1). Never creates a profile, never goes backwards.

    Raises:
        Refused: REREGISTER_REQUIRED or PROFILE_UNREGISTERED (H2).
    """
    known = state.liveness(command.key)
    if known is None:
        raise presence.reregister_required(state, command.key)
    if known.status is ProfileStatus.UNREGISTERED:
        raise presence.profile_unregistered(command.key)
    last = known.last_heartbeat_time
    mad = state.count_active(command.key, known.mad)
    # A young heartbeat need not be written again (H3), unless the activity was counted (M1).
    young = last is not None and state.now - last < settings.heartbeat_granularity
    if last is None or not young or mad is not known.mad:
        last = stamps.forward(state.now, last)
        state.beat(command.key, last, mad)
    return Beat(
        last_heartbeat_time=last,
        expire_time=last + settings.inactivity_period,
        next_heartbeat_after=settings.heartbeat_interval,
    )
