"""The refusal of update masks that name what cannot be written."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from profile_grpc.domain.errors import FieldViolation, Reason, Refused


def refuse_paths(wrong: Iterable[str], read_only: Collection[str], of: str) -> None:
    """Refuses these paths of the mask of a message (`of`: "an app"), if there are any.

    Raises:
        Refused: UNKNOWN_FIELD.
    """
    paths = sorted(wrong)
    if paths:
        unknown = f"is not a field of {of}"
        violations = [FieldViolation(path, "is read-only" if path in read_only else unknown) for path in paths]
        message = f"The update_mask names fields that cannot be written: {', '.join(paths)}."
        raise Refused.for_fields(Reason.UNKNOWN_FIELD, message, violations)
