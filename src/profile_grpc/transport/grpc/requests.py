"""Converts requests into commands and filters. Shapes were checked before; here are the checks that protovalidate
cannot express.
"""

from __future__ import annotations

from appprofile.v1 import event_pb2, profile_pb2
from appprofile.v1 import profile_service_pb2 as pb
from profile_grpc.domain.errors import Refused
from profile_grpc.domain.events import EventType
from profile_grpc.domain.feedback import PushFeedback, ReportPushFeedback
from profile_grpc.domain.filtering.expressions import Filter
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import Platform, ProfileStatus
from profile_grpc.domain.registration import Register
from profile_grpc.domain.removal import DeleteDeviceProfile, RemoveAccount, ReportedToken, Unregister
from profile_grpc.domain.settings import AccountRemovalAction
from profile_grpc.domain.tokens import check_any, normalise
from profile_grpc.domain.updating import UpdateProfileData
from profile_grpc.service import filter_parsing
from profile_grpc.service.ports import ProfileFilter
from profile_grpc.service.watching import Subscription
from profile_grpc.transport.grpc import endpoints, patches, shape
from profile_grpc.transport.grpc.times import to_instant


def key(message: profile_pb2.ProfileKey) -> ProfileKey:
    return ProfileKey(message.app_id, message.user_id, message.device_id)


def sequence(
    request: pb.RegisterRequest | pb.UnregisterRequest | pb.UpdateProfileDataRequest | pb.RemoveAccountRequest,
) -> int | None:
    """The sequence number of the call, if it has one (R13)."""
    return request.sequence if request.HasField("sequence") else None


def register(request: pb.RegisterRequest) -> Register:
    return Register(key(request.key), patches.populated(request), sequence(request))


def update_profile_data(request: pb.UpdateProfileDataRequest) -> UpdateProfileData:
    return UpdateProfileData(key(request.profile.key), patches.update(request), request.etag, sequence(request))


def unregister(request: pb.UnregisterRequest) -> Unregister:
    return Unregister(key(request.key), request.allow_missing, sequence(request))


def delete_device_profile(request: pb.DeleteDeviceProfileRequest) -> DeleteDeviceProfile:
    return DeleteDeviceProfile(
        app_id=request.app_id,
        user_id=request.user_id,
        customer_id=request.customer_id,
        device_id=request.device_id,
        allow_missing=request.allow_missing,
    )


def report_push_feedback(request: pb.ReportPushFeedbackRequest) -> ReportPushFeedback:
    """Each item is checked on its own (F1)."""
    return ReportPushFeedback(request.app_id, tuple([_feedback(item) for item in request.feedback]))


def _feedback(item: pb.PushFeedback) -> PushFeedback:
    wrong = shape.problem(item)
    if wrong:
        return PushFeedback(invalid=wrong)
    provider = endpoints.PROVIDERS[item.provider]
    try:
        return PushFeedback(
            provider=provider,
            token=normalise(provider, item.token) if item.HasField("token") else "",
            key=key(item.key) if item.HasField("key") else None,
            push_app_id=item.push_app_id,
            error_code=item.error_code,
            http_status=item.http_status,
            error_message=item.error_message,
            provider_time=to_instant(item.provider_time, "provider_time") if item.HasField("provider_time") else None,
            sent_at=to_instant(item.sent_at, "sent_at") if item.HasField("sent_at") else None,
        )
    except Refused as refused:
        return PushFeedback(invalid=refused.message.removesuffix("."))


def remove_account(request: pb.RemoveAccountRequest) -> RemoveAccount:
    """The tokens stay as received: the rule handles their possible encodings (X3).

    Raises:
        Refused: INVALID_REQUEST: report_time is out of range; PLACEHOLDER_TOKEN: every reported token is a placeholder.
    """
    check_any([reported.token for reported in request.tokens], "tokens")
    return RemoveAccount(
        app_id=request.app_id,
        tokens=tuple([ReportedToken(reported.token, reported.push_app_id) for reported in request.tokens]),
        username=request.username,
        account_selector=request.account_selector,
        report_time=to_instant(request.report_time, "report_time") if request.HasField("report_time") else None,
        action=AccountRemovalAction(request.action) if request.action else None,
        sequence=sequence(request),
    )


def profile_filter(request: pb.ListProfilesRequest, filter_: Filter | None) -> ProfileFilter:
    return ProfileFilter(
        app_id=request.app_id,
        user_id=request.user_id or None,
        device_id=request.device_id or None,
        customer_id=request.customer_id or None,
        status=ProfileStatus(request.status) if request.status else None,
        platform=Platform(request.platform) if request.platform else None,
        filter=filter_,
    )


def subscription(request: pb.WatchProfilesRequest, tenant_id: str) -> Subscription:
    """Raises Refused: INVALID_FILTER."""
    types = [EventType(event_pb2.EventType.Name(number).removeprefix("EVENT_TYPE_")) for number in request.types]
    return Subscription(
        tenant_id,
        frozenset(request.app_ids) or None,
        frozenset(types) or None,
        filter_parsing.event_filter(request.filter),
    )
