"""Names in certificates."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509


def dns_name(pem: Path) -> str:
    """A DNS name for which the certificate in the file is valid. Empty: it has no DNS name.

    Raises:
        OSError, ValueError: the file cannot be read, or contains no certificate.
    """
    certificate = x509.load_pem_x509_certificate(pem.read_bytes())
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ""
    found = names.get_values_for_type(x509.DNSName)
    return found[0].replace("*", "any", 1) if found else ""
