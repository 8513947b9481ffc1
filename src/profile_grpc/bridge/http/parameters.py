"""The parameters of a request: query, form, JSON and path, even if they are malformed (X2).

Values are kept as received: `Value.text` and `Value.token` decode one when it is read.
"""

from __future__ import annotations

import re
import zlib
from typing import NamedTuple

import msgspec

from profile_grpc.bridge.report import Kind
from profile_grpc.bridge.values import Parameters, Source, absent, decode

APP_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")
_ESCAPED_AMPERSAND = re.compile(r"&(?:amp;)+", re.IGNORECASE)
_LONE_BACKSLASH = re.compile(r'\\(?:(["\\/]|u[0-9A-Fa-f]{4})|)')
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([A-Za-z0-9_-]+)", re.IGNORECASE)
# A closed list: some of Python's codecs are not character sets, or take quadratic time.
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
_UTF16_MARKS = {b"\xff\xfe", b"\xfe\xff"}
_INFLATED = {b"gzip", b"x-gzip", b"deflate"}
_ANY_WRAPPING = 47  # zlib: gzip or zlib, detected by its header
_FIRST_BOUNDARY = re.compile(rb"\s*(--[ -~]{1,200}?)[ \t]*\r?\n(?=[Cc]ontent-)")
_PART_HEAD_END = re.compile(rb"\r?\n[ \t]*\r?\n")
_PART_NAME = re.compile(
    rb'^content-disposition[ \t]*:[ \t]*form-data[^\r\n]*?;[ \t]*name[ \t]*=[ \t]*(?:"([^"\r\n]*)"|([^;\s]+))',
    re.IGNORECASE | re.MULTILINE,
)
_MAX_PARTS = 1000
MAX_DEPTH = 16
MAX_VALUES = 256

ENDPOINTS = {
    "removetoken": Kind.REMOVAL,
    "removepushtoken": Kind.REMOVAL,
    "reporttoken": Kind.TOKEN,
    "reportpushtoken": Kind.TOKEN,
}


class Unreadable(Exception):  # noqa: N818 - an outcome
    """The body does not match its headers or its first character."""


class TooLarge(Exception):  # noqa: N818 - an outcome
    """The decompressed body exceeds the limit."""


class Route(NamedTuple):
    """The target of a request."""

    kind: Kind
    app_id: str
    """Empty: the path names no app."""
    segments: list[str]
    """The path after the endpoint, split at each slash."""
    extra: str
    """The part after the first `&` of a path: some senders omit the `?`."""


def route(raw_path: str) -> Route | None:
    """The report endpoint that a path names, ignoring case, or None. Doubled slashes count as one."""
    path, _, extra = _ESCAPED_AMPERSAND.sub("&", raw_path).partition("&")
    parts = path.split("/")
    first = _next(parts)
    app_id = ""
    kind = ENDPOINTS.get(first.lower())
    if kind is None and APP_ID.match(first):
        app_id = first
        kind = ENDPOINTS.get(_next(parts).lower())
    return Route(kind, app_id, parts, extra) if kind is not None else None


def _next(parts: list[str]) -> str:
    """Removes and returns the next part that is not empty; an empty string if there is none."""
    while parts:
        part = parts.pop(0)
        if part:
            return part
    return ""


def read(found: Route, query: str, body: bytes, headers: dict[bytes, bytes], limit: int) -> Parameters:
    """The request's parameters. Texts are the bytes as Latin-1: they are decoded when read.

    Raises:
        Unreadable: the body is not a form, multipart form or JSON object, or is not compressed as its header says.
        TooLarge: it decompresses to more than `limit` bytes.
    """
    values: dict[str, str] = {}
    _collect(values, query)
    _collect(values, found.extra)
    fields: dict[str, str] = {}
    source, charset = Source.FORM, "utf-8"
    if body:
        body = _unpacked(body, headers.get(b"content-encoding", b""), limit)
        content_type = headers.get(b"content-type", b"").decode("latin-1")
        charset = _charset(content_type)
        source = _read_body(fields, body, content_type, charset)
    return Parameters(values, fields, source, charset, found.segments)


def _collect(into: dict[str, str], pairs: str) -> int:
    """Adds the pairs of a query or form, and returns how many there were. `&amp;` is `&`, as in XML (X2)."""
    count = 0
    for pair in _ESCAPED_AMPERSAND.sub("&", pairs).split("&"):
        name, equals, raw = pair.partition("=")
        count += bool(equals)
        _add(into, decode(name.lower(), Source.PATH, "utf-8"), raw)
    return count


def _add(into: dict[str, str], name: str, raw: str) -> None:
    """If a name occurs twice, the first value counts."""
    if not absent(raw) and len(into) < MAX_VALUES:
        into.setdefault(name.lower(), raw)


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
    """Detects JSON and multipart forms by their beginning, regardless of the content type. Parses anything else as a
    form.
    """
    parts = _parts(body)
    if parts is not None:
        for name, content in parts:
            _add(into, _octets_as_text(name, "utf-8"), _octets_as_text(content, charset))
        return Source.PLAIN
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


def _parts(body: bytes) -> list[tuple[bytes, bytes]] | None:
    """Name and content of each part of a form as browsers upload it (`multipart/form-data`, RFC 7578), or None.

    The boundary is taken from the first line, because a content type that was written by hand may lack it or contain
    another one. Parts after the thousandth are ignored.
    """
    match = _FIRST_BOUNDARY.match(body)
    if match is None:
        return None
    boundary = match[1]
    found = []
    for part in body[match.start(1) :].split(boundary, _MAX_PARTS + 1)[1 : _MAX_PARTS + 1]:
        if part.startswith(b"--"):  # the end
            break
        head, *content = _PART_HEAD_END.split(part, 1)
        name = _PART_NAME.search(head)
        if name is not None and content:
            # The line end before a boundary belongs to the boundary.
            found.append(
                (name[1] if name[1] is not None else name[2], content[0].removesuffix(b"\n").removesuffix(b"\r"))
            )
    return found


def _octets_as_text(octets: bytes, charset: str) -> str:
    try:
        return octets.decode(charset)
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _body_text(body: bytes, charset: str) -> str:
    """JSON is decoded here. A form keeps its octets, which are decoded with its escapes."""
    marked = body[:2] in _UTF16_MARKS
    if body.lstrip()[:1] == b"{" or charset.startswith("utf-16") or marked:
        try:
            return body.decode("utf-16" if marked else charset)
        except UnicodeDecodeError:
            raise Unreadable from None
    return body.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def _read_json(into: dict[str, str], text: str) -> None:
    r"""Parses JSON as templates produce it: a backslash that begins no escape stands for itself (X2).

    `\b`, `\f`, `\n`, `\r` and `\t` are not escapes either: no value may contain these control characters, but
    `DOMAIN\name` is a user.
    """
    try:
        content = msgspec.json.decode(_LONE_BACKSLASH.sub(_as_itself, text))
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        raise Unreadable from None
    _flatten(into, "", content, 0)


def _as_itself(match: re.Match[str]) -> str:
    return match[0] if match[1] else r"\\"


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
            _add(into, name, str(content).lower() if isinstance(content, bool) else str(content))
