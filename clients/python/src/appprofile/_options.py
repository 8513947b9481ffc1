"""The options of a connection: the target, the credentials, and the behavior of calls."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from importlib import resources

import grpc

DEFAULT_DEADLINE_S = 15.0
"""The maximum duration of a call, including retries, if it sets no timeout."""
MAX_RECONNECT_BACKOFF_MS = 2_000
KEEPALIVE_MS = 10_000
"""The time without data after which a ping tests the connection of a call. gRPC before 1.80 does not detect a reset
that immediately follows data, and the calls would wait for their deadline. The service accepts pings no more often than
this."""
NO_URL = "target must be host:port, without http:// or https://"
"""The same value in every language."""
_VISIBLE = re.compile(r"[!-~]*")
MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""A full page of profiles may exceed gRPC's default of 4 MiB."""


@dataclass(frozen=True, kw_only=True)
class Transport:
    """How the server is reached. Secrets are kept out of its repr."""

    plaintext: bool = False
    ca: bytes | None = field(default=None, repr=False)
    certificate: bytes | None = field(default=None, repr=False)
    private_key: bytes | None = field(default=None, repr=False)
    server_name: str = ""
    retries: bool = True
    proxy_from_environment: bool | None = None

    def __post_init__(self) -> None:
        if self.plaintext and (self.ca or self.certificate or self.private_key):
            raise ValueError("plaintext has no TLS: leave out ca, certificate and private_key, or plaintext")
        if bool(self.certificate) != bool(self.private_key):
            raise ValueError("certificate and private_key go together")

    def credentials(self) -> grpc.ChannelCredentials | None:
        """The credentials for gRPC, or None for plaintext."""
        if self.plaintext:
            return None
        return grpc.ssl_channel_credentials(self.ca, self.private_key, self.certificate)


def check_target(target: str) -> str:
    """Returns the target.

    Raises:
        ValueError: it is empty, or a URL, for which gRPC would look up a host named `http`.
    """
    if not target:
        raise ValueError("target must be host:port, such as localhost:50051")
    if target.lower().startswith(("http://", "https://")):
        raise ValueError(NO_URL)
    return target


def channel_options(target: str, transport: Transport) -> list[tuple[str, str | int]]:
    """The channel arguments of a connection."""
    options: list[tuple[str, str | int]] = [
        ("grpc.service_config", retry_policy()) if transport.retries else ("grpc.enable_retries", 0),
        ("grpc.max_reconnect_backoff_ms", MAX_RECONNECT_BACKOFF_MS),
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.max_receive_message_length", MAX_ANSWER_BYTES),
    ]
    through_proxy = transport.proxy_from_environment
    if through_proxy is False or (through_proxy is None and is_loopback(target)):
        options.append(("grpc.enable_http_proxy", 0))
    if transport.server_name:
        options.append(("grpc.ssl_target_name_override", transport.server_name))
    return options


def is_loopback(target: str) -> bool:
    """Whether the target (`host:port`, also as `dns:///host:port` or `ipv4:host:port`) is the local machine."""
    address = target.rpartition("/")[2]
    for scheme in ("dns:", "ipv4:", "ipv6:"):
        address = address.removeprefix(scheme)
    host = address[1:].partition("]")[0] if address.startswith("[") else address.partition(":")[0]
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return target.startswith(("unix:", "unix-abstract:"))


def retry_policy() -> str:
    """The retry policy that all clients share, as a gRPC service config in JSON."""
    return resources.files("appprofile").joinpath("service_config.json").read_text(encoding="utf-8")


def check_deadline(deadline: float) -> float:
    """Returns the deadline.

    Raises:
        ValueError: it is not above 0. A call without a deadline would wait for a lost server for ever.
    """
    if not deadline > 0:
        raise ValueError("deadline must be above 0 seconds")
    return deadline


def check_key(key: str | None) -> str | None:
    """Returns the key.

    Raises:
        ValueError: gRPC could not send it. The error does not repeat it, as gRPC's own error does.
    """
    if key is not None and not _VISIBLE.fullmatch(key):
        raise ValueError("key has characters that no key has, such as a line break or white space")
    return key


def call_headers(key: str | None, token: str | None) -> list[tuple[str, str]]:
    """The call metadata with the credentials.

    Raises:
        ValueError: gRPC could not send the token. The error does not repeat it.
    """
    headers = []
    if key is not None:
        headers.append(("x-api-key", key))
    if token is not None:
        if not _VISIBLE.fullmatch(token):
            raise ValueError("jwt returned characters that no JWT has, such as a line break or white space")
        headers.append(("authorization", f"Bearer {token}"))
    return headers
