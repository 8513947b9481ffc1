"""A real Envoy with the configuration of deploy/envoy, in front of a real server."""

import base64
import hashlib
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPSConnection
from pathlib import Path

import grpc
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from appprofile.v1 import profile_pb2, profile_service_pb2, profile_service_pb2_grpc
from tests.cli.program import Server, sqlite_url
from tests.support.limits import wait_s
from tests.support.ports import free_port

FOLDER = Path(__file__).parents[2] / "deploy/envoy"


def request(user: str) -> profile_service_pb2.RegisterRequest:
    key = profile_pb2.ProfileKey(app_id="demo", user_id=user, device_id="browser-1")
    return profile_service_pb2.RegisterRequest(key=key)


@dataclass(frozen=True)
class Answer:
    """What a browser gets."""

    status: int
    headers: Message
    body: bytes


@dataclass(frozen=True)
class Edge:
    """A running Envoy; `tls` is the folder with its certificate and key, which are for `localhost`."""

    port: int
    authority: bytes
    tls: Path
    server: Server

    def web(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """A request as a browser sends it."""
        tls = ssl.create_default_context(cadata=self.authority.decode())
        with closing(HTTPSConnection("localhost", self.port, context=tls, timeout=wait_s())) as connection:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            with connection.getresponse() as answer:
                return Answer(answer.status, answer.headers, answer.read())

    def channel(self) -> grpc.Channel:
        return grpc.secure_channel(f"localhost:{self.port}", grpc.ssl_channel_credentials(self.authority))

    @property
    def public_key_hash(self) -> str:
        """The SHA-256 of the certificate's public key, in base64."""
        certificate = x509.load_pem_x509_certificate((self.tls / "tls.crt").read_bytes())
        encoded = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(encoded).digest()).decode()


def configure(folder: Path, edge: int, admin: int, server: int) -> Path:
    """The configuration with the addresses and the files of a test."""
    (folder / "tls").mkdir()
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    issued.private_key_pem.write_to_path(str(folder / "tls/tls.key"))
    issued.cert_chain_pems[0].write_to_path(str(folder / "tls/tls.crt"))
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    changes = {
        "/etc/envoy": str(folder),
        "port_value: 8443": f"port_value: {edge}",
        "address: 0.0.0.0": "address: 127.0.0.1",
        "port_value: 9901": f"port_value: {admin}",
        "profile-grpc.internal, port_value: 50051": f"127.0.0.1, port_value: {server}",
    }
    for path in FOLDER.glob("*.yaml"):
        text = path.read_text()
        for old, new in changes.items():
            text = text.replace(old, new)
        (folder / path.name).write_text(text)
    return folder / "envoy.yaml"


@contextmanager
def running(program: str, folder: Path) -> Iterator[Edge]:
    """A server in development mode, and an Envoy that has answered a call of it."""
    with Server(["--dev", "--port", "0", "--database-url", sqlite_url(folder)]) as server:
        port = free_port()
        path = configure(folder, port, free_port(), server.port)
        checked = subprocess.run(
            [program, "--mode", "validate", "-c", path], capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stderr
        command = [program, "-c", str(path), "--disable-hot-restart", "--concurrency", "1", "--log-level", "error"]
        with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
            try:
                found = Edge(port, (folder / "ca.pem").read_bytes(), folder / "tls", server)
                with found.channel() as channel:
                    grpc.channel_ready_future(channel).result(wait_s())
                    stub = profile_service_pb2_grpc.ProfileServiceStub(channel)
                    stub.Register(request("first"), timeout=wait_s(), wait_for_ready=True)
                yield found
            finally:
                process.kill()
