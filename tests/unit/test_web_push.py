"""R10: what can be checked of a Web Push subscription."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from profile_grpc.domain.push_endpoints import is_p256_point, is_web_push_url


def point(curve: ec.EllipticCurve | None = None, form: PublicFormat = PublicFormat.UncompressedPoint) -> bytes:
    return ec.generate_private_key(curve or ec.SECP256R1()).public_key().public_bytes(Encoding.X962, form)


def test_R10_public_keys_are_points() -> None:
    assert all(is_p256_point(point()) for _ in range(20))


def test_R10_what_is_no_point_is_known() -> None:
    good = point()
    moved = good[:-1] + bytes([good[-1] ^ 1])
    assert not is_p256_point(moved)
    assert not is_p256_point(b"\x04" + bytes(64))
    assert not is_p256_point(b"\x03" + good[1:])
    assert not is_p256_point(good[:-1])
    assert not is_p256_point(point(form=PublicFormat.CompressedPoint))
    assert not is_p256_point(point(ec.SECP256K1()))


def test_R10_a_coordinate_beyond_the_field_is_none() -> None:
    """The same point, with p added to x where that fits, would be a second spelling of it."""
    p = 2**256 - 2**224 + 2**192 + 2**96 - 1
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    small = next(x for x in range(100) if pow(x**3 - 3 * x + b, (p - 1) // 2, p) == 1)
    y = pow(small**3 - 3 * small + b, (p + 1) // 4, p).to_bytes(32)
    assert is_p256_point(b"\x04" + small.to_bytes(32) + y)
    assert not is_p256_point(b"\x04" + (small + p).to_bytes(32) + y)


@pytest.mark.parametrize("url", ["https://fcm.googleapis.com/fcm/send/abc:def", "https://h/", "https://h:443/a?b=c"])
def test_R10_endpoints_are_https_urls(url: str) -> None:
    assert is_web_push_url(url)


@pytest.mark.parametrize(
    "url", ["", "abc", "http://h/a", "https://", "https:///a", "https://h/a b", "https://h:x/", "https://hé/", "//h/a"]
)
def test_R10_other_urls_are_no_endpoints_of_push_services(url: str) -> None:
    assert not is_web_push_url(url)
