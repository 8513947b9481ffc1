"""The configuration of an app's SDKs: public parts only (K5)."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode

from appprofile.v1 import app_pb2, profile_pb2
from appprofile.v1 import app_service_pb2 as pb
from profile_grpc.domain.profile import Platform
from profile_grpc.domain.settings import App, InAppTransport
from profile_grpc.service.push_credentials.credentials import VapidPublicKey
from profile_grpc.transport.grpc.settings import write
from profile_grpc.transport.grpc.times import write_duration

_SECURED_PORTS = {InAppTransport.MQTT: 8883, InAppTransport.WEB_SOCKET: 8884}
_ETAG_BYTES = 16


def sdk_config(stored: App, vapid: VapidPublicKey | None, known_etag: str = "") -> pb.GetSdkConfigResponse:
    """The configuration, or that it is still the one of `known_etag`."""
    response = pb.GetSdkConfigResponse(app_id=stored.app_id)
    _write_app(response, stored)
    _write_web_push(response.web_push, stored, vapid)
    etag = _etag(response)
    if etag == known_etag:
        return pb.GetSdkConfigResponse(etag=etag, not_modified=True)
    response.etag = etag
    return response


def _write_app(response: pb.GetSdkConfigResponse, stored: App) -> None:
    chosen = stored.settings
    in_app = chosen.in_app
    response.channels.extend([profile_pb2.Channel.ValueType(channel) for channel in sorted(chosen.channels)])
    response.multi_user_per_device = chosen.multi_user_per_device
    response.single_device_per_user = chosen.single_device_per_user
    response.server_side_inbox = chosen.server_side_inbox
    response.payload_encryption = in_app.payload_encryption
    write_duration(response.heartbeat_interval, chosen.heartbeat_interval)
    for transport in (in_app.primary_transport, in_app.secondary_transport):
        port = _SECURED_PORTS[transport] if in_app.use_secured_port else 0
        response.in_app_transports.add(transport=app_pb2.InAppTransport.ValueType(transport), port=port)
    for monitor in chosen.device_attribute_monitors:
        write(response.device_attribute_monitors.add(), monitor)
    for push_app in chosen.push_app_ids:
        write(response.push_app_ids.add(), push_app)


def _write_web_push(target: pb.WebPushConfig, stored: App, vapid: VapidPublicKey | None) -> None:
    chosen = stored.settings.web_push
    target.site_url, target.icon_url = chosen.site_url, chosen.icon_url
    if vapid is not None:
        target.vapid_public_key, target.vapid_key_id = vapid.public.public_key, vapid.credential_id
        target.site_url = vapid.public.site_url or chosen.site_url
        target.icon_url = vapid.public.icon_url or chosen.icon_url
    target.firebase_web_config, target.sender_id = chosen.firebase_web_config, chosen.sender_id


def _etag(response: pb.GetSdkConfigResponse) -> str:
    content = response.SerializeToString(deterministic=True)
    return urlsafe_b64encode(hashlib.blake2b(content, digest_size=_ETAG_BYTES).digest()).rstrip(b"=").decode()


def for_platform(config: pb.GetSdkConfigResponse, platform: Platform) -> pb.GetSdkConfigResponse:
    """What of the configuration an SDK of the platform uses."""
    chosen = pb.GetSdkConfigResponse()
    chosen.CopyFrom(config)
    for name in ("device_attribute_monitors", "push_app_ids"):
        kept = [one for one in getattr(config, name) if one.platform in {platform, Platform.UNSPECIFIED}]
        chosen.ClearField(name)
        getattr(chosen, name).extend(kept)
    if platform is not Platform.WEB:
        chosen.ClearField("web_push")
        chosen.web_push.sender_id = config.web_push.sender_id
    return chosen
