"""Addresses to listen on: whether they are free, and how several processes share one."""

from __future__ import annotations

import socket
from contextlib import closing

from profile_grpc.config import OperatorError, why

_LOOPBACKS = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}  # noqa: S104 - replaced, not listened on


class AddressTaken(OperatorError):  # noqa: N818 - an outcome
    """Cannot listen on the address. The message is one line that says what to do."""


def reserve(host: str, port: int, option: str) -> socket.socket:
    """Reserves the port (0: a free one): from then on only sockets with SO_REUSEPORT can share it.

    The socket does not listen: connections go to those that do. Keep it open to keep the reservation.

    Args:
        host: a name or an address.
        port: 0 to 65535.
        option: what the user can change, for the message: `--port`.

    Raises:
        AddressTaken: another process listens there, or the host is not an address of this machine.
    """
    taken = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        taken = socket.socket(family, kind, protocol)
        # Allows connections in TIME_WAIT of a server that has just ended, but no listener.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
        # From now on, only the workers may bind the port too, not other programs.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except OSError as error:
        if taken is not None:
            taken.close()
        raise AddressTaken(
            f"cannot listen on {join(host, port)}: {why(error)};"
            f" choose another {option}, or stop the program that uses it"
        ) from None
    return taken


def check_free(host: str, port: int, option: str) -> None:
    """As `reserve`, but releases the port again, for the server of this process.

    Raises:
        AddressTaken: see `reserve`.
    """
    with closing(reserve(host, port, option)):
        pass


def reachable(host: str) -> str:
    """An address of this machine at which a server that listens on `host` can be reached."""
    return _LOOPBACKS.get(host, host)


def join(host: str, port: int) -> str:
    """The address as one text; an IPv6 host in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
