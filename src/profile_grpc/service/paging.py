"""Page tokens: opaque, authenticated, bound to the filter of their listing."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Sequence

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.hashing import Hasher

DEFAULT_SIZE = 50
MAX_SIZE = 1000
_SEAL_LENGTH = 22
_listing_text = json.JSONEncoder(separators=(",", ":")).encode
# Not escaped: otherwise the token of long ids in another script is longer than a request accepts.
_position_text = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def size(asked: int) -> int:
    """How many rows a page has: 50 by default, at most 1000."""
    return min(asked, MAX_SIZE) if asked else DEFAULT_SIZE


def seal(hasher: Hasher, listing: Sequence[str | int | None], position: Sequence[str]) -> str:
    """The token of the page after `position` in this listing (its name and its filter's values)."""
    content = _position_text(list(position)).encode()
    seal_ = _seal(hasher, listing, content)
    return seal_ + base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def unseal(hasher: Hasher, listing: Sequence[str | int | None], token: str) -> list[str] | None:
    """The position in the token, or None for the first page.

    Raises:
        Refused: INVALID_PAGE_TOKEN: not a token of this server, or for another filter.
    """
    if not token:
        return None
    position = _read(hasher, listing, token)
    if position is None:
        message = "The page token does not fit this listing; start again without one."
        description = "is not the next_page_token of a page with the same filter"
        raise Refused.for_field(Reason.INVALID_PAGE_TOKEN, message, "page_token", description)
    return position


def resume(hasher: Hasher, listing: Sequence[str | int | None], token: str) -> list[str] | None:
    """As `unseal`, for the resume tokens of a stream.

    Raises:
        Refused: INVALID_RESUME_TOKEN.
    """
    position = _read(hasher, listing, token) if token else None
    if token and position is None:
        raise invalid_token()
    return position


def _read(hasher: Hasher, listing: Sequence[str | int | None], token: str) -> list[str] | None:
    """The position in a token that was sealed for this listing; None: it was not."""
    content = _decode(token[_SEAL_LENGTH:])
    genuine = _seal(hasher, listing, content).encode()
    if not hmac.compare_digest(genuine, token[:_SEAL_LENGTH].encode()):
        return None
    position: list[str] = json.loads(content)
    return position


def _decode(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""


def _seal(hasher: Hasher, listing: Sequence[str | int | None], content: bytes) -> str:
    return hasher.page(_listing_text(list(listing)).encode() + b"\x00" + content)


def invalid_token() -> Refused:
    """The refusal of a token that is malformed, or of another request."""
    message = "The resume token is no token of this service; pass one exactly as a message carried it."
    description = "must be a token that a message of this service carried"
    return Refused.for_field(Reason.INVALID_RESUME_TOKEN, message, "resume_token", description)
