"""Instants, durations and dates on the wire."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from hypothesis import given
from hypothesis import strategies as st

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.transport.grpc import times


@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_survive_the_wire(instant: datetime) -> None:
    message = Timestamp()
    times.write_instant(message, instant)
    assert message.ToDatetime(UTC) == instant
    assert times.to_instant(message, "") == instant


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3_652_500)))
def test_durations_survive_the_wire(duration: timedelta) -> None:
    message = Duration()
    times.write_duration(message, duration)
    assert message.ToTimedelta() == duration
    assert times.to_timedelta(message, "") == duration


@given(st.dates())
def test_dates_survive_the_wire(day: date) -> None:
    message = Date()
    times.write_date(message, day)
    assert times.to_date(message, "") == day


def test_nanoseconds_are_cut() -> None:
    assert times.to_instant(Timestamp(nanos=1_999), "") == datetime(1970, 1, 1, 0, 0, 0, 1, UTC)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**31), 2**31 - 1))
def test_any_instant_is_read_or_refused(seconds: int, nanos: int) -> None:
    with suppress(Refused):
        times.to_instant(Timestamp(seconds=seconds, nanos=nanos), "at")


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**31), 2**31 - 1))
def test_any_duration_is_read_or_refused(seconds: int, nanos: int) -> None:
    with suppress(Refused):
        times.to_timedelta(Duration(seconds=seconds, nanos=nanos), "for")


@pytest.mark.parametrize(
    "read",
    [
        lambda: times.to_instant(Timestamp(seconds=-62_135_596_801), "field"),
        lambda: times.to_instant(Timestamp(seconds=253_402_300_800), "field"),
        lambda: times.to_instant(Timestamp(nanos=-1), "field"),
        lambda: times.to_instant(Timestamp(nanos=1_000_000_000), "field"),
        lambda: times.to_timedelta(Duration(seconds=2**63 - 1), "field"),
        lambda: times.to_timedelta(Duration(seconds=1, nanos=-1), "field"),
        lambda: times.to_timedelta(Duration(nanos=1_000_000_000), "field"),
        lambda: times.to_date(Date(year=2026, month=2, day=30), "field"),
        lambda: times.to_date(Date(year=2026, month=2), "field"),
        lambda: times.to_date(Date(year=10_000, month=1, day=1), "field"),
        lambda: times.to_date(Date(), "field"),
    ],
)
def test_what_is_out_of_range_is_refused_by_its_name(read: Callable[[], object]) -> None:
    with pytest.raises(Refused) as raised:
        read()
    assert raised.value.reason is Reason.INVALID_REQUEST
    assert [v.field for v in raised.value.violations] == ["field"]
