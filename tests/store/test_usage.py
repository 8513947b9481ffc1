"""The usage report (M4) counts what the ledger holds."""

from datetime import UTC, datetime, timedelta

from profile_grpc.domain.billing import LedgerEntry
from profile_grpc.service.ports import MadUsage
from profile_grpc.store import SqlStore
from tests.store.support import DAY, changes

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)


async def test_M4_usage_counts_days_devices_and_the_last_thirty_days(store: SqlStore) -> None:
    def entry(profile: str, number: int, time: datetime, app: str = "shop") -> LedgerEntry:
        return LedgerEntry(app, profile, number, time)

    async with store.profiles.write() as transaction:
        await transaction.apply(
            changes(
                ledger=[
                    entry("a", 1, MIDNIGHT - TICK),
                    entry("b", 1, MIDNIGHT),
                    entry("c", 1, MIDNIGHT + DAY - TICK),
                    entry("a", 2, MIDNIGHT + 30 * DAY),
                    entry("b", 2, MIDNIGHT + 31 * DAY),
                    entry("x", 1, MIDNIGHT, "news"),
                ]
            )
        )

    async def usage(first: datetime, last: datetime, since: datetime, now: datetime = MIDNIGHT + 31 * DAY) -> MadUsage:
        return await store.usage.usage("shop", first.date(), last.date(), since, now)

    march = await usage(MIDNIGHT, MIDNIGHT + 30 * DAY, MIDNIGHT)
    assert march == MadUsage(
        days={MIDNIGHT.date(): 2, (MIDNIGHT + 30 * DAY).date(): 1},
        distinct=3,
        rolling=3,
    )
    everything = await usage(MIDNIGHT - DAY, MIDNIGHT + 31 * DAY, MIDNIGHT - TICK)
    assert sum(everything.days.values()) == 5
    assert everything.distinct == 3, "a device counted twice in the range is one device"
    assert everything.rolling == 3, "a count at the very beginning of the window is outside"
    assert (await usage(MIDNIGHT, MIDNIGHT, MIDNIGHT - 2 * TICK)).rolling == 3
    assert (await usage(MIDNIGHT, MIDNIGHT, MIDNIGHT, MIDNIGHT + 30 * DAY)).rolling == 2, "what is counted now counts"
    before = await usage(MIDNIGHT, MIDNIGHT, MIDNIGHT, MIDNIGHT + 30 * DAY - TICK)
    assert before.rolling == 1, "nothing dated after now counts, as a clock that ran ahead leaves it"
    assert await usage(MIDNIGHT + 50 * DAY, MIDNIGHT + 60 * DAY, MIDNIGHT + 31 * DAY) == MadUsage({}, 0, 0)
