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
    """Name and content of each part, or None: it is no such form.

    The boundary is that of the first line: owners who write a content type by hand forget it there, or write another.
    Parts beyond the thousandth are left out.
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
