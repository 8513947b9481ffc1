"""`profile-grpc health` and `profile-grpc bridge health`: what containers ask their server."""

from pathlib import Path

import pytest
import trustme

from tests.cli.program import Server, run_here, sqlite_url

QUIET = ("--drain-notice", "0")


def served(tmp_path: Path, *arguments: str) -> Server:
    return Server(["--port", "0", "--database-url", sqlite_url(tmp_path), *QUIET, *arguments])


def certificates(folder: Path) -> None:
    authority = trustme.CA()
    for name in ("server.example", "client.example"):
        issued = authority.issue_cert(name)
        issued.private_key_pem.write_to_path(str(folder / f"{name}.key"))
        issued.cert_chain_pems[0].write_to_path(str(folder / f"{name}.pem"))
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))


def test_a_server_is_asked_at_the_address_that_its_variables_name(tmp_path: Path) -> None:
    """So a container's probe needs no arguments. 0.0.0.0 is asked at loopback."""
    with served(tmp_path, "--host", "0.0.0.0") as server:  # noqa: S104 - the address of containers
        there = {"PROFILE_GRPC_HOST": "0.0.0.0", "PROFILE_GRPC_PORT": str(server.port)}  # noqa: S104
        assert run_here(["health"], there).out == "SERVING\n"
        assert run_here(["health", "--service", "appprofile.v1.ProfileService"], there).status == 0
        wrong = run_here(["health", "--service", "no.such.Service"], there)
        assert (wrong.status, wrong.error_line.rpartition(": ")[2]) == (1, "SERVICE_UNKNOWN")
        assert server.terminate() == 0
    gone = run_here(["health"], there)
    assert (gone.status, gone.error_line.rpartition(": ")[2]) == (1, "UNAVAILABLE")


def test_a_server_with_tls_is_trusted_by_its_own_certificate_only(tmp_path: Path) -> None:
    certificates(tmp_path)
    cert, key, ca = (str(tmp_path / name) for name in ("server.example.pem", "server.example.key", "ca.pem"))
    of_client = [
        f"--client-{kind}={tmp_path / f'client.example.{end}'}" for kind, end in (("cert", "pem"), ("key", "key"))
    ]
    with served(tmp_path, "--tls-cert", cert, "--tls-key", key, "--tls-client-ca", ca) as server:
        there = {"PROFILE_GRPC_PORT": str(server.port), "PROFILE_GRPC_TLS_CERT": cert}
        assert run_here(["health", *of_client], there).out == "SERVING\n"
        assert run_here(["health"], there).status == 1
        other = {**there, "PROFILE_GRPC_TLS_CERT": str(tmp_path / "client.example.pem")}
        assert run_here(["health", *of_client], other).status == 1


def test_unusable_files_of_a_probe_are_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("no certificate")
    for name, says in (("missing", "no such file or directory"), ("cert.pem", "it contains no certificate")):
        assert run_here(["health", "--tls-cert", str(tmp_path / name)]).error_line.endswith(says)
    assert run_here(["health", "--client-cert", "x"]).status == 2


@pytest.mark.parametrize("tls", [False, True])
def test_a_bridge_is_asked_whether_it_takes_reports(tmp_path: Path, tls: bool) -> None:
    """With and without TLS; its certificate is trusted only where it is named."""
    certificates(tmp_path)
    files = [
        *("--tls-cert", str(tmp_path / "server.example.pem")),
        *("--tls-key", str(tmp_path / "server.example.key")),
    ]
    with served(tmp_path, "--bridge-port", "0", *(files if tls else [])) as server:
        port = server.ready.partition("bridge on ")[2].partition(",")[0].rpartition(":")[2]
        there = {"PROFILE_GRPC_BRIDGE_PORT": port}
        trusting = ["bridge", *(files if tls else []), "health"]
        assert run_here(trusting, there).out == "SERVING\n"
        if tls:
            assert run_here(["bridge", "health"], there).status == 1
        assert (tmp_path / "profiles.db.bridge-spool").is_file()
        assert server.terminate() == 0
    assert "does not answer" in run_here(trusting, there).error_line
