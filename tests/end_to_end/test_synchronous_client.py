"""grpcio's synchronous client against our asynchronous server, through pytest-grpc's fixtures."""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from appprofile.v1 import profile_pb2, profile_service_pb2, profile_service_pb2_grpc
from tests.cli.program import Server, sqlite_url

KEY = profile_pb2.ProfileKey(app_id="demo", user_id="alice", device_id="phone")


@pytest.fixture(scope="module")
def grpc_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Our server, in the place of the one that pytest-grpc would make from a servicer."""
    url = sqlite_url(tmp_path_factory.mktemp("synchronous"))
    with Server(["--dev", "--port", "0", "--database-url", url]) as server:
        yield server


@pytest.fixture(scope="module")
def grpc_addr(grpc_server: Server) -> str:
    return grpc_server.address


@pytest.fixture(scope="module")
def grpc_stub_cls(grpc_channel: grpc.Channel) -> type[profile_service_pb2_grpc.ProfileServiceStub]:
    return profile_service_pb2_grpc.ProfileServiceStub


def test_a_profile_lives_and_goes(grpc_stub: profile_service_pb2_grpc.ProfileServiceStub) -> None:
    """R1, H1, D2, H2: register, heartbeat, delete; the next heartbeat is told to register again, and why."""
    registered = grpc_stub.Register(profile_service_pb2.RegisterRequest(key=KEY, language="en"))
    assert registered.created
    beat = grpc_stub.Heartbeat(profile_service_pb2.HeartbeatRequest(key=KEY))
    assert beat.next_heartbeat_after.ToTimedelta().days == 15
    deleted = grpc_stub.DeleteDeviceProfile(
        profile_service_pb2.DeleteDeviceProfileRequest(app_id="demo", user_id="alice", device_id="phone")
    )
    assert list(deleted.deleted) == [KEY]
    with pytest.raises(grpc.RpcError) as refused:
        grpc_stub.Heartbeat(profile_service_pb2.HeartbeatRequest(key=KEY))
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    info = _error_info(refused.value)
    assert (info.domain, info.reason) == ("appprofile", "REREGISTER_REQUIRED")
    assert dict(info.metadata) == {"app_id": "demo", "cause": "DELETED"}


def test_invalid_input_is_reported_by_field(grpc_stub: profile_service_pb2_grpc.ProfileServiceStub) -> None:
    """The contract's shape rules, and nothing is written."""
    wrong = profile_pb2.ProfileKey(app_id="demo", user_id="a\nb", device_id="x" * 257)
    with pytest.raises(grpc.RpcError) as refused:
        grpc_stub.Register(profile_service_pb2.RegisterRequest(key=wrong))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert _error_info(refused.value).metadata["fields"] == "key.user_id,key.device_id"
    listed = grpc_stub.ListProfiles(profile_service_pb2.ListProfilesRequest(app_id="demo"))
    assert not [p for p in listed.profiles if p.key.user_id == "a\nb"]


def _error_info(error: grpc.RpcError) -> error_details_pb2.ErrorInfo:
    trailers: dict[str, Any] = {datum.key: datum.value for datum in error.trailing_metadata()}
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    found = error_details_pb2.ErrorInfo()
    [detail] = [d for d in status.details if d.Is(found.DESCRIPTOR)]
    detail.Unpack(found)
    return found
