"""What a servicer method knows of its call besides the request."""

from __future__ import annotations

from profile_grpc.domain.settings import App
from profile_grpc.service.credentials import Caller
from profile_grpc.service.ports import KeyKind

_TOKEN_KINDS = frozenset({KeyKind.ADMIN, KeyKind.PROFILE})


class Call:
    """One call. The pipeline sets each attribute as soon as it is known; reading an earlier one is a fault."""

    __slots__ = ("app", "caller")

    caller: Caller
    """Who calls."""
    app: App
    """The app that the request names, which the caller reaches. Not set where it names none."""

    @property
    def sees_tokens(self) -> bool:
        """Whether push tokens are shown to the caller."""
        return self.caller.kind in _TOKEN_KINDS
