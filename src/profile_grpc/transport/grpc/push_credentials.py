"""Push credentials on the wire (K)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from appprofile.v1 import credential_service_pb2 as pb
from appprofile.v1 import profile_pb2
from profile_grpc.domain.profile import Platform
from profile_grpc.domain.push_credentials import Described
from profile_grpc.domain.push_endpoints import ApnsEnvironment
from profile_grpc.service.push_credentials.credentials import NewCredential
from profile_grpc.transport.grpc.times import write_instant

if TYPE_CHECKING:
    from profile_grpc.service.push_credentials.checking import Upload


def new_credential(request: pb.UploadCredentialRequest | pb.CreateVapidKeyRequest) -> NewCredential:
    if isinstance(request, pb.CreateVapidKeyRequest):
        return NewCredential(request.app_id, request.display_name)
    return NewCredential(
        app_id=request.app_id,
        name=request.display_name,
        platforms=tuple(sorted(map(Platform, request.platforms))),
        push_app_ids=tuple(request.push_app_ids),
    )


def upload(request: pb.UploadCredentialRequest, fingerprint_key: bytes) -> Upload:
    # Imported here: the library takes a while, and the first upload can wait for it.
    from profile_grpc.service.push_credentials import certificates, keys  # noqa: PLC0415

    makers: Mapping[str, Callable[[Any], Upload]] = {
        "fcm_service_account": lambda m: keys.FcmServiceAccount(m.json),
        "apns_token_key": lambda m: keys.ApnsTokenKey(
            m.p8, m.key_id, m.team_id, m.topic, ApnsEnvironment(m.environment)
        ),
        "apns_certificate": lambda m: certificates.ApnsCertificate(
            m.file, m.password, ApnsEnvironment(m.environment), m.topic
        ),
        "safari_certificate": lambda m: certificates.SafariCertificate(
            m.file, m.password, m.site_name, m.site_url, tuple(m.icon_names)
        ),
        "vapid_key": lambda m: keys.VapidKey(
            m.site.subject, m.private_key, m.public_key, m.site.site_url, m.site.icon_url
        ),
        "hms_app": lambda m: keys.HmsApp(m.hms_id, m.secret, fingerprint_key),
    }
    kind = request.WhichOneof("material") or ""
    return makers[kind](getattr(request, kind))


def credential(described: Described) -> pb.Credential:
    """The credential, without its private part."""
    stored = described.credential
    public = stored.public
    message = pb.Credential(
        credential_id=stored.credential_id,
        app_id=stored.app_id,
        kind=pb.CredentialKind.ValueType(public.kind),
        display_name=stored.name,
        platforms=[profile_pb2.Platform.ValueType(platform) for platform in stored.platforms],
        push_app_ids=stored.push_app_ids,
        version=stored.version,
        state=pb.CredentialState.ValueType(described.state),
        subject=public.subject,
        topic=public.topic,
        environment=profile_pb2.ApnsEnvironment.ValueType(public.environment),
        fingerprint=public.fingerprint,
        key_id=public.key_id,
        team_id=public.team_id,
        project_id=public.project_id,
        public_key=public.public_key,
        site_name=public.site_name,
        site_url=public.site_url,
        icon_url=public.icon_url,
        icon_names=public.icon_names,
    )
    write_instant(message.create_time, stored.create_time)
    write_instant(message.expire_time, public.expire_time)
    return message
