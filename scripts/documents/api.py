"""The API reference: a page for each file of the contract, from its comments, its access rules and its annotations."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.api import field_behavior_pb2
from google.protobuf import json_format
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
    ServiceDescriptorProto,
)

from appprofile.v1 import access_pb2
from buf.validate import validate_pb2

ROOT = Path(__file__).parents[2]
PACKAGE = "appprofile.v1"
_ANNOTATIONS = "access.proto"
_SERVICE, _MESSAGE, _ENUM = 6, 4, 5
_METHOD, _FIELD, _VALUE, _NESTED_MESSAGE, _NESTED_ENUM = 2, 2, 2, 3, 4
"""The numbers of the fields of descriptors, of which the paths of comments consist."""
_REPEATED = FieldDescriptorProto.LABEL_REPEATED


def pages() -> Mapping[str, str]:
    """Markdown by the name of the page."""
    files = [file for file in _compiled().file if file.package == PACKAGE and not file.name.endswith(_ANNOTATIONS)]
    places = {name: _page(file) for file in files for name in _names(file)}
    return {_page(file): "\n".join(_File(file, places).lines()) for file in files}


def _compiled() -> FileDescriptorSet:
    buf = Path(sys.executable).parent / "buf"
    done = subprocess.run([buf, "build", "-o", "-#format=binpb"], cwd=ROOT, check=True, capture_output=True)
    return FileDescriptorSet.FromString(done.stdout)


def _page(file: FileDescriptorProto) -> str:
    return f"{Path(file.name).stem}.md"


def _names(file: FileDescriptorProto) -> Iterator[str]:
    """The full names of what the file defines, as references have them."""

    def within(prefix: str, messages: Sequence[DescriptorProto], enums: Sequence[EnumDescriptorProto]) -> Iterator[str]:
        yield from (f"{prefix}.{message.name}" for message in messages)
        yield from (f"{prefix}.{enum.name}" for enum in enums)
        for message in messages:
            yield from within(f"{prefix}.{message.name}", message.nested_type, message.enum_type)

    return within(f".{file.package}", file.message_type, file.enum_type)


def _anchor(name: str) -> str:
    return name.removeprefix(f".{PACKAGE}.").replace(".", "-").lower()


@dataclass(frozen=True, slots=True)
class _File:
    """One file of the contract."""

    file: FileDescriptorProto
    places: Mapping[str, str]
    """The page of each type, by its full name."""

    def lines(self) -> Iterator[str]:
        """The page."""
        yield f"# {Path(self.file.name).name}"
        yield ""
        yield self._comment((12,), detached=True)
        yield ""
        for number, service in enumerate(self.file.service):
            yield from self._service(service, (_SERVICE, number))
        for number, message in enumerate(self.file.message_type):
            yield from self._message(message, (_MESSAGE, number), message.name)
        for number, enum in enumerate(self.file.enum_type):
            yield from self._enum(enum, (_ENUM, number), enum.name)

    def _comment(self, path: tuple[int, ...], *, detached: bool = False) -> str:
        for location in self.file.source_code_info.location:
            if tuple(location.path) == path:
                found = location.leading_comments or location.trailing_comments
                if detached and not found:
                    found = "\n".join(location.leading_detached_comments)
                return "\n".join(line.removeprefix(" ") for line in found.strip("\n").split("\n")).strip()
        return ""

    def _in_a_cell(self, path: tuple[int, ...]) -> str:
        return " ".join(self._comment(path).split()).replace("|", "&#124;").replace("<", "&lt;")

    def _service(self, service: ServiceDescriptorProto, path: tuple[int, ...]) -> Iterator[str]:
        yield f"## {service.name}"
        yield ""
        yield self._comment(path)
        yield ""
        for number, method in enumerate(service.method):
            yield from self._method(service, method, (*path, _METHOD, number))

    def _method(
        self, service: ServiceDescriptorProto, method: MethodDescriptorProto, path: tuple[int, ...]
    ) -> Iterator[str]:
        rule: Any = method.options.Extensions[access_pb2.access]
        kinds = ", ".join(access_pb2.KeyKind.Name(kind).removeprefix("KEY_KIND_") for kind in rule.allow)
        scope = access_pb2.AccessScope.Name(rule.scope).removeprefix("ACCESS_SCOPE_").lower()
        request = ("stream of " if method.client_streaming else "") + self._link(method.input_type)
        response = ("stream of " if method.server_streaming else "") + self._link(method.output_type)
        yield f"### {method.name} {{ #{service.name.lower()}-{method.name.lower()} }}"
        yield ""
        yield f"`/{PACKAGE}.{service.name}/{method.name}` — {request} → {response}"
        yield ""
        yield self._comment(path)
        yield ""
        yield f"Keys: {kinds}. A call reaches: {scope}."
        yield ""

    def _message(self, message: DescriptorProto, path: tuple[int, ...], name: str) -> Iterator[str]:
        if message.options.map_entry:
            return
        yield f"## {name} {{ #{_anchor(name)} }}"
        yield ""
        yield self._comment(path)
        yield ""
        if message.field:
            yield "| field | type | rules | meaning |"
            yield "|---|---|---|---|"
            for number, field in enumerate(message.field):
                text = self._in_a_cell((*path, _FIELD, number))
                yield f"| `{field.name}` | {self._type(field, message)} | {_rules(field)} | {text} |"
            yield ""
        for number, nested in enumerate(message.nested_type):
            yield from self._message(nested, (*path, _NESTED_MESSAGE, number), f"{name}.{nested.name}")
        for number, enum in enumerate(message.enum_type):
            yield from self._enum(enum, (*path, _NESTED_ENUM, number), f"{name}.{enum.name}")

    def _enum(self, enum: EnumDescriptorProto, path: tuple[int, ...], name: str) -> Iterator[str]:
        yield f"## {name} {{ #{_anchor(name)} }}"
        yield ""
        yield self._comment(path)
        yield ""
        yield "| value | number | meaning |"
        yield "|---|---|---|"
        for number, value in enumerate(enum.value):
            yield f"| `{value.name}` | {value.number} | {self._in_a_cell((*path, _VALUE, number))} |"
        yield ""

    def _type(self, field: FieldDescriptorProto, message: DescriptorProto) -> str:
        for nested in message.nested_type:
            if nested.options.map_entry and field.type_name.endswith(f".{message.name}.{nested.name}"):
                key, value = nested.field
                return f"map of {self._type(key, nested)} to {self._type(value, nested)}"
        one = self._link(field.type_name) if field.type_name else FieldDescriptorProto.Type.Name(field.type)[5:].lower()
        listed = "list of " if field.label == _REPEATED else ""
        return f"{listed}{one}" + (" (optional)" if field.proto3_optional else "")

    def _link(self, type_name: str) -> str:
        name = type_name.removeprefix(f".{PACKAGE}.").removeprefix(".")
        page = self.places.get(type_name)
        return f"`{name}`" if page is None else f"[{name}]({page}#{_anchor(type_name)})"


def _rules(field: FieldDescriptorProto) -> str:
    """The field's behaviour and its limits, as protovalidate names them."""
    found = [
        field_behavior_pb2.FieldBehavior.Name(one).lower().replace("_", " ")
        for one in field.options.Extensions[field_behavior_pb2.field_behavior]
    ]
    rules = json_format.MessageToDict(
        field.options.Extensions[validate_pb2.field], preserving_proto_field_name=True, use_integers_for_enums=True
    )
    found += [text for text in _flat("", rules) if text]
    return "<br>".join(text.replace("|", "&#124;") for text in dict.fromkeys(found))


def _flat(prefix: str, value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    match value:
        case {"expression": str(expression)}:
            yield f"`{value.get('message') or expression}`"
        case dict():
            for name, inner in value.items():
                yield from _flat(f"{prefix}.{name}" if prefix else name, inner)
        case list() if value and isinstance(value[0], dict):
            for inner in value:
                yield from _flat(prefix, inner)
        case _:
            yield prefix if value is True else f"`{prefix}: {value}`"
