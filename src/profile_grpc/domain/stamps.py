"""Stored times in the future, which a wrong clock wrote, and times that must not go backwards (Terms: stamps ahead).

A phone that sent one heartbeat while the clock was a year ahead must not live a year longer, escape billing or ignore
feedback. So a time in the future is replaced by now and stored. That is done when the rows of a batch are loaded
(`State`), for all rules.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from profile_grpc.domain.billing import MadRecord
from profile_grpc.domain.deletion_records import History
from profile_grpc.domain.profile import Liveness, Profile

MAX_AHEAD = timedelta(days=1)
"""A stored time further in the future was written by a wrong clock."""


def forward(now: datetime, *stored: datetime | None) -> datetime:
    """The new value of a time that protects something: now, but never earlier than the stored ones."""
    return max([now, *[time for time in stored if time is not None]])


class Stamps:
    """Corrects stored times in the future. Objects without such a time are returned unchanged."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._latest = now + MAX_AHEAD

    def time(self, stored: datetime) -> datetime:
        """The stored time, or now if it is too far in the future."""
        return stored if stored <= self._latest else self._now

    def maybe(self, stored: datetime | None) -> datetime | None:
        """The same for a time that may be missing."""
        return stored if stored is None or stored <= self._latest else self._now

    def mad(self, stored: MadRecord) -> MadRecord:
        """The billing record (M1, M2)."""
        deleted = stored.deletion_time
        if stored.count_time <= self._latest and (deleted is None or deleted <= self._latest):
            return stored
        return stored._replace(count_time=self.time(stored.count_time), deletion_time=self.maybe(deleted))

    def liveness(self, stored: Liveness) -> Liveness:
        """What a heartbeat reads (H1)."""
        heard, mad = stored.last_heartbeat_time, self.mad(stored.mad)
        if (heard is None or heard <= self._latest) and mad is stored.mad:
            return stored
        return stored._replace(last_heartbeat_time=self.maybe(heard), mad=mad)

    def profile(self, stored: Profile) -> Profile:
        """A whole profile: registration, confirmation, heartbeat, retention, billing (R3, H1, D1, X3)."""
        latest = self._latest
        if (
            stored.register_time <= latest
            and stored.create_time <= latest
            and (stored.last_heartbeat_time is None or stored.last_heartbeat_time <= latest)
            and (stored.unregister_time is None or stored.unregister_time <= latest)
            and self.mad(stored.mad) is stored.mad
            and all(endpoint.confirm_time <= latest for endpoint in stored.push_endpoints)
        ):
            return stored
        return stored._replace(
            create_time=self.time(stored.create_time),
            register_time=self.time(stored.register_time),
            last_heartbeat_time=self.maybe(stored.last_heartbeat_time),
            unregister_time=self.maybe(stored.unregister_time),
            mad=self.mad(stored.mad),
            push_endpoints=tuple(e._replace(confirm_time=self.time(e.confirm_time)) for e in stored.push_endpoints),
        )

    def history(self, stored: History) -> History:
        """What is known of a missing profile (M2)."""
        tombstone = stored.tombstone
        if tombstone is not None:
            tombstone = tombstone._replace(
                delete_time=self.time(tombstone.delete_time),
                mad_deletion_time=self.time(tombstone.mad_deletion_time),
            )
        corrected = History(tombstone, None if stored.mad is None else self.mad(stored.mad))
        return stored if corrected == stored else corrected
