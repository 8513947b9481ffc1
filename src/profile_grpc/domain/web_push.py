"""Web Push subscriptions (R10): what can be checked of an endpoint and its keys."""

from __future__ import annotations

from urllib.parse import urlsplit

POINT_BYTES = 65
_UNCOMPRESSED = 4
# NIST P-256: y^2 = x^3 - 3x + b over the integers modulo p (FIPS 186-4, D.1.2.3).
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


def is_point(encoded: bytes) -> bool:
    """Whether the bytes are a point on the curve P-256 in uncompressed form."""
    if len(encoded) != POINT_BYTES or encoded[0] != _UNCOMPRESSED:
        return False
    x, y = int.from_bytes(encoded[1:33]), int.from_bytes(encoded[33:])
    return x < _P and y < _P and (y * y - (x * x * x - 3 * x + _B)) % _P == 0


def is_endpoint(url: str) -> bool:
    """Whether the text is an https URL that names a host."""
    if not url.isascii() or any(character <= " " for character in url):
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where the port is no number
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname)
