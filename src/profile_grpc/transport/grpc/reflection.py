"""Server reflection: how tools like grpcurl learn what there is to call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import grpc
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pool import Default, DescriptorPool
from grpc_reflection.v1alpha import reflection


def enable_reflection(services: Iterable[str], server: grpc.aio.Server) -> None:
    """Describes the services, by their full names, and reflection itself."""
    pool = cast("DescriptorPool", _PoolWithMethods(Default()))
    reflection.enable_server_reflection([*services, reflection.SERVICE_NAME], server, pool)


class _PoolWithMethods:
    """A descriptor pool that finds the file of a method too.

    protobuf's own knows those of services, messages, enums and fields only; the reflection protocol, and with it
    `grpcurl describe`, asks for methods as well.
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
