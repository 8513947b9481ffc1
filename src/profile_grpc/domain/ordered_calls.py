"""The calls that have an order, and the highest of them as it is stored (R13)."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import NamedTuple

from profile_grpc.domain.keys import DeviceKey


class CallMethod(enum.IntEnum):
    """A method whose calls have an order (R13)."""

    REGISTER = 1
    UNREGISTER = 2
    UPDATE_PROFILE_DATA = 3
    REMOVE_ACCOUNT = 4


class OrderedCall(NamedTuple):
    """A call with its sequence number (R13)."""

    sequence: int
    method: CallMethod


class AccountReport(NamedTuple):
    """The content of an account-removal report about the account and its phone. A repeated report has the same content
    (R13).
    """

    app_id: str
    username: str
    account_selector: str
    tokens: tuple[tuple[str, str], ...]
    """As received, each with its push app id, sorted."""


class DeviceOrder(NamedTuple):
    """The highest call that was applied on a device, or that removed an account (R13)."""

    key: DeviceKey
    call: OrderedCall
    forget_time: datetime | None = None
    """When it is deleted, if no profile belongs to it whose deletion would delete it."""
    revision: int = 0
