"""`profile-grpc serve` as a process of its own, on SQLite."""

import json
import resource
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep

import grpc
import pytest
import trustme
from grpc_health.v1 import health_pb2

from appprofile.v1 import profile_pb2, profile_service_pb2, profile_service_pb2_grpc
from profile_grpc.service.directory import REFRESH_INTERVAL
from tests.cli import seeds
from tests.cli.program import Outcome, Server, environment, run, run_here, sqlite_url
from tests.support.flood import Flood
from tests.support.limits import wait_s
from tests.support.ports import free_port

ROOT = Path(__file__).parent.parent.parent
DEVICE = profile_pb2.ProfileKey(app_id="demo", user_id="alice", device_id="phone-1")
NO_DRAIN = ["--drain-notice", "0"]
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


def dev(folder: Path, *arguments: str) -> Server:
    return Server(["--dev", "--port", "0", "--database-url", sqlite_url(folder), *NO_DRAIN, *arguments])


def register(address: str, key: str = "") -> profile_service_pb2.RegisterResponse:
    with grpc.insecure_channel(address) as channel:
        stub = profile_service_pb2_grpc.ProfileServiceStub(channel)
        request = profile_service_pb2.RegisterRequest(key=DEVICE)
        return stub.Register(request, metadata=(("x-api-key", key),) if key else (), timeout=wait_s())


def health_states(channel: grpc.Channel) -> Iterator[int]:
    """The server's state, and then each one that follows."""
    watch = channel.unary_stream(
        "/grpc.health.v1.Health/Watch",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    for answer in watch(health_pb2.HealthCheckRequest(), timeout=wait_s()):
        yield answer.status


def scrape(server: Server) -> str:
    with urllib.request.urlopen(server.metrics_url, timeout=wait_s()) as answer:  # noqa: S310 - the server under test
        text: str = answer.read().decode()
    return text


def assert_documented_gauges(shown: str) -> None:
    """What the docs have alerts for is there before anything has happened: an alert on nothing never fires."""
    lines = shown.splitlines()
    assert 'profile_grpc_reaper_held{app="demo"} 0.0' in lines
    assert "profile_grpc_reaper_clock_held 0.0" in lines
    assert any(line.startswith("profile_grpc_write_queue_depth ") for line in lines)


def demo_output(server: Server) -> list[str]:
    """The lines after the ready line, down to the last call to paste."""
    lines = [server.next_line()]
    while "first_call.py" not in lines[-1]:
        lines.append(server.next_line())
    return lines


def demo_keys(lines: list[str]) -> dict[str, str]:
    """The keys that --dev printed, by kind."""
    return dict(line.split() for line in lines if " apk_" in line)


def one_line_failure(outcome: Outcome) -> str:
    assert outcome.status == 1
    return outcome.error_line


def test_the_printed_first_call_succeeds_when_it_is_pasted(tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    grpcurl = require_tool("grpcurl")
    with dev(tmp_path) as server:
        assert server.ready == f"ready: gRPC on {server.address}, database {sqlite_url(tmp_path)}"
        lines = demo_output(server)
        [call] = [line.strip() for line in lines if line.strip().startswith("grpcurl ")]
        answered = subprocess.run(
            ["bash", "-c", call.replace("grpcurl", grpcurl, 1)],
            capture_output=True,
            text=True,
            timeout=wait_s(),
            check=True,
        )
        assert json.loads(answered.stdout)["created"] is True
        assert server.terminate() == 0


def test_the_printed_python_call_succeeds(tmp_path: Path) -> None:
    with dev(tmp_path) as server:
        call = demo_output(server)[-1].split()
        answered = subprocess.run(call, capture_output=True, text=True, timeout=wait_s(), check=True, cwd=Path.cwd())
        assert answered.stdout == "next heartbeat in 15 days, 0:00:00\n"


def test_dev_prints_working_keys_that_stay_over_restarts(tmp_path: Path) -> None:
    """Who copied a key into an app need not copy it again."""
    with dev(tmp_path) as server:
        first = demo_keys(demo_output(server))
        assert set(first) == {"admin", "profile", "client", "bridge"}
        for key in first.values():
            assert register(server.address, key).profile.key == DEVICE
        assert server.terminate() == 0
    kept = tmp_path / "profiles.db.demo-keys"
    assert kept.stat().st_mode & 0o077 == 0
    with dev(tmp_path) as server:
        assert demo_keys(demo_output(server)) == first
    kept.write_text("{}")
    with dev(tmp_path) as server:
        fresh = demo_keys(demo_output(server))
        assert not set(fresh.values()) & set(first.values())
        assert register(server.address, fresh["client"]).profile.key == DEVICE


def test_dev_replaces_a_demo_key_that_was_revoked(tmp_path: Path) -> None:
    changes = {"PROFILE_GRPC_DATABASE_URL": sqlite_url(tmp_path)}
    with dev(tmp_path) as server:
        first = demo_keys(demo_output(server))
        assert run_here(["key", "revoke", first["client"].split("_")[1]], changes).status == 0
    with dev(tmp_path) as server:
        again = demo_keys(demo_output(server))
        assert again["client"] != first["client"]
        assert again["admin"] == first["admin"]


def test_a_second_server_of_one_file_is_refused(tmp_path: Path) -> None:
    """From any port, and by whichever name of the file; commands work beside it, and what was killed holds nothing."""
    (tmp_path / "link.db").symlink_to(tmp_path / "profiles.db")
    second = ["serve", "--dev", "--port", "0", "--database-url"]
    changes = {"PROFILE_GRPC_DATABASE_URL": sqlite_url(tmp_path)}
    with dev(tmp_path) as server:
        for url in (sqlite_url(tmp_path), f"sqlite:///{tmp_path}/link.db"):
            refused = run([*second, url])
            assert refused.status == 2
            assert "another `profile-grpc serve` uses " in refused.error_line
        assert run_here(["tenant", "create", "acme"], changes).status == 0
        assert (tmp_path / "profiles.db.serve-lock").stat().st_mode & 0o077 == 0
        server.process.kill()
        server.process.wait(wait_s())
        with dev(tmp_path) as next_one:
            assert register(next_one.address).created


def test_without_dev_a_call_needs_a_key(tmp_path: Path) -> None:
    with Server(["--port", "0", "--database-url", sqlite_url(tmp_path), *NO_DRAIN]) as server:
        with pytest.raises(grpc.RpcError) as refused:
            register(server.address)
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert server.terminate() == 0
        assert server.next_line() == ""


def test_neither_hash_key_nor_api_key_nor_token_reaches_the_log(tmp_path: Path) -> None:
    with dev(tmp_path, "--log-level", "debug") as server:
        keys = demo_keys(demo_output(server))
        for key in keys.values():
            register(server.address, key)
        with pytest.raises(grpc.RpcError):
            register(server.address, keys["client"][:-1] + "?")
        assert server.terminate() == 0
        assert "UNAUTHENTICATED" in server.log
        for key in keys.values():
            assert key.split("_", 2)[2][:-1] not in server.log
        assert environment()["PROFILE_GRPC_HASH_KEY"] not in server.log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_status_0_and_what_was_acknowledged_is_there(tmp_path: Path, number: int) -> None:
    with dev(tmp_path) as server:
        assert register(server.address).created
        assert server.terminate(number) == 0
        assert "Traceback" not in server.log
    with dev(tmp_path) as server:
        assert not register(server.address).created


def test_health_follows_a_full_disk_and_the_room_made_on_it(tmp_path: Path) -> None:
    """The kernel refuses to let the process's files grow, as it does on a full disk."""
    with dev(tmp_path) as server, grpc.insecure_channel(server.address) as channel:
        assert register(server.address).created
        health = health_states(channel)
        assert next(health) == SERVING
        soft, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        full = (tmp_path / "profiles.db-wal").stat().st_size
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (full, hard))
        with pytest.raises(grpc.RpcError) as refused:
            register(server.address)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        assert next(health) == NOT_SERVING
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (soft, hard))
        assert next(health) == SERVING
        assert not register(server.address).created
        assert server.terminate() == 0


def test_a_damaged_database_file_is_unavailable(tmp_path: Path) -> None:
    """No fault of the call, nor of the program: INTERNAL would tell the caller to report one."""
    with dev(tmp_path) as server:
        assert register(server.address).created
        assert server.terminate() == 0
    path = tmp_path / "profiles.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [(size,)] = database.execute("PRAGMA page_size")
        roots = [root for (root,) in database.execute("SELECT rootpage FROM sqlite_schema WHERE tbl_name = 'profile'")]
    with path.open("r+b") as file:
        for root in roots:
            file.seek((root - 1) * size)
            file.write(b"\xff" * size)
    with dev(tmp_path) as server, grpc.insecure_channel(server.address) as channel:
        stub = profile_service_pb2_grpc.ProfileServiceStub(channel)
        for call in (
            lambda: stub.Register(profile_service_pb2.RegisterRequest(key=DEVICE), timeout=wait_s()),
            lambda: stub.GetProfile(profile_service_pb2.GetProfileRequest(key=DEVICE), timeout=wait_s()),
        ):
            with pytest.raises(grpc.RpcError) as refused:
                call()
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


def test_while_it_drains_it_is_not_healthy_and_new_calls_go_elsewhere(tmp_path: Path) -> None:
    """Load balancers see NOT_SERVING before calls are refused, and callers see UNAVAILABLE, which they retry."""
    url = sqlite_url(tmp_path)
    with (
        Server(["--dev", "--port", "0", "--database-url", url, "--drain-notice", "20"]) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        health = health_states(channel)
        assert next(health) == SERVING
        server.process.send_signal(signal.SIGTERM)
        assert next(health) == NOT_SERVING
        with pytest.raises(grpc.RpcError) as refused:
            register(server.address)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("repetition", range(3))
@pytest.mark.parametrize("notice", ["0", "0.2"])
async def test_callers_of_a_server_that_ends_see_nothing_but_unavailable(
    tmp_path: Path, notice: str, repetition: int
) -> None:
    """Which clients retry. gRPC's own end answers CANCELLED to what it has received and not handed over."""
    arguments = ["--dev", "--port", "0", "--database-url", sqlite_url(tmp_path), "--drain-notice", notice]
    with Server(arguments) as server:
        flood = Flood(server.address)
        assert await flood.run(server.terminate) == 0
    assert flood.codes.keys() == {"OK", "UNAVAILABLE"}


def test_a_port_in_use_is_an_error_of_one_line(tmp_path: Path) -> None:
    with dev(tmp_path) as server:
        address = ["--port", str(server.port), "--database-url", sqlite_url(tmp_path)]
        assert f"cannot listen on 127.0.0.1:{server.port}: address already in use" in one_line_failure(
            run(["serve", "--dev", *address])
        )
        assert register(server.address).created


def test_a_port_can_be_had_again_at_once(tmp_path: Path) -> None:
    """A connection that the server closed leaves its port in TIME_WAIT, which is no reason to refuse."""
    port = str(free_port())
    with dev(tmp_path, "--port", port) as server, closing(socket.create_connection(("127.0.0.1", server.port))):
        register(server.address)
        assert server.terminate() == 0
    with dev(tmp_path, "--port", port) as server:
        assert register(server.address).profile.key == DEVICE


def test_a_metrics_port_in_use_is_an_error_of_one_line(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        arguments = ["serve", "--dev", "--port", "0", "--database-url", sqlite_url(tmp_path), "--metrics-port", port]
        assert "choose another --metrics-port" in one_line_failure(run(arguments))


def test_metrics_count_calls_and_profiles(tmp_path: Path) -> None:
    """M4: also how many devices were counted."""
    with dev(tmp_path, "--metrics-port", "0") as server:
        register(server.address)
        text = scrape(server)
        assert_documented_gauges(text)
    method = "appprofile.v1.ProfileService/Register"
    assert f'profile_grpc_rpc_seconds_count{{code="OK",method="{method}"}} 1.0' in text
    assert 'profile_grpc_mad_counted_total{app="demo"} 1.0' in text


def test_it_reaps_in_the_background(tmp_path: Path) -> None:
    """P1, P5."""
    url = sqlite_url(tmp_path)
    with dev(tmp_path) as server:
        assert server.terminate() == 0
    seeds.register(url, "demo", ["old"], seeds.ago(100))
    seeds.register(url, "demo", ["new"], seeds.ago(1))
    deleted = 'profile_grpc_profiles_deleted_total{app="demo",reason="INACTIVE"} 1.0'
    with dev(tmp_path, "--reaper-interval", "1", "--metrics-port", "0") as server:
        until = monotonic() + wait_s()
        while deleted not in scrape(server):
            assert monotonic() < until
        assert server.terminate() == 0


def test_administration_commands_succeed_while_it_serves(tmp_path: Path) -> None:
    """Two processes write one SQLite file; a revoked key ends while the server runs."""
    changes = {"PROFILE_GRPC_DATABASE_URL": sqlite_url(tmp_path)}
    serving = Server(["--port", "0", *NO_DRAIN], changes)

    def succeed(*arguments: str) -> str:
        outcome = run_here(arguments, changes)
        assert outcome.status == 0, outcome.err
        return outcome.out

    with serving as server:
        succeed("tenant", "create", "demo")
        succeed("app", "create", "demo", "--tenant", "demo")
        key = succeed("key", "create", "--tenant", "demo", "--kind", "client", "--app", "demo").strip()
        writer = threading.Thread(target=lambda: [register(server.address, key) for _ in range(100)])
        writer.start()
        for number in range(3):
            succeed("app", "set", "demo", "--set", f"inactivity_period={50 + number}d")
        writer.join()
        deleted = succeed("profile", "delete", "demo", "--user", "alice", "--device", "phone-1", "--json")
        assert len(json.loads(deleted)["deleted"]) == 1
        assert register(server.address, key).created
        assert succeed("doctor", "--json")
        succeed("key", "revoke", key.split("_")[1])
        _until_refused(server.address, key)
        assert server.terminate() == 0


def _until_refused(address: str, key: str) -> None:
    """A revoked key ends within 5 seconds, because the directory is read again more often than that."""
    assert REFRESH_INTERVAL < 5
    with grpc.insecure_channel(address) as channel:
        stub = profile_service_pb2_grpc.ProfileServiceStub(channel)
        refused = threading.Event()
        codes: list[grpc.StatusCode] = []

        def knock() -> None:
            while not refused.is_set():
                try:
                    stub.Heartbeat(
                        profile_service_pb2.HeartbeatRequest(key=DEVICE),
                        metadata=(("x-api-key", key),),
                        timeout=wait_s(),
                    )
                except grpc.RpcError as error:
                    codes.append(error.code())
                    refused.set()

        knocker = threading.Thread(target=knock)
        knocker.start()
        came = refused.wait(wait_s())
        refused.set()
        knocker.join()
        assert came
        assert codes == [grpc.StatusCode.UNAUTHENTICATED]


def test_a_newer_schema_is_refused_in_one_line(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path)
    assert run_here(["migrate", "--database-url", url]).status == 0
    with closing(sqlite3.connect(tmp_path / "profiles.db")) as connection, connection:
        connection.execute("UPDATE schema_revision SET version_num = '9999', oldest_program = '9999'")
    line = one_line_failure(run(["serve", "--port", "0", "--database-url", url]))
    assert "9999 is newer than this program can use" in line


def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "profiles.db").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    line = one_line_failure(run(["serve", "--port", "0", "--database-url", sqlite_url(tmp_path)]))
    assert "not a database" in line


def test_a_read_only_file_is_refused_in_one_line(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path)
    assert run_here(["migrate", "--database-url", url]).status == 0
    (tmp_path / "profiles.db").chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        outcome = _without_privileges(["serve", "--port", "0", "--database-url", url])
    finally:
        tmp_path.chmod(0o755)
    assert outcome.status == 2  # as for every file that cannot be used
    assert "serve-lock: permission denied" in outcome.error_line


_DROP_AND_RUN = """
import ctypes, os, sys
if os.geteuid() == 0:  # root may write everything: without CAP_DAC_OVERRIDE it may not
    PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1
    assert ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0) == 0
os.execv(sys.executable, [sys.executable, "-m", "profile_grpc", *sys.argv[1:]])
"""


def _without_privileges(arguments: list[str]) -> Outcome:
    done = subprocess.run(
        [sys.executable, "-c", _DROP_AND_RUN, *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=wait_s(),
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def test_an_unreachable_database_is_an_error_of_one_line() -> None:
    url = f"postgresql://user:hunter2@127.0.0.1:{free_port()}/db"
    line = one_line_failure(run(["serve", "--port", "0", "--database-url", url]))
    assert "cannot be reached" in line
    assert "hunter2" not in line


@pytest.mark.parametrize("given", ["lb.example.com", "10.0.0.1/8"])
def test_a_proxy_that_matches_no_address_is_an_error_of_one_line(given: str) -> None:
    """Every caller would seem to be the proxy, so all of them would share one caller's limits."""
    outcome = run(["serve", "--dev", "--port", "0", "--bridge-port", "0", "--bridge-proxy", given])
    assert outcome.status == 2
    assert "give 10.0.0.7" in outcome.error_line


def test_strangers_at_a_tls_port_fill_no_log(tmp_path: Path) -> None:
    """For each broken handshake gRPC's own library would write a line."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    files = ["--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem")]
    with dev(tmp_path, *files) as server:
        assert " with TLS, " in server.ready
        with closing(socket.create_connection(("127.0.0.1", server.port), timeout=wait_s())) as stranger:
            stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert stranger.recv(100) == b""
        credentials = grpc.ssl_channel_credentials((tmp_path / "ca.pem").read_bytes())
        with grpc.secure_channel(server.address, credentials) as channel:
            stub = profile_service_pb2_grpc.ProfileServiceStub(channel)
            assert stub.Register(profile_service_pb2.RegisterRequest(key=DEVICE), timeout=wait_s()).created
        assert server.terminate() == 0
        assert all(json.loads(line) for line in server.log.splitlines())


def test_a_hangup_ends_no_server_and_the_next_connection_gets_the_renewed_certificate(tmp_path: Path) -> None:
    """Operators send SIGHUP after they have renewed a certificate."""
    authority = trustme.CA()

    def issue() -> bytes:
        issued = authority.issue_cert("127.0.0.1")
        for name, content in (("key", issued.private_key_pem), ("cert", issued.cert_chain_pems[0])):
            content.write_to_path(str(tmp_path / "new"))
            (tmp_path / "new").replace(tmp_path / f"{name}.pem")
        return ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())

    context = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    context.set_alpn_protocols(["h2"])

    def served(port: int) -> bytes | None:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=wait_s()) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            return connection.getpeercert(binary_form=True)

    first = issue()
    files = ["--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem")]
    with dev(tmp_path, *files) as server:
        assert served(server.port) == first
        second = issue()
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_log("read without a signal")
        give_up = monotonic() + wait_s()
        while served(server.port) != second:
            assert monotonic() < give_up
            sleep(0.02)
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_log("read without a signal", times=2)
        assert server.terminate() == 0


def test_wrong_tls_files_are_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("no certificate")
    files = ["--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "missing.pem")]
    line = one_line_failure(run(["serve", "--port", "0", "--database-url", sqlite_url(tmp_path), *files]))
    assert "TLS" in line


@pytest.mark.engines("postgresql")
def test_with_postgresql_the_folder_of_the_bridges_spool_is_created(store_url: str, tmp_path: Path) -> None:
    """X1, X4: for its owner only, where the user has no data folder yet."""
    home = tmp_path / "fresh" / "home"
    arguments = ["--port", "0", "--bridge-port", "0", "--database-url", store_url]
    with Server(arguments, {"XDG_DATA_HOME": str(home)}) as server:
        bridge = server.ready.partition("bridge on ")[2].partition(",")[0]
        with urllib.request.urlopen(f"{bridge}/readyz", timeout=wait_s()) as answer:  # noqa: S310 - of this test's own server
            assert answer.status == 200
        [spool] = home.rglob("*bridge-spool")
        assert spool.parent.stat().st_mode & 0o077 == 0
        assert server.terminate() == 0
