"""The check of each call of a device (J1, J5, J6)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from profile_grpc.domain import jwt as rules
from profile_grpc.domain.errors import Refused
from profile_grpc.domain.jwt import Claims, JwtMode, JwtOutcome, JwtSettings
from profile_grpc.domain.settings import App
from profile_grpc.service.credentials import Caller
from profile_grpc.service.directory import Directory
from profile_grpc.service.directory_ports import KeyKind
from profile_grpc.service.jwt.key_sets import KeySets, Verifier
from profile_grpc.service.jwt.readiness import Tally
from profile_grpc.service.ports import Clock


class Checked(NamedTuple):
    """The result of the check of a call's token."""

    app: App
    claims: Claims | None
    """None: the call has no valid token, and the app only observes."""
    outcome: JwtOutcome
    time: datetime
    """Of the check."""


@dataclass(eq=False)
class JwtAuthorization:
    """Checks the tokens of calls with a CLIENT key, in two steps: the token with the key, its ids with the request."""

    _directory: Directory
    _key_sets: KeySets
    _tally: Tally
    _clock: Clock
    _missed: Callable[[str], None] = lambda _app_id: None
    """Called with the app when a token names a key that the app's JWKS URLs may have got meanwhile."""

    async def check(self, caller: Caller, headers: tuple[str, ...]) -> Checked | None:
        """Checks the token that the call carries; `headers`: the values of its header `authorization`.

        Returns None if the app checks none.

        Raises:
            Refused: JWT_MISSING, JWT_INVALID, JWT_EXPIRED, JWT_KEY_UNKNOWN, JWT_APP_MISMATCH.
            StoreUnavailable: the app's keys are not known and cannot be read.
        """
        if caller.kind is not KeyKind.CLIENT:
            return None
        app = self._directory.known_app(caller) or await self._app(caller)
        if app is None or app.settings.jwt.mode is JwtMode.OFF:
            return None
        now = self._clock.now()
        known = self._key_sets.recall(app, headers[0]) if len(headers) == 1 else None
        if known is not None and known.valid_until > now:
            return Checked(app, known, JwtOutcome.VALID, now)
        try:
            return Checked(app, await self._claims(app, headers, now), JwtOutcome.VALID, now)
        except Refused as refused:
            if app.settings.jwt.mode is JwtMode.OBSERVE:
                return Checked(app, None, rules.outcome(refused), now)
            raise

    def match(self, checked: Checked, user_ids: Collection[str], customer_ids: Collection[str] = ()) -> JwtOutcome:
        """Checks that every user and every customer of the request is the token's (J5).

        Without users any valid token will do. An empty customer id names no customer: it unlinks.

        Raises:
            Refused: JWT_USER_MISMATCH, JWT_CUSTOMER_MISMATCH.
        """
        claims = checked.claims
        if claims is None:
            return checked.outcome
        for user_id in user_ids:
            if user_id != claims.user_id:
                return _mismatch(checked, rules.user_mismatch)
        for customer_id in customer_ids:
            if customer_id and customer_id != claims.customer_id:
                return _mismatch(checked, rules.customer_mismatch)
        return JwtOutcome.VALID

    def count(self, app_id: str, outcome: JwtOutcome, sdk_version: str, checked: Checked | None = None) -> None:
        """Counts a call, once (J7). `checked`: None if the check refused it."""
        time = self._clock.now() if checked is None else checked.time
        self._tally.count(app_id, time, outcome, sdk_version)

    async def _app(self, caller: Caller) -> App | None:
        """The key's app; None: it is gone, which the check of the permission tells."""
        try:
            return await self._directory.reach(caller, caller.app_id)
        except Refused:
            return None

    async def _claims(self, app: App, headers: tuple[str, ...], now: datetime) -> Claims:
        text = rules.bearer(headers, app.app_id)
        verifier = await self._key_sets.verifier(app)
        known = self._key_sets.recall(app, headers[0])
        if known is not None:
            if known.valid_until <= now:
                raise rules.expired(app.app_id)
            return known
        claims = self._verified(text, verifier, now.timestamp())
        self._key_sets.remember(headers[0], verifier, claims)
        return claims

    def _verified(self, text: str, verifier: Verifier, now: float) -> Claims:
        try:
            return verifier.verify(text, now)
        except Refused as refused:
            if verifier.has_urls and rules.outcome(refused) is JwtOutcome.KEY_UNKNOWN:
                self._missed(verifier.app_id)
            raise


def _mismatch(checked: Checked, refusal: Callable[[str, JwtSettings], Refused]) -> JwtOutcome:
    """Refuses the call, or says how the check ended where the app only observes."""
    refused = refusal(checked.app.app_id, checked.app.settings.jwt)
    if checked.app.settings.jwt.mode is JwtMode.OBSERVE:
        return rules.outcome(refused)
    raise refused
