"""Which targets are reached past the proxy that the environment names."""

import pytest

from appprofile._options import Transport, channel_options

IGNORED = ("grpc.enable_http_proxy", 0)


@pytest.mark.parametrize(
    ("target", "ignored"),
    [
        ("127.0.0.1:50051", True),
        ("localhost:50051", True),
        ("LOCALHOST:1", True),
        ("[::1]:50051", True),
        ("dns:///localhost:50051", True),
        ("ipv4:127.0.0.7:1", True),
        ("unix:///run/profiles.sock", True),
        ("profiles.example.com:443", False),
        ("localhost.example.com:443", False),
        ("10.0.0.1:443", False),
    ],
)
def test_loopback_is_never_reached_by_a_proxy_unless_asked(target: str, ignored: bool) -> None:
    assert (IGNORED in channel_options(target, Transport(plaintext=True))) == ignored
    assert IGNORED in channel_options(target, Transport(plaintext=True, proxy_from_environment=False))
    assert IGNORED not in channel_options(target, Transport(plaintext=True, proxy_from_environment=True))


def test_retries_can_be_left_to_the_caller() -> None:
    options = dict(channel_options("profiles.example.com:443", Transport(retries=False, server_name="profiles")))
    assert options["grpc.enable_retries"] == 0
    assert options["grpc.ssl_target_name_override"] == "profiles"
    assert "grpc.service_config" not in options
