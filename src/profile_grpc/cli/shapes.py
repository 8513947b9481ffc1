"""Checks input by the shape rules of the contract, so that command line and RPC accept the same values."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.message import Message


def check(message: Message) -> None:
    """Checks a message of the contract that contains the input.

    Raises:
        Refused: INVALID_REQUEST, naming the fields and what is expected of them.
    """
    from profile_grpc.transport.grpc import shape

    shape.check(message)
