"""Named values as they came with a request, and how each is decoded when it is read (X2)."""

from __future__ import annotations

import enum
import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

import msgspec

_PLACEHOLDER = re.compile(r"%[A-Za-z](?:[^%]|%5[BD])*%\Z", re.IGNORECASE)
"""A client may have encoded the brackets: `%account%5Busername%5D%`."""
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
MAX_ENCODINGS = 3
"""How often a token may be percent-encoded repeatedly."""


class Source(enum.IntEnum):
    """The source of a value, which decides how it is decoded."""

    PLAIN = 0
    """JSON: not encoded."""
    PATH = 1
    """Percent-encoded; `+` is itself."""
    FORM = 2
    """Percent-encoded; `+` is a space."""


class Value(NamedTuple):
    """One value as received."""

    raw: str
    source: Source
    charset: str = "utf-8"

    def text(self, further: int = 0) -> str:
        """The decoded text; empty if the app did not replace the placeholder.

        `further`: the number of additional encodings to decode. A leading `+` is kept: phone numbers begin with it, and
        no value begins with a space.
        """
        raw = self.raw
        if self.source is Source.FORM and "+" in raw:
            raw = raw[0] + raw[1:].replace("+", " ")
        found = decode(raw, self.source, self.charset)
        for _ in range(further):
            found = decode(found, Source.PATH, "utf-8")
        return "" if absent(found) else found

    def token(self) -> tuple[str, int]:
        """The push token or selector, and the number of additional encodings that were decoded.

        Neither contains a space or a percent sign: a space was a raw `+`, and a remaining escape was encoded twice.
        """
        found, further = decode(self.raw, self.source, self.charset), 0
        while further < MAX_ENCODINGS and "%" in found and _ESCAPE.search(found):
            found = decode(found, Source.PATH, "utf-8")
            further += 1
        found = found.strip().replace(" ", "+")
        return ("" if absent(found) else found), further


class Parameters(msgspec.Struct, array_like=True):
    """The values of one request. Names are in lower case. If a name occurs twice, the first value counts."""

    query: dict[str, str]
    body: dict[str, str]
    body_source: Source
    charset: str
    segments: list[str]
    """The path after the endpoint. Empty ones are kept: a token in base64 may contain a doubled slash."""

    def get(self, name: str) -> Value | None:
        """The value of that name (in lower case), or None."""
        if (raw := self.body.get(name)) is not None:
            return Value(raw, self.body_source, self.charset)
        if (raw := self.query.get(name)) is not None:
            return Value(raw, Source.FORM)
        return None

    def segment(self, place: int, *, rest: bool = False) -> Value | None:
        """The path segment with the number `place`, from 1, or None.

        With `rest` it includes all following segments, as received. Doubled slashes before it count as one (X2).
        """
        places = [index for index, segment in enumerate(self.segments) if segment]
        if place > len(places):
            return None
        start = places[place - 1]
        raw = "/".join(self.segments[start:]) if rest else self.segments[start]
        return Value(raw, Source.PATH) if not absent(raw) else None


def absent(raw: str) -> bool:
    """Whether a value is empty, or a placeholder such as `%pushToken%` that the app did not replace."""
    return not raw or (raw[-1] == "%" and raw[0] == "%" and _PLACEHOLDER.match(raw) is not None)


def decode(raw: str, source: Source, charset: str) -> str:
    """Decodes one percent-encoding. Bytes that are not valid in the charset are decoded as Latin-1, which accepts every
    byte.
    """
    if source is Source.PLAIN or ("%" not in raw and raw.isascii()):
        return raw
    try:
        octets = unquote_to_bytes(raw.encode("latin-1"))
    except UnicodeEncodeError:  # already decoded: text, not octets
        octets = unquote_to_bytes(raw)
    try:
        return octets.decode(charset)
    except UnicodeDecodeError:
        return octets.decode("latin-1")
