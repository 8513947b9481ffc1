"""Secrets, tokens and ids of people never reach a log or a metric, at the most talkative level (api.md)."""

import asyncio
import base64
import urllib.request
from collections.abc import Callable
from typing import Any

import grpc
import pytest

from appprofile.v1 import (
    access_pb2,
    app_service_pb2,
    app_service_pb2_grpc,
    customer_pb2,
    customer_service_pb2,
    customer_service_pb2_grpc,
    profile_pb2,
    profile_service_pb2,
)
from tests.cli.program import Server
from tests.end_to_end.conftest import APP, Client, Deployment
from tests.support.limits import wait_s

EMAIL, NUMBER, CUSTOMER = "alice@mail.example", "+442079460000", "customer-of-alice"
TOKEN = "secret-push-token-of-alice-0123456789"
OTHER_TOKEN = "secret-push-token-of-bob-0123456789"
USER = "alice.person@example.com"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"

pytestmark = pytest.mark.slow


def _raw(channel: grpc.aio.Channel, method: str) -> grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]:
    """Calls the method with any bytes."""
    return channel.unary_unary(method)


def _read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=wait_s()) as answer:  # noqa: S310 - our own server
        text: str = answer.read().decode()
    return text


async def _ignoring_refusals(*calls: grpc.aio.UnaryUnaryCall[Any, Any]) -> set[grpc.StatusCode]:
    return {await call.code() for call in calls}


async def _a_person(client: Client, user: str) -> None:
    """A customer is stored, refused, found and erased; a user is erased (C8)."""
    customers = customer_service_pb2_grpc.CustomerServiceStub(client.channel)
    customer = customer_pb2.Customer(customer_id=CUSTOMER, name=user, email=EMAIL, msisdn=NUMBER)
    wrong = customer_pb2.Customer(customer_id=CUSTOMER, email=f"{EMAIL}@", msisdn=f"{NUMBER}0000000000")
    pb = customer_service_pb2
    codes = await _ignoring_refusals(
        customers.CreateCustomer(pb.CreateCustomerRequest(customer=customer), metadata=client.metadata),
        customers.UpdateCustomer(pb.UpdateCustomerRequest(customer=wrong), metadata=client.metadata),
        customers.ListCustomers(pb.ListCustomersRequest(email=EMAIL), metadata=client.metadata),
        customers.ExportPerson(pb.ExportPersonRequest(customer_id=CUSTOMER), metadata=client.metadata),
        customers.EraseCustomer(pb.EraseCustomerRequest(customer_id=CUSTOMER), metadata=client.metadata),
        client.stub.EraseUser(profile_service_pb2.EraseUserRequest(app_id=APP, user_id=user), metadata=client.metadata),
    )
    ok, invalid, missing = grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
    assert {ok, invalid} <= codes <= {ok, invalid, missing}  # they run at the same time


async def test_nothing_secret_is_logged_or_measured(
    deployment: Deployment, connect: Callable[[Server], Client]
) -> None:
    """Good calls, bad calls of every kind, garbage and wrong keys, then a look at all that the server said."""
    server = deployment.serve("--log-level", "debug", "--metrics-port", "0")
    client = connect(server)
    stub, metadata = client.stub, (*client.metadata, ("authorization", f"Bearer {JWT}"))
    key = deployment.key(USER, "alices-phone")
    endpoint = profile_pb2.PushEndpoint(
        provider=profile_pb2.PUSH_PROVIDER_FCM, token=TOKEN, push_app_id="com.example.shop"
    )
    reported = profile_service_pb2.ReportedToken(token=base64.b64encode(TOKEN.encode()).decode())
    feedback = profile_service_pb2.PushFeedback(provider=profile_pb2.PUSH_PROVIDER_FCM, token=TOKEN)
    wrong_key = f"{deployment.keys['profile'][:-4]}AAAA"
    codes = await _ignoring_refusals(
        stub.Register(profile_service_pb2.RegisterRequest(key=key, push_endpoints=[endpoint]), metadata=metadata),
        stub.Register(
            profile_service_pb2.RegisterRequest(key=key, push_endpoints=[endpoint, endpoint]), metadata=metadata
        ),
        stub.Heartbeat(profile_service_pb2.HeartbeatRequest(key=key), metadata=(("x-api-key", wrong_key),)),
        stub.Heartbeat(profile_service_pb2.HeartbeatRequest(key=deployment.key("nobody", "x")), metadata=metadata),
        stub.ReportPushFeedback(
            profile_service_pb2.ReportPushFeedbackRequest(
                app_id=APP, feedback=[feedback, profile_service_pb2.PushFeedback(token=OTHER_TOKEN)]
            ),
            metadata=metadata,
        ),
        stub.RemoveAccount(
            profile_service_pb2.RemoveAccountRequest(app_id=APP, username=USER, tokens=[reported]), metadata=metadata
        ),
        stub.GetProfile(profile_service_pb2.GetProfileRequest(key=key), metadata=metadata),
        stub.GetProfile(profile_service_pb2.GetProfileRequest(key=key), metadata=(("x-api-key", TOKEN),)),
        _raw(client.channel, "/appprofile.v1.ProfileService/Register")(b"\xff" + TOKEN.encode(), metadata=metadata),
    )
    assert {grpc.StatusCode.OK, grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.INVALID_ARGUMENT} <= codes
    assert grpc.StatusCode.INTERNAL not in codes
    await _a_person(client, USER)
    admin = (("x-api-key", deployment.keys["admin"]),)
    apps = app_service_pb2_grpc.AppServiceStub(client.channel)
    created = await apps.CreateKey(
        app_service_pb2.CreateKeyRequest(kind=access_pb2.KEY_KIND_CLIENT, app_id=APP), metadata=admin
    )
    metrics = await asyncio.to_thread(_read, server.metrics_url)
    assert await asyncio.to_thread(server.terminate) == 0
    said = "\n".join([server.log, server.ready, *server.said, metrics])
    assert "ProfileService/Register" in said, "the calls were not logged at all"
    assert "CustomerService/EraseCustomer" in said
    secrets = [
        EMAIL,
        NUMBER,
        CUSTOMER,
        TOKEN,
        OTHER_TOKEN,
        reported.token,
        USER,
        JWT,
        wrong_key,
        created.secret,
        *deployment.keys.values(),
    ]
    for secret in [*secrets, *(s.split("_", 2)[2] for s in deployment.keys.values())]:
        assert secret not in said
