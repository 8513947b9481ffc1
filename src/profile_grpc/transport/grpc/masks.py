"""The refusal of update masks that name what cannot be written."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from profile_grpc.domain.errors import FieldViolation, Reason, Refused


def refuse_paths(wrong: Iterable[str], read_only: Collection[str], unknown: str) -> None:
    """Refuses these paths of a mask, if there are any; `unknown`: what those are that are not read-only.

    Raises:
        Refused: UNKNOWN_FIELD.
    """
    paths = sorted(wrong)
    if paths:
        violations = [FieldViolation(path, "is read-only" if path in read_only else unknown) for path in paths]
        message = f"The update_mask names fields that cannot be written: {', '.join(paths)}."
        raise Refused.for_fields(Reason.UNKNOWN_FIELD, message, violations)
