"""Server reflection: how tools like grpcurl discover the methods. Serves both versions of the protocol, whose messages
differ in their package only.
"""

from __future__ import annotations

import pkgutil
from collections.abc import AsyncIterator, Iterable
from importlib import import_module
from typing import Any, cast

import grpc
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import Default, DescriptorPool
from google.protobuf.message import DecodeError
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha._async import ReflectionServicer

import appprofile.v1
from profile_grpc.domain.errors import Refused
from profile_grpc.transport.grpc import outcome
from profile_grpc.transport.grpc.holdings import BodyReader

_ALPHA, _STABLE = "grpc.reflection.v1alpha", "grpc.reflection.v1"
_FILE = "grpc/reflection/v1/reflection.proto"
_SERVICES = [f"{package}.ServerReflection" for package in (_ALPHA, _STABLE)]

Context = grpc.aio.ServicerContext[bytes, bytes]


def enable_reflection(services: Iterable[str], server: grpc.aio.Server, bodies: BodyReader) -> None:
    """Describes the services, by their full names, every file of the contract, and reflection itself."""
    for module in pkgutil.iter_modules(appprofile.v1.__path__, f"{appprofile.v1.__name__}."):
        if module.name.endswith("_pb2"):
            import_module(module.name)  # which adds its file to the pool
    _describe_stable()
    pool = cast("DescriptorPool", _PoolWithMethods(Default()))
    reflection = _Reflection([*services, *_SERVICES], pool, bodies)
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.stream_stream_rpc_method_handler(reflection.answer)
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler}) for name in _SERVICES]
    )


class _Reflection:
    """The library's servicer, over bytes: on its own it answers UNKNOWN to bytes that are not a message."""

    def __init__(self, services: list[str], pool: DescriptorPool, bodies: BodyReader) -> None:
        self._bodies = bodies
        self._servicer: Any = ReflectionServicer(services, pool=pool)

    async def answer(self, _requests: object, context: Context) -> AsyncIterator[bytes]:
        async for answer in self._servicer.ServerReflectionInfo(self._requests(context), context):
            yield answer.SerializeToString()

    async def _requests(self, context: Context) -> AsyncIterator[reflection_pb2.ServerReflectionRequest]:
        try:
            while (raw := await self._bodies.read_keyless(context)) is not None:
                yield reflection_pb2.ServerReflectionRequest.FromString(raw)
        except DecodeError:
            message = "The bytes are not a valid ServerReflectionRequest."
            await outcome.abort(context, grpc.StatusCode.INVALID_ARGUMENT, message)
        except Refused as refused:
            await outcome.refuse(refused, context)


def _describe_stable() -> None:
    """Adds the file of the stable version, which the library does not contain, to the pool."""
    pool = Default()
    try:
        pool.FindFileByName(_FILE)
    except KeyError:
        file = FileDescriptorProto()
        reflection_pb2.DESCRIPTOR.CopyToProto(file)
        _rename(file)
        pool.Add(file)


def _rename(file: FileDescriptorProto) -> None:
    file.name, file.package = _FILE, _STABLE
    for message in file.message_type:
        for field in (field for field in message.field if field.type_name):
            field.type_name = field.type_name.replace(f".{_ALPHA}.", f".{_STABLE}.")
    for service in file.service:
        for method in service.method:
            method.input_type = method.input_type.replace(f".{_ALPHA}.", f".{_STABLE}.")
            method.output_type = method.output_type.replace(f".{_ALPHA}.", f".{_STABLE}.")


class _PoolWithMethods:
    """A descriptor pool that finds the file of a method too.

    protobuf's own finds the files of services, messages, enums and fields only; the reflection protocol, and so
    `grpcurl describe`, asks for methods too.
    """

    def __init__(self, pool: DescriptorPool) -> None:
        self._pool = pool

    def __getattr__(self, name: str) -> object:
        return getattr(self._pool, name)

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptor:
        try:
            return self._pool.FindFileContainingSymbol(symbol)
        except KeyError:
            return self._pool.FindMethodByName(symbol).containing_service.file
