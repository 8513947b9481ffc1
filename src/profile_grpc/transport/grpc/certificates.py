"""The server's certificate and the authority of its callers, which may be renewed while it runs."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import structlog

from profile_grpc.config import OperatorError
from profile_grpc.transport.grpc.options import Tls

log = structlog.get_logger(__name__)


class ServeError(OperatorError):
    """The server cannot start. The text is one line that says why."""


def credentials(tls: Tls) -> grpc.ServerCredentials:
    """Credentials that present the current content of the files to each new connection.

    Raises:
        ServeError: they cannot be used now.
    """
    renewed = _Renewed(tls)
    fetch: Any = renewed.fetch  # according to gRPC's documentation, but not its type, it may return None
    return grpc.dynamic_ssl_server_credentials(
        renewed.first, fetch, require_client_authentication=tls.client_ca is not None
    )


class _Renewed:
    """Checks the files whenever gRPC begins a handshake, in a thread of gRPC."""

    def __init__(self, tls: Tls) -> None:
        self._tls = tls
        self._seen = self._state()
        self.first = _configuration(tls)

    def fetch(self) -> grpc.ServerCertificateConfiguration | None:
        """The new configuration, or None if it is unchanged. Unusable files are ignored."""
        state = self._state()
        if state == self._seen:
            return None
        self._seen = state
        try:
            configuration = _configuration(self._tls)
        except ServeError as error:
            log.warning("cannot use the renewed certificate; keeping the previous one", error=str(error))
            return None
        log.info("using the renewed certificate", file=str(self._tls.certificate))
        return configuration

    def _state(self) -> list[tuple[int, int, int] | None]:
        """A value that changes if the file is rewritten or replaced."""
        found: list[tuple[int, int, int] | None] = []
        for path in (self._tls.certificate, self._tls.key, self._tls.client_ca):
            try:
                status = path.stat() if path is not None else None
            except OSError:
                status = None
            found.append((status.st_mtime_ns, status.st_size, status.st_ino) if status else None)
        return found


def _configuration(tls: Tls) -> grpc.ServerCertificateConfiguration:
    """Reads and checks the files. For an unusable file, gRPC would only report that the port cannot be bound."""
    pair = (_read(tls.key), _read(tls.certificate))
    client_ca = _read(tls.client_ca) if tls.client_ca is not None else None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with _unusable(f"the certificate {tls.certificate} with the key {tls.key}"):
        context.load_cert_chain(tls.certificate, tls.key, password=lambda: "")
    if tls.client_ca is not None:
        with _unusable(f"the client CA {tls.client_ca}"):
            context.load_verify_locations(tls.client_ca)
    return grpc.ssl_server_certificate_configuration([pair], client_ca)


def _read(path: Path) -> bytes:
    with _unusable(f"the TLS file {path}"):
        return path.read_bytes()


@contextmanager
def _unusable(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # includes ssl.SSLError
        raise ServeError(f"cannot use {what}: {error.strerror or error}") from None
