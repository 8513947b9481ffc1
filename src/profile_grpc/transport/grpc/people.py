"""Erasures and exports of people on the wire (C8, C9)."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from appprofile.v1 import customer_service_pb2 as pb
from appprofile.v1 import profile_pb2, profile_service_pb2
from profile_grpc.domain.events import Event
from profile_grpc.service.customers import LinkedProfile
from profile_grpc.service.people import EXPORT_BYTES, PersonData
from profile_grpc.transport.grpc import customers, responses

_SHOWN = 6
"""How many characters of a push token are shown."""


def announce(request: pb.EraseCustomerRequest | profile_service_pb2.EraseUserRequest) -> bool:
    """Whether to leave an event from which others learn of the erasure; the default is yes."""
    return request.announce if request.HasField("announce") else True


def document(person: PersonData) -> str:
    """A person's data as one JSON object; tokens are masked. Ends, marked as truncated, at about 3 MiB."""
    customer = None if person.customer is None else _json(customers.customer(person.customer))
    room = EXPORT_BYTES - _size(customer)
    lists: dict[str, list[dict[str, Any]]] = {"profiles": [], "events": []}
    truncated = person.more
    for name, messages in (("profiles", map(_profile, person.profiles)), ("events", map(_event, person.events))):
        for shown in map(_json, messages):
            room -= _size(shown)
            if room < 0:
                truncated = True
                break
            lists[name].append(shown)
    return _text({"customer": customer, **lists, "truncated": truncated})


def _text(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2)


def _size(member: object) -> int:
    """The bytes of a member of a list in the document."""
    return len(_text({"list": [member]}).encode())


def _json(message: Message) -> dict[str, Any]:
    return MessageToDict(message, preserving_proto_field_name=True)


def _profile(stored: LinkedProfile) -> profile_pb2.Profile:
    message = responses.profile(*stored)
    for endpoint in message.push_endpoints:
        endpoint.token = "…" + endpoint.token[-_SHOWN:] if len(endpoint.token) > _SHOWN else ""
        endpoint.ClearField("web_push")  # whoever has these keys can write to the device
    return message


def _event(event: Event) -> Message:
    return responses.event(0, "", event)
