"""Which addresses the service connects to for a tenant (E6, J2)."""

from __future__ import annotations

import pytest

from profile_grpc.outbound.addresses import AddressPolicy, AddressRefused
from profile_grpc.outbound.destinations import Destinations, UrlRefused

REFUSED = [
    ("127.0.0.1", "loopback"),
    ("127.9.9.9", "loopback"),
    ("0.0.0.0", "unspecified"),  # noqa: S104 - refused
    ("10.0.0.1", "private"),
    ("172.16.0.1", "private"),
    ("172.31.255.255", "private"),
    ("192.168.1.1", "private"),
    ("100.64.0.1", "private"),
    ("100.100.100.200", "private"),  # the metadata of a cloud
    ("169.254.169.254", "link-local"),  # that of most
    ("168.63.129.16", "cloud metadata"),
    ("192.0.0.192", "reserved"),  # and of another
    ("224.0.0.1", "multicast"),
    ("239.255.255.250", "multicast"),
    ("255.255.255.255", "reserved"),
    ("240.0.0.1", "reserved"),
    ("198.18.0.1", "private"),
    ("203.0.113.7", "reserved"),
    ("::1", "loopback"),
    ("::", "unspecified"),
    ("fe80::1", "link-local"),
    ("fe80::1%eth0", "link-local"),
    ("fc00::1", "private"),
    ("fd00:ec2::254", "private"),  # the metadata of a cloud
    ("ff02::1", "multicast"),
    ("2001:db8::1", "reserved"),
    ("::ffff:127.0.0.1", "loopback"),
    ("::ffff:10.0.0.1", "private"),
    ("::ffff:169.254.169.254", "link-local"),
    ("64:ff9b::10.0.0.1", "private"),
    ("64:ff9b::7f00:1", "loopback"),
    ("64:ff9b:1::1", "reserved"),
    ("2002:7f00:1::1", "loopback"),
    ("2002:a00:1::", "private"),
    ("2001:0:7f00:1::", "reserved"),
    ("::127.0.0.1", "reserved"),
    ("4000::1", "reserved"),
    ("not an address", "no address"),
]


@pytest.mark.parametrize(("address", "kind"), REFUSED)
def test_E6_addresses_inside_the_operators_network_are_refused(address: str, kind: str) -> None:
    with pytest.raises(AddressRefused, match=kind):
        AddressPolicy().check(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "64:ff9b::808:808"],
)
def test_E6_addresses_of_the_public_internet_are_allowed(address: str) -> None:
    assert str(AddressPolicy().check(address)) == address


def test_E6_an_operator_allows_a_network_in_every_form_of_its_addresses() -> None:
    policy = AddressPolicy.allowing(["10.1.0.0/16", "fd12::/16"])
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "fd12::7"):
        policy.check(address)
    for address in ("10.2.0.1", "::ffff:10.2.0.1", "fd13::1", "127.0.0.1"):
        with pytest.raises(AddressRefused):
            policy.check(address)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.com/", "https://"),
        ("ftp://example.com/", "https://"),
        ("http://127.0.0.1/", "https://"),
        ("http://localhost/", "https://"),
        ("https://127.0.0.1/", "loopback"),
        ("https://localhost/", "loopback"),
        ("https://LOCALHOST./", "loopback"),
        ("https://[::1]/", "loopback"),
        ("https://[::ffff:10.0.0.1]/", "private"),
        ("https://169.254.169.254/latest/meta-data", "link-local"),
        ("https://user@example.com/", "password"),
        ("https://user:word@example.com/", "password"),
        ("https://example.com/#part", "fragment"),
        ("https://example.com/#", "fragment"),
        ("https:///path", "no host"),
        ("https://example.com:0/", "port"),
        ("https://example.com:99999/", "no URL"),
        ("https://exa mple.com/", "blanks"),
        ("https://example.com\\@10.0.0.1/", "blanks"),
        ("https://example.com/\r\nx: y", "blanks"),
        ("https://[::1/", "no URL"),
        ("https://example.com/" + "x" * 2048, "2048"),
        ("", "no host"),
    ],
)
def test_E6_urls_that_are_refused_for_what_they_say(url: str, why: str) -> None:
    with pytest.raises(UrlRefused, match=why):
        Destinations().check_url(url)


def test_E6_plain_http_only_to_loopback_and_only_where_the_operator_says_so() -> None:
    development = Destinations(http_on_loopback=True)
    for url in ("http://127.0.0.1:8000/", "http://localhost:8000/", "http://[::1]/", "https://localhost/"):
        development.check_url(url)
    for url in ("http://example.com/", "http://10.0.0.1/", "https://10.0.0.1/", "http://127.0.0.1.example.com/"):
        with pytest.raises(UrlRefused):
            development.check_url(url)
