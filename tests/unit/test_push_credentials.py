"""Which credential is current, and when its owner is reminded of its expiry (K1, K4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from profile_grpc.domain import push_credentials as rules
from profile_grpc.domain.push_credentials import (
    REMINDER_DAYS,
    CredentialKind,
    CredentialState,
    PublicPart,
    PushCredential,
    Reminder,
)
from tests.support.push_files import NOW

CERTIFICATE, TOKEN_KEY = CredentialKind.APNS_CERTIFICATE, CredentialKind.APNS_TOKEN_KEY


def credential(
    version: int, days: float | None, name: str = "ios", kind: CredentialKind = CERTIFICATE
) -> PushCredential:
    """A version that expires in so many days."""
    expire_time = None if days is None else NOW + timedelta(days=days)
    public = PublicPart(kind, "f", expire_time=expire_time)
    return PushCredential("shop", f"{name}{version}", name, version, (), (), public, "", NOW + timedelta(version))


def states(*credentials: PushCredential, now: datetime = NOW) -> dict[str, str]:
    return {one.credential.credential_id: one.state.name for one in rules.describe(credentials, now)}


def test_K1_the_newest_valid_version_of_a_name_is_current() -> None:
    found = states(
        credential(1, 300), credential(3, None, kind=TOKEN_KEY), credential(2, -1), credential(1, 5, "other")
    )
    assert found == {"ios3": "CURRENT", "ios2": "EXPIRED", "ios1": "SUPERSEDED", "other1": "CURRENT"}


def test_K1_when_the_newest_expires_an_older_one_is_current_again() -> None:
    versions = credential(1, 300), credential(2, 10)
    assert states(*versions) == {"ios2": "CURRENT", "ios1": "SUPERSEDED"}
    assert states(*versions, now=NOW + timedelta(days=10)) == {"ios2": "EXPIRED", "ios1": "CURRENT"}


def test_K1_certificate_and_token_key_of_apple_can_follow_each_other() -> None:
    for kind in CredentialKind:
        followed = {other for other in CredentialKind if other.can_follow(kind)}
        assert followed == ({CERTIFICATE, TOKEN_KEY} if kind in {CERTIFICATE, TOKEN_KEY} else {kind})


def test_K4_the_credential_in_use_is_the_current_or_the_last_one() -> None:
    in_use = rules.in_use(
        [
            credential(1, 300),
            credential(2, 10),
            credential(1, -5, "old"),
            credential(2, -9, "old"),
            credential(1, -5, "new"),
            credential(2, None, "new", TOKEN_KEY),
        ],
        NOW,
    )
    assert sorted(one.credential_id for one in in_use) == ["ios2", "new2", "old1"]


def test_K5_the_newest_current_key_of_a_kind() -> None:
    """K5: the one that the configuration of an SDK carries."""
    vapid = CredentialKind.VAPID_KEY
    credentials = [credential(1, None, "a", vapid), credential(2, None, "a", vapid), credential(1, None, "b", vapid)]
    found = rules.current([*credentials, credential(9, 300)], vapid, NOW)
    assert found is credentials[1]
    assert rules.current(credentials, CERTIFICATE, NOW) is None


def test_K4_each_reminder_is_due_once_as_time_passes() -> None:
    one = credential(1, 40)
    sent = []
    for hour in range(60 * 24):
        now = NOW + timedelta(hours=hour)
        days = rules.due_reminder(one, now)
        if days is not None:
            assert one.public.expire_time is not None
            assert timedelta() <= now - (one.public.expire_time - timedelta(days=days)) < timedelta(hours=1)
            sent.append(days)
            one = replace(one, reminder=Reminder(days, now, mailed=True))
    assert sent == list(REMINDER_DAYS) == [30, 15, 7, 3, 2, 1, -1, -7]


@pytest.mark.parametrize(
    ("days", "sent", "due"),
    [
        (31, None, None),
        (30, None, 30),
        (8, None, 15),
        (8, 30, 15),
        (8, 15, None),
        (8, 7, None),
        (0.5, 30, 1),
        (-0.5, 1, None),
        (-0.5, None, 1),
        (-1, 1, -1),
        (-400, 30, -7),
        (-400, -7, None),
    ],
)
def test_K4_after_a_pause_the_latest_due_reminder_is_sent(days: float, sent: int | None, due: int | None) -> None:
    one = credential(1, days)
    if sent is not None:
        one = replace(one, reminder=Reminder(sent, NOW - timedelta(days=1), mailed=True))
    assert rules.due_reminder(one, NOW) == due


def test_K4_a_reminder_of_a_clock_that_was_ahead_does_not_count() -> None:
    one = replace(credential(1, 8), reminder=Reminder(-7, NOW + timedelta(days=366), mailed=True))
    assert rules.due_reminder(one, NOW) == 15


def test_K4_a_certificate_without_an_end_has_no_reminder() -> None:
    """It has the last second of the year 9999 (RFC 5280), which has no week after it."""
    endless = credential(1, 0)
    endless = replace(
        endless, public=replace(endless.public, expire_time=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
    )
    assert rules.due_reminder(endless, NOW) is None


def test_K4_what_does_not_expire_has_no_reminder() -> None:
    assert rules.due_reminder(credential(1, None, kind=TOKEN_KEY), NOW) is None
    assert CredentialState.EXPIRED.name not in states(credential(1, None), now=NOW + timedelta(days=99_999)).values()
