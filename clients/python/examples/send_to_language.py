"""Sends a notification to everybody with language en on FCM, and reports what FCM says of the tokens."""

from firebase_admin import messaging

from appprofile import Client
from appprofile.feedback import Sending
from appprofile.feedback.firebase import from_batch
from appprofile.sending import batches, by_group, report
from appprofile.v1.profile_pb2 import CHANNEL_PUSH, PUSH_PROVIDER_FCM
from appprofile.v1.recipient_pb2 import ResolveRecipientsRequest


def send(client: Client, app_id: str, notification: messaging.Notification) -> None:
    request = ResolveRecipientsRequest(app_id=app_id, channel=CHANNEL_PUSH, everyone=True, filter='language:"en"')
    for message in client.resolve_recipients(request):
        for group, endpoints in by_group(message.recipients).items():
            if group.provider == PUSH_PROVIDER_FCM:
                for tokens in batches(endpoints):
                    sending = Sending(group.push_app_id)
                    multicast = messaging.MulticastMessage(tokens=tokens, notification=notification)
                    answers = messaging.send_each_for_multicast(multicast)
                    report(client.profiles, app_id, from_batch(sending, tokens, answers))
