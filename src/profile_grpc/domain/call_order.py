"""The order of a phone's calls (R13): a call that arrives late changes nothing."""

from __future__ import annotations

from datetime import timedelta

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.kinds import ORDERS
from profile_grpc.domain.ordered_calls import AccountReport, CallMethod, DeviceOrder, OrderedCall
from profile_grpc.domain.profile import Profile
from profile_grpc.domain.state import State

FORGET_AFTER = timedelta(days=90)
"""How long the order of a device without a profile is kept. No call is delivered later than that."""


def is_repeated(state: State, key: ProfileKey, profile: Profile | None, call: OrderedCall | None) -> bool:
    """Whether the call repeats the highest one; a repetition succeeds.

    A patch is compared with the calls of its profile. The other methods decide who is signed in on the device. They are
    compared with the calls of the device, and with the patches of their profile, which they must not undo.

    Raises:
        Refused: OUT_OF_ORDER.
    """
    if call is None:
        return False
    own = None if profile is None else profile.last_call
    order = None if call.method is CallMethod.UPDATE_PROFILE_DATA else state.device_order(key.device)
    highest = max([known.sequence for known in (own, order and order.call) if known is not None], default=-1)
    if call.sequence > highest:
        return False
    if profile is None:
        repeated = order is not None and order.call == call and order.forget_time is not None
    else:
        repeated = own == call and (order is None or order.call == call)
    if not repeated:
        raise _out_of_order(key.app_id, call.sequence, highest)
    return True


def record(state: State, key: ProfileKey, call: OrderedCall | None, *, without_profile: bool = False) -> None:
    """Stores the call for its device. A patch is not stored, because it does not change who is signed in."""
    if call is None:
        return
    forget_time = state.now + FORGET_AFTER if without_profile else None
    state.put_row(ORDERS, DeviceOrder(key.device, call, forget_time, state.fresh_revision()))


def is_repeated_report(state: State, report: AccountReport, call: OrderedCall | None) -> bool:
    """Whether the report repeats the highest one of its account. A repetition does not find the removed profiles again.

    Raises:
        Refused: OUT_OF_ORDER.
    """
    applied = _applied(state, report, call)
    if call is None or applied is None or call.sequence > applied.call.sequence:
        return False
    if call.sequence < applied.call.sequence:
        raise _out_of_order(report.app_id, call.sequence, applied.call.sequence)
    return True


def is_left(state: State, report: AccountReport, profile: Profile, call: OrderedCall | None) -> bool:
    """Whether the report was applied after this profile was stored, but in another slice (R14)."""
    applied = _applied(state, report, call)
    if applied is None or applied.call != call or applied.forget_time is None:
        return False
    return profile.last_call != call and profile.register_time <= applied.forget_time - FORGET_AFTER


def record_report(state: State, report: AccountReport, call: OrderedCall | None) -> None:
    """Stores the call for its report, which names no device. Called for the first slice (R14)."""
    applied = _applied(state, report, call)
    if call is not None and (applied is None or applied.call != call):
        key, forget_time = state.hasher.report(report), state.now + FORGET_AFTER
        state.put_row(ORDERS, DeviceOrder(key, call, forget_time, state.fresh_revision()))


def _applied(state: State, report: AccountReport, call: OrderedCall | None) -> DeviceOrder | None:
    """The highest call of the report, if this call has a sequence too."""
    return None if call is None else state.device_order(state.hasher.report(report))


def _out_of_order(app_id: str, sequence: int, highest: int) -> Refused:
    return Refused(
        Reason.OUT_OF_ORDER,
        f"Call {sequence} comes after call {highest} of this installation was applied; nothing has changed.",
        metadata={"app_id": app_id, "sequence": str(sequence), "highest": str(highest)},
    )
