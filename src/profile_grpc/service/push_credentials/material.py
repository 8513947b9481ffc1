"""What a check makes of an upload (K3)."""

from __future__ import annotations

from dataclasses import dataclass, field

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.push_credentials import PublicPart


@dataclass(frozen=True, slots=True)
class Checked:
    """A credential that can be used."""

    public: PublicPart
    private: bytes = field(repr=False)
    """What a sender needs, as JSON; no password."""


def invalid(problem: str, field_name: str, description: str) -> Refused:
    """PUSH_CREDENTIAL_INVALID. `problem`: as the contract lists them; `description`: a clause that says what to do."""
    message = f"The push credential cannot be used ({problem}): {description}."
    return Refused.for_field(Reason.PUSH_CREDENTIAL_INVALID, message, field_name, description, problem=problem)
