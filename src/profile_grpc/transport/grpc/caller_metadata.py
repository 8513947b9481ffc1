"""What the metadata of a call says of the caller: its key, its JWT, and its software."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

import grpc

from profile_grpc.domain import jwt
from profile_grpc.service.credentials import HEADER

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


def caller_metadata(context: grpc.aio.ServicerContext[Any, Any]) -> CallerMetadata:
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
