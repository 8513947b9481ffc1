"""Forms as browsers upload them (`multipart/form-data`, RFC 7578)."""

from __future__ import annotations

import re

_FIRST_LINE = re.compile(rb"\s*(--[ -~]{1,200}?)[ \t]*\r?\n(?=[Cc]ontent-)")
_HEAD_END = re.compile(rb"\r?\n[ \t]*\r?\n")
_NAME = re.compile(
    rb'^content-disposition[ \t]*:[ \t]*form-data[^\r\n]*?;[ \t]*name[ \t]*=[ \t]*(?:"([^"\r\n]*)"|([^;\s]+))',
    re.IGNORECASE | re.MULTILINE,
)
MAX_PARTS = 1000


def split(body: bytes) -> list[tuple[bytes, bytes]] | None:
    """Name and content of each part, or None: the body is not a multipart form.

    The boundary is taken from the first line, because a content type that was written by hand may lack it or contain
    another one. Parts after the thousandth are ignored.
    """
    match = _FIRST_LINE.match(body)
    if match is None:
        return None
    boundary = match[1]
    found = []
    for part in body[match.start(1) :].split(boundary, MAX_PARTS + 1)[1 : MAX_PARTS + 1]:
        if part.startswith(b"--"):  # the end
            break
        head, *content = _HEAD_END.split(part, 1)
        name = _NAME.search(head)
        if name is not None and content:
            found.append((name[1] if name[1] is not None else name[2], _without_line_end(content[0])))
    return found


def _without_line_end(content: bytes) -> bytes:
    """The line end before a boundary belongs to the boundary."""
    return content.removesuffix(b"\n").removesuffix(b"\r")
