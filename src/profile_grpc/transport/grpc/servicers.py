"""The services: each method converts in, calls the use case, converts out.

Refusals come from the checks before (the pipeline) or from the rules (the domain).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from functools import partial

from appprofile.v1 import app_service_pb2 as app_pb
from appprofile.v1 import credential_service_pb2 as credential_pb
from appprofile.v1 import profile_service_pb2 as pb
from appprofile.v1 import recipient_pb2 as recipient_pb
from appprofile.v1 import usage_service_pb2 as usage_pb
from appprofile.v1 import webhook_service_pb2 as webhook_pb
from profile_grpc.domain.errors import Refused
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.profile import Channel
from profile_grpc.domain.reach import Audience
from profile_grpc.domain.results import Beat
from profile_grpc.domain.settings import App
from profile_grpc.domain.webhooks import Webhook
from profile_grpc.service.event_ports import WebhookKey
from profile_grpc.service.recipients import Person
from profile_grpc.service.use_cases import UseCases
from profile_grpc.service.watching import EventPosition, Page, read_token
from profile_grpc.transport.grpc import (
    endpoints,
    imports,
    jwt,
    people,
    push_credentials,
    recipients,
    requests,
    responses,
    settings,
    webhooks,
)
from profile_grpc.transport.grpc.call import Call
from profile_grpc.transport.grpc.sdk_config import sdk_config
from profile_grpc.transport.grpc.times import to_date, to_instant

_PAGES_AT_ONCE = 8
"""The number of pages that are built at a time. Each takes some megabytes until it is sent. Other calls for a page
wait."""


class ProfileServicer:
    """appprofile.v1.ProfileService."""

    def __init__(self, use_cases: UseCases) -> None:
        self._profiles = use_cases.profiles
        self._watching = use_cases.watching
        self._people = use_cases.people
        self._recipients = use_cases.recipients
        self._imports = use_cases.imports
        self._exports = use_cases.exports
        self._filters = use_cases.filters
        self._pages = asyncio.Semaphore(_PAGES_AT_ONCE)

    async def Register(self, request: pb.RegisterRequest, call: Call) -> pb.RegisterResponse:
        registered = await self._profiles.register(call.app, requests.register(request))
        return responses.register(registered, call)

    async def Heartbeat(self, request: pb.HeartbeatRequest, call: Call) -> pb.HeartbeatResponse:
        beat = await self._profiles.submit(call.app, Heartbeat(requests.key(request.key)))
        return responses.heartbeat(beat)

    async def BatchHeartbeat(self, request: pb.BatchHeartbeatRequest, call: Call) -> pb.BatchHeartbeatResponse:
        reached = [
            (app, Heartbeat(requests.key(key)))
            for key, app in zip(request.keys, call.items, strict=True)
            if not isinstance(app, Refused)
        ]
        beats = iter(await self._profiles.submit_all(reached))
        answers: list[Beat | Refused] = [item if isinstance(item, Refused) else next(beats) for item in call.items]
        return responses.batch_heartbeat(answers)

    async def UpdateProfileData(self, request: pb.UpdateProfileDataRequest, call: Call) -> pb.UpdateProfileDataResponse:
        updated = await self._profiles.update(call.app, requests.update_profile_data(request))
        return responses.update_profile_data(updated, call)

    async def Unregister(self, request: pb.UnregisterRequest, call: Call) -> pb.UnregisterResponse:
        unregistered = await self._profiles.submit(call.app, requests.unregister(request))
        return responses.unregister(unregistered, call)

    async def DeleteDeviceProfile(
        self, request: pb.DeleteDeviceProfileRequest, call: Call
    ) -> pb.DeleteDeviceProfileResponse:
        deleted = await self._profiles.submit(call.app, requests.delete_device_profile(request))
        return responses.delete_device_profile(deleted)

    async def ReportPushFeedback(
        self, request: pb.ReportPushFeedbackRequest, call: Call
    ) -> pb.ReportPushFeedbackResponse:
        results = await self._profiles.report_push_feedback(call.app, requests.report_push_feedback(request))
        return responses.report_push_feedback(results)

    async def RemoveAccount(self, request: pb.RemoveAccountRequest, call: Call) -> pb.RemoveAccountResponse:
        removed = await self._profiles.submit(call.app, requests.remove_account(request))
        return responses.remove_account(removed)

    async def GetProfile(self, request: pb.GetProfileRequest, call: Call) -> pb.GetProfileResponse:
        profile = await self._profiles.get(requests.key(request.key))
        return responses.get_profile(profile, call)

    async def ListProfiles(self, request: pb.ListProfilesRequest, call: Call) -> pb.ListProfilesResponse:
        async with self._pages:
            filter_ = await self._filters.of_profiles(call.app.tenant_id, request.filter)
            wanted = requests.profile_filter(request, filter_)
            page = await self._profiles.list(wanted, request.page_size, request.page_token)
            return responses.list_profiles(page, call)

    async def EraseUser(self, request: pb.EraseUserRequest, call: Call) -> pb.EraseUserResponse:
        erased = await self._people.erase_user(call.app, request.user_id, announce=people.announce(request))
        return pb.EraseUserResponse(removed=erased.removed, notes=erased.notes)

    def ImportProfiles(
        self, given: AsyncIterator[pb.ImportProfilesRequest], call: Call
    ) -> AsyncGenerator[pb.ImportProfilesResponse, None]:
        async def app() -> App:
            return call.app

        return imports.answers(given, imports.ProfileImport(self._imports, app).begin)

    async def ExportProfiles(
        self, request: pb.ExportProfilesRequest, call: Call
    ) -> AsyncGenerator[pb.ExportProfilesResponse, None]:
        wanted = await self._filters.of_profiles(call.app.tenant_id, request.filter)
        async with aclosing(self._exports.profiles(request.app_id, wanted, request.resume_token)) as parts:
            async for part in parts:
                yield responses.export_profiles(part, call.app.settings, sees_tokens=call.sees_tokens)

    async def ResolveRecipients(
        self, request: recipient_pb.ResolveRecipientsRequest, call: Call
    ) -> AsyncGenerator[recipient_pb.ResolveRecipientsResponse, None]:
        audience = await self._audience(request, call)
        async with aclosing(self._recipients.resolve(call.app, audience, request.resume_token)) as messages:
            async for message in messages:
                yield recipients.resolved(message, request)

    async def CountRecipients(
        self, request: recipient_pb.CountRecipientsRequest, call: Call
    ) -> recipient_pb.CountRecipientsResponse:
        return recipients.counted(await self._recipients.count(call.app, await self._audience(request, call)))

    async def _audience(
        self, request: recipient_pb.ResolveRecipientsRequest | recipient_pb.CountRecipientsRequest, call: Call
    ) -> Audience:
        return recipients.audience(request, await self._filters.of_profiles(call.app.tenant_id, request.filter))

    async def ExplainReach(
        self, request: recipient_pb.ExplainReachRequest, call: Call
    ) -> recipient_pb.ExplainReachResponse:
        person = Person(request.user_id, request.customer_id, request.device_id)
        channel, purpose = Channel(request.channel), endpoints.PURPOSES[request.purpose]
        return recipients.explained(await self._recipients.explain(call.app, person, channel, purpose))

    async def WatchProfiles(
        self, request: pb.WatchProfilesRequest, call: Call
    ) -> AsyncGenerator[pb.WatchProfilesResponse, None]:
        subscription = requests.subscription(request, call.caller.tenant_id)
        start = await self._start(request)
        if request.from_now:
            yield responses.watch_profiles(Page([], start))
        async with aclosing(self._watching.watch(subscription, start, call.ending)) as pages:
            async for page in pages:
                yield responses.watch_profiles(page)

    async def _start(self, request: pb.WatchProfilesRequest) -> EventPosition:
        if request.from_now:
            return await self._watching.from_now()
        if request.from_oldest:
            return await self._watching.from_oldest()
        return await self._watching.resume(read_token(request.resume_token))


class AppServicer:
    """appprofile.v1.AppService."""

    def __init__(self, use_cases: UseCases) -> None:
        self._apps = use_cases.apps
        self._jwt_keys = use_cases.jwt_keys
        self._jwt_readiness = use_cases.jwt_readiness
        self._credentials = use_cases.credentials

    async def CreateApp(self, request: app_pb.CreateAppRequest, call: Call) -> app_pb.CreateAppResponse:
        asked = request.app
        created = await self._apps.create(
            asked.app_id, call.caller.tenant_id, asked.display_name, settings.settings(asked.settings)
        )
        return app_pb.CreateAppResponse(app=settings.app(created))

    async def GetApp(self, request: app_pb.GetAppRequest, _call: Call) -> app_pb.GetAppResponse:
        found = await self._apps.get(request.app_id)
        return app_pb.GetAppResponse(app=settings.app(found))

    async def UpdateApp(self, request: app_pb.UpdateAppRequest, _call: Call) -> app_pb.UpdateAppResponse:
        updated = await self._apps.change(request.app.app_id, partial(settings.updated, request), request.app.etag)
        response = app_pb.UpdateAppResponse(app=settings.app(updated))
        if settings.requires_jwt(request):
            impact, texts = await self._jwt_readiness.of_requiring(updated.app_id)
            response.jwt_impact.CopyFrom(jwt.impact(impact))
            response.warnings.extend(texts)
        return response

    async def ListApps(self, request: app_pb.ListAppsRequest, call: Call) -> app_pb.ListAppsResponse:
        return settings.list_apps(await self._apps.list(call.caller.tenant_id, request.page_size, request.page_token))

    async def DeleteApp(self, request: app_pb.DeleteAppRequest, call: Call) -> app_pb.DeleteAppResponse:
        await self._apps.delete(request.app_id, call.caller.tenant_id, force=request.force)
        return app_pb.DeleteAppResponse()

    async def CreateKey(self, request: app_pb.CreateKeyRequest, call: Call) -> app_pb.CreateKeyResponse:
        stored, secret = await self._apps.create_key(settings.new_key(request, call.caller.tenant_id))
        return app_pb.CreateKeyResponse(key=settings.key(stored), secret=secret)

    async def ListKeys(self, request: app_pb.ListKeysRequest, call: Call) -> app_pb.ListKeysResponse:
        keys = await self._apps.keys(call.caller.tenant_id, request.app_id or None)
        return app_pb.ListKeysResponse(keys=[settings.key(stored) for stored in keys])

    async def RevokeKey(self, request: app_pb.RevokeKeyRequest, call: Call) -> app_pb.RevokeKeyResponse:
        ended = await self._apps.revoke_key(request.key_id, call.caller.tenant_id)
        return app_pb.RevokeKeyResponse(key=settings.key(ended))

    async def AddJwtKey(self, request: app_pb.AddJwtKeyRequest, _call: Call) -> app_pb.AddJwtKeyResponse:
        return app_pb.AddJwtKeyResponse(key=jwt.key(await self._jwt_keys.add(jwt.new_key(request))))

    async def ListJwtKeys(self, request: app_pb.ListJwtKeysRequest, _call: Call) -> app_pb.ListJwtKeysResponse:
        found = await self._jwt_keys.list(request.app_id)
        return app_pb.ListJwtKeysResponse(keys=[jwt.key(one) for one in found])

    async def RemoveJwtKey(self, request: app_pb.RemoveJwtKeyRequest, _call: Call) -> app_pb.RemoveJwtKeyResponse:
        await self._jwt_keys.remove(request.app_id, request.jwt_key_id, allow_missing=request.allow_missing)
        return app_pb.RemoveJwtKeyResponse()

    async def GetJwtReadiness(
        self, _request: app_pb.GetJwtReadinessRequest, call: Call
    ) -> app_pb.GetJwtReadinessResponse:
        return jwt.readiness(await self._jwt_readiness.report(call.app))

    async def GetSdkConfig(self, request: app_pb.GetSdkConfigRequest, call: Call) -> app_pb.GetSdkConfigResponse:
        vapid = await self._credentials.vapid_public_key(call.app.app_id)
        return sdk_config(call.app, vapid, request.etag)


class UsageServicer:
    """appprofile.v1.UsageService."""

    def __init__(self, use_cases: UseCases) -> None:
        self._usage = use_cases.usage

    async def GetMadUsage(self, request: usage_pb.GetMadUsageRequest, _call: Call) -> usage_pb.GetMadUsageResponse:
        first, last = to_date(request.start_date, "start_date"), to_date(request.end_date, "end_date")
        return responses.mad_usage(await self._usage.report(request.app_id, first, last))


class WebhookServicer:
    """appprofile.v1.WebhookService."""

    def __init__(self, use_cases: UseCases) -> None:
        self._webhooks = use_cases.webhooks

    async def CreateWebhook(
        self, request: webhook_pb.CreateWebhookRequest, call: Call
    ) -> webhook_pb.CreateWebhookResponse:
        created, secret = await self._webhooks.create(webhooks.new_webhook(request.webhook, call.caller.tenant_id))
        return webhook_pb.CreateWebhookResponse(webhook=await self._shown(created), secret=secret)

    async def GetWebhook(self, request: webhook_pb.GetWebhookRequest, call: Call) -> webhook_pb.GetWebhookResponse:
        found = await self._webhooks.get(_key(request.webhook_id, call))
        return webhook_pb.GetWebhookResponse(webhook=await self._shown(found))

    async def UpdateWebhook(
        self, request: webhook_pb.UpdateWebhookRequest, call: Call
    ) -> webhook_pb.UpdateWebhookResponse:
        given = request.webhook
        changed = await self._webhooks.change(
            _key(given.webhook_id, call), partial(webhooks.updated, request), given.etag
        )
        return webhook_pb.UpdateWebhookResponse(webhook=await self._shown(changed))

    async def ListWebhooks(
        self, _request: webhook_pb.ListWebhooksRequest, call: Call
    ) -> webhook_pb.ListWebhooksResponse:
        found, newest = await self._webhooks.list(call.caller.tenant_id), await self._webhooks.newest_position()
        return webhook_pb.ListWebhooksResponse(webhooks=[webhooks.webhook(one, newest) for one in found])

    async def DeleteWebhook(
        self, request: webhook_pb.DeleteWebhookRequest, call: Call
    ) -> webhook_pb.DeleteWebhookResponse:
        await self._webhooks.delete(_key(request.webhook_id, call), allow_missing=request.allow_missing)
        return webhook_pb.DeleteWebhookResponse()

    async def RotateWebhookSecret(
        self, request: webhook_pb.RotateWebhookSecretRequest, call: Call
    ) -> webhook_pb.RotateWebhookSecretResponse:
        rotated = await self._webhooks.rotate(_key(request.webhook_id, call), webhooks.keep_old(request))
        return webhooks.rotated(rotated)

    async def ReplayWebhook(
        self, request: webhook_pb.ReplayWebhookRequest, call: Call
    ) -> webhook_pb.ReplayWebhookResponse:
        start = to_instant(request.start_time, "start_time") if request.HasField("start_time") else None
        replayed = await self._webhooks.replay(_key(request.webhook_id, call), start)
        return webhook_pb.ReplayWebhookResponse(webhook=await self._shown(replayed))

    async def ListWebhookDeliveries(
        self, request: webhook_pb.ListWebhookDeliveriesRequest, call: Call
    ) -> webhook_pb.ListWebhookDeliveriesResponse:
        key = _key(request.webhook_id, call)
        return webhooks.deliveries(await self._webhooks.deliveries(key, request.page_size, request.page_token))

    async def _shown(self, stored: Webhook) -> webhook_pb.Webhook:
        return webhooks.webhook(stored, await self._webhooks.newest_position())


def _key(webhook_id: str, call: Call) -> WebhookKey:
    return WebhookKey(call.caller.tenant_id, webhook_id)


class CredentialServicer:
    """appprofile.v1.CredentialService."""

    def __init__(self, use_cases: UseCases) -> None:
        self._credentials = use_cases.credentials

    async def UploadCredential(
        self, request: credential_pb.UploadCredentialRequest, call: Call
    ) -> credential_pb.UploadCredentialResponse:
        upload = push_credentials.upload(request, self._credentials.fingerprint_key)
        stored = await self._credentials.upload(push_credentials.new_credential(request), upload, call.caller.tenant_id)
        return credential_pb.UploadCredentialResponse(credential=push_credentials.credential(stored))

    async def GetCredential(
        self, request: credential_pb.GetCredentialRequest, _call: Call
    ) -> credential_pb.GetCredentialResponse:
        found = await self._credentials.get(request.app_id, request.credential_id)
        return credential_pb.GetCredentialResponse(credential=push_credentials.credential(found))

    async def ListCredentials(
        self, request: credential_pb.ListCredentialsRequest, _call: Call
    ) -> credential_pb.ListCredentialsResponse:
        found = await self._credentials.list(request.app_id)
        return credential_pb.ListCredentialsResponse(credentials=map(push_credentials.credential, found))

    async def DeleteCredential(
        self, request: credential_pb.DeleteCredentialRequest, _call: Call
    ) -> credential_pb.DeleteCredentialResponse:
        await self._credentials.delete(request.app_id, request.credential_id, allow_missing=request.allow_missing)
        return credential_pb.DeleteCredentialResponse()

    async def CreateVapidKey(
        self, request: credential_pb.CreateVapidKeyRequest, _call: Call
    ) -> credential_pb.CreateVapidKeyResponse:
        site = request.site
        made = await self._credentials.create_vapid_key(
            push_credentials.new_credential(request), site.subject, site.site_url, site.icon_url
        )
        return credential_pb.CreateVapidKeyResponse(credential=push_credentials.credential(made))
