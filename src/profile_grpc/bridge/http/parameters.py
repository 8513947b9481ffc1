"""What a request gives, by name: query, form, JSON and path, however oddly they are written (X2).

Values are kept as they came; `Value.text` and `Value.token` decode one when it is read.
"""

from __future__ import annotations

import enum
import re
import zlib
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

import msgspec

APP_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")
_PLACEHOLDER = re.compile(r"%[A-Za-z](?:[^%]|%5[BD])*%\Z", re.IGNORECASE)
"""Of which a client may have encoded the brackets: `%account%5Busername%5D%`."""
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_BASE64_ESCAPES = (("%2F", "/"), ("%2f", "/"), ("%2B", "+"), ("%2b", "+"), ("%3D", "="), ("%3d", "="))
"""What apps encode in a token. Undone first, as undoing any escape costs a token more than everything else."""
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([A-Za-z0-9_-]+)", re.IGNORECASE)
# A closed list: some of Python's codecs are no character sets, or take quadratic time.
_CHARSETS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "iso-8859-1": "cp1252",  # as browsers read it
    "latin1": "cp1252",
    "windows-1252": "cp1252",
    "iso-8859-2": "iso-8859-2",
    "windows-1250": "cp1250",
    "windows-1251": "cp1251",
    "iso-8859-15": "iso-8859-15",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
_INFLATED = {b"gzip", b"x-gzip", b"deflate"}
_ANY_WRAPPING = 47  # zlib: gzip or zlib, told by its header
MAX_DEPTH = 16
MAX_VALUES = 256
MAX_ENCODINGS = 3
"""How often a token may be percent-encoded on top of each other."""


class Kind(enum.IntEnum):
    """What a report says."""

    REMOVAL = 1
    """The user logged out, or removed the account from the app."""
    TOKEN = 2
    """The app started, with these push tokens (X5)."""


ENDPOINTS = {
    "removetoken": Kind.REMOVAL,
    "removepushtoken": Kind.REMOVAL,
    "reporttoken": Kind.TOKEN,
    "reportpushtoken": Kind.TOKEN,
}


class Unreadable(Exception):  # noqa: N818 - an outcome
    """The body is not what its headers, or its first character, say."""


class TooLarge(Exception):  # noqa: N818 - an outcome
    """The body, once unpacked, exceeds the limit."""


class Source(enum.IntEnum):
    """Where a value came from, which decides how it is decoded."""

    PLAIN = 0
    """JSON: as it is."""
    PATH = 1
    """Percent-encoded; `+` is itself."""
    FORM = 2
    """Percent-encoded; `+` is a space."""


class Value(NamedTuple):
    """One value as it came."""

    raw: str
    source: Source
    charset: str = "utf-8"

    def text(self, further: int = 0) -> str:
        """The text; empty if the app did not replace the placeholder. `further` encodings are undone on top.

        A leading `+` stays: a phone number begins so, and nothing begins with a space.
        """
        raw = self.raw
        if self.source is Source.FORM and "+" in raw:
            raw = raw[0] + raw[1:].replace("+", " ")
        found = _decode(raw, self.source, self.charset)
        for _ in range(further):
            found = _decode(found, Source.PATH, "utf-8")
        return "" if absent(found) else found

    def token(self) -> tuple[str, int]:
        """The push token or selector, and how many further encodings were undone.

        Neither holds a space or a percent sign: a space was a raw `+`, and an escape that is left was encoded twice.
        """
        if self.source is not Source.PLAIN:
            return token_of(self.raw, self.charset)
        return _token(self.raw)


def token_of(raw: str, charset: str = "utf-8") -> tuple[str, int]:
    """`Value.token` of what was percent-encoded."""
    found = raw
    if "%" in raw:
        for escape, character in _BASE64_ESCAPES:
            found = found.replace(escape, character)
    if "%" not in found and found.isascii():
        return found.strip().replace(" ", "+"), 0
    return _token(_decode(found, Source.FORM, charset))


def _token(found: str) -> tuple[str, int]:
    further = 0
    while further < MAX_ENCODINGS and "%" in found and _ESCAPE.search(found):
        found = _decode(found, Source.PATH, "utf-8")
        further += 1
    found = found.strip().replace(" ", "+")
    return ("" if absent(found) else found), further


class Parameters(msgspec.Struct, array_like=True):
    """What one request gives. Names are in lower case; of a name given twice the first value counts."""

    query: dict[str, str]
    body: dict[str, str]
    body_source: Source
    charset: str
    segments: list[str]
    """The path after the endpoint."""

    def get(self, name: str) -> Value | None:
        """The value of that name (in lower case), or None."""
        if self.body and (raw := self.body.get(name)) is not None:
            return Value(raw, self.body_source, self.charset)
        if (raw := self.query.get(name)) is not None:
            return Value(raw, Source.FORM)
        return None

    def segment(self, place: int, *, rest: bool = False) -> Value | None:
        """The path segment at `place`, from 1, or None; with `rest` all that follow belong to it."""
        if place > len(self.segments):
            return None
        raw = "/".join(self.segments[place - 1 :]) if rest else self.segments[place - 1]
        return Value(raw, Source.PATH) if not absent(raw) else None


class Sent:
    """What one request gives, taken apart when somebody asks: most queries are read by a pattern."""

    __slots__ = ("_parameters", "query")

    def __init__(self, query: str, parameters: Parameters | None = None) -> None:
        """`parameters`: what is not only a query, which then is empty."""
        self.query = query
        self._parameters = parameters

    @property
    def parameters(self) -> Parameters:
        """All of it, by name."""
        if self._parameters is None:
            values: dict[str, str] = {}
            _collect(values, self.query)
            self._parameters = Parameters(values, {}, Source.FORM, "utf-8", [])
        return self._parameters


class Route(NamedTuple):
    """Where a request goes."""

    kind: Kind
    app_id: str
    """Empty: the path names no app."""
    segments: list[str]
    extra: str
    """What follows the first `&` of a path: the style without `?`."""


def route(raw_path: str) -> Route | None:
    """The report endpoint that a path names, in any letter case, or None."""
    path, _, extra = raw_path.partition("&")
    first, *parts = path.lstrip("/").split("/")
    app_id = ""
    kind = ENDPOINTS.get(first.lower())
    if kind is None and parts and APP_ID.match(first):
        app_id = first
        kind = ENDPOINTS.get(parts.pop(0).lower())
    if kind is None:
        return None
    return Route(kind, app_id, [] if parts == [""] else parts, extra)


def read(found: Route, query: str, body: bytes, headers: dict[bytes, bytes], limit: int) -> Sent:
    """The request's parameters. Texts are the bytes as Latin-1: they are decoded when read.

    Raises:
        Unreadable: the body is neither a form nor a JSON object, or not packed as its header says.
        TooLarge: it unpacks to more than `limit` bytes.
    """
    if not body and not found.segments and not found.extra and query.isascii():
        return Sent(query)
    return Sent("", _read(found, query, body, headers, limit))


def _read(found: Route, query: str, body: bytes, headers: dict[bytes, bytes], limit: int) -> Parameters:
    values: dict[str, str] = {}
    _collect(values, query)
    if found.extra:
        _collect(values, found.extra)
    fields: dict[str, str] = {}
    source, charset = Source.FORM, "utf-8"
    if body:
        body = _unpacked(body, headers.get(b"content-encoding", b""), limit)
        content_type = headers.get(b"content-type", b"").decode("latin-1")
        charset = _charset(content_type)
        source = _read_body(fields, body, content_type, charset)
    return Parameters(values, fields, source, charset, found.segments)


def absent(raw: str) -> bool:
    """Whether a value is empty, or a placeholder such as `%pushToken%` that the app did not replace."""
    return not raw or (raw[-1] == "%" and raw[0] == "%" and _PLACEHOLDER.match(raw) is not None)


def _collect(into: dict[str, str], pairs: str) -> int:
    """Adds the pairs of a query or form, and answers how many there were."""
    count = 0
    for pair in pairs.split("&"):
        name, equals, raw = pair.partition("=")
        if not raw:
            count += bool(equals)
            continue
        count += 1
        if raw[0] == "%" and absent(raw):
            continue
        name = name_of(name)
        if name not in into and len(into) < MAX_VALUES:
            into[name] = raw
    return count


def name_of(raw: str) -> str:
    """The name as parameters are known by, of one in a query or form."""
    name = raw.lower()
    return _decode(name, Source.PATH, "utf-8").lower() if "%" in name else name


def _decode(raw: str, source: Source, charset: str) -> str:
    """Undoes one percent-encoding. What is not of the charset is read as Latin-1, which takes everything."""
    if source is Source.PLAIN or ("%" not in raw and raw.isascii()):
        return raw
    try:
        octets = unquote_to_bytes(raw.encode("latin-1"))
    except UnicodeEncodeError:  # decoded before: text, no octets
        octets = unquote_to_bytes(raw)
    try:
        return octets.decode(charset)
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _charset(content_type: str) -> str:
    match = _CHARSET.search(content_type)
    return _CHARSETS.get(match[1].lower(), "utf-8") if match else "utf-8"


def _unpacked(body: bytes, encodings: bytes, limit: int) -> bytes:
    for encoding in reversed([e.strip().lower() for e in encodings.split(b",")]):
        if encoding in {b"", b"identity"}:
            continue
        if encoding not in _INFLATED:
            raise Unreadable
        unpacker = zlib.decompressobj(_ANY_WRAPPING)
        try:
            body = unpacker.decompress(body, limit + 1)
        except zlib.error:
            raise Unreadable from None
        if len(body) > limit:
            raise TooLarge
        if not unpacker.eof:
            raise Unreadable
    return body


def _read_body(into: dict[str, str], body: bytes, content_type: str, charset: str) -> Source:
    """Reads JSON by its first character, whatever the content type says, and anything else as a form."""
    text = _body_text(body, charset)
    start = text.lstrip("\ufeff \t\r\n")
    if not start:
        return Source.FORM
    if start[0] == "{":
        _read_json(into, start)
        return Source.PLAIN
    if "json" in content_type.lower() or not _collect(into, start.strip()):
        raise Unreadable
    return Source.FORM


def _body_text(body: bytes, charset: str) -> str:
    """JSON must be text; a form keeps its octets, to be decoded with its escapes."""
    if body.lstrip()[:1] == b"{" or charset.startswith("utf-16") or body[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        try:
            return body.decode("utf-16" if body[:2] in {b"\xff\xfe", b"\xfe\xff"} else charset)
        except UnicodeDecodeError:
            raise Unreadable from None
    return body.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def _read_json(into: dict[str, str], text: str) -> None:
    try:
        content = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        raise Unreadable from None
    _flatten(into, "", content, 0)


def _flatten(into: dict[str, str], name: str, content: object, depth: int) -> None:
    """Nested members get dotted names (`account.name`, `tokens.0.value`)."""
    if depth > MAX_DEPTH or len(into) >= MAX_VALUES:
        raise Unreadable
    match content:
        case dict():
            for key, item in content.items():
                _flatten(into, f"{name}.{key}".lstrip("."), item, depth + 1)
        case list():
            for place, item in enumerate(content):
                _flatten(into, f"{name}.{place}", item, depth + 1)
        case None:
            pass
        case _:
            value = str(content).lower() if isinstance(content, bool) else str(content)
            if not absent(value):
                into.setdefault(name.lower(), value)
