"""Webhooks: what they are, when a delivery is tried again, and when a webhook is given up (E6)."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

MAX_WEBHOOKS = 16
"""Of one tenant."""
MAX_EVENTS = 100
"""In one request."""
KEPT_DELIVERIES = 1000
"""How many of a webhook's last deliveries are kept for its owner to see."""
SECRET_OVERLAP = timedelta(days=1)
"""For how long the secret before a rotation still signs, unless the rotation says otherwise."""
GIVE_UP_AFTER = timedelta(days=3)
FEWEST_FAILURES = 10
"""A webhook is not disabled before this many failures in a row, which take five hours: after days in which the service
itself was down, one failure proves nothing."""

_RETRIES = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
)
"""The pauses after the first failures; after that the last one."""
_JITTER = 0.2


class WebhookState(enum.IntEnum):
    """Whether a webhook's events are delivered; the contract's numbers."""

    ENABLED = 1
    PAUSED = 2
    """By an operator; the position stays."""
    DISABLED = 3
    """By the service, after three days of failure; the position stays."""


@dataclass(frozen=True, slots=True)
class Secret:
    """What a webhook's requests are signed with."""

    sealed: str
    """`whsec_` and base64 of 32 random bytes, encrypted."""
    end_time: datetime | None = None
    """When it stops signing: it was rotated; None: it is the current one."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed."""

    time: datetime
    status: int
    """The answer's HTTP status; 0: there was no answer."""
    text: str
    """In a few words, and nothing of the answer's body."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a webhook's deliveries have come."""

    position: int
    """The last position that is delivered, or that held nothing for this webhook."""
    pending: int | None = None
    """The last position of the request that is being repeated: a repetition is the same request."""
    replays: int = 0
    """How often it was replayed: the same events are then new requests."""
    failures: int = 0
    """How many attempts have failed in a row."""
    failing_since: datetime | None = None
    """When the first of these began."""
    next_attempt_time: datetime | None = None
    """When the next attempt is due; None: at once."""
    last_failure: Failure | None = None
    """Why the last attempt failed; None: it succeeded, or there was none."""
    lost_time: datetime | None = None
    """When the retention last took events that were not delivered yet."""
    attempts: int = 0
    """How many attempts there have been, tests among them."""
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Webhook:
    """A tenant's order to have events delivered to a URL."""

    tenant_id: str
    webhook_id: str
    url: str
    types: tuple[str, ...]
    """The types of events that it wants; empty: every one."""
    app_ids: tuple[str, ...]
    """The apps whose events it wants; empty: every app of the tenant."""
    state: WebhookState
    secrets: tuple[Secret, ...]
    """The current one first, then the one before it while that still signs."""
    create_time: datetime
    update_time: datetime
    place: int
    """Its number among the webhooks of the tenant, 0 to MAX_WEBHOOKS - 1. No two have the same."""
    progress: Progress
    display_name: str = ""
    revision: int = 0

    @property
    def etag(self) -> str:
        return f"{self.revision:x}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt, as its owner sees it: without what was sent or answered."""

    number: int
    """Counts the attempts of its webhook from 1."""
    message_id: str
    """Its `webhook-id`; repeated attempts of one request have the same."""
    first_position: int
    last_position: int
    events: int
    """How many; 0: it was a test."""
    attempt: int
    """Counts the attempts of its request from 1."""
    time: datetime
    """When it began."""
    latency: timedelta
    status: int
    """The answer's HTTP status; 0: there was no answer."""
    failure: str
    """Why it failed, in a few words; empty: it succeeded."""


def succeeded(status: int) -> bool:
    """Whether an answer of this HTTP status accepts the events: 2xx. A redirect does not."""
    return 200 <= status < 300  # noqa: PLR2004 - HTTP


def retry_delay(failures: int, jitter: float) -> timedelta:
    """How long to wait after so many failures in a row (E6): 5 s, 30 s, 2 min, 10 min, 1 h, then hourly.

    `jitter`: -1 to 1, at random: a fifth less to a fifth more, so that many webhooks do not fall on one server at once.
    """
    return _RETRIES[min(failures, len(_RETRIES)) - 1] * (1 + _JITTER * jitter)


def after_success(before: Progress, position: int) -> Progress:
    """Everything up to the position is delivered."""
    return replace(passed_over(before, position), last_failure=None, attempts=before.attempts + 1)


def after_failure(before: Progress, pending: int, failure: Failure, jitter: float) -> Progress:
    """A request up to `pending` has failed and is repeated later (E6)."""
    now = failure.time
    failures = before.failures + 1
    # A start in the future was written under a wrong clock.
    since = min(before.failing_since or now, now)
    return replace(
        before,
        pending=pending,
        failures=failures,
        failing_since=since,
        next_attempt_time=now + retry_delay(failures, jitter),
        last_failure=failure,
        attempts=before.attempts + 1,
    )


def is_given_up(progress: Progress, now: datetime) -> bool:
    """Whether the webhook has failed for so long that it is DISABLED (E6)."""
    since = progress.failing_since
    return since is not None and now - since >= GIVE_UP_AFTER and progress.failures >= FEWEST_FAILURES


def is_due(progress: Progress, now: datetime) -> bool:
    """Whether the next attempt may be made now.

    A time further ahead than any pause was written under a wrong clock.
    """
    next_time = progress.next_attempt_time
    return next_time is None or next_time <= now or next_time - now > 2 * _RETRIES[-1]


def passed_over(before: Progress, position: int) -> Progress:
    """Up to the position there was nothing for the webhook, or nothing is left of it."""
    return replace(restarted(before), position=position, pending=None)


def disabled(webhook: Webhook, now: datetime) -> Webhook:
    """Given up: nothing is tried until an operator enables it (E6)."""
    progress = replace(webhook.progress, next_attempt_time=None)
    return replace(webhook, state=WebhookState.DISABLED, update_time=now, progress=progress)


def restarted(before: Progress) -> Progress:
    """Enabled again by an operator: tried at once, and with three days of its own."""
    return replace(before, failures=0, failing_since=None, next_attempt_time=None)


def replayed(before: Progress, position: int) -> Progress:
    """Delivers again what is after the position, as new requests."""
    return replace(passed_over(before, position), replays=before.replays + 1)


def without_lost(before: Progress, oldest: int, now: datetime) -> Progress:
    """The retention deleted events after the position: continues with the oldest kept one, records the loss (E6)."""
    return replace(before, position=oldest, pending=None, lost_time=now)


def same_but_tests(one: Webhook, other: Webhook) -> bool:
    """Whether nothing has happened between them but tests of an operator."""
    plain = replace(one.progress, attempts=other.progress.attempts, revision=other.progress.revision)
    return replace(one, progress=plain) == other


def rotated(webhook: Webhook, sealed: str, overlap: timedelta, now: datetime) -> Webhook:
    """With a new secret; the one before signs beside it for a while, an older one no more."""
    current = webhook.secrets[0]
    kept = (replace(current, end_time=now + overlap),) if overlap else ()
    return replace(webhook, secrets=(Secret(sealed), *kept), update_time=now)


def signing(webhook: Webhook, now: datetime) -> tuple[Secret, ...]:
    """The secrets that sign now: the current one, and the one before it while it lasts."""
    return tuple(secret for secret in webhook.secrets if secret.end_time is None or secret.end_time > now)
