"""A report: the part of a request that is stored."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from profile_grpc.bridge.templates import DEFAULT, Fields
from profile_grpc.bridge.values import Parameters

MICROSECONDS = 1_000_000
MISSING_ACCOUNT = "MISSING_ACCOUNT"
MISSING_TOKEN = "MISSING_TOKEN"  # noqa: S105 - a reason


class Kind(enum.IntEnum):
    """The kind of a report."""

    REMOVAL = 1
    """The user logged out, or removed the account from the app."""
    TOKEN = 2
    """The app started, with these push tokens (X5)."""


class PushAppUse(msgspec.Struct, array_like=True, frozen=True):
    """The use of the tokens of a push app id, as numbers of the contract's enumerations."""

    provider: int
    platform: int
    purpose: int


class Report(msgspec.Struct, array_like=True):
    """The stored content of one request, encrypted: the parsed `fields`, and all `parameters` while the app's names may
    be stale.
    """

    kind: Kind
    app_id: str
    """Empty: the app is found by the push app id."""
    fields: Fields | None
    parameters: Parameters | None = None


class Account(NamedTuple):
    """Keyed hashes of a report's account and tokens. They serve to find the token reports that a removal supersedes."""

    username: bytes | None
    selector: bytes | None
    tokens: tuple[bytes, ...]


def missing(kind: Kind, fields: Fields) -> str:
    """What is missing in a report: MISSING_ACCOUNT, MISSING_TOKEN, or nothing (an empty string)."""
    if not fields.username and (kind is Kind.TOKEN or not fields.selector):
        return MISSING_ACCOUNT
    return "" if fields.token_calls or fields.token_msgs else MISSING_TOKEN


def account_of(report: Report, keyed_hash: Callable[[bytes], bytes]) -> Account:
    """Keyed hashes that identify reports of the same account without revealing it."""
    fields = report.fields or (DEFAULT.fields(report.parameters) if report.parameters else Fields())

    def hashed(kind: bytes, value: str) -> bytes:
        return keyed_hash(b"\x00".join((kind, report.app_id.encode(), value.encode())))

    return Account(
        hashed(b"username", fields.username) if fields.username else None,
        hashed(b"selector", fields.selector) if fields.selector else None,
        tuple(hashed(b"token", canonical(token)) for _, token in tokens(fields)),
    )


def tokens(fields: Fields) -> Iterator[tuple[str, str]]:
    """The push app id and token of each pair that was given."""
    if fields.token_calls:
        yield fields.appid_calls, fields.token_calls
    if fields.token_msgs:
        yield fields.appid_msgs, fields.token_msgs


def canonical(token: str) -> str:
    """One spelling for all alphabets and paddings of base64, so that equal tokens are recognized."""
    return token.replace("-", "+").replace("_", "/").rstrip("=")
