"""`profile-grpc serve --workers 2` on PostgreSQL: one port, several processes, watched by their parent."""

import json
import os
import re
import secrets
import select
import signal
import socket
from collections.abc import Iterator
from contextlib import closing

import grpc
import pytest

from appprofile.v1 import profile_pb2, profile_service_pb2, profile_service_pb2_grpc
from tests.cli.program import Server, run
from tests.cli.test_serve import (
    assert_documented_gauges,
    demo_keys,
    demo_output,
    one_line_failure,
    register,
    scrape,
)
from tests.support.flood import Flood
from tests.support.limits import wait_s

pytestmark = pytest.mark.engines("postgresql")
ARGUMENTS = ["--dev", "--port", "0", "--workers", "2", "--metrics-port", "0", "--drain-notice", "0"]


@pytest.fixture
def server(store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two workers. The data directory, where the development hash key would be, is the test's own."""
    home = {"XDG_DATA_HOME": str(tmp_path_factory.mktemp("share"))}
    with Server([*ARGUMENTS, "--database-url", store_url], home) as running:
        yield running


def workers(server: Server) -> set[int]:
    """The process ids of the running workers."""
    with open(f"/proc/{server.process.pid}/task/{server.process.pid}/children") as children:  # noqa: PTH123
        return {int(pid) for pid in children.read().split()}


def spread(server: Server, calls: int) -> None:
    """Calls on connections of their own, so that each may reach another worker."""
    for _ in range(calls):
        options = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(server.address, options=options) as channel:
            key = profile_pb2.ProfileKey(app_id="demo", user_id=secrets.token_hex(4), device_id=secrets.token_hex(4))
            stub = profile_service_pb2_grpc.ProfileServiceStub(channel)
            assert stub.Register(profile_service_pb2.RegisterRequest(key=key), timeout=wait_s()).created


def test_two_workers_share_the_port_and_the_metrics(server: Server) -> None:
    assert "2 workers" in server.ready
    assert len(workers(server)) == 2
    keys = demo_keys(demo_output(server))
    assert register(server.address, keys["client"]).created
    spread(server, 30)
    counted = re.search(r'profile_grpc_rpc_seconds_count\{code="OK",method="[^"]*/Register"\} (\S+)', scrape(server))
    assert counted is not None
    assert float(counted[1]) == 31
    shown = scrape(server)
    assert "profile_grpc_build_info{" in shown
    assert set(re.findall(r'process_resident_memory_bytes\{worker="(\d)"\} \d', shown)) == {"0", "1", "2"}
    assert set(re.findall(r'process_cpu_seconds_total\{worker="(\d)"\} \d', shown)) == {"0", "1", "2"}
    assert_documented_gauges(shown)
    assert server.terminate() == 0


def test_a_worker_that_dies_is_replaced(server: Server) -> None:
    """The others go on serving meanwhile."""
    spread(server, 10)
    victim, survivor = sorted(workers(server))
    os.kill(victim, signal.SIGKILL)
    server.wait_for_log("a worker has ended; starting another")
    server.wait_for_log('"event": "serving"', times=3)
    assert len(workers(server)) == 2
    assert survivor in workers(server)
    spread(server, 10)
    assert server.terminate() == 0


def test_sigterm_ends_all_workers(server: Server) -> None:
    running = workers(server)
    assert server.terminate() == 0
    for pid in running:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert "Traceback" not in server.log


async def test_callers_of_workers_that_end_see_nothing_but_unavailable(server: Server) -> None:
    """Clients retry UNAVAILABLE, and nothing else."""
    flood = Flood(server.address)
    assert await flood.run(server.terminate) == 0
    assert flood.codes.keys() == {"OK", "UNAVAILABLE"}


def test_workers_end_when_their_parent_is_killed(server: Server) -> None:
    """Their standard input ends with it."""
    running = workers(server)
    descriptors = [os.pidfd_open(pid) for pid in running]
    server.process.kill()
    for descriptor in descriptors:
        ended, _, _ = select.select([descriptor], [], [], wait_s())  # readable once the process has ended
        os.close(descriptor)
        assert ended


def test_no_other_process_can_take_the_port_of_workers(server: Server, store_url: str) -> None:
    """A second parent does not share it unseen, though the workers themselves share it."""
    with pytest.raises(OSError, match="in use"), closing(socket.create_server(("127.0.0.1", server.port))):
        pass
    for count in ("1", "2"):
        arguments = ["serve", "--port", str(server.port), "--workers", count, "--database-url", store_url]
        assert "address already in use" in one_line_failure(run(arguments))


def test_a_worker_that_cannot_start_ends_the_parent(store_url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    broken = tmp_path_factory.mktemp("tls") / "cert.pem"
    broken.write_text("no certificate")
    files = ["--tls-cert", str(broken), "--tls-key", str(broken)]
    outcome = run(["serve", "--port", "0", "--workers", "2", "--database-url", store_url, *files])
    assert outcome.status == 1
    *said, last = outcome.err.splitlines()
    assert any("cannot use the " in json.loads(line)["error"] for line in said)
    assert last == "profile-grpc: a worker did not start; see the log above"


def test_an_empty_or_unmigrated_database_is_never_migrated_by_serve(engine_url: str) -> None:
    for arguments in (["serve", "--port", "0"], ["serve", "--port", "0", "--dev"]):
        line = one_line_failure(run([*arguments, "--database-url", engine_url]))
        assert "profile-grpc migrate" in line
