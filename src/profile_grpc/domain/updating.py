"""UpdateProfileData (U1-U5)."""

from __future__ import annotations

from dataclasses import dataclass

from profile_grpc.domain import call_order, linking, ownership, patching, presence
from profile_grpc.domain.commands import OfProfile, ProfilePatch
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.events import EventType
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.kinds import PROFILES
from profile_grpc.domain.needs import Needs
from profile_grpc.domain.ordered_calls import CallMethod, OrderedCall
from profile_grpc.domain.profile import Profile
from profile_grpc.domain.results import Displacement, Updated
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import State


@dataclass(frozen=True, slots=True)
class UpdateProfileData(OfProfile):
    """Patch the profile (U1-U5)."""

    key: ProfileKey
    patch: ProfilePatch
    etag: str = ""
    sequence: int | None = None
    """The sequence number of the call (R13)."""

    def needs(self, needs: Needs, _settings: AppSettings) -> None:
        needs.add(PROFILES, self.key)
        ownership.claim_needs(needs, self.key, self.patch)

    def decide(self, state: State, settings: AppSettings) -> Updated:
        """Patches a registered profile; claims tokens from older registrations (R4), does not restore push (R7).

        Raises:
            Refused: REREGISTER_REQUIRED, PROFILE_UNREGISTERED (H2), OUT_OF_ORDER (R13), ETAG_MISMATCH (U3),
                CHANNEL_NOT_ENABLED (R9) or INVALID_ATTRIBUTE (U1, U4, U5); nothing has changed then.
        """
        known = presence.present(state, self.key)
        call = None if self.sequence is None else OrderedCall(self.sequence, CallMethod.UPDATE_PROFILE_DATA)
        if call_order.is_repeated(state, self.key, known, call):
            return Updated(known, (), ())
        if self.etag and self.etag != known.etag:
            raise Refused(
                Reason.ETAG_MISMATCH,
                f"The profile in app {known.key.app_id!r} has changed since it was read; read it again, then repeat.",
                metadata={"app_id": known.key.app_id},
            )
        patch, owned = ownership.without_owned(state, known, self.patch)
        profile, ignored = patching.apply(known, patch, settings, state.now)
        ignored = (*owned, *ignored)
        profile = profile._replace(mad=state.count_active(known.key, known.mad), last_call=call or profile.last_call)
        displaced: list[Displacement] = []
        if patch.touches_tokens:
            profile, displaced = ownership.claim_tokens(state, profile)
        profile = _record_events(state, known, state.put(profile))
        return Updated(profile, ignored, tuple(displaced), linking.has_linked(known, profile))


def _record_events(state: State, before: Profile, after: Profile) -> Profile:
    """Records the events of an update (E1); returns the profile as it is then."""
    if before.push_permission is not after.push_permission:
        after = state.add_event(EventType.PUSH_PERMISSION_CHANGED, after.key, after.push_permission.name)
    if before.held != after.held:
        after = state.add_event(EventType.PUSH_TOKEN_CHANGED, after.key)
    return linking.record_events(state, before, after)
