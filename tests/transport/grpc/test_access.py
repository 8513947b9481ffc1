"""Who may call what, as the contract's options say and the server enforces."""

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message

from appprofile.v1 import access_pb2, app_service_pb2, profile_service_pb2, usage_service_pb2
from profile_grpc.service.ports import KeyKind
from profile_grpc.transport.grpc import access
from profile_grpc.transport.grpc.access import ContractError
from tests.transport.grpc.support import VALID, Served, told_by

SERVICES = [
    profile_service_pb2.DESCRIPTOR.services_by_name["ProfileService"],
    app_service_pb2.DESCRIPTOR.services_by_name["AppService"],
    usage_service_pb2.DESCRIPTOR.services_by_name["UsageService"],
]
METHODS = {method.name: method for service in SERVICES for method in access.methods(service)}
PROFILE_SERVICE = {
    "Register",
    "Heartbeat",
    "BatchHeartbeat",
    "UpdateProfileData",
    "Unregister",
    "DeleteDeviceProfile",
    "ReportPushFeedback",
    "RemoveAccount",
    "GetProfile",
    "ListProfiles",
}
ALLOWED = {
    KeyKind.ADMIN: set(METHODS),
    KeyKind.PROFILE: PROFILE_SERVICE | {"GetMadUsage", "GetSdkConfig", "GetApp", "ListApps"},
    KeyKind.BRIDGE: {"Register", "Heartbeat", "RemoveAccount"},
    KeyKind.CLIENT: {"Register", "Heartbeat", "UpdateProfileData", "Unregister", "GetProfile", "GetSdkConfig"},
}
"""The table of credentials, by the methods each kind may call."""


def test_every_method_has_a_rule() -> None:
    assert len(METHODS) == sum(len(service.methods) for service in SERVICES)
    assert all(method.kinds for method in METHODS.values())


@pytest.mark.parametrize("kind", KeyKind)
def test_the_contract_allows_each_kind_its_methods(kind: KeyKind) -> None:
    assert {name for name, method in METHODS.items() if kind in method.kinds} == ALLOWED[kind]


@pytest.mark.parametrize("kind", KeyKind)
async def test_the_server_refuses_every_other_method(served: Served, kind: KeyKind) -> None:
    for name, method in METHODS.items():
        reason = ""
        try:
            await served.raw(method.path, VALID[name].SerializeToString(), served.key(kind))
        except grpc.aio.AioRpcError as error:
            told = told_by(error)
            reason = told.reason
            if reason == "METHOD_NOT_ALLOWED":
                assert told.code is grpc.StatusCode.PERMISSION_DENIED
                assert (told.metadata["kind"], told.metadata["method"]) == (kind.name, method.path)
        assert (reason == "METHOD_NOT_ALLOWED") == (name not in ALLOWED[kind]), f"{kind.name} {name}: {reason}"


def test_the_app_is_found_in_every_request_that_names_one() -> None:
    named = {name: method.app_id(_naming("shop", method.request)) for name, method in METHODS.items() if method.app_id}
    assert set(named.values()) == {"shop"}
    assert set(METHODS) - set(named) == access.SELF_CHECKED


def _naming(app_id: str, request: type[Message]) -> Message:
    message = request()
    fields = request.DESCRIPTOR.fields_by_name
    if "key" in fields:
        message.key.app_id = app_id  # type: ignore[attr-defined]  # the descriptor says so
    elif "app" in fields:
        message.app.app_id = app_id  # type: ignore[attr-defined]  # as above
    elif "profile" in fields:
        message.profile.key.app_id = app_id  # type: ignore[attr-defined]  # as above
    else:
        message.app_id = app_id  # type: ignore[attr-defined]  # as above
    return message


def test_a_method_without_a_rule_stops_the_start() -> None:
    with pytest.raises(ContractError, match=r"/test\.Forgotten/Call does not say who may call it"):
        access.methods(_service("Forgotten", allow=[], app_field="app_id"))


def test_a_rule_for_nobody_in_particular_stops_the_start() -> None:
    with pytest.raises(ContractError, match="does not say who may call it"):
        access.methods(_service("Unspecified", allow=[0], app_field="app_id"))


def test_a_request_without_an_app_stops_the_start() -> None:
    with pytest.raises(ContractError, match=r"names no app in test\.NowhereRequest"):
        access.methods(_service("Nowhere", allow=[1], app_field="application"))


def _service(name: str, allow: list[int], app_field: str) -> ServiceDescriptor:
    """A service of one method, in a file of its own."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"test/{name}.proto", package="test", syntax="proto3", dependency=["appprofile/v1/access.proto"]
    )
    field = file.message_type.add(name=f"{name}Request").field.add(name=app_field, number=1)
    field.type, field.label = field.TYPE_STRING, field.LABEL_OPTIONAL
    method = file.service.add(name=name).method.add(name="Call", input_type=f".test.{name}Request")
    method.output_type = method.input_type
    if allow:
        method.options.Extensions[access_pb2.access].allow.extend(access_pb2.KeyKind.ValueType(kind) for kind in allow)
    pool = descriptor_pool.DescriptorPool()
    for known in ("google/protobuf/descriptor.proto", "appprofile/v1/access.proto"):
        pool.AddSerializedFile(descriptor_pool.Default().FindFileByName(known).serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return pool.FindFileByName(file.name).services_by_name[name]
