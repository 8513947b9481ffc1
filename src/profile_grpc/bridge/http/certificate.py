"""The bridge's server certificate, which may be renewed while the bridge runs."""

from __future__ import annotations

import ssl
from pathlib import Path

import structlog

from profile_grpc.bridge.http.server import tls_context
from profile_grpc.bridge.watched_files import WatchedFiles

log = structlog.get_logger(__name__)


class ListenerCertificate:
    """The server certificate. New connections get the newest usable one."""

    def __init__(self, cert: Path, key: Path) -> None:
        """Raises OSError or ssl.SSLError when it cannot be used."""
        self._cert = cert
        self._key = key
        self._files = WatchedFiles([cert, key])
        self.context: ssl.SSLContext = tls_context(cert, key)

    def renew(self) -> None:
        """Loads a renewed certificate. An unusable one is ignored and logged once."""
        if not self._files.changed():
            return
        try:
            tls_context(self._cert, self._key)  # a pair that does not match would damage the context in use
            self.context.load_cert_chain(self._cert, self._key)
        except (OSError, ssl.SSLError) as error:
            log.warning("cannot use the renewed certificate", file=str(self._cert), error=str(error))
        else:
            log.info("using the renewed certificate", file=str(self._cert))
