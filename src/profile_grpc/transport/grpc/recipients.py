"""Converts the requests and responses of recipients."""

from __future__ import annotations

from collections.abc import Sequence

from appprofile.v1 import profile_pb2
from appprofile.v1 import recipient_pb2 as pb
from profile_grpc.domain.filtering.expressions import Filter
from profile_grpc.domain.profile import Channel
from profile_grpc.domain.reach import Audience, Customers, Everyone, Recipient, Tally, Target, Users, Verdict
from profile_grpc.service.recipients import Message
from profile_grpc.transport.grpc import endpoints
from profile_grpc.transport.grpc.times import write_instant

_MAX_PUSH_APP_IDS = 1000


def audience(request: pb.ResolveRecipientsRequest | pb.CountRecipientsRequest, filter_: Filter | None) -> Audience:
    return Audience(
        request.app_id,
        Channel(request.channel),
        _target(request),
        filter_,
        endpoints.PURPOSES[request.purpose],
    )


def _target(request: pb.ResolveRecipientsRequest | pb.CountRecipientsRequest) -> Target:
    if request.HasField("user_ids"):
        return Users(tuple(sorted(set(request.user_ids.user_ids))))
    if request.HasField("customer_ids"):
        return Customers(tuple(sorted(set(request.customer_ids.customer_ids))))
    if not request.everyone:
        raise ValueError("the request names no target")
    return Everyone()


def resolved(message: Message, request: pb.ResolveRecipientsRequest) -> pb.ResolveRecipientsResponse:
    response = pb.ResolveRecipientsResponse(resume_token=message.resume_token)
    add = response.recipients.add
    for recipient in message.recipients:
        _write(add(), recipient)
    name = "user_id" if request.HasField("user_ids") else "customer_id"
    for one in message.unreachable:
        setattr(response.unreachable.add(), name, one)
    return response


def _write(target: pb.Recipient, recipient: Recipient) -> None:
    """Sets what is not the default: this runs for every recipient of a campaign."""
    key, found, platform, user_state, customer_id, language, time_zone = recipient
    written = target.key  # each access makes a wrapper
    written.app_id, written.user_id, written.device_id = key
    target.platform = platform  # type: ignore[assignment] # the contract's number, without a conversion
    target.user_state = user_state  # type: ignore[assignment]
    if language:
        target.language = language
    if time_zone:
        target.time_zone = time_zone
    if customer_id:
        target.customer_id = customer_id
    for endpoint in found:
        endpoints.write(target.endpoints.add(), endpoint, endpoint.state, sees_tokens=True)


def counted(tally: Tally) -> pb.CountRecipientsResponse:
    response = pb.CountRecipientsResponse(recipients=tally.recipients, endpoints=tally.endpoints)
    for platform, number in tally.by_platform.most_common():
        response.by_platform.add(platform=profile_pb2.Platform.ValueType(platform), recipients=number)
    for provider, number in tally.by_provider.most_common():
        response.by_provider.add(
            provider=profile_pb2.PushProvider.ValueType(provider),
            recipients=number,
            endpoints=tally.provider_endpoints[provider],
        )
    for push_app_id, number in tally.by_push_app_id.most_common(_MAX_PUSH_APP_IDS):
        response.by_push_app_id.add(
            push_app_id=push_app_id, recipients=number, endpoints=tally.push_app_id_endpoints[push_app_id]
        )
    return response


def explained(verdicts: tuple[Sequence[Verdict], bool]) -> pb.ExplainReachResponse:
    found, more = verdicts
    response = pb.ExplainReachResponse(more=more)
    for one in found:
        added = response.verdicts.add(reachable=not one.reasons, cause=one.cause)
        added.key.app_id, added.key.user_id, added.key.device_id = one.app_id, one.user_id, one.device_id
        added.reasons.extend([pb.ReachReason.ValueType(reason) for reason in one.reasons])
        write_instant(added.time, one.time)
    return response
