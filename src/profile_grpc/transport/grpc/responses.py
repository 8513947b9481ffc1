"""Converts results into responses. Push tokens are included only for callers that may see them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from appprofile.v1 import event_pb2, profile_pb2, usage_service_pb2
from appprofile.v1 import profile_service_pb2 as pb
from profile_grpc.domain import inactivity
from profile_grpc.domain.errors import Refused
from profile_grpc.domain.events import Event, EventType
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import PLAIN_ATTRIBUTES, Channel, Profile, ProfileStatus
from profile_grpc.domain.results import (
    MAX_COMFORTABLE_USERS,
    AccountRemoved,
    Beat,
    Deleted,
    Displacement,
    FeedbackResult,
    IgnoredValue,
    Registered,
    Unregistered,
    Updated,
)
from profile_grpc.domain.settings import AppSettings
from profile_grpc.service.exporting import Part
from profile_grpc.service.ports import MadUsage
from profile_grpc.service.watching import Page
from profile_grpc.transport.grpc import endpoints, status
from profile_grpc.transport.grpc.call import Call
from profile_grpc.transport.grpc.times import write_date, write_duration, write_instant


def register(registered: Registered, call: Call) -> pb.RegisterResponse:
    response = pb.RegisterResponse(created=registered.created)
    _write_profile(response.profile, registered.profile, call.app.settings, sees_tokens=call.sees_tokens)
    write_duration(response.heartbeat_interval, call.app.settings.heartbeat_interval)
    if registered.displaced:
        response.displaced.extend(_displaced(registered.displaced, call))
    _write_ignored(response, registered.ignored)
    for name in registered.placeholder_ids:
        response.warnings.append(
            f"{name} is a value that many faulty phones send: they would displace each other. Send an id that is unique"
            " to the device or user."
        )
    if registered.too_many_users:
        response.warnings.append(
            f"{registered.device_users} users are registered on this device; more than {MAX_COMFORTABLE_USERS} make"
            " registrations slow. Unregister users who no longer use it."
        )
    return response


def heartbeat(beat: Beat) -> pb.HeartbeatResponse:
    response = pb.HeartbeatResponse()
    _write_beat(response, beat)
    return response


def batch_heartbeat(answers: Iterable[Beat | Refused]) -> pb.BatchHeartbeatResponse:
    """A refused item has the status that a single Heartbeat would have."""
    response = pb.BatchHeartbeatResponse()
    for index, answer in enumerate(answers):
        result = response.results.add(index=index)
        if isinstance(answer, Refused):
            result.status.CopyFrom(status.to_status(answer))
        else:
            _write_beat(result.heartbeat, answer)
    return response


def update_profile_data(updated: Updated, call: Call) -> pb.UpdateProfileDataResponse:
    response = pb.UpdateProfileDataResponse()
    _write_profile(response.profile, updated.profile, call.app.settings, sees_tokens=call.sees_tokens)
    _write_ignored(response, updated.ignored)
    if updated.displaced:
        response.displaced.extend(_displaced(updated.displaced, call))
    return response


def unregister(unregistered: Unregistered, call: Call) -> pb.UnregisterResponse:
    response = pb.UnregisterResponse()
    if unregistered.profile is not None:
        _write_profile(response.profile, unregistered.profile, call.app.settings, sees_tokens=call.sees_tokens)
    return response


def delete_device_profile(deleted: Deleted) -> pb.DeleteDeviceProfileResponse:
    return pb.DeleteDeviceProfileResponse(deleted=_keys(deleted.keys))


def report_push_feedback(results: Iterable[FeedbackResult]) -> pb.ReportPushFeedbackResponse:
    response = pb.ReportPushFeedbackResponse()
    for index, result in enumerate(results):
        response.results.add(
            index=index,
            outcome=pb.PushFeedbackOutcome.ValueType(result.outcome),
            affected=_keys(result.affected),
            detail=result.detail,
        )
    return response


def remove_account(removed: AccountRemoved) -> pb.RemoveAccountResponse:
    return pb.RemoveAccountResponse(
        removed=_keys(removed.removed), outcome=pb.AccountRemovalOutcome.ValueType(removed.outcome)
    )


def get_profile(profile: Profile, call: Call) -> pb.GetProfileResponse:
    response = pb.GetProfileResponse()
    _write_profile(response.profile, profile, call.app.settings, sees_tokens=call.sees_tokens)
    return response


def list_profiles(page: tuple[Sequence[Profile], str], call: Call) -> pb.ListProfilesResponse:
    profiles, token = page
    response = pb.ListProfilesResponse(next_page_token=token)
    for profile in profiles:
        _write_profile(response.profiles.add(), profile, call.app.settings, sees_tokens=call.sees_tokens)
    return response


def export_profiles(part: Part[Profile], settings: AppSettings, *, sees_tokens: bool) -> pb.ExportProfilesResponse:
    """What identifies the stored row is left out: it is no part of the profile."""
    response = pb.ExportProfilesResponse(resume_token=part.resume_token)
    for profile in part.rows:
        _write_content(response.profiles.add(), profile, settings, sees_tokens=sees_tokens)
    return response


def watch_profiles(page: Page) -> pb.WatchProfilesResponse:
    response = pb.WatchProfilesResponse(resume_token=page.end.token)
    response.events.extend(event(*one) for one in page.events)
    return response


def event(position: int, event_id: str, left: Event) -> event_pb2.Event:
    message = event_pb2.Event(
        event_id=event_id,
        position=position,
        type=_EVENT_TYPES.get(left.type, event_pb2.EVENT_TYPE_UNSPECIFIED),
        app_id=left.app_id,
        user_id=left.user_id,
        device_id=left.device_id,
        customer_id=left.customer_id,
        reason=left.reason,
        version=left.version,
    )
    write_instant(message.time, left.time)
    return message


_EVENT_TYPES = {type_: event_pb2.EventType.Value(f"EVENT_TYPE_{type_.value}") for type_ in EventType}


def mad_usage(usage: MadUsage) -> usage_service_pb2.GetMadUsageResponse:
    response = usage_service_pb2.GetMadUsageResponse(distinct=usage.distinct, rolling_30_days=usage.rolling)
    for day, counted in usage.days.items():
        write_date(response.days.add(counted=counted).date, day)
    return response


def _write_ignored(
    response: pb.RegisterResponse | pb.UpdateProfileDataResponse, ignored: Iterable[IgnoredValue]
) -> None:
    for value in ignored:
        response.ignored.add(path=value.path, reason=pb.IgnoredReason.ValueType(value.reason))


def _write_beat(target: pb.HeartbeatResponse, beat: Beat) -> None:
    write_instant(target.last_heartbeat_time, beat.last_heartbeat_time)
    write_instant(target.expire_time, beat.expire_time)
    write_duration(target.next_heartbeat_after, beat.next_heartbeat_after)


def profile(stored: Profile, settings: AppSettings) -> profile_pb2.Profile:
    """A profile with its tokens, for callers that reach its whole tenant."""
    message = profile_pb2.Profile()
    _write_profile(message, stored, settings, sees_tokens=True)
    return message


def _write_profile(target: profile_pb2.Profile, profile: Profile, settings: AppSettings, *, sees_tokens: bool) -> None:
    _write_content(target, profile, settings, sees_tokens=sees_tokens)
    target.etag = profile.etag
    target.version = profile.version


def _write_content(target: profile_pb2.Profile, profile: Profile, settings: AppSettings, *, sees_tokens: bool) -> None:
    """The profile without what identifies its stored row. Members of enumerations are the contract's numbers."""
    _write_key(target.key, profile.key)
    target.platform = profile.platform  # type: ignore[assignment]
    target.status = profile.status  # type: ignore[assignment]
    target.user_state = profile.user_state  # type: ignore[assignment]
    target.push_permission = profile.push_permission  # type: ignore[assignment]
    target.channels.extend(_channels(profile.channels))
    for endpoint in profile.push_endpoints:
        state = profile.endpoint_state(endpoint)
        endpoints.write(target.push_endpoints.add(), endpoint, state, sees_tokens=sees_tokens)
    _write_attributes(target, profile)
    write_instant(target.create_time, profile.create_time)
    write_instant(target.register_time, profile.register_time)
    write_instant(target.update_time, profile.update_time)
    write_instant(target.last_heartbeat_time, profile.last_heartbeat_time)
    if profile.status is ProfileStatus.ACTIVE:
        expire_time = inactivity.expire_time(profile.last_heartbeat_time, profile.register_time, settings)
        write_instant(target.expire_time, expire_time)


@cache
def _channels(channels: frozenset[Channel]) -> Sequence[profile_pb2.Channel.ValueType]:
    return [profile_pb2.Channel.ValueType(channel) for channel in sorted(channels)]


def _write_attributes(target: profile_pb2.Profile, profile: Profile) -> None:
    attributes = profile.attributes
    for name, value in zip(PLAIN_ATTRIBUTES, attributes, strict=False):
        if value is not None:
            setattr(target, name, value)
    write_instant(target.last_opened_time, attributes.last_opened_time)
    if attributes.device_attributes:
        target.device_attributes.update({name: a.value for name, a in attributes.device_attributes.items()})
    if attributes.custom_attributes:
        written = target.custom_attributes
        for name, text in attributes.custom_attributes.items():  # `update` takes twice as long
            written[name] = text


def _write_key(target: profile_pb2.ProfileKey, key: ProfileKey) -> None:
    target.app_id, target.user_id, target.device_id = key


def _keys(keys: Iterable[ProfileKey]) -> list[profile_pb2.ProfileKey]:
    return [profile_pb2.ProfileKey(app_id=k.app_id, user_id=k.user_id, device_id=k.device_id) for k in keys]


def _displaced(displaced: Iterable[Displacement], call: Call) -> Iterator[pb.Displacement]:
    """The displaced profiles; for callers that may not see other users' ids, only the number of each effect (R8)."""
    if not call.sees_other_users:
        for effect, number in sorted(Counter(displacement.effect for displacement in displaced).items()):
            yield pb.Displacement(effect=pb.DisplacementEffect.ValueType(effect), count=number)
        return
    for displacement in displaced:
        message = pb.Displacement(effect=pb.DisplacementEffect.ValueType(displacement.effect), count=1)
        _write_key(message.key, displacement.key)
        yield message
