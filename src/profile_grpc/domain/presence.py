"""The refusals for commands whose profile is missing or unregistered (H2)."""

from __future__ import annotations

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import Profile, ProfileStatus
from profile_grpc.domain.state import State


def reregister_required(state: State, key: ProfileKey) -> Refused:
    """The refusal if the profile does not exist. The tombstone, if any, has the cause (H2)."""
    tombstone = state.history(key).tombstone
    cause = tombstone.reason.value if tombstone else "UNKNOWN"
    return Refused(
        Reason.REREGISTER_REQUIRED,
        f"There is no such profile in app {key.app_id!r} (cause: {cause}); register the device again.",
        metadata={"app_id": key.app_id, "cause": cause},
    )


def profile_not_found(app_id: str) -> Refused:
    """The refusal if the profile does not exist, for methods that do not show activity (H2)."""
    return Refused(
        Reason.PROFILE_NOT_FOUND,
        f"There is no such profile in app {app_id!r}; check the user id and the device id.",
        metadata={"app_id": app_id},
    )


def profile_unregistered(key: ProfileKey) -> Refused:
    """The refusal if the profile exists but is signed out (H2)."""
    return Refused(
        Reason.PROFILE_UNREGISTERED,
        f"The profile in app {key.app_id!r} is unregistered; register the device again.",
        metadata={"app_id": key.app_id},
    )


def present(state: State, key: ProfileKey) -> Profile:
    """The profile, which must be registered.

    Raises:
        Refused: REREGISTER_REQUIRED or PROFILE_UNREGISTERED (H2).
    """
    profile = state.profile(key)
    if profile is None:
        raise reregister_required(state, key)
    if profile.status is ProfileStatus.UNREGISTERED:
        raise profile_unregistered(key)
    return profile
