"""Who may call what, as the contract's options say and the server enforces."""

import grpc
import pytest
from google.protobuf.message import Message

from appprofile.v1 import (
    access_pb2,
    app_service_pb2,
    credential_service_pb2,
    customer_service_pb2,
    profile_service_pb2,
    usage_service_pb2,
    webhook_service_pb2,
)
from appprofile.v1 import profile_pb2 as pb
from appprofile.v1 import recipient_pb2 as rc
from profile_grpc.domain.errors import Refused
from profile_grpc.service.directory_ports import KeyKind
from profile_grpc.transport.grpc import access
from profile_grpc.transport.grpc.access import ContractError, Names, Scope
from profile_grpc.transport.grpc.call import Call
from profile_grpc.transport.grpc.steps import Steps
from tests.support.contract import service
from tests.transport.grpc.support import APP, FOREIGN_APP, FOREIGN_TENANT, VALID, Backend, Served, key, refused, told_by

SERVICES = [
    profile_service_pb2.DESCRIPTOR.services_by_name["ProfileService"],
    app_service_pb2.DESCRIPTOR.services_by_name["AppService"],
    usage_service_pb2.DESCRIPTOR.services_by_name["UsageService"],
    webhook_service_pb2.DESCRIPTOR.services_by_name["WebhookService"],
    customer_service_pb2.DESCRIPTOR.services_by_name["CustomerService"],
    credential_service_pb2.DESCRIPTOR.services_by_name["CredentialService"],
]
METHODS = {method.name: method for service in SERVICES for method in access.methods(service)}
WEBHOOK_SERVICE = {method.name for method in SERVICES[3].methods}
CUSTOMER_SERVICE = {method.name for method in SERVICES[4].methods}
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
    "WatchProfiles",
    "EraseUser",
    "ImportProfiles",
    "ExportProfiles",
    "ResolveRecipients",
    "CountRecipients",
    "ExplainReach",
}
ALLOWED = {
    KeyKind.ADMIN: set(METHODS),
    KeyKind.PROFILE: PROFILE_SERVICE
    | {"GetMadUsage", "GetSdkConfig", "GetApp", "ListApps"}
    | (CUSTOMER_SERVICE - {"UpdateCustomerSchema"}),
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


SCOPES = {
    Scope.ITEMS: {"BatchHeartbeat"},
    Scope.TENANT: {
        "CreateApp",
        "ListApps",
        "DeleteApp",
        "CreateKey",
        "ListKeys",
        "RevokeKey",
        "GetMadUsage",
        "WatchProfiles",
        *WEBHOOK_SERVICE,
        *CUSTOMER_SERVICE,
    },
}


def test_the_contract_says_what_each_method_reaches() -> None:
    several = set().union(*SCOPES.values())
    assert {scope: {m.name for m in METHODS.values() if m.scope is scope} for scope in SCOPES} == SCOPES
    assert {m.name for m in METHODS.values() if m.scope is Scope.APP} == set(METHODS) - several
    assert {m.name for m in METHODS.values() if m.tenant_id} == {"CreateApp", "UpdateApp", "ListApps"}
    assert {m.name for m in METHODS.values() if m.user_ids} == {
        "Register",
        "Heartbeat",
        "BatchHeartbeat",
        "ReportPushFeedback",
        "UpdateProfileData",
        "Unregister",
        "DeleteDeviceProfile",
        "GetProfile",
        "ListProfiles",
        "EraseUser",
        "ExportPerson",
        "ImportProfiles",
        "ResolveRecipients",
        "CountRecipients",
        "ExplainReach",
    }


def test_the_contracts_numbers_are_ours() -> None:
    assert {f"ACCESS_SCOPE_{s.name}": s.value for s in Scope}.items() < dict(access_pb2.AccessScope.items()).items()
    assert {f"NAMES_{n.name}": n.value for n in Names}.items() < dict(access_pb2.Names.items()).items()


def test_the_app_is_found_in_every_request_of_one_app() -> None:
    found = {name: method.app_id(_naming("shop", method.request)) for name, method in METHODS.items() if method.app_id}
    assert set(found.values()) == {"shop"}
    assert set(found) == {name for name, method in METHODS.items() if method.scope is Scope.APP}


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


# --- what is checked, in every method ---


def _about(app_id: str, name: str) -> bytes:
    """A request of the method about this app."""
    request = type(VALID[name])()
    request.CopyFrom(VALID[name])
    if METHODS[name].scope is Scope.APP:
        request.MergeFrom(_naming(app_id, METHODS[name].request))
    elif "webhook" in request.DESCRIPTOR.fields_by_name:
        request.webhook.app_ids.append(app_id)  # type: ignore[attr-defined]  # CreateWebhook, UpdateWebhook
    elif "app_ids" in request.DESCRIPTOR.fields_by_name:
        request.app_ids.append(app_id)  # type: ignore[attr-defined]  # WatchProfiles
    elif "user" in request.DESCRIPTOR.fields_by_name:
        request.user.app_id = app_id  # type: ignore[attr-defined]  # ExportPerson
        request.user.user_id = "ann"  # type: ignore[attr-defined]  # as above
    else:
        request.app_id = app_id  # type: ignore[attr-defined]  # CreateKey, ListKeys, DeleteApp
    if isinstance(request, app_service_pb2.CreateKeyRequest):
        request.kind = access_pb2.KEY_KIND_CLIENT
    return request.SerializeToString()


@pytest.mark.parametrize("kind", KeyKind)
async def test_a_foreign_and_a_missing_app_are_refused_by_every_method(served: Served, kind: KeyKind) -> None:
    """Permission before existence: to all but ADMIN keys both look the same."""
    about = [method for method in METHODS.values() if kind in method.kinds and (method.app_id or method.app_ids)]
    for method in about:
        told = await refused(served.raw(method.path, _about(FOREIGN_APP, method.name), served.key(kind)))
        assert (told.code.name, told.reason) == ("PERMISSION_DENIED", "APP_NOT_ALLOWED"), method
        missing = await refused(served.raw(method.path, _about("missing", method.name), served.key(kind)))
        if kind is KeyKind.ADMIN:
            assert (missing.code.name, missing.reason) == ("NOT_FOUND", "APP_NOT_FOUND"), method
        else:
            assert (missing.code, missing.reason) == (told.code, told.reason), method
            assert missing.message.replace("missing", "?") == told.message.replace(FOREIGN_APP, "?")


async def test_another_tenant_is_refused_by_every_method_that_names_one(served: Served) -> None:
    for name in ("CreateApp", "UpdateApp"):
        request = type(VALID[name])()
        request.CopyFrom(VALID[name])
        request.app.tenant_id = FOREIGN_TENANT  # type: ignore[attr-defined]  # the descriptor says so
        told = await refused(served.raw(METHODS[name].path, request.SerializeToString(), served.admin))
        assert (told.code.name, told.reason) == ("PERMISSION_DENIED", "TENANT_NOT_ALLOWED"), name
    listed = app_service_pb2.ListAppsRequest(tenant_id=FOREIGN_TENANT).SerializeToString()
    told = await refused(served.raw(METHODS["ListApps"].path, listed, served.admin))
    assert (told.code.name, told.reason) == ("PERMISSION_DENIED", "TENANT_NOT_ALLOWED")


async def test_a_foreign_apps_item_fails_alone(served: Served) -> None:
    await served.profiles.Register(profile_service_pb2.RegisterRequest(key=key()), metadata=served.client)
    keys = [key(app=FOREIGN_APP), key(), pb.ProfileKey(app_id="?"), key(app="missing")]
    for kind, missing in ((KeyKind.PROFILE, "APP_NOT_ALLOWED"), (KeyKind.ADMIN, "APP_NOT_FOUND")):
        answer = await served.profiles.BatchHeartbeat(
            profile_service_pb2.BatchHeartbeatRequest(keys=keys), metadata=served.key(kind)
        )
        assert [result.WhichOneof("result") for result in answer.results] == ["status", "heartbeat", "status", "status"]
        assert "APP_NOT_ALLOWED" in str(answer.results[0].status.details)
        assert "INVALID_REQUEST" in str(answer.results[2].status.details)
        assert missing in str(answer.results[3].status.details)


def test_J5_every_user_that_a_request_names_is_found() -> None:
    of_devices = [method for method in METHODS.values() if KeyKind.CLIENT in method.kinds and method.user_ids]
    assert {method.name: list(method.user_ids(VALID[method.name])) for method in of_devices if method.user_ids} == {
        method.name: ["ann"] for method in of_devices
    }
    messages = """message CallRequest {
      string app_id = 1 [(appprofile.v1.names) = NAMES_APP];
      repeated Group groups = 2;
      repeated string user_ids = 3 [(appprofile.v1.names) = NAMES_USER];
    }
    message Group { repeated Who who = 1; }
    message Who { string user_id = 1 [(appprofile.v1.names) = NAMES_USER]; }"""
    [method] = access.methods(service(messages, scope="APP", allow="CLIENT"))
    assert method.user_ids is not None
    request = method.request(user_ids=["c"], groups=[{"who": [{"user_id": "a"}, {}]}, {}, {"who": [{"user_id": "b"}]}])
    assert sorted(method.user_ids(request)) == ["", "a", "b", "c"]


def test_J5_every_customer_that_a_request_names_is_found() -> None:
    named = {name: method.customer_ids(VALID[name]) for name, method in METHODS.items() if method.customer_ids}
    assert {name for name in named if KeyKind.CLIENT in METHODS[name].kinds} == {"Register", "UpdateProfileData"}
    assert {name: sorted(ids) for name, ids in named.items() if name.endswith(("Customer", "Customers"))} == {
        "CreateCustomer": ["c1"],
        "GetCustomer": ["missing"],
        "UpdateCustomer": ["missing"],
        "DeleteCustomer": ["missing"],
        "EraseCustomer": ["missing"],
        "MergeCustomers": ["c1", "missing"],
        "ImportCustomers": [],
    }
    both = rc.ResolveRecipientsRequest(customer_ids=rc.CustomerIds(customer_ids=["c1", "c2"]))
    of_recipients = METHODS["ResolveRecipients"].customer_ids
    assert of_recipients is not None
    assert list(of_recipients(both)) == ["c1", "c2"]


async def test_a_list_of_apps_is_reached_app_by_app(backend: Backend) -> None:
    [method] = access.methods(
        service(
            """message CallRequest { repeated string app_ids = 1 [(appprofile.v1.names) = NAMES_APP]; }""",
            scope="TENANT",
            allow="ADMIN",
        )
    )
    call = Call()
    call.caller = await backend.directory.authenticate(backend.keys[KeyKind.ADMIN])
    steps = Steps(backend.directory, backend.services.jwt)
    await steps.permit(method, method.request(), call)
    await steps.permit(method, method.request(app_ids=[APP]), call)
    with pytest.raises(Refused) as caught:
        await steps.permit(method, method.request(app_ids=[APP, FOREIGN_APP]), call)
    assert caught.value.metadata == {"app_id": FOREIGN_APP}


# --- what stops the start ---

NAMES_AN_APP = "message CallRequest { string app_id = 1 [(appprofile.v1.names) = NAMES_APP]; }"
KEYS = """message CallRequest { repeated Item items = 1; }
message Item { string app_id = 1 [(appprofile.v1.names) = NAMES_APP]; }"""
FORGOTTEN: dict[str, tuple[dict[str, str], str]] = {
    "the option": ({"option": ""}, "does not say who may call it"),
    "the kinds": ({"allow": ""}, "does not say who may call it"),
    "the kinds, by their zero": ({"allow": "UNSPECIFIED"}, "does not say who may call it"),
    "the scope": ({"scope": ""}, "does not say what it reaches"),
    "the app": ({"messages": "message CallRequest { string application = 1; }"}, r"names no app in test.*CallRequest"),
    "the mark of the app": ({"messages": "message CallRequest { string app_id = 1; }"}, r"app_id is not marked"),
    "the mark of the tenant": (
        {"messages": "message CallRequest { string tenant_id = 1; }", "scope": "TENANT", "allow": "ADMIN"},
        r"tenant_id is not marked: give it \(appprofile\.v1\.names\) = NAMES_TENANT",
    ),
    "the mark of the user": (
        {"messages": NAMES_AN_APP.replace("}", "string user_id = 2; }")},
        r"user_id is not marked: give it \(appprofile\.v1\.names\) = NAMES_USER",
    ),
    "the mark of the customer": (
        {"messages": NAMES_AN_APP.replace("}", "repeated string customer_ids = 2; }")},
        r"customer_ids is not marked: give it \(appprofile\.v1\.names\) = NAMES_CUSTOMER",
    ),
    "the mark of a field further in": (
        {"messages": NAMES_AN_APP.replace("}", "Who who = 2; } message Who { string user_id = 1; }")},
        r"Who\.user_id is not marked",
    ),
    "which of two apps": (
        {"messages": NAMES_AN_APP.replace("}", "string other = 2 [(appprofile.v1.names) = NAMES_APP]; }")},
        "app_id and other are both marked APP",
    ),
    "the list of the items": (
        {"scope": "ITEMS", "allow": "ADMIN"},
        "needs one list in .* whose items each name one app",
    ),
    "that items may be of other apps": (
        {"messages": KEYS.replace("items = 1;", "items = 1; string app_id = 2 [(appprofile.v1.names) = NAMES_APP];")},
        "items.app_id .* names apps in a list",
    ),
    "that deleted apps in items go unchecked": (
        {"messages": KEYS.replace("NAMES_APP", "NAMES_DELETED_APP"), "scope": "TENANT", "allow": "ADMIN"},
        "items.app_id .* names apps in a list",
    ),
    "that users in a map go unchecked": (
        {
            "messages": NAMES_AN_APP.replace("}", "map<string, Who> who = 2; }")
            + "message Who { string user_id = 1 [(appprofile.v1.names) = NAMES_USER]; }"
        },
        "is a map with marked fields",
    ),
    "that a key has one app, in a tenant": ({"scope": "TENANT"}, "reaches more than one app"),
    "that a key has one app, in items": ({"scope": "ITEMS", "messages": KEYS}, "reaches more than one app"),
    "that an app is reached": (
        {"messages": "message CallRequest { string app_id = 1 [(appprofile.v1.names) = NAMES_CLOSED_APP]; }"},
        "is marked CLOSED_APP, which needs scope TENANT",
    ),
    "that a number names nobody": (
        {"messages": NAMES_AN_APP.replace("}", "int32 user = 2 [(appprofile.v1.names) = NAMES_USER]; }")},
        "is marked USER and is not a string",
    ),
}


@pytest.mark.parametrize("what", FORGOTTEN)
def test_a_method_of_which_this_was_forgotten_stops_the_start(what: str) -> None:
    given, said = FORGOTTEN[what]
    declared = service(**{"messages": NAMES_AN_APP, "scope": "APP", "allow": "CLIENT", **given})
    with pytest.raises(ContractError, match=said):
        access.methods(declared)


def test_items_of_the_requests_app_are_the_methods_to_answer() -> None:
    messages = """message CallRequest {
      string app_id = 1 [(appprofile.v1.names) = NAMES_APP];
      repeated Item items = 2;
    }
    message Item { Key key = 1 [(appprofile.v1.names) = NAMES_WITHIN_APP]; Item within = 2; }
    message Key { string app_id = 1 [(appprofile.v1.names) = NAMES_APP]; }"""
    [method] = access.methods(service(messages, scope="APP", allow="ADMIN"))
    assert method.app_id is not None
    assert method.app_id(method.request(app_id=APP)) == APP
