"""UpdateProfileData (U1-U5)."""

from __future__ import annotations

from profile_grpc.domain import ownership, patching, presence
from profile_grpc.domain.commands import UpdateProfileData
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.model import EventType
from profile_grpc.domain.needs import Needs
from profile_grpc.domain.results import Updated
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import State


def update_profile_data_needs(needs: Needs, command: UpdateProfileData, hasher: Hasher) -> None:
    (needs.profiles if command.patch.touches_tokens else needs.patched).add(command.key)
    needs.tokens.update(hasher.token(command.key.app_id, e.token) for e in command.patch.push_endpoints)


def update_profile_data(state: State, command: UpdateProfileData, settings: AppSettings) -> Updated:
    """Patches a registered profile; its tokens are claimed as in a registration (R4), push is not restored (R7).

    Raises:
        Refused: REREGISTER_REQUIRED, PROFILE_UNREGISTERED (H2), ETAG_MISMATCH (U3), CHANNEL_NOT_ENABLED (R9) or
            INVALID_ATTRIBUTE (U1, U4, U5); nothing has changed then.
    """
    known = presence.present(state, command.key)
    if command.etag and command.etag != known.etag:
        raise Refused(
            Reason.ETAG_MISMATCH,
            f"The profile in app {known.key.app_id!r} has changed since it was read; read it again, then repeat.",
            metadata={"app_id": known.key.app_id},
        )
    profile, ignored = patching.apply(known, command.patch, settings, state.now)
    profile = profile._replace(mad=state.count_active(known.key, known.mad))
    if known.push_permission is not profile.push_permission:
        state.tell(EventType.PUSH_PERMISSION_CHANGED, profile.key, profile.push_permission.name)
    if not command.patch.touches_tokens:
        return Updated(state.put(profile), ignored, ())
    displaced = tuple(ownership.claim_tokens(state, profile))
    profile = state.put(profile)
    if state.token_keys(known) != state.token_keys(profile):
        state.tell(EventType.PUSH_TOKEN_CHANGED, profile.key)
    return Updated(profile, ignored, displaced)
