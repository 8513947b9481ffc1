"""Converts rows of the tables to records of the domain, and back."""

from __future__ import annotations

import itertools
import random
import secrets

from profile_grpc.domain.billing import LedgerEntry, MadRecord
from profile_grpc.domain.deletion_records import DeletedProfile, Tombstone
from profile_grpc.domain.events import Event
from profile_grpc.domain.feedback_losses import FeedbackLosses
from profile_grpc.domain.filtering.values import language_key, version_key
from profile_grpc.domain.import_start import ImportKey, ImportStart
from profile_grpc.domain.keys import DeviceKey, Guard, GuardKey, ProfileKey, Token
from profile_grpc.domain.ordered_calls import CallMethod, DeviceOrder, OrderedCall
from profile_grpc.domain.profile import (
    Channel,
    Liveness,
    Platform,
    Profile,
    ProfileStatus,
    PushPermission,
    UnregisterReason,
    UserState,
)
from profile_grpc.store.engine import Found, Row
from profile_grpc.store.json_columns import (
    attributes_text,
    endpoints_text,
    read_attributes,
    read_endpoints,
    read_tokens,
)
from profile_grpc.store.tables import profile
from profile_grpc.store.times import DAY, EPOCH, MICROSECOND, instant, maybe_instant, maybe_micros, micros

# Dictionaries, and int(): for each column of each row, the call and the `value` of an enumeration cost several times as
# much.
_STATUSES = {status.value: status for status in ProfileStatus}
_USER_STATES = {state.value: state for state in UserState}
_PLATFORMS = {platform.value: platform for platform in Platform}
_PERMISSIONS = {permission.value: permission for permission in PushPermission}
_CHANNELS = {
    sum(1 << channel for channel in some): frozenset(some)
    for number in range(len(Channel) + 1)
    for some in itertools.combinations(Channel, number)
}
_CHANNEL_BITS = {channels: bits for bits, channels in _CHANNELS.items()}

# --- profiles ---

DERIVED = frozenset({"language", "time_zone", "sdk_version", "os_version", "last_opened_time"})
"""The columns that only filters read."""


def profile_values(p: Profile) -> Row:
    """The row of a profile."""
    return (
        *p.key,
        micros(p.create_time),
        registered := micros(p.register_time),
        micros(p.update_time),
        registered // DAY,
        int(p.status),
        int(p.user_state),
        int(p.platform),
        _CHANNEL_BITS[p.channels],
        endpoints_text(p.push_endpoints),
        int(p.push_permission) or None,
        p.push_superseded,
        p.attributes.customer_id,
        attributes_text(p.attributes),
        heard := maybe_micros(p.last_heartbeat_time),
        None if heard is None else heard // DAY,
        maybe_micros(p.unregister_time),
        None if p.unregister_reason is None else p.unregister_reason.value,
        *_call_values(p.last_call),
        micros(p.mad.count_time),
        p.mad.number,
        maybe_micros(p.mad.deletion_time),
        p.revision,
        p.version,
        *_indexed_values(p),
        *_compared_values(p),
    )


_COUNTED = frozenset({"register_day", "heartbeat_day"})
"""The columns that only counts by day read."""
READ = tuple([column.name for column in profile.c if column.name not in DERIVED | _COUNTED])
"""The columns that `read_profile` reads."""

PATCH = (
    "update_time",
    "platform",
    "channels",
    "push_endpoints",
    "push_permission",
    "attributes",
    "call_sequence",
    "call_method",
    "mad_count_time",
    "mad_number",
    "mad_deletion_time",
    "revision",
    "version",
    "sdk_version",
    "os_version",
    "last_opened_time",
)
"""The columns that are written by a change that does not touch an indexed column."""


def patch_values(p: Profile) -> Row:
    """The key and the columns PATCH of a profile."""
    return (
        *p.key,
        micros(p.update_time),
        int(p.platform),
        _CHANNEL_BITS[p.channels],
        endpoints_text(p.push_endpoints),
        int(p.push_permission) or None,
        attributes_text(p.attributes),
        *_call_values(p.last_call),
        micros(p.mad.count_time),
        p.mad.number,
        maybe_micros(p.mad.deletion_time),
        p.revision,
        p.version,
        *_compared_values(p),
    )


LOCALE = (*PATCH, "language", "time_zone")
"""The columns that are written by a change that touches no indexed column but these two."""


def locale_values(p: Profile) -> Row:
    """The key and the columns LOCALE of a profile."""
    return (*patch_values(p), *_indexed_values(p))


_SAME = frozenset({"customer_id", "language", "time_zone"})
"""Columns with indexes of their own that only a change of these attributes changes."""
_OTHERS = tuple([number for number, column in enumerate(profile.c) if not (column.primary_key or column.name in _SAME)])

STANDING = tuple([profile.c.keys()[number] for number in _OTHERS])
"""The columns that are written by a change of the registration itself, such as a sign-out: all but _SAME. On SQLite a
row takes 127 us instead of 170, a tenth of an Unregister."""


def standing_values(p: Profile) -> Row:
    """The key and the columns STANDING of a profile."""
    row = profile_values(p)
    return (*p.key, *[row[number] for number in _OTHERS])


def is_standing(before: Profile | None, after: Profile) -> bool:
    """Whether the change concerns only the columns STANDING."""
    return (
        before is not None
        and before.attributes.customer_id == after.attributes.customer_id
        and _same_locale(before, after)
    )


def _same_locale(before: Profile, after: Profile) -> bool:
    had, has = before.attributes, after.attributes
    return had.language == has.language and had.time_zone == has.time_zone


def _indexed_values(p: Profile) -> Row:
    """The columns language and time_zone."""
    language = p.attributes.language
    return (None if language is None else language_key(language), p.attributes.time_zone)


def _compared_values(p: Profile) -> Row:
    """The columns sdk_version, os_version and last_opened_time."""
    a = p.attributes
    return (
        None if a.sdk_version is None else version_key(a.sdk_version),
        None if a.os_version is None else version_key(a.os_version),
        maybe_micros(a.last_opened_time),
    )


def is_patch(before: Profile | None, after: Profile) -> bool:
    """Whether the change concerns only the columns PATCH."""
    return before is not None and _same_locale(before, after) and is_locale(before, after)


def is_locale(before: Profile | None, after: Profile) -> bool:
    """Whether the change concerns only the columns LOCALE."""
    return (
        before is not None
        and before.status is after.status
        and before.user_state is after.user_state
        and before.push_superseded == after.push_superseded
        and before.attributes.customer_id == after.attributes.customer_id
        and before.register_time == after.register_time
        and before.last_heartbeat_time == after.last_heartbeat_time
        and before.unregister_time == after.unregister_time
        and before.unregister_reason is after.unregister_reason
        and before.create_time == after.create_time
    )


def _call_values(call: OrderedCall | None) -> Row:
    return (None, None) if call is None else (call.sequence, int(call.method))


def read_profile(row: Found) -> Profile:
    """The profile of a row of its table."""
    (
        app_id,
        user_id,
        device_id,
        create_time,
        register_time,
        update_time,
        status,
        user_state,
        platform,
        channels,
        push_endpoints,
        push_permission,
        push_superseded,
        customer_id,
        attributes,
        last_heartbeat_time,
        unregister_time,
        unregister_reason,
        call_sequence,
        call_method,
        mad_count_time,
        mad_number,
        mad_deletion_time,
        revision,
        version,
    ) = row
    # In the order of the fields, and without a call for each time: this runs for every profile of an export.
    return Profile(
        ProfileKey(app_id, user_id, device_id),
        EPOCH + create_time * MICROSECOND,
        EPOCH + register_time * MICROSECOND,
        EPOCH + update_time * MICROSECOND,
        MadRecord(EPOCH + mad_count_time * MICROSECOND, mad_number, maybe_instant(mad_deletion_time)),
        _CHANNELS[channels],
        _STATUSES[status],
        _USER_STATES[user_state],
        _PLATFORMS[platform],
        read_endpoints(push_endpoints),
        _PERMISSIONS[push_permission or 0],
        bool(push_superseded),
        read_attributes(attributes, customer_id),
        maybe_instant(last_heartbeat_time),
        maybe_instant(unregister_time),
        None if unregister_reason is None else UnregisterReason(unregister_reason),
        None if call_sequence is None else OrderedCall(call_sequence, CallMethod(call_method)),
        revision,
        version,
    )


LIVENESS = (
    "app_id",
    "user_id",
    "device_id",
    "status",
    "last_heartbeat_time",
    "mad_count_time",
    "mad_number",
    "mad_deletion_time",
    "revision",
)
"""The columns that `read_liveness` reads."""

SAME_DAY_BEAT = ("last_heartbeat_time", "revision")
"""The columns that are written by a heartbeat that is neither the first of its day nor counted. None of them has an
index."""

BEAT = (*SAME_DAY_BEAT, "heartbeat_day", "mad_count_time", "mad_number", "mad_deletion_time")
"""The columns that any heartbeat writes."""


def read_liveness(row: Found) -> Liveness:
    """The part of a profile that a heartbeat reads. This function runs more often than any other of this package."""
    app_id, user_id, device_id, status, heard, counted, number, deleted, revision = row
    return Liveness(
        ProfileKey(app_id, user_id, device_id),
        _STATUSES[status],
        None if heard is None else EPOCH + heard * MICROSECOND,
        MadRecord(
            EPOCH + counted * MICROSECOND,
            number,
            None if deleted is None else EPOCH + deleted * MICROSECOND,
        ),
        revision,
    )


def beat_values(beat: Liveness) -> Row:
    """The key and the columns BEAT of a heartbeat."""
    heard, mad = maybe_micros(beat.last_heartbeat_time), beat.mad
    day = None if heard is None else heard // DAY
    counted, deleted = micros(mad.count_time), maybe_micros(mad.deletion_time)
    return (*beat.key, heard, beat.revision, day, counted, mad.number, deleted)


def same_day_beat_values(beat: Liveness) -> Row:
    """The key and the columns SAME_DAY_BEAT of a heartbeat."""
    return (*beat.key, maybe_micros(beat.last_heartbeat_time), beat.revision)


def is_any(_before: Liveness | None, _beat: Liveness) -> bool:
    """Any heartbeat may write the columns BEAT."""
    return True


def is_same_day(before: Liveness | None, beat: Liveness) -> bool:
    """Whether the heartbeat is neither the first of its day nor counted."""
    if before is None or before.last_heartbeat_time is None or beat.last_heartbeat_time is None:
        return False
    # Both are UTC, as every instant here.
    return before.mad is beat.mad and before.last_heartbeat_time.toordinal() == beat.last_heartbeat_time.toordinal()


def read_deleted(key: ProfileKey, stored: Found) -> DeletedProfile:
    """The part of a profile that a deletion needs, from the columns `deletions.STORED`."""
    status, platform, push_endpoints, count_time, number, deletion_time, revision, version, customer_id = stored
    live = read_tokens(push_endpoints)
    tokens = frozenset([Token(key.app_id, token) for token, _ in live])
    mad = MadRecord(instant(count_time), number, maybe_instant(deletion_time))
    return DeletedProfile(
        key, _STATUSES[status], _PLATFORMS[platform], tokens, len(live), mad, revision, version, customer_id
    )


def read_guard(row: Found) -> Guard:
    """The guard of a row of `guard`."""
    app_id, number, revision = row
    return Guard(GuardKey(app_id, number), revision)


def guard_values(guard: Guard) -> Row:
    """The row of `guard` for a guard."""
    return (*guard.key, guard.revision)


# --- records ---


def read_device_order(row: Found) -> DeviceOrder:
    """The order of a row of `device_order`."""
    app_id, device_id, sequence, method, forget_time, revision = row
    call = OrderedCall(sequence, CallMethod(method))
    return DeviceOrder(DeviceKey(app_id, device_id), call, maybe_instant(forget_time), revision)


def device_order_values(order: DeviceOrder) -> Row:
    """A row of `device_order`."""
    return (*order.key, *_call_values(order.call), maybe_micros(order.forget_time), order.revision)


def read_import_start(row: Found) -> ImportStart:
    """The start of a row of `import_start`."""
    app_id, import_id, start_time, revision = row
    return ImportStart(ImportKey(app_id, import_id), instant(start_time), revision)


def import_start_values(begun: ImportStart) -> Row:
    """A row of `import_start`."""
    return (*begun.key, micros(begun.start_time), begun.revision)


def tombstone_values(t: Tombstone) -> Row:
    """A row of `tombstone`."""
    return (t.app_id, t.profile_hash, t.reason.value, micros(t.delete_time), micros(t.mad_deletion_time), t.version)


def ledger_values(entry: LedgerEntry) -> Row:
    """A row of `mad_ledger`."""
    counted = micros(entry.count_time)
    return (entry.app_id, entry.profile_hash, entry.number, counted // DAY, counted)


SHARDS = 16
"""Rows of `profile_count` for one (app, status, platform)."""


def any_shard() -> int:
    """The shard that a transaction adds to."""
    return random.randrange(SHARDS)  # noqa: S311 - no secret


def feedback_losses_values(losses: FeedbackLosses) -> Row:
    """The row of `feedback_breaker`."""
    return (
        losses.app_id,
        " ".join([f"{step}:{number}" for step, number in losses.lost]),
        maybe_micros(losses.held_time),
        maybe_micros(losses.go_until),
        maybe_micros(losses.stop_time),
        losses.revision,
    )


def read_feedback_losses(row: Found) -> FeedbackLosses:
    """The record of a row of `feedback_breaker`."""
    app_id, lost, held_time, go_until, stop_time, revision = row
    steps = [one.split(":") for one in lost.split()]
    return FeedbackLosses(
        app_id=app_id,
        lost=tuple([(int(step), int(number)) for step, number in steps]),
        held_time=maybe_instant(held_time),
        go_until=maybe_instant(go_until),
        stop_time=maybe_instant(stop_time),
        revision=revision,
    )


class EventRows:
    """Creates rows of `event`, each with a unique id.

    Ids are ordered by time, then by the order of the events of one process (up to 2^32 of them), and differ between
    processes. An id has 14 hexadecimal digits of the time, 8 of a counter, and 12 of a random number of the process.
    """

    def __init__(self) -> None:
        self._process = secrets.token_hex(6)
        self._numbers = itertools.count()

    def values(self, e: Event) -> Row:
        """A row of `event`."""
        time = micros(e.time)
        return (
            e.owner,
            f"{time:014x}{next(self._numbers) & 0xFFFFFFFF:08x}{self._process}",
            time,
            e.type.value,
            e.user_id,
            e.device_id,
            e.reason,
            e.customer_id,
            e.version,
        )
