"""What a check makes of an upload (K3)."""

from __future__ import annotations

from dataclasses import dataclass, field

from profile_grpc.domain.errors import FieldViolation, Reason, Refused
from profile_grpc.domain.push_credentials import PublicPart


@dataclass(frozen=True, slots=True)
class Checked:
    """A credential that can be used."""

    public: PublicPart
    private: bytes = field(repr=False)
    """What a sender needs, as JSON; no password."""


def invalid(problem: str, field_name: str, description: str) -> Refused:
    """PUSH_CREDENTIAL_INVALID. `problem`: as the contract lists them; `description`: a clause that says what to do."""
    return Refused(
        Reason.PUSH_CREDENTIAL_INVALID,
        f"The push credential cannot be used ({problem}): {description}.",
        metadata={"fields": field_name, "problem": problem},
        violations=[FieldViolation(field_name, description)],
    )
