"""What a servicer method knows about its call and its caller, apart from the request."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import grpc

from profile_grpc.domain import jwt
from profile_grpc.domain.errors import Refused
from profile_grpc.domain.settings import App
from profile_grpc.service.credentials import HEADER, Caller
from profile_grpc.service.directory_ports import KeyKind
from profile_grpc.service.jwt.authorization import Checked

Context = grpc.aio.ServicerContext[Any, Any]
_TOKEN_KINDS = frozenset({KeyKind.ADMIN, KeyKind.PROFILE})
_USER_AGENT = "user-agent"
_PRODUCT = re.compile(r"[!-~]{1,64}\Z")


class CallerMetadata(NamedTuple):
    """The entries of the metadata that the service reads."""

    key: str | None
    authorization: tuple[str, ...]
    """Every value of the header `authorization`."""
    user_agent: str

    def sdk_version(self, named: str) -> str:
        """The version of the caller's SDK: the one that the request names, else the first product of the user agent.

        Empty if neither is known.
        """
        return _shown(named or self.user_agent.partition(" ")[0])


@lru_cache(maxsize=256)
def _shown(version: str) -> str:
    """The version, if it can be shown. Callers have few different ones."""
    return version if _PRODUCT.match(version) else ""


def caller_metadata(context: Context) -> CallerMetadata:
    key, user_agent = None, ""
    authorization: tuple[str, ...] = ()
    for name, value in context.invocation_metadata() or ():
        if not isinstance(value, str):
            continue
        if name == HEADER:
            key = value
        elif name == jwt.HEADER:
            authorization = (*authorization, value)
        elif name == _USER_AGENT:
            user_agent = value
    return CallerMetadata(key, authorization, user_agent)


class Call:
    """One call. The pipeline sets each attribute as soon as it is known; reading it before is an error."""

    __slots__ = ("app", "caller", "ending", "items", "jwt", "jwt_counted", "metadata")

    caller: Caller
    """Who calls."""
    metadata: CallerMetadata
    """What the metadata of the call says of the caller."""
    app: App
    """Scope APP: the app that the request names, which the caller reaches."""
    items: Sequence[App | Refused]
    """Scope ITEMS: the app of each item, or why the item is refused."""
    ending: asyncio.Event
    """Streams: set when the stream is asked to end. A method that waits for changes then yields a last message with its
    resume token. The next message is the last one in any case."""
    jwt: Checked | None
    """The result of the check of the caller's JWT; None: none is checked (J1)."""
    jwt_counted: bool
    """Whether that is counted; each call and stream is, once (J7)."""

    def __init__(self) -> None:
        self.jwt = None
        self.jwt_counted = False

    @property
    def sees_tokens(self) -> bool:
        """Whether push tokens are shown to the caller."""
        return self.caller.kind in _TOKEN_KINDS

    @property
    def sees_other_users(self) -> bool:
        """Whether ids of other users than the request's are shown to the caller (R8)."""
        return self.caller.kind is not KeyKind.CLIENT
