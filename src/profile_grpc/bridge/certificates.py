"""Certificates that are renewed while the bridge runs: the files are looked at each second."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from pathlib import Path

import structlog

from profile_grpc.bridge.http.server import tls_context

log = structlog.get_logger(__name__)


class WatchedFiles:
    """Tells when files were changed, or replaced by others."""

    def __init__(self, paths: Iterable[Path | None]) -> None:
        self._paths = [path for path in paths if path is not None]
        self._seen = self._state()

    def changed(self) -> bool:
        """Whether they are other files than when this was last asked. While one is missing they are the same."""
        state = self._state()
        if None in state or state == self._seen:
            return False
        self._seen = state
        return True

    def _state(self) -> list[tuple[int, int, int] | None]:
        return [_stamp(path) for path in self._paths]


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


class ListenerCertificate:
    """The certificate that apps are shown. New connections get the newest one that can be used."""

    def __init__(self, cert: Path, key: Path) -> None:
        """Raises OSError or ssl.SSLError when it cannot be used."""
        self._cert = cert
        self._key = key
        self._files = WatchedFiles([cert, key])
        self.context: ssl.SSLContext = tls_context(cert, key)

    def renew(self) -> None:
        """Takes a certificate that was renewed. One that cannot be used changes nothing, and is told once."""
        if not self._files.changed():
            return
        try:
            tls_context(self._cert, self._key)  # a pair that does not fit would spoil the context in use
            self.context.load_cert_chain(self._cert, self._key)
        except (OSError, ssl.SSLError) as error:
            log.warning("the renewed certificate cannot be used", file=str(self._cert), error=str(error))
        else:
            log.info("the renewed certificate is in use", file=str(self._cert))
