"""One element of XML and its children as texts, for lines from outside.

The parser of the standard library refuses nothing by itself. Here a document type is an error, so that there are no
entities that could grow or read files; the line is bounded by its reader.
"""

from __future__ import annotations

from typing import NamedTuple
from xml.parsers import expat


class Element(NamedTuple):
    """An element by its local name, with the texts of its children."""

    name: str
    fields: dict[str, str]


class _NotAllowed(Exception):  # noqa: N818 - caught below
    """The document has a document type."""


def find(document: bytes, suffix: str) -> Element | None:
    """The first element whose local name ends with `suffix`; None if there is none, or the document is broken."""
    reader = _Reader(suffix)
    parser = expat.ParserCreate("utf-8", " ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(document, True)  # noqa: FBT003 - the C function takes no names
    except (expat.ExpatError, _NotAllowed, UnicodeError, ValueError):
        return None
    return reader.found


class _Reader:
    def __init__(self, suffix: str) -> None:
        self.found: Element | None = None
        self._suffix = suffix
        self._path: list[str] = []
        self._at = 0
        self._texts: list[str] = []

    def start(self, name: str, _attributes: object) -> None:
        local = name.rpartition(" ")[2]
        self._path.append(local)
        if self.found is None and local.endswith(self._suffix):
            self.found, self._at = Element(local, {}), len(self._path)
        self._texts = []

    def end(self, _name: str) -> None:
        if self.found is not None and self._at and len(self._path) == self._at + 1:
            self.found.fields[self._path[-1]] = "".join(self._texts).strip()
        if len(self._path) == self._at:
            self._at = 0
        self._path.pop()
        self._texts = []

    def data(self, content: str) -> None:
        self._texts.append(content)

    def doctype(self, *_: object) -> None:
        raise _NotAllowed
